// SPDX-License-Identifier: BSD-3-Clause
// The verbs for what is on record: status, signal, stop.
#include "launchers/ssh/verbs.hpp"

#include <unistd.h>

#include <algorithm>
#include <map>
#include <optional>

#include "launchers/ssh/fanout.hpp"
#include "launchers/ssh/record.hpp"
#include "launchers/ssh/remote.hpp"
#include "libipc/config/paths.hpp"
#include "libipc/net/connection.hpp"

namespace ipc::ssh {
namespace {

using config::Launched;
using config::LaunchRequest;

/// What a host said.
struct Reply {
  std::vector<Launched> processes;
  bool is_over = false;  ///< nothing runs there any more, of whatever role
  std::optional<Error> error;
};

bool runs(const Launched& process) {
  return process.state != "ended";
}

bool is_meant(const Launched& process, const LaunchRequest& request) {
  const auto& ids = request.ids;
  return (request.role.empty() || process.role == request.role) &&
         (ids.empty() || std::find(ids.begin(), ids.end(), process.id) != ids.end());
}

/// The request as the host's own launcher understands it; nothing if it has none of the ids.
std::optional<LaunchRequest> request_there(const Host& host, const LaunchRequest& request) {
  LaunchRequest other;
  other.record = host.record;
  other.role = request.role;
  other.signal = request.signal;
  other.grace = request.grace;
  const std::string prefix = host.name + "/";
  for (const auto& id : request.ids)
    if (id.starts_with(prefix)) other.ids.push_back(id.substr(prefix.size()));
  if (!request.ids.empty() && other.ids.empty()) return std::nullopt;
  return other;
}

/// Processes that were told of and are not on record over there any more have ended.
void add_forgotten(const Host& host, const LaunchRequest& request, Reply& reply) {
  for (const auto& process : host.processes) {
    const bool known = std::any_of(reply.processes.begin(), reply.processes.end(),
                                   [&](const Launched& p) { return p.id == process.id; });
    if (known || !is_meant(process, request)) continue;
    reply.processes.push_back(process);
    reply.processes.back().state = "ended";
  }
}

Reply ask(const Host& host, const std::string& verb, const LaunchRequest& request) {
  Reply reply;
  const auto other = request_there(host, request);
  if (!other) return reply;
  const auto fail = [&](Error error) {
    reply.error = std::move(error);
    for (const auto& process : host.processes) {
      if (!is_meant(process, request)) continue;
      reply.processes.push_back(process);
      reply.processes.back().state = "running";
      reply.processes.back().why = "not known: " + reply.error->what;
    }
    return reply;
  };
  auto remote = Remote::open(host.name, host.login);
  if (!remote) return fail(remote.error());
  const Duration limit =
      seconds(30) + std::chrono::duration_cast<Duration>(
                        std::chrono::duration<double>(verb == "stop" ? request.grace : 0));
  auto processes = remote->call(host.launcher, verb, *other, limit);
  if (!processes) return fail(processes.error());
  reply.processes = *std::move(processes);
  add_forgotten(host, request, reply);
  if (verb != "stop") return reply;
  const bool all = request.role.empty() && request.ids.empty();
  LaunchRequest every;
  every.record = host.record;
  const auto rest = all ? Result<std::vector<Launched>>(reply.processes)
                        : remote->call(host.launcher, "status", every, limit);
  reply.is_over = rest && std::none_of(rest->begin(), rest->end(), runs);
  return reply;
}

/// The files of a controller that has ended, if they were brought here.
void remove_files(const Host& host, const std::vector<Launched>& processes) {
  for (const auto& path : host.files) {
    const auto file = net::read_connection(path);
    if (!file || file->controller.pid <= 0) continue;
    for (const auto& process : processes)
      if (process.role == "controller" && !runs(process) && process.pid == file->controller.pid &&
          process.host == file->controller.host)
        ::unlink(path.c_str());
  }
}

/// One error for all hosts that could not be asked to stop something.
std::optional<Error> failure_of(const std::vector<Reply>& replies, const std::string& record) {
  std::optional<Error> failure;
  for (const auto& reply : replies) {
    if (!reply.error) continue;
    if (failure)
      failure->what += "\n" + reply.error->what;
    else
      failure = Error{reply.error->code, reply.error->what,
                      "try again, or remove " + config::display_path(record) +
                          " if the machine is gone for good"};
  }
  return failure;
}

}  // namespace

Result<std::vector<Launched>> act(std::string_view verb, const LaunchRequest& request) {
  IPC_TRY_ASSIGN(Record record, Record::open(request.record));
  IPC_TRY_ASSIGN(const auto hosts, record.load());
  std::vector<Reply> replies(hosts.size());
  for_each_at_once(hosts.size(), hosts.empty() ? 1 : hosts.front().login.fanout,
                   [&](size_t i) { replies[i] = ask(hosts[i], std::string(verb), request); });
  std::vector<Launched> processes;
  for (const auto& reply : replies)
    processes.insert(processes.end(), reply.processes.begin(), reply.processes.end());
  if (verb == "status") return processes;
  if (verb == "stop") {
    for (const auto& host : hosts) remove_files(host, processes);
    if (std::all_of(replies.begin(), replies.end(), [](const Reply& r) { return r.is_over; }))
      IPC_TRY(record.remove());
  }
  if (auto failure = failure_of(replies, request.record)) return *std::move(failure);
  return processes;
}

}  // namespace ipc::ssh
