// SPDX-License-Identifier: BSD-3-Clause
// iphistory: the records of jobs: shown, dropped, run again.
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <set>

#include "libipc/cli/connect.hpp"
#include "libipc/cli/job_selection.hpp"
#include "libipc/cli/jobs.hpp"
#include "libipc/cli/output.hpp"
#include "libipc/cli/program.hpp"
#include "libipc/cli/table.hpp"
#include "libipc/client/history.hpp"
#include "libipc/client/jobs.hpp"
#include "libipc/util/text.hpp"

namespace {

using namespace ipc::cli;
using ipc::Code;
using ipc::Error;
using ipc::Result;
using ipc::client::Connection;
using ipc::client::EngineTable;
using ipc::wire::Json;

constexpr std::string_view kTable = "id,engine,status,submitted,duration,code";
constexpr std::string_view kObject =
    "id,engine,status,submitted,started,completed,queue,request,user,label,code,resubmitted";

Command command() {
  Command c;
  c.name = "iphistory";
  c.synopsis = {
      "[-n N] [-o COLUMNS] [--json | --tsv | -q] [--failed] [--since TIME] "
      "[--where CONDITION]... [JOB]...",
      "--purge | --replay  [the same | --all]"};
  c.summary =
      "Lists the jobs the controller has records of, newest last. CONDITION is KEY=VALUE, or has "
      "!=\n"
      "< <= > >= ~ (pattern of the shell) !~ between; all of them hold.";
  c.examples = {
      {"iphistory -n 20", "the newest"},
      {"iphistory --failed --since 1d -q | ipresult --resubmit -", "failures, once more"},
      {"iphistory --where 'duration>1m' -o id,engine,duration,code", "long ones"},
      {"iphistory --json --where 'code~*train*' | jq .completed", ""},
      {"iphistory --purge --until 7d", "what is older than a week"},
  };
  c.options = {
      {0, "where", "CONDITION", "only these, such as status=error, engine=0-3, 'started>14:30'",
       true},
      {0, "failed", "", "as --where status=error"},
      {0, "since", "TIME", "submitted since: 2026-11-01, 14:30, or 30m, 2h, 1d ago"},
      {0, "until", "TIME", "submitted before"},
      {'n', "newest", "N", "only the N newest of them"},
      {'o', "columns", "LIST", "which columns, with commas; -o help lists them"},
      {0, "tsv", "", "columns with tabs between, the first line their names"},
      {'q', "quiet", "", "job words only"},
      {0, "purge", "", "drop the records of jobs that have ended"},
      {0, "replay", "", "have these jobs run again, as tasks; print the new job words"},
      {0, "all", "", "with --purge, --replay: of everything there is"},
  };
  c.common = kCluster | kJson;
  c.permute = true;
  return c;
}

Error usage(const std::string& what, const std::string& hint) {
  return {Code::usage, what, hint};
}

ipc::Status check(const Arguments& arguments, const Selection& selection) {
  const bool acts = arguments.has("purge") || arguments.has("replay");
  const bool chosen = !selection.is_everything() || arguments.has("newest");
  int forms = 0;
  for (const char* form : {"json", "tsv", "quiet", "purge", "replay"}) forms += arguments.has(form);
  if (forms > 1) return usage("one of --json, --tsv, -q, --purge and --replay", "see iphistory -h");
  if (acts && arguments.has("columns")) return usage("-o shows records", "leave it out");
  if (arguments.has("all") && !acts) return usage("--all goes with --purge or --replay", "");
  if (arguments.has("all") && chosen) return usage("--all, and some of them", "give one");
  if (acts && !chosen && !arguments.has("all"))
    return usage("which ones?", "give --where, --since, --until, --failed, -n, JOBs, or --all");
  return {};
}

// Keys of the records that are needed.
std::vector<std::string> keys_for(const Arguments& arguments,
                                  const std::vector<const Column*>& columns) {
  std::set<std::string> keys = {"submitted"};
  for (const Column* column : columns) keys.insert(column->keys.begin(), column->keys.end());
  if (arguments.has("purge") || arguments.has("replay")) {
    keys.insert("completed");
    keys.insert("header");
  }
  return {keys.begin(), keys.end()};
}

Result<ChosenJobs> choose(Connection& connection, const Arguments& arguments,
                          const Selection& selection, const std::vector<const Column*>& columns) {
  IPC_TRY_ASSIGN(const long newest, arguments.number("newest", -1, 0, 1000000000));
  return choose_jobs(connection, selection, keys_for(arguments, columns), newest,
                     arguments.has("quiet"));
}

std::string tsv_cell(const std::string& text) {
  std::string cell;
  for (const char c : text)
    if (c == '\t')
      cell += "\\t";
    else if (c == '\n')
      cell += "\\n";
    else if (c == '\\')
      cell += "\\\\";
    else
      cell += c;
  return cell;
}

std::string tsv_text(const std::vector<Json>& records, const std::vector<const Column*>& columns,
                     const EngineTable& table) {
  std::string text;
  for (const Column* column : columns)
    text += (column == columns[0] ? "" : "\t") + std::string(column->name);
  text += "\n";
  for (const auto& record : records) {
    std::string line;
    for (size_t i = 0; i < columns.size(); ++i)
      line += (i == 0 ? "" : "\t") + tsv_cell(plain_text(columns[i]->value(record, table)));
    text += line + "\n";
  }
  return text;
}

std::string json_text(const std::vector<Json>& records, const std::vector<const Column*>& columns,
                      const EngineTable& table) {
  std::string text;
  for (const auto& record : records) {
    std::string line;
    for (const Column* column : columns)
      line += (line.empty() ? "" : ",") + ipc::json_quote(column->name) + ":" +
              ipc::wire::dump_json(column->value(record, table));
    text += "{" + line + "}\n";
  }
  return text;
}

// What is for people: times of day, seconds with few digits, the first line of what has several.
std::string table_cell(const Column& column, const Json& value) {
  if (column.kind == ColumnKind::time) return ipc::client::short_time(plain_text(value));
  if (value.is_number_float()) {
    char text[32];
    return std::string(
        text, static_cast<size_t>(std::snprintf(text, sizeof text, "%.3f", value.get<double>())));
  }
  const std::string text = plain_text(value);
  const std::string first(ipc::trim(std::string_view(text).substr(0, text.find('\n'))));
  return first.size() < ipc::trim(text).size() ? first + " ..." : first;
}

// Lines no wider than the terminal, if it is one.
std::string cut(const std::string& text) {
  struct winsize size {};
  if (::isatty(STDOUT_FILENO) != 1 || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 ||
      size.ws_col == 0)
    return text;
  std::string lines;
  size_t column = 0;
  for (const char c : text) {
    const bool begins = (c & 0xc0) != 0x80;
    if (c == '\n') {
      lines += c;
      column = 0;
      continue;
    }
    column += begins ? 1 : 0;
    if (column <= size.ws_col) lines += c;
  }
  return lines;
}

std::string table_text(const std::vector<Json>& records, const std::vector<const Column*>& columns,
                       const EngineTable& table) {
  if (records.empty()) return "";
  std::vector<std::vector<std::string>> rows(1);
  std::vector<size_t> right;
  for (size_t i = 0; i < columns.size(); ++i) {
    rows[0].emplace_back(columns[i]->name);
    if (columns[i]->kind == ColumnKind::number) right.push_back(i);
  }
  for (const auto& record : records) {
    auto& row = rows.emplace_back();
    for (const Column* column : columns)
      row.push_back(table_cell(*column, column->value(record, table)));
  }
  return cut(format_table(rows, right));
}

std::string words_text(const std::vector<std::string>& ids) {
  std::string text;
  for (const auto& id : ids) text += job_word(id) + "\n";
  return text;
}

// Ids of what can be purged or run again; says what is left out.
std::vector<std::string> finished(const std::vector<Json>& records, const Arguments& arguments) {
  std::vector<std::string> ids;
  size_t pending = 0, moved = 0;
  for (const auto& record : records) {
    const auto header = record.find("header");
    const std::string type =
        header == record.end() ? "" : ipc::wire::string_or(*header, "msg_type");
    const bool moves = type == "push_request" || type == "pull_request" || type == "map_request";
    if (status_of(record) == "pending")
      ++pending;
    else if (arguments.has("replay") && moves)
      ++moved;
    else
      ids.push_back(ipc::wire::string_or(record, "msg_id"));
  }
  if (pending > 0) complain("left out, not finished: " + std::to_string(pending));
  if (moved > 0) complain("left out, their data is not kept: " + std::to_string(moved));
  return ids;
}

Result<int> act(Connection& connection, const Arguments& arguments,
                const std::vector<std::string>& ids) {
  if (arguments.has("purge")) {
    IPC_TRY(ipc::client::purge(connection, ids));
    if (arguments.has("verbose")) complain(std::to_string(ids.size()) + " purged");
    return 0;
  }
  IPC_TRY_ASSIGN(const auto renamed, ipc::client::resubmit(connection, ids));
  std::vector<std::string> words;
  for (const auto& id : ids) words.push_back(renamed.at(id));
  IPC_TRY(print(words_text(words)));
  return 0;
}

Result<int> show(Connection& connection, const Arguments& arguments,
                 const std::vector<Json>& records, const std::vector<const Column*>& columns) {
  IPC_TRY_ASSIGN(const EngineTable* table, connection.engines());
  std::string text;
  if (arguments.has("quiet")) {
    std::vector<std::string> ids;
    for (const auto& record : records) ids.push_back(ipc::wire::string_or(record, "msg_id"));
    text = words_text(ids);
  } else if (arguments.has("json")) {
    text = json_text(records, columns, *table);
  } else if (arguments.has("tsv")) {
    text = tsv_text(records, columns, *table);
  } else {
    text = table_text(records, columns, *table);
  }
  IPC_TRY(print(text));
  return 0;
}

Result<int> list_columns() {
  std::string text;
  for (const auto& column : all_columns()) text += std::string(column.name) + "\n";
  IPC_TRY(print(text));
  return 0;
}

Result<int> body(const Arguments& arguments) {
  const std::string list = arguments.get_or("columns", "");
  if (list == "help") return list_columns();
  IPC_TRY_ASSIGN(const auto columns, parse_columns(list, arguments.has("json") ? kObject : kTable));
  IPC_TRY_ASSIGN(const auto selection, parse_selection(arguments));
  IPC_TRY(check(arguments, selection));
  IPC_TRY(arguments.number("newest", -1, 0, 1000000000));
  IPC_TRY_ASSIGN(const auto connection, connect(arguments, false));
  const SignalGuard guard(*connection);
  const bool acts = arguments.has("purge") || arguments.has("replay");
  const bool bare = acts || arguments.has("quiet");
  IPC_TRY_ASSIGN(const auto chosen, choose(*connection, arguments, selection,
                                           bare ? std::vector<const Column*>() : columns));
  IPC_TRY_ASSIGN(const int status,
                 acts ? act(*connection, arguments, finished(chosen.records, arguments))
                      : show(*connection, arguments, chosen.records, columns));
  if (!chosen.missing.empty()) return ipc::client::no_such_job(chosen.missing);
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  run_program(command(), argc, argv, body);
}
