// SPDX-License-Identifier: BSD-3-Clause
// One client's connection to a controller: requests out, replies and output in.
#include "libipc/client/connection.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "libipc/client/impl.hpp"
#include "libipc/util/process.hpp"
#include "libipc/util/size.hpp"
#include "libipc/wire/errors.hpp"

namespace ipc::client {
namespace {

constexpr const char* kPorts[kChannels] = {"registration", "mux", "control", "task", nullptr};
// Messages in our memory beyond which TCP holds the sender back.
constexpr int kReceiveLimit = 1000;
constexpr size_t kFirstWindow = 500;
// The engine hears of so much output that we have taken; it lets its kernel wait before four times
// of that is on the way.
constexpr std::uint64_t kTellTaken = 4 << 20;

// What wire::Limits has a bound for.
size_t text_size(const net::Outgoing& message) {
  return message.header.size() + message.parent.size() + message.metadata.size() +
         message.content.size();
}

// The metadata of one request. Guests tell by `status` when all output is there.
std::string metadata_text(Request& request, bool with_status, bool paced) {
  if (request.metadata.is_null() && request.kernel.empty() && !with_status) {
    if (!request.directed) return R"({"status":false})";
    return paced ? R"({"status":false,"output":"reply","paced":true})"
                 : R"({"status":false,"output":"reply"})";
  }
  wire::Json metadata = std::move(request.metadata);
  if (metadata.is_null()) metadata = wire::Json::object();
  if (!with_status) metadata["status"] = false;
  if (request.directed && !with_status) metadata["output"] = "reply";
  if (request.directed && !with_status && paced) metadata["paced"] = true;
  if (!request.kernel.empty()) metadata["kernel"] = std::move(request.kernel);
  return wire::dump_json(metadata);
}

}  // namespace

Status Connection::Impl::open_channel(Channel channel) {
  auto& socket = sockets[static_cast<int>(channel)];
  if (socket || stand_in) return {};
  socket.emplace(context, net::SocketType::dealer);
  if (!file.curve_server_key.empty()) socket->set_curve(curve);
  socket->set_identity(identity);
  socket->set_receive_limit(kReceiveLimit);
  socket->set_heartbeat(seconds(5), seconds(15));
  if (channel == Channel::hub) IPC_TRY(link.watch(*socket));
  if (options.outlast && (channel == Channel::task || channel == Channel::direct))
    IPC_TRY(watch_for_returns(channel));
  loop.on_input(*socket, [this, channel] { return drain(channel); });
  if (channel == Channel::broadcast) return socket->connect(file.endpoint(file.broadcast.front()));
  return socket->connect(file.endpoint(kPorts[static_cast<int>(channel)]));
}

std::string Connection::Impl::send_message(Channel channel, const EngineInfo* engine,
                                           Request request, bool with_status, net::Frames* copy) {
  std::string id = session.next_id();
  if (stand_in) {
    stand_in->take(id, std::move(request));
    return id;
  }
  net::Outgoing message;
  message.header = session.header(request.type, id);
  message.metadata = metadata_text(request, with_status, channel == Channel::direct);
  message.content = std::move(request.content);
  message.buffers = std::move(request.buffers);
  // Nobody would answer it: whoever gets it drops it unread.
  if (const size_t size = text_size(message); size > wire::Limits().json_bytes) {
    failure = Error{Code::bad_input,
                    "the request has " + size_text(size) + " of text, more than a message may (" +
                        size_text(wire::Limits().json_bytes) + ")",
                    "large values go in pieces: ippush x=@FILE"};
    return id;
  }
  std::string_view to = engine ? std::string_view(engine->uuid) : std::string_view();
  auto frames = net::encode(signer, std::span(&to, engine ? 1 : 0), std::move(message));
  if (copy != nullptr)
    for (const auto& frame : frames) copy->push_back(frame.share());
  sockets[static_cast<int>(channel)]->send(std::move(frames));
  return id;
}

std::string Connection::Impl::post(Channel channel, const EngineInfo* engine, bool is_work,
                                   Request request, ReplyHandler handler,
                                   std::optional<GuestRequest> as_guest) {
  // A connect that fails at once means an endpoint that is no address: nothing can be sent.
  if (const auto opened = open_channel(channel); !opened && !failure) failure = opened.error();
  net::Frames copy;
  const std::string id =
      send_message(channel, engine, std::move(request), as_guest && as_guest->shown,
                   options.outlast && channel != Channel::control ? &copy : nullptr);
  pending.emplace(id, Pending{channel, engine ? engine->id : -1, is_work, std::move(handler),
                              std::move(as_guest), std::move(copy)});
  if (is_work) ++(channel == Channel::task ? tasks : directs);
  return id;
}

void Connection::Impl::drop(Entry entry) {
  if (entry->second.is_work) --(entry->second.channel == Channel::task ? tasks : directs);
  task_answered = task_answered || entry->second.channel == Channel::task;
  pending.erase(entry);
}

int Connection::Impl::drain(Channel channel) {
  int taken = 0;
  for (bool located = false; taken < net::kDrainLimit; ++taken) {
    if (!incoming.receive(*sockets[static_cast<int>(channel)], located)) break;
    if (located && signer.verify(incoming.view)) take(channel);
  }
  return taken;
}

void Connection::Impl::take(Channel channel) {
  auto parent = parser.header(incoming.view.parent);
  if (!parent) return;
  const std::string id(parent->msg_id);
  auto header = parser.header(incoming.view.header);
  if (!header) return;
  deliver(id, channel, std::string(header->msg_type));
}

std::string Connection::Impl::engine_uuid() const {
  const auto& identities = incoming.view.identities;
  return identities.empty() ? std::string() : std::string(identities.back());
}

void Connection::Impl::deliver(const std::string& id, Channel channel, std::string_view type) {
  link.answered();
  const auto found = pending.find(id);
  // Late, doubled or forgotten: an id is finished once.
  if (found == pending.end() || found->second.channel != channel) return;
  int engine = found->second.engine;
  std::string uuid = engine_uuid();
  if (engine < 0 && channel == Channel::task) engine = table.id_of(uuid);
  if (const auto* info = table.find(engine); info && channel == Channel::broadcast)
    uuid = info->uuid;
  // Its engine's connection broke, and with it perhaps what we sent or the answer.
  if (type == "again_request") {
    if (found->second.is_repeatable()) repeat(found->second);
    return;
  }
  if (!wire::is_reply_type(type) && type != "hub_error") {
    const Output output{id, type, engine, incoming, {}};
    // An empty one only looks whether we are there.
    const bool is_empty = type == "stream" && output.data().empty();
    if (on_output && !is_empty && found->second.handler) on_output(output);
    if (channel == Channel::direct && type == "stream") count_output(pending.find(id), output);
    return;
  }
  const auto status = parser.field(incoming.view.content, "status");
  const Outcome outcome = status == "ok"        ? Outcome::ok
                          : status == "aborted" ? Outcome::aborted
                                                : Outcome::error;
  hand_over(found, Reply{id, std::string(type), engine, std::move(uuid), outcome,
                         std::exchange(incoming, {})});
}

// So that its engine goes on: see libipc/engine/pace.cpp.
void Connection::Impl::count_output(Entry entry, const Output& output) {
  if (entry == pending.end() || entry->second.guest) return;
  entry->second.taken += output.data().size();
  if (!holds_output) tell_taken(entry->first, entry->second);
}

void Connection::Impl::tell_taken(const std::string& id, Pending& request) {
  if (request.taken - request.told < kTellTaken) return;
  request.told = request.taken;
  const EngineInfo* engine = table.find(request.engine);
  if (engine == nullptr || !engine->is_ipkit()) return;
  Request word;
  word.type = "taken_request";
  word.content = wire::dump_json({{"msg_id", id}, {"bytes", request.taken}});
  post(Channel::control, engine, false, std::move(word), [](Reply&&) {});
}

void Connection::Impl::hand_over(Entry entry, Reply reply) {
  if (entry->second.guest && !take_guest_reply(entry, reply)) return;
  ReplyHandler handler = std::move(entry->second.handler);
  drop(entry);
  if (handler) handler(std::move(reply));
}

void Connection::Impl::ask_for_engines() {
  if (table_asked) return;
  table_asked = true;
  Request request;
  request.type = "connection_request";
  post(Channel::hub, nullptr, false, std::move(request), [this](Reply&& reply) {
    table_asked = false;
    take_engines(reply);
  });
}

void Connection::Impl::take_engines(const Reply& reply) {
  table_known = true;
  table = parse_engine_table(reply.content());
  slots = 0;
  for (const auto& [engine, info] : table.engines) slots += static_cast<size_t>(info.prefetch);
  meet_guests();
}

Status Connection::Impl::wait(const std::function<bool()>& done, TimePoint deadline,
                              bool ignore_interrupt) {
  while (true) {
    if (interrupted && !ignore_interrupt) return Error{Code::failed, "interrupted", ""};
    if (done()) return {};
    if (failure) return *failure;
    const TimePoint now = Clock::now();
    if (now >= deadline) return Error{Code::timed_out, "timed out", ""};
    loop.turn(deadline - now < seconds(60) ? deadline - now : Duration(seconds(60)));
  }
}

void Connection::Impl::cancel(const std::vector<std::string>& ids,
                              std::vector<std::string>* asked) {
  std::map<int, wire::Json> direct, of_guests;
  wire::Json of_tasks = wire::Json::array(), of_guest_tasks = wire::Json::array();
  for (const auto& id : ids) {
    const auto found = pending.find(id);
    if (found == pending.end() || !found->second.is_work) continue;
    const Pending& entry = found->second;
    if (entry.engine >= 0) (entry.guest ? of_guests : direct)[entry.engine].push_back(id);
    if (entry.channel == Channel::task) of_tasks.push_back(id);
    if (entry.channel == Channel::task && entry.guest) of_guest_tasks.push_back(id);
  }
  const auto ask = [&](Channel channel, const EngineInfo* engine, const wire::Json& list) {
    Request request;
    request.type = "cancel_request";
    request.content = wire::dump_json({{"msg_ids", list}});
    const auto id = post(channel, engine, false, std::move(request), [](Reply&&) {});
    if (asked) asked->push_back(id);
  };
  if (!of_tasks.empty() && file.is_ipkit()) ask(Channel::task, nullptr, of_tasks);
  for (const auto& [id, list] : direct)
    if (const auto* engine = table.find(id)) ask(Channel::control, engine, list);
  cancel_guests(of_guests, of_guest_tasks, asked);
}

// What went in our form is for our engines; what went as a call is for all.
bool Connection::Impl::any_for_tasks() const {
  if (!file.is_ipkit()) return !table.engines.empty();
  const bool any_call = std::any_of(pending.begin(), pending.end(), [](const auto& entry) {
    return entry.second.channel == Channel::task && entry.second.guest;
  });
  return std::any_of(table.engines.begin(), table.engines.end(),
                     [&](const auto& entry) { return any_call || entry.second.is_ipkit(); });
}

// Tasks wait without limit where there are no engines, or no more: after 2 s in which none of them
// is answered somebody should know.
void Connection::Impl::remark_missing_engines() {
  if (remark_timer != 0 || !options.remark) return;
  remark_timer = loop.every(seconds(2), [this] {
    if (std::exchange(task_answered, false) || tasks == 0) return;
    ask_for_engines();
    loop.after(milliseconds(200), [this] {
      const bool missing = table_known && tasks > 0 && !any_for_tasks();
      if (missing && !std::exchange(said_missing, true))
        options.remark("waiting for engines: " + controller_name(file) + " has 0" +
                       (table.engines.empty() ? "" : " of ipkit's, for which this is"));
      if (!missing) said_missing = false;
    });
  });
}

Connection::Connection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Connection::~Connection() {
  // A tunnel ends what it started.
  if (impl_->options.is_last && !impl_->tunnel) (void)impl_.release();
}

Result<std::unique_ptr<Connection>> Connection::open_stand_in(Options options) {
  net::Connection file;
  file.controller.version = IPKIT_VERSION;
  file.controller.host = host_name();
  file.controller.pid = ::getpid();
  IPC_TRY_ASSIGN(auto signer, file.signer());
  auto impl = std::make_unique<Impl>(std::move(options), std::move(file), std::move(signer));
  impl->link.stop();
  impl->options.broadcast = false;
  impl->stand_in = std::move(impl->options.stand_in);
  impl->stand_in->begin(impl->loop, [raw = impl.get()](const std::string& id, std::string_view type,
                                                       net::Incoming&& message) {
    const auto found = raw->pending.find(id);
    if (found == raw->pending.end()) return;
    raw->incoming = std::move(message);
    raw->deliver(id, found->second.channel, type);
  });
  impl->ask_for_engines();
  return std::unique_ptr<Connection>(new Connection(std::move(impl)));
}

Result<std::unique_ptr<Connection>> Connection::open(Options options) {
  if (options.stand_in) return open_stand_in(std::move(options));
  IPC_TRY_ASSIGN(auto file, read_file_of(options));
  if (options.broadcast && file.broadcast.empty())
    return Error{Code::bad_input, options.path + " names no port for broadcasts",
                 "leave out --broadcast"};
  std::unique_ptr<net::Tunnel> tunnel;
  if (const std::string server = net::tunnel_server(file); !server.empty()) {
    IPC_TRY_ASSIGN(tunnel, net::Tunnel::open(server, {}, file));
  }
  IPC_TRY_ASSIGN(auto signer, file.signer());
  auto impl = std::make_unique<Impl>(std::move(options), std::move(file), std::move(signer));
  impl->tunnel = std::move(tunnel);
  impl->identity = impl->session.id();
  if (!impl->file.curve_server_key.empty()) impl->curve = impl->file.peer_keys();
  // The reference's controller gives a task that comes twice to two engines.
  if (!impl->file.is_ipkit()) impl->options.outlast = false;
  if (impl->options.outlast) impl->outlast_breaks();
  IPC_TRY(impl->open_channel(Channel::hub));
  impl->ask_for_engines();
  if (impl->options.direct) IPC_TRY(impl->open_channel(Channel::direct));
  return std::unique_ptr<Connection>(new Connection(std::move(impl)));
}

net::Loop& Connection::loop() {
  return impl_->loop;
}
const net::Connection& Connection::file() const {
  return impl_->file;
}
std::string Connection::controller() const {
  return controller_name(impl_->file);
}

Result<const EngineTable*> Connection::engines() {
  IPC_TRY(impl_->wait([this] { return impl_->table_known && !impl_->meets_guests(); },
                      TimePoint::max(), false));
  return &impl_->table;
}

Result<const EngineTable*> Connection::refresh_engines() {
  impl_->table_known = false;
  impl_->ask_for_engines();
  return engines();
}

Error Connection::no_engines() const {
  return {Code::not_ready, "no engines yet: " + controller() + " has 0",
          "wait for them: ipwait -n 1, or see why: ipcluster status"};
}

Result<std::string> Connection::send(int engine, Request request, ReplyHandler on_reply) {
  const EngineInfo* info = impl_->table.find(engine);
  if (info == nullptr) return no_such_engine(impl_->table, std::to_string(engine));
  return impl_->post_work(Channel::direct, info, std::move(request), std::move(on_reply));
}

std::string Connection::submit(Request request, ReplyHandler on_reply) {
  impl_->remark_missing_engines();
  return impl_->post_work(Channel::task, nullptr, std::move(request), std::move(on_reply));
}

Result<std::string> Connection::control(int engine, Request request, ReplyHandler on_reply) {
  const EngineInfo* info = impl_->table.find(engine);
  if (info == nullptr) return no_such_engine(impl_->table, std::to_string(engine));
  return impl_->post_control(info, std::move(request), std::move(on_reply));
}

std::string Connection::ask(std::string_view type, std::string content, ReplyHandler on_reply) {
  Request request;
  request.type = type;
  request.content = std::move(content);
  return impl_->post(Channel::hub, nullptr, false, std::move(request), std::move(on_reply));
}

Result<Reply> Connection::ask_and_wait(std::string_view type, std::string content,
                                       TimePoint deadline) {
  std::optional<Reply> answer;
  const auto id = ask(type, std::move(content), [&](Reply&& reply) { answer = std::move(reply); });
  if (auto waited = impl_->wait([&] { return answer.has_value(); }, deadline, false); !waited) {
    forget(id);
    return waited.error();
  }
  if (answer->outcome == Outcome::ok) return *std::move(answer);
  return Error{Code::failed, controller() + ": " + summary(answer->error()), ""};
}

void Connection::on_output(OutputHandler handler) {
  impl_->on_output = std::move(handler);
}

void Connection::hold_output(bool held) {
  if (std::exchange(impl_->holds_output, held) == held || held) return;
  std::vector<std::string> ids;  // telling makes new entries
  for (const auto& [id, request] : impl_->pending)
    if (request.taken > request.told) ids.push_back(id);
  for (const auto& id : ids) impl_->tell_taken(id, impl_->pending.at(id));
}

bool Connection::room() const {
  const size_t known = impl_->table_known && impl_->slots > 0
                           ? std::max<size_t>(16, 4 * impl_->slots)
                           : kFirstWindow;
  return impl_->tasks < (impl_->window > 0 ? impl_->window : known);
}

void Connection::set_window(size_t tasks) {
  impl_->window = tasks;
}
size_t Connection::tasks_in_flight() const {
  return impl_->tasks;
}
size_t Connection::in_flight() const {
  return impl_->tasks + impl_->directs;
}

Status Connection::wait(const std::function<bool()>& done, TimePoint deadline) {
  return impl_->wait(done, deadline, false);
}

Status Connection::wait_all(TimePoint deadline) {
  return impl_->wait([this] { return in_flight() == 0; }, deadline, false);
}

void Connection::interrupt() {
  impl_->interrupted = true;
}
bool Connection::interrupted() const {
  return impl_->interrupted;
}
void Connection::cancel(const std::vector<std::string>& ids) {
  impl_->cancel(ids, nullptr);
}

void Connection::cancel_all(Duration limit) {
  forget_all();
  std::vector<std::string> ids, asked;
  for (auto& [id, entry] : impl_->pending)
    if (entry.is_work) ids.push_back(id);
  impl_->cancel(ids, &asked);
  const auto taken = [&] {
    return impl_->where_guests_run().empty() &&
           std::none_of(asked.begin(), asked.end(),
                        [&](const auto& id) { return impl_->pending.contains(id); });
  };
  // Whatever ends the wait, the caller is about to leave.
  [[maybe_unused]] const auto ended = impl_->wait(taken, Clock::now() + limit, true);
  impl_->remark_running_guests();
  for (const auto& id : ids)
    if (const auto found = impl_->pending.find(id); found != impl_->pending.end())
      impl_->drop(found);
}

void Connection::forget(const std::string& id) {
  if (const auto found = impl_->pending.find(id); found != impl_->pending.end())
    found->second.handler = {};
}

void Connection::forget_all() {
  for (auto& [id, entry] : impl_->pending)
    if (entry.is_work) entry.handler = {};
}

}  // namespace ipc::client
