// SPDX-License-Identifier: BSD-3-Clause
// ipcluster start and ipcluster engines.
#include <unistd.h>

#include <cstdio>

#include "cmd/ipcluster/ask.hpp"
#include "cmd/ipcluster/supervisor.hpp"
#include "cmd/ipcluster/verbs.hpp"
#include "libipc/cli/connect.hpp"
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

/// What may be asked of a launcher only where engines come one by one.
Status require_growth(const Plan& plan) {
  const std::string kind = plan.profile.text("launcher");
  IPC_TRY_ASSIGN(const Launcher launcher, Launcher::find(kind, plan.cluster));
  if (launcher.grows()) return {};
  return Error{Code::usage, "launcher " + kind + " cannot add engines to those that run",
               "start all at once: -n N without --max"};
}

/// A number of engines as an operand.
Result<long> operand_count(const std::string& text) {
  const auto set = parse_idset(text);
  if (set && set->size() == 1 && (*set)[0] > 0) return (*set)[0];
  return Error{Code::usage, "'" + text + "' is not a number of engines", ""};
}

/// Who goes: so many, or these.
Result<wire::Json> leavers(const cli::Arguments& arguments) {
  const auto& operands = arguments.operands;
  if (const auto set = arguments.get("remove")) {
    IPC_TRY_ASSIGN(const auto ids, parse_idset(*set));
    return wire::Json{{"engines", ids}};
  }
  if (operands.size() == 2 && !arguments.has("targets") && !arguments.has("exclude")) {
    IPC_TRY_ASSIGN(const long count, operand_count(operands[1]));
    return wire::Json{{"count", count}};
  }
  if (operands.size() != 1 || !(arguments.has("targets") || arguments.has("exclude")))
    return Error{Code::usage, "which engines go? a number of them, or -t SET",
                 "ipcluster engines remove 2"};
  IPC_TRY_ASSIGN(const auto connection, cli::connect(arguments, false));
  IPC_TRY_ASSIGN(const auto ids, cli::choose_engines(*connection, arguments));
  return wire::Json{{"engines", ids}};
}

Result<int> remove(const cli::Arguments& arguments) {
  IPC_TRY_ASSIGN(const auto cluster, cluster_of(arguments));
  IPC_TRY_ASSIGN(const auto given, arguments.duration("timeout"));
  const Duration limit = given.value_or(seconds(60));
  IPC_TRY_ASSIGN(wire::Json request, leavers(arguments));
  request["verb"] = "remove";
  request["now"] = arguments.has("now") || arguments.has("remove");
  request["limit_ms"] = std::chrono::duration_cast<milliseconds>(limit).count();
  IPC_TRY_ASSIGN(const auto answer,
                 ask(cluster, request, limit + seconds(60),
                     arguments.has("quiet") ? "" : "waiting for the engines to end"));
  if (answer.code != Code::ok) return Error{answer.code, answer.text, ""};
  if (!arguments.has("quiet")) IPC_TRY(cli::print(answer.text + "\n"));
  return 0;
}

/// `add 2` is `-n 2`.
Result<cli::Arguments> as_options(cli::Arguments arguments) {
  for (const char* option : {"targets", "exclude", "now"})
    if (arguments.has(option))
      return Error{Code::usage, "--" + std::string(option) + " is for engines remove", ""};
  auto& operands = arguments.operands;
  if (operands.empty()) return arguments;
  if (operands[0] != "add")
    return Error{Code::usage, "'" + operands[0] + "' is neither add nor remove",
                 "see ipcluster engines --help"};
  if (operands.size() > 2)
    return Error{Code::usage, "'" + operands[2] + "' is one word too many", ""};
  if (operands.size() == 2) {
    IPC_TRY_ASSIGN(const long count, operand_count(operands[1]));
    arguments.options.emplace_back("count", std::to_string(count));
  }
  if (!arguments.has("count"))
    return Error{Code::usage, "how many engines?", "ipcluster engines add 2"};
  operands.clear();
  return arguments;
}

}  // namespace

Result<int> start(const cli::Arguments& arguments) {
  IPC_TRY_ASSIGN(Plan plan, make_plan(arguments, true));
  if (plan.elastic) IPC_TRY(require_growth(plan));
  if (arguments.has("dry-run")) return preview(plan);
  return supervise(std::move(plan));
}

Result<int> engines(const cli::Arguments& given) {
  if (given.has("remove") || (!given.operands.empty() && given.operands[0] == "remove"))
    return remove(given);
  IPC_TRY_ASSIGN(const auto arguments, as_options(given));
  IPC_TRY_ASSIGN(Plan plan, make_plan(arguments, false));
  if (arguments.has("dry-run")) return preview(plan);
  // Without an ipcluster of ours this one looks after the engines: a controller may have been
  // started by hand, or on another machine.
  if (!LockFile::holder(lock_file(plan.cluster))) return supervise(std::move(plan));
  IPC_TRY(require_growth(plan));
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
  IPC_TRY_ASSIGN(const auto answer, ask(plan.cluster, request, plan.limit + seconds(60),
                                        plan.quiet ? "" : "waiting for the engines"));
  if (answer.code != Code::ok) return Error{answer.code, answer.text, ""};
  if (!plan.quiet) IPC_TRY(cli::print(answer.text + "\n"));
  return 0;
}

}  // namespace ipc::cluster
