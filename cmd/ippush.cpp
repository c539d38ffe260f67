// SPDX-License-Identifier: BSD-3-Clause
// ippush: bind names on engines.
#include <algorithm>

#include "libipc/cli/data.hpp"
#include "libipc/cli/pipeline.hpp"
#include "libipc/cli/program.hpp"
#include "libipc/cli/values.hpp"

namespace {

using namespace ipc::cli;
using ipc::client::Failure;
using ipc::client::PushValue;
using ipc::client::Source;

Command command() {
  Command c;
  c.name = "ippush";
  c.synopsis = {"[-t SET] [-ns] NAME=VALUE..."};
  c.summary =
      "Binds names on every engine, waits, and prints nothing. VALUE is JSON if it is JSON, else\n"
      "text; @FILE and @- (standard input) are read; ref:EXPRESSION is evaluated on the engine.";
  c.examples = {
      {"ippush a=30 b='to the engines!'", "a number and a text"},
      {"ippush -s zip=\"$zip\" user=\"$u\"", "text as it is: always for variables"},
      {"ippush table=@big.npy words=@words.txt", "typed by the file's name"},
      {"curl -s \"$url\" | ippush page=@-", "bytes from standard input"},
      {"ippush -t 0 first=ref:data[0]", "an expression there"},
  };
  c.options = {{'s', "string", "", "VALUE is text as it is: no JSON, no @, no ref:"}};
  c.common = kCluster | kTargets | kNoStdin | kKernel;
  return c;
}

// Values too large for one message go in pieces, each whole on all engines before the next.
ipc::Result<std::vector<Failure>> push(const DataSession& session, std::vector<PushValue> values) {
  size_t total = 0;
  for (const auto& value : values) total += value.size();
  std::vector<PushValue> small;
  for (auto& value : values) {
    if (total <= ipc::client::kPiece || value.size() <= ipc::client::kPiece / values.size()) {
      small.push_back(std::move(value));
      continue;
    }
    if (!value.source)
      value.source = std::make_shared<const Source>(Source::of(std::move(value.bytes)));
    std::vector<ipc::client::Delivery> deliveries;
    for (const int engine : session.engines)
      deliveries.push_back({engine, {"", 0, value.source->size()}});
    IPC_TRY_ASSIGN(auto failures, push_slices(*session, session.kernel, value.name, value.type,
                                              *value.source, deliveries));
    if (!failures.empty()) return failures;
  }
  if (small.empty()) return std::vector<Failure>();
  return push_values(*session, session.engines, session.kernel, small);
}

ipc::Result<int> body(const Arguments& arguments) {
  const bool plain = arguments.has("string");
  const auto& words = arguments.operands;
  if (words.empty())
    return ipc::Error{ipc::Code::usage, "nothing to push", "give NAME=VALUE; see ippush -h"};
  const bool takes_stdin = !plain && std::any_of(words.begin(), words.end(), [](const auto& word) {
    return word.ends_with("=@-") && word.find('=') + 3 == word.size();
  });
  IPC_TRY_ASSIGN(const Stage stage, await_stage(takes_stdin || arguments.has("no-stdin")));
  IPC_TRY_ASSIGN(auto values, parse_assignments(words, plain));
  IPC_TRY_ASSIGN(const auto session, open_data_session(arguments, stage.jobs));
  IPC_TRY_ASSIGN(const auto failures, push(session, std::move(values)));
  return report_failures(arguments, failures);
}

}  // namespace

int main(int argc, char** argv) {
  run_program(command(), argc, argv, body);
}
