// SPDX-License-Identifier: BSD-3-Clause
// ippush: bind names on engines.
#include <algorithm>

#include "libipc/cli/data.hpp"
#include "libipc/cli/pipeline.hpp"
#include "libipc/cli/program.hpp"
#include "libipc/cli/progress.hpp"
#include "libipc/cli/values.hpp"
#include "libipc/util/file.hpp"
#include "libipc/util/text.hpp"

namespace {

using namespace ipc::cli;
using ipc::client::Failure;
using ipc::client::PushValue;
using ipc::client::Source;

Command command() {
  Command c;
  c.name = "ippush";
  c.synopsis = {"[-t SET] [-ns] [--code NAME=FILE[:FUNCTION]]... [NAME=VALUE]..."};
  c.summary =
      "Binds names on every engine, waits, and prints nothing. VALUE is JSON if it is JSON, else\n"
      "text; @FILE and @- (standard input) are read; ref:EXPRESSION is evaluated on the engine.";
  c.examples = {
      {"ippush a=30 b='to the engines!'", "a number and a text"},
      {"ippush -s zip=\"$zip\" user=\"$u\"", "text as it is: always for variables"},
      {"ippush table=@big.npy words=@words.txt", "typed by the file's name"},
      {"curl -s \"$url\" | ippush page=@-", "bytes from standard input"},
      {"ippush -t 0 first=ref:data[0]", "an expression there"},
      {"ippush --code f=model.py:fit", "a function, with all that its file defines"},
  };
  c.options = {
      {'s', "string", "", "VALUE is text as it is: no JSON, no @, no ref:"},
      {0, "code", "NAME=FILE[:FUNCTION]",
       "a function (or class) of a python FILE, by default that called NAME; repeatable", true},
  };
  c.common = kCluster | kTargets | kNoStdin | kKernel | kBroadcast;
  return c;
}

// Values too large for one message go in pieces, each whole on all engines before the next.
ipc::Result<std::vector<Failure>> push(const DataSession& session, std::vector<PushValue> values,
                                       bool quiet) {
  size_t total = 0;
  for (const auto& value : values) total += value.size();
  Meter meter(session.connection->loop(), total * session.engines.size(), true, quiet);
  const auto on_bytes = [&meter](uint64_t bytes) { meter.add(bytes); };
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
                                              *value.source, deliveries, on_bytes));
    if (!failures.empty()) return failures;
  }
  if (small.empty()) return std::vector<Failure>();
  return push_values(*session, session.engines, session.kernel, small);
}

// NAME=FILE[:FUNCTION]: what the kernel needs to make it (kernels/README.md, `code`).
ipc::Result<PushValue> parse_code(const std::string& word) {
  const size_t equals = word.find('=');
  PushValue value{word.substr(0, equals), "code", ""};
  if (equals == std::string::npos || !is_identifier(value.name))
    return ipc::Error{ipc::Code::usage, "--code: '" + word + "' is not NAME=FILE[:FUNCTION]", ""};
  std::string file = word.substr(equals + 1), function = value.name;
  const auto is_dotted = [](const std::string& text) {
    const auto words = ipc::split(text, '.');
    return std::all_of(words.begin(), words.end(), [](const auto& w) { return is_identifier(w); });
  };
  if (const size_t colon = file.rfind(':');
      colon != std::string::npos && is_dotted(file.substr(colon + 1))) {
    function = file.substr(colon + 1);
    file.resize(colon);
  }
  IPC_TRY_ASSIGN(const std::string text, ipc::read_file(file));
  if (!ipc::is_utf8(text) || !ipc::is_utf8(file))
    return ipc::Error{ipc::Code::bad_input, file + " is not UTF-8", ""};
  value.bytes = R"({"file":)" + ipc::json_quote(file) + R"(,"name":)" + ipc::json_quote(function) +
                R"(,"text":)" + ipc::json_quote(text) + "}";
  return value;
}

ipc::Status add_code(const Arguments& arguments, std::vector<PushValue>& values) {
  for (const auto& word : arguments.all("code")) {
    IPC_TRY_ASSIGN(auto value, parse_code(word));
    for (const auto& other : values)
      if (other.name == value.name)
        return ipc::Error{ipc::Code::usage, "'" + value.name + "' is given twice", ""};
    values.push_back(std::move(value));
  }
  return {};
}

ipc::Result<int> body(const Arguments& arguments) {
  const bool plain = arguments.has("string");
  const auto& words = arguments.operands;
  if (words.empty() && !arguments.has("code"))
    return ipc::Error{ipc::Code::usage, "nothing to push", "give NAME=VALUE; see ippush -h"};
  const bool takes_stdin = !plain && std::any_of(words.begin(), words.end(), [](const auto& word) {
    return word.ends_with("=@-") && word.find('=') + 3 == word.size();
  });
  IPC_TRY_ASSIGN(const Stage stage, await_stage(takes_stdin || arguments.has("no-stdin")));
  IPC_TRY_ASSIGN(auto values, parse_assignments(words, plain));
  IPC_TRY(add_code(arguments, values));
  IPC_TRY_ASSIGN(const auto session, open_data_session(arguments, stage.jobs));
  IPC_TRY_ASSIGN(const auto failures, push(session, std::move(values), arguments.has("quiet")));
  return report_failures(arguments, failures);
}

}  // namespace

int main(int argc, char** argv) {
  run_program(command(), argc, argv, body);
}
