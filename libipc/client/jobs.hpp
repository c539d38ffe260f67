// SPDX-License-Identifier: BSD-3-Clause
// Questions to the hub about jobs and engines.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libipc/client/connection.hpp"

namespace ipc::client {

/// What the hub knows of some jobs at one moment.
struct JobStates {
  std::map<std::string, Outcome> done;
  std::vector<std::string> pending, unknown;
};

/// Code::no_input, naming them.
Error no_such_job(const std::vector<std::string>& ids);

/// Waits until at least one of `ids` is finished or none is pending; call again for the rest.
/// With a controller that is not ours this polls.
Result<JobStates> wait_for_jobs(Connection& connection, const std::vector<std::string>& ids,
                                TimePoint deadline = TimePoint::max());

/// What the hub knows of all `ids` now; those it does not know yet get a second to appear.
Result<JobStates> job_states(Connection& connection, const std::vector<std::string>& ids,
                             TimePoint deadline = TimePoint::max());

/// Ids of jobs that are not finished: those at these engines; without a list all there are, the
/// tasks too that wait for an engine.
Result<std::vector<std::string>> open_jobs(Connection& connection,
                                           const std::optional<std::vector<int>>& engines,
                                           TimePoint deadline = TimePoint::max());

/// Called with each job as it ends.
using JobHandler = std::function<void(const std::string& id, Outcome outcome)>;

/// Waits until all of `ids` are finished. Code::no_input names those that do not exist, after the
/// others have ended.
Result<JobStates> wait_for_all_jobs(Connection& connection, const std::vector<std::string>& ids,
                                    const JobHandler& on_end = {},
                                    TimePoint deadline = TimePoint::max());

struct EndedJob {
  std::string id;
  Outcome outcome = Outcome::ok;
};

/// Waits until one of `ids` is finished; if several are, the first in the order of `ids`. Otherwise
/// Code::no_input names those that do not exist.
Result<EndedJob> wait_for_any_job(Connection& connection, const std::vector<std::string>& ids,
                                  TimePoint deadline = TimePoint::max());

/// Waits until the controller has seen all of them: only then may a client that does not wait print
/// their words and leave. Code::internal names one that did not arrive.
Status acknowledge(Connection& connection, const std::vector<std::string>& ids,
                   TimePoint deadline = TimePoint::max());

/// Waits until there are `count` engines; how many there are. Code::timed_out says how many came.
/// `on_count`, if there is one, hears how many there are at first and every second.
Result<int> wait_for_engines(Connection& connection, int count,
                             TimePoint deadline = TimePoint::max(),
                             const std::function<void(int)>& on_count = {});

/// What one engine has to do.
struct EngineLoad {
  int64_t queue = 0;  ///< direct requests without reply
  int64_t tasks = 0;  ///< balanced ones
  int64_t completed = 0;
  std::optional<int64_t> failed;
  std::string state;  ///< "idle", "busy", or "" if the controller does not say
};

struct QueueState {
  std::map<int, EngineLoad> engines;
  int64_t unassigned = 0;        ///< tasks that wait in the scheduler
  std::optional<int64_t> rss;    ///< bytes, of the controller
  std::optional<double> uptime;  ///< seconds, of the controller
};

Result<QueueState> queue_state(Connection& connection, TimePoint deadline = TimePoint::max());

/// Which engine had the job of a record; one that has left counts too, as a job may outlive its
/// engine. -1: none, or nobody knows it any more.
int engine_of(const EngineTable& table, const wire::Json& record);

/// One finished job as the hub has it. Code::no_input if there is no such job; Code::not_ready if
/// it is not finished. The record is wire protocol's result_request's; the reply owns the buffers.
struct JobRecord {
  wire::Json record;
  std::vector<std::string> buffers;
};
Result<JobRecord> job_result(Connection& connection, const std::string& id,
                             TimePoint deadline = TimePoint::max());

}  // namespace ipc::client
