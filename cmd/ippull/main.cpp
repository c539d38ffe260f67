// SPDX-License-Identifier: BSD-3-Clause
// ippull: print values from engines.
#include <unistd.h>

#include "cmd/ippull/move.hpp"
#include "libipc/cli/data.hpp"
#include "libipc/cli/jobs.hpp"
#include "libipc/cli/output.hpp"
#include "libipc/cli/pipeline.hpp"
#include "libipc/cli/program.hpp"
#include "libipc/cli/progress.hpp"
#include "libipc/cli/results.hpp"
#include "libipc/cli/values.hpp"
#include "libipc/client/fetch.hpp"
#include "libipc/util/file.hpp"
#include "libipc/util/text.hpp"

namespace {

using namespace ipc::cli;
using ipc::client::FetchAnswer;
using ipc::client::FetchPart;
using ipc::client::FetchQuery;

Command command() {
  Command c;
  c.name = "ippull";
  c.synopsis = {"[-t SET] [-n0l] [--json] NAME...", "-t ENGINE [--npy | --code] [-o FILE] NAME",
                "-t ENGINE --to SET NAME..."};
  c.summary =
      "Prints the values of NAMEs (or expressions), one a line, in the order of the engines. Text "
      "is\n"
      "printed as it is, all else as JSON. If one is missing on an engine, nothing is printed.";
  c.examples = {
      {"ippull -t 0 b", "one value, bare"},
      {"ippull 'len(x)'", "of every engine"},
      {"ippull --json a b | jq .value", "one object for each value"},
      {"ippull -t 2 -o table.npy table", "an array, to a file"},
      {"ippull -t 0 --to 1-3 table", "to other engines, under the same name"},
      {"ippull -t 0 --code f", "the text that defines a function"},
  };
  c.options = {
      {'0', "null", "", "end each value with NUL instead of newline"},
      {0, "npy", "", "NumPy's file format; one value"},
      {0, "code", "", "the text that defines a function or class"},
      {'o', "output", "FILE", "one value to FILE, whole or not at all; NAME.npy implies --npy"},
      {0, "to", "SET", "bind the values on these engines instead of printing them"},
  };
  c.common = kCluster | kTargets | kLabels | kJson | kNoStdin | kKernel;
  return c;
}

ipc::Error usage(const std::string& what, const std::string& hint) {
  return {ipc::Code::usage, what, hint};
}

ipc::Status check_move(const Arguments& arguments) {
  for (const char* other : {"npy", "output", "json", "null", "code"})
    if (arguments.has(other))
      return usage("--to prints nothing, so --" + std::string(other) + " is too much", "");
  for (const auto& name : arguments.operands)
    if (!is_identifier(name))
      return usage("'" + name + "' is not a name", "--to moves names, not expressions");
  return {};
}

ipc::Result<FetchQuery> make_query(const Arguments& arguments) {
  FetchQuery query;
  query.names = arguments.operands;
  if (query.names.empty()) return usage("nothing to pull", "give NAME; ipls --names lists them");
  const auto file = arguments.get("output");
  if (arguments.has("code")) {
    for (const char* other : {"npy", "json"})
      if (arguments.has(other))
        return usage("--" + std::string(other) + " does not go with --code", "leave one out");
    if (file && query.names.size() > 1) return usage("-o takes one NAME", "");
    query.form = "source";
    return query;
  }
  const bool npy = arguments.has("npy") || (file && file->ends_with(".npy"));
  if ((npy || file) && query.names.size() > 1)
    return usage("-o and --npy take one NAME, and here are " + std::to_string(query.names.size()),
                 "");
  if ((npy || file) && arguments.has("json"))
    return usage("--json does not go with -o or --npy", "leave one out");
  query.form = npy ? "npy" : arguments.has("json") ? "json" : "text";
  return query;
}

// Raw bytes of several engines or names would run into each other.
ipc::Status check_bytes(const FetchQuery& query, const FetchAnswer& answer, bool single) {
  if (answer.parts.size() == 1 && query.names.size() == 1) return {};
  if (single)
    return usage(
        "-o and --npy take one engine, and " + std::to_string(answer.parts.size()) + " are meant",
        "name it: -t 0; or ipgather");
  for (const auto& part : answer.parts)
    for (size_t i = 0; i < part.types.size(); ++i)
      if (part.types[i] == "bytes")
        return usage("'" + query.names[i] + "' is bytes, which have no end to tell them apart",
                     "one engine and one name (-t 0), or --json, or ipgather");
  return {};
}

/// Prints what was fetched; lives during one invocation.
class Printer {
 public:
  Printer(const DataSession& session, const FetchQuery& query, const Arguments& arguments,
          Meter& meter)
      : session_(session),
        query_(query),
        meter_(meter),
        out_(STDOUT_FILENO),
        json_(arguments.has("json")),
        label_(output_options(arguments, session.engines.size()).label_stdout),
        end_(arguments.has("null") ? '\0' : '\n') {}

  ipc::Status print(const FetchAnswer& answer) {
    for (const auto& part : answer.parts)
      for (size_t i = 0; i < query_.names.size(); ++i) IPC_TRY(print_value(part, i));
    out_.flush();
    return out_.status();
  }

  /// --json: what failed, one object each.
  ipc::Status print_failures(const std::vector<ipc::client::Failure>& failures) {
    for (const auto& failure : failures) out_.write(json_failure(failure.engine, failure.error));
    out_.flush();
    return out_.status();
  }

 private:
  ipc::Status pass(const FetchPart& part, size_t index) {
    return read_value(*session_, query_, part, index, [this](std::string_view piece) {
      out_.write(piece);
      meter_.add(piece.size());
      return out_.status();
    });
  }

  ipc::Status print_value(const FetchPart& part, size_t index) {
    const std::string& type = part.types[index];
    if (!json_) {
      if (label_ && type != "bytes" && type != "npy")
        out_.write(std::to_string(part.engine) + ": ");
      IPC_TRY(pass(part, index));
      if (type != "bytes" && type != "npy") out_.write(std::string_view(&end_, 1));
      return {};
    }
    out_.write(R"({"id":)" + ipc::json_quote(job_word(part.id)) + R"(,"engine":)" +
               std::to_string(part.engine) + R"(,"name":)" + ipc::json_quote(query_.names[index]) +
               R"(,"status":"ok","value":)");
    // The kernel encoded it; only bytes come bare.
    if (type == "base64") out_.write(R"({"base64":")");
    IPC_TRY(pass(part, index));
    out_.write(type == "base64" ? "\"}}" : "}");
    out_.write(std::string_view(&end_, 1));
    return {};
  }

  const DataSession& session_;
  const FetchQuery& query_;
  Meter& meter_;
  Writer out_;
  bool json_, label_;
  char end_;
};

ipc::Status save(const DataSession& session, const FetchQuery& query, const FetchPart& part,
                 const std::string& path, Meter& meter) {
  std::string bytes;
  IPC_TRY(read_value(*session, query, part, 0, [&](std::string_view piece) {
    bytes += piece;
    meter.add(piece.size());
    return ipc::Status();
  }));
  if (query.form == "source") bytes += '\n';
  return ipc::write_file_atomically(path, bytes, 0666);
}

ipc::Result<int> body(const Arguments& arguments) {
  IPC_TRY_ASSIGN(FetchQuery query, make_query(arguments));
  const auto to = arguments.get("to");
  if (to) IPC_TRY(check_move(arguments));
  IPC_TRY_ASSIGN(const Stage stage, await_stage(arguments.has("no-stdin")));
  IPC_TRY_ASSIGN(const auto session, open_data_session(arguments, stage.jobs));
  if (to) return ippull::move(session, arguments, *to);
  query.kernel = session.kernel;
  IPC_TRY_ASSIGN(const FetchAnswer answer, fetch(*session, session.engines, query));
  // What is printed on a terminal shows by itself how far it has come.
  const bool quiet =
      arguments.has("quiet") || (!arguments.has("output") && ::isatty(STDOUT_FILENO) == 1);
  Meter meter(session.connection->loop(), total_size(answer), true, quiet);
  Printer printer(session, query, arguments, meter);
  if (!answer.failures.empty()) {
    if (arguments.has("json")) IPC_TRY(printer.print_failures(answer.failures));
    return report_failures(arguments, answer.failures);
  }
  const auto file = arguments.get("output");
  auto done = check_bytes(query, answer, file || query.form == "npy");
  if (done)
    done = file ? save(session, query, answer.parts[0], *file, meter) : printer.print(answer);
  release(*session, query, answer.parts);
  if (!done) return done.error();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  run_program(command(), argc, argv, body);
}
