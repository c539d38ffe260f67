// SPDX-License-Identifier: BSD-3-Clause
// The broadcast channel: one message of a client to many engines.
#include "libipc/sched/broadcast_relay.hpp"

#include "libipc/sched/task_request.hpp"
#include "libipc/wire/errors.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::sched {
namespace {

// A reply may still be on its way when its engine is known to be gone.
constexpr Duration kGrace = milliseconds(500);

}  // namespace

BroadcastRelay::BroadcastRelay(net::Loop& loop, net::Socket clients,
                               std::vector<net::Socket> leaves, wire::Signer signer,
                               std::function<void()> catch_up)
    : loop_(loop), clients_(std::move(clients)), maker_(std::move(signer)) {
  const auto undeliverable = [this](net::Frames&& frames) {
    net::Incoming lost;
    lost.frames = std::move(frames);
    if (!lost.locate()) return;
    const std::string uuid(lost.views[0]);
    const auto header = parser_.header(lost.view.header);
    if (!header || header->msg_id.size() <= uuid.size()) return;
    std::string id(header->msg_id.substr(0, header->msg_id.size() - uuid.size() - 1));
    // Not from within send(): the broadcast may not be complete yet.
    loop_.after(Duration{0}, [this, id = std::move(id), uuid] { engine_lost(id, uuid); });
  };
  for (auto& socket : leaves) {
    leaves_.push_back(
        std::make_unique<EngineSide>(loop, std::move(socket), catch_up, undeliverable));
    EngineSide& leaf = *leaves_.back();
    loop.on_input(leaf.socket(), [this, &leaf] { return from_leaf(leaf); });
  }
  loop.on_input(clients_, [this] { return from_clients(); });
}

void BroadcastRelay::engine_added(std::string_view uuid, std::string_view id, bool) {
  const size_t leaf = std::strtoull(std::string(id).c_str(), nullptr, 10) % leaves_.size();
  leaves_[leaf]->engine_added(uuid);
}

void BroadcastRelay::engine_removed(std::string_view uuid) {
  for (auto& leaf : leaves_) leaf->engine_removed(uuid);
  const std::string name(uuid);
  for (const auto& id : open_.waiting_for(uuid))
    loop_.after(kGrace, [this, id, name] { engine_lost(id, name); });
}

int BroadcastRelay::from_clients() {
  int taken = 0;
  bool located = false;
  for (; taken < net::kDrainLimit && message_.receive(clients_, located); ++taken) {
    if (!located || message_.view.identities.size() != 1)
      complaints_.warning("broadcast channel: malformed message dropped");
    else if (!strangers_.listens_to(message_.frames))
      continue;
    else if (!maker_.signer().verify(message_.view))
      strangers_.refuse(message_.frames);
    else if (maker_.signer().enabled() && !seen_.add(message_.view.signature))
      complaints_.warning("broadcast channel: message seen before dropped (replay), from " +
                          net::peer_text(message_.frames));
    else
      spread(message_);
  }
  return taken;
}

void BroadcastRelay::spread(net::Incoming& message) {
  const auto header = parser_.header(message.view.header);
  if (!header) return complaints_.warning("broadcast channel: " + header.error().what);
  auto request = read_broadcast(header->msg_id, message.view.metadata, leaves_.size());
  if (!request) return complaints_.warning("broadcast channel: message without targets dropped");
  if (request->targets.empty()) return;
  Broadcasts::Open broadcast;
  broadcast.client = message.views[0];
  broadcast.original_id = request->original_id;
  broadcast.header = message.view.header;
  broadcast.coalescing = request->coalescing;
  broadcast.targets = request->targets;
  open_.add(std::move(broadcast));
  send_copies(*request, message);
}

void BroadcastRelay::send_copies(const BroadcastRequest& request, net::Incoming& message) {
  auto header = wire::parse_json(message.view.header);
  if (!header || !header->is_object()) return;
  const auto buffers = std::span(message.frames).last(message.view.buffers.size());
  wire::Json metadata = request.metadata;
  for (const auto& target : request.targets) {
    // Itself alone: all of them in each copy would be bytes with the square of their number.
    metadata["targets"] = wire::Json::array({{target.uuid, target.id}});
    (*header)["msg_id"] = request.original_id + "_" + target.uuid;
    net::Outgoing copy;
    copy.header = wire::dump_json(*header);
    copy.parent = message.view.parent;
    copy.metadata = wire::dump_json(metadata);
    copy.content = message.view.content;
    for (auto& buffer : buffers) copy.buffers.push_back(buffer.share());
    const std::string_view identities[] = {target.uuid, message.views[0]};
    auto frames = maker_.sign(identities, std::move(copy));
    leaves_[target.leaf]->send(frames);
  }
}

int BroadcastRelay::from_leaf(EngineSide& leaf) {
  int taken = 0;
  bool located = false;
  for (; taken < net::kDrainLimit && message_.receive(leaf.socket(), located); ++taken) {
    if (!located || message_.view.identities.size() < 2)
      complaints_.warning("broadcast channel: malformed reply dropped");
    else if (!maker_.signer().verify(message_.view))
      strangers_.refuse(message_.frames);
    else
      take_reply(message_);
  }
  return taken;
}

void BroadcastRelay::take_reply(net::Incoming& message) {
  const auto header = parser_.header(message.view.header);
  if (!header) return complaints_.warning("broadcast channel: reply: " + header.error().what);
  const auto pass = [&] { clients_.send(std::span(message.frames).subspan(1)); };
  if (!wire::is_reply_type(header->msg_type)) return pass();
  const bool ok = read_reply(parser_, message.view.metadata).ok;
  const auto parent = parser_.header(message.view.parent);
  size_t place = 0;
  auto* broadcast = parent ? open_.find(parent->msg_id, message.views[0], place) : nullptr;
  if (broadcast == nullptr)
    return complaints_.warning("broadcast channel: reply to nothing that is open dropped");
  if (!broadcast->coalescing) {
    if (open_.answer(*broadcast, place, {}, ok)) open_.remove(std::string(broadcast->original_id));
    return pass();
  }
  BroadcastReply reply{std::string(message.view.header),
                       std::string(message.view.parent),
                       std::string(message.view.metadata),
                       std::string(message.view.content),
                       {}};
  for (auto& buffer : std::span(message.frames).last(message.view.buffers.size()))
    reply.buffers.push_back(std::move(buffer));
  answer(*broadcast, place, std::move(reply), ok);
}

// Takes an answer that is not passed on as it stands.
void BroadcastRelay::answer(Broadcasts::Open& broadcast, size_t place, BroadcastReply&& reply,
                            bool ok) {
  const std::string client = broadcast.client, id = broadcast.original_id;
  const bool coalescing = broadcast.coalescing;
  BroadcastReply single;
  if (!coalescing) std::swap(single, reply);
  const bool complete = open_.answer(broadcast, place, std::move(reply), ok);
  if (!coalescing)
    send(client, std::move(single));
  else if (complete)
    send(client, Broadcasts::coalesce(broadcast));
  if (complete) open_.remove(id);
}

void BroadcastRelay::send(std::string_view client, BroadcastReply&& reply) {
  net::Outgoing out{std::move(reply.header), std::move(reply.parent), std::move(reply.metadata),
                    std::move(reply.content), std::move(reply.buffers)};
  const std::string_view identities[] = {client};
  clients_.send(maker_.sign(identities, std::move(out)));
}

// The reply an engine does not give any more.
void BroadcastRelay::engine_lost(const std::string& original_id, const std::string& uuid) {
  size_t place = 0;
  const std::string id = original_id + "_" + uuid;
  auto* broadcast = open_.find(id, uuid, place);
  if (broadcast == nullptr) return;
  auto header = wire::parse_json(broadcast->header);
  if (!header || !header->is_object()) return;
  (*header)["msg_id"] = id;
  const auto type = wire::reply_type(wire::string_or(*header, "msg_type"));
  const wire::Json metadata = {{"status", "error"},
                               {"engine", uuid},
                               {"date", iso8601(unix_now())},
                               {"is_broadcast", true},
                               {"is_coalescing", broadcast->coalescing},
                               {"original_msg_id", original_id}};
  const auto text = "Engine " + std::to_string(broadcast->targets[place].id) +
                    " died while running task '" + id + "'";
  BroadcastReply reply{maker_.session().header(type),
                       wire::dump_json(*header),
                       wire::dump_json(metadata),
                       wire::error_content("EngineError", text),
                       {}};
  answer(*broadcast, place, std::move(reply), false);
}

}  // namespace ipc::sched
