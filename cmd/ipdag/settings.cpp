// SPDX-License-Identifier: BSD-3-Clause
// What ipdag's command line says, checked.
#include "cmd/ipdag/settings.hpp"

#include <algorithm>
#include <cctype>

#include "libipc/cli/connect.hpp"
#include "libipc/util/text.hpp"

namespace ipdag {

using namespace ipc::cli;
using ipc::Error;
using ipc::Result;
using ipc::Status;

Command command() {
  Command c;
  c.name = "ipdag";
  c.synopsis = {"[-t SET] [-jp] [--bar] [--retries N] [--joblog FILE [--resume]] GRAPH [EXPR]",
                "[options] GRAPH --sh COMMAND [ARG]..."};
  c.summary =
      "Runs the tasks of a graph, each after those it depends on, on whichever engine is free.\n"
      "GRAPH has pairs as for tsort(1), or is a YAML list of tasks (.yaml), or DAGMan's (.dag).";
  c.examples = {
      {"ipdag graph --sh 'make {}'", "pairs \"a b\": b after a; {} is the name"},
      {"ipdag graph 'build(x)'", "an expression of the name"},
      {"ipdag --bar --joblog log tasks.yaml", "tasks with code of their own"},
      {"ipdag --joblog log --resume tasks.yaml", "what did not succeed, once more"},
      {"ipdag --dot graph | dot -Tsvg > graph.svg", "a picture"},
      {"ipdag --dry-run graph --sh 'make {}'", "what would run, in order"},
  };
  c.options = {
      {'j', "jobs", "N", "at most N nodes at a time; default: as many as the engines take"},
      {'p', "print", "", "print the value of each node's last expression"},
      {0, "format", "FORMAT", "of GRAPH: pairs, yaml, dagman; default by its name, else pairs"},
      {0, "retries", "N", "try a failed node up to N times more"},
      {0, "joblog", "FILE", "a line for each try, with GNU parallel's columns and more"},
      {0, "resume", "", "skip what --joblog, or GRAPH.rescue, says has succeeded"},
      {0, "dry-run", "", "print names and commands in order, run nothing"},
      {0, "dot", "", "print the graph for Graphviz, run nothing"},
      {0, "bar", "", "a bar of progress on the terminal"},
      {0, "sh", "", "all that follows is a command for each node, run by the engine's shell", false,
       true},
  };
  c.common = kCluster | kTargets | kTimeout | kJson | kKernel | kSerial;
  c.permute = true;
  return c;
}

static Error usage(const std::string& what, const std::string& hint = "") {
  return {ipc::Code::usage, what, hint};
}

static Result<Format> read_format(const Arguments& arguments, const std::string& file) {
  const std::string name = arguments.get_or("format", "");
  if (name == "pairs") return Format::pairs;
  if (name == "yaml") return Format::yaml;
  if (name == "dagman") return Format::dagman;
  if (!name.empty()) return usage("--format: '" + name + "' is none of pairs, yaml, dagman");
  if (file.ends_with(".yaml") || file.ends_with(".yml")) return Format::yaml;
  return file.ends_with(".dag") ? Format::dagman : Format::pairs;
}

// True for the name of a function, such as `load` or `np.linalg.inv`, which is called with x.
static bool is_dotted_name(const std::string& text) {
  for (const char* other : {"x", "_", "None", "True", "False"})
    if (text == other) return false;
  if (text.empty() || text.back() == '.') return false;
  bool starts = true;
  for (const unsigned char c : text) {
    if (starts ? std::isalpha(c) == 0 && c != '_' : std::isalnum(c) == 0 && c != '_' && c != '.')
      return false;
    starts = c == '.';
  }
  return true;
}

static Status read_template(const Arguments& arguments, Settings& settings) {
  const std::vector<std::string> words(arguments.operands.begin() + 1, arguments.operands.end());
  const bool shell = arguments.has("sh") || settings.kernel == "sh";
  if (words.empty()) return {};
  if (shell) {
    IPC_TRY_ASSIGN(settings.command,
                   CommandTemplate::parse(words, settings.format == Format::dagman));
    return {};
  }
  if (words.size() > 1)
    return usage("the expression is one operand: quote it ('" + words[0] + "' and '" + words[1] +
                     "' are two)",
                 "a command follows --sh");
  if (!ipc::is_utf8(words[0])) return usage("the expression is not UTF-8");
  settings.expression = is_dotted_name(words[0]) ? words[0] + "(x)" : words[0];
  return {};
}

Result<Settings> read_settings(const Arguments& arguments) {
  Settings settings;
  settings.kernel = chosen_kernel(arguments);
  settings.json = arguments.has("json");
  settings.print = arguments.has("print");
  settings.verbose = arguments.has("verbose");
  settings.quiet = arguments.has("quiet");
  settings.dry_run = arguments.has("dry-run");
  settings.dot = arguments.has("dot");
  settings.joblog = arguments.get_or("joblog", "");
  settings.resume = arguments.has("resume");
  if (settings.dry_run && settings.dot) return usage("--dry-run and --dot are both given");
  if (arguments.operands.empty()) return usage("no graph", "give a file, or - ; try ipdag -h");
  settings.file = arguments.operands[0];
  if (settings.joblog.empty() && settings.file != "-") settings.rescue = settings.file + ".rescue";
  if (settings.resume && settings.joblog.empty() && settings.rescue.empty())
    return usage("--resume goes by a --joblog where the graph is no file",
                 "--joblog FILE --resume");
  if (settings.file.size() > 1 && settings.file[0] == '-')
    return usage("'" + settings.file + "' stands where the graph should",
                 "--sh comes last: all that follows it is the command");
  IPC_TRY_ASSIGN(settings.format, read_format(arguments, settings.file));
  IPC_TRY(read_template(arguments, settings));
  IPC_TRY_ASSIGN(settings.jobs, arguments.number("jobs", 0, 1, 100'000));
  IPC_TRY_ASSIGN(settings.retries, arguments.number("retries", 0, 0, 1000));
  IPC_TRY_ASSIGN(settings.timeout, arguments.duration("timeout"));
  settings.timeout_text = duration_text(arguments, "timeout");
  return settings;
}

}  // namespace ipdag
