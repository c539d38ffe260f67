// SPDX-License-Identifier: BSD-3-Clause
// ipcluster start and ipcluster engines.
#include <unistd.h>

#include <cstdio>

#include "cmd/ipcluster/ask.hpp"
#include "cmd/ipcluster/supervisor.hpp"
#include "cmd/ipcluster/verbs.hpp"
#include "libipc/cli/output.hpp"
#include "libipc/util/idset.hpp"
#include "libipc/util/log.hpp"

namespace ipc::cluster {
namespace {

Result<int> preview(const Plan& plan) {
  auto show = [&](const std::string& kind, const config::LaunchRequest& request) -> Status {
    IPC_TRY_ASSIGN(const Launcher launcher, Launcher::find(kind, plan.cluster));
    IPC_TRY_ASSIGN(const std::string text, launcher.preview(request));
    return cli::print("--- # ipkit-launch-" + kind + " start\n" + text);
  };
  if (plan.with_controller) {
    IPC_TRY_ASSIGN(const auto request, controller_request(plan));
    IPC_TRY(show(plan.profile.text("controller.launcher"), request));
  }
  if (plan.engines > 0) {
    IPC_TRY_ASSIGN(const auto request, engine_request(plan, plan.engines));
    IPC_TRY(show(plan.profile.text("launcher"), request));
  }
  return 0;
}

void open_log(const Plan& plan) {
  const auto level = log::parse_level(plan.profile.text("log_level"));
  log::open(STDERR_FILENO, level ? *level : log::Level::info, "ipcluster");
}

Result<int> supervise(Plan plan) {
  if (!plan.daemonize) return Supervisor(std::move(plan), nullptr).run();
  IPC_TRY(config::create_profile(plan.cluster));
  IPC_TRY_ASSIGN(Daemon daemon, Daemon::start(log_file(plan.cluster), plan.limit * 2 + seconds(60),
                                              [](std::string_view text) { cli::complain(text); }));
  if (daemon.is_parent()) {
    const auto& report = daemon.report();
    if (report.status != 0) return Error{static_cast<Code>(report.status), report.message, ""};
    IPC_TRY(cli::print(report.message));
    return 0;
  }
  open_log(plan);
  Supervisor supervisor(std::move(plan), &daemon);
  auto ended = supervisor.run();
  if (!ended) {
    log::error(ended.error().text());
    daemon.tell(static_cast<int>(ended.error().code), ended.error().text());
    return static_cast<int>(ended.error().code);
  }
  return ended;
}

Result<int> remove(const config::ClusterName& cluster, const std::string& set) {
  IPC_TRY_ASSIGN(const auto ids, parse_idset(set));
  IPC_TRY_ASSIGN(const auto answer,
                 ask(cluster, {{"verb", "remove"}, {"engines", ids}}, seconds(60)));
  if (answer.code != Code::ok) return Error{answer.code, answer.text, ""};
  return 0;
}

}  // namespace

Result<int> start(const cli::Arguments& arguments) {
  IPC_TRY_ASSIGN(Plan plan, make_plan(arguments, true));
  if (arguments.has("dry-run")) return preview(plan);
  return supervise(std::move(plan));
}

Result<int> engines(const cli::Arguments& arguments) {
  if (const auto set = arguments.get("remove")) {
    IPC_TRY_ASSIGN(const auto cluster, cluster_of(arguments));
    return remove(cluster, *set);
  }
  IPC_TRY_ASSIGN(Plan plan, make_plan(arguments, false));
  if (arguments.has("dry-run")) return preview(plan);
  // Without an ipcluster of ours this one looks after the engines: a controller may have been
  // started by hand, or on another machine.
  if (!LockFile::holder(lock_file(plan.cluster))) return supervise(std::move(plan));
  const auto limit = std::chrono::duration_cast<milliseconds>(plan.limit);
  wire::Json request = {{"verb", "add"},
                        {"n", plan.engines},
                        {"wanted", plan.wanted},
                        {"limit_ms", limit.count()},
                        {"python", plan.python},
                        {"directory", plan.directory},
                        {"engines.kernel", plan.profile.text("engines.kernel")},
                        {"engines.delay", plan.profile.text("engines.delay")},
                        {"launcher", plan.profile.text("launcher")}};
  for (const char* key :
       {"batch.queue", "batch.account", "batch.qos", "batch.walltime", "ssh.hosts"})
    if (const std::string value = plan.profile.text(key); !value.empty()) request[key] = value;
  IPC_TRY_ASSIGN(const auto answer, ask(plan.cluster, request, plan.limit + seconds(60)));
  if (answer.code != Code::ok) return Error{answer.code, answer.text, ""};
  if (!plan.quiet) IPC_TRY(cli::print(answer.text + "\n"));
  return 0;
}

}  // namespace ipc::cluster
