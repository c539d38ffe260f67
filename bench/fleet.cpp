// SPDX-License-Identifier: BSD-3-Clause
// Simulated engines: many of them in one process, as a controller sees them.
//
//   fleet SECURITY_DIRECTORY COUNT [--limit=SECONDS] [--hold]
//
// Reads both connection files in the directory, connects COUNT engines at once, waits until all are
// registered or refused, or until the limit (default 60 s), prints figures and `ready`, and serves
// until its standard input ends. Engines speak the whole protocol: registration, heartbeats,
// direct, balanced, control and broadcast requests, signed replies of an echo kernel, busy and idle
// where the client wants them; they do not stop when asked to. `--hold`: tasks are taken and never
// answered. An engine has 8 descriptors, as it has at the controller. No CURVE. Figures:
//
//   registered, refused, lost   engines; those told of, those told why not, and neither
//   seconds                     from the first connect to the last registration
//   missing                     registered ones that the controller does not name when asked
#include <sys/epoll.h>

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <stdexcept>
#include <unordered_set>

#include "bench/samples.hpp"
#include "bench/simulated_engine.hpp"
#include "libipc/net/connection.hpp"
#include "libipc/util/clock.hpp"
#include "libipc/util/process.hpp"

namespace {

using bench::Address;
using bench::Desk;
using bench::Peer;
using bench::SimulatedEngine;
using namespace ipc;

constexpr int kEvents = 1024;
constexpr double kPatience = 10;  // seconds until the controller answers a question

struct Options {
  std::string directory;
  size_t count = 0;
  double limit = 60;
  bool hold = false;
};

[[noreturn]] void give_up(const std::string& why) {
  throw std::runtime_error(why);
}

template <class T>
T need(Result<T> result) {
  if (!result) give_up(result.error().text());
  return std::move(*result);
}

class Fleet {
 public:
  explicit Fleet(const Options& options)
      : options_(options),
        client_(need(net::read_connection(options.directory + "/ipcontroller-client.json"))),
        engine_(need(net::read_connection(options.directory + "/ipcontroller-engine.json"))),
        desk_{need(engine_.signer()), {}, engine_.is_ipkit(), options.hold, 0},
        epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (!engine_.curve_server_key.empty()) give_up("no CURVE");
    addresses_[bench::kRegistration] = address(engine_, "registration");
    addresses_[bench::kControl] = address(engine_, "control");
    addresses_[bench::kIopub] = address(engine_, "iopub");
    addresses_[bench::kMux] = address(engine_, "mux");
    addresses_[bench::kTask] = address(engine_, "task");
    addresses_[bench::kPing] = address(engine_, "hb_ping");
    addresses_[bench::kPong] = address(engine_, "hb_pong");
    for (const int port : engine_.broadcast) leaves_.push_back(Address::of(engine_.endpoint(port)));
    watch(kNotification, news_, "SUB", address(client_, "notification"));
    watch(kQuery, query_, "DEALER", address(client_, "registration"));
    wait(kPatience, [this] { return news_.is_up() && query_.is_up(); });
    if (!news_.is_up() || !query_.is_up()) give_up("the controller does not answer");
    const std::string_view everything[] = {"\x01"};
    news_.send(everything);
    flush(kNotification, news_);
    (void)named();  // an answer: it has read the subscription by now, or will before any engine
  }

  /// Connects all; seconds until all are registered, or the last of those that will be.
  double assemble() {
    const auto start = bench::Clock::now();
    double last = 0;
    for (size_t i = 0; i < options_.count; ++i) {
      auto& engine = engines_.emplace_back(desk_);
      uuids_.insert(engine.uuid());
      for (size_t channel = 0; channel < bench::kLeaf; ++channel) open(i, channel);
    }
    size_t known = 0;
    wait(options_.limit, [&] {
      if (registered_ > known) last = bench::micros_since(start) / 1e6;
      known = registered_;
      return registered_ + refused() >= options_.count;
    });
    return last;
  }

  /// Until standard input ends.
  void serve() {
    epoll_event event{EPOLLIN, {.u64 = kInput}};
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, 0, &event) != 0) give_up("no standard input");
    while (!ended_) turn(1000);
  }

  size_t registered() const { return registered_; }
  size_t refused() const { return refused_; }
  const std::string& refusal() const { return refusal_; }
  size_t answered() const { return desk_.answered; }

  /// Those of ours that the controller names when asked.
  size_t named() {
    answer_.reset();
    wire::Session session;
    const std::string header = session.header("connection_request");
    const std::string_view frames[] = {
        wire::kDelimiter, desk_.signer.sign(header, "{}", "{}", "{}"), header, "{}", "{}", "{}"};
    query_.send(frames);
    flush(kQuery, query_);
    wait(kPatience, [this] { return answer_.has_value(); });
    if (!answer_) give_up("the hub does not answer");
    return *answer_;
  }

 private:
  // Numbers of connections that are not of an engine's.
  static constexpr std::uint64_t kInput = ~0ull, kNotification = ~1ull, kQuery = ~2ull;

  static Address address(const net::Connection& connection, const std::string& name) {
    const std::string endpoint = connection.endpoint(name);
    Address found = Address::of(endpoint);
    if (found.size == 0) give_up("cannot connect to " + endpoint);
    return found;
  }

  void watch(std::uint64_t number, Peer& peer, const char* type, const Address& address) {
    peer.describe(type, "");
    if (peer.open(address) != Peer::Opened::yes) give_up("the controller cannot be reached");
    add(number, peer);
  }

  void add(std::uint64_t number, const Peer& peer) {
    epoll_event event{EPOLLIN | EPOLLOUT, {.u64 = number}};
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, peer.fd(), &event) != 0)
      give_up("epoll: " + std::string(std::strerror(errno)));
  }

  void open(size_t engine, size_t channel) {
    if (!later_[channel].empty() || !try_open(engine, channel)) later_[channel].push_back(engine);
  }

  // False: the listener has no room.
  bool try_open(size_t engine, size_t channel) {
    Peer& peer = engines_[engine].peers[channel];
    const Address* to = &addresses_[channel];
    if (channel == bench::kLeaf)
      to = &leaves_[static_cast<size_t>(engines_[engine].id) % leaves_.size()];
    const auto opened = peer.open(*to);
    if (opened == Peer::Opened::failed) give_up("connect: " + std::string(std::strerror(errno)));
    if (opened == Peer::Opened::later) return false;
    add(engine * bench::kChannels + channel, peer);
    return true;
  }

  // Those that found no room, in their order. True if some still wait.
  bool open_later() {
    bool waiting = false;
    for (size_t channel = 0; channel < bench::kChannels; ++channel) {
      auto& engines = later_[channel];
      while (!engines.empty() && try_open(engines.front(), channel)) engines.pop_front();
      waiting |= !engines.empty();
    }
    return waiting;
  }

  void flush(std::uint64_t number, Peer& peer) {
    const bool waited = peer.has_output();
    if (!peer.flush()) return lost(number, peer);
    epoll_event event{EPOLLIN | (peer.has_output() ? EPOLLOUT : 0u), {.u64 = number}};
    if (waited) ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, peer.fd(), &event);
  }

  void lost(std::uint64_t number, Peer& peer) {
    if (number >= kQuery) give_up("the controller has gone");
    peer.close();
  }

  template <class Done>
  void wait(double seconds, Done done) {
    const auto start = bench::Clock::now();
    while (!done() && bench::micros_since(start) < seconds * 1e6) turn(100);
  }

  void turn(int milliseconds) {
    static std::array<epoll_event, kEvents> events;
    const bool waiting = open_later();
    const int count =
        ::epoll_wait(epoll_.get(), events.data(), kEvents, waiting ? 1 : milliseconds);
    for (int i = 0; i < count; ++i) {
      const std::uint64_t number = events[static_cast<size_t>(i)].data.u64;
      if (number == kInput)
        read_input();
      else if (number == kNotification)
        serve_peer(number, news_, [this](Peer::Message& m) { take_news(m); });
      else if (number == kQuery)
        serve_peer(number, query_, [this](Peer::Message& m) { take_answer(m); });
      else
        serve_engine(number / bench::kChannels, number % bench::kChannels);
    }
  }

  template <class Take>
  bool serve_peer(std::uint64_t number, Peer& peer, Take take) {
    if (!peer.is_open()) return false;
    if (!peer.read(take)) return lost(number, peer), false;
    flush(number, peer);
    return true;
  }

  void serve_engine(size_t index, size_t channel) {
    SimulatedEngine& engine = engines_[index];
    Peer& peer = engine.peers[channel];
    const bool was_up = peer.is_up();
    const std::uint64_t base = index * bench::kChannels;
    const int id = engine.id;
    if (!serve_peer(base + channel, peer, [&](Peer::Message& m) { engine.take(channel, m); }))
      return;
    if (!was_up && peer.is_up()) engine.came_up(channel);
    // What it had to say may go by any connection.
    for (size_t i = 0; i < bench::kChannels; ++i)
      if (engine.peers[i].has_output() && engine.peers[i].is_up()) flush(base + i, engine.peers[i]);
    if (id < 0 && engine.id >= 0) open(index, bench::kLeaf);
    if (!engine.refusal.empty()) leave(engine);
    if (engine.may_beat()) {
      open(index, bench::kPong);
      open(index, bench::kPing);
    }
  }

  void leave(SimulatedEngine& engine) {
    ++refused_;
    refusal_ = std::exchange(engine.refusal, {});
    for (Peer& peer : engine.peers) peer.close();
  }

  void take_news(Peer::Message& frames) {
    const auto message = wire::locate(frames);
    if (!message || !desk_.signer.verify(*message)) return;
    const auto header = desk_.parser.header(message->header);
    if (!header || header->msg_type != "registration_notification") return;
    const auto content = wire::parse_json(message->content);
    if (content) registered_ += uuids_.count(wire::string_or(*content, "uuid"));
  }

  void take_answer(Peer::Message& frames) {
    const auto message = wire::locate(frames);
    if (!message || !desk_.signer.verify(*message)) return;
    const auto content = wire::parse_json(message->content);
    if (!content || !content->contains("engines")) return;
    answer_ = 0;
    for (const auto& [id, uuid] : (*content)["engines"].items())
      *answer_ += uuid.is_string() ? uuids_.count(uuid.get<std::string>()) : 0;
  }

  void read_input() {
    char bytes[256];
    if (::read(0, bytes, sizeof bytes) <= 0) ended_ = true;
  }

  const Options& options_;
  net::Connection client_, engine_;
  Desk desk_;
  ipc::Fd epoll_;
  std::array<Address, bench::kChannels> addresses_;
  std::vector<Address> leaves_;
  Peer news_, query_;
  std::deque<SimulatedEngine> engines_;
  std::array<std::deque<size_t>, bench::kChannels> later_;
  std::unordered_set<std::string> uuids_;
  size_t registered_ = 0, refused_ = 0;
  std::string refusal_;
  std::optional<size_t> answer_;
  bool ended_ = false;
};

bool parse(int argc, char** argv, Options& options) {
  std::vector<std::string> operands;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--hold")
      options.hold = true;
    else if (argument.starts_with("--limit="))
      options.limit = std::strtod(argv[i] + 8, nullptr);
    else
      operands.push_back(argument);
  }
  if (operands.size() != 2) return false;
  options.directory = operands[0];
  options.count = std::strtoul(operands[1].c_str(), nullptr, 10);
  return options.count > 0 && options.limit > 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse(argc, argv, options)) {
    std::fprintf(stderr, "usage: fleet SECURITY_DIRECTORY COUNT [--limit=SECONDS] [--hold]\n");
    return 64;
  }
  raise_file_limit();
  try {
    Fleet fleet(options);
    const double seconds = fleet.assemble();
    const auto print = [](const char* name, size_t value) {
      bench::print_figure(name, static_cast<double>(value), "engines");
    };
    print("registered", fleet.registered());
    print("refused", fleet.refused());
    print("lost", options.count - fleet.registered() - fleet.refused());
    bench::print_figure("seconds", seconds, "s");
    print("missing", fleet.registered() - fleet.named());
    if (fleet.refused() > 0) std::fprintf(stderr, "fleet: refused: %s\n", fleet.refusal().c_str());
    std::printf("ready\n");
    std::fflush(stdout);
    fleet.serve();
    bench::print_figure("answered", static_cast<double>(fleet.answered()), "requests");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "fleet: %s\n", error.what());
    return 1;
  }
}
