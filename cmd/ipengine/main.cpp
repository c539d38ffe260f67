// SPDX-License-Identifier: BSD-3-Clause
// ipengine: one engine of a cluster.
#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>

#include "cmd/ipengine/traits.hpp"
#include "libipc/cli/output.hpp"
#include "libipc/cli/program.hpp"
#include "libipc/cli/traits.hpp"
#include "libipc/engine/guard.hpp"
#include "libipc/util/daemonize.hpp"
#include "libipc/util/file.hpp"
#include "libipc/util/memory.hpp"
#include "libipc/util/process.hpp"

namespace ipc::ipengine {
namespace {

// The reference's status when the controller does not take the engine.
constexpr int kNotRegistered = 255;

/// What ends the engine, and what it passes on, as a descriptor; call before threads exist.
Result<Fd> take_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGPWR})
    sigaddset(&set, number);
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
Status run(const Settings& settings, const net::Connection& connection, engine::Ledger& ledger,
           engine::Guard& guard, Fd& signals, const std::function<void(int)>& registered) {
  Status outcome;
  net::Context context;
  net::Loop loop;
  IPC_TRY_ASSIGN(engine::MessageSocket messages, engine::MessageSocket::open());
  engine::KernelSetting kernel = settings.kernel;
  kernel.environment.push_back("IPKIT_MESSAGES=" + messages.name);
  engine::ProcessLauncher launcher(std::move(kernel), &guard, &ledger);
  engine::Engine engine(context, loop, launcher, &guard, settings.engine,
                        {registered, [&](const Status& status) {
                           outcome = status;
                           loop.stop();
                         }});
  loop.on_fd(signals.get(), POLLIN, [&](short) {
    signalfd_siginfo info;
    if (::read(signals.get(), &info, sizeof info) != sizeof info) return;
    const int number = static_cast<int>(info.ssi_signo);
    if (number == SIGPWR) return engine.drain("it was told to drain");
    if (!engine.pass_signal(number)) engine.stop(std::string("signal ") + ::sigabbrev_np(number));
  });
  engine.serve_messages(std::move(messages.fd));
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

/// What was asked for instead of an engine; empty: nothing was.
std::string answer(const cli::Arguments& arguments, const Settings& settings) {
  if (arguments.has("help-all")) return cli::help_text(kCommand) + traits_text();
  if (settings.show_config || settings.show_config_json) return given_text(settings);
  return "";
}

Result<int> body(const cli::Arguments& arguments) {
  IPC_TRY_ASSIGN(Settings settings, read_settings(arguments));
  if (const std::string text = answer(arguments, settings); !text.empty()) {
    IPC_TRY(cli::print(text));
    return 0;
  }
  if (!settings.directory.empty() && ::chdir(settings.directory.c_str()) != 0)
    return system_error(Code::usage, settings.directory);
  IPC_TRY_ASSIGN(net::Connection connection, find_connection(settings));
  if (settings.connection_text.empty()) {
    settings.engine.connection_path = settings.connection_file();
    settings.engine.find_connection = [&settings] { return read_connection(settings); };
  }
  std::optional<Daemon> daemon;
  if (settings.daemonize) {
    IPC_TRY_ASSIGN(daemon, Daemon::start("", settings.limit + seconds(30)));
    if (daemon->is_parent()) {
      if (!daemon->report().message.empty()) cli::complain(daemon->report().message);
      return daemon->report().status;
    }
  }
  IPC_TRY(open_log(settings));
  for (const auto& remark : settings.remarks) log::warning(remark);
  IPC_TRY_ASSIGN(engine::Ledger ledger, engine::Ledger::make());
  IPC_TRY_ASSIGN(engine::Guard guard, engine::Guard::start(&ledger));
  IPC_TRY_ASSIGN(Fd signals, take_signals());
  if (Status tunnel = open_tunnel(settings, connection); !tunnel)
    return finish(tunnel, daemon ? &*daemon : nullptr, true);
  bool was_registered = false;
  const Status outcome = run(settings, connection, ledger, guard, signals, [&](int id) {
    was_registered = true;
    // A machine may run hundreds of engines.
    unmap_unused_code();
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
  ipc::keep_freed_memory();
  constexpr std::pair<std::string_view, std::string_view> kFlags[] = {
      {"--log-to-file", "--IPEngine.log_to_file"}, {"--clean-logs", "--IPEngine.clean_logs"}};
  auto words = ipc::cli::spell_as_traits(ipc::cli::words_of(argc, argv), kFlags);
  std::vector<char*> pointers{argv[0]};
  for (auto& word : words) pointers.push_back(word.data());
  ipc::cli::run_program(ipc::ipengine::kCommand, static_cast<int>(pointers.size()), pointers.data(),
                        ipc::ipengine::body);
}
