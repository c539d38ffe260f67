// SPDX-License-Identifier: BSD-3-Clause
// One execution on a set of engines: requests out, output and replies in.
#include "libipc/cli/execution.hpp"

#include <unistd.h>

#include <algorithm>

#include "libipc/cli/connect.hpp"
#include "libipc/cli/execution_record.hpp"
#include "libipc/cli/jobs.hpp"
#include "libipc/cli/program.hpp"
#include "libipc/cli/result_files.hpp"
#include "libipc/cli/signals.hpp"
#include "libipc/client/jobs.hpp"
#include "libipc/util/file.hpp"
#include "libipc/util/idset.hpp"

namespace ipc::cli {

using client::Connection;
using client::Outcome;
using client::Output;
using client::Reply;

namespace {

/// Makes the requests of one kernel; all share one copy of the input.
class Requests {
 public:
  Requests(const Execution& execution, std::string kernel, bool directed)
      : execution_(execution), kernel_(std::move(kernel)), directed_(directed) {
    if (execution.input) input_ = net::Frame(*execution.input);
  }

  client::Request make(const std::string& content) {
    client::Request request;
    request.type = "execute_request";
    request.content = content;
    if (execution_.input) request.buffers.push_back(input_.share());
    request.kernel = kernel_;
    request.directed = directed_;
    return request;
  }
  const std::string& content_of(int engine) const {
    const auto own = execution_.contents.find(engine);
    return own == execution_.contents.end() ? execution_.content : own->second;
  }

 private:
  const Execution& execution_;
  const std::string kernel_;
  const bool directed_;
  net::Frame input_;
};

}  // namespace

Result<int> run_async(Connection& connection, const std::vector<int>& engines,
                      const Execution& execution, const Arguments& arguments) {
  IPC_TRY_ASSIGN(const auto kernels, chosen_kernels(arguments));
  std::vector<std::string> ids;
  for (const auto& kernel : kernels) {
    Requests requests(execution, kernel, false);
    for (const int engine : engines) {
      IPC_TRY_ASSIGN(ids.emplace_back(),
                     connection.send(engine, requests.make(requests.content_of(engine)), {}));
    }
  }
  IPC_TRY(client::acknowledge(connection, ids));
  Writer out(STDOUT_FILENO);
  for (const auto& id : ids) out.write(job_word(id) + "\n");
  out.flush();
  IPC_TRY(out.status());
  return 0;
}

namespace {

// Errors wait this long for equal ones of other engines.
constexpr auto kGather = seconds(1);

/// The kernel of one run, and where that is among all that were named.
struct Turn {
  std::string kernel;
  size_t index = 0, count = 1;

  /// What tells it from the others in labels; nothing if there are none.
  std::string suffix() const { return count > 1 ? "/" + kernel : ""; }
};

OutputOptions options_for(const Arguments& arguments, size_t engines, const Turn& turn) {
  OutputOptions options = output_options(arguments, engines * turn.count);
  options.suffix = turn.suffix();
  options.more_follows = turn.index + 1 < turn.count && engines * turn.count > 1;
  return options;
}

/// The state of one run.
class Run {
 public:
  Run(Connection& connection, const std::vector<int>& engines, const Arguments& arguments,
      Streams& streams, Turn turn)
      : connection_(connection),
        engines_(engines),
        arguments_(arguments),
        turn_(std::move(turn)),
        json_(arguments.has("json")),
        streams_(streams),
        output_(options_for(arguments, engines.size(), turn_), engines, streams.out, streams.err),
        errors_({arguments.has("verbose"), arguments.has("quiet"), "", turn_.suffix()}) {}

  ~Run() {
    if (gathering_ != 0) connection_.loop().cancel(gathering_);
  }

  Status send(const Execution& execution) {
    value_file_ = execution.value_file;
    if (execution.results) IPC_TRY(results_.open(*execution.results, engines_));
    if (execution.display) IPC_TRY(display_.open(*execution.display));
    connection_.on_output([this](const Output& output) { take_output(output); });
    Requests requests(execution, turn_.kernel, true);
    const auto on_reply = [this](Reply&& reply) { take(reply); };
    std::map<std::string_view, std::vector<int>> engines;
    for (const int engine : engines_) engines[requests.content_of(engine)].push_back(engine);
    for (const auto& [content, same] : engines)
      IPC_TRY(connection_.send_to_all(same, requests.make(std::string(content)), on_reply));
    return {};
  }

  Result<int> finish(TimePoint deadline) {
    // Output that cannot be written is not asked for any longer.
    const auto over = [this] { return connection_.in_flight() == 0 || !streams_.out.status(); };
    const Status waited = connection_.wait(over, deadline);
    if (!streams_.out.status()) connection_.cancel_all();
    if (!waited && waited.error().code != Code::timed_out) return leave(waited.error());
    if (!waited) return time_out();
    IPC_TRY(flush());
    return no_kernel_ ? static_cast<int>(Code::no_engine) : errors_.status(arguments_.has("maxrc"));
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
      done = format_idset(others) + " done, ";
    }
    return Error{Code::timed_out,
                 "timed out after " + duration_text(arguments_, "timeout") + ": " + done +
                     format_idset(running) + " interrupted",
                 ""};
  }

  Status flush() {
    if (!json_) print_values();
    const Status kept = output_.finish();
    streams_.err.flush();
    errors_.print();
    IPC_TRY(kept);
    for (const Status& status : {kept_, results_.status(), display_.status()}) IPC_TRY(status);
    return streams_.out.status();
  }

  void take_output(const Output& output) {
    if (output.type != "stream") return display_.add(output);
    results_.add(output.engine, output.is_stderr(), output.data());
    if (json_)
      records_[output.engine].add(output.is_stderr(), output.data());
    else
      output_.add(output.engine, output.is_stderr(), output.data());
  }

  void take(Reply& reply) {
    ExecutionRecord& record = records_[reply.engine];
    record.done = true;
    if (reply.outcome == Outcome::ok) record.take_value(reply);
    if (!record.type.empty()) {
      results_.add(reply.engine, false, record.value);
      if (record.type != "bytes") results_.add(reply.engine, false, "\n");
    }
    if (json_) {
      streams_.out.write(record.json(reply, turn_.count > 1 ? turn_.kernel : ""));
      record.forget();
    } else {
      print_values();
    }
    if (reply.outcome != Outcome::ok) take_error(reply);
  }

  void take_error(const Reply& reply) {
    const auto error = reply.error();
    for (const auto& line : error.traceback) results_.add(reply.engine, true, line + "\n");
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
      ExecutionRecord& record = records_[engine];
      if (record.type == "bytes" && engines_.size() > 1) {
        errors_.add(engine, bytes_error());
      } else if (!record.type.empty()) {
        give_value(engine, record);
      }
      record.forget();
      output_.finish(engine);
    }
  }

  void give_value(int engine, const ExecutionRecord& record) {
    if (value_file_) {
      kept_ = write_file_atomically(*value_file_, record.value, 0666);
      return;
    }
    output_.add(engine, false, record.value);
    if (record.type != "bytes") output_.add(engine, false, "\n");
  }

  static client::RemoteError bytes_error() {
    client::RemoteError error;
    error.ename = "TypeError";
    error.evalue =
        "its value is bytes: they can be printed of one engine only (-t), or with --json";
    return error;
  }

  Connection& connection_;
  const std::vector<int>& engines_;
  const Arguments& arguments_;
  const Turn turn_;
  bool json_;
  Streams& streams_;
  RemoteOutput output_;
  ErrorReport errors_;
  std::map<int, ExecutionRecord> records_;
  size_t next_ = 0;
  std::optional<std::string> value_file_;
  Status kept_;
  ResultFiles results_;
  DisplayFiles display_;
  bool no_kernel_ = false;
  net::Loop::TimerId gathering_ = 0;
};

}  // namespace

Result<int> run(Connection& connection, const std::vector<int>& engines, const Execution& execution,
                const Arguments& arguments, Streams& streams) {
  IPC_TRY_ASSIGN(const auto limit, arguments.duration("timeout"));
  const auto deadline = limit ? Clock::now() + *limit : TimePoint::max();
  IPC_TRY_ASSIGN(const auto kernels, chosen_kernels(arguments));
  streams.flush_each_turn(connection.loop());
  int worst = 0;
  for (size_t i = 0; i < kernels.size() && noted_signal() == 0; ++i) {
    Run run(connection, engines, arguments, streams, {kernels[i], i, kernels.size()});
    IPC_TRY(run.send(execution));
    IPC_TRY_ASSIGN(const int status, run.finish(deadline));
    worst = std::max(worst, status);
  }
  return worst;
}

}  // namespace ipc::cli
