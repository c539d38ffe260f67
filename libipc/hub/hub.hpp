// SPDX-License-Identifier: BSD-3-Clause
// The hub: registration, notifications, books and queries.
#pragma once

#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "libipc/hub/accounts.hpp"
#include "libipc/hub/direct.hpp"
#include "libipc/hub/news.hpp"
#include "libipc/hub/queries.hpp"
#include "libipc/hub/registry.hpp"
#include "libipc/hub/waits.hpp"
#include "libipc/net/events.hpp"
#include "libipc/net/loop.hpp"
#include "libipc/net/message.hpp"
#include "libipc/net/strangers.hpp"
#include "libipc/util/log.hpp"
#include "libipc/util/memory.hpp"
#include "libipc/wire/header.hpp"

namespace ipc::hub {

struct HubSockets {
  net::Socket clients;        ///< ROUTER: registration and queries
  net::Socket notifications;  ///< XPUB that tells of every subscription
  net::Socket events;         ///< PULL: batches from the other loops
  net::Socket relay, task;    ///< PUSH: batches to them
};

struct HubOptions {
  std::string session;  ///< name on the wire; empty: a new one
  milliseconds heart_period{3000};
  Duration registration_timeout = seconds(30);
  wire::Json connection_info;      ///< for registration_reply
  std::string state_file;          ///< table of engines; empty: none is written
  bool restore = false;            ///< begin with the engines of that file
  std::size_t file_limit = 0;      ///< descriptors this process may have; 0: enough
  std::size_t files_used = 0;      ///< of these, before there is any engine or client
  bool succeeds = false;           ///< clients of an earlier controller may be about to come back
  std::function<void()> shutdown;  ///< a client ended the controller; called in the hub's thread
};

/// Sockets around the registry and the books. One thread, that of the loop.
class Hub {
 public:
  Hub(net::Loop& loop, HubSockets sockets, HubOptions options, wire::Signer signer,
      std::unique_ptr<Store> store);
  ~Hub();

 private:
  int from_clients();
  int from_loops();
  int from_subscribers();
  void take_event(net::Event& event);
  void take_direct(net::Event& event, const net::MessageEvent& message);
  static bool is_about_tasks(std::string_view type);
  void ask_loops();
  void take_report(std::string_view number);
  void take_request(net::Incoming& message);
  void request(net::Incoming& message);
  void try_to_act(const std::string& type, const wire::Json& content);
  bool hold(const std::string& type, const wire::Json& content);
  void answer_held();
  void act(const std::string& type, const wire::Json& content);
  bool answer_query(const std::string& type, const wire::Json& content, Answer& answer);

  void registration(const wire::Json& content);
  std::string no_room() const;
  void keep_spare_files();
  void accept(EngineId id);
  void unregistration(const wire::Json& content);
  void resubmission(const wire::Json& content);
  std::string resubmit(const std::string& id);
  void wait(const wire::Json& content);
  void shut_down();

  void admit(const std::string& uuid);
  void announce(const Engine& engine);
  void remove(EngineId id, std::string why);
  void answer_stranded(const Engine& engine);
  void engine_is_back(const net::MessageEvent& message);
  void unroutable(const net::MessageEvent& message, bool control);
  void reader_gone(const net::MessageEvent& message);
  void reply_for_engine(const DirectRequest& request, const std::string& uuid,
                        const std::string& text);
  void restore_engines();
  void state_changed();
  void write_state();
  void purge_stalled();

  void reply(Answer&& answer);
  void send(std::string_view client, std::string_view parent, Answer&& answer);
  void notify(const char* type, const wire::Json& content, std::string_view parent = "{}");
  void publish(const Engine& engine);
  void hold_notes();
  void release_notes();
  void answer_waits();
  void look_again();
  void turn_end();
  void tell_all(net::EventKind kind, std::initializer_list<std::string_view> fields);

  net::Loop& loop_;
  HubSockets sockets_;
  HubOptions options_;
  wire::Signer signer_;
  wire::Session session_;
  wire::DigestHistory seen_;
  SpareMemory spare_;
  int heard_ = 0;  // messages since it looked
  Registry registry_;
  std::unique_ptr<Store> store_;
  Accounts accounts_;
  DirectRequests direct_;
  Waits waits_;
  News news_;
  std::vector<net::Frames> held_notes_;
  bool holds_notes_ = false;
  net::EventWriter to_relay_, to_task_;
  net::Incoming message_;
  // Requests that wait for what the loops have heard: the first of them for report `report_`.
  std::deque<net::Incoming> waiting_;
  std::size_t answered_by_report_ = 0;
  int reports_missing_ = 0;
  unsigned long report_ = 0;
  // Questions about tasks whose output is not all there.
  struct Held {
    std::string client, header, type;
    wire::Json content;
    std::vector<std::string> ids;
  };
  std::list<Held> held_;
  wire::FieldParser parser_;
  std::string client_, parent_;  // of the request that is being answered
  TimePoint begin_ = Clock::now();
  bool look_due_ = false, state_due_ = false;
  net::Strangers strangers_{"hub"};
  log::Throttle complaints_;
};

}  // namespace ipc::hub
