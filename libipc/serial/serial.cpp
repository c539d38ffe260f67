// SPDX-License-Identifier: BSD-3-Clause
// One engine without a cluster.
#include "libipc/serial/serial.hpp"

#include <unistd.h>

#include <deque>
#include <map>
#include <optional>

#include "libipc/engine/kernel.hpp"
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

class Engine final : public client::StandIn, public engine::KernelOwner {
 public:
  ~Engine() override {
    kernels_.clear();
    if (loop_ != nullptr && timer_ != 0) loop_->cancel(timer_);
  }
  void begin(net::Loop& loop, Deliver deliver) override {
    loop_ = &loop;
    deliver_ = std::move(deliver);
  }
  void take(const std::string& id, Request request) override;

 private:
  struct Job {
    std::string id;
    Request request;
  };
  struct Answer {
    std::string id, type, content;
  };

  void kernel_ready(Kernel& kernel) override;
  void kernel_message(Kernel& kernel, const KernelMessage& message) override;
  void kernel_output(Kernel& kernel, bool is_stderr, std::string_view bytes) override;
  void kernel_idle(Kernel&) override { feed(); }
  void kernel_ended(Kernel& kernel, const std::string& why, bool was_ready) override;

  Kernel& kernel_for(const Request& request);
  void answer(const Job& job, std::string content);
  void cancel(const std::string& content);
  void turn_soon();
  void feed();
  void run(Kernel& kernel);
  void deliver(const std::string& id, std::string_view type, std::string content,
               net::Frames buffers = {});
  std::string table() const;

  net::Loop* loop_ = nullptr;
  Deliver deliver_;
  net::Loop::TimerId timer_ = 0;
  wire::Session session_;
  wire::Signer signer_ = *wire::Signer::create("hmac-sha256", "");
  engine::ProcessLauncher launcher_{{}, nullptr};
  std::map<std::string, std::unique_ptr<Kernel>> kernels_;
  std::deque<Job> queue_;
  std::optional<Job> running_;
  std::deque<Answer> answers_;  // that no kernel gives
};

std::string Engine::table() const {
  const Json facts = {{"version", IPKIT_VERSION}, {"host", host_name()}, {"language", "python"},
                      {"kernel", "python"},       {"pid", ::getpid()},   {"prefetch", 1}};
  return wire::dump_json({{"status", "ok"},
                          {"engines", {{"0", session_.id()}}},
                          {"ipkit", {{"engines", {{"0", facts}}}}}});
}

void Engine::take(const std::string& id, Request request) {
  Job job{id, std::move(request)};
  if (job.request.type == "connection_request") {
    answer(job, table());
  } else if (job.request.type == "cancel_request") {
    cancel(job.request.content);
    answer(job, R"({"status":"ok"})");
  } else {
    queue_.push_back(std::move(job));
    turn_soon();
  }
}

void Engine::answer(const Job& job, std::string content) {
  answers_.push_back({job.id, wire::reply_type(job.request.type), std::move(content)});
  turn_soon();
}

void Engine::turn_soon() {
  if (timer_ != 0) return;
  timer_ = loop_->after(Duration{0}, [this] {
    timer_ = 0;
    while (!answers_.empty()) {
      const Answer next = std::move(answers_.front());
      answers_.pop_front();
      deliver(next.id, next.type, next.content);
    }
    feed();
  });
}

void Engine::cancel(const std::string& content) {
  const auto json = wire::parse_json(content);
  if (!json || !json->is_object() || !json->contains("msg_ids")) return;
  for (const auto& id : (*json)["msg_ids"]) {
    if (running_ && id == running_->id) kernel_for(running_->request).interrupt(running_->id);
    for (auto job = queue_.begin(); job != queue_.end(); ++job) {
      if (id != job->id) continue;
      answer(*job, R"({"status":"aborted"})");
      queue_.erase(job);
      break;
    }
  }
}

Kernel& Engine::kernel_for(const Request& request) {
  const std::string name = request.kernel.empty() ? "python" : request.kernel;
  auto& kernel = kernels_[name];
  if (!kernel) kernel = std::make_unique<Kernel>(*loop_, launcher_, *this, name);
  return *kernel;
}

// Has the kernel of the next request started, and gives it that.
void Engine::feed() {
  while (!running_ && !queue_.empty()) {
    Kernel& kernel = kernel_for(queue_.front().request);
    if (kernel.state() == Kernel::State::ready) return run(kernel);
    if (kernel.state() != Kernel::State::absent) return;
    const Status started = kernel.start();
    if (started) return;
    const bool missing = started.error().code == Code::no_input;
    answer(queue_.front(), wire::error_content(missing ? "NoSuchKernel" : "KernelStartFailed",
                                               started.error().text()));
    queue_.pop_front();
  }
}

void Engine::run(Kernel& kernel) {
  running_ = std::move(queue_.front());
  queue_.pop_front();
  Request& request = running_->request;
  const std::string header = session_.header(request.type, running_->id);
  std::vector<std::string_view> parts = {header, "{}", R"({"output":"reply"})", request.content};
  net::Frames frames(parts.size());
  for (auto& buffer : request.buffers) {
    parts.push_back(buffer.view());
    frames.push_back(std::move(buffer));
  }
  // Views of small frames are into the frames themselves.
  for (size_t i = 4; i < parts.size(); ++i) parts[i] = frames[i].view();
  kernel.forget_words();
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

void Engine::kernel_message(Kernel& kernel, const KernelMessage& message) {
  const auto header = wire::parse_json(message.header);
  const std::string type = header ? wire::string_or(*header, "msg_type") : "";
  if (!running_ || type.empty()) return;
  net::Frames buffers;
  for (size_t i = 0; i < message.buffers.size(); ++i)
    buffers.push_back(kernel.reader().take_buffer(message, i));
  std::string content(message.content);
  if (type.ends_with("_reply")) {
    const std::string id = std::exchange(running_, std::nullopt)->id;
    deliver(id, type, std::move(content), std::move(buffers));
  } else if (running_->request.directed) {
    deliver(running_->id, type, std::move(content), std::move(buffers));
  }
}

void Engine::kernel_output(Kernel&, bool is_stderr, std::string_view bytes) {
  if (!running_ || !running_->request.directed) return;
  net::Frames buffers;
  buffers.emplace_back(bytes);
  deliver(running_->id, "stream", is_stderr ? R"({"name":"stderr"})" : R"({"name":"stdout"})",
          std::move(buffers));
}

void Engine::kernel_ended(Kernel& kernel, const std::string& why, bool was_ready) {
  const std::string_view words = trim(kernel.last_words());
  const std::string text =
      why + (words.empty() ? "" : "; last words: \"" + std::string(words) + "\"");
  if (was_ready && running_ && &kernel_for(running_->request) == &kernel) {
    answer(*running_, wire::error_content("KernelDied", text));
    running_.reset();
  } else if (!was_ready && !queue_.empty()) {
    answer(queue_.front(), wire::error_content("KernelStartFailed", text));
    queue_.pop_front();
  }
  turn_soon();
}

void Engine::deliver(const std::string& id, std::string_view type, std::string content,
                     net::Frames buffers) {
  net::Outgoing out;
  out.header = session_.header(type);
  out.metadata = wire::dump_json({{"engine", session_.id()}});
  out.content = std::move(content);
  out.buffers = std::move(buffers);
  const std::string_view identity = session_.id();
  net::Incoming message;
  message.frames = net::encode(signer_, std::span(&identity, 1), std::move(out));
  if (message.locate()) deliver_(id, type, std::move(message));
}

}  // namespace

std::shared_ptr<client::StandIn> make_engine() {
  return std::make_shared<Engine>();
}

}  // namespace ipc::serial
