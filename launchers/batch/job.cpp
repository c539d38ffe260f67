// SPDX-License-Identifier: BSD-3-Clause
// One submission: what it is to start, and how a request is cut into them.
#include "launchers/batch/job.hpp"

#include <algorithm>

#include "libipc/util/text.hpp"

namespace ipc::batch {
namespace {

Result<int> number_of(const Settings& settings, const std::string& key) {
  const std::string text = text_of(settings, key);
  if (text.empty()) return 1;
  const int number = std::atoi(text.c_str());
  if (number >= 1 && number <= 100'000) return number;
  return Error{Code::bad_profile, "batch." + key + ": " + text + " is not between 1 and 100000",
               ""};
}

Result<bool> yes_or_no(const Settings& settings, const std::string& key, bool fallback) {
  const std::string text = text_of(settings, key);
  if (text.empty()) return fallback;
  if (text == "yes" || text == "true" || text == "on") return true;
  if (text == "no" || text == "false" || text == "off") return false;
  return Error{Code::bad_profile, "batch." + key + ": '" + text + "' is neither yes nor no", ""};
}

/// `path` for the job of that name.
std::string log_for(std::string path, const std::string& name) {
  if (const size_t at = path.find("{pid}"); at != std::string::npos)
    path.replace(at, 5, name.substr(name.find('-') + 1));
  return path;
}

}  // namespace

std::string Job::id(int task, int slot) const {
  std::string id = name + "." + std::to_string(task);
  return slots > 1 ? id + "." + std::to_string(slot) : id;
}

std::string Job::log_of(int task) const {
  std::string path = log;
  if (const size_t at = path.find("{task}"); at != std::string::npos)
    path.replace(at, 6, std::to_string(task));
  return path;
}

void Job::set_array(bool wanted) {
  constexpr std::string_view kTask = ".{task}";
  is_array = wanted;
  const size_t at = log.find(kTask);
  if (at != std::string::npos && !wanted) log.erase(at, kTask.size());
  if (at == std::string::npos && wanted) log.insert(std::min(log.rfind('.'), log.size()), kTask);
}

Result<std::vector<Job>> plan_jobs(const System& system, const config::LaunchRequest& request,
                                   const Settings& settings) {
  IPC_TRY_ASSIGN(const int per_node, number_of(settings, "per_node"));
  IPC_TRY_ASSIGN(const bool wants_array, yes_or_no(settings, "array", system.has_arrays));
  // Fifteen characters are what every system has room for in a job's name.
  const std::string name = (request.role == "controller" ? "ipc-" : "ipe-") + random_hex(4);
  const int slots = std::min(per_node, request.count);
  const int tasks = (request.count + slots - 1) / slots;
  // A user's template is one job, or the array it asks for.
  const bool together = wants_array || tasks == 1 || !text_of(settings, "template").empty();
  std::vector<Job> jobs;
  for (int i = 0; i < (together ? 1 : tasks); ++i) {
    Job job;
    job.name = together ? name : name + "-" + std::to_string(i + 1);
    job.role = request.role;
    job.slots = slots;
    job.processes = together ? request.count : std::min(slots, request.count - i * slots);
    job.log = log_for(request.log, job.name);
    job.set_array(together && tasks > 1);
    jobs.push_back(std::move(job));
  }
  return jobs;
}

}  // namespace ipc::batch
