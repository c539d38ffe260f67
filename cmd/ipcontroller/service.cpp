// SPDX-License-Identifier: BSD-3-Clause
// The controller as a service of a profile: lock, files, log, signals.
#include "cmd/ipcontroller/service.hpp"

#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libipc/cli/metrics.hpp"
#include "libipc/util/daemonize.hpp"
#include "libipc/util/fd.hpp"
#include "libipc/util/file.hpp"
#include "libipc/util/lock.hpp"
#include "libipc/util/process.hpp"
#include "libipc/util/text.hpp"

namespace ipc {
namespace {

constexpr Duration kStartLimit = seconds(30), kMetricsLimit = seconds(2);

// Blocks the signals that end us, in every thread to come; they are read from the descriptor.
Fd watch_signals() {
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGABRT}) sigaddset(&set, signal);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return Fd(::signalfd(-1, &set, SFD_CLOEXEC));
}

std::string file_path(const Settings& settings, config::FileKind kind) {
  const auto& own = kind == config::FileKind::client ? settings.client_file : settings.engine_file;
  if (own.empty()) return config::connection_file(settings.cluster, kind);
  return own.front() == '/' ? own : config::security_directory(settings.cluster) + "/" + own;
}

// The secret half of a CURVE key that was made for this cluster: whoever comes next can have it.
std::string curve_path(const config::ClusterName& cluster) {
  return config::cluster_file(cluster, config::security_directory(cluster), "ipcontroller",
                              ".curve");
}

// As the reference has it: the id without a dash.
std::string state_path(const config::ClusterName& cluster) {
  return config::log_directory(cluster) + "/engines" + cluster.cluster_id + ".json";
}

std::string log_path(const config::ClusterName& cluster) {
  return config::cluster_file(cluster, config::log_directory(cluster), "ipcontroller",
                              "-" + std::to_string(::getpid()) + ".log");
}

void remove_old_logs(const config::ClusterName& cluster) {
  const std::string pattern =
      config::cluster_file(cluster, config::log_directory(cluster), "ipcontroller", "-[0-9]*.log");
  glob_t found{};
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0)
    for (size_t i = 0; i < found.gl_pathc; ++i) ::unlink(found.gl_pathv[i]);
  ::globfree(&found);
}

Status open_log(const Settings& settings) {
  int fd = STDERR_FILENO;
  if (settings.log_to_file || settings.daemonize) {
    const std::string path = log_path(settings.cluster);
    fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) return system_error(Code::internal, path);
    if (settings.daemonize) ::dup2(fd, STDERR_FILENO);
  }
  log::open(fd, settings.log_level, "ipcontroller");
  return {};
}

// Whether and with which key the earlier one encrypted, where the user has said nothing of it.
void reuse_curve(Settings& settings, const net::Connection& file) {
  net::Curve& curve = settings.controller.curve;
  if (file.curve_server_key.empty()) {
    if (!settings.enable_curve && settings.controller.authorized_keys.empty()) curve = {};
    return;
  }
  if (!settings.curve_is_new) return;
  const auto kept = read_secret(curve_path(settings.cluster), 4096);
  if (!kept) return log::warning(kept.error().text());
  const std::string secret(trim(*kept)), own = net::curve_public_key(secret);
  if (own != file.curve_server_key) return;
  curve.secret_key = secret;
  curve.public_key = own;
}

// Ports and key of the files an earlier controller left, if they agree.
void reuse_files(Settings& settings) {
  const auto client = net::read_connection(file_path(settings, config::FileKind::client));
  const auto engine = net::read_connection(file_path(settings, config::FileKind::engine));
  if (!client || !engine) {
    const auto& error = client ? engine.error() : client.error();
    return log::error("files are not reused: " + error.text());
  }
  if (client->key != engine->key || client->signature_scheme != engine->signature_scheme ||
      client->ports.at("registration") != engine->ports.at("registration"))
    return log::error("files are not reused: they do not belong together");
  reuse_curve(settings, *client);
  if (client->curve_server_key != settings.controller.curve.public_key)
    log::warning(
        "the CURVE keys are not those of the files: who has read them is shut out; "
        "give the same one, IPP_CURVE_SECRETKEY");
  settings.controller.key = client->key;
  settings.controller.signature_scheme = client->signature_scheme;
  settings.controller.reuse_client = *client;
  settings.controller.reuse_engine = *engine;
  settings.location = client->location;
  if (settings.ssh.empty()) settings.ssh = client->ssh;
  if (settings.engine_ssh.empty()) settings.engine_ssh = engine->ssh;
}

// An earlier controller's names with its ports: who knew them comes back to them.
void name_local_sockets(Settings& settings) {
  auto& o = settings.controller;
  const std::string name = "ipkit-" + random_hex(16);
  const auto pick = [&](const std::optional<net::Connection>& reused, const char* side) {
    return reused && !reused->controller.local.empty() ? reused->controller.local : name + side;
  };
  if (settings.client_is_local) o.client_local = pick(o.reuse_client, "-c");
  if (settings.engine_is_local) o.engine_local = pick(o.reuse_engine, "-e");
}

net::ControllerIdentity our_identity() {
  net::ControllerIdentity identity;
  identity.version = IPKIT_VERSION;
  identity.host = host_name();
  identity.started = iso8601(unix_now() / 1000000 * 1000000);
  identity.boot_id = boot_id();
  identity.uuid = random_hex(16);
  identity.network = network_namespace();
  identity.pid = ::getpid();
  identity.start_ticks = process_start_ticks(::getpid());
  return identity;
}

Status write_files(const Settings& settings, const Controller& controller) {
  const auto identity = our_identity();
  if (settings.curve_is_new && !settings.controller.curve.secret_key.empty())
    IPC_TRY(write_file_atomically(curve_path(settings.cluster),
                                  settings.controller.curve.secret_key + "\n"));
  for (const auto kind : {config::FileKind::client, config::FileKind::engine}) {
    const bool for_engine = kind == config::FileKind::engine;
    net::Connection connection =
        for_engine ? controller.engine_connection() : controller.client_connection();
    connection.location = settings.location;
    connection.ssh = for_engine ? settings.engine_ssh : settings.ssh;
    const std::string local = std::move(connection.controller.local);
    connection.controller = identity;
    connection.controller.local = local;
    connection.durable = settings.durable;
    IPC_TRY(write_file_atomically(file_path(settings, kind), net::to_json(connection, for_engine)));
  }
  return {};
}

void remove_files(const Settings& settings) {
  for (const auto kind : {config::FileKind::client, config::FileKind::engine})
    ::unlink(file_path(settings, kind).c_str());
  if (settings.curve_is_new) ::unlink(curve_path(settings.cluster).c_str());
}

Result<LockFile> lock(const config::ClusterName& cluster) {
  auto held = LockFile::acquire(
      config::cluster_file(cluster, config::pid_directory(cluster), "ipcontroller", ".lock"));
  if (held || held.error().code != Code::exists) return held;
  return Error{Code::exists,
               "a controller runs already for " + cluster.text() + ": " + held.error().what,
               "give this one an id of its own: --cluster-id=NAME"};
}

// Waits for the end; its reason.
std::string wait_for_end(int signals, int shutdown) {
  pollfd fds[] = {{signals, POLLIN, 0}, {shutdown, POLLIN, 0}};
  while (::poll(fds, 2, -1) < 0) {
  }
  signalfd_siginfo info{};
  if ((fds[0].revents & POLLIN) && ::read(signals, &info, sizeof info) == sizeof info)
    return "signal " + std::to_string(info.ssi_signo);
  return "a client's request";
}

// Everything between the lock and the end. `tell` is called once, when clients can come.
std::string record_file(const Settings& settings) {
  const auto& cluster = settings.cluster;
  std::string name = settings.record_name;
  if (name.empty())
    name = cluster.cluster_id.empty() ? "tasks.db" : "tasks-" + cluster.cluster_id + ".db";
  if (name.front() == '/') return name;
  const auto& directory = settings.record_directory;
  return (directory.empty() ? cluster.profile_dir : directory) + "/" + name;
}

// Beside the records, and as they are for each cluster of the profile.
std::string journal_directory(const Settings& settings) {
  const auto& cluster = settings.cluster;
  return cluster.profile_dir + "/tasks" + (cluster.cluster_id.empty() ? "" : "-") +
         cluster.cluster_id + ".journal";
}

// Asked by its own thread, as by any client on this machine.
Result<std::unique_ptr<MetricsServer>> serve_metrics(const Settings& settings) {
  if (!settings.metrics) return std::unique_ptr<MetricsServer>();
  client::Options options;
  options.path = file_path(settings, config::FileKind::client);
  options.profile = settings.cluster.profile;
  options.cluster_id = settings.cluster.cluster_id;
  IPC_TRY_ASSIGN(auto server, MetricsServer::start(*settings.metrics, [options] {
                   const auto text = cli::ask_metrics(options, kMetricsLimit);
                   return text ? *text : cli::no_metrics_text(options);
                 }));
  log::info("metrics: " + server->url());
  return server;
}

Result<int> run(Settings& settings, int signals,
                const std::function<void(const std::string&)>& tell) {
  Fd shutdown(::eventfd(0, EFD_CLOEXEC));
  settings.controller.shutdown = [fd = shutdown.get()] {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t n = ::write(fd, &one, sizeof one);
  };
  settings.controller.state_file = state_path(settings.cluster);
  settings.controller.record_file = record_file(settings);
  if (settings.durable) settings.controller.journal = journal_directory(settings);
  raise_file_limit();
  net::Context context;
  IPC_TRY_ASSIGN(auto controller, Controller::start(context, settings.controller));
  if (const auto written = write_files(settings, *controller); !written) {
    remove_files(settings);
    return written.error();
  }
  auto metrics = serve_metrics(settings);
  if (!metrics) {
    remove_files(settings);
    return metrics.error();
  }
  log::info("ready, " + settings.cluster.text());
  tell("READY pid=" + std::to_string(::getpid()) +
       " client=" + file_path(settings, config::FileKind::client) +
       " engine=" + file_path(settings, config::FileKind::engine) + "\n");
  const std::string why = wait_for_end(signals, shutdown.get());
  log::info("ends: " + why);
  metrics->reset();
  if (!settings.reuse) remove_files(settings);
  controller.reset();
  return 0;
}

// With the lock: whoever wrote the files before was killed if anything is left of it.
void remove_remains_of_all(const Settings& settings) {
  for (const auto kind : {config::FileKind::client, config::FileKind::engine})
    remove_remains(file_path(settings, kind));
  remove_remains(curve_path(settings.cluster));
  remove_remains(state_path(settings.cluster));
}

// In the process that stays: the daemon, or the one that was started.
Result<int> stay(Settings& settings, const std::function<void(const std::string&)>& tell) {
  const Fd signals = watch_signals();
  if (!settings.create_profile && ::access(settings.cluster.profile_dir.c_str(), F_OK) != 0)
    return Error{Code::no_input,
                 "no directory " + config::display_path(settings.cluster.profile_dir),
                 "IPController.auto_create=True makes it"};
  IPC_TRY(config::create_profile(settings.cluster));
  IPC_TRY_ASSIGN(const LockFile held, lock(settings.cluster));
  remove_remains_of_all(settings);
  if (!settings.user.empty()) ::setenv("USER", settings.user.c_str(), 1);
  if (settings.clean_logs) remove_old_logs(settings.cluster);
  IPC_TRY(open_log(settings));
  if (!settings.work_dir.empty() && ::chdir(settings.work_dir.c_str()) != 0)
    return system_error(Code::no_input, settings.work_dir);
  for (const auto& warning : settings.warnings) log::warning(warning);
  for (const auto& remark : settings.remarks) log::info(remark);
  if (settings.reuse) reuse_files(settings);
  name_local_sockets(settings);
  return run(settings, signals.get(), tell);
}

}  // namespace

Result<int> serve(Settings settings) {
  if (!settings.daemonize)
    return stay(settings, [](const std::string& line) { (void)write_all(STDOUT_FILENO, line); });
  IPC_TRY_ASSIGN(Daemon daemon, Daemon::start("", kStartLimit));
  if (daemon.is_parent()) {
    const auto& report = daemon.report();
    if (report.status == 0)
      (void)write_all(STDOUT_FILENO, report.message);
    else
      return Error{static_cast<Code>(report.status), report.message, ""};
    return 0;
  }
  const auto ended = stay(settings, [&](const std::string& line) { daemon.tell(0, line); });
  if (!ended) daemon.tell(static_cast<int>(ended.error().code), ended.error().text());
  return ended;
}

}  // namespace ipc
