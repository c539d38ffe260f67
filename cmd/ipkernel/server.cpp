// SPDX-License-Identifier: BSD-3-Clause
// The kernel that front ends see: which of their messages are served when.
#include "cmd/ipkernel/server.hpp"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>

namespace ipkernel {

using ipc::Status;
using ipc::console::Answer;

namespace {

// A front end's word for end of file.
constexpr std::string_view kEndOfFile = "\x04";
constexpr auto kTurn = ipc::seconds(1);

}  // namespace

Server::Server(const ipc::cli::Arguments& arguments, Settings settings)
    : settings_(settings),
      front_([this](Asked&& asked) { take(std::move(asked)); }),
      console_(arguments, *this, {}, true) {}

Status Server::listen(ipc::net::KernelEndpoints& endpoints) {
  IPC_TRY(front_.bind(endpoints));
  endpoints_ = endpoints;
  return {};
}

// -- which loop turns

ipc::net::Loop& Server::loop() {
  return console_.connection() != nullptr ? console_.connection()->loop() : idle_;
}

void Server::use(ipc::net::Loop& loop) {
  if (current_loop_ == &loop) return;
  if (current_loop_ != nullptr) current_loop_->remove_fd(interrupts_.fd());
  current_loop_ = &loop;
  front_.attach(loop);
  loop.on_fd(interrupts_.fd(), POLLIN, [this](short) {
    current_loop_->remove_fd(interrupts_.fd());
    end();
  });
}

void Server::entering(Connection& connection) {
  use(connection.loop());
}

void Server::leaving(Connection& connection) {
  if (current_loop_ == &connection.loop()) use(idle_);
}

// -- what front ends say

void Server::take(Asked&& asked) {
  if (asked.channel == Channel::control) return take_control(std::move(asked));
  if (asked.channel == Channel::shell) return waiting_.push_back(std::move(asked));
  // An answer, if it is one to what is asked now.
  const bool is_meant = awaits_answer_ && asked.type == "input_reply" && asked_ != nullptr &&
                        asked.identities == asked_->identities;
  if (!is_meant) return;
  const std::string value = ipc::wire::string_or(asked.content, "value");
  answer_ = value == kEndOfFile ? Answer{Answer::Kind::end, ""} : Answer{Answer::Kind::text, value};
}

// Served at once, whatever runs.
void Server::take_control(Asked&& asked) {
  if (asked.type == "interrupt_request") {
    ++stops_;
    if (cell_ != nullptr) cell_->interrupt();
    if (program_ > 0) ::kill(-program_, SIGINT);
    // While a cell runs the kernel is busy with that.
    const bool is_idle = asked_ == nullptr;
    if (is_idle) state(asked, "busy");
    answer(asked, "interrupt_reply", {{"status", "ok"}});
    return is_idle ? state(asked, "idle") : void();
  }
  if (asked.type != "shutdown_request") return waiting_.push_back(std::move(asked));
  shutdown_ = std::move(asked);
  end();
}

void Server::end() {
  ends_ = true;
  if (cell_ != nullptr) cell_->end();
  if (program_ > 0) ::kill(-program_, SIGTERM);
}

void Server::publish(std::string_view type, const Json& content,
                     std::vector<ipc::net::Frame> buffers) {
  front_.publish(asked_ != nullptr ? asked_->header : "", type, content, std::move(buffers));
}

void Server::answer(const Asked& asked, const char* type, Json content) {
  if (!content.contains("status")) content["status"] = "ok";
  front_.reply(asked, type, content);
}

void Server::state(const Asked& asked, const char* state) {
  front_.publish(asked.header, "status", {{"execution_state", state}});
}

void Server::process(const Asked& asked) {
  asked_ = &asked;
  state(asked, "busy");
  const Json& content = asked.content;
  if (asked.type == "execute_request") {
    execute(asked);
  } else if (asked.type == "kernel_info_request") {
    answer(asked, "kernel_info_reply", info());
  } else if (asked.type == "complete_request") {
    answer(asked, "complete_reply", completed(content));
  } else if (asked.type == "inspect_request") {
    answer(asked, "inspect_reply", inspected(content));
  } else if (asked.type == "is_complete_request") {
    answer(asked, "is_complete_reply", is_complete(content));
  } else if (asked.type == "history_request") {
    answer(asked, "history_reply", history(content));
  } else if (asked.type == "comm_info_request") {
    answer(asked, "comm_info_reply", {{"comms", Json::object()}});
  } else if (asked.type == "connect_request") {
    Json ports = Json::object();
    for (const auto& [channel, port] : endpoints_.ports) ports[channel + "_port"] = port;
    answer(asked, "connect_reply", ports);
  } else if (asked.type == "shutdown_request") {
    shutdown_ = asked;
    ends_ = true;
  } else if (asked.type == "comm_open") {
    // What a front end opens there is nobody here for.
    publish("comm_close",
            {{"comm_id", ipc::wire::string_or(content, "comm_id")}, {"data", Json::object()}});
  }
  state(asked, "idle");
  asked_ = nullptr;
  if (std::exchange(aborts_, false)) abort_waiting();
}

void Server::serve() {
  front_.publish("", "status", {{"execution_state", "starting"}});
  const pid_t parent = ::getppid();
  while (!ends_) {
    use(loop());
    loop().turn(kTurn);
    while (!waiting_.empty() && !ends_) {
      const Asked asked = std::move(waiting_.front());
      waiting_.pop_front();
      process(asked);
    }
    if (settings_.follows_parent && ::getppid() != parent) break;
  }
  if (shutdown_) stop(*shutdown_);
}

void Server::stop(const Asked& asked) {
  const bool again = ipc::wire::bool_or(asked.content, "restart", false);
  if (settings_.owns_engines) console_.tell_engines(again ? "clear_request" : "shutdown_request");
  const Json content = {{"status", "ok"}, {"restart", again}};
  answer(asked, "shutdown_reply", content);
  front_.publish(asked.header, "shutdown_reply", content);
}

}  // namespace ipkernel
