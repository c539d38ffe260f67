// SPDX-License-Identifier: BSD-3-Clause
// The verbs of ipcluster: their option rows.
#include "cmd/ipcluster/verbs.hpp"

namespace ipc::cluster {
namespace {

/// Which cluster; ipcluster itself never reads a connection file named on its command line.
const std::vector<cli::Option> kWhich = {
    {0, "profile", "NAME", "profile (default: $IPKIT_PROFILE, else default)"},
    {0, "profile-dir", "DIR", "profile directory"},
    {0, "cluster-id", "ID", "one of several clusters of a profile ($IPKIT_CLUSTER_ID)"},
};

const std::vector<cli::Option> kEngineRows = {
    {'n', "count", "N", "number of engines (default: one for each processor)"},
    {0, "engines", "KIND", "launcher of the engines: local (default), ssh, …"},
    {'w', "hosts", "HOSTS", "launcher ssh: hosts with counts: node[01-04]:2 me@gpu"},
    {0, "kernel", "NAME", "kernel: python, sh, jupyter:NAME, cluster:PROFILE, or one of your own"},
    {0, "python", "FILE", "interpreter of python kernels"},
    {0, "delay", "TIME", "time between the start of one engine and the next"},
    {0, "work-dir", "DIR", "directory of the engines (default: this one)"},
    {0, "daemonize", "", "return when the engines answer, go on in the background"},
    {0, "wait", "N|P%", "how many engines must answer (default: all)"},
    {0, "timeout", "TIME", "how long to wait for them (default: 60s)"},
    {0, "queue", "NAME", "queue or partition of a batch system"},
    {0, "account", "NAME", "what its jobs are charged to"},
    {0, "qos", "NAME", "their quality of service"},
    {0, "walltime", "TIME", "how long they may run: 4h, 90m, 04:00:00"},
    {0, "log-level", "LEVEL", "debug, info, warning or error"},
    {0, "dry-run", "", "print what the launchers would get, start nothing"},
    {0, "debug", "", ""},
};

const std::vector<cli::Option> kElasticRows = {
    {0, "max", "N", "more engines when tasks wait for them, up to N"},
    {0, "min", "N", "fewer when they have nothing to do, down to N (default: 0)"},
    {0, "idle-timeout", "TIME", "how long they have nothing to do before (default: 5m)"},
};

const std::vector<cli::Option> kRemoveRows = {
    {0, "now", "", "remove: do not wait until what they run has ended"},
    {0, "remove", "SET", "the same as remove --now -t SET"},
};

const std::vector<cli::Option> kControllerRows = {
    {0, "controller", "KIND", "launcher of the controller (default: local)"},
    {0, "ip", "ADDRESS", "address the controller listens on"},
    {0, "location", "ADDRESS", "address that engines and clients are told"},
    {0, "ports", "A-B", "ports the controller may use"},
    {0, "ping", "MS", "time between heartbeats"},
    {0, "hwm", "N", "tasks an engine may hold, 0: no limit"},
    {0, "scheme", "NAME", "which engine gets a task: leastload, lru, …"},
    {0, "metrics", "[ADDR:]PORT", "metrics for Prometheus over HTTP; 127.0.0.1 if no ADDR"},
    {0, "durable", "", "keep tasks on disk until they end: they outlive the controller"},
    {0, "restart", "POLICY", "a controller that died: on-failure (default), on-failure:N, never"},
    {0, "ssh", "HOST", "ssh server for clients"},
    {0, "enginessh", "HOST", "ssh server for engines"},
    {0, "enable-curve", "", "encrypt connections (default if others can connect)"},
    {0, "no-curve", "", "do not"},
};

std::vector<cli::Option> rows(std::initializer_list<std::vector<cli::Option>> groups) {
  std::vector<cli::Option> all;
  for (const auto& group : groups) all.insert(all.end(), group.begin(), group.end());
  return all;
}

// Those that start and end something.
void add_acts(std::vector<Verb>& all) {
  all.push_back(
      {"start",
       {.name = "ipcluster start",
        .synopsis = {"[-n N] [--daemonize] [OPTION]...", "--max N [--min N] [OPTION]..."},
        .summary = "Starts a controller and N engines; succeeds when all of them answer.\n"
                   "Without --daemonize it stays until Ctrl-C, which stops the cluster.",
        .examples = {{"ipcluster start -n 4 --daemonize", ""},
                     {"ipcluster start -n 8 --wait=75% --timeout=5m --daemonize", ""},
                     {"ipcluster start --max 50 --engines slurm --daemonize",
                      "jobs when there is work"}},
        .options = rows({kEngineRows, kElasticRows, kControllerRows, kWhich}),
        .traits = true},
       start});
  all.push_back(
      {"engines",
       {.name = "ipcluster engines",
        .synopsis = {"add N [OPTION]...", "remove N|-t SET [--now] [OPTION]...",
                     "[-n N] [OPTION]..."},
        .summary = "Adds engines to a running cluster, or removes some. Those finish what they\n"
                   "run; what waits in them goes to others.",
        .examples = {{"ipcluster engines add 2", "two more, as with -n 2"},
                     {"ipcluster engines remove 2", "two fewer, idle ones first"},
                     {"ipcluster engines remove -t 4-5", "not these any more"}},
        .options = rows({kRemoveRows, kEngineRows, kWhich}),
        .common = cli::kTargets,
        .traits = true,
        .permute = true},
       engines});
  all.push_back(
      {"stop",
       {.name = "ipcluster stop",
        .synopsis = {"[OPTION]..."},
        .summary = "Stops the cluster, also what is left of one whose ipcluster has died.",
        .examples = {},
        .options = rows({{{0, "timeout", "TIME", "how long to wait for its end (default: 30s)"},
                          {0, "all", "", "all clusters of all profiles"}},
                         kWhich})},
       stop});
}

// Those that look at what there is.
void add_views(std::vector<Verb>& all) {
  all.push_back({"status",
                 {.name = "ipcluster status",
                  .synopsis = {"[--json] [OPTION]..."},
                  .summary = "What runs: the controller and each engine.",
                  .examples = {},
                  .options = kWhich,
                  .common = cli::kJson},
                 status});
  all.push_back({"list",
                 {.name = "ipcluster list",
                  .synopsis = {"[--json]"},
                  .summary = "All clusters of all your profiles, running or left behind.",
                  .examples = {},
                  .options = {},
                  .common = cli::kJson},
                 list});
  all.push_back(
      {"groups",
       {.name = "ipcluster groups",
        .synopsis = {"[OPTION]..."},
        .summary = "The profile's named sets of engines: NAME, a tab and SET, a line each.",
        .examples = {},
        .options = kWhich},
       groups});
  all.push_back(
      {"doctor",
       {.name = "ipcluster doctor",
        .synopsis = {"[-q] [OPTION]..."},
        .summary = "Looks at settings, file, controller, port, key, engines and queue, in this\n"
                   "order; says the first thing that is wrong, and what to do about it.",
        .examples = {{"ipcluster doctor", "what is wrong?"},
                     {"ipcluster doctor -q || mail -s 'cluster' me < /dev/null", "from cron"}},
        .options = kWhich},
       doctor});
  all.push_back({"clean",
                 {.name = "ipcluster clean",
                  .synopsis = {"[OPTION]..."},
                  .summary = "Removes files of clusters that are proven to be gone.",
                  .examples = {},
                  .options = rows({{{0, "logs", "", "their logs too"}}, kWhich})},
                 clean});
  all.push_back(
      {"log",
       {.name = "ipcluster log",
        .synopsis = {"[-f] [-L N] [OPTION]...", "-f [--cells] [-t SET] [--json] [OPTION]..."},
        .summary = "The last lines of the cluster's logs, each with its file's name.\n"
                   "-f goes on, and shows what clients have engines run: code, results,\n"
                   "errors, output.",
        .examples = {{"ipcluster log -f --cells -t 0-3", "no logs; only these engines"}},
        .options = rows({{{'f', "follow", "", "go on as the logs grow, with the cells"},
                          {0, "cells", "", "-f: only what engines run, no logs"},
                          {'L', "lines", "N", "how many of each (default: 10)"}},
                         kWhich}),
        .common = cli::kTargets | cli::kJson},
       show_log});
}

std::vector<Verb> make_verbs() {
  std::vector<Verb> all;
  add_acts(all);
  add_views(all);
  return all;
}

}  // namespace

std::span<const Verb> verbs() {
  static const std::vector<Verb> all = make_verbs();
  return all;
}

}  // namespace ipc::cluster
