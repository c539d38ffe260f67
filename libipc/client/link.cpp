// SPDX-License-Identifier: BSD-3-Clause
// Whether the controller is there, accepts us, and stays.
#include "libipc/client/link.hpp"

#include <cstdlib>

#include "libipc/client/connection.hpp"
#include "libipc/net/greeting.hpp"
#include "libipc/util/file_limit.hpp"
#include "libipc/util/process.hpp"

namespace ipc::client {
namespace {

constexpr auto kAnswer = seconds(2);       // from the handshake to the first signed answer
constexpr auto kBusy = milliseconds(500);  // to the next look at one that has something to do
constexpr auto kComeBack = seconds(3);     // for a lost connection, until it is looked into
constexpr auto kReturn = seconds(60);      // for it, or for the next controller that has our tasks
constexpr auto kCertain = milliseconds(300);
// A handshake also ends when the controller is killed or the network cut: once is no refusal.
constexpr int kRefusals = 2;
constexpr auto kGreeting = milliseconds(500);  // a look at why we were refused
constexpr auto kLook = milliseconds(20);  // a killed process closes its sockets before it is gone

std::string with_tilde(const std::string& path) {
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') return path;
  const std::string prefix = std::string(home) + "/";
  return path.starts_with(prefix) ? "~/" + path.substr(prefix.size()) : path;
}

std::string start_command(const Options& options) {
  std::string command = "ipcluster start";
  if (options.profile != "default") command += " --profile=" + options.profile;
  if (!options.cluster_id.empty()) command += " --cluster-id=" + options.cluster_id;
  return command;
}

std::string no_controller(const Options& options) {
  std::string text = "no controller for profile '" + options.profile + "'";
  if (!options.cluster_id.empty()) text += ", cluster '" + options.cluster_id + "'";
  return text + ": ";
}

}  // namespace

std::string controller_name(const net::Connection& file) {
  const auto& c = file.controller;
  if (c.pid > 0) return "controller " + std::to_string(c.pid) + " on " + c.host;
  return "controller at " + file.address("registration");
}

Result<net::Connection> read_file_of(const Options& options) {
  auto file = net::read_connection(options.path);
  if (!file && file.error().code == Code::no_controller)
    return Error{Code::no_controller,
                 no_controller(options) + "no file " + with_tilde(options.path),
                 "start one: " + start_command(options) + " -n 4"};
  if (!file) return file;
  net::fill_from_environment(*file);
  if (!net::check_alive(*file, options.path)) {
    const auto& c = file->controller;
    return Error{Code::no_controller,
                 no_controller(options) + "the file is stale (" + controller_name(*file) +
                     ", started " + short_time(c.started) + ", is gone)",
                 "start again: " + start_command(options)};
  }
  return file;
}

Link::Link(net::Context& context, net::Loop& loop, const net::Connection& file,
           const Options& options, std::function<void(Error)> on_failure)
    : context_(context),
      loop_(loop),
      file_(file),
      options_(options),
      on_failure_(std::move(on_failure)),
      monitor_(context, net::SocketType::pair) {
  expect_answer(options_.patience);
}

void Link::expect_answer(Duration limit) {
  patience_timer_ = loop_.after(limit, [this] {
    patience_timer_ = 0;
    if (!answered_)
      fail({Code::no_controller, controller_name(file_) + " does not answer",
            "look at it: ipcluster status"});
  });
}

void Link::outlast(std::function<bool()> can_wait, std::function<void()> on_return) {
  can_wait_ = std::move(can_wait);
  on_return_ = std::move(on_return);
}

Status Link::watch(net::Socket& socket) {
  const std::string endpoint = "inproc://link-" + std::to_string(times_watched_++);
  IPC_TRY(socket.monitor(endpoint));
  if (times_watched_ > 1) {
    loop_.remove(monitor_);
    monitor_ = net::Socket(context_, net::SocketType::pair);
  }
  IPC_TRY(monitor_.connect(endpoint));
  loop_.on_input(monitor_, [this] {
    int taken = 0;
    for (bool any = true; any && !ended_;) {
      const auto event = net::next_event(monitor_, any);
      if (any) ++taken, take_event(event);
    }
    return taken;
  });
  return {};
}

void Link::take_event(net::ConnectionEvent event) {
  if (event == net::ConnectionEvent::connected) {
    // It may have been cut before we looked at the first answer.
    const bool again = std::exchange(was_connected_, true);
    refusals_ = 0;
    if (lost_timer_ != 0) loop_.cancel(std::exchange(lost_timer_, 0));
    if (on_return_ && (accepted_ || again))
      return can_wait_ || is_the_same() ? returned() : fail(gone());
    if (answered_ || answer_timer_ != 0) return;
    answer_timer_ = loop_.after(kAnswer, [this] { no_answer(); });
  } else if (event == net::ConnectionEvent::refused && ++refusals_ >= kRefusals) {
    fail(gone());
  } else if (event != net::ConnectionEvent::none && lost_timer_ == 0) {
    lost_since_ = Clock::now();
    looked_ = false;
    lost_timer_ = loop_.every(kLook, [this] { look_again(); });
    look_again();
  }
}

// Who has another key is met with silence; but so is who comes to a process that was stopped, or
// has no time, or waits for its disk.
void Link::no_answer() {
  answer_timer_ = 0;
  if (answered_) return;
  const auto& c = file_.controller;
  if (c.pid > 0 && c.host == host_name() && net::check_alive(file_, options_.path) &&
      !is_idle(c.pid)) {
    answer_timer_ = loop_.after(kBusy, [this] { no_answer(); });
    return;
  }
  fail({Code::refused, "refused by " + controller_name(file_) + ": wrong key",
        with_tilde(options_.path) + " is older than the controller; copy it anew"});
}

void Link::look_again() {
  const bool gone_for_sure = !net::check_alive(file_, options_.path);
  if (can_wait_ && accepted_ && can_wait_()) return wait_for_next();
  // One that is still there some time after it refused us did not end while it did.
  const bool is_seen = refusals_ > 0 && file_.controller.host == host_name();
  if (gone_for_sure) refusals_ = 0;
  const Duration lost = Clock::now() - lost_since_;
  if (gone_for_sure || lost > (is_seen ? kCertain : kReturn)) return fail(gone());
  if (lost <= kComeBack || std::exchange(looked_, true)) return;
  // Where nobody listens any more it has ended; otherwise the network may come back.
  if (!accepted_ || refusals_ > 0 || net::refuses(file_.endpoint("registration"), kGreeting))
    return fail(gone());
  if (options_.remark)
    options_.remark("no connection to " + controller_name(file_) + ": waiting for it up to " +
                    seconds_text(kReturn));
}

// Another one, with the same files: ZeroMQ finds it by itself. One that was told to stop takes its
// files with it.
void Link::wait_for_next() {
  const auto now = net::read_connection(options_.path);
  const bool is_left = now && now->key == file_.key && now->ports == file_.ports;
  if (!is_left || Clock::now() - lost_since_ > kReturn) return fail(gone());
  if (!std::exchange(waits_, true) && options_.remark)
    options_.remark("no connection to " + controller_name(file_) +
                    ": its tasks are kept (--durable); waiting up to " + seconds_text(kReturn) +
                    " for it or the next one");
}

bool Link::is_the_same() const {
  const auto now = net::read_connection(options_.path);
  return (!now || now->controller.uuid == file_.controller.uuid) &&
         net::check_alive(file_, options_.path);
}

// The same one after a break, or its successor.
void Link::returned() {
  waits_ = answered_ = false;
  if (patience_timer_ == 0) expect_answer(kReturn);
  on_return_();
}

// It takes connections and ends them at once.
Error Link::full() const {
  const auto& c = file_.controller;
  const std::uint64_t limit = c.host == host_name() ? file_limit(c.pid) : 0;
  return {Code::no_controller,
          controller_name(file_) + " has no open files left for one more connection" +
              (limit > 0 ? " (its limit is " + std::to_string(limit) + ")" : ""),
          "try again; ulimit -n before ipcluster start gives more"};
}

Error Link::gone() const {
  if (refusals_ > 0 && net::ends_without_greeting(file_.endpoint("registration"), kGreeting))
    return full();
  if (refusals_ > 0)
    return {Code::refused,
            "refused by " + controller_name(file_) + ": it wants other encryption keys",
            with_tilde(options_.path) + " is older than the controller; copy it anew"};
  if (was_connected_)
    return {Code::no_controller, controller_name(file_) + " is gone",
            "start again: " + start_command(options_)};
  return {Code::no_controller,
          no_controller(options_) + "nothing answers at " + file_.address("registration"),
          "start again: " + start_command(options_)};
}

void Link::fail(Error error) {
  if (ended_) return;
  stop();
  on_failure_(std::move(error));
}

void Link::answered() {
  if (answered_) return;
  answered_ = accepted_ = true;
  for (auto* timer : {&answer_timer_, &patience_timer_})
    if (*timer != 0) loop_.cancel(std::exchange(*timer, 0));
}

void Link::stop() {
  if (ended_) return;
  ended_ = true;
  loop_.remove(monitor_);
  for (auto* timer : {&answer_timer_, &patience_timer_, &lost_timer_})
    if (*timer != 0) loop_.cancel(std::exchange(*timer, 0));
}

}  // namespace ipc::client
