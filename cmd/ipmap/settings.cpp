// SPDX-License-Identifier: BSD-3-Clause
// What ipmap's command line says, checked.
#include "cmd/ipmap/settings.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "libipc/cli/connect.hpp"
#include "libipc/cli/values.hpp"
#include "libipc/util/size.hpp"
#include "libipc/util/text.hpp"

namespace ipmap {

using namespace ipc::cli;
using ipc::Error;
using ipc::Result;

constexpr std::uint64_t kLargestBlock = 256u << 20;

static Error usage(const std::string& what, const std::string& hint = "") {
  return {ipc::Code::usage, what, hint};
}

/// Two options that cannot be given together; `other` empty: `one` needs `why`.
struct Clash {
  const char* one;
  const char* other;
  const char* why;
};

constexpr const char* kNoItems = "blocks have no items";
constexpr const char* kOneResult = "there is one result of all items";
constexpr std::array kClashes = {
    Clash{"unordered", "keep-order", "give one"},
    Clash{"tag", "json", "rows of --json have the item"},
    Clash{"shuf", "resume", "the order would be another; give one"},
    Clash{"shuf", "resume-failed", "the order would be another; give one"},
    Clash{"pipe", "shuf", kNoItems},
    Clash{"pipe", "direct", "blocks go to whichever engine is free"},
    Clash{"reduce", "joblog", kOneResult},
    Clash{"reduce", "results", kOneResult},
    Clash{"reduce", "tag", kOneResult},
    Clash{"reduce", "unordered", "a and b are neighbours in the input"},
    Clash{"pipe", "link", kNoItems},
    Clash{"pipe", "colsep", kNoItems},
    Clash{"pipe", "tag", kNoItems},
    Clash{"pipe", "type", "x is the text of a block"},
    Clash{"block", "chunk", "--chunk N makes blocks of N records; give one"},
    Clash{"recend", "null", "give one"},
    Clash{"recend", "delimiter", "give one"},
};

// What belongs to an option that is not given says nothing.
constexpr std::array<std::pair<const char*, const char*>, 3> kNeeds = {
    {{"block", "pipe"}, {"recend", "pipe"}, {"recstart", "pipe"}}};

static ipc::Status check_together(const Arguments& arguments) {
  for (const auto& [one, other, why] : kClashes)
    if (arguments.has(one) && arguments.has(other))
      return usage("--" + std::string(one) + " and --" + other + " are both given", why);
  for (const auto& [one, other] : kNeeds)
    if (arguments.has(one) && !arguments.has(other))
      return usage("--" + std::string(one) + " is for --" + other, "give both");
  return {};
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

// `path/file.py:function`, meant for -f.
static bool is_file_of_python(const std::string& text) {
  const size_t colon = text.rfind(':');
  return colon != std::string::npos && text.substr(0, colon).ends_with(".py") &&
         is_identifier(text.substr(colon + 1));
}

static ipc::Status read_work(std::vector<std::string>& operands, bool shell, Settings& settings) {
  IPC_TRY_ASSIGN(settings.sources, cut_sources(operands));
  if (settings.file && operands.empty()) {
    if (settings.file->function.empty())
      return usage("-f names no function of " + settings.file->path,
                   "write -f FILE:FUNCTION, or give EXPR: it sees the names of the file");
    settings.expression = settings.file->path + ':' + settings.file->function;
    return {};
  }
  if (settings.file && !settings.file->function.empty())
    return usage("-f names what is called, '" + operands[0] + "' is too much",
                 "items come from standard input, or after :::");
  if (operands.empty()) return usage(shell ? "no command" : "no expression", "try ipmap -h");
  if (shell) {
    IPC_TRY_ASSIGN(settings.command,
                   settings.pipe ? CommandTemplate::parse_filter(operands)
                                 : CommandTemplate::parse(operands, settings.has_columns()));
    return {};
  }
  if (operands.size() > 1)
    return usage("the expression is one operand: quote it ('" + operands[0] + "' and '" +
                     operands[1] + "' are two)",
                 "items come from standard input, or after :::; --sh runs a command");
  if (is_file_of_python(operands[0]))
    return usage("'" + operands[0] + "' is no module", "a function of a file: -f " + operands[0]);
  settings.expression = function_of_module(operands[0]).value_or(operands[0]);
  if (!ipc::is_utf8(settings.expression)) return usage("the expression is not UTF-8");
  return {};
}

// What only Python's expressions can have, before read_work().
static ipc::Status read_python(const Arguments& arguments, bool shell, Settings& settings) {
  const auto file = arguments.get("file"), reduce = arguments.get("reduce");
  if (shell && file)
    return usage("-f is for functions of Python, not for commands", "a script is a COMMAND itself");
  if (shell && reduce)
    return usage("--reduce is for results of Python, not for the output of commands",
                 "pipe it: ipmap --sh … | awk '{n += $1} END {print n}'");
  if (reduce && ipc::trim(*reduce).empty()) return usage("--reduce: no expression");
  if (file) {
    IPC_TRY_ASSIGN(settings.file, read_code_file(*file));
  }
  if (reduce) settings.reduce = function_of_module(*reduce).value_or(*reduce);
  if (!ipc::is_utf8(settings.reduce)) return usage("--reduce: the expression is not UTF-8");
  const bool counts =
      settings.halt.what == Halt::What::success || settings.halt.what == Halt::What::done;
  if (reduce && counts) return usage("--halt: one result of all items cannot end early");
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
  IPC_TRY_ASSIGN(settings.chunk, arguments.number("chunk", 0, 1, 1'000'000));
  IPC_TRY_ASSIGN(const auto delay, arguments.duration("delay"));
  settings.delay = delay.value_or(ipc::Duration{});
  if (delay && settings.chunk == 0) settings.chunk = 1;
  IPC_TRY_ASSIGN(settings.jobs, arguments.number("jobs", 0, 1, 100'000));
  IPC_TRY_ASSIGN(settings.retries, arguments.number("retries", 0, 0, 1000));
  IPC_TRY_ASSIGN(settings.halt, parse_halt(arguments.get_or("halt", "never")));
  IPC_TRY_ASSIGN(settings.timeout, arguments.duration("timeout"));
  settings.timeout_text = duration_text(arguments, "timeout");
  return {};
}

// What x is, and how items end.
static ipc::Status read_items(const Arguments& arguments, Settings& settings) {
  settings.type = arguments.get_or("type", "auto");
  if (settings.type != "auto" && settings.type != "text" && settings.type != "json")
    return usage("--type: '" + settings.type + "' is none of auto, text, json");
  IPC_TRY_ASSIGN(settings.separator, item_separator(arguments));
  if (arguments.has("null")) settings.out = '\0';
  return {};
}

// --pipe, after read_items(), read_order() and read_work().
static ipc::Status read_blocks(const Arguments& arguments, Settings& settings) {
  if (!settings.pipe) return {};
  if (settings.halt.needs_total())
    return usage("--halt: how many blocks --pipe makes is not known before",
                 "give a number, or fail=N%");
  const auto& sources = settings.sources;
  const bool one_file = sources.size() == 1 && sources[0].is_file && sources[0].words.size() == 1;
  if (!sources.empty() && !one_file)
    return usage("--pipe reads standard input", "or one file: :::: FILE");
  BlockRule& rule = settings.blocks;
  rule.start = unescape(arguments.get_or("recstart", ""));
  rule.end = std::string(1, settings.separator);
  if (!rule.start.empty() && !arguments.has("null") && !arguments.has("delimiter")) rule.end = "";
  if (const auto end = arguments.get("recend")) rule.end = unescape(*end);
  if (rule.end.empty() && rule.start.empty())
    return usage("--recend: no text ends a record", "--recstart says what begins one");
  rule.records = arguments.has("chunk") ? settings.chunk : 0;
  IPC_TRY_ASSIGN(const auto size, ipc::parse_size(arguments.get_or("block", "1M")));
  if (size > kLargestBlock) return usage("--block: at most 256M");
  rule.size = size;
  return {};
}

Result<Settings> read_settings(const Arguments& arguments) {
  IPC_TRY(check_together(arguments));
  Settings settings;
  settings.kernel = chosen_kernel(arguments);
  settings.json = arguments.has("json");
  settings.tag = arguments.has("tag");
  settings.pipe = arguments.has("pipe");
  settings.direct = arguments.has("direct");
  settings.verbose = arguments.has("verbose");
  settings.quiet = arguments.has("quiet");
  settings.colsep = unescape(arguments.get_or("colsep", ""));
  auto operands = arguments.operands;
  const bool shell = arguments.has("sh") || settings.kernel == "sh";
  IPC_TRY(read_order(arguments, settings));
  IPC_TRY(read_python(arguments, shell, settings));
  IPC_TRY(read_work(operands, shell, settings));
  IPC_TRY(read_log(arguments, settings));
  IPC_TRY(read_surroundings(arguments, settings));
  settings.results = arguments.get_or("results", "");
  IPC_TRY(read_items(arguments, settings));
  IPC_TRY(read_blocks(arguments, settings));
  return settings;
}

}  // namespace ipmap
