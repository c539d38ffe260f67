// SPDX-License-Identifier: BSD-3-Clause
// The rescue file: what has succeeded of a graph that has not, for --resume.
#include "cmd/ipdag/rescue.hpp"

#include <unistd.h>

#include <unordered_map>

#include "cmd/ipdag/show.hpp"
#include "libipc/cli/errors.hpp"
#include "libipc/cli/joblog.hpp"
#include "libipc/cli/program.hpp"

namespace ipdag {

using ipc::Error;
using ipc::Status;
using ipc::cli::JobLog;
using ipc::cli::JobRecord;
using ipc::cli::read_joblog;
using State = Schedule::State;

Status mark_done(const Settings& settings, Graph& graph) {
  if (!settings.resume) return {};
  if (!settings.rescue.empty() && ::access(settings.rescue.c_str(), F_OK) != 0)
    return Error{ipc::Code::no_input,
                 "no " + settings.rescue + ": no earlier run of the graph has left one",
                 "run it without --resume"};
  std::unordered_map<std::string, Index> by_key;
  for (Index i = 0; i < graph.nodes().size(); ++i) by_key[key_of(graph[i])] = i;
  const std::string& log = settings.rescue.empty() ? settings.joblog : settings.rescue;
  return read_joblog(log, [&](JobRecord&& record, size_t) {
    const auto found = by_key.find(record.key);
    if (found != by_key.end()) graph.nodes()[found->second].done = record.ok();
    return Status();
  });
}

static Status remove_old(const std::string& path) {
  if (::access(path.c_str(), F_OK) != 0) return {};
  IPC_TRY(read_joblog(path, [](JobRecord&&, size_t) { return Status(); }));
  if (::unlink(path.c_str()) != 0) return ipc::system_error(ipc::Code::failed, path);
  return {};
}

Status keep_rescue(const Settings& settings, const Graph& graph, const Schedule& schedule) {
  if (settings.rescue.empty()) return {};
  std::vector<Index> done;
  bool all = true;
  for (Index i = 0; i < graph.nodes().size(); ++i) {
    const State state = schedule.state(i);
    if (state == State::done) done.push_back(i);
    // What is skipped because something else failed counts by that.
    all = all && (state == State::done || state == State::skipped);
  }
  if (all || done.empty()) return remove_old(settings.rescue);
  IPC_TRY_ASSIGN(auto log, JobLog::open(settings.rescue, false));
  for (const Index index : done) {
    JobRecord record;
    record.seq = index + 1;
    record.command = log_text(graph[index]);
    record.key = key_of(graph[index]);
    log.add(record);
  }
  IPC_TRY(log.flush());
  if (!settings.quiet)
    ipc::cli::complain(settings.rescue + " notes the " + std::to_string(done.size()) + " of " +
                       std::to_string(graph.nodes().size()) +
                       " nodes that have succeeded: with --resume the others run");
  return {};
}

}  // namespace ipdag
