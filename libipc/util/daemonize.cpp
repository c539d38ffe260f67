// SPDX-License-Identifier: BSD-3-Clause
// Going into the background, with a parent that waits until the daemon is ready.
#include "libipc/util/daemonize.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>

#include "libipc/util/process.hpp"
#include "libipc/util/subprocess.hpp"

namespace ipc {
namespace {

/// Closes every descriptor but 0, 1, 2 and `keep`, which an ancestor may have left open.
void close_others(int keep) {
  if (keep > 3) ::close_range(3, static_cast<unsigned>(keep) - 1, 0);
  ::close_range(static_cast<unsigned>(keep) + 1, ~0U, 0);
}

Status take_streams(const std::string& log_path) {
  Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) return system_error(Code::internal, "/dev/null");
  Fd log(log_path.empty()
             ? ::dup(null.get())
             : ::open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!log) return system_error(Code::internal, log_path);
  if (::dup2(null.get(), 0) < 0 || ::dup2(log.get(), 1) < 0 || ::dup2(log.get(), 2) < 0)
    return system_error(Code::internal, "dup2");
  return {};
}

/// A pipe end above the standard three, which may have been closed by whoever started us.
Fd above_standard(Fd fd) {
  return Fd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3));
}

int milliseconds_until(TimePoint end) {
  const auto left = std::chrono::ceil<milliseconds>(end - Clock::now()).count();
  return left <= 0 ? 0 : left > 3'600'000 ? 3'600'000 : static_cast<int>(left);
}

DaemonReport parse_report(const std::string& text) {
  DaemonReport report{static_cast<int>(Code::internal), text};
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, report.status);
  if (error == std::errc() && rest != end) report.message.assign(rest + 1, end);
  return report;
}

/// Begins a line that is not the report, which begins with a number.
constexpr char kNote = '~';

/// Takes whole notes off the front of `text`.
void take_notes(std::string& text, const DaemonNote& note) {
  for (size_t end; text.starts_with(kNote) && (end = text.find('\n')) != std::string::npos;) {
    if (note) note(std::string_view(text).substr(1, end - 1));
    text.erase(0, end + 1);
  }
}

}  // namespace

Result<Daemon> Daemon::start(const std::string& log_path, Duration limit, const DaemonNote& note) {
  IPC_TRY_ASSIGN(FdPair pipe, make_pipe());
  const pid_t child = ::fork();
  if (child < 0) return system_error(Code::internal, "fork");
  Daemon daemon;
  if (child > 0) {
    pipe.second.reset();
    daemon.parent_ = true;
    daemon.pipe_ = std::move(pipe.first);
    daemon.listen(child, limit, log_path, note);
    return daemon;
  }
  // One fork is enough: the daemon leads its session, but none of ours ever opens a terminal, and
  // its parent can say how it ended.
  pipe.first.reset();
  ::setsid();
  daemon.pipe_ = above_standard(std::move(pipe.second));
  if (auto taken = take_streams(log_path); !taken) {
    // Not an Error for the caller: it would go on as a second copy of the parent.
    daemon.tell(static_cast<int>(taken.error().code), taken.error().text());
    ::_exit(static_cast<int>(taken.error().code));
  }
  close_others(daemon.pipe_.get());
  return daemon;
}

void Daemon::listen(pid_t child, Duration limit, const std::string& log_path,
                    const DaemonNote& note) {
  const TimePoint end = Clock::now() + limit;
  std::string text;
  for (;;) {
    pollfd item{pipe_.get(), POLLIN, 0};
    const int ready = ::poll(&item, 1, milliseconds_until(end));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) {
      if (Clock::now() < end) continue;
      ::kill(child, SIGTERM);
      report_ = {static_cast<int>(Code::timed_out), "not ready in time; ended"};
      return;
    }
    char bytes[4096];
    const ssize_t n = ::read(pipe_.get(), bytes, sizeof bytes);
    if (n > 0) {
      text.append(bytes, static_cast<size_t>(n));
      take_notes(text, note);
    } else if (n == 0 || errno != EINTR) {
      break;
    }
  }
  if (!text.empty()) {
    report_ = parse_report(text);
    return;
  }
  const Fd process = process_descriptor(child);
  int status = 0;
  if (!wait_for_process(process.get(), end) || ::waitpid(child, &status, WNOHANG) != child) {
    report_ = {static_cast<int>(Code::internal), "went on without a word"};
    return;
  }
  const bool failed = WIFEXITED(status) && WEXITSTATUS(status) != 0;
  report_.status = failed ? WEXITSTATUS(status) : static_cast<int>(Code::internal);
  report_.message = "ended before it was ready: " + describe_exit(status) +
                    (log_path.empty() ? "" : "; its log is " + log_path);
}

void Daemon::tell(int status, std::string_view message) {
  send(std::to_string(status) + " " + std::string(message));
  pipe_.reset();
}

void Daemon::note(std::string_view line) {
  send(kNote + std::string(line) + "\n");
}

void Daemon::send(std::string_view bytes) {
  if (!pipe_ || parent_) return;
  // The parent may have been killed: that must not kill the daemon with SIGPIPE.
  const auto old = ::signal(SIGPIPE, SIG_IGN);
  [[maybe_unused]] auto written = write_all(pipe_.get(), bytes);
  ::signal(SIGPIPE, old);
}

bool Daemon::has_listener() const {
  if (!pipe_) return true;
  pollfd item{pipe_.get(), 0, 0};
  return ::poll(&item, 1, 0) == 0 || (item.revents & POLLERR) == 0;
}

}  // namespace ipc
