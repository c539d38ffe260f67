// SPDX-License-Identifier: BSD-3-Clause
// ipsubmit: one task, for whichever engine is free.
#include <algorithm>

#include "cmd/ipsubmit/dependency.hpp"
#include "libipc/cli/code.hpp"
#include "libipc/cli/connect.hpp"
#include "libipc/cli/crew.hpp"
#include "libipc/cli/jobs.hpp"
#include "libipc/cli/output.hpp"
#include "libipc/cli/program.hpp"
#include "libipc/cli/values.hpp"
#include "libipc/client/jobs.hpp"
#include "libipc/util/text.hpp"

namespace {

using namespace ipc::cli;
using ipc::Error;
using ipc::Result;
using ipc::client::PushValue;
using ipc::client::Request;
using ipc::wire::Json;

Command command() {
  Command c;
  c.name = "ipsubmit";
  c.synopsis = {"[-t SET] [--after JOBS] [--push NAME=VALUE]... [--pull EXPR]... CODE",
                "[options] -f FILE [ARG]...", "[options] --sh COMMAND [ARG]..."};
  c.summary =
      "Gives CODE to whichever engine is free, prints one job word and returns: ipwait waits for\n"
      "it. Without CODE it is read from standard input.";
  c.examples = {
      {"a=$(ipsubmit 'load(2026)'); b=$(ipsubmit --after $a 'report()'); ipwait $b", ""},
      {"ipsubmit --push n=40 --pull y 'y = fib(n)'", "a value in, a value out"},
      {"ipsubmit --after $a,$b:any --sh make plots", "after one of two"},
      {"ipsubmit --after $a:failure --sh 'mail -s failed me'", "only if it failed"},
      {"ipsubmit --follow $a 'use(table)'", "where that ran"},
      {"ipsubmit -f fit.py --steps 10", "a script with its arguments"},
  };
  c.options = {
      {'c', "code", "CODE", "the code, as an option"},
      {'f', "file", "FILE",
       "the code is in FILE (- is standard input); what follows are its arguments", false, true},
      {'p', "print", "", "the value of the last expression is a result"},
      {0, "push", "NAME=VALUE", "bind NAME before the code runs; VALUE as in ippush", true},
      {'s', "string", "", "the VALUEs of --push are text as it is: no JSON, no @, no ref:"},
      {0, "pull", "EXPR", "the value of EXPR after the code is a result", true},
      {0, "clear-before", "", "clear the namespace first"},
      {0, "clear-after", "", "clear it at the end, also if the code fails"},
      {0, "after", "JOBS", "start after these tasks; JOBS:any, :failure, :success:failure"},
      {0, "follow", "JOBS", "run where these tasks ran"},
      {0, "retries", "N", "if it fails, try it on up to N other engines"},
      {0, "timeout", "TIME", "fail if it has not been given to an engine after TIME"},
      {0, "label", "TEXT", "kept in the task's record"},
  };
  c.common = kCluster | kTargets | kKernel;
  c.operands = Operands::code;
  return c;
}

// Members of the request's content that go with the code, each with a comma before it.
std::string members(const Arguments& arguments, const std::vector<PushValue>& values) {
  std::string text;
  if (!values.empty()) {
    Json names = Json::array(), types = Json::array();
    for (const auto& value : values) {
      names.push_back(value.name);
      types.push_back(value.type);
    }
    text += R"(,"push":)" + ipc::wire::dump_json({{"names", names}, {"types", types}});
  }
  if (arguments.has("pull")) text += R"(,"pull":)" + ipc::wire::dump_json(arguments.all("pull"));
  if (arguments.has("clear-before")) text += R"(,"clear_before":true)";
  if (arguments.has("clear-after")) text += R"(,"clear_after":true)";
  return text;
}

Result<Request> make_request(const Arguments& arguments) {
  IPC_TRY_ASSIGN(RemoteCode code, find_code(arguments));
  const auto words = arguments.all("push");
  const bool plain = arguments.has("string");
  const auto reads = [](const std::string& word) { return word.ends_with("=@-"); };
  if (code.from_stdin && !plain && std::any_of(words.begin(), words.end(), reads))
    return Error{ipc::Code::usage, "standard input has the code, --push cannot read it too",
                 "give CODE or -f FILE"};
  for (const auto& text : arguments.all("pull"))
    if (!ipc::is_utf8(text)) return Error{ipc::Code::usage, "--pull: not UTF-8", ""};
  IPC_TRY_ASSIGN(auto values, parse_assignments(words, plain));
  if (code.from_stdin) {
    IPC_TRY_ASSIGN(code.text, read_stdin("code"));
  }
  Request request;
  request.type = "execute_request";
  request.kernel = chosen_kernel(arguments);
  IPC_TRY_ASSIGN(request.content, execute_content(code, arguments, members(arguments, values)));
  for (auto& value : values) {
    if (value.source) {
      IPC_TRY_ASSIGN(value.bytes, value.source->read(0, value.source->size()));
    }
    request.buffers.push_back(ipc::net::Frame::adopt(std::move(value.bytes)));
  }
  return request;
}

// What the scheduler is told. The jobs named are collected in `ids`.
Result<Json> make_metadata(const Arguments& arguments, std::vector<std::string>& ids) {
  Json metadata = Json::object();
  for (const char* name : {"after", "follow"}) {
    IPC_TRY_ASSIGN(const auto dependency, ipsubmit::parse_dependency(arguments, name));
    if (!dependency) continue;
    metadata[name] = dependency->json();
    ids.insert(ids.end(), dependency->ids.begin(), dependency->ids.end());
  }
  IPC_TRY_ASSIGN(const long retries, arguments.number("retries", 0, 0, 1000));
  if (retries > 0) metadata["retries"] = retries;
  IPC_TRY_ASSIGN(const auto timeout, arguments.duration("timeout"));
  if (timeout) metadata["timeout"] = std::chrono::duration<double>(*timeout).count();
  if (const auto label = arguments.get("label")) {
    if (!ipc::is_utf8(*label)) return Error{ipc::Code::usage, "--label: not UTF-8", ""};
    metadata["label"] = *label;
  }
  return metadata;
}

Result<int> body(const Arguments& arguments) {
  std::vector<std::string> ids;
  IPC_TRY_ASSIGN(auto metadata, make_metadata(arguments, ids));
  IPC_TRY_ASSIGN(auto request, make_request(arguments));
  IPC_TRY_ASSIGN(const auto connection, connect(arguments, false));
  const SignalGuard guard(*connection);
  IPC_TRY_ASSIGN(const Crew crew, find_crew(*connection, arguments));
  IPC_TRY(ipsubmit::check_jobs(*connection, ids));
  if (!crew.targets.empty()) metadata["targets"] = crew.targets;
  if (!metadata.empty()) request.metadata = std::move(metadata);
  std::string refusal;
  const auto id = connection->submit(std::move(request), [&](ipc::client::Reply&& reply) {
    const auto error = reply.error();
    if (error.ename == "NotAccepted") refusal = error.evalue;
  });
  const auto known = ipc::client::acknowledge(*connection, {id});
  if (!refusal.empty()) return Error{ipc::Code::failed, refusal, ""};
  IPC_TRY(known);
  IPC_TRY(print(job_word(id) + "\n"));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  run_program(command(), argc, argv, body);
}
