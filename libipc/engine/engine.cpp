// SPDX-License-Identifier: BSD-3-Clause
// The engine's life: start, registration, heartbeats, kernels that end, stop.
#include "libipc/engine/engine.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "libipc/util/file.hpp"
#include "libipc/util/log.hpp"
#include "libipc/util/process.hpp"
#include "libipc/util/text.hpp"

namespace ipc::engine {
namespace {

constexpr Duration kGrace = seconds(1);
// MPI_Finalize waits for all others.
constexpr Duration kMpiGrace = seconds(3);
constexpr size_t kQuotedWords = 300;

// The word by which the launcher that started this engine knows it.
std::string launch_id() {
  const char* id = ::getenv("IPKIT_LAUNCH_ID");
  return id ? id : "";
}

/// What a kernel said last, as part of a sentence; empty if nothing.
std::string quoted_words(const std::string& words) {
  std::string_view text = trim(words);
  if (text.empty()) return "";
  if (text.size() > kQuotedWords) text.remove_prefix(text.size() - kQuotedWords);
  return "; last words: \"" + std::string(text) + "\"";
}

std::string working_directory() {
  std::error_code error;
  return std::filesystem::current_path(error).string();
}

}  // namespace

Engine::Engine(net::Context& context, net::Loop& loop, KernelLauncher& launcher, Guard* guard,
               EngineConfig config, Callbacks callbacks)
    : loop_(loop),
      guard_(guard),
      config_(std::move(config)),
      callbacks_(std::move(callbacks)),
      uplink_(context, loop, *this, config_.uuid),
      outbox_(uplink_),
      messages_(loop, uplink_, outbox_),
      kernels_(loop, launcher, *this, outbox_, config_.kernel),
      watchdog_(loop, config_.limits) {}

Engine::~Engine() {
  cancel_timers();
}

void Engine::cancel_timers() {
  for (const auto timer :
       {registration_timer_, hearts_timer_, search_timer_, back_timer_, confirm_timer_,
        lifetime_timer_, drain_timer_, linger_timer_, pace_timer_, cluster_timer_})
    loop_.cancel(timer);
}

Status Engine::start(const net::Connection& connection) {
  connection_ = connection;
  for (const char* port : {"hb_ping", "hb_pong"})
    if (!connection.ports.contains(port))
      return Error{Code::bad_input, std::string("no '") + port + "' port in the connection file",
                   "is it the client's file? engines need the -engine one"};
  IPC_TRY(kernels_.slot("").kernel.start());
  IPC_TRY(uplink_.connect(connection));
  if (config_.lifetime > Duration(0)) {
    const Duration left = config_.born + config_.lifetime - loop_.now();
    lifetime_timer_ = loop_.after(std::max(left, Duration(0)), [this] {
      drain("its lifetime of " + seconds_text(config_.lifetime) + " is over");
    });
  }
  return {};
}

wire::Json Engine::registration_facts() {
  const Kernel& main = kernels_.slot("").kernel;
  const KernelFacts& facts = main.facts();
  return {{"version", IPKIT_VERSION},
          {"host", host_name()},
          {"pid", ::getpid()},
          {"kernel_pid", facts.pid},
          {"language", facts.language},
          {"language_version", facts.version},
          {"kernel", main.name()},
          {"cwd", working_directory()},
          {"started", iso8601(unix_now())},
          {"prefetch", facts.has_slots ? facts.slots : facts.prefetch},
          {"launch_id", launch_id()}};
}

void Engine::registered(int id, Duration heart_period) {
  if (stopping_ || drain_.left) return;
  loop_.cancel(registration_timer_);
  if (id_ >= 0 && !anew_) return joined_again(id);
  const bool again = id_ >= 0;
  id_ = id;
  outbox_.set_id(id);
  messages_.set_engine(id, connection_.is_ipkit());
  if (guard_ != nullptr) guard_->registered(id, connection_);
  if (auto connected = uplink_.start_hearts(id); !connected)
    return stop("no connection", connected.error());
  watch_hearts(heart_period);
  if (again) return;  // the rest is for connected(), if it was not called yet
  Kernel& main = kernels_.slot("").kernel;
  if (main.state() == Kernel::State::ready) hello(main);
  if (callbacks_.registered) callbacks_.registered(id);
}

void Engine::connected() {
  outbox_.status("{}", "starting");
  tell_slots();
  if (anew_) joined_again(id_);
}

void Engine::refused(const std::string& why) {
  loop_.cancel(registration_timer_);
  // The reference's way to say that it has us still.
  if (id_ >= 0 && !anew_) return joined_again(id_);
  stop("refused", Error{Code::refused, "the controller refused the registration: " + why, ""});
}

void Engine::watch_hearts(Duration period) {
  const Duration check = period + milliseconds(500);
  checked_ = loop_.now();
  loop_.cancel(hearts_timer_);
  hearts_timer_ = loop_.every(check, [this, check, period] {
    spare_.look(queue_.running() != nullptr);
    const bool came = uplink_.last_ping() >= checked_;
    // It was stopped itself, with its machine perhaps, and may have been given up meanwhile.
    const bool was_stopped = loop_.now() - checked_ > check + period;
    checked_ = loop_.now();
    if (came) {
      if (missed_ > 0 || was_stopped) hearts_are_back();
      missed_ = 0;
      return;
    }
    ++missed_;
    const std::string silent = seconds_text(check * missed_);
    if (missed_ == 1) log::warning("no heartbeat from the controller for " + silent);
    if (config_.max_heartbeat_misses > 0 && missed_ > config_.max_heartbeat_misses)
      stop("no heartbeats",
           Error{Code::no_controller,
                 "no heartbeat from the controller for " + silent + ": stopped", ""});
  });
}

void Engine::stop(const std::string& reason, Status outcome) {
  if (stopping_) return;
  stopping_ = true;
  outcome_ = std::move(outcome);
  log::info("stopping: " + reason);
  cancel_timers();
  uplink_.hold_replies(false);
  if (asked_ && (id_ >= 0 || outcome_))
    uplink_.unregister(id_ >= 0 ? wire::Json(id_) : wire::Json(nullptr), "left",
                       guard_ != nullptr ? guard_->last_begun() : std::nullopt);
  if (config_.mpi) interrupt_running();
  kernels_.end_all(config_.mpi ? kMpiGrace : kGrace, config_.mpi);
  // From the loop, not from here: whoever called may still use what `ended` destroys.
  if (kernels_.all_ended()) loop_.after(Duration{0}, [this] { finish_stop(); });
}

void Engine::finish_stop() {
  if (ended_) return;
  ended_ = true;
  if (callbacks_.ended) callbacks_.ended(outcome_);
}

void Engine::hello(Kernel& kernel) {
  const std::string content = wire::dump_json({{"engine_uuid", uplink_.session().id()},
                                               {"engine_id", id_},
                                               {"profile_dir", config_.profile_dir}});
  const std::array<std::string_view, 4> parts = {R"({"msg_type": "hello"})", "{}", "{}", content};
  kernel.send(parts);
  kernel.flush();
}

void Engine::run_startup_code() {
  const auto run = [this](const wire::Json& content) {
    auto request = Request::internal("execute_request", uplink_.session().header("execute_request"),
                                     wire::dump_json(content));
    queue_.push(request, loop_.now());
  };
  // Each goes to the front of the queue, so the last one here runs first.
  if (!config_.startup_command.empty())
    run({{"code", config_.startup_command}, {"silent", true}, {"file", "startup command"}});
  if (!config_.startup_script.empty()) {
    if (auto text = read_file(config_.startup_script); text)
      run({{"code", *text}, {"silent", true}, {"file", config_.startup_script}});
    else
      log::error("startup script: " + text.error().text());
  }
  if (!config_.mpi_code.empty() && kernels_.slot("").kernel.facts().language == "python")
    run({{"code", config_.mpi_code}, {"silent", true}, {"file", "MPI"}});
}

void Engine::register_now(bool again) {
  wire::Json content = {{"uuid", uplink_.session().id()}, {"ipkit", registration_facts()}};
  if (again) content["ipkit"]["resume"] = true;
  if (again || config_.id) content["id"] = again ? id_ : *config_.id;
  uplink_.register_engine(content);
  loop_.cancel(registration_timer_);
  registration_timer_ = loop_.after(config_.registration_limit, [this] {
    stop("no answer",
         Error{Code::no_controller,
               "no answer to the registration from " + connection_.address("registration") +
                   " in " + seconds_text(config_.registration_limit),
               "is the controller running, and is the file its own?"});
  });
}

void Engine::kernel_ready(Kernel& kernel) {
  if (stopping_) return;
  const bool is_main = kernel.name() == kernels_.main_name();
  if (is_main) run_startup_code();
  if (is_main && !asked_) {
    asked_ = true;
    if (config_.registration_delay > Duration(0))
      registration_timer_ =
          loop_.after(config_.registration_delay, [this] { register_now(false); });
    else
      register_now(false);
  } else if (id_ >= 0) {
    hello(kernel);
    if (is_main) tell_slots(), tell_facts();
  }
  pump();
}

void Engine::kernel_idle(Kernel&) {
  pump();
}

void Engine::kernel_ended(Kernel& kernel, const std::string& why, bool was_ready) {
  if (stopping_) {
    if (kernels_.all_ended()) loop_.after(Duration{0}, [this] { finish_stop(); });
    return;
  }
  KernelSlot& slot = kernels_.slot(kernel);
  const std::string end = why + quoted_words(kernel.last_words());
  // A cluster that is looked for in vain is away for the same reason each time.
  if (was_ready || end != slot.last_end) log::warning("kernel '" + kernel.name() + "': " + end);
  slot.last_end = end;
  if (!was_ready && !asked_) return main_never_started(kernel, why);
  if (was_ready) {
    died(slot, slot.last_end);
  } else {
    slot.gave_up = true;
    if (kernel.name() == kernels_.main_name() && is_cluster(kernel.name())) cluster_away(slot);
    pump();
  }
}

void Engine::main_never_started(const Kernel& kernel, const std::string& why) {
  const std::string_view words = trim(kernel.last_words());
  stop("no kernel", Error{Code::failed,
                          "kernel '" + kernel.name() + "' did not start: " + why +
                              (words.empty() ? "" : "; it said: " + std::string(words)),
                          ""});
}

void Engine::died(KernelSlot& slot, const std::string& why) {
  const std::string name = kernels_.request_name(slot.kernel);
  slot.output.finish(queue_.running(), slot.last_parent);
  if (queue_.running() != nullptr && queue_.running()->kernel == name) watchdog_.ended();
  const auto lost = queue_.kernel_died(name, slot.kernel.begun());
  if (drain_.late) {
    for (auto& request : lost)
      fail(*request, "EngineError", drain_.verdict, slot.kernel.generation());
    return pump();
  }
  if (name.empty() && !config_.restart) return end_with_kernel(lost, slot);
  for (auto& request : lost) fail(*request, "KernelDied", why, slot.kernel.generation());
  if (!name.empty()) return pump();  // started again by the next request for it
  messages_.kernel_ended(why);
  outbox_.status("{}", "restarting");
  if (is_cluster(slot.kernel.name())) return cluster_away(slot);
  if (slot.limit.allow(loop_.now(), config_.restarts)) {
    // Not from within the old one's last call.
    loop_.after(Duration{0}, [this, &slot] { restart(slot); });
    return;
  }
  slot.gave_up = true;
  log::error("kernel '" + slot.kernel.name() + "' ended too often; requests are refused");
  pump();
}

// Without its kernel an engine that does not restart it is gone, as ipyparallel's is.
void Engine::end_with_kernel(const std::vector<RequestPtr>& lost, const KernelSlot& slot) {
  for (const auto& request : lost) {
    outbox_.engine_error(*request, slot.last_end, slot.kernel.generation());
    report(*request, "idle");
  }
  if (guard_ != nullptr && id_ >= 0) {
    guard_->report_death();
    asked_ = false;  // nothing is left to take back
  }
  stop("no kernel", Error{Code::failed, "the " + slot.last_end, ""});
}

void Engine::restart(KernelSlot& slot) {
  if (stopping_ || slot.kernel.state() != Kernel::State::absent) return;
  if (auto started = slot.kernel.start(); !started) {
    slot.last_end = started.error().text();
    slot.gave_up = true;
    log::error("kernel '" + slot.kernel.name() + "': " + slot.last_end);
  }
  pump();
}

}  // namespace ipc::engine
