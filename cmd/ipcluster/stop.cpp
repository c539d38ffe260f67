// SPDX-License-Identifier: BSD-3-Clause
// ipcluster stop: asks the supervisor to end, or ends what a dead one left.
#include <thread>

#include "cmd/ipcluster/ask.hpp"
#include "cmd/ipcluster/launcher.hpp"
#include "cmd/ipcluster/leftovers.hpp"
#include "cmd/ipcluster/plan.hpp"
#include "cmd/ipcluster/verbs.hpp"
#include "libipc/net/connection.hpp"
#include "libipc/util/lock.hpp"
#include "libipc/util/process.hpp"

namespace ipc::cluster {
namespace {

// One that was killed holds its lock for the moment that the system needs to end it.
constexpr Duration kEnd = seconds(5), kLook = milliseconds(5);

bool is_gone(const config::ClusterName& cluster) {
  const TimePoint end = Clock::now() + kEnd;
  while (LockFile::holder(lock_file(cluster))) {
    if (Clock::now() > end) return false;
    std::this_thread::sleep_for(kLook);
  }
  return true;
}

/// True if a supervisor was there and is gone now.
Result<bool> stop_supervisor(const config::ClusterName& cluster, Duration limit, bool quiet) {
  const auto holder = LockFile::holder(lock_file(cluster));
  if (!holder) return false;
  const std::string awaited =
      quiet ? "" : "waiting for the end of the cluster of " + cluster.text();
  const auto answer = ask(cluster, {{"verb", "stop"}}, limit, awaited);
  if (answer && answer->ended && is_gone(cluster)) return true;
  // It may have ended by itself between the two looks.
  if (!LockFile::holder(lock_file(cluster))) return true;
  if (answer)
    return Error{Code::internal,
                 "the ipcluster of " + cluster.text() + " (" + holder->text() + ") " +
                     (answer->ended ? "heard nothing" : "refused: " + answer->text),
                 "again, or: kill " + std::to_string(holder->pid)};
  if (answer.error().code != Code::timed_out) return answer.error();
  return Error{
      Code::timed_out,
      "the ipcluster of " + cluster.text() + " (" + holder->text() + ") did not end in time",
      "kill -9 " + std::to_string(holder->pid) + ", then again: ipcluster stop" +
          cluster.options()};
}

/// True if there was anything to stop.
Result<bool> stop_one(const config::ClusterName& cluster, Duration limit, bool quiet) {
  IPC_TRY_ASSIGN(const bool was_running, stop_supervisor(cluster, limit, quiet));
  IPC_TRY_ASSIGN(const int ended, end_leftovers(cluster));
  remove_stale_files(cluster);
  return was_running || ended > 0;
}

/// Nothing of ipcluster's was there. A controller that was started by itself may be.
Error nothing_to_stop(const config::ClusterName& cluster) {
  const std::string path = config::connection_file(cluster, config::FileKind::client);
  const auto connection = net::read_connection(path);
  if (connection && connection->controller.pid > 0 && net::check_alive(*connection, path))
    return Error{Code::no_controller,
                 "controller " + std::to_string(connection->controller.pid) + " on " +
                     connection->controller.host + " was not started by ipcluster",
                 "end it and its engines: ipcancel --shutdown --hub" + cluster.options()};
  return Error{Code::no_controller, "no cluster runs for " + cluster.text(),
               "ipcluster list shows all"};
}

}  // namespace

Result<int> stop(const cli::Arguments& arguments) {
  IPC_TRY_ASSIGN(const auto given, arguments.duration("timeout"));
  const Duration limit = given.value_or(seconds(30));
  const bool quiet = arguments.has("quiet");
  if (arguments.has("all")) {
    for (const auto& cluster : all_clusters()) IPC_TRY(stop_one(cluster, limit, quiet));
    return 0;
  }
  IPC_TRY_ASSIGN(const auto cluster, cluster_of(arguments));
  IPC_TRY_ASSIGN(const bool stopped, stop_one(cluster, limit, quiet));
  if (!stopped) return nothing_to_stop(cluster);
  return 0;
}

}  // namespace ipc::cluster
