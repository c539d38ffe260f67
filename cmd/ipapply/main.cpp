// SPDX-License-Identifier: BSD-3-Clause
// ipapply: call a function on every engine.
#include <algorithm>

#include "cmd/ipapply/call.hpp"
#include "libipc/cli/data.hpp"
#include "libipc/cli/execution.hpp"
#include "libipc/cli/pipeline.hpp"
#include "libipc/cli/program.hpp"
#include "libipc/cli/values.hpp"
#include "libipc/util/text.hpp"

namespace {

using namespace ipc::cli;
using ipc::client::PushValue;
using ipc::client::Source;

// Arguments larger than this go ahead of the call, in pieces.
constexpr uint64_t kMostInline = 64u << 10;

Command command() {
  Command c;
  c.name = "ipapply";
  c.synopsis = {"[-t SET] [-anqs] [--kw NAME=VALUE]... [--timeout TIME] FUNCTION [ARG]...",
                "-t ENGINE [--npy] [-o FILE] FUNCTION [ARG]..."};
  c.summary =
      "Calls FUNCTION on every engine with the ARGs and prints what it returns, one a line, in "
      "the\n"
      "order of the engines. FUNCTION is a name there, module.name, or an expression; an ARG is\n"
      "JSON if it is JSON, else text; @FILE is read; ref:EXPRESSION is evaluated on the engine.";
  c.examples = {
      {"ipapply 'lambda x: a+b+x' 27", "with the a and b of each engine"},
      {"ipapply numpy.dot ref:A 3", "imported there if need be"},
      {"ipapply --kw reverse=true sorted '[2, 3, 1]'", "an argument by name"},
      {"ipapply -t 0 -o inverse.npy numpy.linalg.inv @m.npy", "an array, from and to a file"},
  };
  c.options = {
      {'s', "string", "", "ARGs are text as they are: no JSON, no @, no ref:"},
      {0, "kw", "NAME=VALUE", "an argument by name; repeatable", true},
      {0, "npy", "", "the result in NumPy's file format; one engine"},
      {'o', "output", "FILE",
       "the result to FILE, whole or not at all; one engine; NAME.npy implies --npy"},
  };
  c.common = kCluster | kTargets | kAsync | kTimeout | kLabels | kJson | kNoStdin | kKernel |
             kBroadcast | kSerial;
  c.operands = Operands::words;
  return c;
}

ipc::Error usage(const std::string& what, const std::string& hint) {
  return {ipc::Code::usage, what, hint};
}

ipc::Status check(const Arguments& arguments) {
  if (arguments.operands.empty()) return usage("no FUNCTION to call", "see ipapply -h");
  if (chosen_kernel(arguments) == "sh")
    return usage("a shell command has no value", "ipexec --sh runs it and prints its output");
  if (arguments.has("broadcast") && arguments.has("async"))
    return usage("--broadcast does not go with --async", "leave one out");
  for (const char* other : {"json", "async"})
    if (arguments.has(other) && (arguments.has("npy") || arguments.has("output")))
      return usage("--" + std::string(other) + " does not go with --npy and -o", "leave one out");
  return {};
}

bool takes_stdin(const Arguments& arguments) {
  if (arguments.has("string")) return false;
  const auto& words = arguments.operands;
  const auto named = arguments.all("kw");
  return std::find(words.begin() + 1, words.end(), "@-") != words.end() ||
         std::any_of(named.begin(), named.end(), [](const auto& word) {
           return word.ends_with("=@-") && word.find('=') + 3 == word.size();
         });
}

ipc::Result<ipapply::Call> make_call(const Arguments& arguments) {
  ipapply::Call call;
  call.function = arguments.operands[0];
  call.positional = arguments.operands.size() - 1;
  call.npy = arguments.has("npy") || arguments.get_or("output", "").ends_with(".npy");
  const bool plain = arguments.has("string");
  bool stdin_taken = false;
  for (size_t i = 1; i < arguments.operands.size(); ++i) {
    const bool from_stdin = !plain && arguments.operands[i] == "@-";
    if (from_stdin && stdin_taken) return usage("standard input is asked for twice", "one @- only");
    stdin_taken = stdin_taken || from_stdin;
    IPC_TRY_ASSIGN(auto value, parse_value(arguments.operands[i], plain));
    call.arguments.push_back(std::move(value));
  }
  IPC_TRY_ASSIGN(auto named, parse_assignments(arguments.all("kw"), plain));
  for (auto& value : named) call.arguments.push_back(std::move(value));
  return call;
}

// Binds what is large under names that the call unbinds; what failed.
ipc::Result<std::vector<ipc::client::Failure>> send_ahead(const DataSession& session,
                                                          ipapply::Call& call,
                                                          std::vector<std::string>& names) {
  for (auto& value : call.arguments) {
    if (value.size() <= kMostInline) continue;
    if (!value.source)
      value.source = std::make_shared<const Source>(Source::of(std::move(value.bytes)));
    names.push_back("_ipapply_" + ipc::random_hex(8));
    std::vector<ipc::client::Delivery> deliveries;
    for (const int engine : session.engines)
      deliveries.push_back({engine, {"", 0, value.source->size()}});
    IPC_TRY_ASSIGN(auto failures, push_slices(*session, session.kernel, names.back(), value.type,
                                              *value.source, deliveries));
    if (!failures.empty()) return failures;
    value.type = "taken";
    value.bytes = names.back();
    value.source = nullptr;
  }
  return std::vector<ipc::client::Failure>();
}

bool is_native(const DataSession& session, const ipc::client::EngineInfo& info) {
  return session.kernel.empty() ? info.language == "native" : session.kernel == "native";
}

// The request of each engine, by what it speaks.
ipc::Result<Execution> make_execution(const DataSession& session, const ipapply::Call& call) {
  IPC_TRY_ASSIGN(const ipc::client::EngineTable* table, session.connection->engines());
  Execution execution;
  IPC_TRY_ASSIGN(const auto python, ipapply::python_code(call));
  execution.content = ipapply::request_content(python);
  for (const int engine : session.engines) {
    const auto& info = *table->find(engine);
    if (is_native(session, info)) {
      IPC_TRY_ASSIGN(const auto native, ipapply::native_code(call));
      execution.contents[engine] = ipapply::request_content(native);
    } else if (session.kernel.empty() && !info.language.empty() && info.language != "python") {
      return ipc::Error{ipc::Code::no_engine,
                        "engine " + std::to_string(engine) + " speaks " + info.language +
                            ", and functions are called in python or native ones",
                        "choose engines: -t lang:python"};
    }
  }
  return execution;
}

ipc::Result<int> apply(const DataSession& session, ipapply::Call& call, const Arguments& arguments,
                       Streams& streams, std::vector<std::string>& ahead) {
  if (session.engines.size() > 1 && (call.npy || arguments.has("output")))
    return usage("--npy and -o are for one engine, and " + std::to_string(session.engines.size()) +
                     " are meant",
                 "name it: -t 0");
  IPC_TRY_ASSIGN(const auto failures, send_ahead(session, call, ahead));
  if (!failures.empty()) return report_failures(arguments, failures);
  IPC_TRY_ASSIGN(auto execution, make_execution(session, call));
  execution.value_file = arguments.get("output");
  return arguments.has("async") ? run_async(*session, session.engines, execution, arguments)
                                : run(*session, session.engines, execution, arguments, streams);
}

ipc::Result<int> body(const Arguments& arguments) {
  IPC_TRY(check(arguments));
  IPC_TRY_ASSIGN(const Stage stage,
                 await_stage(takes_stdin(arguments) || arguments.has("no-stdin")));
  IPC_TRY_ASSIGN(auto call, make_call(arguments));
  Streams streams;
  IPC_TRY_ASSIGN(const auto session, open_data_session(arguments, stage.jobs));
  std::vector<std::string> ahead;
  const auto status = apply(session, call, arguments, streams, ahead);
  // A call that did not come to its turn left them.
  if (!ahead.empty() && (!status || *status != 0) && !session.connection->interrupted())
    (void)unbind(*session, session.engines, session.kernel, ahead);
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  run_program(command(), argc, argv, body);
}
