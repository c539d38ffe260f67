// SPDX-License-Identifier: BSD-3-Clause
// One execution on a set of engines: requests out, output and replies in.
#include "cmd/ipexec/run.hpp"

#include <unistd.h>

#include "cmd/ipexec/record.hpp"
#include "libipc/cli/connect.hpp"
#include "libipc/cli/jobs.hpp"
#include "libipc/cli/program.hpp"
#include "libipc/cli/signals.hpp"
#include "libipc/client/jobs.hpp"
#include "libipc/util/idset.hpp"

namespace ipexec {

using ipc::Error;
using ipc::Result;
using ipc::Status;
using ipc::cli::Arguments;
using ipc::client::Connection;
using ipc::client::Outcome;
using ipc::client::Output;
using ipc::client::Reply;

// Errors wait this long for equal ones of other engines.
constexpr auto kGather = ipc::seconds(1);

static ipc::client::Request make_request(const Job& job, const Arguments& arguments,
                                         bool directed) {
  ipc::client::Request request;
  request.type = "execute_request";
  request.content = job.content;
  if (job.input) request.buffers.emplace_back(*job.input);
  request.kernel = ipc::cli::chosen_kernel(arguments);
  request.directed = directed;
  return request;
}

Result<int> run_async(Connection& connection, const std::vector<int>& engines, const Job& job,
                      const Arguments& arguments) {
  std::vector<std::string> ids;
  for (const int engine : engines) {
    IPC_TRY_ASSIGN(ids.emplace_back(),
                   connection.send(engine, make_request(job, arguments, false), {}));
  }
  IPC_TRY(ipc::client::acknowledge(connection, ids));
  ipc::cli::Writer out(STDOUT_FILENO);
  for (const auto& id : ids) out.write(ipc::cli::job_word(id) + "\n");
  out.flush();
  IPC_TRY(out.status());
  return 0;
}

namespace {

/// The state of one run.
class Run {
 public:
  Run(Connection& connection, const std::vector<int>& engines, const Arguments& arguments,
      ipc::cli::Streams& streams)
      : connection_(connection),
        engines_(engines),
        arguments_(arguments),
        json_(arguments.has("json")),
        streams_(streams),
        output_(ipc::cli::output_options(arguments, engines.size()), engines, streams.out,
                streams.err),
        errors_({arguments.has("verbose"), arguments.has("quiet")}) {}

  ~Run() {
    if (gathering_ != 0) connection_.loop().cancel(gathering_);
  }

  Status send(const Job& job) {
    connection_.on_output([this](const Output& output) { take_output(output); });
    streams_.flush_each_turn(connection_.loop());
    for (const int engine : engines_) {
      auto request = make_request(job, arguments_, true);
      IPC_TRY(connection_.send(engine, std::move(request), [this](Reply&& reply) { take(reply); }));
    }
    return {};
  }

  Result<int> finish(ipc::TimePoint deadline) {
    // Output that cannot be written is not asked for any longer.
    const auto over = [this] { return connection_.in_flight() == 0 || !streams_.out.status(); };
    const Status waited = connection_.wait(over, deadline);
    if (!streams_.out.status()) connection_.cancel_all();
    if (!waited && waited.error().code != ipc::Code::timed_out) return leave(waited.error());
    if (!waited) return time_out();
    IPC_TRY(flush());
    return no_kernel_ ? static_cast<int>(ipc::Code::no_engine)
                      : errors_.status(arguments_.has("maxrc"));
  }

 private:
  Result<int> leave(const Error& error) {
    IPC_TRY(flush());
    return error;
  }

  Result<int> time_out() {
    connection_.cancel_all();
    IPC_TRY(flush());
    std::vector<int> running;
    for (const int engine : engines_)
      if (!records_[engine].done) running.push_back(engine);
    std::string done;
    if (running.size() < engines_.size()) {
      std::vector<int> others;
      for (const int engine : engines_)
        if (records_[engine].done) others.push_back(engine);
      done = ipc::format_idset(others) + " done, ";
    }
    return Error{ipc::Code::timed_out,
                 "timed out after " + ipc::cli::duration_text(arguments_, "timeout") + ": " + done +
                     ipc::format_idset(running) + " interrupted",
                 ""};
  }

  Status flush() {
    if (!json_) print_values();
    const Status kept = output_.finish();
    streams_.err.flush();
    errors_.print();
    IPC_TRY(kept);
    return streams_.out.status();
  }

  void take_output(const Output& output) {
    if (output.type != "stream") return;
    if (json_)
      records_[output.engine].add(output.is_stderr(), output.data());
    else
      output_.add(output.engine, output.is_stderr(), output.data());
  }

  void take(Reply& reply) {
    Record& record = records_[reply.engine];
    record.done = true;
    if (reply.outcome == Outcome::ok) record.take_value(reply);
    if (json_) {
      streams_.out.write(record.json(reply));
      record.forget();
    } else {
      print_values();
    }
    if (reply.outcome != Outcome::ok) take_error(reply);
  }

  void take_error(const Reply& reply) {
    const auto error = reply.error();
    errors_.add(reply.engine, error);
    no_kernel_ = no_kernel_ || error.ename == "NoSuchKernel";
    if (json_ || gathering_ != 0) return;
    gathering_ = connection_.loop().after(kGather, [this] {
      gathering_ = 0;
      streams_.err.flush();
      errors_.print();
    });
  }

  // Values go out in the order of the engines, each after what the engine printed.
  void print_values() {
    while (next_ < engines_.size() && records_[engines_[next_]].done) {
      const int engine = engines_[next_++];
      Record& record = records_[engine];
      if (record.type == "bytes" && engines_.size() > 1) {
        errors_.add(engine, bytes_error());
      } else if (!record.type.empty()) {
        output_.add(engine, false, record.value);
        if (record.type != "bytes") output_.add(engine, false, "\n");
      }
      record.forget();
      output_.finish(engine);
    }
  }

  static ipc::client::RemoteError bytes_error() {
    ipc::client::RemoteError error;
    error.ename = "TypeError";
    error.evalue =
        "its value is bytes: they can be printed of one engine only (-t), or with --json";
    return error;
  }

  Connection& connection_;
  const std::vector<int>& engines_;
  const Arguments& arguments_;
  bool json_;
  ipc::cli::Streams& streams_;
  ipc::cli::RemoteOutput output_;
  ipc::cli::ErrorReport errors_;
  std::map<int, Record> records_;
  size_t next_ = 0;
  bool no_kernel_ = false;
  ipc::net::Loop::TimerId gathering_ = 0;
};

}  // namespace

Result<int> run(Connection& connection, const std::vector<int>& engines, const Job& job,
                const Arguments& arguments, ipc::cli::Streams& streams) {
  IPC_TRY_ASSIGN(const auto limit, arguments.duration("timeout"));
  const auto deadline = limit ? ipc::Clock::now() + *limit : ipc::TimePoint::max();
  Run run(connection, engines, arguments, streams);
  IPC_TRY(run.send(job));
  return run.finish(deadline);
}

}  // namespace ipexec
