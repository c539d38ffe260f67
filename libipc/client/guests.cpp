// SPDX-License-Identifier: BSD-3-Clause
// A connection's dealings with engines that are not known as ours.
#include <algorithm>
#include <set>

#include "libipc/client/impl.hpp"
#include "libipc/util/idset.hpp"

namespace ipc::client {
namespace {

using wire::Json;

constexpr auto kHear = seconds(2);       // for the connection to what engines publish
constexpr auto kOutput = seconds(2);     // from a reply to the end of its output
constexpr auto kDeathLook = seconds(1);  // where the controller leaves it to us to notice

// Requests that an engine ran end with `idle`; others have no output.
bool was_run(const Reply& reply) {
  if (reply.outcome != Outcome::error) return reply.outcome == Outcome::ok;
  const Json content = reply.content(), metadata = reply.metadata();
  return (content.is_object() && content.contains("engine_info")) ||
         (metadata.is_object() && metadata.contains("engine_info"));
}

net::Incoming message_of(const Json& content) {
  net::Incoming message;
  message.frames.push_back(net::Frame::adopt(wire::dump_json(content)));
  message.view.content = message.frames[0].view();
  return message;
}

// True if a task may go to the engine.
bool is_meant(const EngineInfo& engine, const Request& request) {
  if (!request.metadata.is_object()) return true;
  const auto targets = request.metadata.find("targets");
  if (targets == request.metadata.end() || !targets->is_array() || targets->empty()) return true;
  return std::find(targets->begin(), targets->end(), engine.uuid) != targets->end();
}

}  // namespace

// Called with each new table. Nobody sends to guests before the feed stands: what they publish
// earlier would be lost.
void Connection::Impl::meet_guests() {
  const bool any = std::any_of(table.engines.begin(), table.engines.end(),
                               [](const auto& entry) { return !entry.second.is_ipkit(); });
  if (!any || feed.is_open()) return;
  auto loaded = Guest::load();
  if (!loaded) return failure = loaded.error(), void();
  guest = *std::move(loaded);
  const auto on_message = [this](std::string_view id, std::string_view type, int engine,
                                 const net::Incoming& message) {
    take_output(std::string(id), type, engine, message);
  };
  // An answer of the hub to what is asked now comes after our subscription has.
  const auto on_connected = [this] {
    post(Channel::hub, nullptr, false, Request{"connection_request", "{}", {}, "", false, {}},
         [this](Reply&&) { hears_guests = true; });
  };
  const net::Curve* keys = file.curve_server_key.empty() ? nullptr : &curve;
  if (const auto opened = feed.open(file, keys, on_message, on_connected); !opened && !failure)
    failure = opened.error();
  loop.after(kHear, [this] { hears_guests = true; });
}

// A task goes to whichever engine is free: one guest among them decides for all, as ours understand
// both forms.
bool Connection::Impl::for_guests(const EngineInfo* engine, const Request& request) const {
  if (engine != nullptr) return !engine->is_ipkit();
  return std::any_of(table.engines.begin(), table.engines.end(), [&](const auto& entry) {
    return is_meant(entry.second, request) && !entry.second.is_ipkit();
  });
}

bool Connection::Impl::all_taught(const EngineInfo* engine, const Request& request) const {
  if (engine != nullptr) return taught.contains(engine->uuid);
  return std::all_of(table.engines.begin(), table.engines.end(), [&](const auto& entry) {
    return !is_meant(entry.second, request) || taught.contains(entry.second.uuid);
  });
}

// An engine of ipyparallel's may join before the task is given to one: it would run the code and
// pass over the rest. Of other types, kernels and output the scheduler knows that.
static void mark(Request& request) {
  if (request.type != "execute_request" || !request.kernel.empty() || request.directed) return;
  if (Guest::serves(request)) return;
  if (request.metadata.is_null()) request.metadata = Json::object();
  request.metadata["extensions"] = true;
}

std::string Connection::Impl::post_work(Channel channel, const EngineInfo* engine, Request request,
                                        ReplyHandler handler) {
  // A cancel_request is the scheduler's.
  if (!guest || request.type == "cancel_request" || !for_guests(engine, request)) {
    if (channel == Channel::task) mark(request);
    return post(channel, engine, true, std::move(request), std::move(handler));
  }
  GuestRequest as_guest;
  as_guest.shown = request.directed;
  if (!Guest::serves(request)) {
    as_guest.wrapped = request.type;
    // What nobody waits for cannot be sent again.
    const bool knows = handler && all_taught(engine, request);
    Request wrapped = guest->wrap(request, {!handler, !knows});
    if (knows) as_guest.again = copy_of(request);
    request = std::move(wrapped);
  }
  request.kernel.clear();
  if (engine != nullptr && !file.is_ipkit()) watch_for_deaths();
  return post(channel, engine, true, std::move(request), std::move(handler), std::move(as_guest));
}

std::string Connection::Impl::post_control(const EngineInfo* engine, Request request,
                                           ReplyHandler handler) {
  std::optional<GuestRequest> as_guest;
  if (!engine->is_ipkit()) as_guest.emplace();
  if (as_guest && !file.is_ipkit()) watch_for_deaths();
  return post(Channel::control, engine, true, std::move(request), std::move(handler),
              std::move(as_guest));
}

void Connection::Impl::take_output(const std::string& id, std::string_view type, int engine,
                                   const net::Incoming& message) {
  const auto found = pending.find(id);
  if (found == pending.end() || !found->second.guest) return;
  GuestRequest& state = *found->second.guest;
  if (found->second.engine >= 0) engine = found->second.engine;
  if (type != "status") {
    if (!on_output || !found->second.handler) return;
    Output output{id, type, engine, message, {}};
    if (type == "stream") output.text = stream_text(message.view.content);
    return on_output(output);
  }
  const bool busy = parser.field(message.view.content, "execution_state") == "busy";
  state.idle = !busy;
  state.runs_on = busy ? engine : -1;
  if (state.idle && state.reply) hand_over(found, std::move(*std::exchange(state.reply, nullptr)));
}

// False: it is kept until its output is here too.
bool Connection::Impl::take_guest_reply(Entry entry, Reply& reply) {
  GuestRequest& state = *entry->second.guest;
  if (entry->second.handler && state.shown && !state.idle && hears_guests && was_run(reply)) {
    state.reply = std::make_unique<Reply>(std::move(reply));
    loop.after(kOutput, [this, id = entry->first] {
      const auto found = pending.find(id);
      if (found == pending.end() || !found->second.guest->reply) return;
      found->second.guest->idle = true;
      hand_over(found, std::move(*std::exchange(found->second.guest->reply, nullptr)));
    });
    return false;
  }
  if (state.wrapped.empty()) return true;
  if (unwrap(reply, state.wrapped)) {
    if (reply.outcome != Outcome::aborted) taught.insert(reply.engine_uuid);
    return true;
  }
  taught.erase(reply.engine_uuid);  // its kernel is another one by now
  send_again(entry);
  return false;
}

void Connection::Impl::send_again(Entry entry) {
  Pending old = std::move(entry->second);
  drop(entry);
  const EngineInfo* engine = old.engine >= 0 ? table.find(old.engine) : nullptr;
  if (old.handler && old.guest->again)
    post_work(old.channel, engine, *std::move(old.guest->again), std::move(old.handler));
}

// Controllers of the reference only publish who has gone; that has to be asked for.
void Connection::Impl::watch_for_deaths() {
  if (death_timer != 0) return;
  death_timer = loop.every(kDeathLook, [this] {
    if (directs == 0) return;
    post(Channel::hub, nullptr, false, Request{"connection_request", "{}", {}, "", false, {}},
         [this](Reply&& reply) { find_dead(reply.content()); });
  });
}

void Connection::Impl::find_dead(const Json& content) {
  const EngineTable now = parse_engine_table(content);
  std::vector<std::string> lost;
  for (const auto& [id, entry] : pending)
    if (entry.engine >= 0 && entry.guest && !now.find(entry.engine)) lost.push_back(id);
  for (const auto& id : lost) {
    const auto found = pending.find(id);
    if (found == pending.end()) continue;
    const int engine = found->second.engine;
    const std::string text =
        "Engine " + std::to_string(engine) + " died while running task '" + id + "'";
    auto message = message_of({{"status", "error"}, {"ename", "EngineError"}, {"evalue", text}});
    found->second.guest.reset();
    hand_over(found, Reply{id, "error_reply", engine, "", Outcome::error, std::move(message)});
  }
}

std::vector<int> Connection::Impl::where_guests_run() const {
  std::set<int> engines;
  for (const auto& [id, entry] : pending)
    if (entry.guest && entry.guest->runs_on >= 0) engines.insert(entry.guest->runs_on);
  return {engines.begin(), engines.end()};
}

// They take back what has not begun. What runs is interrupted by a signal, which hits whatever
// runs: so only where that is known to be ours.
void Connection::Impl::cancel_guests(const std::map<int, Json>& direct, const Json& of_tasks,
                                     std::vector<std::string>* asked) {
  const auto ask = [&](const EngineInfo& engine, const char* type, const Json& content) {
    Request request;
    request.type = type;
    request.content = wire::dump_json(content);
    const auto id = post(Channel::control, &engine, false, std::move(request), [](Reply&&) {});
    if (asked) asked->push_back(id);
  };
  std::map<int, Json> lists = direct;
  if (!of_tasks.empty())
    for (const auto& [id, engine] : table.engines)
      for (const auto& task : of_tasks)
        if (!engine.is_ipkit()) lists[id].push_back(task);
  for (const auto& entry : lists) {
    const Json& list = entry.second;
    const EngineInfo* engine = table.find(entry.first);
    if (engine == nullptr) continue;
    ask(*engine, "abort_request", {{"msg_ids", list}});
    const bool ours_runs = std::any_of(list.begin(), list.end(), [&](const Json& task) {
      const auto found = pending.find(task.get_ref<const std::string&>());
      return found != pending.end() && found->second.guest->runs_on == entry.first;
    });
    if (ours_runs) ask(*engine, "signal_request", {{"sig", "SIGINT"}});
  }
}

void Connection::Impl::remark_running_guests() const {
  const auto running = where_guests_run();
  if (running.empty() || !options.remark) return;
  options.remark("engine " + format_idset(running) + (running.size() == 1 ? " goes" : " go") +
                 " on: no signal reaches the code");
}

}  // namespace ipc::client
