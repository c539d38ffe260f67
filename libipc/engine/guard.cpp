// SPDX-License-Identifier: BSD-3-Clause
// A small process that cleans up after an engine that was killed.
#include "libipc/engine/guard.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <set>
#include <thread>

#include "libipc/net/message.hpp"
#include "libipc/wire/header.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::engine {
namespace {

using wire::Json;

// Longer than any reply is on its way, shorter than anybody waits.
constexpr Duration kRepliesFirst = milliseconds(250);

/// What the guard knows: told line by line, each `+GROUP`, `-GROUP`, `{registration}`, `late` or
/// `quit`.
class Watch {
 public:
  Watch(int pipe, Ledger* ledger) : pipe_(pipe), ledger_(ledger) {}

  /// Returns at the engine's end; true if it left by itself.
  bool until_end() {
    std::string pending;
    for (;;) {
      char bytes[4096];
      const ssize_t n = ::read(pipe_, bytes, sizeof bytes);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return false;
      pending.append(bytes, static_cast<size_t>(n));
      for (size_t end; (end = pending.find('\n')) != std::string::npos; pending.erase(0, end + 1)) {
        const std::string_view line = std::string_view(pending).substr(0, end);
        if (line == "quit") return true;
        take(line);
      }
    }
  }

  void kill_groups() const {
    for (const pid_t group : groups_) ::kill(-group, SIGKILL);
  }

  /// Tells the controller; returns when the message left, or after 3 s.
  void report() const {
    if (!registration_.is_object()) return;
    if (late_) std::this_thread::sleep_for(kRepliesFirst);
    auto connection = net::parse_connection(wire::string_or(registration_, "connection"));
    if (!connection) return;
    auto signer = connection->signer();
    if (!signer) return;
    net::Context context;
    net::Socket socket(context, net::SocketType::dealer);
    socket.set_linger(seconds(3));
    if (!connection->curve_server_key.empty()) socket.set_curve(connection->peer_keys());
    if (!socket.connect(connection->endpoint("registration"))) return;
    net::Outgoing message;
    message.header = wire::Session().header("unregistration_request");
    Json content = {{"id", registration_["id"]}, {"reason", "died"}};
    if (ledger_ != nullptr)
      if (const auto begun = ledger_->close()) content["begun"] = *begun;
    message.content = wire::dump_json(content);
    socket.send(net::encode(*signer, {}, std::move(message)));
  }

 private:
  void take(std::string_view line) {
    if (line.starts_with('{')) {
      if (auto parsed = wire::parse_json(line)) registration_ = *std::move(parsed);
      return;
    }
    if (line == "late") late_ = true;
    pid_t group = 0;
    if (line.size() < 2) return;
    std::from_chars(line.data() + 1, line.data() + line.size(), group);
    // 0 and 1 would mean our own group, and everything.
    if (group <= 1) return;
    if (line[0] == '+')
      groups_.insert(group);
    else
      groups_.erase(group);
  }

  int pipe_;
  Ledger* ledger_;
  std::set<pid_t> groups_;
  Json registration_;
  bool late_ = false;
};

[[noreturn]] void guard_main(Fd pipe, Ledger* ledger) {
  ::setpgid(0, 0);
  for (const int number :
       {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGPWR, SIGTSTP, SIGTTOU, SIGTTIN})
    ::signal(number, SIG_IGN);
  ::prctl(PR_SET_NAME, "ipengine-guard");
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd < 3; ++fd) ::dup2(null, fd);
  ::dup2(pipe.get(), 3);
  ::close_range(4, ~0U, 0);
  Watch watch(3, ledger);
  if (!watch.until_end()) {
    watch.kill_groups();
    watch.report();
  }
  ::_exit(0);
}

}  // namespace

Result<Guard> Guard::start(Ledger* ledger) {
  IPC_TRY_ASSIGN(FdPair pipe, make_pipe());
  const pid_t pid = ::fork();
  if (pid < 0) return system_error(Code::internal, "fork");
  if (pid == 0) {
    pipe.second.reset();
    guard_main(std::move(pipe.first), ledger);
  }
  return Guard(std::move(pipe.second), pid, ledger);
}

void Guard::tell(std::string_view line) {
  if (!pipe_) return;
  // Lines are far shorter than a pipe's buffer and the guard does nothing but read: this does not
  // block.
  if (!write_all(pipe_.get(), std::string(line) + "\n")) pipe_.reset();
}

void Guard::group_started(pid_t group) {
  tell("+" + std::to_string(group));
}
void Guard::group_ended(pid_t group) {
  tell("-" + std::to_string(group));
}

void Guard::registered(int id, const net::Connection& connection) {
  tell(wire::dump_json({{"id", id}, {"connection", net::to_json(connection, true)}}));
}

void Guard::report_death() {
  tell("late");
  reports_ = true;
}

void Guard::leave() {
  if (!pipe_ || reports_) return;
  tell("quit");
  pipe_.reset();
  ::waitpid(pid_, nullptr, 0);
}

}  // namespace ipc::engine
