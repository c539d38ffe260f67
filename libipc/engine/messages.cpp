// SPDX-License-Identifier: BSD-3-Clause
// Messages between engines: what processes here send and receive while requests run.
#include "libipc/engine/messages.hpp"

#include <poll.h>

#include "libipc/util/idset.hpp"
#include "libipc/util/log.hpp"
#include "libipc/util/text.hpp"

namespace ipc::engine {
namespace {

using wire::Json;

// Engines that want to hear of our kernel's end.
constexpr size_t kMostWatchers = 65536;
// A controller that was away gets its engines back one by one.
constexpr Duration kReturn = seconds(10), kLookAgain = milliseconds(250);

Json content_of(const Request& request) {
  auto parsed = wire::parse_json(request.view().content);
  return parsed && parsed->is_object() ? *std::move(parsed) : Json::object();
}

std::string parent_id(const Request& reply) {
  const auto parent = wire::parse_json(reply.view().parent);
  return parent && parent->is_object() ? wire::string_or(*parent, "msg_id") : "";
}

// Why a request to another engine failed, as those here are told; empty if it did not.
std::string trouble(const Request& reply) {
  const Json content = content_of(reply);
  if (wire::string_or(content, "status") == "ok") return "";
  const std::string ename = wire::string_or(content, "ename");
  if (ename == "EngineError") return "is gone";
  if (ename == "KernelDied") return "has lost its kernel";
  return "answered " + ename + ": " + wire::string_or(content, "evalue");
}

Json object_or_empty(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_object() ? *found : Json::object();
}

template <class Map>
std::string ids_text(const Map& engines) {
  std::vector<int> ids;
  ids.reserve(engines.size());
  for (const auto& entry : engines) ids.push_back(entry.first);
  return format_idset(ids);
}

}  // namespace

Messages::Messages(net::Loop& loop, Uplink& uplink, Outbox& outbox)
    : loop_(loop), uplink_(uplink), outbox_(outbox) {}

Messages::~Messages() {
  if (listening_) loop_.remove_fd(listening_.get());
  for (auto& [number, client] : clients_) loop_.cancel(client.timer);
}

void Messages::serve(Fd listening) {
  listening_ = std::move(listening);
  loop_.on_fd(listening_.get(), POLLIN, [this](short) { accept(); });
}

void Messages::set_engine(int id, bool relayed) {
  id_ = id;
  relayed_ = relayed;
}

void Messages::accept() {
  Fd fd = accept_local(listening_.get());
  if (!fd) return;
  const Number number = next_++;
  clients_[number].peer = std::make_unique<LocalPeer>(
      loop_, std::move(fd),
      LocalPeer::Callbacks{
          [this, number](const Json& request, net::Frame&& body) {
            asked(number, request, std::move(body));
          },
          // Not from within its own call.
          [this, number] { loop_.after(Duration{0}, [this, number] { closed(number); }); }});
}

void Messages::closed(Number number) {
  Client& client = clients_.at(number);
  withdraw(client);
  loop_.cancel(client.timer);
  clients_.erase(number);
  box_.put_back(number);
  offer();
}

void Messages::asked(Number number, const Json& request, net::Frame&& body) {
  static constexpr std::pair<std::string_view, Op> kOps[] = {{"engines", &Messages::op_engines},
                                                             {"send", &Messages::op_send},
                                                             {"receive", &Messages::op_receive},
                                                             {"discard", &Messages::op_discard}};
  // Whoever asks for something more has all of what it was given.
  box_.remove(number);
  answer_senders(box_.accepted());
  const std::string name = wire::string_or(request, "op");
  if (name == "taken") return;
  withdraw(clients_.at(number));
  idle(clients_.at(number));
  for (const auto& [op, handler] : kOps)
    if (name == op) return (this->*handler)(number, request, std::move(body));
  fail(number, "ValueError", "no such operation: '" + name + "'");
}

void Messages::idle(Client& client) {
  loop_.cancel(client.timer);
  client.timer = 0;
  client.wanted.reset();
  ++client.turn;
}

bool Messages::is_current(Number number, unsigned long turn) const {
  const auto client = clients_.find(number);
  return client != clients_.end() && client->second.turn == turn;
}

void Messages::succeed(Number number, Json head, net::Frame&& body) {
  Client& client = clients_.at(number);
  idle(client);
  head["status"] = "ok";
  client.peer->answer(std::move(head), std::move(body));
}

void Messages::fail(Number number, const char* ename, const std::string& evalue) {
  Client& client = clients_.at(number);
  idle(client);
  client.peer->answer({{"status", "error"}, {"ename", ename}, {"evalue", evalue}});
}

// Fails the operation after its `timeout`, if it has one.
void Messages::limit(Number number, const Json& request, const std::string& what) {
  const double seconds = wire::number_or(request, "timeout", -1);
  if (!(seconds >= 0 && seconds < 1e9)) return;
  const auto time = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
  Client& client = clients_.at(number);
  loop_.cancel(client.timer);
  client.timer = loop_.after(time, [this, number, what, time] {
    withdraw(clients_.at(number));
    fail(number, "TimeoutError", what + " within " + seconds_text(time));
  });
}

void Messages::with_engines(Number number, std::function<void()> then) {
  if (!relayed_)
    return fail(number, "NotImplementedError",
                id_ < 0 ? "the engine has no controller yet"
                        : "the controller is not ipkit's: it passes no messages between engines");
  questions_.push_back({number, clients_.at(number).turn, std::move(then)});
  uplink_.ask_for_engines();
}

void Messages::engines_came(const Json& content) {
  if (questions_.empty()) return;
  engines_.clear();
  const Json engines = object_or_empty(content, "engines");
  const Json ours = object_or_empty(object_or_empty(content, "ipkit"), "engines");
  for (const auto& [id, uuid] : engines.items())
    // Others than ours would not answer.
    if (uuid.is_string() && ours.contains(id))
      engines_[std::atoi(id.c_str())] = uuid.get<std::string>();
  const Question question = std::move(questions_.front());
  questions_.pop_front();
  if (is_current(question.number, question.turn)) question.then();
}

// Asks again in a while, if an engine that is missing may still come back.
bool Messages::later(Number number, std::function<void()> then) {
  if (loop_.now() >= all_back_) return false;
  const auto turn = clients_.at(number).turn;
  loop_.after(kLookAgain, [this, number, turn, then = std::move(then)] {
    if (is_current(number, turn)) with_engines(number, then);
  });
  return true;
}

void Messages::op_engines(Number number, const Json&, net::Frame&&) {
  with_engines(number, [this, number] {
    Json ids = Json::array();
    for (const auto& [id, uuid] : engines_) ids.push_back(id);
    succeed(number, {{"id", id_}, {"ids", ids}});
  });
}

void Messages::op_discard(Number number, const Json&, net::Frame&&) {
  const size_t count = box_.discard();
  answer_senders(box_.accepted());
  succeed(number, {{"count", count}});
}

bool Messages::knows(const Json& targets) const {
  if (!targets.is_array()) return false;
  for (const auto& id : targets)
    if (!id.is_number_integer() || !engines_.contains(id.get<int>())) return false;
  return true;
}

void Messages::op_send(Number number, const Json& request, net::Frame&& body) {
  const Json targets = request.contains("to") ? request["to"] : Json();
  bool right = targets == "all" || (targets.is_array() && !targets.empty());
  if (targets.is_array())
    for (const auto& id : targets) right = right && id.is_number_integer();
  if (!right) return fail(number, "ValueError", "to whom? 'to' is a list of ids, or \"all\"");
  limit(number, request, "the message was not taken");
  if (knows(targets)) return send(number, request, body);
  // Frames are not for std::function.
  auto kept = std::make_shared<net::Frame>(std::move(body));
  with_engines(number, [this, number, request, kept] { send(number, request, *kept); });
}

void Messages::send(Number number, const Json& request, const net::Frame& body) {
  Json targets = request["to"];
  if (targets == "all") {
    targets = Json::array();
    for (const auto& [id, uuid] : engines_)
      if (id != id_) targets.push_back(id);
  }
  for (const auto& id : targets) {
    if (engines_.contains(id.get<int>())) continue;
    auto kept = std::make_shared<net::Frame>(body.share());
    if (later(number, [this, number, request, kept] { send(number, request, *kept); })) return;
    return fail(number, "LookupError",
                "no engine " + id.dump() + ": there are " + ids_text(engines_));
  }
  const std::string content =
      wire::dump_json({{"from", id_},
                       {"tag", wire::string_or(request, "tag")},
                       {"type", wire::string_or(request, "type", "bytes")}});
  Client& client = clients_.at(number);
  for (const auto& target : targets) {
    const int id = target.get<int>();
    net::Frames buffers;
    buffers.push_back(body.share());
    const auto request_id =
        uplink_.send_to_engine(engines_[id], "message_request", content, std::move(buffers));
    client.under_way[request_id] = id;
    senders_[request_id] = number;
  }
  finish_send(number);
}

void Messages::sent(Number number, const std::string& id, const Request& reply) {
  Client& client = clients_.at(number);
  const auto found = client.under_way.find(id);
  if (found == client.under_way.end()) return;
  if (const std::string why = trouble(reply); !why.empty()) {
    client.lost[why];
    client.lost_to.insert(found->second);
    engines_.erase(found->second);
  }
  client.under_way.erase(found);
  finish_send(number);
}

void Messages::finish_send(Number number) {
  Client& client = clients_.at(number);
  if (!client.under_way.empty()) return;
  if (client.lost_to.empty()) return succeed(number, Json::object());
  const auto ids = std::exchange(client.lost_to, {});
  const auto why = std::exchange(client.lost, {}).begin()->first;
  fail(number, "ConnectionError",
       "engine " + format_idset(std::vector<int>(ids.begin(), ids.end())) + " " + why);
}

// Takes back what was sent and is not known to have come.
void Messages::withdraw(Client& client) {
  for (const auto& [id, engine] : std::exchange(client.under_way, {})) {
    senders_.erase(id);
    const auto known = engines_.find(engine);
    if (known == engines_.end()) continue;
    uplink_.send_to_engine(known->second, "message_request", wire::dump_json({{"withdraw", id}}));
  }
  client.lost.clear();
  client.lost_to.clear();
}

void Messages::op_receive(Number number, const Json& request, net::Frame&&) {
  Client& client = clients_.at(number);
  Wanted wanted;
  if (const int64_t from = wire::int_or(request, "from", -1); from >= 0)
    wanted.from = static_cast<int>(from);
  if (request.contains("tag") && request["tag"].is_string())
    wanted.tag = request["tag"].get<std::string>();
  client.wanted = wanted;
  if (Letter* letter = box_.find(wanted)) return deliver(number, *letter);
  limit(number, request,
        "no message" + (wanted.from ? " of engine " + std::to_string(*wanted.from) : "") +
            (wanted.tag ? " with the tag '" + *wanted.tag + "'" : ""));
  if (wanted.from && *wanted.from != id_) watch(number, *wanted.from);
}

// Makes sure that we hear of an engine's end.
void Messages::watch(Number number, int engine) {
  if (watched_.contains(engine)) return;
  with_engines(number, [this, number, engine] {
    const auto& wanted = clients_.at(number).wanted;
    if (watched_.contains(engine) || !wanted || wanted->from != engine) return;
    const auto known = engines_.find(engine);
    if (known == engines_.end()) {
      if (!later(number, [this, number, engine] { watch(number, engine); }))
        engine_gone(engine, "is not there");
      return;
    }
    watched_[engine] = uplink_.send_to_engine(known->second, "await_end_request", "{}");
  });
}

void Messages::engine_gone(int engine, const std::string& why) {
  engines_.erase(engine);
  std::vector<Number> stranded;
  for (const auto& [number, client] : clients_)
    if (client.wanted && client.wanted->from == engine) stranded.push_back(number);
  for (const Number number : stranded)
    fail(number, "ConnectionError", "engine " + std::to_string(engine) + " " + why);
}

void Messages::deliver(Number number, Letter& letter) {
  letter.reader = number;
  succeed(number, {{"from", letter.from}, {"tag", letter.tag}, {"type", letter.type}},
          letter.body.share());
}

// To those who wait, what they wait for.
void Messages::offer() {
  for (auto& [number, client] : clients_)
    if (client.wanted)
      if (Letter* letter = box_.find(*client.wanted)) deliver(number, *letter);
  answer_senders(box_.accepted());
}

void Messages::answer_senders(std::vector<RequestPtr>&& requests) {
  for (const auto& request : requests) {
    Reply ok;
    ok.content = R"({"status":"ok"})";
    outbox_.reply(*request, std::move(ok));
  }
}

void Messages::refuse(Request& request, const std::string& why) {
  outbox_.error(request, "KernelDied", why);
}

bool Messages::take(RequestPtr& request) {
  if (request->route != Route::control) return false;
  const std::string& type = request->msg_type;
  if (type == "message_reply" || type == "await_end_reply") {
    reply(*request);
  } else if (type == "message_request") {
    message(request);
  } else if (type == "await_end_request") {
    if (watchers_.size() >= kMostWatchers) watchers_.erase(watchers_.begin());
    watchers_.push_back(std::move(request));
  } else {
    return false;
  }
  return true;
}

void Messages::message(RequestPtr& request) {
  const Json content = content_of(*request);
  if (content.contains("withdraw")) {
    box_.withdraw(wire::string_or(content, "withdraw"));
    auto answered = box_.accepted();
    answered.push_back(std::move(request));
    return answer_senders(std::move(answered));
  }
  if (request->view().buffers.size() != 1)
    return outbox_.error(*request, "ValueError", "a message is one buffer");
  Letter letter;
  letter.from = static_cast<int>(wire::int_or(content, "from", -1));
  letter.id = request->msg_id;
  letter.tag = wire::string_or(content, "tag");
  letter.type = wire::string_or(content, "type", "bytes");
  letter.body = request->frames().back().share();
  request->drop_body();
  letter.request = std::move(request);
  box_.add(std::move(letter));
  offer();
}

void Messages::reply(const Request& reply) {
  const std::string id = parent_id(reply);
  if (const auto sender = senders_.find(id); sender != senders_.end()) {
    const Number number = sender->second;
    senders_.erase(sender);
    return sent(number, id, reply);
  }
  for (const auto& [engine, request] : watched_) {
    if (request != id) continue;
    const int gone = engine;
    watched_.erase(gone);
    return engine_gone(gone, trouble(reply));
  }
}

void Messages::kernel_ended(const std::string& why) {
  for (auto& request : box_.clear()) refuse(*request, why);
  for (auto& request : std::exchange(watchers_, {})) refuse(*request, why);
}

void Messages::controller_was_away() {
  all_back_ = loop_.now() + kReturn;
  engines_.clear();
  senders_.clear();
  const auto watched = std::exchange(watched_, {});
  const auto questions = std::exchange(questions_, {});
  const std::string why = "the controller was away: whether the message came is not known";
  for (auto& [number, client] : clients_) {
    if (client.under_way.empty()) continue;
    client.under_way.clear();
    fail(number, "ConnectionError", why);
  }
  for (const auto& [number, turn, then] : questions)
    if (is_current(number, turn)) with_engines(number, then);
  for (const auto& [number, client] : clients_)
    if (client.wanted && client.wanted->from && watched.contains(*client.wanted->from))
      watch(number, *client.wanted->from);
}

}  // namespace ipc::engine
