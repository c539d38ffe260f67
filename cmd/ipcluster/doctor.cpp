// SPDX-License-Identifier: BSD-3-Clause
// ipcluster doctor: from the settings to the engines' queues, the first thing that is wrong.
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "cmd/ipcluster/plan.hpp"
#include "cmd/ipcluster/safety.hpp"
#include "cmd/ipcluster/verbs.hpp"
#include "libipc/cli/output.hpp"
#include "libipc/client/jobs.hpp"
#include "libipc/net/tunnel.hpp"
#include "libipc/util/idset.hpp"
#include "libipc/util/lock.hpp"
#include "libipc/util/process.hpp"
#include "libipc/util/text.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::cluster {
namespace {

constexpr Duration kPatience = seconds(3);

std::string engines_text(const std::vector<int>& ids) {
  return (ids.size() == 1 ? "engine " : "engines ") + format_idset(ids);
}

/// One visit: each step looks at one thing and needs those before it.
class Visit {
 public:
  Visit(config::ClusterName cluster, bool quiet) : cluster_(std::move(cluster)), quiet_(quiet) {}

  Status run() {
    IPC_TRY(settings());
    IPC_TRY(file());
    IPC_TRY(process());
    IPC_TRY(port());
    IPC_TRY(safety());
    IPC_TRY(key());
    IPC_TRY(registered());
    IPC_TRY(answering());
    return queue();
  }

 private:
  Status settings();
  Status file();
  Status process();
  Status port();
  Status safety();
  Status key();
  Status registered();
  Status answering();
  Status queue();

  Status say(const char* mark, const char* what, const std::string& text) const {
    if (quiet_) return {};
    std::string step(what);
    step.resize(11, ' ');
    return cli::print(std::string(mark) + "  " + step + " " + text + "\n");
  }
  Status good(const char* what, const std::string& text) const { return say("ok  ", what, text); }
  Status warn(const char* what, const std::string& text) const { return say("warn", what, text); }
  std::string path() const { return config::connection_file(cluster_, config::FileKind::client); }
  std::string start_it() const { return "start one: ipcluster start" + cluster_.options(); }
  std::string its_log() const { return "see ipcluster log" + cluster_.options(); }

  config::ClusterName cluster_;
  bool quiet_;
  std::optional<State> state_;
  std::unique_ptr<client::Connection> connection_;
  net::Connection found_;
  std::vector<int> ids_;
};

Status Visit::settings() {
  IPC_TRY(config::Profile::load(cluster_));
  const std::string directory = config::security_directory(cluster_);
  struct stat s;
  if (::stat(directory.c_str(), &s) == 0) {
    const std::string shown = config::display_path(directory);
    if (s.st_uid != ::geteuid())
      return Error{Code::refused, shown + " belongs to another user", ""};
    if ((s.st_mode & 077) != 0)
      return Error{Code::refused, shown + " is open to others", "chmod 700 " + shown};
  }
  return good("settings", config::display_path(cluster_.profile_dir));
}

// There is none: where there is one, and whether one is being started.
Error no_file(const config::ClusterName& cluster, const std::string& path) {
  if (const auto holder = LockFile::holder(lock_file(cluster)))
    return {Code::not_ready,
            "ipcluster (" + holder->text() + ") runs, but its controller is not up",
            "see ipcluster log" + cluster.options()};
  std::string others;
  for (const auto& other : all_clusters())
    if (LockFile::holder(lock_file(other)))
      others += (others.empty() ? "" : " or") + other.options() +
                (other.options().empty() ? " no --profile" : "");
  return {Code::no_controller,
          "nothing runs for " + cluster.text() + ": no file " + config::display_path(path),
          others.empty() ? "start one: ipcluster start" + cluster.options()
                         : "another cluster runs: give" + others};
}

Status Visit::file() {
  state_ = read_state(cluster_);
  auto connection = net::read_connection(path());
  if (!connection)
    return ::access(path().c_str(), F_OK) != 0 ? no_file(cluster_, path()) : connection.error();
  found_ = *std::move(connection);
  if (!found_.is_here && found_.location.empty() && !found_.is_ipkit())
    IPC_TRY(warn("file", "does not say on which machine its controller is"));
  return good("file", config::display_path(path()));
}

Status Visit::process() {
  const auto& who = found_.controller;
  if (who.pid <= 0) return good("controller", "its file names no process (ipyparallel's)");
  const std::string text = "pid " + std::to_string(who.pid) + " on " + who.host +
                           (who.started.empty() ? "" : " since " + client::short_time(who.started));
  if (const auto alive = net::check_alive(found_, path()); !alive)
    return Error{Code::no_controller, alive.error().what,
                 "start it again: ipcluster start" + cluster_.options()};
  if (who.host == host_name() && is_stopped(who.pid))
    return Error{Code::no_controller, "the controller (" + text + ") is stopped",
                 "kill -CONT " + std::to_string(who.pid)};
  return good("controller", text);
}

// Whether something listens; nothing is sent.
Status try_port(const std::string& host, const std::string& port) {
  addrinfo wanted{}, *found = nullptr;
  wanted.ai_socktype = SOCK_STREAM;
  if (const int error = ::getaddrinfo(host.c_str(), port.c_str(), &wanted, &found); error != 0)
    return Error{Code::no_controller, host + ": " + ::gai_strerror(error), ""};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> list(found, &::freeaddrinfo);
  const Fd socket(::socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return system_error(Code::internal, "socket");
  int error = ::connect(socket.get(), list->ai_addr, list->ai_addrlen) == 0 ? 0 : errno;
  if (error == EINPROGRESS) {
    pollfd item{socket.get(), POLLOUT, 0};
    socklen_t size = sizeof error;
    const auto limit =
        static_cast<int>(std::chrono::duration_cast<milliseconds>(kPatience).count());
    if (::poll(&item, 1, limit) <= 0)
      error = ETIMEDOUT;
    else
      ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  }
  if (error == 0) return {};
  return Error{Code::no_controller, host + ":" + port + ": " + std::string(::strerror(error)),
               error == ECONNREFUSED
                   ? "nothing listens there: the controller has ended, or listens "
                     "on another address (--ip)"
                   : "a firewall, or an address that is not reached from here "
                     "(--location, --ip)"};
}

Status Visit::port() {
  const std::string address = found_.address("registration");
  const size_t host = address.find("://"), port = address.rfind(':');
  if (!address.starts_with("tcp://") || port <= host) return good("port", address);
  if (found_.is_here && !found_.controller.local.empty()) {
    IPC_TRY(good("port", "local socket, and " + address));
  } else if (const auto server = net::tunnel_server(found_); !server.empty()) {
    IPC_TRY(good("port", address + " through ssh " + server));
  } else {
    IPC_TRY(try_port(address.substr(host + 3, port - host - 3), address.substr(port + 1)));
    IPC_TRY(good("port", address));
  }
  return {};
}

Status Visit::safety() {
  const auto found = unsafe_settings(cluster_, found_);
  for (const auto& what : found) IPC_TRY(warn("safety", what));
  if (!found.empty()) return {};
  const bool is_encrypted = !found_.curve_server_key.empty();
  return good("safety", is_encrypted ? "messages are encrypted" : "messages are signed");
}

Status Visit::key() {
  client::Options options;
  options.path = path();
  options.profile = cluster_.profile;
  options.cluster_id = cluster_.cluster_id;
  options.patience = kPatience;
  IPC_TRY_ASSIGN(connection_, client::Connection::open(std::move(options)));
  IPC_TRY_ASSIGN(const client::EngineTable* table, connection_->engines());
  ids_ = table->ids();
  return good("key", "accepted");
}

Status Visit::registered() {
  IPC_TRY_ASSIGN(const client::EngineTable* table, connection_->engines());
  std::vector<std::string> missing;
  const bool watched = state_ && state_->is_running();
  for (const auto& process : watched ? state_->engines : std::vector<Process>()) {
    const auto& launched = process.launched;
    // Those of an elastic cluster come and go.
    if (launched.why == "removed" || (state_->elastic && !process.ready())) continue;
    const bool there =
        std::any_of(table->engines.begin(), table->engines.end(), [&launched](const auto& entry) {
          return entry.second.pid == launched.pid && entry.second.host == launched.host;
        });
    if (there) continue;
    missing.push_back("an engine (pid " + std::to_string(launched.pid) + " on " + launched.host +
                      ") is " + (process.ended() ? "gone" : "not registered") +
                      (launched.why.empty() ? "" : ": " + launched.why));
  }
  if (!missing.empty()) {
    const std::string more =
        missing.size() > 1 ? ", and " + std::to_string(missing.size() - 1) + " more" : "";
    return Error{ids_.empty() ? Code::not_ready : Code::failed, missing[0] + more, its_log()};
  }
  if (ids_.empty() && watched && state_->elastic)
    return good("engines", "none; up to " + std::to_string(state_->elastic->max) +
                               " are requested when tasks wait" +
                               (state_->elastic->trouble.empty() ? "" : ", but ") +
                               state_->elastic->trouble);
  if (ids_.empty())
    return Error{Code::not_ready, "the controller answers, but there are no engines",
                 "add some: ipcluster engines -n 4" + cluster_.options()};
  return good("engines", engines_text(ids_) + " registered");
}

// A process of an engine on this machine that a signal has stopped.
Status look_for_stopped(const client::EngineTable& table) {
  for (const auto& [id, engine] : table.engines) {
    if (engine.host != host_name()) continue;
    for (const auto& [pid, what] : {std::pair{engine.pid, ""}, {engine.kernel_pid, "'s kernel"}})
      if (pid > 0 && is_stopped(pid))
        return Error{
            Code::failed,
            "engine " + std::to_string(id) + what + " (pid " + std::to_string(pid) + ") is stopped",
            "kill -CONT " + std::to_string(pid)};
  }
  return {};
}

// Their control channel is served while code runs: a question about nothing is answered at once.
Status Visit::answering() {
  IPC_TRY_ASSIGN(const client::EngineTable* table, connection_->engines());
  IPC_TRY(look_for_stopped(*table));
  std::vector<int> silent = ids_;
  for (const int id : ids_) {
    client::Request request;
    request.type = "abort_request";
    request.content = R"({"msg_ids":["nothing"]})";
    const auto sent = connection_->control(
        id, std::move(request), [&silent, id](client::Reply&&) { std::erase(silent, id); });
    if (!sent) return sent.error();
  }
  const auto waited =
      connection_->wait([&silent] { return silent.empty(); }, Clock::now() + kPatience);
  connection_->forget_all();
  if (!waited && waited.error().code != Code::timed_out) return waited.error();
  if (silent.empty()) return good("answers", "all of them");
  const auto* first = table->find(silent[0]);
  const std::string where = first != nullptr && first->pid > 0
                                ? " (pid " + std::to_string(first->pid) + " on " + first->host + ")"
                                : "";
  return Error{Code::failed, engines_text(silent) + where + " answered nothing for 3 s",
               "is its machine there? the others work: -x " + format_idset(silent)};
}

Status Visit::queue() {
  IPC_TRY_ASSIGN(const client::QueueState state,
                 client::queue_state(*connection_, Clock::now() + kPatience));
  int64_t waiting = state.unassigned, idle = 0;
  for (const auto& [id, load] : state.engines) {
    waiting += load.queue + load.tasks;
    if (load.queue + load.tasks == 0) ++idle;
  }
  if (state.unassigned > 0 && idle == static_cast<int64_t>(ids_.size()))
    return warn("queue", std::to_string(state.unassigned) +
                             " tasks wait although no engine works: for other tasks (after), or "
                             "for engines that are gone (targets, follow)");
  return good("queue", waiting == 0 ? "nothing waits"
                                    : std::to_string(waiting) + " wait or run; " +
                                          std::to_string(idle) + " engines are idle");
}

}  // namespace

Result<int> doctor(const cli::Arguments& arguments) {
  IPC_TRY_ASSIGN(auto cluster, cluster_of(arguments));
  IPC_TRY(Visit(std::move(cluster), arguments.has("quiet")).run());
  return 0;
}

}  // namespace ipc::cluster
