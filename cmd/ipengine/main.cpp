// SPDX-License-Identifier: BSD-3-Clause
// ipengine: one engine of a cluster.
#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>

#include "cmd/ipengine/settings.hpp"
#include "libipc/cli/program.hpp"
#include "libipc/engine/guard.hpp"
#include "libipc/util/daemonize.hpp"
#include "libipc/util/file.hpp"

namespace ipc::ipengine {
namespace {

// The reference's status when the controller does not take the engine.
constexpr int kNotRegistered = 255;

/// INT, TERM and HUP as a descriptor; call before threads exist.
Result<Fd> take_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, number);
  if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0) return system_error(Code::internal, "signals");
  Fd fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd) return system_error(Code::internal, "signals");
  return fd;
}

Status open_log(const Settings& settings) {
  static Fd file;  // for the life of the process, as log::open asks
  if (!settings.log_to_file && !settings.daemonize) {
    log::open(STDERR_FILENO, settings.level, "ipengine");
    return {};
  }
  const std::string directory = config::log_directory(settings.cluster);
  IPC_TRY(make_directories(directory));
  const std::string path = config::cluster_file(settings.cluster, directory, "ipengine",
                                                "-" + std::to_string(::getpid()) + ".log");
  file.reset(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!file) return system_error(Code::internal, path);
  log::open(file.get(), std::min(settings.level, log::Level::info), "ipengine");
  return {};
}

/// Runs the engine until it ends.
Status run(const Settings& settings, const net::Connection& connection, engine::Guard& guard,
           Fd& signals, const std::function<void(int)>& registered) {
  Status outcome;
  net::Context context;
  net::Loop loop;
  engine::ProcessLauncher launcher(settings.python, &guard);
  engine::Engine engine(context, loop, launcher, &guard, settings.engine,
                        {registered, [&](const Status& status) {
                           outcome = status;
                           loop.stop();
                         }});
  loop.on_fd(signals.get(), POLLIN, [&](short) {
    signalfd_siginfo info;
    if (::read(signals.get(), &info, sizeof info) == sizeof info)
      engine.stop(std::string("signal ") + ::sigabbrev_np(static_cast<int>(info.ssi_signo)));
  });
  IPC_TRY(engine.start(connection));
  loop.run();
  return outcome;
}

Result<int> finish(const Status& outcome, Daemon* daemon, bool was_registered) {
  if (outcome) return 0;
  const Error& error = outcome.error();
  log::error(error.text());
  const bool refused =
      !was_registered && (error.code == Code::refused || error.code == Code::no_controller);
  const int status = refused ? kNotRegistered : static_cast<int>(error.code);
  if (daemon != nullptr)
    daemon->tell(status, error.text());
  else
    cli::complain(error.text());
  return status;
}

Result<int> body(const cli::Arguments& arguments) {
  IPC_TRY_ASSIGN(Settings settings, read_settings(arguments));
  if (!settings.directory.empty() && ::chdir(settings.directory.c_str()) != 0)
    return system_error(Code::usage, settings.directory);
  IPC_TRY_ASSIGN(const net::Connection connection, find_connection(settings));
  if (settings.connection_text.empty())
    settings.engine.connection_path = settings.connection_file();
  std::optional<Daemon> daemon;
  if (settings.daemonize) {
    IPC_TRY_ASSIGN(daemon, Daemon::start("", settings.limit + seconds(30)));
    if (daemon->is_parent()) {
      if (!daemon->report().message.empty()) cli::complain(daemon->report().message);
      return daemon->report().status;
    }
  }
  IPC_TRY(open_log(settings));
  IPC_TRY_ASSIGN(engine::Guard guard, engine::Guard::start());
  IPC_TRY_ASSIGN(Fd signals, take_signals());
  bool was_registered = false;
  const Status outcome = run(settings, connection, guard, signals, [&](int id) {
    was_registered = true;
    const std::string text = "Completed registration with id " + std::to_string(id);
    log::info(text);
    // Who starts engines by hand or by script waits for this line.
    if (daemon)
      daemon->tell(0, settings.quiet ? "" : text);
    else if (!settings.quiet && (settings.log_to_file || !log::enabled(log::Level::info)))
      cli::complain(text);
  });
  guard.leave();
  return finish(outcome, daemon ? &*daemon : nullptr, was_registered);
}

}  // namespace
}  // namespace ipc::ipengine

int main(int argc, char** argv) {
  ipc::cli::run_program(ipc::ipengine::kCommand, argc, argv, ipc::ipengine::body);
}
