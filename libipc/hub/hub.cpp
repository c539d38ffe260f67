// SPDX-License-Identifier: BSD-3-Clause
// The hub: messages in, books kept, answers out. Registration is in hub_engines.cpp.
#include "libipc/hub/hub.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <set>
#include <stdexcept>

#include "libipc/util/text.hpp"
#include "libipc/wire/errors.hpp"
#include "libipc/wire/route.hpp"

namespace ipc::hub {

using net::EventKind;
using wire::Json;

namespace {

constexpr Duration kLook = milliseconds(250);  // for an id that is unknown so far
constexpr Duration kStoreTick = milliseconds(250);
constexpr Duration kShutdownDelay = milliseconds(300);
constexpr Duration kReconnect = seconds(1);

}  // namespace

Hub::Hub(net::Loop& loop, HubSockets sockets, HubOptions options, wire::Signer signer,
         std::unique_ptr<Store> store)
    : loop_(loop),
      sockets_(std::move(sockets)),
      options_(std::move(options)),
      signer_(std::move(signer)),
      session_(options_.session),
      store_(std::move(store)),
      accounts_(registry_, *store_, [this](std::string_view) { waits_.touched(); }) {
  loop.on_input(sockets_.events, [this] { return from_loops(); });
  loop.on_input(sockets_.clients, [this] { return from_clients(); });
  loop.on_input(sockets_.notifications, [this] { return from_subscribers(); });
  loop.at_turn_end([this] { turn_end(); });
  loop.every(seconds(1), [this] {
    purge_stalled();
    spare_.look(std::exchange(heard_, 0) > 0);
  });
  loop.every(kStoreTick, [this] {
    accounts_.late_output().expire(Clock::now());
    accounts_.tick();
    store_->tick();
  });
  if (options_.succeeds) hold_notes();
  if (options_.restore) restore_engines();
}

Hub::~Hub() {
  if (state_due_) write_state();
}

void Hub::turn_end() {
  answer_held();
  answer_waits();
  to_relay_.flush(sockets_.relay);
  to_task_.flush(sockets_.task);
}

void Hub::tell_all(EventKind kind, std::initializer_list<std::string_view> fields) {
  to_relay_.add(kind, fields);
  to_task_.add(kind, fields);
}

int Hub::from_loops() {
  net::Frames batch;
  net::Event event;
  int taken = 0;
  for (; taken < net::kDrainLimit && sockets_.events.receive(batch); ++taken) {
    net::EventReader reader(std::move(batch));
    while (reader.next(event)) take_event(event);
  }
  heard_ += taken;
  return taken;
}

void Hub::take_event(net::Event& event) {
  net::MessageEvent message;
  if (event.kind == EventKind::heart_started) return admit(std::string(event.fields[0]));
  if (event.kind == EventKind::heart_stopped) {
    if (const Engine* engine = registry_.find(event.fields[0]))
      remove(engine->id, "heartbeats stopped");
    return;
  }
  if (event.kind == EventKind::reported) return take_report(event.fields[0]);
  if (event.kind == EventKind::task_assigned)
    return accounts_.task_assigned(event.fields[0], event.fields[1]);
  if (event.kind == EventKind::task_known)
    return accounts_.task_known(event.fields[0], event.fields[1]), waits_.touched();
  if (!net::MessageEvent::read(event, message)) return;
  if (event.kind == EventKind::task_request) {
    accounts_.task_request(message, event.buffers);
    return waits_.touched();
  }
  if (event.kind == EventKind::task_kept)
    return accounts_.task_reply(message, event.buffers, true), waits_.touched();
  if (event.kind == EventKind::task_reply) return accounts_.task_reply(message, event.buffers);
  // The relays check nothing: what follows may be anybody's.
  if (!signer_.verify(message.view))
    return complaints_.warning(
        "direct or output message with a wrong signature not recorded, from client " +
        json_quote(message.client) + " or engine " + json_quote(message.engine));
  take_direct(event, message);
}

void Hub::take_direct(net::Event& event, const net::MessageEvent& message) {
  const auto header = parser_.header(message.view.header);
  if (!header) return;
  const bool control =
      event.kind == EventKind::control_request || event.kind == EventKind::control_reply;
  switch (event.kind) {
    case EventKind::mux_request:
    case EventKind::control_request:
      // The engine drops it, too.
      if (accounts_.state(header->msg_id) != TaskState::unknown) {
        complaints_.warning("direct message seen before not recorded (replay), from client " +
                            json_quote(message.client));
        break;
      }
      direct_.add(message.engine, header->msg_id,
                  {std::string(message.client), std::string(message.view.header), control});
      if (!control) accounts_.mux_request(message, event.buffers), waits_.touched();
      break;
    case EventKind::mux_reply:
    case EventKind::control_reply:
      if (header->msg_type == "again_request" && message.client == wire::kToHub)
        engine_is_back(message);
      if (!wire::is_reply_type(header->msg_type)) break;
      if (const auto parent = parser_.header(message.view.parent))
        direct_.done(message.engine, parent->msg_id);
      if (!control) accounts_.mux_reply(message, event.buffers);
      break;
    case EventKind::mux_unroutable:
      unroutable(message, false);
      break;
    case EventKind::control_unroutable:
      unroutable(message, true);
      break;
    case EventKind::iopub:
      if (header->msg_type == "shutdown_reply") {
        if (const Engine* engine = registry_.find(header->session)) remove(engine->id, "left");
      } else if (header->msg_type == "status") {
        accounts_.status(message);
      } else {
        accounts_.output(message);
      }
      break;
    default:
      break;
  }
}

// The error reply of an engine that cannot give it any more.
void Hub::reply_for_engine(const DirectRequest& request, const std::string& uuid,
                           const std::string& text) {
  const auto header = parser_.header(request.header);
  if (!header) return;
  net::Outgoing out;
  out.header = session_.header(wire::reply_type(header->msg_type));
  out.parent = request.header;
  out.metadata =
      wire::dump_json({{"status", "error"}, {"engine", uuid}, {"date", iso8601(unix_now())}});
  out.content = wire::error_content("EngineError", text);
  const std::string_view identities[] = {request.client, uuid};
  auto frames = net::encode(signer_, identities, std::move(out));
  to_relay_.add(request.control ? EventKind::send_control : EventKind::send_mux, {}, frames);
}

int Hub::from_clients() {
  int taken = 0;
  bool located = false;
  for (; taken < net::kDrainLimit && message_.receive(sockets_.clients, located); ++taken) {
    if (!located || message_.view.identities.empty()) {
      complaints_.warning("hub: malformed message dropped, from " +
                          net::peer_text(message_.frames));
    } else if (!strangers_.listens_to(message_.frames)) {
      continue;
    } else if (!signer_.verify(message_.view)) {
      strangers_.refuse(message_.frames);
      // Only then: else wrong ones would push the right ones out of the history.
    } else if (signer_.enabled() && !seen_.add(message_.view.signature)) {
      complaints_.warning("hub: message seen before dropped (replay), from " +
                          net::peer_text(message_.frames));
    } else {
      take_request(message_);
    }
  }
  return taken;
}

// Questions about tasks are answered when both loops have told what they heard before: what a
// client has seen happen is in the books when it asks.
bool Hub::is_about_tasks(std::string_view type) {
  constexpr std::array<std::string_view, 7> kTypes{
      "queue_request", "load_request",  "result_request",  "history_request",
      "db_request",    "purge_request", "resubmit_request"};
  return std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end();
}

void Hub::ask_loops() {
  answered_by_report_ = waiting_.size();
  reports_missing_ = 2;
  tell_all(EventKind::report, {std::to_string(++report_)});
}

void Hub::take_report(std::string_view number) {
  if (number != std::to_string(report_) || --reports_missing_ > 0) return;
  for (; answered_by_report_ > 0; --answered_by_report_) {
    net::Incoming message = std::move(waiting_.front());
    waiting_.pop_front();
    request(message);
  }
  if (!waiting_.empty()) ask_loops();
}

void Hub::take_request(net::Incoming& message) {
  const auto header = parser_.header(message.view.header);
  if (!header || !is_about_tasks(header->msg_type)) return request(message);
  waiting_.push_back(std::move(message));
  message = {};
  if (waiting_.size() == 1) ask_loops();
}

void Hub::request(net::Incoming& message) {
  const auto header = parser_.header(message.view.header);
  const auto content = wire::parse_json(message.view.content);
  if (!header) return complaints_.warning("hub: " + header.error().what);
  client_ = message.views[0];
  parent_ = message.view.header;
  const std::string type(header->msg_type);
  if (!content || !content->is_object())
    return reply(error_answer("hub_error", "ValueError", "content is not a JSON object"));
  if (!hold(type, *content)) try_to_act(type, *content);
}

// Who asks for results or records asks for the output, too: it takes another way than the reply.
// A status alone needs none.
bool Hub::hold(const std::string& type, const Json& content) {
  const LateOutput& late = accounts_.late_output();
  std::vector<std::string> ids;
  if (type == "db_request")
    ids = late.missing();
  else if (type == "result_request" && content.contains("msg_ids") &&
           !wire::bool_or(content, "status_only", false) && read_ids(content["msg_ids"], ids))
    std::erase_if(ids, [&](const std::string& id) { return !late.is_missing(id); });
  if (ids.empty()) return false;
  held_.push_back({client_, parent_, type, content, std::move(ids)});
  return true;
}

void Hub::answer_held() {
  for (const auto& id : accounts_.late_output().take_complete()) {
    waits_.touched();
    for (Held& held : held_) std::erase(held.ids, id);
  }
  for (auto held = held_.begin(); held != held_.end();) {
    if (!held->ids.empty()) {
      ++held;
      continue;
    }
    client_ = held->client;
    parent_ = held->header;
    try_to_act(held->type, held->content);
    held = held_.erase(held);
  }
}

void Hub::try_to_act(const std::string& type, const Json& content) {
  try {
    act(type, content);
  } catch (const std::runtime_error& problem) {  // of the store
    log::error("hub: " + type + ": " + problem.what());
    reply(error_answer("hub_error", "OperationalError", problem.what()));
  }
}

void Hub::act(const std::string& type, const Json& content) {
  Answer answer;
  if (type == "registration_request")
    registration(content);
  else if (type == "unregistration_request")
    unregistration(content);
  else if (type == "shutdown_request")
    shut_down();
  else if (type == "resubmit_request")
    resubmission(content);
  else if (type == "wait_request")
    wait(content);
  else if (answer_query(type, content, answer))
    reply(std::move(answer));
  else
    reply(key_error("hub_error", "Bad Message Type: " + wire::python_repr(type)));
}

bool Hub::answer_query(const std::string& type, const Json& content, Answer& answer) {
  const double uptime = std::chrono::duration<double>(Clock::now() - begin_).count();
  if (type == "connection_request") {
    answer = connection_answer(registry_, IPKIT_VERSION, ::getpid());
    news_.asked(loop_.now());
  } else if (type == "queue_request")
    answer = queue_answer(accounts_, registry_, content, uptime);
  else if (type == "load_request")
    answer = load_answer(accounts_, registry_, content);
  else if (type == "result_request")
    answer = result_answer(accounts_, content);
  else if (type == "history_request")
    answer = history_answer(accounts_);
  else if (type == "purge_request")
    answer = purge_answer(accounts_, registry_, content);
  else if (type == "db_request")
    answer = db_answer(accounts_, content);
  else if (type == "become_dask_request")
    answer = error_answer("hub_error", "ModuleNotFoundError", "No module named 'distributed'");
  else if (type == "stop_distributed_request")
    answer = {"stop_distributed_reply", {{"status", "ok"}}, {}};
  else
    return false;
  return true;
}

void Hub::reply(Answer&& answer) {
  send(client_, parent_, std::move(answer));
}

void Hub::send(std::string_view client, std::string_view parent, Answer&& answer) {
  net::Outgoing out;
  out.header = session_.header(answer.type);
  out.parent = parent;
  out.content = wire::dump_json(answer.content);
  out.buffers = std::move(answer.buffers);
  const std::string_view identities[] = {client};
  sockets_.clients.send(net::encode(signer_, identities, std::move(out)));
}

void Hub::notify(const char* type, const Json& content, std::string_view parent) {
  net::Outgoing out;
  out.header = session_.header(type);
  out.parent = parent;
  out.content = wire::dump_json(content);
  auto frames = net::encode(signer_, {}, std::move(out));
  if (holds_notes_)
    held_notes_.push_back(std::move(frames));
  else
    sockets_.notifications.send(std::move(frames));
}

// Clients of an earlier controller need a moment to reconnect; engines may be quicker.
void Hub::hold_notes() {
  holds_notes_ = true;
  loop_.after(kReconnect, [this] { release_notes(); });
}

void Hub::release_notes() {
  holds_notes_ = false;
  for (auto& frames : std::exchange(held_notes_, {}))
    sockets_.notifications.send(std::move(frames));
}

void Hub::shut_down() {
  log::info("a client asked for the shutdown of the controller");
  reply({"shutdown_reply", {{"status", "ok"}}, {}});
  release_notes();
  notify("shutdown_notification", {{"status", "ok"}}, parent_);
  // What was just sent must reach the clients first.
  loop_.after(kShutdownDelay, [this] {
    if (options_.shutdown) options_.shutdown();
  });
}

void Hub::wait(const Json& content) {
  Waits::Wait wait;
  wait.client = client_;
  wait.header = parent_;
  wait.engines = wire::int_or(content, "engines", -1);
  wait.unassigned = wire::int_or(content, "unassigned", -1);
  wait.until_known = wire::string_or(content, "until", "done") == "known";
  if (content.contains("msg_ids") && !read_ids(content["msg_ids"], wait.ids))
    return reply(error_answer("hub_error", "TypeError", "msg_ids must be a list of strings"));
  if (wait.ids.empty() && wait.engines < 0 && wait.unassigned < 0)
    return reply(key_error("hub_error", "msg_ids"));
  const std::size_t engines = registry_.engines().size();
  Json now = Waits::content(wait, accounts_, engines);
  if (waits_.add(std::move(wait), accounts_, engines))
    return reply({"wait_reply", std::move(now), {}});
  look_again();
}

void Hub::look_again() {
  if (look_due_ || !waits_.is_patient()) return;
  look_due_ = true;
  const TimePoint due = loop_.now() + kLook;
  loop_.after(kLook, [this, due] {
    look_due_ = false;
    // Late: we were stopped, or had no processor, and what was sent meanwhile is still to be read.
    if (loop_.now() < due + kLook) waits_.lose_patience();
    look_again();
  });
}

void Hub::answer_waits() {
  if (!waits_.is_touched()) return;
  const std::size_t engines = registry_.engines().size();
  for (auto& wait : waits_.ready(accounts_, engines))
    send(wait.client, wait.header, {"wait_reply", Waits::content(wait, accounts_, engines), {}});
}

void Hub::resubmission(const Json& content) {
  std::vector<std::string> ids;
  if (!content.contains("msg_ids")) return reply(key_error("hub_error", "msg_ids"));
  if (!read_ids(content["msg_ids"], ids))
    return reply(error_answer("resubmit_reply", "TypeError", "msg_ids must be a list of strings"));
  if (!store_->keeps()) return reply(no_data("resubmit_reply"));
  Json missing = Json::array();
  for (const auto& id : ids)
    if (const Record* record = store_->find(id); record == nullptr || record->request.empty())
      missing.push_back(id);
  // As many records as ids are wanted: one that is named twice is refused, too.
  const std::set<std::string_view> different(ids.begin(), ids.end());
  if (!missing.empty() || different.size() < ids.size())
    return reply(key_error("resubmit_reply", "No such msg(s): " + list_repr(missing)));
  for (const auto& id : ids)
    if (!store_->find(id)->has_buffers)
      return reply(error_answer("resubmit_reply", "ValueError",
                                "the data of " + wire::python_repr(id) + " was not kept"));
  Json resubmitted = Json::object();
  for (const auto& id : ids) resubmitted[id] = resubmit(id);
  reply({"resubmit_reply", {{"status", "ok"}, {"resubmitted", std::move(resubmitted)}}, {}});
}

// The stored message once more, as a task of its own; its id.
std::string Hub::resubmit(const std::string& id) {
  const Record& old = *store_->find(id);
  auto header = wire::parse_json(old.request.header());
  Json fields = header && header->is_object() ? *std::move(header) : Json::object();
  const std::string new_id = session_.next_id();
  fields["msg_id"] = new_id;
  fields["date"] = iso8601(unix_now());
  net::Outgoing out;
  out.header = out.parent = wire::dump_json(fields);
  out.content = old.request.content();
  // Without its kernel shell text would go to python, without its label nobody would find it, and
  // not all engines know our extensions; nothing else of the metadata is kept.
  Json kept = Json::object();
  if (const auto metadata = wire::parse_json(old.request.metadata())) {
    for (const char* key : {"kernel", "label"})
      if (const auto text = wire::string_or(*metadata, key); !text.empty()) kept[key] = text;
    if (wire::bool_or(*metadata, "extensions", false)) kept["extensions"] = true;
  }
  if (!kept.empty()) out.metadata = wire::dump_json(kept);
  for (const auto& buffer : old.buffers) out.buffers.push_back(buffer.share());
  // Nobody has this identity: the reply goes to the books only.
  const std::string_view identities[] = {"resubmitted"};
  net::Incoming task;
  task.frames = net::encode(signer_, identities, std::move(out));
  if (!task.locate()) return new_id;
  net::Frames buffers;
  for (const auto& buffer : std::span(task.frames).last(task.view.buffers.size()))
    buffers.push_back(buffer.share());
  const std::string type = wire::string_or(fields, "msg_type");
  accounts_.task_request({identities[0], "", task.view, {new_id, type, "", "", ""}}, buffers);
  to_task_.add(EventKind::submit, {}, task.frames);
  store_->update(id, [&](Record& record) { record.resubmitted = new_id; });
  return new_id;
}

}  // namespace ipc::hub
