// SPDX-License-Identifier: BSD-3-Clause
// What start and engines are asked to do: command line and profile together.
#include "cmd/ipcluster/plan.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <numeric>
#include <utility>

#include "cmd/ipcluster/python.hpp"
#include "cmd/ipcluster/state.hpp"
#include "libipc/util/file.hpp"
#include "libipc/util/hostlist.hpp"
#include "libipc/util/log.hpp"
#include "libipc/util/process.hpp"
#include "libipc/util/text.hpp"

namespace ipc::cluster {
namespace {

/// Options that set a key of the profile.
constexpr std::pair<const char*, const char*> kOptions[] = {
    {"count", "engines.n"},
    {"engines", "launcher"},
    {"hosts", "ssh.hosts"},
    {"controller", "controller.launcher"},
    {"kernel", "engines.kernel"},
    {"python", "engines.python"},
    {"ip", "controller.ip"},
    {"location", "controller.location"},
    {"ports", "controller.ports"},
    {"ping", "controller.ping"},
    {"hwm", "controller.hwm"},
    {"scheme", "controller.scheme"},
    {"metrics", "controller.metrics"},
    {"restart", "controller.restart"},
    {"ssh", "controller.ssh"},
    {"enginessh", "controller.enginessh"},
    {"delay", "engines.delay"},
    {"work-dir", "engines.cwd"},
    {"log-level", "log_level"},
    {"queue", "batch.queue"},
    {"account", "batch.account"},
    {"qos", "batch.qos"},
    {"walltime", "batch.walltime"},
    {"timeout", "timeouts.start"},
    {"min", "engines.min"},
    {"max", "engines.max"},
    {"idle-timeout", "engines.idle_timeout"}};

constexpr long kMostEngines = 100'000;

Status apply_options(const cli::Arguments& arguments, config::Profile& profile) {
  for (const auto& [option, key] : kOptions)
    if (const auto value = arguments.get(option))
      IPC_TRY(profile.set(key, *value, "--" + std::string(option)));
  if (arguments.has("durable")) IPC_TRY(profile.set("controller.durable", "yes", "--durable"));
  for (const char* option : {"enable-curve", "no-curve"})
    if (arguments.has(option))
      IPC_TRY(profile.set("controller.curve", option[0] == 'n' ? "no" : "yes",
                          "--" + std::string(option)));
  if (const std::string level = profile.text("log_level"); !level.empty())
    IPC_TRY(log::parse_level(level));
  return {};
}

/// As many as asked for, else one for each place there is: on the nodes or hosts, or here.
Result<long> engine_count(const config::Profile& profile) {
  if (const auto n = profile.integer("engines.n")) return *n;
  const std::string launcher = profile.text("launcher");
  const auto nodes = profile.integer("batch.nodes");
  if (nodes && config::is_batch_system(launcher))
    return *nodes * profile.integer("batch.per_node").value_or(1);
  if (launcher != "ssh") return available_cpus();
  auto hosts = parse_host_counts(profile.text("ssh.hosts"));
  if (!hosts) return Error{Code::usage, "ssh.hosts: " + hosts.error().what, hosts.error().hint};
  if (hosts->empty())
    return Error{Code::bad_profile, "no hosts: ssh.hosts is not set",
                 "in the profile, or as --hosts='node[01-04]:2 me@login'"};
  return std::accumulate(hosts->begin(), hosts->end(), 0L,
                         [](long sum, const HostCount& host) { return sum + host.count; });
}

/// `--wait`, `--wait=3` or `--wait=75%`, of `n`.
Result<int> parse_wait(const cli::Arguments& arguments, int n) {
  const std::string text = arguments.get_or("wait", "100%");
  const bool percent = text.ends_with("%");
  const std::string digits = percent ? text.substr(0, text.size() - 1) : text;
  const bool number =
      !digits.empty() && digits.size() < 7 &&
      std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  const int value = number ? std::stoi(digits) : -1;
  if (!number || (percent && value > 100) || (!percent && value > n))
    return Error{
        Code::usage,
        "--wait=" + text + ": not a number up to " + std::to_string(n) + " or a percentage", ""};
  return percent ? (n * value + 99) / 100 : value;
}

/// Engines in a job end before it does: they take no more work in time, finish what they have, and
/// leave some seconds for the job's own end.
void pass_walltime(const Plan& plan, std::vector<std::string>& arguments) {
  const auto walltime = config::parse_walltime(plan.profile.text("batch.walltime"));
  const bool is_known = std::any_of(arguments.begin(), arguments.end(), [](const auto& word) {
    return word.starts_with("--lifetime");
  });
  if (!walltime || *walltime <= seconds(0) || is_known) return;
  Duration drain = plan.profile.duration("batch.drain");
  if (drain <= Duration(0)) drain = std::min<Duration>(*walltime / 10, seconds(60));
  const Duration spare = std::min<Duration>(*walltime / 10, seconds(30));
  const auto left = std::chrono::duration_cast<seconds>(*walltime - drain - spare).count();
  arguments.push_back("--lifetime=" + std::to_string(std::max<long>(left, 1)) + "s");
  arguments.push_back("--drain-timeout=" +
                      std::to_string(std::chrono::duration_cast<seconds>(drain).count()) + "s");
}

void pass(const Plan& plan, std::vector<std::string>& arguments, const char* option,
          const char* key) {
  if (const std::string value = plan.profile.text(key); !value.empty())
    arguments.push_back("--" + std::string(option) + "=" + value);
}

/// What controller and engine have in common.
Result<config::LaunchRequest> request_for(const Plan& plan, const std::string& role,
                                          const std::string& program, const std::string& kind) {
  config::LaunchRequest request;
  request.role = role;
  request.profile_dir = plan.cluster.profile_dir;
  request.cluster_id = plan.cluster.cluster_id;
  request.settings = config::launcher_settings(plan.profile, kind);
  request.record = record_file(plan.cluster, kind);
  IPC_TRY_ASSIGN(request.program, find_program(program));
  request.directory = plan.directory;
  request.log = config::cluster_file(plan.cluster, config::log_directory(plan.cluster), program,
                                     "-{pid}.log");
  request.arguments.push_back("--profile-dir=" + plan.cluster.profile_dir);
  if (!plan.cluster.cluster_id.empty())
    request.arguments.push_back("--cluster-id=" + plan.cluster.cluster_id);
  pass(plan, request.arguments, "log-level", "log_level");
  return request;
}

}  // namespace

Result<config::ClusterName> cluster_of(const cli::Arguments& arguments) {
  return config::resolve_cluster(
      {arguments.get("profile"), arguments.get("profile-dir"), arguments.get("cluster-id")});
}

namespace {

/// Of the profile if it says so, else of the command line.
Error wrong(const config::Profile& profile, const std::string& key, const std::string& what) {
  const bool typed = profile.setting(key).origin.starts_with("--");
  return Error{typed ? Code::usage : Code::bad_profile, what, ""};
}

/// Limits of a cluster that grows and shrinks; none without a maximum.
Result<std::optional<ElasticLimits>> elastic_limits(const cli::Arguments& arguments,
                                                    const config::Profile& profile) {
  const auto max = profile.integer("engines.max");
  if (!max) {
    for (const char* option : {"min", "idle-timeout"})
      if (arguments.has(option))
        return Error{Code::usage, "--" + std::string(option) + " without --max",
                     "how many engines may there be? --max=8"};
    return std::optional<ElasticLimits>();
  }
  const long min = profile.integer("engines.min").value_or(0);
  if (*max < 1 || *max > kMostEngines)
    return wrong(profile, "engines.max",
                 "--max=" + std::to_string(*max) + ": not between 1 and 100000");
  if (min < 0)
    return wrong(profile, "engines.min", "--min=" + std::to_string(min) + ": less than none");
  if (min > *max) {
    const char* key =
        profile.setting("engines.min").origin.starts_with("--") ? "engines.min" : "engines.max";
    return wrong(profile, key,
                 "--min=" + std::to_string(min) + " is more than --max=" + std::to_string(*max));
  }
  ElasticLimits limits;
  limits.min = static_cast<int>(min);
  limits.max = static_cast<int>(*max);
  limits.idle_timeout = profile.duration("engines.idle_timeout");
  limits.retry = std::max<Duration>(profile.duration("engines.retry"), milliseconds(100));
  limits.start = profile.duration("timeouts.start");
  limits.step = static_cast<int>(
      std::clamp<long>(profile.integer("engines.step").value_or(0), 0, kMostEngines));
  if (limits.idle_timeout <= Duration(0))
    return wrong(profile, "engines.idle_timeout", "--idle-timeout: more than nothing is needed");
  return std::optional(limits);
}

Status check_durable(const config::Profile& profile) {
  const std::string value = profile.text("controller.durable");
  if (value.empty() || value == "yes" || value == "no" || value == "no-fsync") return {};
  return wrong(profile, "controller.durable",
               "controller.durable '" + value + "': not yes, no-fsync or no");
}

/// How often a controller that died is started again.
Result<unsigned> controller_restarts(const config::Profile& profile) {
  constexpr std::string_view kCounted = "on-failure:";
  const std::string policy = profile.text("controller.restart");
  if (policy == "never") return 0u;
  if (policy == "on-failure") return 5u;
  if (policy.starts_with(kCounted)) {
    unsigned count = 0;
    const char* const end = policy.data() + policy.size();
    const auto [rest, error] = std::from_chars(policy.data() + kCounted.size(), end, count);
    if (error == std::errc() && rest == end) return count;
  }
  return wrong(profile, "controller.restart",
               "--restart '" + policy + "': not never, on-failure or on-failure:N");
}

/// An elastic cluster begins with -n of the command line, or as few as may be.
Status apply_limits(const cli::Arguments& arguments, Plan& plan) {
  IPC_TRY_ASSIGN(plan.elastic, elastic_limits(arguments, plan.profile));
  if (!plan.elastic) return {};
  const auto& [min, max] = std::pair(plan.elastic->min, plan.elastic->max);
  if (!arguments.has("count")) plan.engines = min;
  if (plan.engines < min || plan.engines > max)
    return Error{Code::usage,
                 "-n " + std::to_string(plan.engines) + ": not between --min=" +
                     std::to_string(min) + " and --max=" + std::to_string(max),
                 ""};
  return {};
}

}  // namespace

Result<Plan> make_plan(const cli::Arguments& arguments, bool with_controller) {
  Plan plan;
  IPC_TRY_ASSIGN(plan.cluster, cluster_of(arguments));
  IPC_TRY_ASSIGN(plan.profile, config::Profile::load(plan.cluster));
  IPC_TRY(apply_options(arguments, plan.profile));
  plan.with_controller = with_controller;
  IPC_TRY_ASSIGN(const long n, engine_count(plan.profile));
  if (n < 0 || n > kMostEngines)
    return Error{Code::usage, "-n " + std::to_string(n) + ": not between 0 and 100000", ""};
  plan.engines = static_cast<int>(n);
  if (with_controller) IPC_TRY(apply_limits(arguments, plan));
  IPC_TRY_ASSIGN(plan.restarts, controller_restarts(plan.profile));
  IPC_TRY(check_durable(plan.profile));
  IPC_TRY_ASSIGN(plan.wanted, parse_wait(arguments, plan.engines));
  plan.limit = plan.profile.duration("timeouts.start");
  plan.daemonize = arguments.has("daemonize");
  plan.quiet = arguments.has("quiet");
  plan.verbose = arguments.has("verbose");
  std::error_code error;
  plan.directory = std::filesystem::current_path(error).string();
  if (error) return Error{Code::no_input, "the current directory: " + error.message(), ""};
  const bool has_engines = plan.engines > 0 || plan.elastic;
  if (has_engines && plan.profile.text("engines.kernel") == "python") {
    plan.python = plan.profile.text("engines.python");
    // Elsewhere other interpreters may stand on PATH, or a prologue puts one there.
    if (plan.profile.text("launcher") == "local") {
      IPC_TRY_ASSIGN(plan.python, resolve_python(plan.python));
    }
  }
  return plan;
}

Status check_files(const Plan& plan, int engines) {
  // Connections of an engine; and the controller's own files, with some for clients.
  constexpr rlim_t kEach = 8, kOthers = 128;
  rlimit limit{};
  const bool known = plan.with_controller && plan.profile.text("controller.launcher") == "local" &&
                     ::getrlimit(RLIMIT_NOFILE, &limit) == 0;
  // The controller raises the soft limit to the hard one by itself.
  const rlim_t needed = kOthers + kEach * static_cast<rlim_t>(engines);
  if (!known || limit.rlim_max == RLIM_INFINITY || needed <= limit.rlim_max) return {};
  const rlim_t most = limit.rlim_max > kOthers ? (limit.rlim_max - kOthers) / kEach : 0;
  return Error{Code::usage,
               std::to_string(engines) + " engines need " + std::to_string(needed) +
                   " open files in the controller, and the hard limit here is " +
                   std::to_string(limit.rlim_max),
               "raise it (ulimit -Hn), or have at most " + std::to_string(most) + " engines"};
}

Result<config::LaunchRequest> controller_request(const Plan& plan, bool restore) {
  IPC_TRY_ASSIGN(auto request, request_for(plan, "controller", "ipcontroller",
                                           plan.profile.text("controller.launcher")));
  for (const char* option :
       {"ip", "location", "ports", "ping", "hwm", "scheme", "metrics", "ssh", "enginessh"})
    pass(plan, request.arguments, option, ("controller." + std::string(option)).c_str());
  if (const std::string durable = plan.profile.text("controller.durable"); durable == "yes")
    request.arguments.push_back("--durable");
  else if (durable == "no-fsync")
    request.arguments.push_back("--no-fsync");
  const auto& curve = plan.profile.setting("controller.curve");
  if (curve.text == "yes" || curve.text == "true")
    request.arguments.push_back("--enable-curve");
  else if (curve.text == "no" || curve.text == "false")
    request.arguments.push_back("--no-curve");
  else if (!curve.text.empty())
    return Error{Code::bad_profile,
                 curve.origin + ": 'controller.curve' must be yes or no, not '" + curve.text + "'",
                 ""};
  // Engines in jobs are on other machines.
  if (plan.profile.text("controller.ip").empty() &&
      config::is_batch_system(plan.profile.text("launcher")))
    request.arguments.push_back("--ip=*");
  for (const auto& word : plan.profile.setting("controller.args").list)
    request.arguments.push_back(word);
  if (restore) request.arguments.push_back("--restore");
  request.environment = plan.profile.setting("controller.env").map;
  return request;
}

Result<config::LaunchRequest> engine_request(const Plan& plan, int count) {
  IPC_TRY_ASSIGN(auto request,
                 request_for(plan, "engine", "ipengine", plan.profile.text("launcher")));
  request.count = count;
  pass(plan, request.arguments, "kernel", "engines.kernel");
  const auto& words = plan.profile.setting("engines.args").list;
  if (std::none_of(words.begin(), words.end(),
                   [](const auto& word) { return word.starts_with("--restart"); }))
    request.arguments.push_back("--restart=on-failure");
  request.arguments.insert(request.arguments.end(), words.begin(), words.end());
  if (config::is_batch_system(plan.profile.text("launcher")))
    pass_walltime(plan, request.arguments);
  if (const std::string directory = plan.profile.text("engines.cwd"); !directory.empty())
    request.directory = std::filesystem::path(plan.directory) / directory;
  request.environment = plan.profile.setting("engines.env").map;
  if (!plan.python.empty()) request.environment["IPKIT_PYTHON"] = plan.python;
  return request;
}

}  // namespace ipc::cluster
