// SPDX-License-Identifier: BSD-3-Clause
// The keys a profile may have.
#include "libipc/config/keys.hpp"

#include <cstdio>
#include <string>

namespace ipc::config {
namespace {

constexpr Key kKeys[] = {
    {"launcher", Type::text, "local", "", "how engines are started: a launcher's name"},
    {"engines.n", Type::integer, "", "", "how many; one for each processor if not set"},
    {"engines.max", Type::integer, "", "", "most engines of a cluster that grows with its tasks"},
    {"engines.min", Type::integer, "0", "", "how many of them stay when nothing is to do"},
    {"engines.idle_timeout", Type::duration, "5m", "", "then one with nothing to do is released"},
    {"engines.step", Type::integer, "", "",
     "how many are requested at a time; no limit if not set"},
    {"engines.retry", Type::duration, "10s", "",
     "pause after a failed request, longer after the next"},
    {"engines.kernel", Type::text, "python", "IPKIT_KERNEL",
     "python, sh, or another kernel's name"},
    {"engines.python", Type::text, "", "IPKIT_PYTHON",
     "interpreter of python kernels: a path or a name"},
    {"engines.cwd", Type::text, "", "",
     "directory of the engines; where ipcluster was started if not set"},
    {"engines.env", Type::map, "", "", "variables for the engines"},
    {"engines.args", Type::list, "", "", "more options for ipengine"},
    {"engines.delay", Type::duration, "0", "", "time between the start of one engine and the next"},
    {"controller.launcher", Type::text, "local", "", "how the controller is started"},
    {"controller.ip", Type::text, "", "", "address to listen on"},
    {"controller.location", Type::text, "", "", "address engines and clients are told"},
    {"controller.ports", Type::text, "", "", "ports to use: 10101-10120, or a list"},
    {"controller.ping", Type::integer, "", "", "time between heartbeats, in milliseconds"},
    {"controller.hwm", Type::integer, "", "", "tasks an engine may hold; 0: no limit"},
    {"controller.scheme", Type::text, "", "", "which engine gets a task: leastload, lru, …"},
    {"controller.metrics", Type::text, "", "", "metrics over HTTP: PORT, or ADDR:PORT"},
    {"controller.ssh", Type::text, "", "", "ssh server for clients: [user@]host[:port]"},
    {"controller.enginessh", Type::text, "", "", "ssh server for engines"},
    {"controller.durable", Type::text, "", "",
     "yes: tasks outlive the controller; no-fsync: but not the machine"},
    {"controller.restart", Type::text, "on-failure", "",
     "a controller that died: on-failure, on-failure:N, never"},
    {"controller.curve", Type::text, "", "",
     "yes or no: encrypt connections; yes where others can connect"},
    {"controller.env", Type::map, "", "", "variables for the controller"},
    {"controller.args", Type::list, "", "", "more options for ipcontroller"},
    {"batch.queue", Type::text, "", "", "queue or partition of the jobs"},
    {"batch.account", Type::text, "", "", "account or project they are charged to"},
    {"batch.qos", Type::text, "", "", "quality of service"},
    {"batch.walltime", Type::walltime, "", "", "how long a job may run: 4h, 90m, 04:00:00"},
    {"batch.drain", Type::duration, "", "", "time before that in which engines only finish work"},
    {"batch.nodes", Type::integer, "", "", "how many nodes: with per_node instead of engines.n"},
    {"batch.per_node", Type::integer, "", "", "engines on each node, in one task; 1 if not set"},
    {"batch.array", Type::text, "", "", "yes: one array job; no: a job for each task"},
    {"batch.options", Type::list, "", "", "more lines for the system, as in its scripts"},
    {"batch.modules", Type::list, "", "", "environment modules to load"},
    {"batch.prologue", Type::text, "", "", "shell commands to run first"},
    {"batch.export", Type::text, "", "", "all: jobs have the environment of ipcluster; or none"},
    {"batch.template", Type::text, "", "", "file with a script of one's own for the engines"},
    {"batch.flavour", Type::text, "", "", "launcher pbs: pro or torque; found out if not set"},
    {"batch.submit", Type::text, "", "", "launcher batch: the command that submits {script}"},
    {"batch.id", Type::text, "", "", "launcher batch: expression for the job's id in its answer"},
    {"batch.status", Type::text, "", "", "launcher batch: the command that lists jobs {ids}"},
    {"batch.states", Type::map, "", "", "launcher batch: what its words mean: R: running"},
    {"batch.unknown", Type::text, "", "",
     "launcher batch: expression for its words on no such job"},
    {"batch.cancel", Type::text, "", "", "launcher batch: the command that ends jobs {ids}"},
    {"batch.controller.queue", Type::text, "", "", "the same for a controller in a job"},
    {"batch.controller.walltime", Type::walltime, "", "", "the same for a controller in a job"},
    {"batch.controller.options", Type::list, "", "", "the same for a controller in a job"},
    {"batch.controller.template", Type::text, "", "", "the same for a controller in a job"},
    {"winhpc.scheduler", Type::text, "", "CCP_SCHEDULER", "the head node of HPC Pack"},
    {"winhpc.command", Type::text, "job", "", "the command that submits jobs to it"},
    {"winhpc.url", Type::text, "", "", "its web service, in place of the command: https://…"},
    {"winhpc.api_version", Type::text, "", "", "which version of that is spoken to"},
    {"winhpc.user", Type::text, "", "", "whose jobs they are: DOMAIN\\name"},
    {"winhpc.password_file", Type::text, "", "", "a file with the password for winhpc.url"},
    {"winhpc.auth", Type::text, "basic", "", "how it is shown: basic, ntlm or negotiate"},
    {"winhpc.ca_file", Type::text, "", "", "certificates to trust in place of the system's"},
    {"winhpc.unit", Type::text, "Core", "", "what an engine gets: Core, Socket or Node"},
    {"winhpc.amount", Type::integer, "1", "", "how many of them"},
    {"winhpc.node_groups", Type::text, "", "", "groups of nodes to choose from, with commas"},
    {"winhpc.profile_dir", Type::text, "", "",
     "profile directory on the nodes; as here if not set"},
    {"winhpc.directory", Type::text, "", "", "directory of the engines there; as here if not set"},
    {"winhpc.bin", Type::text, "", "", "directory of the programs there; as here if not set"},
    {"ssh.hosts", Type::text, "", "",
     "launcher ssh: hosts and how many each: node[01-04]:2 me@gpu"},
    {"ssh.controller", Type::text, "", "", "the host of a controller that ssh starts"},
    {"ssh.config", Type::text, "", "", "ssh configuration file in place of ~/.ssh/config"},
    {"ssh.connect_timeout", Type::duration, "10s", "", "how long a host may take to let us in"},
    {"ssh.fanout", Type::integer, "16", "", "how many hosts at a time"},
    {"ssh.profile_dir", Type::text, "", "", "profile directory on the hosts; as here if not set"},
    {"ssh.bin", Type::text, "", "", "directory of ipkit's programs there; as here if not set"},
    {"ssh.directory", Type::text, "", "",
     "directory of the engines there; as here, else the home directory"},
    {"ssh.prologue", Type::text, "", "", "shell lines that run before: modules, conda"},
    {"ssh.connection", Type::text, "send", "",
     "how engines learn of the controller: send, or file where homes are shared"},
    {"ssh.detach", Type::text, "no", "", "yes: engines stay when the controller has gone"},
    {"mpi.command", Type::text, "mpiexec", "",
     "launcher mpi: the command that starts N processes with -n N"},
    {"mpi.options", Type::list, "", "", "more words for it: hosts, oversubscription, …"},
    {"timeouts.start", Type::duration, "60s", "", "how long start waits for engines"},
    {"timeouts.stop", Type::duration, "5s", "", "how long stop waits before it kills"},
    {"log_level", Type::text, "", "", "debug, info, warning or error"},
    {"groups", Type::groups, "", "", "names for sets of engines: @gpu in -t"},
};

}  // namespace

std::span<const Key> keys() {
  return kKeys;
}

const Key* find_key(std::string_view name) {
  for (const auto& key : kKeys)
    if (key.name == name) return &key;
  return nullptr;
}

std::string_view type_text(Type type) {
  switch (type) {
    case Type::text:
      return "a text";
    case Type::integer:
      return "a whole number";
    case Type::number:
      return "a number";
    case Type::duration:
      return "a time such as 30s or 5m";
    case Type::walltime:
      return "a time such as 90m, 4h or 04:00:00";
    case Type::list:
      return "a list";
    case Type::map:
      return "names with values";
    case Type::groups:
      return "names, each with a set of engines or a list of sets";
  }
  return "";
}

Result<Duration> parse_walltime(std::string_view text) {
  if (auto duration = parse_duration(text)) return duration;
  const std::string copy(text);
  unsigned days = 0, hours = 0, minutes = 0, secs = 0;
  int end = 0;
  const bool has_days =
      std::sscanf(copy.c_str(), "%5u-%2u:%2u:%2u%n", &days, &hours, &minutes, &secs, &end) == 4;
  if (!has_days) {
    days = 0;
    if (std::sscanf(copy.c_str(), "%5u:%2u:%2u%n", &hours, &minutes, &secs, &end) != 3) end = 0;
  }
  if (copy.empty() || static_cast<size_t>(end) != copy.size() || minutes > 59 || secs > 59)
    return Error{Code::bad_profile, "not a walltime: '" + copy + "'", "write 90m, 4h or 04:00:00"};
  return Duration(seconds(((days * 24ULL + hours) * 60 + minutes) * 60 + secs));
}

}  // namespace ipc::config
