// SPDX-License-Identifier: BSD-3-Clause
// The inside of a Connection: its sockets and what is under way.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "libipc/client/connection.hpp"
#include "libipc/client/feed.hpp"
#include "libipc/client/guest.hpp"
#include "libipc/client/link.hpp"
#include "libipc/net/tunnel.hpp"
#include "libipc/wire/header.hpp"

namespace ipc::client {

enum class Channel { hub, direct, control, task, broadcast };
inline constexpr int kChannels = 5;

/// The same request; buffers are shared, not copied.
Request copy_of(const Request& request);

/// A request to engines that are not known as ours, on its way.
struct GuestRequest {
  std::string wrapped;           // what it was, if it went as a call
  std::optional<Request> again;  // the whole, if our modules did not travel along
  bool shown = false;            // its output is wanted, and ends with `idle`
  bool idle = false;             // that has come
  int runs_on = -1;              // between `busy` and `idle`
  std::unique_ptr<Reply> reply;  // waits for it
};

struct Pending {
  Channel channel;
  int engine;            // -1: not to one engine
  bool is_work;          // counts as in flight: not what we ask on the side
  ReplyHandler handler;  // empty: forgotten
  std::optional<GuestRequest> guest;
  net::Frames frames = {};  // to be sent again after a break; none of what nobody does twice
  std::uint64_t taken = 0, told = 0;  // bytes of its output; what its engine knows of that

  // Engines that are not ours take for an attack what comes again.
  bool is_repeatable() const { return !frames.empty() && !(guest && channel == Channel::direct); }
};

struct Connection::Impl {
  using Entry = std::unordered_map<std::string, Pending>::iterator;

  explicit Impl(Options o, net::Connection f, wire::Signer s)
      : options(std::move(o)),
        file(std::move(f)),
        signer(std::move(s)),
        link(context, loop, file, options, [this](Error error) { failure = std::move(error); }),
        feed(context, loop, signer) {}

  Options options;
  net::Connection file;
  wire::Signer signer;
  wire::Session session;
  wire::FieldParser parser;
  std::unique_ptr<net::Tunnel> tunnel;  ///< ends after all that goes through it
  net::Context context;
  net::Loop loop;
  net::Curve curve;
  std::string identity;
  std::optional<net::Socket> monitors[kChannels];  // they outlive the sockets
  bool was_connected[kChannels] = {};
  std::optional<net::Socket> sockets[kChannels];
  net::Incoming incoming;
  Link link;

  std::unordered_map<std::string, Pending> pending;
  size_t tasks = 0, directs = 0;  // of pending
  size_t window = 0;              // 0: by the engines known
  size_t slots = 0;
  OutputHandler on_output;
  bool holds_output = false;
  std::optional<Error> failure;
  bool returns = false;             // a connection broke and stands again, and not all answer yet
  std::set<std::string> questions;  // that are to be answered
  net::Loop::TimerId confirm_timer = 0;
  Duration confirm_limit{};
  unsigned times_opened = 0;
  bool durable = false;  // the controller keeps tasks, and we wait for the next one
  bool interrupted = false;
  EngineTable table;
  bool table_known = false, table_asked = false;
  net::Loop::TimerId remark_timer = 0;
  bool task_answered = false, said_missing = false;  // since it was last looked at

  Status open_channel(Channel channel);
  std::string post(Channel channel, const EngineInfo* engine, bool is_work, Request request,
                   ReplyHandler handler, std::optional<GuestRequest> as_guest = {});
  std::string send_message(Channel channel, const EngineInfo* engine, Request request,
                           bool with_status, net::Frames* copy = nullptr);
  // returns.cpp
  void outlast_breaks();
  bool can_outlast() const;
  Status watch_for_returns(Channel channel);
  void connection_returned();
  void ask_for_confirmation();
  void confirmed(const std::string& question);
  void come_anew();
  void send_open_again(Channel channel);
  void repeat(const Pending& request);
  bool renew(const std::string& id, net::Frames& frames);
  void ask_for_engines();
  void take_engines(const Reply& reply);
  void remark_missing_engines();
  bool any_for_tasks() const;
  int drain(Channel channel);
  void take(Channel channel);
  void count_output(Entry entry, const Output& output);
  void tell_taken(const std::string& id, Pending& request);
  void deliver(const std::string& id, Channel channel, std::string_view type);
  void hand_over(Entry entry, Reply reply);
  void drop(Entry entry);
  std::string engine_uuid() const;
  void cancel(const std::vector<std::string>& ids, std::vector<std::string>* asked);
  Status wait(const std::function<bool()>& done, TimePoint deadline, bool ignore_interrupt);

  // broadcast.cpp
  bool broadcasts_to(const std::vector<int>& engines) const;
  Status broadcast(const std::vector<int>& engines, Request request, const ReplyHandler& handler);
  void spread(const std::vector<const EngineInfo*>& engines, Request request,
              const ReplyHandler& handler, const std::string& wrapped);

  // Engines that are not known as ours: guests.cpp.
  std::optional<Guest> guest;
  Feed feed;
  std::set<std::string> taught;        // uuids of those that have our modules
  bool hears_guests = false;           // what they publish from now on reaches us
  net::Loop::TimerId death_timer = 0;  // looks for engines that went with requests of ours

  void meet_guests();
  bool meets_guests() const { return feed.is_open() && !hears_guests; }
  bool for_guests(const EngineInfo* engine, const Request& request) const;
  bool all_taught(const EngineInfo* engine, const Request& request) const;
  std::string post_work(Channel channel, const EngineInfo* engine, Request request,
                        ReplyHandler handler);
  std::string post_control(const EngineInfo* engine, Request request, ReplyHandler handler);
  void take_output(const std::string& id, std::string_view type, int engine,
                   const net::Incoming& message);
  bool take_guest_reply(Entry entry, Reply& reply);
  void send_again(Entry entry);
  void watch_for_deaths();
  void find_dead(const wire::Json& engines);
  void cancel_guests(const std::map<int, wire::Json>& direct, const wire::Json& of_tasks,
                     std::vector<std::string>* asked);
  std::vector<int> where_guests_run() const;
  void remark_running_guests() const;

  // Goes before the loop does.
  std::shared_ptr<StandIn> stand_in;
};

}  // namespace ipc::client
