// SPDX-License-Identifier: BSD-3-Clause
// What ipmap's command line says, checked.
#include "cmd/ipmap/settings.hpp"

#include <algorithm>
#include <cstdlib>

#include "libipc/cli/connect.hpp"
#include "libipc/cli/values.hpp"
#include "libipc/util/text.hpp"

namespace ipmap {

using namespace ipc::cli;
using ipc::Error;
using ipc::Result;

static Error usage(const std::string& what, const std::string& hint = "") {
  return {ipc::Code::usage, what, hint};
}

// `\t` and the like, as in parallel's and awk's separators.
static std::string unescape(const std::string& text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      plain += text[i];
      continue;
    }
    const char c = text[++i];
    plain += c == 't' ? '\t' : c == 'n' ? '\n' : c;
  }
  return plain;
}

// `module:function`, which is no expression otherwise, as one.
static std::optional<std::string> function_of_module(const std::string& text) {
  const size_t colon = text.find(':');
  if (colon == std::string::npos) return {};
  const std::string module = text.substr(0, colon), function = text.substr(colon + 1);
  for (const auto& dotted : {module, function}) {
    const auto names = ipc::split(dotted, '.');
    if (names.empty() || !std::all_of(names.begin(), names.end(), is_identifier)) return {};
  }
  return "__import__('importlib').import_module('" + module + "')." + function;
}

static ipc::Status read_work(std::vector<std::string>& operands, bool shell, Settings& settings) {
  IPC_TRY_ASSIGN(settings.sources, cut_sources(operands));
  if (operands.empty()) return usage(shell ? "no command" : "no expression", "try ipmap -h");
  if (shell) {
    IPC_TRY_ASSIGN(settings.command, CommandTemplate::parse(operands, settings.has_columns()));
    return {};
  }
  if (operands.size() > 1)
    return usage("the expression is one operand: quote it ('" + operands[0] + "' and '" +
                     operands[1] + "' are two)",
                 "items come from standard input, or after :::");
  settings.expression = function_of_module(operands[0]).value_or(operands[0]);
  if (!ipc::is_utf8(settings.expression)) return usage("the expression is not UTF-8");
  return {};
}

static ipc::Status read_log(const Arguments& arguments, Settings& settings) {
  settings.joblog = arguments.get_or("joblog", "");
  settings.resume_failed = arguments.has("resume-failed");
  settings.resume = settings.resume_failed || arguments.has("resume");
  if (arguments.has("joblog") && settings.joblog.empty()) return usage("--joblog names no file");
  if (settings.resume && settings.joblog.empty())
    return usage("--resume needs the job log of the run before", "give --joblog FILE");
  return {};
}

// How commands begin: in the directory, with the variables.
static ipc::Status read_surroundings(const Arguments& arguments, Settings& settings) {
  if (!settings.is_shell() && (arguments.has("env") || arguments.has("workdir")))
    return usage("--env and --workdir are for commands (--sh)",
                 "an engine has one directory and environment: ipexec 'import os; os.chdir(…)'");
  if (const auto directory = arguments.get("workdir"))
    settings.prefix = "cd -- " + ipc::shell_quote(*directory) + " || exit; ";
  for (const auto& name : arguments.all("env")) {
    if (!is_identifier(name)) return usage("--env: '" + name + "' is no name of a variable");
    const char* const value = std::getenv(name.c_str());
    settings.prefix += value == nullptr ? "unset " + name + "; "
                                        : "export " + name + "=" + ipc::shell_quote(value) + "; ";
  }
  return {};
}

static ipc::Status read_order(const Arguments& arguments, Settings& settings) {
  settings.ordered = !arguments.has("unordered");
  settings.link = arguments.has("link");
  settings.shuffle = arguments.has("shuf");
  if (!settings.ordered && arguments.has("keep-order"))
    return usage("--unordered and -k are both given", "give one");
  if (settings.shuffle && settings.resume)
    return usage("--shuf and --resume are both given", "the order would be another; give one");
  return {};
}

Result<Settings> read_settings(const Arguments& arguments) {
  Settings settings;
  settings.kernel = chosen_kernel(arguments);
  settings.json = arguments.has("json");
  settings.tag = arguments.has("tag");
  if (settings.tag && settings.json)
    return usage("--tag and --json are both given", "rows of --json have the item");
  settings.verbose = arguments.has("verbose");
  settings.quiet = arguments.has("quiet");
  settings.colsep = unescape(arguments.get_or("colsep", ""));
  auto operands = arguments.operands;
  const bool shell = arguments.has("sh") || settings.kernel == "sh";
  IPC_TRY(read_work(operands, shell, settings));
  IPC_TRY(read_log(arguments, settings));
  IPC_TRY(read_order(arguments, settings));
  IPC_TRY(read_surroundings(arguments, settings));
  settings.results = arguments.get_or("results", "");
  settings.type = arguments.get_or("type", "auto");
  if (settings.type != "auto" && settings.type != "text" && settings.type != "json")
    return usage("--type: '" + settings.type + "' is none of auto, text, json");
  IPC_TRY_ASSIGN(settings.separator, item_separator(arguments));
  if (arguments.has("null")) settings.out = '\0';
  IPC_TRY_ASSIGN(settings.chunk, arguments.number("chunk", 0, 1, 1'000'000));
  IPC_TRY_ASSIGN(const auto delay, arguments.duration("delay"));
  settings.delay = delay.value_or(ipc::Duration{});
  if (delay && settings.chunk == 0) settings.chunk = 1;
  IPC_TRY_ASSIGN(settings.jobs, arguments.number("jobs", 0, 1, 100'000));
  IPC_TRY_ASSIGN(settings.retries, arguments.number("retries", 0, 0, 1000));
  IPC_TRY_ASSIGN(settings.halt, parse_halt(arguments.get_or("halt", "never")));
  IPC_TRY_ASSIGN(settings.timeout, arguments.duration("timeout"));
  settings.timeout_text = duration_text(arguments, "timeout");
  return settings;
}

}  // namespace ipmap
