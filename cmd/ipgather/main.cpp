// SPDX-License-Identifier: BSD-3-Clause
// ipgather: print the elements of a sequence that engines hold in parts.
#include <unistd.h>

#include "cmd/ipgather/cyclic.hpp"
#include "libipc/cli/data.hpp"
#include "libipc/cli/jobs.hpp"
#include "libipc/cli/output.hpp"
#include "libipc/cli/pipeline.hpp"
#include "libipc/cli/program.hpp"
#include "libipc/cli/progress.hpp"
#include "libipc/cli/results.hpp"
#include "libipc/client/fetch.hpp"
#include "libipc/client/npy.hpp"
#include "libipc/util/text.hpp"

namespace {

using namespace ipc::cli;
using ipc::client::FetchAnswer;
using ipc::client::FetchPart;
using ipc::client::FetchQuery;

Command command() {
  Command c;
  c.name = "ipgather";
  c.synopsis = {"[-t SET] [-n0] [--cyclic] [--json | --npy] NAME"};
  c.summary =
      "Prints the elements of NAME (or an expression) of the engines, one a line, in the order of "
      "the\n"
      "engines: what ipscatter takes apart. If one has no NAME, nothing is printed.";
  c.examples = {
      {"seq 64 | ipscatter x | ipexec 'y = [int(v)**2 for v in x]' | ipgather y", ""},
      {"ipgather -0 names | xargs -0 ls -l", "elements that hold newlines"},
      {"ipgather --npy table > table.npy", "arrays joined along their first axis"},
      {"ipgather --cyclic y", "of what ipscatter --cyclic dealt out"},
  };
  c.options = {
      {'0', "null", "", "end each element with NUL instead of newline"},
      {0, "npy", "", "arrays, joined, in NumPy's file format"},
      {0, "cyclic", "", "one element of each engine in turn: what ipscatter --cyclic dealt out"},
  };
  c.common = kCluster | kTargets | kJson | kNoStdin | kKernel;
  return c;
}

ipc::Error usage(const std::string& what, const std::string& hint) {
  return {ipc::Code::usage, what, hint};
}

ipc::Result<FetchQuery> make_query(const Arguments& arguments) {
  if (arguments.operands.empty())
    return usage("nothing to gather", "give NAME; ipls --names lists them");
  if (arguments.operands.size() > 1)
    return usage("one NAME, and here are " + std::to_string(arguments.operands.size()),
                 "an expression is one operand: quote it");
  if (arguments.has("json") && arguments.has("npy"))
    return usage("--json and --npy are both given", "give one");
  if (arguments.has("json") && arguments.has("cyclic"))
    return usage("--json prints the part of each engine, and --cyclic has none", "leave one out");
  FetchQuery query;
  query.names = arguments.operands;
  query.form = arguments.has("npy") ? "npy" : arguments.has("json") ? "json" : "text";
  query.elements = query.form == "text";
  // In turn they are told apart here; newlines are more common in elements.
  if (arguments.has("null") || arguments.has("cyclic")) query.separator = std::string(1, '\0');
  return query;
}

/// Prints what was fetched; lives during one invocation.
class Printer {
 public:
  Printer(const DataSession& session, const FetchQuery& query, const Arguments& arguments,
          Meter& meter)
      : session_(session),
        query_(query),
        meter_(meter),
        cyclic_(arguments.has("cyclic")),
        end_(arguments.has("null") ? '\0' : '\n'),
        out_(STDOUT_FILENO) {}

  ipc::Status print(const FetchAnswer& answer) {
    if (query_.form == "npy") {
      IPC_TRY(print_npy(answer));
    } else if (cyclic_) {
      IPC_TRY(ipgather::deal_texts(session_, query_, answer, end_, sink()));
    } else {
      for (const auto& part : answer.parts)
        IPC_TRY(query_.form == "json" ? print_json(part) : pass(part, 0));
    }
    out_.flush();
    return out_.status();
  }

  ipc::Status print_failures(const std::vector<ipc::client::Failure>& failures) {
    for (const auto& failure : failures) out_.write(json_failure(failure.engine, failure.error));
    out_.flush();
    return out_.status();
  }

 private:
  ipgather::Sink sink() {
    return [this](std::string_view piece) {
      out_.write(piece);
      meter_.add(piece.size());
      return out_.status();
    };
  }

  ipc::Status pass(const FetchPart& part, uint64_t offset) {
    return read_value(*session_, query_, part, 0, sink(), offset);
  }

  ipc::Status print_json(const FetchPart& part) {
    const bool is_base64 = part.types[0] == "base64";
    out_.write(R"({"id":)" + ipc::json_quote(job_word(part.id)) + R"(,"engine":)" +
               std::to_string(part.engine) + R"(,"status":"ok","value":)" +
               (is_base64 ? R"({"base64":")" : ""));
    IPC_TRY(pass(part, 0));
    out_.write(is_base64 ? "\"}}\n" : "}\n");
    return {};
  }

  ipc::Status print_npy(const FetchAnswer& answer) {
    std::vector<ipc::client::NpyHeader> headers;
    uint64_t rows = 0;
    for (const auto& part : answer.parts) {
      IPC_TRY_ASSIGN(const std::string start,
                     read_range(*session_, query_, part, 0, 0, ipc::client::kMostNpyHeader));
      auto header = ipc::client::parse_npy_header(start);
      const std::string who = "engine " + std::to_string(part.engine) + ": ";
      if (!header) return ipc::Error{ipc::Code::failed, who + header.error().what, ""};
      if (!headers.empty() && !header->fits(headers[0]))
        return ipc::Error{ipc::Code::failed,
                          who + "its array has another type or width than that of engine " +
                              std::to_string(answer.parts[0].engine),
                          ""};
      rows += header->shape[0];
      headers.push_back(*std::move(header));
    }
    out_.write(ipc::client::make_npy_header(headers[0], rows));
    if (cyclic_ && rows > 0) return deal_npy(answer, headers);
    for (size_t i = 0; i < headers.size(); ++i) IPC_TRY(pass(answer.parts[i], headers[i].data));
    return {};
  }

  ipc::Status deal_npy(const FetchAnswer& answer,
                       const std::vector<ipc::client::NpyHeader>& headers) {
    std::vector<uint64_t> offsets, counts;
    for (const auto& header : headers) {
      offsets.push_back(header.data);
      counts.push_back(header.shape[0]);
    }
    // The first has rows if any has; parts that are not dealt out are found by their counts.
    const uint64_t bytes = answer.parts[0].sizes[0] - headers[0].data;
    const uint64_t size = counts[0] > 0 ? bytes / counts[0] : 0;
    return ipgather::deal_rows(session_, query_, answer, offsets, counts, size, sink());
  }

  const DataSession& session_;
  const FetchQuery& query_;
  Meter& meter_;
  bool cyclic_;
  char end_;
  Writer out_;
};

ipc::Result<int> body(const Arguments& arguments) {
  IPC_TRY_ASSIGN(FetchQuery query, make_query(arguments));
  IPC_TRY_ASSIGN(const Stage stage, await_stage(arguments.has("no-stdin")));
  IPC_TRY_ASSIGN(const auto session, open_data_session(arguments, stage.jobs));
  query.kernel = session.kernel;
  IPC_TRY_ASSIGN(const FetchAnswer answer, fetch(*session, session.engines, query));
  // What is printed on a terminal shows by itself how far it has come.
  const bool quiet = arguments.has("quiet") || ::isatty(STDOUT_FILENO) == 1;
  Meter meter(session.connection->loop(), total_size(answer), true, quiet);
  Printer printer(session, query, arguments, meter);
  if (!answer.failures.empty()) {
    if (query.form == "json") IPC_TRY(printer.print_failures(answer.failures));
    return report_failures(arguments, answer.failures);
  }
  const auto printed = printer.print(answer);
  release(*session, query, answer.parts);
  if (!printed) return printed.error();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  run_program(command(), argc, argv, body);
}
