// SPDX-License-Identifier: BSD-3-Clause
// ipresult: what jobs printed and gave back.
#include <algorithm>
#include <set>

#include "cmd/ipresult/result.hpp"
#include "libipc/cli/connect.hpp"
#include "libipc/cli/errors.hpp"
#include "libipc/cli/jobs.hpp"
#include "libipc/cli/output.hpp"
#include "libipc/cli/program.hpp"
#include "libipc/cli/progress.hpp"
#include "libipc/client/history.hpp"

namespace {

using namespace ipc::cli;
using ipc::Result;
using ipc::client::Connection;
using ipc::client::Outcome;
using ipresult::JobResult;

// After this long whoever waits should know for what.
constexpr auto kRemark = ipc::seconds(2);

Command command() {
  Command c;
  c.name = "ipresult";
  c.synopsis = {"[-bklNqS] [--json] [--timeout TIME] JOB...", "--resubmit JOB..."};
  c.summary =
      "Waits for JOBs and prints and exits as the commands they come from would have. Exit status\n"
      "124 if they have not ended after TIME (0: are they ready?), 66 if there is no such job.";
  c.examples = {
      {"j=$(ipexec -a -p 'train()'); …; ipresult $j", "now, or from another terminal"},
      {"ipresult --timeout 0 $j || echo \"not yet, or failed\"", ""},
      {"ipresult --json $j | jq .completed", "with engine and times"},
      {"k=$(ipresult --resubmit $j)", "once more, as tasks; prints the new words"},
  };
  c.options = {
      {0, "resubmit", "", "have the jobs run again, on any engine; print the new job words"},
      {'k', "keep-order", "", "all output of one engine, then of the next"},
      {'b', "fold", "", "equal outputs once, under the engines they came from"},
      {'S', "maxrc", "", "exit with the largest status of a remote command instead of 1"},
  };
  c.common = kCluster | kTimeout | kLabels | kJson;
  return c;
}

/// Prints jobs one after the other; what they are is known before, what they left is not.
class Printer {
 public:
  Printer(const Arguments& arguments, const std::vector<int>& engines, Streams& streams)
      : arguments_(arguments),
        several_(engines.size() > 1),
        streams_(streams),
        output_(output_options(arguments, engines.size()), engines, streams.out, streams.err),
        errors_({arguments.has("verbose"), arguments.has("quiet")}) {}

  void add(const JobResult& job) {
    if (arguments_.has("json"))
      streams_.out.write(job.json());
    else
      print_output(job);
    if (job.outcome != Outcome::ok) take_error(job);
  }

  Result<int> finish() {
    const auto kept = output_.finish();
    streams_.err.flush();
    errors_.print();
    IPC_TRY(kept);
    IPC_TRY(streams_.out.status());
    if (no_kernel_) return static_cast<int>(ipc::Code::no_engine);
    return std::max(status_, errors_.status(arguments_.has("maxrc")));
  }

 private:
  void print_output(const JobResult& job) {
    output_.add(job.engine, false, job.out);
    output_.add(job.engine, true, job.err);
    for (const auto& value : job.values) {
      if (value.type == "bytes" && several_) {
        ipc::client::RemoteError error;
        error.ename = "TypeError";
        error.evalue = "its value is bytes: they can be printed of one engine only, or with --json";
        fail(job, error);
        continue;
      }
      output_.add(job.engine, false, value.bytes);
      if (value.type != "bytes") output_.add(job.engine, false, "\n");
    }
    if (job.unkept.empty()) return;
    streams_.err.flush();
    complain(job_word(job.id) + ": " + job.unkept);
    status_ = 1;
  }

  void take_error(const JobResult& job) {
    no_kernel_ = no_kernel_ || job.error.ename == "NoSuchKernel";
    fail(job, job.error);
  }

  void fail(const JobResult& job, const ipc::client::RemoteError& error) {
    if (job.engine >= 0) return errors_.add(job.engine, error);
    streams_.err.flush();
    complain(job_word(job.id) + ": " + error_text(error, {arguments_.has("verbose")}));
    status_ = 1;
  }

  const Arguments& arguments_;
  bool several_;
  Streams& streams_;
  RemoteOutput output_;
  ErrorReport errors_;
  bool no_kernel_ = false;
  int status_ = 0;
};

Result<int> resubmit_jobs(Connection& connection, const std::vector<std::string>& ids) {
  IPC_TRY_ASSIGN(const auto renamed, ipc::client::resubmit(connection, ids));
  std::string text;
  for (const auto& id : ids) text += job_word(renamed.at(id)) + "\n";
  IPC_TRY(print(text));
  return 0;
}

Result<int> print_jobs(Connection& connection, const Arguments& arguments,
                       const std::vector<std::string>& ids, ipc::TimePoint deadline,
                       Streams& streams) {
  Meter meter(connection.loop(), ids.size(), false, arguments.has("quiet") || ids.size() == 1);
  size_t ended = 0, failed = 0;
  const auto on_end = [&](const std::string&, ipc::client::Outcome outcome) {
    if (outcome != ipc::client::Outcome::ok) ++failed;
    meter.count(++ended, failed);
  };
  const auto remark = connection.loop().after(kRemark, [&] {
    if (!arguments.has("quiet") && !meter.enabled())
      complain("waiting for " +
               (ids.size() == 1 ? job_word(ids[0]) : std::to_string(ids.size()) + " jobs"));
  });
  const auto waited = wait_for_all_jobs(connection, ids, on_end, deadline);
  connection.loop().cancel(remark);
  meter.clear();
  if (!waited) return waited.error();
  IPC_TRY_ASSIGN(const ipc::client::EngineTable* table, connection.engines());
  // How they are printed depends on the engines of all.
  std::vector<JobResult> results;
  std::set<int> engines;
  for (const auto& id : ids) {
    IPC_TRY_ASSIGN(auto record, job_result(connection, id));
    results.push_back(ipresult::read_result(id, std::move(record), *table));
    engines.insert(results.back().engine);
  }
  Printer printer(arguments, {engines.begin(), engines.end()}, streams);
  for (const auto& result : results) printer.add(result);
  return printer.finish();
}

Result<int> body(const Arguments& arguments) {
  IPC_TRY_ASSIGN(const auto limit, arguments.duration("timeout"));
  IPC_TRY_ASSIGN(const auto words, parse_jobs(arguments.operands));
  std::vector<std::string> ids;
  for (const auto& id : words)
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
  if (ids.empty()) return 0;
  const auto deadline = limit ? ipc::Clock::now() + *limit : ipc::TimePoint::max();
  Streams streams;
  IPC_TRY_ASSIGN(const auto connection, connect(arguments, false));
  const SignalGuard guard(*connection);
  if (arguments.has("resubmit")) return resubmit_jobs(*connection, ids);
  return print_jobs(*connection, arguments, ids, deadline, streams);
}

}  // namespace

int main(int argc, char** argv) {
  run_program(command(), argc, argv, body);
}
