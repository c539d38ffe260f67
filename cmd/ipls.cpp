// SPDX-License-Identifier: BSD-3-Clause
// ipls: list engines, or what their namespaces hold.
#include <map>

#include "libipc/cli/data.hpp"
#include "libipc/cli/errors.hpp"
#include "libipc/cli/output.hpp"
#include "libipc/cli/program.hpp"
#include "libipc/cli/table.hpp"
#include "libipc/client/fetch.hpp"
#include "libipc/client/jobs.hpp"

namespace {

using namespace ipc::cli;
using ipc::client::Connection;
using ipc::client::EngineInfo;
using ipc::client::EngineTable;
using ipc::client::Outcome;
using ipc::client::Reply;
using ipc::wire::Json;

Command command() {
  Command c;
  c.name = "ipls";
  c.synopsis = {"[-t SET] [-l] [--json]", "[-t SET] [-l] [--json] --names",
                "[-t SET] [--json] NAME...", "[-t SET] --source NAME..."};
  c.summary =
      "Lists the engines, one id a line, or the names their namespaces hold and on which engines.\n"
      "NAME...: these names; exit status 1 if one is missing on an engine.";
  c.examples = {
      {"ipls", "0, 1, 2, 3"},
      {"ipls -l", "where and what they are"},
      {"ipls --names", "what the namespaces hold"},
      {"ipls -l x y", "where x and y are, and how large"},
      {"ipls --source f", "the text that defines f"},
  };
  c.options = {
      {'l', "long", "", "a table with all that is known"},
      {0, "names", "", "what the namespaces hold"},
      {0, "source", "", "the definitions of functions and classes, equal ones once"},
  };
  c.common = kCluster | kTargets | kJson | kKernel;
  return c;
}

std::string language_of(const EngineInfo& info) {
  if (!info.is_ipkit()) return info.kernel;
  if (info.language.empty()) return info.kernel;
  return info.language + (info.language_version.empty() ? "" : " " + info.language_version);
}

Json as_json(const EngineInfo& info, const std::string& state) {
  Json row = {{"engine", info.id}, {"uuid", info.uuid}};
  if (!state.empty()) row["state"] = state;
  if (!info.is_ipkit()) {
    row.update({{"kernel", info.kernel}, {"language", info.language}});
    return row;
  }
  row.update({{"host", info.host},
              {"pid", info.pid},
              {"kernel_pid", info.kernel_pid},
              {"kernel", info.kernel},
              {"language", info.language},
              {"language_version", info.language_version},
              {"cwd", info.cwd},
              {"started", info.started},
              {"version", info.version}});
  return row;
}

ipc::Result<std::string> list_engines(Connection& connection, const Arguments& arguments,
                                      const std::vector<int>& engines) {
  IPC_TRY_ASSIGN(const EngineTable* table, connection.engines());
  const bool detailed = arguments.has("long") || arguments.has("json");
  ipc::client::QueueState queues;
  if (detailed) {
    IPC_TRY_ASSIGN(queues, queue_state(connection));
  }
  std::string text;
  std::vector<std::vector<std::string>> rows = {
      {"id", "host", "pid", "kernel", "state", "started", "directory", "uuid"}};
  for (const int id : engines) {
    const EngineInfo& info = *table->find(id);
    const std::string state = queues.engines[id].state;
    if (arguments.has("json"))
      text += ipc::wire::dump_json(as_json(info, state)) + "\n";
    else if (detailed)
      rows.push_back({std::to_string(id), info.host, info.pid > 0 ? std::to_string(info.pid) : "",
                      language_of(info), state, ipc::client::short_time(info.started), info.cwd,
                      info.uuid});
    else
      text += std::to_string(id) + "\n";
  }
  return rows.size() > 1 ? format_table(rows, {0, 2}) : text;
}

/// One name: where it is, and as what.
struct Entry {
  std::map<int, Json> engines;
};

struct Listing {
  std::map<std::string, Entry> names;
  std::vector<ipc::client::Failure> failures;
};

void take_names(int engine, const Reply& reply, Listing& listing) {
  if (reply.outcome != Outcome::ok) return listing.failures.push_back({engine, reply.error()});
  const Json content = reply.content();
  const auto names = content.is_object() ? content.find("names") : content.end();
  if (names == content.end() || !names->is_array()) return;
  for (const auto& entry : *names)
    if (const auto name = ipc::wire::string_or(entry, "name"); !name.empty())
      listing.names[name].engines[engine] = entry;
}

ipc::Result<Listing> ask_names(const DataSession& session) {
  Listing listing;
  for (const int engine : session.engines) {
    ipc::client::Request request;
    request.type = "list_request";
    request.kernel = session.kernel;
    const auto take = [&listing, engine](Reply&& reply) { take_names(engine, reply, listing); };
    IPC_TRY(session.connection->send(engine, std::move(request), take));
  }
  const auto waited = session.connection->wait_all();
  session.connection->forget_all();
  if (!waited) return waited.error();
  return listing;
}

std::string size_text(const Json& entry) {
  const auto size = entry.find("size");
  return size == entry.end() || size->is_null() ? "" : ipc::wire::dump_json(*size);
}

// Engines that hold the name alike share a row.
void add_rows(const std::string& name, const Entry& entry,
              std::vector<std::vector<std::string>>& rows) {
  std::map<std::pair<std::string, std::string>, std::vector<int>> alike;
  for (const auto& [engine, facts] : entry.engines)
    alike[{ipc::wire::string_or(facts, "type"), size_text(facts)}].push_back(engine);
  for (const auto& [facts, engines] : alike)
    rows.push_back({name, facts.first, facts.second, engines_text(engines)});
}

std::string names_text(const Arguments& arguments, const Listing& listing,
                       const std::vector<std::string>& wanted) {
  std::string text;
  std::vector<std::vector<std::string>> rows = {{"name", "type", "size", "engines"}};
  for (const auto& [name, entry] : listing.names) {
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), name) == wanted.end()) continue;
    if (arguments.has("json")) {
      for (const auto& [engine, facts] : entry.engines)
        text += ipc::wire::dump_json({{"engine", engine},
                                      {"name", name},
                                      {"type", facts.value("type", Json())},
                                      {"size", facts.value("size", Json())}}) +
                "\n";
    } else if (arguments.has("long") || !wanted.empty()) {
      add_rows(name, entry, rows);
    } else {
      text += name + "\n";
    }
  }
  return rows.size() > 1 ? format_table(rows, {2}) : text;
}

// What was asked for and is not there; the exit status.
int report_missing(const Arguments& arguments, const DataSession& session, Listing& listing) {
  for (const auto& name : arguments.operands)
    for (const int engine : session.engines) {
      if (listing.names[name].engines.contains(engine)) continue;
      ipc::client::RemoteError error;
      error.evalue = "no '" + name + "'";
      listing.failures.push_back({engine, std::move(error)});
    }
  return report_failures(arguments, listing.failures);
}

// The definition of one name: bare if it is the same everywhere, else under its engines.
ipc::Result<std::vector<ipc::client::Failure>> print_source(const DataSession& session,
                                                            const std::string& name) {
  ipc::client::FetchQuery query;
  query.kernel = session.kernel;
  query.names = {name};
  query.form = "source";
  IPC_TRY_ASSIGN(const auto answer, fetch(*session, session.engines, query));
  std::map<std::string, std::vector<int>> texts;
  for (const auto& part : answer.parts)
    if (!part.values.empty()) texts[part.values[0]].push_back(part.engine);
  for (const auto& [text, engines] : texts) {
    const bool alone = texts.size() == 1 && answer.failures.empty();
    IPC_TRY(print((alone ? "" : "# " + engines_text(engines) + "\n") + text + "\n"));
  }
  return answer.failures;
}

ipc::Result<int> list_sources(const Arguments& arguments) {
  if (arguments.operands.empty())
    return ipc::Error{ipc::Code::usage, "--source: of what?", "give NAME; ipls --names lists them"};
  for (const char* other : {"json", "long", "names"})
    if (arguments.has(other))
      return ipc::Error{ipc::Code::usage, "--" + std::string(other) + " does not go with --source",
                        "leave one out"};
  IPC_TRY_ASSIGN(const auto session, open_data_session(arguments));
  std::vector<ipc::client::Failure> failures;
  for (const auto& name : arguments.operands) {
    IPC_TRY_ASSIGN(const auto more, print_source(session, name));
    failures.insert(failures.end(), more.begin(), more.end());
  }
  return report_failures(arguments, failures);
}

ipc::Result<int> body(const Arguments& arguments) {
  if (arguments.has("source")) return list_sources(arguments);
  if (arguments.has("names") || !arguments.operands.empty()) {
    IPC_TRY_ASSIGN(const auto session, open_data_session(arguments));
    IPC_TRY_ASSIGN(auto listing, ask_names(session));
    const auto text = names_text(arguments, listing, arguments.operands);
    IPC_TRY(print(text));
    return report_missing(arguments, session, listing);
  }
  IPC_TRY_ASSIGN(const auto connection, connect(arguments, false));
  const SignalGuard guard(*connection);
  IPC_TRY_ASSIGN(const EngineTable* table, connection->engines());
  std::vector<int> engines;
  // No engines is an answer here, not a failure.
  if (!table->engines.empty() || arguments.has("targets")) {
    IPC_TRY_ASSIGN(engines, choose_engines(*connection, arguments));
  }
  IPC_TRY_ASSIGN(const std::string text, list_engines(*connection, arguments, engines));
  IPC_TRY(print(text));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  run_program(command(), argc, argv, body);
}
