// SPDX-License-Identifier: BSD-3-Clause
// What ipmap's command line may say: help, examples, options.
#include "cmd/ipmap/settings.hpp"

namespace ipmap {

using namespace ipc::cli;

Command command() {
  Command c;
  c.name = "ipmap";
  c.synopsis = {
      "[-t SET] [-j N] [-0k] [--bar] [--retries N] [--timeout TIME] [--halt WHEN] EXPR [::: "
      "ITEM...]",
      "[options] --sh COMMAND [ARG]..."};
  c.summary =
      "Gives each line of standard input to whichever engine is free, as x (a number if it is\n"
      "written as one) and _ (text), and prints the results in input order.";
  c.examples = {
      {"seq 0 15 | ipmap 'x**10'", "an expression of x"},
      {"ls | ipmap os.path:getsize", "a function of a module; or lambda, or a name there"},
      {"ls *.fits | ipmap --sh --bar 'fitsverify -q {}'", "a command for each line"},
      {"find . -name '*.c' -print0 | ipmap -0 --sh wc -l {}", "names with any character"},
      {"paste xs ys | ipmap --colsep '\\t' 'x[0]**x[1]'", "columns"},
      {"ipmap --sh 'cmp {1} {2}' ::: *.old :::+ *.new", "two sources, item by item"},
      {"ipmap --joblog log --resume --sh 'sim {} > {.}.out' < runs", "again after a crash"},
      {"ipmap --sh 'gzip -9 {}' ::: *.log", "items as operands"},
      {"ipmap -f sim.py:run < parameters", "a function of a file that is only here"},
      {"seq 1000000 | ipmap --reduce 'a+b' 'x*x'", "one result"},
      {"ipmap --pipe --sh 'grep ERROR' < huge.txt", "blocks of lines through a filter"},
  };
  c.options = {
      {'j', "jobs", "N", "at most N requests at a time; default: as many as keep the engines busy"},
      {'0', "null", "", "items and results end with NUL instead of newline"},
      {'d', "delimiter", "CHAR", "items end with CHAR"},
      {0, "colsep", "TEXT", "items have columns between TEXT: x[0], x[1]; {1}, {2}"},
      {0, "link", "", "several sources item by item, instead of every combination"},
      {0, "shuf", "", "items in random order; all of them are read first"},
      {'k', "keep-order", "", "results in input order (the default)"},
      {0, "unordered", "", "results as they come"},
      {0, "type", "TYPE", "what x is: auto, text or json"},
      {0, "chunk", "N", "N items in each request; default: as many as take some milliseconds"},
      {'f', "file", "FILE[:FUNCTION]",
       "this function of a Python file here; or EXPR with its names"},
      {0, "pipe", "", "blocks of the input are the input of commands (--sh), or the text x"},
      {0, "block", "SIZE", "about so many bytes in a block, whole lines; default 1M"},
      {0, "recend", "TEXT", "a block may end behind TEXT instead of a newline"},
      {0, "recstart", "TEXT", "a block begins with TEXT"},
      {0, "reduce", "EXPR", "one result: EXPR makes one of two results, a and b, in any grouping"},
      {0, "direct", "", "no balancing: each engine gets one contiguous share of the items"},
      {0, "delay", "TIME", "at least so long between requests; they have one item, unless --chunk"},
      {0, "env", "NAME", "commands get this variable of ours; may be repeated", true},
      {0, "workdir", "DIR", "commands run in this directory of the engine's host"},
      {0, "results", "DIR", "each item's output is also in DIR/1/ITEM/stdout"},
      {0, "retries", "N", "try a failed item up to N times more"},
      {0, "joblog", "FILE", "a line for each item that is done: time, engine, status, item"},
      {0, "resume", "", "leave out what the job log has; the log goes on"},
      {0, "resume-failed", "", "the same, but what failed is done again"},
      {0, "halt", "WHEN", "never, or now|soon,fail=N, success=N, done=N, or N%: end then"},
      {0, "tag", "", "lines of output begin with their item and a tab"},
      {0, "bar", "", "a bar of progress on the terminal"},
      {0, "eta", "", "the time left, on the terminal"},
  };
  c.common = kCluster | kTargets | kTimeout | kJson | kKernel | kSerial;
  c.operands = Operands::code;
  return c;
}

}  // namespace ipmap
