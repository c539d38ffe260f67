// SPDX-License-Identifier: BSD-3-Clause
// The task channel: takes tasks from clients, sends them where the queue says, passes replies back.
#include "libipc/sched/task_relay.hpp"

#include <algorithm>

#include "libipc/sched/journal.hpp"
#include "libipc/util/size.hpp"
#include "libipc/wire/errors.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::sched {
namespace {

using net::EventKind;

// Where the message's delimiter is in a job's frames: after the client's identity.
constexpr size_t kHeaderFrame = 3;
constexpr Duration kCancelPatience = seconds(2);
constexpr size_t kMostProbes = 1000;  // open ones; an engine that is gone answers none
// While so many tasks wait, engines have enough to do until clients that got several answers at
// once send as many new tasks: nobody need be woken for each.
constexpr std::size_t kPlenty = 64;
constexpr int64_t kMostSlots = 65536;

}  // namespace

TaskRelay::TaskRelay(net::Loop& loop, net::Socket clients, net::Socket engines,
                     std::unique_ptr<Policy> policy, Options options, wire::Signer signer,
                     net::EventWriter& tap, std::function<void()> catch_up)
    : loop_(loop),
      clients_(std::move(clients)),
      engines_(loop, std::move(engines), catch_up,
               [this](net::Frames&& f) { undeliverable(std::move(f)); }),
      to_clients_(
          loop,
          [this](net::Frames& frames) {
            if (journal_ != nullptr) journal_->commit();
            clients_.send(std::span(frames));
          },
          [this] { return queue_.waiting() >= kPlenty; }),
      maker_(std::move(signer)),
      tap_(tap),
      catch_up_(std::move(catch_up)),
      queue_(*this, std::move(policy), options.limit),
      most_bytes_(options.most_bytes) {
  // Replies first: they free places for what the clients sent meanwhile.
  loop.on_input(engines_.socket(), [this] { return from_engines(); });
  loop.on_input(clients_, [this] { return from_clients(); });
}

void TaskRelay::engine_added(std::string_view uuid, std::string_view, bool extensions) {
  engines_.engine_added(uuid);
  queue_.engine_added(std::string(uuid), extensions, loop_.now());
  if (journal_ != nullptr && queue_.send_resumed(uuid) > 0 && !extensions)
    if (const TaskEngine* engine = queue_.find_engine(uuid)) probe(*engine);
  arm();
}

void TaskRelay::engine_removed(std::string_view uuid) {
  queue_.engine_removed(uuid, loop_.now());
  // What has not even left waits again; the rest may still be answered.
  engines_.engine_removed(uuid);
  forget_repeats(uuid);
  arm();
}

void TaskRelay::command(net::Event& event) {
  if (event.kind == EventKind::engine_begun) {
    queue_.engine_had_begun(event.fields[0], event.fields[1], loop_.now());
  } else if (event.kind == EventKind::submit) {
    net::Incoming message;
    message.frames = std::move(event.buffers);
    if (message.locate()) submit(message);
  } else {
    return;
  }
  arm();
}

int TaskRelay::from_clients() {
  int taken = 0;
  bool located = false;
  for (; taken < net::kDrainLimit && message_.receive(clients_, located); ++taken) {
    if (taken == 0) catch_up_();
    if (!located || message_.view.identities.size() != 1) {
      complaints_.warning("task channel: malformed message dropped");
    } else if (!strangers_.listens_to(message_.frames)) {
      continue;
    } else if (!maker_.signer().verify(message_.view)) {
      strangers_.refuse(message_.frames);
    } else {
      submit(message_);
    }
  }
  if (taken > 0) arm();
  return taken;
}

void TaskRelay::submit(net::Incoming& message) {
  const auto header = header_parser_.header(message.view.header);
  if (!header) return complaints_.warning("task channel: " + header.error().what);
  if (header->msg_type == "cancel_request") return cancel(message);
  // Who heard a task on its way could have it run again. A journal knows what comes again with a
  // controller that has taken over.
  const bool comes_again =
      journal_ != nullptr && journal_->state(header->msg_id) != Journal::State::unknown;
  if (!comes_again && queue_.knows(header->msg_id)) return repeat(message, *header);
  if (!has_room(message)) return;
  if (journal_ != nullptr && !keep(message, *header)) return;
  tap_.add_message(EventKind::task_request, message.views[0], "", message.view, message.frames,
                   {header->msg_id, header->msg_type, header->date, "", ""});
  bool is_ours = false;
  auto conditions =
      read_conditions(other_parser_, message.view.metadata, header->msg_type, is_ours);
  if (!queue_.submit(header->msg_id, message.frames, std::move(conditions), loop_.now(), is_ours))
    complaints_.warning("task channel: a second task with an id that is in use was dropped");
}

// A flood of tasks, or of large ones: who sends more is told before the memory is gone.
bool TaskRelay::has_room(const net::Incoming& message) {
  std::uint64_t bytes = queue_.bytes();
  for (const auto& frame : message.frames) bytes += frame.size();
  if (bytes <= most_bytes_) return true;
  answer_error(message.views[0], message.view.header, "QueueFull",
               "the tasks that wait have " + size_text(queue_.bytes()) + ", of at most " +
                   size_text(most_bytes_) + ": this one was refused; those accepted go on");
  return false;
}

void TaskRelay::run(Job& job, TaskEngine& engine) {
  outgoing_.clear();
  outgoing_.push_back(engine.identity.share());
  for (auto& frame : job.frames) outgoing_.push_back(frame.share());
  if (journal_ != nullptr && !job.resumed) journal_->assign(job.id, engine.uuid);
  tap_.add(EventKind::task_assigned, {job.id, engine.uuid});
  engines_.send(outgoing_);
}

void TaskRelay::recall(TaskEngine& engine) {
  const std::string_view uuid = engine.uuid;
  net::Outgoing request;
  request.header = maker_.session().header("recall_request");
  auto frames = maker_.sign({&uuid, 1}, std::move(request));
  engines_.send(frames);
}

void TaskRelay::fail(Job& job, TaskFailure why, const TaskEngine* engine) {
  const std::string_view client = job.frames[0].view(), header = job.frames[kHeaderFrame].view();
  std::string type = "apply_reply", metadata = "{}", content;
  std::string_view status = "error";
  switch (why) {
    case TaskFailure::invalid_dependency:
    case TaskFailure::impossible_dependency:
    case TaskFailure::timeout:
      content = wire::error_content(failure_name(why), "");
      break;
    case TaskFailure::withdrawn:
      metadata = content = R"({"status": "aborted"})";
      status = "aborted";
      if (const auto request = other_parser_.header(header))
        type = wire::reply_type(request->msg_type);
      break;
    case TaskFailure::engine_lost:
      metadata = ReplyMaker::lost_metadata(engine->uuid);
      content = wire::error_content(
          failure_name(why), "Engine b'" + engine->uuid + "' " +
                                 (engine->alive ? "has not answered" : "died while running") +
                                 " task '" + job.id + "'");
      break;
  }
  std::vector<std::string_view> identities{client};
  if (engine != nullptr) identities.push_back(engine->uuid);
  net::Incoming reply;
  reply.frames = maker_.sign(identities,
                             maker_.message(type, header, std::move(metadata), std::move(content)));
  if (!reply.locate()) return;
  tap_.add_message(EventKind::task_reply, client, engine ? engine->uuid : "", reply.view,
                   reply.frames, {job.id, type, "", status, ""});
  if (journal_ != nullptr)
    journal_->finish(job.id, engine != nullptr ? engine->uuid : "", false, reply.frames);
  to_clients_.add(reply.frames);
}

int TaskRelay::from_engines() {
  int taken = 0;
  bool located = false;
  for (; taken < net::kDrainLimit && message_.receive(engines_.socket(), located); ++taken) {
    if (!located || message_.view.identities.empty())
      complaints_.warning("task channel: malformed reply dropped");
    else if (!maker_.signer().verify(message_.view))
      strangers_.refuse(message_.frames);
    else if (message_.view.identities.size() == 1)
      engine_says(message_);
    else
      take_reply(message_);
  }
  if (taken > 0) arm();
  return taken;
}

// For us, as there is no client behind the engine.
void TaskRelay::engine_says(const net::Incoming& message) {
  const auto header = header_parser_.header(message.view.header);
  const std::string_view uuid = message.views[0];
  if (header && header->msg_type == "execute_reply") {
    const auto parent = other_parser_.header(message.view.parent);
    const auto found = parent ? probes_.find(parent->msg_id) : probes_.end();
    if (found != probes_.end())
      queue_.engine_passed(uuid, probes_.extract(found).mapped(), loop_.now());
    return;
  }
  if (header && header->msg_type == "slots_request") return take_slots(message);
  if (header && header->msg_type == "again_request") return engine_is_back(message);
  if (header && header->msg_type == "again_reply") return cannot_repeat(message);
  if (!header || header->msg_type != "drain_request")
    return complaints_.warning("task channel: reply to nobody dropped");
  queue_.engine_drains(uuid, loop_.now());
  // Behind all that was sent to it: after this nothing comes.
  auto frames = maker_.sign(
      {&uuid, 1}, maker_.message("drain_reply", message.view.header, "{}", R"({"status": "ok"})"));
  engines_.send(frames);
}

// An engine that is a cluster: how many it has itself.
void TaskRelay::take_slots(const net::Incoming& message) {
  const auto content = wire::parse_json(message.view.content, 8);
  if (!content || !content->is_object()) return;
  const auto slots = std::clamp<int64_t>(wire::int_or(*content, "slots", 1), 0, kMostSlots);
  queue_.engine_slots(message.views[0], static_cast<unsigned>(slots), loop_.now());
}

void TaskRelay::take_reply(net::Incoming& message) {
  const auto header = header_parser_.header(message.view.header);
  if (!header) return complaints_.warning("task channel: reply: " + header.error().what);
  if (!wire::is_reply_type(header->msg_type)) return forward(message);
  if (header->msg_type == "cancel_reply" && take_cancel_reply(message)) return;
  const ReplyFacts facts = read_reply(metadata_parser_, message.view.metadata);
  const auto parent = other_parser_.header(message.view.parent);
  if (!parent) return complaints_.warning("task channel: reply to nothing dropped");
  const Reply reply{message, parent->msg_id, header->msg_type, header->date, facts};
  reply_ = &reply;
  const auto verdict = queue_.reply(message.views[0], parent->msg_id, facts, loop_.now());
  if (verdict == TaskQueue::Verdict::drop && take_repeated(message, parent->msg_id))
    forward(message);
  else if (verdict == TaskQueue::Verdict::drop)
    complaints_.warning("task channel: reply to a task that is finished or unknown dropped");
  if (verdict == TaskQueue::Verdict::forward) pass_on();
  reply_ = nullptr;
}

void TaskRelay::pass_on() {
  const Reply* const reply = std::exchange(reply_, nullptr);
  if (reply == nullptr) return;
  net::Incoming& message = reply->message;
  tap_.add_message(
      EventKind::task_reply, message.views[1], message.views[0], message.view, message.frames,
      {reply->id, reply->type, reply->date, reply->facts.status, reply->facts.started});
  if (journal_ != nullptr) note_reply(*reply);
  forward(message);
}

void TaskRelay::forward(net::Incoming& message) {
  std::swap(message.frames[0], message.frames[1]);
  to_clients_.add(message.frames);
}

void TaskRelay::cancel(net::Incoming& message) {
  const auto content = wire::parse_json(message.view.content, 8);
  std::vector<std::string> ids;
  if (content && content->is_object() && content->contains("msg_ids"))
    for (const auto& id : (*content)["msg_ids"])
      if (id.is_string()) ids.push_back(id.get<std::string>());
  Cancel cancel;
  cancel.client = message.views[0];
  cancel.header = message.view.header;
  cancel.until = loop_.now() + kCancelPatience;
  auto found = queue_.cancel(ids, loop_.now());
  cancel.withdrawn = std::move(found.withdrawn);
  ask_engines(cancel, found);
}

// One request to each engine that has some of the tasks; the client's answer waits for theirs.
void TaskRelay::ask_engines(Cancel& cancel, const TaskQueue::Cancelled& found) {
  const std::string id = maker_.session().next_id();
  const std::string header = maker_.session().header("cancel_request", id);
  for (const auto& [uuid, running] : found.running) {
    const TaskEngine* engine = queue_.find_engine(uuid);
    if (engine == nullptr) continue;
    if (!engine->extensions) {
      probe(*engine);
      continue;
    }
    net::Outgoing request;
    request.header = header;
    request.content = wire::dump_json({{"msg_ids", running}});
    const std::string_view identities[] = {uuid, cancel.client};
    auto frames = maker_.sign(identities, std::move(request));
    engines_.send(frames);
    ++cancel.open;
  }
  if (cancel.open == 0) return answer_cancel(cancel);
  cancels_.emplace(id, std::move(cancel));
  arm();
}

// Engines of ipyparallel's may never answer a task. The client interrupts what runs there: just
// before or after the user's code it is the engine's own code that is ended. Or it has answered a
// controller that is gone, and takes the task that comes again for an attack. The answer to this,
// sent behind it, tells.
void TaskRelay::probe(const TaskEngine& engine) {
  if (probes_.size() >= kMostProbes) probes_.erase(probes_.begin());
  const std::string_view uuid = engine.uuid;
  const std::string id = maker_.session().next_id();
  net::Outgoing request;
  request.header = maker_.session().header("execute_request", id);
  request.content = R"({"code":"","silent":true,"store_history":false,"user_expressions":{},)"
                    R"("allow_stdin":false,"stop_on_error":false})";
  auto frames = maker_.sign({&uuid, 1}, std::move(request));
  engines_.send(frames);
  probes_.emplace(id, queue_.runs());
}

bool TaskRelay::take_cancel_reply(const net::Incoming& message) {
  const auto parent = other_parser_.header(message.view.parent);
  if (!parent) return false;
  const auto found = cancels_.find(parent->msg_id);
  if (found == cancels_.end()) return false;
  Cancel& cancel = found->second;
  if (const auto content = wire::parse_json(message.view.content, 8);
      content && content->is_object()) {
    for (const auto& [key, list] :
         {std::pair{"withdrawn", &cancel.withdrawn}, std::pair{"interrupted", &cancel.interrupted}})
      if (content->contains(key))
        for (const auto& id : (*content)[key])
          if (id.is_string()) list->push_back(id.get<std::string>());
  }
  if (--cancel.open == 0) {
    answer_cancel(cancel);
    cancels_.erase(found);
  }
  return true;
}

void TaskRelay::answer_cancel(const Cancel& cancel) {
  const std::string_view identities[] = {cancel.client};
  auto frames = maker_.sign(identities,
                            maker_.message("cancel_reply", cancel.header, R"({"status": "ok"})",
                                           wire::dump_json({{"status", "ok"},
                                                            {"withdrawn", cancel.withdrawn},
                                                            {"interrupted", cancel.interrupted}})));
  to_clients_.add(frames);
}

void TaskRelay::undeliverable(net::Frames&& frames) {
  net::Incoming lost;
  lost.frames = std::move(frames);
  if (!lost.locate()) return;
  const auto header = header_parser_.header(lost.view.header);
  if (!header) return;
  const std::string id(header->msg_id);
  if (queue_.is_resumed(id)) {
    // Perhaps it runs there: nobody else gets it, and when the engine is given up, it is lost.
    if (engines_.knows(lost.frames[0].view())) engines_.send(lost.frames);
    return;
  }
  queue_.undeliverable(id, loop_.now());
}

void TaskRelay::arm() {
  TimePoint due = queue_.next_deadline();
  for (const auto& [id, cancel] : cancels_) due = std::min(due, cancel.until);
  if (due == timer_due_) return;
  if (timer_ != 0) loop_.cancel(timer_);
  timer_ = 0;
  timer_due_ = due;
  if (due == TimePoint::max()) return;
  timer_ = loop_.after(std::max(due - Clock::now(), Duration{0}), [this] { on_timer(); });
}

void TaskRelay::on_timer() {
  timer_ = 0;
  timer_due_ = TimePoint::max();
  const TimePoint now = Clock::now();
  queue_.expire(now);
  std::erase_if(cancels_, [&](const auto& entry) {
    if (entry.second.until > now) return false;
    answer_cancel(entry.second);
    return true;
  });
  arm();
}

}  // namespace ipc::sched
