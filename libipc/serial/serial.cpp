// SPDX-License-Identifier: BSD-3-Clause
// One engine without a cluster.
#include "libipc/serial/serial.hpp"

#include <unistd.h>

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <unordered_map>

#include "libipc/engine/kernel.hpp"
#include "libipc/sched/replies.hpp"
#include "libipc/sched/task_queue.hpp"
#include "libipc/util/clock.hpp"
#include "libipc/util/process.hpp"
#include "libipc/util/text.hpp"
#include "libipc/wire/errors.hpp"
#include "libipc/wire/header.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::serial {
namespace {

using client::Request;
using engine::Kernel;
using engine::KernelMessage;
using wire::Json;

// All tasks are for the one engine.
class OnlyChoice final : public sched::Policy {
  std::size_t choose(std::span<const unsigned>) override { return 0; }
};

class Engine final : public client::StandIn, public engine::KernelOwner, sched::TaskOutput {
 public:
  ~Engine() override {
    kernels_.clear();
    if (loop_ == nullptr) return;
    if (turn_timer_ != 0) loop_->cancel(turn_timer_);
    if (due_timer_ != 0) loop_->cancel(due_timer_);
  }
  void begin(net::Loop& loop, Deliver deliver) override {
    loop_ = &loop;
    deliver_ = std::move(deliver);
    queue_.engine_added(session_.id(), true, loop.now());
  }
  void take(const std::string& id, Request request) override;

 private:
  // What the queue has handed out.
  struct Running {
    std::string id;
    std::string started;  // empty: its kernel does not have it yet
  };
  struct Answer {
    std::string id, type, content;
    bool by_engine = false;
    std::string started = {};  // if a kernel had it
    net::Frames buffers = {};
  };

  void kernel_ready(Kernel& kernel) override;
  void kernel_message(Kernel& kernel, const KernelMessage& message) override;
  void kernel_output(Kernel& kernel, bool is_stderr, std::string_view bytes) override;
  void kernel_idle(Kernel&) override { feed(); }
  void kernel_ended(Kernel& kernel, const std::string& why, bool was_ready) override;
  void run(sched::Job& job, sched::TaskEngine&) override;
  void fail(sched::Job& job, sched::TaskFailure why, const sched::TaskEngine*) override;
  void pass_on() override;

  bool runs() const { return running_ && !running_->started.empty(); }
  Request& request() { return requests_.at(running_->id); }
  Kernel& kernel_for(const Request& request);
  void cancel(const std::string& content);
  void end(std::string content);
  void finish(bool ok, Answer answer);
  void turn_soon();
  void arm();
  void give_answers();
  void feed();
  void hand_over(Kernel& kernel);
  void answer_code(std::string_view content);
  void deliver(Answer answer);
  std::string table() const;

  net::Loop* loop_ = nullptr;
  Deliver deliver_;
  net::Loop::TimerId turn_timer_ = 0, due_timer_ = 0;
  wire::Session session_;
  wire::Signer signer_ = *wire::Signer::create("hmac-sha256", "");
  wire::FieldParser parser_;
  engine::ProcessLauncher launcher_{{}, nullptr};
  std::map<std::string, std::unique_ptr<Kernel>> kernels_;
  sched::TaskQueue queue_{*this, std::make_unique<OnlyChoice>(), 1};
  std::unordered_map<std::string, Request> requests_;  // in the queue, and the one that runs
  std::optional<Running> running_;
  std::deque<Answer> answers_;
  Answer* final_ = nullptr;  // what the queue is told of
};

std::string Engine::table() const {
  const Json facts = {{"version", IPKIT_VERSION}, {"host", host_name()}, {"language", "python"},
                      {"kernel", "python"},       {"pid", ::getpid()},   {"prefetch", 1}};
  return wire::dump_json({{"status", "ok"},
                          {"engines", {{"0", session_.id()}}},
                          {"ipkit", {{"engines", {{"0", facts}}}}}});
}

void Engine::take(const std::string& id, Request request) {
  if (request.type == "connection_request") {
    answers_.push_back({id, "connection_reply", table()});
  } else if (request.type == "cancel_request") {
    cancel(request.content);
    answers_.push_back({id, "cancel_reply", R"({"status":"ok"})"});
  } else if (request.type == "answer_request") {
    if (runs()) answer_code(request.content);
    answers_.push_back({id, "answer_reply", R"({"status":"ok"})"});
  } else {
    std::unique_ptr<sched::Conditions> conditions;
    bool is_ours = true;
    if (!request.metadata.is_null())
      conditions =
          sched::read_conditions(parser_, wire::dump_json(request.metadata), request.type, is_ours);
    requests_.emplace(id, std::move(request));
    net::Frames none;
    queue_.submit(id, none, std::move(conditions), loop_->now());
  }
  arm();
  turn_soon();
}

void Engine::run(sched::Job& job, sched::TaskEngine&) {
  running_ = Running{job.id, ""};
}

void Engine::fail(sched::Job& job, sched::TaskFailure why, const sched::TaskEngine*) {
  const auto request = requests_.extract(job.id);
  answers_.push_back({job.id, wire::reply_type(request.mapped().type),
                      why == sched::TaskFailure::withdrawn
                          ? R"({"status":"aborted"})"
                          : wire::error_content(sched::failure_name(why), "")});
}

// Before what the queue makes of those that wait for it.
void Engine::pass_on() {
  if (final_ != nullptr) answers_.push_back(std::move(*std::exchange(final_, nullptr)));
}

void Engine::finish(bool ok, Answer answer) {
  running_.reset();
  sched::ReplyFacts facts;
  facts.ok = ok;
  final_ = &answer;
  const std::string id = answer.id;
  if (queue_.reply(session_.id(), id, facts, loop_->now()) == sched::TaskQueue::Verdict::forward) {
    pass_on();
    requests_.erase(id);
  }
  final_ = nullptr;
  arm();
  turn_soon();
}

// The request that was handed out has no reply of a kernel.
void Engine::end(std::string content) {
  finish(false, {running_->id, wire::reply_type(request().type), std::move(content), true,
                 running_->started});
}

void Engine::turn_soon() {
  if (turn_timer_ != 0) return;
  turn_timer_ = loop_->after(Duration{0}, [this] {
    turn_timer_ = 0;
    give_answers();
    feed();
  });
}

// For what may wait so long and no longer.
void Engine::arm() {
  if (due_timer_ != 0) loop_->cancel(due_timer_);
  due_timer_ = 0;
  const TimePoint due = queue_.next_deadline();
  if (due == TimePoint::max()) return;
  due_timer_ = loop_->after(std::max(due - Clock::now(), Duration{0}), [this] {
    due_timer_ = 0;
    queue_.expire(Clock::now());
    arm();
    turn_soon();
  });
}

void Engine::give_answers() {
  while (!answers_.empty()) {
    Answer next = std::move(answers_.front());
    answers_.pop_front();
    deliver(std::move(next));
  }
}

void Engine::cancel(const std::string& content) {
  const auto json = wire::parse_json(content);
  if (!json || !json->is_object() || !json->contains("msg_ids")) return;
  std::vector<std::string> ids;
  for (const auto& id : (*json)["msg_ids"])
    if (id.is_string()) ids.push_back(id.get<std::string>());
  if (queue_.cancel(ids, loop_->now()).running.empty()) return;
  if (runs())
    kernel_for(request()).interrupt(running_->id);
  else
    end(R"({"status":"aborted"})");
}

Kernel& Engine::kernel_for(const Request& request) {
  const std::string name = request.kernel.empty() ? "python" : request.kernel;
  auto& kernel = kernels_[name];
  if (!kernel) kernel = std::make_unique<Kernel>(*loop_, launcher_, *this, name);
  return *kernel;
}

// Has the kernel of what was handed out started, and gives it that.
void Engine::feed() {
  while (running_ && !runs()) {
    Kernel& kernel = kernel_for(request());
    if (kernel.state() == Kernel::State::ready) return hand_over(kernel);
    if (kernel.state() != Kernel::State::absent) return;
    const Status started = kernel.start();
    if (started) return;
    const bool missing = started.error().code == Code::no_input;
    end(wire::error_content(missing ? "NoSuchKernel" : "KernelStartFailed",
                            started.error().text()));
  }
}

void Engine::hand_over(Kernel& kernel) {
  running_->started = iso8601(unix_now());
  Request& work = request();
  const std::string header = session_.header(work.type, running_->id);
  std::vector<std::string_view> parts = {header, "{}", R"({"output":"reply"})", work.content};
  net::Frames frames(parts.size());
  for (auto& buffer : work.buffers) {
    parts.push_back(buffer.view());
    frames.push_back(std::move(buffer));
  }
  // Views of small frames are into the frames themselves.
  for (size_t i = 4; i < parts.size(); ++i) parts[i] = frames[i].view();
  kernel.forget();
  kernel.send(parts, frames);
  kernel.flush();
}

void Engine::kernel_ready(Kernel& kernel) {
  const std::string content = wire::dump_json({{"engine_uuid", session_.id()}, {"engine_id", 0}});
  const std::array<std::string_view, 4> parts = {R"({"msg_type": "hello"})", "{}", "{}", content};
  kernel.send(parts);
  kernel.flush();
  feed();
}

// What was typed for code that asked; the kernel knows whether it still waits.
void Engine::answer_code(std::string_view content) {
  Kernel& kernel = kernel_for(request());
  const std::array<std::string_view, 4> parts = {R"({"msg_type": "input_reply"})", "{}", "{}",
                                                 content};
  kernel.send(parts);
  kernel.flush();
}

void Engine::kernel_message(Kernel& kernel, const KernelMessage& message) {
  const auto header = wire::parse_json(message.header);
  const std::string type = header ? wire::string_or(*header, "msg_type") : "";
  if (!runs() || type.empty()) return;
  net::Frames buffers;
  for (size_t i = 0; i < message.buffers.size(); ++i)
    buffers.push_back(kernel.reader().take_buffer(message, i));
  std::string content(message.content);
  if (type.ends_with("_reply")) {
    const bool ok = parser_.field(content, "status") == "ok";
    finish(ok,
           {running_->id, type, std::move(content), true, running_->started, std::move(buffers)});
    give_answers();
  } else if (request().directed) {
    deliver({running_->id, type, std::move(content), true, {}, std::move(buffers)});
  }
}

void Engine::kernel_output(Kernel&, bool is_stderr, std::string_view bytes) {
  if (!runs() || !request().directed) return;
  net::Frames buffers;
  buffers.emplace_back(bytes);
  deliver({running_->id,
           "stream",
           is_stderr ? R"({"name":"stderr"})" : R"({"name":"stdout"})",
           true,
           {},
           std::move(buffers)});
}

void Engine::kernel_ended(Kernel& kernel, const std::string& why, bool was_ready) {
  if (!running_ || &kernel_for(request()) != &kernel || was_ready != runs()) return turn_soon();
  const std::string_view words = trim(kernel.last_words());
  end(wire::error_content(
      was_ready ? "KernelDied" : "KernelStartFailed",
      why + (words.empty() ? "" : "; last words: \"" + std::string(words) + "\"")));
}

void Engine::deliver(Answer answer) {
  net::Outgoing out;
  out.header = session_.header(answer.type);
  Json metadata = Json::object();
  if (answer.by_engine) metadata["engine"] = session_.id();
  if (!answer.started.empty()) metadata["started"] = answer.started;
  out.metadata = wire::dump_json(metadata);
  out.content = std::move(answer.content);
  out.buffers = std::move(answer.buffers);
  const std::string_view identity = session_.id();
  net::Incoming message;
  message.frames =
      net::encode(signer_, std::span(&identity, answer.by_engine ? 1 : 0), std::move(out));
  if (message.locate()) deliver_(answer.id, answer.type, std::move(message));
}

}  // namespace

std::shared_ptr<client::StandIn> make_engine() {
  return std::make_shared<Engine>();
}

}  // namespace ipc::serial
