// SPDX-License-Identifier: BSD-3-Clause
// ippull --to: values from one engine to others.
#include "cmd/ippull/move.hpp"

#include "libipc/cli/groups.hpp"
#include "libipc/cli/values.hpp"
#include "libipc/client/fetch.hpp"

namespace ippull {

using ipc::Code;
using ipc::Error;
using ipc::Result;
using ipc::Status;
using ipc::cli::DataSession;
using ipc::client::Failure;
using ipc::client::FetchPart;
using ipc::client::FetchQuery;
using ipc::client::Source;

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

// Asks for the name of the value's type, and so for the form that keeps it.
static Result<std::string> form_of(const DataSession& session, const std::string& name) {
  FetchQuery query;
  query.kernel = session.kernel;
  query.names = {"type(" + name + ").__name__"};
  if (session.kernel == "sh") return std::string("text");
  IPC_TRY_ASSIGN(const auto answer, fetch(*session.connection, session.engines, query));
  // What is not there is said when it is asked for itself.
  const bool is_array = answer.failures.empty() && !answer.parts[0].values.empty() &&
                        answer.parts[0].values[0] == "ndarray";
  return std::string(is_array ? "npy" : "text");
}

static Result<std::vector<Failure>> move_one(const DataSession& session, const std::string& name,
                                             const std::vector<int>& engines) {
  FetchQuery query;
  query.kernel = session.kernel;
  query.names = {name};
  IPC_TRY_ASSIGN(query.form, form_of(session, name));
  IPC_TRY_ASSIGN(const auto answer, fetch(*session.connection, session.engines, query));
  if (!answer.failures.empty()) return answer.failures;
  const FetchPart& part = answer.parts[0];
  std::string bytes;
  const auto read = read_value(*session.connection, query, part, 0, [&](std::string_view piece) {
    bytes += piece;
    return Status();
  });
  release(*session.connection, query, answer.parts);
  if (!read) return read.error();
  if (part.types[0] == "repr")
    return Error{Code::failed, "'" + name + "' has no form that can be moved",
                 "text, numbers, lists, bytes and arrays have"};
  const Source source = Source::of(std::move(bytes));
  std::vector<ipc::client::Delivery> deliveries;
  for (const int engine : engines) deliveries.push_back({engine, {"", 0, source.size()}});
  return push_slices(*session.connection, session.kernel, name, part.types[0], source, deliveries);
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
    IPC_TRY_ASSIGN(const auto failures, move_one(session, name, engines));
    if (!failures.empty()) return report_failures(arguments, failures);
  }
  return 0;
}

}  // namespace ippull
