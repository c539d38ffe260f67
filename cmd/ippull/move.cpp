// SPDX-License-Identifier: BSD-3-Clause
// ippull --to: values from one engine to others.
#include "cmd/ippull/move.hpp"

#include "libipc/cli/groups.hpp"
#include "libipc/cli/progress.hpp"
#include "libipc/cli/values.hpp"
#include "libipc/client/fetch.hpp"
#include "libipc/client/spread.hpp"

namespace ippull {

using ipc::Code;
using ipc::Error;
using ipc::Result;
using ipc::Status;
using ipc::cli::DataSession;
using ipc::client::Failure;
using ipc::client::FetchPart;
using ipc::client::FetchQuery;
using ipc::client::Spread;

static Result<std::vector<int>> destinations(const DataSession& session,
                                             const ipc::cli::Arguments& arguments,
                                             const std::string& to) {
  IPC_TRY_ASSIGN(const ipc::client::EngineTable* table, session.connection->engines());
  ipc::cli::TargetChoice choice;
  choice.targets = to;
  choice.is_explicit = true;
  IPC_TRY_ASSIGN(auto engines, ipc::cli::select_engines(arguments, choice, *table));
  IPC_TRY(require_kernel(*table, engines, session.kernel));
  std::erase(engines, session.engines[0]);
  return engines;
}

// What the kernel calls the value's type; empty if it does not list it.
static Result<std::string> type_of(const DataSession& session, const std::string& name) {
  ipc::client::Request request;
  request.type = "list_request";
  request.kernel = session.kernel;
  std::string type;
  const auto take = [&](ipc::client::Reply&& reply) {
    // What is not there is said when it is asked for itself.
    if (reply.outcome != ipc::client::Outcome::ok) return;
    const auto content = reply.content();
    const auto names = content.is_object() ? content.find("names") : content.end();
    if (names == content.end() || !names->is_array()) return;
    for (const auto& entry : *names)
      if (ipc::wire::string_or(entry, "name") == name) type = ipc::wire::string_or(entry, "type");
  };
  IPC_TRY_ASSIGN([[maybe_unused]] const auto id,
                 session.connection->send(session.engines[0], std::move(request), take));
  const auto waited = session.connection->wait_all();
  session.connection->forget_all();
  if (!waited) return waited.error();
  return type;
}

static Result<std::string> language_of(const DataSession& session) {
  if (!session.kernel.empty()) return session.kernel;
  IPC_TRY_ASSIGN(const ipc::client::EngineTable* table, session.connection->engines());
  return table->find(session.engines[0])->language;
}

// How the value is asked for, so that it stays what it is: arrays of numbers as such, and lists of
// texts element by element where a kernel has a type for them.
static Result<FetchQuery> query_for(const DataSession& session, const std::string& name) {
  FetchQuery query;
  query.kernel = session.kernel;
  query.names = {name};
  IPC_TRY_ASSIGN(const std::string language, language_of(session));
  IPC_TRY_ASSIGN(const std::string type, type_of(session, name));
  const bool is_native = language == "native", is_shell = language == "sh";
  if (type == "ndarray" || (is_native && type == "npy")) query.form = "npy";
  const bool nul = (is_native && type == "nul") || (is_shell && type == "array");
  query.elements = nul || (is_native && type == "lines");
  if (nul) query.separator = std::string(1, '\0');
  return query;
}

// As what it is bound: elements by what ends them.
static std::string bound_type(const FetchQuery& query, const std::string& type) {
  if (type != "lines") return type;
  return query.separator == "\n" ? "lines" : "nul";
}

static Result<std::vector<Failure>> move_one(const DataSession& session, const std::string& name,
                                             const std::vector<int>& engines, bool quiet) {
  IPC_TRY_ASSIGN(const auto query, query_for(session, name));
  IPC_TRY_ASSIGN(const auto answer, fetch(*session.connection, session.engines, query));
  if (!answer.failures.empty()) return answer.failures;
  const FetchPart& part = answer.parts[0];
  std::vector<Failure> failures;
  Status moved;
  if (part.types[0] == "repr") {
    moved = Error{Code::failed, "'" + name + "' has no form that can be moved",
                  "text, numbers, lists, bytes and arrays have"};
  } else {
    Spread spread(*session.connection, session.kernel, name, bound_type(query, part.types[0]),
                  part.sizes[0], engines);
    ipc::cli::Meter meter(session.connection->loop(), part.sizes[0], true, quiet);
    moved = read_value(*session.connection, query, part, 0, [&](std::string_view piece) {
      meter.add(piece.size());
      return spread.add(piece);
    });
    failures = spread.failures();
  }
  release(*session.connection, query, answer.parts);
  if (!moved) return moved.error();
  return failures;
}

Result<int> move(const DataSession& session, const ipc::cli::Arguments& arguments,
                 const std::string& to) {
  if (session.engines.size() != 1)
    return Error{
        Code::usage,
        "--to takes from one engine, and " + std::to_string(session.engines.size()) + " are meant",
        "name it: -t 0"};
  IPC_TRY_ASSIGN(const auto engines, destinations(session, arguments, to));
  for (const auto& name : arguments.operands) {
    IPC_TRY_ASSIGN(const auto failures, move_one(session, name, engines, arguments.has("quiet")));
    if (!failures.empty()) return report_failures(arguments, failures);
  }
  return 0;
}

}  // namespace ippull
