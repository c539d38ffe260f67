// SPDX-License-Identifier: BSD-3-Clause
// The controller: the roles of hub and schedulers, put together in three loops.
#include "cmd/ipcontroller/controller.hpp"

#include <filesystem>

#include "cmd/ipcontroller/binding.hpp"
#include "libipc/hub/heartbeat.hpp"
#include "libipc/net/accept_guard.hpp"
#include "libipc/sched/broadcast_relay.hpp"
#include "libipc/sched/direct_relay.hpp"
#include "libipc/sched/iopub_relay.hpp"
#include "libipc/sched/journal.hpp"
#include "libipc/sched/task_relay.hpp"
#include "libipc/util/file_limit.hpp"
#include "libipc/util/memory.hpp"
#include "libipc/util/process.hpp"
#include "libipc/util/text.hpp"

namespace ipc {
namespace {

using net::Socket;
using net::SocketType;

// Clients that send faster than their messages can be passed on wait in their own sockets.
constexpr int kClientMessages = 1000;

// A socket between two loops of one controller.
Socket internal(net::Context& context, SocketType type, const std::string& endpoint, bool binds) {
  Socket socket(context, type);
  const bool done = binds ? static_cast<bool>(socket.bind(endpoint))
                          : static_cast<bool>(socket.connect(endpoint));
  if (!done) log::error("cannot use " + endpoint);
  return socket;
}

// Reads what the hub tells a loop and hands it to the loop's roles.
class Commands {
 public:
  Commands(net::Loop& loop, Socket socket) : socket_(std::move(socket)) {
    loop.on_input(socket_, [this] { return read(); });
  }

  std::vector<sched::Role*> roles;
  hub::Heartbeat* heartbeat = nullptr;
  std::function<void(std::string_view number)> on_report;

  int read() {
    int taken = 0;
    net::Frames batch;
    for (; taken < net::kDrainLimit && socket_.receive(batch); ++taken) {
      net::EventReader reader(std::move(batch));
      net::Event event;
      while (reader.next(event)) pass(event);
    }
    return taken;
  }

 private:
  void pass(net::Event& event) {
    if (event.kind == net::EventKind::report) return on_report(event.fields[0]);
    if (heartbeat != nullptr) heartbeat->command(event);
    for (sched::Role* role : roles) {
      if (event.kind == net::EventKind::engine_added)
        role->engine_added(event.fields[0], event.fields[1], !event.fields[2].empty());
      else if (event.kind == net::EventKind::engine_removed)
        role->engine_removed(event.fields[0]);
      else
        role->command(event);
    }
  }

  Socket socket_;
};

// Descriptors this process has open and may have; 0 if that cannot be told.
std::size_t open_files() {
  std::error_code none;
  std::filesystem::directory_iterator files("/proc/self/fd", none);
  return none ? 0 : static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

void report(net::EventWriter& tap, std::string_view number, Socket& to_hub) {
  tap.add(net::EventKind::reported, {number});
  tap.flush(to_hub);
}

}  // namespace

struct Controller::Sockets {
  std::optional<Socket> registration, notification, hb_ping, hb_pong;
  std::optional<Socket> client_mux, client_control, client_task, client_iopub, client_broadcast;
  std::optional<Socket> engine_mux, engine_control, engine_task, engine_iopub;
  std::vector<Socket> leaves;
};

/// mux, control, broadcast, iopub and heartbeat.
struct Controller::RelayLoop {
  RelayLoop(net::Loop& loop, net::Context& context, const std::string& name,
            const ControllerOptions& options, Sockets& s, const wire::Signer& signer)
      : to_hub(internal(context, SocketType::push, name + "-events", false)),
        commands(loop, internal(context, SocketType::pull, name + "-relay", true)),
        mux(loop, *std::move(s.client_mux), *std::move(s.engine_mux), sched::Channel::mux, tap,
            [this] { commands.read(); }),
        control(loop, *std::move(s.client_control), *std::move(s.engine_control),
                sched::Channel::control, tap, [this] { commands.read(); }),
        iopub(loop, *std::move(s.client_iopub), *std::move(s.engine_iopub), tap),
        broadcast(loop, *std::move(s.client_broadcast), std::move(s.leaves), signer,
                  [this] { commands.read(); }),
        heartbeat(loop, *std::move(s.hb_ping), *std::move(s.hb_pong), options.heart_period,
                  options.max_heart_misses, tap) {
    commands.roles = {&mux, &control, &iopub, &broadcast};
    commands.heartbeat = &heartbeat;
    commands.on_report = [this](std::string_view number) { report(tap, number, to_hub); };
    loop.set_spin(options.poll_spin);
    loop.at_turn_end([this, &loop] { tap.flush_later(to_hub, loop); });
  }

  Socket to_hub;
  net::EventWriter tap;
  Commands commands;
  sched::DirectRelay mux, control;
  sched::IopubRelay iopub;
  sched::BroadcastRelay broadcast;
  hub::Heartbeat heartbeat;
};

struct Controller::TaskLoop {
  TaskLoop(net::Loop& loop, net::Context& context, const std::string& name,
           const ControllerOptions& options, std::unique_ptr<sched::Policy> policy,
           std::unique_ptr<sched::Journal> kept, Sockets& s, const wire::Signer& signer)
      : journal(std::move(kept)),
        to_hub(internal(context, SocketType::push, name + "-events", false)),
        commands(loop, internal(context, SocketType::pull, name + "-task", true)),
        task(loop, *std::move(s.client_task), *std::move(s.engine_task), std::move(policy),
             {options.task_limit.value_or(options.scheme == "pure" ? 0 : sched::kByPace),
              options.task_bytes > 0 ? options.task_bytes : usable_memory() / 2},
             signer, tap, [this] { commands.read(); }) {
    commands.roles = {&task};
    commands.on_report = [this](std::string_view number) { report(tap, number, to_hub); };
    loop.set_spin(options.poll_spin);
    if (journal != nullptr) task.restore(*journal);
    loop.at_turn_end([this, &loop] { tap.flush_later(to_hub, loop); });
  }

  std::unique_ptr<sched::Journal> journal;  // null: tasks end with the process
  Socket to_hub;
  net::EventWriter tap;
  Commands commands;
  sched::TaskRelay task;
};

Controller::~Controller() = default;

Result<std::unique_ptr<Controller>> Controller::start(net::Context& context,
                                                      ControllerOptions options) {
  std::unique_ptr<Controller> controller(new Controller);
  Sockets sockets;
  IPC_TRY(controller->guard(context, options));
  IPC_TRY(controller->bind(context, options, sockets));
  IPC_TRY(controller->run(context, std::move(options), std::move(sockets)));
  return controller;
}

// Where there is a list, the files have a pair each, so that who can read one gets in.
Status Controller::guard(net::Context& context, const ControllerOptions& o) {
  if (o.authorized_keys.empty() || o.curve.secret_key.empty()) return {};
  const auto give_pair = [](net::Connection& to, const std::optional<net::Connection>& reused) {
    const bool again = reused && !reused->curve_secret_key.empty();
    const net::Curve pair = again ? reused->peer_keys() : net::new_curve_keys();
    to.curve_public_key = pair.public_key;
    to.curve_secret_key = pair.secret_key;
  };
  give_pair(client_, o.reuse_client);
  give_pair(engine_, o.reuse_engine);
  IPC_TRY_ASSIGN(doorkeeper_,
                 net::Doorkeeper::start(context, o.authorized_keys,
                                        {client_.curve_public_key, engine_.curve_public_key}));
  return {};
}

Status Controller::bind(net::Context& context, const ControllerOptions& o, Sockets& s) {
  // Ports that have a name are for nobody else.
  const auto pool = [&](std::vector<int> ports) {
    for (const auto* fixed : {&o.client_fixed, &o.engine_fixed})
      for (const auto& [name, port] : *fixed) std::erase(ports, port);
    return PortPool{std::move(ports)};
  };
  PortPool shared = pool(o.shared_ports);
  const auto reused = [](const std::optional<net::Connection>& c) { return c ? &*c : nullptr; };
  Binder engines(context, o.engine_interface,
                 {pool(o.engine_ports), &shared, o.engine_fixed, reused(o.reuse_engine)}, o.curve,
                 o.max_message_size);
  Binder clients(context, o.client_interface,
                 {pool(o.client_ports), &shared, o.client_fixed, reused(o.reuse_client)}, o.curve,
                 o.max_message_size);
  engines.offer_locally(o.engine_local);
  const auto make = [&](std::optional<Socket>& socket, SocketType type,
                        std::string_view identity = {}) -> Socket& {
    socket = engines.make(type);
    if (!identity.empty()) socket->set_identity(identity);
    return *socket;
  };
  const auto make_client = [&](std::optional<Socket>& socket,
                               std::string_view identity) -> Socket& {
    make(socket, SocketType::router, identity).set_receive_limit(kClientMessages);
    return *socket;
  };
  // One number on both sides, and one socket: where one address covers the other, they would be in
  // each other's way.
  const bool both = o.client_interface != o.engine_interface;
  if (both && is_everywhere(o.client_interface)) engines.listen_on(o.client_interface);
  IPC_TRY(engines.bind(make(s.registration, SocketType::router), "registration", engine_));
  engines.listen_on(o.engine_interface);
  IPC_TRY(
      engines.bind(make(s.engine_control, SocketType::router, "control_out"), "control", engine_));
  IPC_TRY(engines.bind(make(s.engine_mux, SocketType::router, "mux_out"), "mux", engine_));
  IPC_TRY(engines.bind(make(s.engine_task, SocketType::router, "task_out"), "task", engine_));
  make(s.engine_iopub, SocketType::sub).subscribe("");
  IPC_TRY(engines.bind(*s.engine_iopub, "iopub", engine_));
  IPC_TRY(engines.bind(make(s.hb_ping, SocketType::pub), "hb_ping", engine_));
  IPC_TRY(engines.bind(make(s.hb_pong, SocketType::router), "hb_pong", engine_));
  for (unsigned leaf = 0; leaf < 1u << o.broadcast_depth; ++leaf) {
    std::string name = "sub_scheduler_";
    for (unsigned bit = o.broadcast_depth + 1; bit-- > 0;) name += leaf >> bit & 1 ? '1' : '0';
    s.leaves.push_back(engines.make(SocketType::router));
    s.leaves.back().set_identity(name);
    IPC_TRY(engines.bind_broadcast(s.leaves.back(), engine_));
  }
  client_.ports["registration"] = engine_.ports["registration"];
  if (both && !is_everywhere(o.client_interface) && !is_everywhere(o.engine_interface)) {
    net::Connection same = client_;
    IPC_TRY(clients.bind(*s.registration, "registration", same, engine_.ports["registration"]));
  }
  clients.offer_locally(o.client_local);
  IPC_TRY(clients.bind_local(*s.registration, client_.ports["registration"]));
  IPC_TRY(clients.bind(make_client(s.client_control, "control_in"), "control", client_));
  make_client(s.client_mux, "mux_in").set_router_mandatory(true);
  IPC_TRY(clients.bind(*s.client_mux, "mux", client_));
  IPC_TRY(clients.bind(make_client(s.client_task, "task_in"), "task", client_));
  net::set_send_limit(make(s.client_iopub, SocketType::xpub), sched::IopubRelay::kMostMessages);
  IPC_TRY(clients.bind(*s.client_iopub, "iopub", client_));
  make(s.notification, SocketType::xpub).set_all_subscriptions();
  IPC_TRY(clients.bind(*s.notification, "notification", client_));
  IPC_TRY(clients.bind_broadcast(make_client(s.client_broadcast, "sub_scheduler_0"), client_));
  for (const auto& [name, port] : client_.ports) net::yield_files(port);
  for (const int port : client_.broadcast) net::yield_files(port);
  for (net::Connection* connection : {&client_, &engine_}) {
    connection->key = o.key;
    connection->signature_scheme = o.signature_scheme;
    connection->task_scheme = o.scheme.substr(o.scheme.find_last_of('/') + 1);
    connection->curve_server_key = o.curve.public_key;
  }
  client_.controller.local = o.client_local;
  engine_.controller.local = o.engine_local;
  client_.interface = o.client_interface;
  engine_.interface = o.engine_interface;
  return {};
}

static Result<std::unique_ptr<hub::Store>> make_store(const ControllerOptions& o) {
  using Records = ControllerOptions::Records;
  if (o.records == Records::sqlite) return hub::open_sqlite_store(o.record_file, o.file_limits);
  return o.records == Records::memory ? hub::make_memory_store(o.record_limit, o.record_bytes)
                                      : hub::make_empty_store();
}

// Null if tasks are not kept.
static Result<std::unique_ptr<sched::Journal>> open_journal(const ControllerOptions& o) {
  if (o.journal.empty()) return std::unique_ptr<sched::Journal>();
  sched::Journal::Options options;
  options.directory = o.journal;
  options.sync = o.journal_sync;
  auto journal = sched::Journal::open(std::move(options));
  if (!journal)
    return Error{journal.error().code, "the journal of tasks: " + journal.error().what,
                 "make room or move it away; without --durable there is none"};
  if ((*journal)->damaged())
    log::error("journal " + o.journal + ": " + (*journal)->report());
  else if (!(*journal)->report().empty())
    log::info("journal " + o.journal + ": " + (*journal)->report());
  return journal;
}

Status Controller::run(net::Context& context, ControllerOptions o, Sockets s) {
  IPC_TRY_ASSIGN(const wire::Signer signer, wire::Signer::create(o.signature_scheme, o.key));
  IPC_TRY_ASSIGN(auto policy, sched::make_policy(o.scheme));
  // Several controllers may share a context.
  const std::string name = "inproc://controller-" + random_hex(8);
  hub::HubSockets hub_sockets{*std::move(s.registration), *std::move(s.notification),
                              internal(context, SocketType::pull, name + "-events", true),
                              internal(context, SocketType::push, name + "-relay", false),
                              internal(context, SocketType::push, name + "-task", false)};
  hub::HubOptions hub_options;
  hub_options.session = o.session;
  hub_options.heart_period = o.heart_period;
  hub_options.registration_timeout = o.registration_timeout;
  hub_options.state_file = o.state_file;
  hub_options.restore = o.restore;
  hub_options.succeeds = o.reuse_client.has_value();
  hub_options.shutdown = o.shutdown;
  hub_options.file_limit = file_limit(0);
  hub_options.files_used = open_files();
  wire::Json info = {{"interface", engine_.interface}, {"broadcast", engine_.broadcast}};
  for (const auto& [port_name, port] : engine_.ports) info[port_name] = port;
  hub_options.connection_info = std::move(info);
  IPC_TRY_ASSIGN(auto store, make_store(o));
  IPC_TRY_ASSIGN(auto journal, open_journal(o));

  // Each is made, used and ended in its actor's thread.
  const auto relay = std::make_shared<std::unique_ptr<RelayLoop>>();
  relay_ = std::make_unique<net::Actor>(
      [&](net::Loop& loop) {
        name_thread("direct");
        *relay = std::make_unique<RelayLoop>(loop, context, name, o, s, signer);
      },
      [relay] { relay->reset(); });
  const auto task = std::make_shared<std::unique_ptr<TaskLoop>>();
  task_ = std::make_unique<net::Actor>(
      [&](net::Loop& loop) {
        name_thread("tasks");
        *task = std::make_unique<TaskLoop>(loop, context, name, o, std::move(policy),
                                           std::move(journal), s, signer);
      },
      [task] { task->reset(); });
  const auto hub = std::make_shared<std::unique_ptr<hub::Hub>>();
  hub_ = std::make_unique<net::Actor>(
      [&](net::Loop& loop) {
        name_thread("hub");
        *hub = std::make_unique<hub::Hub>(loop, std::move(hub_sockets), std::move(hub_options),
                                          signer, std::move(store));
      },
      [hub] { hub->reset(); });
  return {};
}

}  // namespace ipc
