// SPDX-License-Identifier: BSD-3-Clause
// The supervisor's engines: started, waited for at the hub, added and removed.
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>

#include "cmd/ipcluster/supervisor.hpp"
#include "libipc/cli/program.hpp"
#include "libipc/util/idset.hpp"
#include "libipc/util/last_words.hpp"
#include "libipc/util/log.hpp"
#include "libipc/util/process.hpp"
#include "libipc/util/text.hpp"

namespace ipc::cluster {
namespace {

std::string duration_text(Duration duration) {
  const double value = std::chrono::duration<double>(duration).count();
  char text[32];
  std::snprintf(text, sizeof text, value < 1 ? "%.2fs" : value < 10 ? "%.1fs" : "%.0fs", value);
  return text;
}

// A launcher may ask many machines, or wait for a batch system.
constexpr Duration kLaunch = seconds(60);
// Who waits hears how many engines there are.
constexpr Duration kCountEach = seconds(10);

std::string engines_text(size_t n) {
  return std::to_string(n) + (n == 1 ? " engine" : " engines");
}

/// The same for reasons that differ in the pids and times of their last words only.
std::string kind_of(std::string why) {
  const auto words = std::min(why.find("; last words"), why.size());
  why.erase(std::remove_if(why.begin() + static_cast<long>(words), why.end(),
                           [](unsigned char c) { return std::isdigit(c); }),
            why.end());
  return why;
}

/// Where the log is: here, or on the machine that runs what writes it.
std::string log_text(const config::Launched& launched) {
  if (launched.log.empty()) return "";
  const bool elsewhere = !launched.host.empty() && launched.host != host_name() &&
                         ::access(launched.log.c_str(), F_OK) != 0;
  return "; log: " + (elsewhere ? launched.host + ":" : "") + config::display_path(launched.log);
}

}  // namespace

Status Supervisor::launch_engines(const Plan& plan, int count, size_t& first) {
  first = state_.engines.size();
  if (count == 0) return {};
  const auto there = std::count_if(state_.engines.begin(), state_.engines.end(),
                                   [](const Process& p) { return !p.ended(); });
  IPC_TRY(check_files(plan, static_cast<int>(there) + count));
  const std::string kind = plan.profile.text("launcher");
  IPC_TRY_ASSIGN(const Launcher launcher, Launcher::find(kind, plan.cluster));
  const Duration delay = plan.profile.duration("engines.delay");
  const int turns = delay.count() > 0 ? count : 1;
  for (int turn = 0; turn < turns; ++turn) {
    IPC_TRY_ASSIGN(auto request, engine_request(plan, count / turns));
    // Launchers that deal out places count those that are taken.
    if (!state_.engines.empty() || plan.elastic) request.living = living(kind);
    IPC_TRY_ASSIGN(auto started, launcher.run("start", request, std::max(kLaunch, plan.limit)));
    for (auto& launched : started) {
      const bool queued = launched.state == "pending";
      // One of several that could not be started has ended, and says why.
      if (launched.state != "ended") launched.state = "starting";
      state_.engines.push_back(Process{std::move(launched), kind, -1, 0, queued});
    }
    net::Loop loop;
    events_.attach(loop);
    const TimePoint next = Clock::now() + delay;
    while (turn + 1 < turns && Clock::now() < next && !should_end()) loop.turn(next - Clock::now());
    if (should_end()) return interrupted();
  }
  remember();
  return {};
}

std::vector<std::string> Supervisor::living(const std::string& kind) const {
  std::vector<std::string> ids;
  for (const auto& process : state_.engines)
    if (process.launcher == kind && !process.ended()) ids.push_back(process.launched.id);
  return ids;
}

int Supervisor::count_ready(size_t first) const {
  return static_cast<int>(std::count_if(state_.engines.begin() + static_cast<long>(first),
                                        state_.engines.end(),
                                        [](const Process& p) { return p.ready(); }));
}

int Supervisor::count_pending(size_t first) const {
  return static_cast<int>(std::count_if(state_.engines.begin() + static_cast<long>(first),
                                        state_.engines.end(),
                                        [](const Process& p) { return p.pending(); }));
}

/// Engines say at their registration which process they are, and what their launcher calls them.
/// Those that one job started together have one name; which of them is which does not matter.
void Supervisor::match(const client::EngineTable& table) {
  std::map<std::pair<std::string, pid_t>, int> registered;
  std::map<std::string, std::vector<int>> named;
  std::set<int> taken;
  for (const auto& [id, engine] : table.engines) {
    registered[{engine.host, engine.pid}] = id;
    if (!engine.launch_id.empty()) named[engine.launch_id].push_back(id);
  }
  for (const auto& process : state_.engines)
    if (process.ready() || process.leaving()) taken.insert(process.engine);
  for (auto& process : state_.engines) {
    auto& launched = process.launched;
    if (process.ended() || process.leaving()) continue;
    if (const auto found = registered.find({launched.host, launched.pid});
        found != registered.end()) {
      process.engine = found->second;
      launched.state = "ready";
      continue;
    }
    for (const auto& name : {launched.id, launched.id.substr(0, launched.id.rfind('.'))}) {
      const auto found = named.find(name);
      if (process.ready() || found == named.end()) continue;
      for (const int id : found->second) {
        if (process.ready() || !taken.insert(id).second) continue;
        process.engine = id;
        launched.state = "ready";
        launched.host = table.engines.at(id).host;
        launched.pid = table.engines.at(id).pid;
      }
    }
  }
}

client::Options Supervisor::hub_options() const {
  client::Options options;
  options.path = config::connection_file(plan_.cluster, config::FileKind::client);
  options.profile = plan_.cluster.profile;
  options.cluster_id = plan_.cluster.cluster_id;
  options.direct = false;
  options.outlast = false;  // it is for us to start the next controller
  return options;
}

Status Supervisor::watch_registrations(size_t first, int wanted, TimePoint deadline) {
  IPC_TRY_ASSIGN(const auto hub, client::Connection::open(hub_options()));
  events_.attach(hub->loop());
  bool known = false;
  // A wait as short as most are is not worth a word.
  const TimePoint patience = Clock::now() + seconds(3);
  while (Clock::now() < deadline) {
    IPC_TRY_ASSIGN(const auto* table, known ? hub->refresh_engines() : hub->engines());
    known = true;
    match(*table);
    absorb();
    if (ask_launchers() && Clock::now() > patience) tell_waiting(first);
    if (wanted > 0 && Clock::now() >= next_count_) tell_count(first);
    const int missing = wanted - count_ready(first);
    if (missing <= 0 || count_pending(first) == 0 || should_end() || controller_ended()) return {};
    // The hub answers when all that are missing are there; what ends meanwhile wakes us as well.
    bool answered = false;
    const size_t total =
        table->engines.size() + static_cast<size_t>(std::min(missing, count_pending(first)));
    const std::string id = hub->ask("wait_request", "{\"engines\": " + std::to_string(total) + "}",
                                    [&](client::Reply&&) { answered = true; });
    const Status waited =
        hub->wait([&] { return absorb() || answered || should_end() || controller_ended(); },
                  std::min({deadline, Clock::now() + seconds(1),
                            std::max(next_look_, Clock::now() + milliseconds(50))}));
    hub->forget(id);
    if (!waited && waited.error().code != Code::timed_out) return waited.error();
  }
  return {};
}

Result<std::string> Supervisor::await_engines(size_t first, int wanted, Duration limit) {
  const TimePoint begin = Clock::now();
  pause_ = milliseconds(500);
  next_look_ = begin + pause_;
  next_count_ = begin + kCountEach;
  const Status watched = wanted > 0 ? watch_registrations(first, wanted, begin + limit) : Status();
  absorb();
  if (should_end()) return interrupted().error();
  if (controller_ended()) return controller_failed();
  if (!watched) return watched.error();
  if (count_ready(first) < wanted) return incomplete(first, Clock::now() - begin);
  std::vector<int> ids;
  for (size_t i = first; i < state_.engines.size(); ++i)
    if (state_.engines[i].ready()) ids.push_back(state_.engines[i].engine);
  std::sort(ids.begin(), ids.end());
  return engines_text(ids.size()) + " ready" + (ids.empty() ? "" : " (" + format_idset(ids) + ")");
}

void Supervisor::tell_waiting(size_t first) {
  std::map<std::string, std::vector<int>> reasons;
  for (size_t i = first; i < state_.engines.size(); ++i)
    if (const auto& process = state_.engines[i];
        !process.ready() && !process.ended() && !process.launched.why.empty())
      reasons[process.launched.why].push_back(static_cast<int>(i - first));
  std::string text;
  for (const auto& [why, which] : reasons)
    text += (text.empty() ? "" : ", ") + format_idset(which) + " (" + why + ")";
  if (text.empty() || text == waiting_) return;
  waiting_ = text;
  note("waiting for " + engines_text(state_.engines.size() - first) + ": " + text);
}

void Supervisor::tell_count(size_t first) {
  next_count_ = Clock::now() + kCountEach;
  note(std::to_string(count_ready(first)) + " of " + engines_text(state_.engines.size() - first) +
       " ready");
}

void Supervisor::note(const std::string& text) {
  log::info(text);
  if (plan_.quiet) return;
  if (daemon_)
    daemon_->note(text);
  else
    cli::complain(text);
}

void Supervisor::meet_late_ones() {
  if (count_pending(0) == 0) return;
  if (Status met = watch_registrations(0, 0, Clock::now() + seconds(5)); !met)
    log::warning(met.error().text());
}

Error Supervisor::incomplete(size_t first, Duration waited) const {
  // Engines that are missing for the same reason are named together.
  std::map<std::string, std::pair<std::string, std::vector<int>>> reasons;
  for (size_t i = first; i < state_.engines.size(); ++i) {
    const auto& process = state_.engines[i];
    if (process.ready()) continue;
    const auto& [said, log] = std::tie(process.launched.why, process.launched.log);
    const bool silent = !process.queued;
    const std::string why = process.ended()
                                ? said
                                : (said.empty() ? "running" : said) +
                                      (silent ? " but not registered" : "") + last_words(log);
    auto& reason = reasons[kind_of(why)];
    if (reason.second.empty()) reason.first = why;
    reason.second.push_back(static_cast<int>(i - first));
  }
  std::string missing;
  for (const auto& [key, reason] : reasons) {
    const auto& [why, which] = reason;
    missing += (missing.empty() ? "" : ", ") + format_idset(which) + " (" + why +
               log_text(state_.engines[first + static_cast<size_t>(which[0])].launched) + ")";
  }
  const size_t all = state_.engines.size() - first;
  const std::string stop = "ipcluster stop" + plan_.cluster.options();
  const int ready = count_ready(first), pending = count_pending(first);
  return Error{Code::not_ready,
               std::to_string(ready) + " of " + engines_text(all) + " after " +
                   duration_text(waited) + "; missing: " + missing,
               ready > 0     ? "the others work; give up: " + stop
               : pending > 0 ? "they may still come; give up: " + stop
                             : "everything was stopped"};
}

/// What is not a child of ours ends unseen: its launcher is asked, less and less often. Of those
/// that are ready it is a batch system, or mpiexec, that may end them.
bool Supervisor::ask_launchers(bool also_ready) {
  if (Clock::now() < next_look_) return false;
  std::vector<Process*> unseen;
  for (auto& process : state_.engines) unseen.push_back(&process);
  if (state_.controller) unseen.push_back(&*state_.controller);
  std::erase_if(unseen, [also_ready](const Process* p) {
    const bool by_others = p->launcher == "mpi" || config::is_batch_system(p->launcher);
    const bool counts = !p->ready() || (also_ready && by_others);
    return p->launcher == "local" || !counts || p->ended();
  });
  std::set<std::string> kinds;
  for (const auto* process : unseen) kinds.insert(process->launcher);
  for (const auto& kind : kinds) {
    const auto launcher = Launcher::find(kind, plan_.cluster);
    config::LaunchRequest request;
    request.record = record_file(plan_.cluster, kind);
    const auto answer = launcher ? launcher->run("status", request) : launcher.error();
    if (!answer) {
      log::warning("launcher " + kind + ": " + answer.error().text());
      continue;
    }
    for (auto* process : unseen)
      for (const auto& launched : *answer)
        if (process->launcher == kind && process->launched.id == launched.id)
          learn(*process, launched);
  }
  pause_ = std::min<Duration>(pause_ * 2, seconds(also_ready ? 60 : 10));
  next_look_ = Clock::now() + pause_;
  return !kinds.empty();
}

void Supervisor::learn(Process& process, const config::Launched& now) {
  const std::string before = process.launched.state;
  process.learn(now);
  if (!process.ended()) return;
  // One elsewhere has looked itself; where directories are shared we see the same log.
  std::string& why = process.launched.why;
  if (why.find("last words") == std::string::npos) why += last_words(process.launched.log);
  if (process.launched.role == "engine") engine_ended(process, before);
}

void Supervisor::serve_request(Request request) {
  const std::string verb = wire::string_or(request.content, "verb");
  if (verb == "add") return add_engines(request);
  if (verb == "remove") return remove_engines(request);
  request.answer(Code::bad_input, "unknown verb '" + verb + "'");
}

void Supervisor::add_engines(Request& request) {
  Plan plan = plan_;
  plan.python = wire::string_or(request.content, "python");
  plan.directory = wire::string_or(request.content, "directory", plan_.directory);
  for (const char* key : {"engines.kernel", "launcher", "engines.delay", "batch.queue",
                          "batch.account", "batch.qos", "batch.walltime", "ssh.hosts"})
    if (const std::string value = wire::string_or(request.content, key); !value.empty())
      if (Status set = plan.profile.set(key, value, "request"); !set)
        return request.answer(set.error().code, set.error().text());
  const auto count =
      static_cast<int>(std::clamp<int64_t>(wire::int_or(request.content, "n", 0), 0, 100'000));
  const auto wanted = static_cast<int>(
      std::clamp<int64_t>(wire::int_or(request.content, "wanted", count), 0, count));
  const auto limit =
      std::clamp<int64_t>(wire::int_or(request.content, "limit_ms", 60'000), 0, 86'400'000);
  size_t first = 0;
  if (Status launched = launch_engines(plan, count, first); !launched)
    return request.answer(launched.error().code, launched.error().text());
  const auto ready = await_engines(first, wanted, milliseconds(limit));
  remember();
  if (ready)
    request.answer(Code::ok, *ready);
  else
    request.answer(ready.error().code, ready.error().text());
}

}  // namespace ipc::cluster
