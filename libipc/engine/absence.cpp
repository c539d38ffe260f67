// SPDX-License-Identifier: BSD-3-Clause
// The controller goes away, or the way to it: the engine keeps its namespaces, looks for the
// controller, and joins it again, wherever it is then.
#include <algorithm>

#include "libipc/engine/engine.hpp"
#include "libipc/util/log.hpp"
#include "libipc/wire/route.hpp"

namespace ipc::engine {
namespace {

constexpr Duration kSearch = milliseconds(250);
// What left so shortly before a connection broke may not have been read.
constexpr Duration kUnread = seconds(1);
// So long the controller may take to confirm that it hears us. It drops a connection that broke
// without its notice after Uplink's time for peers, and a name is free again then.
constexpr Duration kConfirm = seconds(5);
// A controller with much to do needs longer: each time is twice as long as the last, up to this.
constexpr Duration kConfirmMost = seconds(60);
// So long after it a controller or a client may send once more what it sent before.
constexpr Duration kRepeats = seconds(600);

/// False: sockets that were connected to `a` do not reach `b`.
bool same_addresses(const net::Connection& a, const net::Connection& b) {
  return a.interface == b.interface && a.ports == b.ports && a.broadcast == b.broadcast &&
         a.key == b.key && a.curve_server_key == b.curve_server_key && a.is_here == b.is_here &&
         a.controller.local == b.controller.local;
}

}  // namespace

void Engine::connection_lost() {
  if (stopping_ || drain_.left || id_ < 0) return;
  // What is sent to connections that do not stand is lost.
  uplink_.hold_replies(true);
  look_around();
}

void Engine::look_around() {
  if (stopping_ || drain_.left || id_ < 0 || lost_since_) return;
  lost_since_ = loop_.now();
  repeats_until_ = TimePoint::max();
  anew_ = elsewhere_ = false;
  log::warning("the controller is away; looking for it");
  loop_.cancel(search_timer_);
  search_timer_ = loop_.every(kSearch, [this] { look_for_controller(); });
}

// The controller may have given us up while nothing came from it, and closed connections that look
// whole from here: they have the time to show it before requests are asked for.
void Engine::hearts_are_back() {
  if (lost_since_) return;
  look_around();
  loop_.cancel(back_timer_);
  back_timer_ = loop_.after(Uplink::kPeerInterval + seconds(1), [this] {
    back_timer_ = 0;
    if (uplink_.is_connected()) connection_back();
  });
}

// To the same addresses: by ZeroMQ itself, or it was never more than silent.
void Engine::connection_back() {
  if (stopping_ || !lost_since_ || anew_) return;
  register_now(true);
  if (connection_.is_ipkit()) await_confirmation();
}

void Engine::await_confirmation() {
  loop_.cancel(confirm_timer_);
  confirm_limit_ = std::clamp(confirm_limit_ * 2, kConfirm, kConfirmMost);
  confirm_timer_ = loop_.after(confirm_limit_, [this] { come_anew(); });
}

void Engine::confirmed(Route route) {
  if (unconfirmed_.erase(route) == 0 || !unconfirmed_.empty()) return;
  loop_.cancel(std::exchange(confirm_timer_, 0));
  confirm_limit_ = {};
  uplink_.hold_replies(false);
}

// The controller holds connections that we have lost, or ended new ones unheard as it did.
void Engine::come_anew() {
  confirm_timer_ = 0;
  if (stopping_ || drain_.left) return;
  look_around();
  log::warning("the controller does not hear us; connecting anew");
  connect_anew();
  await_confirmation();
}

void Engine::connect_anew() {
  anew_ = true;
  uplink_.hold_replies(true);
  if (auto connected = uplink_.connect(connection_); !connected)
    return stop("no connection", connected.error());
  register_now(true);
}

void Engine::look_for_controller() {
  if (config_.find_connection)
    if (const auto found = config_.find_connection();
        found && net::check_alive(*found, config_.connection_path)) {
      gone_since_.reset();
      if (!same_addresses(*found, connection_)) return move_to(*found);
      connection_ = *found;  // perhaps another process
      return;
    }
  const auto alive = net::check_alive(connection_, config_.connection_path);
  if (alive) return;
  if (!gone_since_) {
    gone_since_ = loop_.now();
    log::warning(alive.error().text() + "; the engine stops in " +
                 seconds_text(config_.orphan_limit));
  }
  if (loop_.now() - *gone_since_ >= config_.orphan_limit)
    stop("controller gone", Error{Code::no_controller,
                                  "the controller has been gone for " +
                                      seconds_text(config_.orphan_limit) + ": stopped",
                                  ""});
}

void Engine::move_to(const net::Connection& connection) {
  log::warning("the controller is at " + connection.address("registration") + " now");
  connection_ = connection;
  elsewhere_ = true;
  connect_anew();
}

// Registered, or never forgotten.
void Engine::joined_again(int id) {
  if (!lost_since_) return;
  log::warning("joined the controller again, as engine " + std::to_string(id));
  messages_.set_engine(id, connection_.is_ipkit());
  messages_.controller_was_away();
  loop_.cancel(std::exchange(confirm_timer_, 0));
  if (connection_.is_ipkit()) {
    unconfirmed_ = {Route::direct, Route::balanced};
    uplink_.tell_back();
    await_confirmation();
  }
  tell_slots();
  if (id != id_) {
    id_ = id;
    outbox_.set_id(id);
    if (auto leaf = uplink_.connect_leaf(id); !leaf) log::error(leaf.error().text());
    if (guard_ != nullptr) guard_->registered(id, connection_);
  }
  // To the same addresses ZeroMQ itself delivers what was sent meanwhile; for what was on its way
  // they ask who can. The reference's take for an attack what comes again.
  if (elsewhere_) uplink_.send_again(*lost_since_ - kUnread);
  if (unconfirmed_.empty()) uplink_.hold_replies(false);
  loop_.cancel(search_timer_);
  search_timer_ = 0;
  repeats_until_ = loop_.now() + kRepeats;
  lost_since_.reset();
  gone_since_.reset();
  anew_ = elsewhere_ = false;
  missed_ = 0;
  if (drain_.on && !drain_.left) tell_scheduler();
  kernels_.each([this](Kernel& kernel) {
    if (kernel.state() == Kernel::State::ready) hello(kernel);
  });
}

// A controller that keeps its tasks cannot know what became of those it had sent: what runs goes
// on and is answered once, what has been answered is answered with the same, the rest is new.
bool Engine::comes_again(const Request& request) {
  return request.route != Route::control && is_known(request.msg_id);
}

// A client asks again when a connection broke or the controller is another one: the reply may have
// been lost on its way. The reference's clients never do.
bool Engine::repeated(net::Incoming& message) {
  const auto header = parser_.header(message.view.header);
  const auto& path = message.view.identities;
  if (!header || path.size() < 2) return false;
  const std::string id(header->msg_id), client(path[1]);
  if (wire::is_anonymous(client)) return is_known(id);
  // Who has heard of it shall not have it.
  if (uplink_.is_for_another(id, client)) return false;
  if (queue_.has(id) || uplink_.send_again(id)) return true;
  const auto request = Request::parse(std::move(message), Route::direct, parser_);
  if (!request) return false;
  outbox_.error(**request, "ResultNotKept",
                "it has run, and its reply was lost with a connection that broke");
  return true;
}

bool Engine::is_known(const std::string& msg_id) {
  if (loop_.now() >= repeats_until_) return false;
  return queue_.has(msg_id) || uplink_.send_again(msg_id);
}

// The scheduler asks for the reply to a task.
void Engine::repeat_reply(const Request& request) {
  const auto content = wire::parse_json(request.view().content, 8);
  if (!content || !content->is_object()) return;
  const std::string id = wire::string_or(*content, "msg_id");
  if (!uplink_.send_again(id))
    uplink_.send_to_scheduler("again_reply", wire::dump_json({{"msg_id", id}}));
}

}  // namespace ipc::engine
