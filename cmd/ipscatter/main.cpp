// SPDX-License-Identifier: BSD-3-Clause
// ipscatter: take a sequence apart and bind each engine's part.
#include "cmd/ipscatter/deal.hpp"
#include "cmd/ipscatter/input.hpp"
#include "libipc/cli/data.hpp"
#include "libipc/cli/pipeline.hpp"
#include "libipc/cli/program.hpp"
#include "libipc/cli/progress.hpp"
#include "libipc/cli/values.hpp"

namespace {

using namespace ipc::cli;

Command command() {
  Command c;
  c.name = "ipscatter";
  c.synopsis = {"[-t SET] [-0] [-d CHAR] [--type TYPE] [--cyclic] [--flatten] NAME [FILE]..."};
  c.summary =
      "Binds NAME on every engine to its part of the input: the lines of FILEs or of standard "
      "input, as a\n"
      "list of texts. The parts are contiguous and differ by one element at most. Prints nothing.";
  c.examples = {
      {"seq 64 | ipscatter x", "16 lines each on 4 engines"},
      {"find . -name '*.c' -print0 | ipscatter -0 files", "names with newlines"},
      {"ipscatter --type bytes blob < file", "runs of bytes, exact"},
      {"ipscatter --type npy a table.npy", "rows of an array"},
      {"seq 64 | ipscatter --cyclic x | ipgather --cyclic x", "1, 5, 9, … on the first of 4"},
      {"ipls | ipscatter --flatten id", "each its own id, not a list of it"},
  };
  c.options = {
      {'0', "null", "", "elements end with NUL"},
      {'d', "delimiter", "CHAR", "elements end with CHAR (\\t, \\0)"},
      {0, "type", "TYPE", "lines (default), bytes, json (a list), npy (rows of an array)"},
      {0, "cyclic", "", "elements in turn, like cards, instead of contiguous parts"},
      {0, "flatten", "", "a part of one element is bound as the element itself"},
  };
  c.common = kCluster | kTargets | kKernel;
  return c;
}

ipc::Result<std::vector<ipc::client::Failure>> push(
    const DataSession& session, const Arguments& arguments, const std::string& type,
    const ipc::client::Source& source, const std::vector<ipc::client::Delivery>& deliveries) {
  uint64_t total = 0;
  for (const auto& [engine, slice, own_type] : deliveries)
    total += slice.prefix.size() + slice.end - slice.begin;
  Meter meter(session.connection->loop(), total, true, arguments.has("quiet"));
  return push_slices(*session, session.kernel, arguments.operands[0], type, source, deliveries,
                     [&meter](uint64_t bytes) { meter.add(bytes); });
}

ipc::Result<int> body(const Arguments& arguments) {
  if (arguments.operands.empty())
    return ipc::Error{ipc::Code::usage, "no NAME to bind", "see ipscatter -h"};
  const std::string name = arguments.operands[0];
  if (!is_identifier(name))
    return ipc::Error{ipc::Code::usage, "'" + name + "' is not a name",
                      "names are letters, digits and _; files come after it"};
  IPC_TRY_ASSIGN(const auto format, ipscatter::format_of(arguments));
  if (arguments.has("flatten") && format.type == "bytes")
    return ipc::Error{ipc::Code::usage, "--flatten is for elements, and bytes have none",
                      "leave it out, or use lines"};
  const std::vector<std::string> files(arguments.operands.begin() + 1, arguments.operands.end());
  IPC_TRY_ASSIGN(auto inputs, ipscatter::open_inputs(files));
  IPC_TRY_ASSIGN(const auto session, open_data_session(arguments));
  // From here on a name that is not bound whole is not bound at all.
  IPC_TRY_ASSIGN(const auto left, unbind(*session, session.engines, session.kernel, {name}));
  if (!left.empty()) return report_failures(arguments, left);
  IPC_TRY_ASSIGN(auto source,
                 ipscatter::take_input(std::move(inputs), format, session.guard->fd()));
  const auto share = arguments.has("cyclic") ? ipscatter::deal : ipscatter::cut;
  IPC_TRY_ASSIGN(const auto slices, share(source, format, session.engines.size()));
  std::vector<ipc::client::Delivery> deliveries;
  for (size_t i = 0; i < slices.size(); ++i) deliveries.push_back({session.engines[i], slices[i]});
  if (arguments.has("flatten")) IPC_TRY(ipscatter::flatten(source, format, deliveries));
  IPC_TRY_ASSIGN(const auto failures, push(session, arguments, format.type, source, deliveries));
  return report_failures(arguments, failures);
}

}  // namespace

int main(int argc, char** argv) {
  run_program(command(), argc, argv, body);
}
