// SPDX-License-Identifier: BSD-3-Clause
// The stage rule: a command in a pipeline begins when the one before it has ended.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "libipc/cli/jobs.hpp"
#include "libipc/cli/pipeline.hpp"
#include "libipc/cli/program.hpp"
#include "libipc/util/fd.hpp"
#include "libipc/util/text.hpp"

namespace ipc::cli {

namespace {

constexpr size_t kQuoted = 24;           // bytes of foreign input shown in the message
constexpr size_t kMostWords = 64 << 20;  // bytes of job words
constexpr auto kSilence = seconds(2);

/// Looks at what is in stdin without taking it.
class Peek {
 public:
  enum class State { nothing, bytes, end };

  static Result<Peek> open() {
    Peek peek;
    IPC_TRY_ASSIGN(peek.pipe_, make_pipe());
    return peek;
  }

  Result<State> look() {
    const ssize_t n = ::tee(STDIN_FILENO, pipe_.second.get(), kQuoted, SPLICE_F_NONBLOCK);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return State::nothing;
    if (n < 0) return system_error(Code::internal, "cannot look at standard input");
    if (n == 0) return State::end;
    char buffer[kQuoted];
    const ssize_t got = ::read(pipe_.first.get(), buffer, sizeof buffer);
    seen_.assign(buffer, static_cast<size_t>(std::max<ssize_t>(got, 0)));
    return State::bytes;
  }

  const std::string& seen() const { return seen_; }

 private:
  FdPair pipe_;
  std::string seen_;
};

Error foreign(const std::string& seen) {
  std::string line = seen.substr(0, seen.find('\n'));
  const bool cut = line.size() == kQuoted || line.size() + 1 < seen.size();
  std::string quoted = json_quote(line);
  if (cut) quoted.insert(quoted.size() - 1, "…");
  return {Code::bad_input,
          "standard input is a pipe that carries something else (" + quoted + ", left unread)",
          "in a loop say " + std::string(program_name()) +
              " -n; what a command before this prints goes to >&2"};
}

// Waits for input or its end; says what is awaited once it takes long.
void wait_for_input(TimePoint start, bool& said) {
  for (;;) {
    const auto waited = Clock::now() - start;
    const int limit = said
                          ? -1
                          : static_cast<int>(std::max<Duration>(
                                                 std::chrono::ceil<milliseconds>(kSilence - waited),
                                                 Duration(0)) /
                                             milliseconds(1));
    struct pollfd input = {STDIN_FILENO, POLLIN, 0};
    const int n = ::poll(&input, 1, limit);
    if (n > 0 || (n < 0 && errno != EINTR)) return;
    if (said || Clock::now() - start < kSilence) continue;
    said = true;
    complain("waiting for the command before (2 s); -n if there is none");
  }
}

Result<Stage> read_words() {
  IPC_TRY_ASSIGN(const std::string text, read_all(STDIN_FILENO, kMostWords));
  IPC_TRY(check_writer("not run"));
  IPC_TRY_ASSIGN(auto jobs, parse_job_lines(text));
  return Stage{std::move(jobs)};
}

}  // namespace

Result<Stage> await_stage(bool ignore_stdin) {
  const char* setting = std::getenv("IPKIT_STDIN");
  if (ignore_stdin || (setting != nullptr && std::string_view(setting) == "none")) return Stage{};
  if (!is_pipeline(STDIN_FILENO)) return Stage{};
  IPC_TRY_ASSIGN(Peek peek, Peek::open());
  const TimePoint start = Clock::now();
  for (bool said = false;;) {
    IPC_TRY_ASSIGN(const auto state, peek.look());
    if (state == Peek::State::end) {
      IPC_TRY(check_writer("not run"));
      return Stage{};
    }
    if (state == Peek::State::nothing) {
      wait_for_input(start, said);
      continue;
    }
    const std::string& seen = peek.seen();
    const size_t n = std::min(seen.size(), kJobPrefix.size());
    if (seen.compare(0, n, kJobPrefix, 0, n) != 0) return foreign(seen);
    if (n == kJobPrefix.size()) return read_words();
    ::poll(nullptr, 0,
           5);  // half a word so far: what is there stays there, so poll cannot wait for more
  }
}

}  // namespace ipc::cli
