// SPDX-License-Identifier: BSD-3-Clause
// The life of a bridge: the kernel it starts or finds, and both their ends.
#include "kernels/jupyter/session.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <memory>
#include <optional>

#include "kernels/jupyter/bridge.hpp"
#include "kernels/jupyter/process.hpp"
#include "kernels/jupyter/spec.hpp"

namespace ipc::jupyter {
namespace {

// The engine gives us a second in all before it kills.
constexpr Duration kTermAfter = milliseconds(500), kKillAfter = milliseconds(750);
// For an application's kernel: how long until it answers, and how long a heart may be silent.
constexpr Duration kFindLimit = seconds(20);
constexpr Duration kHeartPeriod = seconds(3);
constexpr int kHeartMisses = 3;
constexpr Duration kBrokenLimit = seconds(1);
constexpr size_t kKeptOutput = 4096;

/// What the word stands for.
struct Start {
  std::string name;
  Endpoints endpoints;
  std::optional<ConnectionFile> file;
  std::optional<KernelProcess> process;
  bool interrupt_by_message = true;
};

Result<Start> start_kernel(const std::string& name) {
  Start start;
  IPC_TRY_ASSIGN(KernelSpec spec, find_kernel_spec(name));
  IPC_TRY_ASSIGN(start.file, make_connection_file(spec.name));
  start.name = "jupyter:" + spec.name;
  start.endpoints = start.file->endpoints;
  start.interrupt_by_message = spec.interrupt_by_message;
  // As Jupyter's own launcher: a kernel that knows its parent writes no greeting.
  spec.env.emplace("JPY_PARENT_PID", std::to_string(::getpid()));
  IPC_TRY_ASSIGN(KernelProcess process,
                 KernelProcess::start(spec.command(start.file->path), spec.env, *start.file));
  start.process.emplace(std::move(process));
  return start;
}

Result<Start> find_kernel(const std::string& path) {
  Start start;
  start.name = "existing:" + path;
  IPC_TRY_ASSIGN(start.endpoints, net::read_kernel_file(path));
  return start;
}

class Session {
 public:
  Session(int fd, Start start)
      : start_(std::move(start)),
        link_(loop_, fd,
              {[this](const engine::KernelMessage& message) { bridge_.from_engine(message); },
               [this] { leave(); }}),
        client_(context_, loop_, start_.endpoints,
                {[this](const FromKernel& message) { bridge_.from_kernel(message); },
                 [this] {
                   missed_ = 0;
                   broken_ = false;
                 },
                 [this] { lost(); }}),
        bridge_(loop_, client_, link_, config()) {}

  Status run() {
    IPC_TRY(watch_signals());
    IPC_TRY(client_.connect());
    if (start_.process)
      watch_process();
    else
      watch_heart();
    bridge_.start();
    loop_.run();
    return outcome_;
  }

 private:
  BridgeConfig config();
  Status watch_signals();
  void watch_process();
  void watch_heart();
  void read_pipe(Fd& pipe, bool is_stderr);
  void drain();
  void ended();
  void leave();
  void lost();
  void fail(const std::string& why);

  net::Loop loop_;
  net::Context context_;
  Start start_;
  EngineLink link_;
  Client client_;
  Bridge bridge_;
  Fd signals_;
  std::string early_;  // output before the kernel answered
  int missed_ = 0;
  bool leaving_ = false, broken_ = false;
  Status outcome_;
};

BridgeConfig Session::config() {
  BridgeConfig config;
  config.name = start_.name;
  config.endpoints = start_.endpoints;
  config.adopted = !start_.process;
  config.interrupt_by_message = start_.interrupt_by_message;
  if (start_.process) {
    config.pid = start_.process->pid();
    config.directory = start_.file->directory;
    config.interrupt = [this] { start_.process->signal(SIGINT); };
    config.drain_output = [this] { drain(); };
    config.is_up = [this] { start_.file->held.clear(); };
  }
  config.fail = [this](const std::string& why) { fail(why); };
  return config;
}

Status Session::watch_signals() {
  // What is meant for the kernel goes to it; SIGTERM is the engine's wish that we end.
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGCONT})
    sigaddset(&set, number);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  signals_.reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_) return system_error(Code::internal, "signalfd");
  loop_.on_fd(signals_.get(), POLLIN, [this](short) {
    signalfd_siginfo info;
    while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
      if (info.ssi_signo == SIGTERM)
        leave();
      else if (start_.process)
        start_.process->signal(static_cast<int>(info.ssi_signo));
    }
  });
  return {};
}

void Session::watch_process() {
  KernelProcess& process = *start_.process;
  loop_.on_fd(process.exit_fd(), POLLIN, [this](short) { ended(); });
  loop_.on_fd(process.out.get(), POLLIN, [this](short) { read_pipe(start_.process->out, false); });
  loop_.on_fd(process.err.get(), POLLIN, [this](short) { read_pipe(start_.process->err, true); });
}

void Session::read_pipe(Fd& pipe, bool is_stderr) {
  std::array<char, 64 << 10> bytes;
  while (pipe) {
    const ssize_t n = ::read(pipe.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
      loop_.remove_fd(pipe.get());
      pipe.reset();
      return;
    }
    const std::string_view text(bytes.data(), static_cast<size_t>(n));
    if (bridge_.is_ready()) {
      bridge_.output(is_stderr, text);
    } else {
      early_ += text;
      if (early_.size() > kKeptOutput) early_.erase(0, early_.size() - kKeptOutput);
    }
    if (text.size() < bytes.size()) return;
  }
}

void Session::drain() {
  read_pipe(start_.process->out, false);
  read_pipe(start_.process->err, true);
}

// The kernel's end is ours, whether it was asked for or not.
void Session::ended() {
  drain();
  const int status = start_.process->reap();
  if (leaving_) ::_exit(0);
  if (!bridge_.is_ready()) [[maybe_unused]]
    const ssize_t n = ::write(2, early_.data(), early_.size());
  link_.flush_all();
  end_like(status);
}

// The engine has gone, or wants us to.
void Session::leave() {
  if (leaving_) return;
  leaving_ = true;
  if (!start_.process) return loop_.stop();
  client_.ask(Channel::control, "shutdown_request", R"({"restart":false})");
  loop_.after(kTermAfter, [this] { start_.process->signal(SIGTERM); });
  loop_.after(kKillAfter, [this] { start_.process->signal(SIGKILL); });
}

void Session::fail(const std::string& why) {
  outcome_ = Error{Code::no_controller, start_.name + ": " + why, ""};
  loop_.stop();
}

// Only for a kernel that is not ours to wait for.
void Session::watch_heart() {
  loop_.after(kFindLimit, [this] {
    if (!bridge_.is_ready()) fail("no answer in 20 s; is the kernel still there, or busy?");
  });
  loop_.every(kHeartPeriod, [this] {
    if (!bridge_.is_ready()) return;
    // Some hearts are silent while code runs; a connection that broke tells all the same.
    if (bridge_.is_busy()) missed_ = 0;
    if (++missed_ > kHeartMisses) return fail("its heart has been silent for 9 s");
    client_.ping();
  });
}

void Session::lost() {
  if (start_.process || !bridge_.is_ready()) return;
  broken_ = true;
  client_.ping();
  loop_.after(kBrokenLimit, [this] {
    if (broken_) fail("the kernel is gone");
  });
}

}  // namespace

Status run(int fd, const std::string& word) {
  constexpr std::string_view kStart = "jupyter:", kExisting = "existing:";
  if (word.starts_with(kStart)) {
    IPC_TRY_ASSIGN(Start start, start_kernel(word.substr(kStart.size())));
    return Session(fd, std::move(start)).run();
  }
  if (!word.starts_with(kExisting))
    return Error{Code::usage, "'" + word + "' is neither jupyter:NAME nor existing:FILE", ""};
  IPC_TRY_ASSIGN(Start start, find_kernel(word.substr(kExisting.size())));
  return Session(fd, std::move(start)).run();
}

}  // namespace ipc::jupyter
