// SPDX-License-Identifier: BSD-3-Clause
// Asking the ipcluster that looks after a cluster.
#include "cmd/ipcluster/ask.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "cmd/ipcluster/events.hpp"
#include "cmd/ipcluster/state.hpp"
#include "libipc/cli/program.hpp"
#include "libipc/util/lock.hpp"
#include "libipc/util/process.hpp"

namespace ipc::cluster {
namespace {

// After this long whoever waits should know for what. Who only reads it later has time.
constexpr auto kRemark = seconds(2), kRemarkElsewhere = seconds(10);

/// Everything up to the peer's end of file.
TimePoint remark_due() {
  return Clock::now() + (::isatty(STDERR_FILENO) == 1 ? kRemark : kRemarkElsewhere);
}

Result<std::string> read_until_end(int fd, TimePoint deadline, const std::string& awaited) {
  TimePoint remark = awaited.empty() ? TimePoint::max() : remark_due();
  std::string text;
  char bytes[4096];
  for (;;) {
    if (Clock::now() >= remark) {
      cli::complain(awaited);
      remark = TimePoint::max();
    }
    const auto next = std::min(deadline, remark);
    const auto left = std::chrono::ceil<milliseconds>(next - Clock::now()).count();
    pollfd item{fd, POLLIN, 0};
    const int ready = ::poll(&item, 1, static_cast<int>(std::clamp<long>(left, 0, 3'600'000)));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0 && Clock::now() >= deadline)
      return Error{Code::timed_out, "no answer from the cluster's ipcluster in time", ""};
    if (ready <= 0) continue;
    const ssize_t n = ::read(fd, bytes, sizeof bytes);
    if (n < 0 && errno == EINTR) continue;
    // ECONNRESET: it ended with our request unread.
    if (n <= 0 || text.size() > (1 << 20)) return text;
    text.append(bytes, static_cast<size_t>(n));
  }
}

Error nobody(const config::ClusterName& cluster) {
  const auto holder = LockFile::holder(lock_file(cluster));
  if (holder && holder->host != host_name() && !holder->host.empty())
    return Error{Code::no_controller,
                 "the ipcluster of " + cluster.text() + " is " + holder->text(), "ask there"};
  return Error{Code::no_controller, "no ipcluster runs for " + cluster.text(),
               "start one: ipcluster start" + cluster.options()};
}

}  // namespace

Result<Answer> ask(const config::ClusterName& cluster, const wire::Json& request, Duration limit,
                   const std::string& awaited) {
  auto peer = connect_to(socket_file(cluster));
  if (!peer) return nobody(cluster);
  // EPIPE: it ended just now, which the end of what it sends tells.
  if (auto sent = write_all(peer->get(), wire::dump_json(request) + "\n"); !sent && errno != EPIPE)
    return sent.error();
  IPC_TRY_ASSIGN(const std::string text,
                 read_until_end(peer->get(), Clock::now() + limit, awaited));
  Answer answer;
  const auto reply = wire::parse_json(text);
  answer.ended = text.empty();
  if (reply && reply->is_object()) {
    answer.code = static_cast<Code>(wire::int_or(*reply, "code", 70));
    answer.text = wire::string_or(*reply, "text");
  } else if (!text.empty()) {
    return Error{Code::bad_input,
                 "an answer that cannot be understood from the cluster's ipcluster", ""};
  }
  return answer;
}

}  // namespace ipc::cluster
