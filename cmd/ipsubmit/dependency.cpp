// SPDX-License-Identifier: BSD-3-Clause
// What a task waits for: --after and --follow.
#include "cmd/ipsubmit/dependency.hpp"

#include <map>

#include "libipc/cli/jobs.hpp"

namespace ipsubmit {

using ipc::Code;
using ipc::Error;
using ipc::Result;
using ipc::Status;
using ipc::wire::Json;

Json Dependency::json() const {
  if (all && success && !failure) return ids;
  return {{"dependencies", ids}, {"all", all}, {"success", success}, {"failure", failure}};
}

// Cuts the forms off the end of `text`; how often each was there.
static std::map<std::string, int> cut_forms(std::string& text) {
  std::map<std::string, int> forms;
  while (true) {
    const size_t colon = text.rfind(':');
    if (colon == std::string::npos) return forms;
    const std::string word = text.substr(colon + 1);
    if (word != "any" && word != "all" && word != "success" && word != "failure") return forms;
    // job:any could be a job.
    if (const size_t from = text.find_last_of(", \t\n", colon) + 1;
        text.substr(from, colon + 1 - from) == ipc::cli::kJobPrefix)
      return forms;
    ++forms[word];
    text.resize(colon);
  }
}

Result<std::optional<Dependency>> parse_dependency(const ipc::cli::Arguments& arguments,
                                                   const std::string& name) {
  auto text = arguments.get(name);
  if (!text) return std::optional<Dependency>();
  const auto forms = cut_forms(*text);
  Dependency dependency;
  auto ids = ipc::cli::parse_job_list(*text);
  if (!ids)
    return Error{Code::usage, "--" + name + ": " + ids.error().what,
                 "they look like job:ID, with :any, :all, :success, :failure after the last"};
  dependency.ids = *std::move(ids);
  for (const auto& id : dependency.ids)
    if (const size_t colon = id.find(':'); colon != std::string::npos)
      return Error{Code::usage, "--" + name + ": '" + id.substr(colon) + "' is not a form",
                   "after the last job: :any, :all, :success, :failure"};
  if (dependency.ids.empty())
    return Error{Code::usage, "--" + name + ": no job named", "give job words (job:ID)"};
  if (forms.contains("any") && forms.contains("all"))
    return Error{Code::usage, "--" + name + ": :any and :all are both given", "give one"};
  dependency.all = !forms.contains("any");
  dependency.failure = forms.contains("failure");
  dependency.success = forms.contains("success") || !dependency.failure;
  return std::optional(std::move(dependency));
}

static Result<bool> is_known(ipc::client::Connection& connection,
                             const std::vector<std::string>& ids) {
  const Json question = {{"msg_ids", ids}, {"status_only", true}};
  const auto reply = connection.ask_and_wait("result_request", ipc::wire::dump_json(question));
  if (reply) return true;
  if (reply.error().code != Code::failed || connection.interrupted()) return reply.error();
  return false;
}

Status check_jobs(ipc::client::Connection& connection, const std::vector<std::string>& ids) {
  if (ids.empty()) return {};
  IPC_TRY_ASSIGN(const bool all_known, is_known(connection, ids));
  for (const auto& id : ids) {
    if (all_known) break;
    IPC_TRY_ASSIGN(const bool known, is_known(connection, {id}));
    if (!known)
      return Error{Code::no_input, "no such job: " + ipc::cli::job_word(id),
                   "its controller may have been another one"};
  }
  const Json question = {{"query", {{"msg_id", {{"$in", ids}}}}}, {"keys", {"queue"}}};
  const auto reply = connection.ask_and_wait("db_request", ipc::wire::dump_json(question));
  if (!reply && (reply.error().code != Code::failed || connection.interrupted()))
    return reply.error();
  // Without records, or for a task it does not know, the scheduler decides.
  if (!reply) return {};
  const Json content = reply->content();
  const auto records = content.find("records");
  if (records == content.end() || !records->is_array()) return {};
  for (const auto& record : *records)
    if (ipc::wire::string_or(record, "queue") == "mux") {
      const std::string word = ipc::cli::job_word(ipc::wire::string_or(record, "msg_id"));
      return Error{
          Code::usage,
          word + " is a request to one engine, not a task: the scheduler cannot wait for it",
          "ipwait " + word + " && ipsubmit …"};
    }
  return {};
}

}  // namespace ipsubmit
