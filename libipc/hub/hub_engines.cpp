// SPDX-License-Identifier: BSD-3-Clause
// The hub's part for engines: they come, beat, and go.
#include "libipc/hub/hub.hpp"
#include "libipc/net/accept_guard.hpp"
#include "libipc/util/file.hpp"
#include "libipc/wire/route.hpp"

namespace ipc::hub {

using net::EventKind;
using wire::Json;

namespace {

// Replies of an engine that is gone may still be on their way to the relay.
constexpr Duration kGrace = milliseconds(500);
// Where many engines come or go, the file is written once for several of them.
constexpr Duration kStateDelay = milliseconds(50);

// Connections of an engine, a descriptor each, and descriptors that are left to clients and files.
constexpr std::size_t kEngineFiles = 8, kOtherFiles = 48;
// Of all descriptors, at most those that clients must not take: an eighth, or these.
constexpr std::size_t kMostSpare = 1024;

}  // namespace

void Hub::registration(const Json& content) {
  const std::string uuid = wire::string_or(content, "uuid");
  if (uuid.empty()) return complaints_.warning("hub: registration without uuid ignored");
  std::optional<EngineId> wanted;
  if (const auto id = wire::int_or(content, "id", -1); id >= 0) wanted = id;
  const auto found = content.find("ipkit");
  Json facts = found != content.end() && found->is_object() ? *found : Json(nullptr);
  const bool resumes = facts.is_object() && facts.erase("resume") > 0;
  // It lost sight of us, we did not of it: nobody need hear of that.
  if (const Engine* known = resumes ? registry_.find(uuid) : nullptr; known != nullptr) {
    const EngineId known_id = known->id;
    registry_.set_facts(known_id, std::move(facts));
    state_changed();
    return accept(known_id);
  }
  if (const auto pending = resumes ? registry_.renew_pending(uuid, loop_.now()) : std::nullopt)
    return accept(*pending);
  if (const std::string why = no_room(); !why.empty()) {
    complaints_.warning("registration refused: " + why);
    return send(client_, "{}", error_answer("registration_reply", "OSError", why));
  }
  const auto id = registry_.request(uuid, wanted, std::move(facts), loop_.now());
  if (!id) {
    log::warning("registration refused: " + id.error().what);
    // Python's KeyError: the text in double quotes, as it holds single ones.
    Answer refusal = key_error("registration_reply", id.error().what);
    return send(client_, "{}", std::move(refusal));
  }
  log::info("engine " + std::to_string(*id) + " registers, uuid " + uuid);
  accept(*id);
  to_relay_.add(EventKind::watch_heart, {uuid});
}

// Why one more engine would be too many for the descriptors there are; empty if it is not. Without
// any left, connections would neither be taken nor refused.
std::string Hub::no_room() const {
  const std::size_t engines = registry_.engines().size() + registry_.pending() + 1;
  const std::size_t needed = options_.files_used + kOtherFiles + engines * kEngineFiles;
  if (options_.file_limit == 0 || needed <= options_.file_limit) return "";
  return "the controller may have " + std::to_string(options_.file_limit) +
         " open files, enough for " + std::to_string(engines - 1) + " engines; " +
         std::to_string(engines) + " need " + std::to_string(needed) + ": ulimit -n, " +
         std::to_string(kEngineFiles) + " more for each engine, and start it again";
}

// Connections of clients, however many, do not keep engines from coming back after a cut.
void Hub::keep_spare_files() {
  const std::size_t limit = options_.file_limit;
  const std::size_t taken =
      options_.files_used + kOtherFiles + registry_.engines().size() * kEngineFiles;
  const std::size_t left = limit > taken ? limit - taken : 0;
  net::set_spare_files(static_cast<int>(std::min({left, limit / 8, kMostSpare})));
}

void Hub::accept(EngineId id) {
  send(client_, "{}",
       {"registration_reply",
        {{"status", "ok"},
         {"id", id},
         {"hb_period", options_.heart_period.count()},
         {"connection_info", options_.connection_info}},
        {}});
}

void Hub::admit(const std::string& uuid) {
  const Engine* engine = registry_.admit(uuid);
  if (engine == nullptr) return;
  log::info("engine " + std::to_string(engine->id) + " is registered");
  announce(*engine);
  // The loops hear of it before any client does.
  turn_end();
  publish(*engine);
  news_.came(engine->id, loop_.now());
  state_changed();
}

void Hub::publish(const Engine& engine) {
  notify("registration_notification", {{"id", engine.id}, {"uuid", engine.uuid}});
}

// A subscription is one byte of 1 and a topic.
int Hub::from_subscribers() {
  int taken = 0;
  net::Frames frames;
  for (; taken < net::kDrainLimit && sockets_.notifications.receive(frames); ++taken) {
    if (!frames[0].view().starts_with('\1')) continue;
    for (const EngineId id : news_.missed(loop_.now()))
      if (const Engine* engine = registry_.find(id)) publish(*engine);
  }
  return taken;
}

void Hub::announce(const Engine& engine) {
  accounts_.engine_added(engine.id);
  keep_spare_files();
  const std::string id = std::to_string(engine.id);
  tell_all(EventKind::engine_added,
           {engine.uuid, id, engine.facts.is_null() ? std::string_view() : "ipkit"});
  waits_.touched();
}

void Hub::unregistration(const Json& content) {
  const auto found = content.find("id");
  if (found == content.end() || !found->is_number_integer())
    return complaints_.warning("hub: unregistration without id ignored");
  const auto id = found->get<EngineId>();
  if (const Engine* const engine = registry_.find(id)) {
    const std::string uuid = engine->uuid;
    remove(id, wire::string_or(content, "reason", "left"));
    // Its guard knows; what it had not begun can run elsewhere at once.
    if (const auto begun = content.find("begun"); begun != content.end() && begun->is_string())
      to_task_.add(EventKind::engine_begun, {uuid, begun->get_ref<const std::string&>()});
    return;
  }
  if (const auto uuid = registry_.drop_pending(id)) {
    log::info("registration of engine " + std::to_string(id) + " withdrawn");
    to_relay_.add(EventKind::forget_heart, {*uuid});
  }
}

void Hub::remove(EngineId id, std::string why) {
  const auto engine = registry_.remove(id, why, unix_now());
  if (!engine) return;
  log::info("engine " + std::to_string(id) + " is gone: " + why);
  keep_spare_files();
  to_relay_.add(EventKind::forget_heart, {engine->uuid});
  tell_all(EventKind::engine_removed, {engine->uuid, std::to_string(id)});
  loop_.after(kGrace, [this, gone = *engine] { answer_stranded(gone); });
  state_changed();
  notify("unregistration_notification", {{"id", id}, {"uuid", engine->uuid}});
  waits_.touched();
}

// What an engine printed finds nobody: it need not wait until it is read.
void Hub::reader_gone(const net::MessageEvent& message) {
  const auto parent = parser_.header(message.view.parent);
  if (!parent) return;
  net::Outgoing out;
  out.header = session_.header("taken_request");
  out.metadata = R"({"status":false})";
  out.content = wire::dump_json({{"msg_id", parent->msg_id}, {"gone", true}});
  const std::string_view identities[] = {message.engine, message.client};
  auto frames = net::encode(signer_, identities, std::move(out));
  to_relay_.add(EventKind::send_control, {}, frames);
}

void Hub::unroutable(const net::MessageEvent& message, bool control) {
  const auto header = parser_.header(message.view.header);
  if (!header) return;
  if (header->msg_type == "stream") return reader_gone(message);
  const std::string id(header->msg_id), uuid(message.engine);
  direct_.done(uuid, id);
  // The reference's clients fail their requests themselves when they hear of the engine's end.
  if (!control && wire::is_anonymous(message.client) && registry_.had(uuid)) return;
  reply_for_engine({std::string(message.client), std::string(message.view.header), control}, uuid,
                   "no engine '" + uuid + "' for task '" + id + "'");
}

void Hub::answer_stranded(const Engine& engine) {
  if (registry_.find(engine.uuid) != nullptr) return;  // it came back
  for (const auto& request : direct_.take(engine.uuid)) {
    const auto header = parser_.header(request.header);
    if (!header || (!request.control && wire::is_anonymous(request.client))) continue;
    const auto text = "Engine " + std::to_string(engine.id) + " died while running task '" +
                      std::string(header->msg_id) + "'";
    reply_for_engine(request, engine.uuid, text);
  }
  accounts_.stranded(engine);
}

// An engine whose connection broke has another one. What was on its way there, and answers from
// there, may be lost: whoever waits for one asks again.
void Hub::engine_is_back(const net::MessageEvent& message) {
  const std::string_view uuid = message.engine;
  net::Outgoing reply;
  reply.header = session_.header("again_reply");
  reply.parent = message.view.header;
  const std::string_view path[] = {wire::kToEngine, uuid};
  auto heard = net::encode(signer_, path, std::move(reply));
  to_relay_.add(EventKind::send_mux, {}, heard);
  for (const auto* request : direct_.of(std::string(uuid))) {
    if (request->control || wire::is_anonymous(request->client)) continue;
    net::Outgoing out;
    out.header = session_.header("again_request");
    out.parent = request->header;
    const std::string_view identities[] = {request->client, uuid};
    auto frames = net::encode(signer_, identities, std::move(out));
    to_relay_.add(EventKind::send_mux, {}, frames);
  }
}

void Hub::purge_stalled() {
  for (const auto& uuid : registry_.drop_stalled(loop_.now(), options_.registration_timeout)) {
    log::warning("registration of " + uuid + " dropped: no heartbeat came");
    to_relay_.add(EventKind::forget_heart, {uuid});
  }
}

void Hub::state_changed() {
  if (options_.state_file.empty() || state_due_) return;
  state_due_ = true;
  loop_.after(kStateDelay, [this] { write_state(); });
}

void Hub::write_state() {
  state_due_ = false;
  Json engines = Json::object(), facts = Json::object();
  for (const auto& [id, engine] : registry_.engines()) {
    engines[std::to_string(id)] = engine.uuid;
    if (!engine.facts.is_null()) facts[std::to_string(id)] = engine.facts;
  }
  const Json state = {{"engines", std::move(engines)},
                      {"next_id", registry_.next_id()},
                      {"ipkit", {{"engines", std::move(facts)}}}};
  if (const auto written = write_file_atomically(options_.state_file, wire::dump_json(state));
      !written)
    complaints_.warning(written.error().text());
}

void Hub::restore_engines() {
  const auto text = read_file(options_.state_file);
  if (!text) return log::warning("no engines restored: " + text.error().text());
  const auto state = wire::parse_json(*text, 8);
  const auto engines =
      state && state->is_object() ? state->find("engines") : Json::const_iterator();
  if (!state || !state->is_object() || engines == state->end() || !engines->is_object())
    return log::error("no engines restored: " + options_.state_file + " is not a table of engines");
  const Json::json_pointer facts("/ipkit/engines");
  for (const auto& [key, uuid] : engines->items()) {
    char* end = nullptr;
    const long long id = std::strtoll(key.c_str(), &end, 10);
    if (key.empty() || *end != '\0' || id < 0 || !uuid.is_string()) continue;
    const auto fact = facts / key;
    const Engine* engine = registry_.restore(id, uuid.get<std::string>(),
                                             state->contains(fact) ? state->at(fact) : Json());
    if (engine == nullptr) continue;
    announce(*engine);
    to_relay_.add(EventKind::keep_heart, {engine->uuid});
  }
  registry_.set_next_id(wire::int_or(*state, "next_id", 0));
  log::info(std::to_string(registry_.engines().size()) + " engines restored");
  turn_end();
}

}  // namespace ipc::hub
