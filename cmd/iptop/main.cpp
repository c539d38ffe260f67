// SPDX-License-Identifier: BSD-3-Clause
// iptop: engines as they work.
#include <unistd.h>

#include <algorithm>

#include "cmd/iptop/live.hpp"
#include "libipc/cli/connect.hpp"
#include "libipc/cli/jobs.hpp"
#include "libipc/cli/output.hpp"
#include "libipc/cli/program.hpp"
#include "libipc/cli/table.hpp"
#include "libipc/util/text.hpp"

namespace {

using namespace ipc::cli;
using ipc::Code;
using ipc::Error;
using ipc::Result;
using ipc::client::Connection;
using ipc::wire::Json;
using iptop::Asker;
using iptop::Model;
using iptop::Row;
using iptop::Settings;

// Engines that have not answered by then are shown without what they alone know.
constexpr auto kPatience = ipc::seconds(2);

Command command() {
  Command c;
  c.name = "iptop";
  c.synopsis = {"[-d SECONDS] [--sort KEY] [--filter TEXT] [-t SET]",
                "--once | --json  [the same]"};
  c.summary = "Shows the engines as they work: what each runs and since when, what waits, memory.";
  c.examples = {
      {"iptop", "? shows the keys"},
      {"iptop --sort age --filter busy", "the longest task first, of engines that work"},
      {"iptop --once", "one look, as text"},
      {"iptop --json | jq 'select(.rss > 1e9).engine'", "engines of more than a gigabyte"},
  };
  c.options = {
      {'d', "delay", "TIME", "between two looks; default 1s"},
      {0, "sort", "KEY", "id, host, state, queue, done, failed, rate, memory or age"},
      {0, "filter", "TEXT", "engines with this text in their host, state or task"},
      {0, "once", "", "one look, as text; works without a terminal"},
  };
  c.common = kCluster | kTargets | kJson;
  return c;
}

Result<Settings> read_settings(const Arguments& arguments) {
  Settings settings;
  if (!arguments.operands.empty())
    return Error{Code::usage, "'" + arguments.operands[0] + "' is too much",
                 "engines are chosen by -t"};
  IPC_TRY_ASSIGN(const auto delay, arguments.duration("delay"));
  if (delay) settings.delay = std::max<ipc::Duration>(*delay, ipc::milliseconds(100));
  settings.filter = arguments.get_or("filter", "");
  const std::string name = arguments.get_or("sort", "id");
  const auto& names = iptop::key_names();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end())
    return Error{Code::usage, "--sort: '" + name + "' is no column",
                 "there are: " + ipc::join(names, " ")};
  settings.key = static_cast<iptop::Key>(found - names.begin());
  if (!arguments.has("once") && !arguments.has("json") &&
      (::isatty(STDIN_FILENO) != 1 || ::isatty(STDOUT_FILENO) != 1))
    return Error{Code::usage, "no terminal", "give --once or --json"};
  return settings;
}

std::string table_text(const Model& model, const std::vector<int>& order) {
  std::vector<std::vector<std::string>> rows = {
      {"id", "host", "state", "queue", "completed", "failed", "memory", "age", "task"}};
  const auto now = ipc::Clock::now();
  for (const int id : order) {
    const Row& row = *model.find(id);
    rows.push_back({std::to_string(id), row.host, row.state, std::to_string(row.queue),
                    std::to_string(row.completed), std::to_string(row.failed),
                    row.memory ? iptop::short_bytes(row.memory) : "",
                    row.task_id.empty() ? "" : iptop::short_time(row.age(now)), row.task});
  }
  return format_table(rows, {0, 3, 4, 5, 6, 7});
}

std::string json_text(const Model& model, const std::vector<int>& order) {
  std::string text;
  const auto now = ipc::Clock::now();
  for (const int id : order) {
    const Row& row = *model.find(id);
    Json json = {{"engine", id},
                 {"host", row.host},
                 {"state", row.state},
                 {"queue", row.queue},
                 {"completed", row.completed},
                 {"failed", row.failed},
                 {"rss", row.memory ? Json(*row.memory) : Json()},
                 {"running", nullptr}};
    if (!row.task_id.empty())
      json["running"] = {
          {"id", job_word(row.task_id)}, {"task", row.task}, {"seconds", row.age(now)}};
    text += ipc::wire::dump_json(json) + "\n";
  }
  return text;
}

Result<int> once(Connection& connection, const Arguments& arguments, const Settings& settings) {
  Model model;
  Asker asker(connection, arguments);
  IPC_TRY(asker.renew(model));
  asker.ask_hub(model);
  for (const auto& [id, row] : model.rows()) asker.ask_engine(model, id);
  const auto waited = connection.wait([&] { return asker.idle(); }, ipc::Clock::now() + kPatience);
  if (!waited && waited.error().code != Code::timed_out) return waited.error();
  connection.forget_all();
  const auto order = model.shown(settings.key, false, settings.filter, ipc::Clock::now());
  IPC_TRY(print(arguments.has("json") ? json_text(model, order) : table_text(model, order)));
  return 0;
}

Result<int> body(const Arguments& arguments) {
  IPC_TRY_ASSIGN(const auto settings, read_settings(arguments));
  IPC_TRY_ASSIGN(const auto connection, connect(arguments, false));
  const SignalGuard guard(*connection);
  IPC_TRY(connection->engines());
  if (arguments.has("once") || arguments.has("json")) return once(*connection, arguments, settings);
  iptop::Live live(*connection, arguments, settings);
  IPC_TRY(live.run());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  run_program(command(), argc, argv, body);
}
