// SPDX-License-Identifier: BSD-3-Clause
// The ipcluster process that stays: its beginning, its service and its end.
#include "cmd/ipcluster/supervisor.hpp"

#include <poll.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>

#include "cmd/ipcluster/leftovers.hpp"
#include "libipc/cli/program.hpp"
#include "libipc/cli/signals.hpp"
#include "libipc/net/connection.hpp"
#include "libipc/util/file.hpp"
#include "libipc/util/last_words.hpp"
#include "libipc/util/log.hpp"
#include "libipc/util/process.hpp"
#include "libipc/util/text.hpp"

namespace ipc::cluster {

// Between starts of a controller that fail; begins with a second, twice as long each time.
constexpr Duration kMostRest = seconds(30);
// Over this time restarts of the controller are counted.
constexpr Duration kRestartsFor = seconds(600);

Result<int> Supervisor::run() {
  Status started = start();
  // An incomplete cluster was told of and stays, as long as there is something of it.
  const bool incomplete = !started && started.error().code == Code::not_ready;
  if (incomplete && (count_ready(0) + count_pending(0) > 0)) {
    tell_incomplete(started.error());
  } else if (!started) {
    stop_everything();
    if (events_.signal() && !daemon_) cli::note_signal(events_.signal());
    return started.error();
  }
  const Status served = serve();
  stop_everything();
  if (!served) return served.error();
  return 0;
}

Status Supervisor::start() {
  IPC_TRY(config::create_profile(plan_.cluster));
  IPC_TRY(take_lock());
  IPC_TRY(check_leftovers());
  clear_ = true;
  IPC_TRY(events_.open(socket_file(plan_.cluster)));
  if (daemon_) events_.watch_parent(daemon_->fd());
  IPC_TRY(check_files(plan_, plan_.elastic ? plan_.elastic->max : plan_.engines));
  if (plan_.elastic)
    state_.elastic = {
        plan_.elastic->min, plan_.elastic->max, plan_.elastic->idle_timeout, {}, {}, {}, {}};
  remember();
  if (plan_.with_controller) {
    IPC_TRY(start_controller());
    IPC_TRY(await_controller());
  }
  size_t first = 0;
  IPC_TRY(launch_engines(plan_, plan_.engines, first));
  IPC_TRY_ASSIGN(const std::string ready, await_engines(first, plan_.wanted, plan_.limit));
  remember();
  tell_ready(ready);
  return {};
}

Status Supervisor::take_lock() {
  const auto& cluster = plan_.cluster;
  auto lock = LockFile::acquire(lock_file(cluster));
  if (!lock && lock.error().code == Code::exists) {
    std::string who = lock.error().what;
    if (const auto holder = LockFile::holder(lock_file(cluster)); holder && holder->pid)
      who = "pid " + std::to_string(holder->pid) + " on " + holder->host + " since " +
            client::short_time(holder->since);
    return Error{Code::exists, "a cluster runs already for " + cluster.text() + ": " + who,
                 "stop it: ipcluster stop" + cluster.options() +
                     ", or start another beside it: --cluster-id=NAME"};
  }
  if (!lock) return lock.error();
  lock_.emplace(*std::move(lock));
  state_.cluster = cluster;
  state_.pid = ::getpid();
  state_.start_ticks = process_start_ticks(state_.pid);
  state_.host = host_name();
  state_.boot_id = boot_id();
  state_.started = iso8601(unix_now() / 1'000'000 * 1'000'000);
  state_.directory = plan_.directory;
  return {};
}

Status Supervisor::check_leftovers() {
  const auto& cluster = plan_.cluster;
  const std::string advice = "stop it: ipcluster stop" + cluster.options() +
                             ", or start another beside it: --cluster-id=NAME";
  if (plan_.with_controller) {
    const std::string path = config::connection_file(cluster, config::FileKind::client);
    const auto connection = net::read_connection(path);
    if (connection && connection->controller.pid > 0 &&
        connection->controller.host == host_name() && net::check_alive(*connection, path)) {
      const auto& c = connection->controller;
      return Error{Code::exists,
                   "a controller runs already for " + cluster.text() + ": pid " +
                       std::to_string(c.pid) + " on " + c.host + " since " +
                       client::short_time(c.started),
                   advice};
    }
  }
  for (const auto& [kind, path] : records(cluster)) {
    IPC_TRY_ASSIGN(const Launcher launcher, Launcher::find(kind, cluster));
    config::LaunchRequest request;
    request.record = path;
    IPC_TRY_ASSIGN(const auto processes, launcher.run("status", request));
    const auto alive = std::count_if(processes.begin(), processes.end(), [](const auto& process) {
      return process.state == "running";
    });
    if (alive > 0 && plan_.with_controller)
      return Error{Code::exists,
                   std::to_string(alive) + " processes of an earlier cluster of " + cluster.text() +
                       " still run",
                   advice};
  }
  return {};
}

Status Supervisor::start_controller(bool restore) {
  const std::string kind = plan_.profile.text("controller.launcher");
  IPC_TRY_ASSIGN(const Launcher launcher, Launcher::find(kind, plan_.cluster));
  IPC_TRY_ASSIGN(const auto request, controller_request(plan_, restore));
  auto answer = launcher.run("start", request, std::max<Duration>(seconds(60), plan_.limit));
  // A launcher may have died after it started the controller and before it said so.
  if (const Error error = answer ? Error() : answer.error(); !answer) {
    config::LaunchRequest recorded;
    recorded.record = request.record;
    recorded.role = "controller";
    answer = launcher.run("status", recorded);
    if (answer) std::erase_if(*answer, [](const auto& one) { return one.state != "running"; });
    if (!answer || answer->empty()) return error;
    report(error.text() + "; what it had started is used: pid " +
           std::to_string(answer->front().pid));
  }
  auto& started = *answer;
  if (started.size() != 1)
    return Error{Code::bad_input, "launcher " + kind + " answered without naming the controller",
                 ""};
  state_.controller = Process{std::move(started[0]), kind, -1};
  state_.controller->launched.state = "starting";
  remember();
  return {};
}

/// The controller writes its files whole, by rename, when every socket is bound: that is the sign.
Status Supervisor::await_controller() {
  const std::string path = config::connection_file(plan_.cluster, config::FileKind::engine);
  Process& controller = *state_.controller;
  auto is_ready = [&] {
    const auto connection = net::read_connection(path);
    if (!connection) return false;
    const auto& c = connection->controller;
    const bool local = controller.launched.pid > 0 && controller.launched.host == host_name();
    return local ? c.pid == controller.launched.pid : bool(net::check_alive(*connection, path));
  };
  net::Loop loop;
  events_.attach(loop);
  Fd watch(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  ::inotify_add_watch(watch.get(), config::security_directory(plan_.cluster).c_str(),
                      IN_MOVED_TO | IN_CLOSE_WRITE);
  loop.on_fd(watch.get(), POLLIN, [&](short) {
    char events[4096];
    while (::read(watch.get(), events, sizeof events) > 0) {
    }
  });
  const TimePoint end = Clock::now() + plan_.limit;
  next_look_ = Clock::now() + pause_;
  while (!is_ready()) {
    // Changes made on another machine are not announced: look now and then.
    loop.turn(milliseconds(200));
    absorb();
    ask_launchers();
    if (controller_ended()) return controller_failed();
    if (should_end()) return interrupted();
    if (Clock::now() > end)
      return Error{Code::timed_out,
                   "the controller was not ready in time" + last_words(controller.launched.log),
                   "log: " + config::display_path(controller.launched.log)};
  }
  controller.launched.state = "ready";
  return {};
}

Error Supervisor::controller_failed() const {
  const auto& launched = state_.controller->launched;
  const int status = state_.controller->wait_status;
  // Its status says what is wrong: the command line, permissions, another one that runs.
  const bool speaks = WIFEXITED(status) && WEXITSTATUS(status) >= 64 && WEXITSTATUS(status) <= 78;
  return Error{speaks ? static_cast<Code>(WEXITSTATUS(status)) : Code::no_controller,
               "the controller did not start: " + launched.why,
               "log: " + config::display_path(launched.log)};
}

Status Supervisor::interrupted() const {
  return Error{Code::failed, "interrupted before the cluster was ready; everything was stopped",
               ""};
}

Status Supervisor::serve() {
  events_.watch_parent(-1);
  net::Loop loop;
  events_.attach(loop);
  if (plan_.elastic) elastic_.emplace(*plan_.elastic);
  while (!should_end()) {
    if (absorb()) remember();
    if (controller_ended()) {
      if (restart_controller()) continue;
      if (should_end()) break;
      const std::string text = "the controller ended: " + state_.controller->launched.why;
      report(text + "; the engines are stopped too");
      return Error{Code::no_controller, text,
                   "log: " + config::display_path(state_.controller->launched.log)};
    }
    if (ask_launchers(true)) {
      if (!elastic_) meet_late_ones();
      remember();
    }
    scale();
    finish_removals();
    if (events_.has_request())
      serve_request(events_.take_request());
    else
      (hub_ ? hub_->loop() : loop)
          .turn(std::clamp<Duration>(next_event() - Clock::now(), Duration(0), seconds(60)));
  }
  return {};
}

bool Supervisor::restart_controller() {
  const TimePoint now = Clock::now();
  while (!restarts_.empty() && now - restarts_.front() > kRestartsFor) restarts_.pop_front();
  const auto& ended = *state_.controller;
  // One that ended well was told to.
  if (!plan_.with_controller || ended.wait_status == 0 || restarts_.size() >= plan_.restarts)
    return false;
  restarts_.push_back(now);
  const std::string why = ended.launched.why;
  report("the controller ended: " + why + "; it is started again (" +
         std::to_string(restarts_.size()) + " of " + std::to_string(plan_.restarts) +
         " times in ten minutes)");
  drop_hub();
  ++state_.restarts;
  state_.restart_why = why;
  state_.restart_when = iso8601(unix_now());
  auto back = start_controller(true);
  if (back) back = await_controller();
  remember();
  if (back) {
    tell("the controller is back: pid " + std::to_string(state_.controller->launched.pid));
    return true;
  }
  if (should_end()) return false;
  report(back.error().text());
  if (!controller_ended() || restarts_.size() >= plan_.restarts) return false;
  // Whatever is in its way, a port that somebody took meanwhile, may go away.
  const auto doublings = std::min<size_t>(restarts_.size() - 1, 5);
  rest(std::min<Duration>(seconds(1LL << doublings), kMostRest));
  return !should_end() && restart_controller();
}

void Supervisor::rest(Duration time) {
  net::Loop loop;
  events_.attach(loop);
  for (const TimePoint end = Clock::now() + time; Clock::now() < end && !should_end();)
    loop.turn(end - Clock::now());
}

TimePoint Supervisor::next_event() const {
  TimePoint next = next_look_;
  if (elastic_) next = std::min(next, next_scale_);
  if (!removals_.empty()) next = std::min(next, next_removal_look_);
  return next;
}

bool Supervisor::absorb() {
  bool changed = false;
  for (const auto& [pid, status] : events_.take_ended()) {
    // Others are what died engines left: they are reaped, and that is all.
    auto is_it = [pid = pid](const Process& process) {
      return process.launched.pid == pid && process.launched.host == host_name() &&
             !process.ended();
    };
    const auto engine = std::find_if(state_.engines.begin(), state_.engines.end(), is_it);
    if (state_.controller && is_it(*state_.controller))
      note_end(*state_.controller, status);
    else if (engine != state_.engines.end())
      note_end(*engine, status);
    else
      continue;
    changed = true;
  }
  return changed;
}

void Supervisor::note_end(Process& process, int wait_status) {
  const std::string before = process.launched.state;
  process.wait_status = wait_status;
  process.launched.state = "ended";
  process.launched.why = describe_exit(wait_status) + last_words(process.launched.log);
  if (process.launched.role == "engine") engine_ended(process, before);
}

void Supervisor::tell_end(const Process& process) const {
  const auto& launched = process.launched;
  report((launched.role == "engine" ? "engine " + std::to_string(process.engine) : launched.role) +
         " (pid " + std::to_string(launched.pid) + ") ended: " + launched.why +
         "; log: " + config::display_path(launched.log));
}

void Supervisor::stop_everything() {
  // What an earlier cluster left is not ours to stop.
  if (!clear_) return;
  stop_role("engine");
  stop_role("controller");
  const auto& cluster = plan_.cluster;
  // A controller that was killed leaves its files: nobody shall take them for live.
  std::vector<std::string> removed;
  if (plan_.with_controller) remove_controller_files(cluster, removed);
  ::unlink(socket_file(cluster).c_str());
  ::unlink(state_file(cluster).c_str());
  remove_remains(state_file(cluster));
  lock_.reset();
}

void Supervisor::stop_role(const std::string& role) {
  for (const auto& [kind, path] : records(plan_.cluster)) {
    const auto launcher = Launcher::find(kind, plan_.cluster);
    config::LaunchRequest request;
    request.record = path;
    request.role = role;
    request.grace = std::chrono::duration<double>(plan_.profile.duration("timeouts.stop")).count();
    const auto stopped = launcher ? launcher->run("stop", request) : launcher.error();
    if (!stopped) report("stop: " + stopped.error().text());
  }
}

void Supervisor::remember() {
  if (Status written = write_state(state_); !written) report(written.error().text());
}

void Supervisor::report(const std::string& text) const {
  if (daemon_)
    log::warning(text);
  else
    cli::complain(text);
}

void Supervisor::tell(const std::string& text) const {
  if (daemon_)
    log::info(text);
  else if (!plan_.quiet)
    cli::complain(text);
}

void Supervisor::tell_ready(const std::string& text) {
  const std::string options = plan_.cluster.options();
  std::string line =
      text +
      (plan_.elastic ? ", up to " + std::to_string(plan_.elastic->max) + " when tasks wait" : "") +
      ". Stop: ipcluster stop" + options + ". Log: ipcluster log" + options + "\n";
  if (plan_.verbose) line += "ipcluster: pid " + std::to_string(state_.pid) + "\n";
  if (plan_.quiet) line.clear();
  log::info(text);
  if (daemon_)
    daemon_->tell(0, line);
  else
    (void)write_all(STDOUT_FILENO, line);
}

void Supervisor::tell_incomplete(const Error& error) {
  remember();
  log::warning(error.text());
  if (daemon_)
    daemon_->tell(static_cast<int>(error.code), error.text());
  else
    cli::complain(error.text());
}

}  // namespace ipc::cluster
