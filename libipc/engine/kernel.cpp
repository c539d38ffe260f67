// SPDX-License-Identifier: BSD-3-Clause
// One kernel of an engine: its life, its messages, its output.
#include "libipc/engine/kernel.hpp"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>

#include "libipc/util/log.hpp"
#include "libipc/util/process.hpp"
#include "libipc/util/text.hpp"

namespace ipc::engine {
namespace {

constexpr size_t kKeptWords = 4096;
constexpr Duration kReadyLimit = seconds(60);
// Between the end of its connection and that of its process (which may write a core file).
constexpr Duration kExitLimit = seconds(2);
// Reads of one source before the others have their turn.
constexpr int kReadsPerTurn = 16;
// Where a request has nothing, a kernel with slots is told that it came from a scheduler.
constexpr size_t kParentPart = 1;
constexpr std::string_view kTaskMark = R"({"balanced":true})";

// How many processes this system has killed for want of memory.
long long oom_kills() {
  std::ifstream facts("/proc/vmstat");
  std::string name;
  for (long long count = 0; facts >> name >> count;)
    if (name == "oom_kill") return count;
  return 0;
}

}  // namespace

unsigned slots_of(const wire::Json& content) {
  return static_cast<unsigned>(std::clamp<int64_t>(wire::int_or(content, "slots", 0), 0, 65536));
}

Kernel::~Kernel() {
  if (!handles_) return;
  kill_group(SIGKILL);
  if (handles_->pid > 0) {
    ::waitpid(handles_->pid, nullptr, 0);
    launcher_.ended(handles_->pid);
  }
  loop_.cancel(timer_);
  for (const Fd* fd : {&handles_->socket, &handles_->out, &handles_->err, &handles_->exit})
    if (*fd) loop_.remove_fd(fd->get());
}

Status Kernel::start() {
  auto started = launcher_.start(name_);
  if (!started) return started.error();
  handles_ = *std::move(started);
  reader_ = {};
  writer_ = {};
  failure_.clear();
  signal_again_ = watching_output_ = held_ = interrupted_ = false;
  stderr_tail_.clear();
  facts_ = {};
  facts_.pid = handles_->pid;
  ledger_ = handles_->ledger;
  page_ = handles_->page;
  requests_ = replies_ = revoked_ = 0;
  oom_kills_ = oom_kills();
  ++generation_;
  state_ = State::starting;
  watch_socket(false);
  watch_pipes();
  if (handles_->exit) loop_.on_fd(handles_->exit.get(), POLLIN, [this](short) { on_exit(); });
  timer_ = loop_.after(kReadyLimit, [this] {
    if (state_ == State::starting) fail("kernel did not get ready in 60 s");
  });
  return {};
}

void Kernel::watch_socket(bool for_output) {
  watching_output_ = for_output;
  const int events = (held_ ? 0 : POLLIN) | (for_output ? POLLOUT : 0);
  loop_.on_fd(handles_->socket.get(), static_cast<short>(events),
              [this](short happened) { on_socket(happened); });
}

void Kernel::watch_pipes() {
  for (Fd* const pipe : {&handles_->out, &handles_->err}) {
    if (!*pipe) continue;
    const bool is_stderr = pipe == &handles_->err;
    loop_.remove_fd(pipe->get());
    if (!held_)
      loop_.on_fd(pipe->get(), POLLIN,
                  [this, pipe, is_stderr](short) { drain_pipe(*pipe, is_stderr); });
  }
}

void Kernel::hold(bool on) {
  if (on == held_ || !handles_ || (on && interrupted_)) return;
  held_ = on;
  if (handles_->socket) watch_socket(watching_output_);
  watch_pipes();
}

void Kernel::on_socket(short events) {
  if (events & POLLOUT) flush();
  if (handles_ && handles_->socket && (events & ~POLLOUT)) {
    read_messages();
    owner_.kernel_idle(*this);
  }
}

void Kernel::read_messages() {
  for (int i = 0; i < kReadsPerTurn && handles_ && handles_->socket; ++i) {
    const auto input = reader_.read(handles_->socket.get());
    // What a request printed must be taken before its reply is.
    drain_pipes();
    KernelMessage message;
    while (handles_ && reader_.next(message)) take(message);
    if (!handles_) return;
    if (reader_.broken()) return fail("kernel broke the protocol: " + reader_.error());
    if (input == FrameReader::Input::closed) {
      return closed();
    }
    if (input != FrameReader::Input::more || held_) return;
  }
}

// Normally its process is ending, and will say how.
void Kernel::closed() {
  if (handles_->pid == 0) return finish("kernel ended");
  loop_.remove_fd(handles_->socket.get());
  handles_->socket.reset();
  loop_.cancel(timer_);
  timer_ = loop_.after(kExitLimit, [this] { fail("kernel closed its connection to the engine"); });
}

void Kernel::take(const KernelMessage& message) {
  if (state_ == State::ready)
    owner_.kernel_message(*this, message);
  else if (state_ == State::starting)
    take_ready(message);
}

void Kernel::take_ready(const KernelMessage& message) {
  auto content = wire::parse_json(message.content);
  auto header = wire::parse_json(message.header);
  if (!content || !header || wire::string_or(*header, "msg_type") != "ready")
    return fail("kernel did not say 'ready' first");
  facts_.language = wire::string_or(*content, "language", name_);
  facts_.version = wire::string_or(*content, "version");
  const int64_t pid = wire::int_or(*content, "pid", 0);
  if (pid > 0) facts_.pid = static_cast<pid_t>(pid);
  facts_.prefetch =
      static_cast<unsigned>(std::clamp<int64_t>(wire::int_or(*content, "prefetch", 1), 1, 64));
  facts_.claims = ledger_ != nullptr && wire::bool_or(*content, "claims", false);
  facts_.has_slots = content->contains("slots");
  facts_.slots = slots_of(*content);
  state_ = State::ready;
  loop_.cancel(timer_);
  owner_.kernel_ready(*this);
}

void Kernel::send(std::span<const std::string_view> parts, std::span<net::Frame> frames) {
  if (state_ == State::ready) writer_.add(parts, frames);
}

void Kernel::flush() {
  if (!handles_ || !handles_->socket || writer_.empty()) return;
  // A closed socket is noticed by reading: what the kernel still said comes first.
  const bool blocked = writer_.flush(handles_->socket.get()) == FrameWriter::Output::blocked;
  if (blocked != watching_output_) watch_socket(blocked);
  if (signal_again_ && writer_.empty()) {
    signal_again_ = false;
    kill_group(SIGINT);
  }
}

std::uint64_t Kernel::send_request(std::span<const std::string_view> parts,
                                   std::span<net::Frame> frames, std::string_view task) {
  ++requests_;
  if (ledger_ != nullptr && !task.empty()) ledger_->note(page_, requests_, task);
  if (ledger_ != nullptr && !facts_.claims) ledger_->claims(page_).begun = requests_;
  if (facts_.has_slots && !task.empty()) {
    std::vector<std::string_view> marked(parts.begin(), parts.end());
    marked[kParentPart] = kTaskMark;
    send(marked, frames);
  } else {
    send(parts, frames);
  }
  return requests_;
}

void Kernel::revoke() {
  if (!facts_.claims) return;
  revoked_ = requests_;
  engine::revoke(ledger_->claims(page_), revoked_);
}

std::uint64_t Kernel::begun() const {
  if (!facts_.claims) return requests_;
  // User code shares the page.
  return std::clamp<std::uint64_t>(ledger_->claims(page_).begun, replies_, requests_);
}

void Kernel::interrupt(std::string_view msg_id) {
  const std::string content = "{\"msg_id\":" + json_quote(msg_id) + "}";
  const std::array<std::string_view, 4> parts = {R"({"msg_type": "interrupt"})", "{}", "{}",
                                                 content};
  send(parts);
  flush();
  kill_group(SIGINT);
  interrupted_ = true;
  hold(false);
  // The signal makes the kernel read; what is not through yet needs another one.
  signal_again_ = !writer_.empty();
}

Status Kernel::signal(int number) {
  if (handles_ && handles_->pid > 0 && ::kill(-handles_->pid, number) == 0) return {};
  return system_error(Code::internal, "signal " + std::to_string(number));
}

void Kernel::end(Duration grace, bool gentle) {
  if (!handles_ || state_ == State::ending) return;
  state_ = State::ending;
  loop_.cancel(timer_);
  loop_.remove_fd(handles_->socket.get());
  handles_->socket.reset();
  if (handles_->pid == 0) return finish("kernel ended");
  if (!gentle) kill_group(SIGTERM);
  timer_ = loop_.after(grace, [this] { kill_group(SIGKILL); });
}

void Kernel::add_words(std::string_view bytes) {
  stderr_tail_.append(bytes.substr(bytes.size() - std::min(bytes.size(), kKeptWords)));
  if (stderr_tail_.size() > kKeptWords) stderr_tail_.erase(0, stderr_tail_.size() - kKeptWords);
}

void Kernel::drain_pipes() {
  if (!handles_) return;
  // One call for both: there is nothing in them nearly always.
  std::array<pollfd, 2> pipes{{{handles_->out.get(), POLLIN, 0}, {handles_->err.get(), POLLIN, 0}}};
  if (::poll(pipes.data(), pipes.size(), 0) <= 0) return;
  if (pipes[0].revents != 0) drain_pipe(handles_->out, false);
  if (handles_ && pipes[1].revents != 0) drain_pipe(handles_->err, true);
}

void Kernel::drain_pipe(Fd& pipe, bool is_stderr) {
  std::array<char, 64 << 10> bytes;
  for (int i = 0; i < kReadsPerTurn && pipe; ++i) {
    const ssize_t n = ::read(pipe.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
      loop_.remove_fd(pipe.get());
      pipe.reset();
      return;
    }
    const std::string_view text(bytes.data(), static_cast<size_t>(n));
    if (is_stderr) add_words(text);
    owner_.kernel_output(*this, is_stderr, text);
    if (text.size() < bytes.size()) return;
  }
}

// The process is ended by us; what is left to do follows when it is gone.
void Kernel::fail(std::string why) {
  if (!handles_) return;
  if (failure_.empty()) failure_ = std::move(why);
  if (handles_->socket) {
    loop_.remove_fd(handles_->socket.get());
    handles_->socket.reset();
  }
  if (handles_->pid == 0) return finish(failure_);
  kill_group(SIGKILL);
}

void Kernel::kill_group(int number) {
  if (handles_ && handles_->pid > 0) ::kill(-handles_->pid, number);
}

void Kernel::on_exit() {
  // As long as it is not waited for, the group cannot become another's: children go with it.
  kill_group(SIGKILL);
  int status = 0;
  if (::waitpid(handles_->pid, &status, WNOHANG) != handles_->pid) return;
  launcher_.ended(handles_->pid);
  handles_->pid = 0;
  std::string why = "kernel ";
  if (WIFEXITED(status))
    why = "kernel ended, " + describe_exit(status);
  else
    why += describe_exit(status);
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && oom_kills() > oom_kills_)
    why += ", probably as the system ran out of memory";
  const bool by_us = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && !failure_.empty();
  finish(by_us ? failure_ : why);
}

void Kernel::finish(std::string why) {
  // Replies it had written before it died count.
  if (handles_->socket && state_ == State::ready) {
    KernelMessage message;
    drain_pipes();
    while (reader_.next(message)) owner_.kernel_message(*this, message);
    // A read may be short of what there is: on until the end of file, or EAGAIN if a child of the
    // kernel holds the other end.
    FrameReader::Input input;
    do {
      input = reader_.read(handles_->socket.get());
      while (reader_.next(message)) owner_.kernel_message(*this, message);
    } while (input == FrameReader::Input::more);
  }
  drain_pipes();
  const bool was_ready = state_ == State::ready;
  loop_.cancel(timer_);
  for (const Fd* fd : {&handles_->socket, &handles_->out, &handles_->err, &handles_->exit})
    if (*fd) loop_.remove_fd(fd->get());
  handles_.reset();
  state_ = State::absent;
  owner_.kernel_ended(*this, why, was_ready);
}

}  // namespace ipc::engine
