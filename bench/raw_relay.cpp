// SPDX-License-Identifier: BSD-3-Clause
// The limit: a libzmq relay of frames as large as ours that looks at none of them.
//
//   raw_relay threads|processes COUNT WINDOW [curve | bulk=MB]
//
// DEALER client, ROUTER/ROUTER relay, two DEALER workers that send back what they get, over TCP on
// the loopback interface: as threads of one process that share a context and its I/O thread, or
// each a process of its own. `curve`: each connection encrypted. `bulk`: one more frame of so many
// megabytes (10^6 bytes), and the figure is MB/s one way, which is twice the size by round trip.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bench/samples.hpp"

namespace {

// Delimiter, signature, header, parent header, metadata, content.
constexpr std::array<size_t, 6> kFrameSizes = {9, 64, 230, 2, 110, 60};
constexpr int kWorkers = 2;
constexpr int kDrainLimit = 256;
constexpr int kPatienceMs = 10000;
constexpr int kBulkPatienceMs = 60000;
constexpr size_t kWarmup = 500;

/// Keys of the relay, and one pair for all who connect; empty: without CURVE.
struct Keys {
  std::array<char, 41> relay_public{}, relay_secret{}, peer_public{}, peer_secret{};
};
Keys keys;  // made before there are threads or children
size_t bulk_bytes = 0;

/// A socket without limits of its own; closed at the end.
class Socket {
 public:
  Socket(void* context, int type) : socket_(zmq_socket(context, type)) {
    for (const int option : {ZMQ_SNDHWM, ZMQ_RCVHWM, ZMQ_LINGER}) {
      const int none = 0;
      zmq_setsockopt(socket_, option, &none, sizeof none);
    }
  }
  ~Socket() { zmq_close(socket_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  std::string bind() {
    if (keys.relay_secret[0] != '\0') {
      const int on = 1;
      zmq_setsockopt(socket_, ZMQ_CURVE_SERVER, &on, sizeof on);
      zmq_setsockopt(socket_, ZMQ_CURVE_SECRETKEY, keys.relay_secret.data(), 40);
    }
    std::array<char, 64> endpoint{};
    size_t size = endpoint.size();
    if (zmq_bind(socket_, "tcp://127.0.0.1:*") != 0 ||
        zmq_getsockopt(socket_, ZMQ_LAST_ENDPOINT, endpoint.data(), &size) != 0)
      throw std::runtime_error(zmq_strerror(zmq_errno()));
    return endpoint.data();
  }
  void connect(const std::string& endpoint) {
    if (keys.relay_secret[0] != '\0') {
      zmq_setsockopt(socket_, ZMQ_CURVE_SERVERKEY, keys.relay_public.data(), 40);
      zmq_setsockopt(socket_, ZMQ_CURVE_PUBLICKEY, keys.peer_public.data(), 40);
      zmq_setsockopt(socket_, ZMQ_CURVE_SECRETKEY, keys.peer_secret.data(), 40);
    }
    if (zmq_connect(socket_, endpoint.c_str()) != 0)
      throw std::runtime_error(zmq_strerror(zmq_errno()));
  }
  void* raw() const { return socket_; }

 private:
  void* socket_;
};

/// One multipart message whose frames are received and sent on without a copy.
class Message {
 public:
  Message() {
    for (auto& frame : frames_) zmq_msg_init(&frame);
  }
  ~Message() {
    for (auto& frame : frames_) zmq_msg_close(&frame);
  }
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  bool receive(void* socket, size_t first = 0) {
    size_ = first;
    do {
      if (size_ == frames_.size()) throw std::runtime_error("a message of too many frames");
      if (zmq_msg_recv(&frames_[size_], socket, ZMQ_DONTWAIT) < 0) return false;
    } while (zmq_msg_more(&frames_[size_++]) != 0);
    return true;
  }
  void set(size_t index, std::string_view bytes) {
    zmq_msg_close(&frames_[index]);
    zmq_msg_init_size(&frames_[index], bytes.size());
    std::memcpy(zmq_msg_data(&frames_[index]), bytes.data(), bytes.size());
  }
  /// The frame is the caller's bytes; they stay where they are until the message has left.
  void lend(size_t index, std::string& bytes) {
    zmq_msg_close(&frames_[index]);
    zmq_msg_init_data(
        &frames_[index], bytes.data(), bytes.size(), [](void*, void*) {}, nullptr);
  }
  void send(void* socket, size_t first = 0) {
    for (size_t i = first; i < size_; ++i)
      zmq_msg_send(&frames_[i], socket, i + 1 < size_ ? ZMQ_SNDMORE : 0);
  }
  std::string_view frame(size_t index) {
    return {static_cast<char*>(zmq_msg_data(&frames_[index])), zmq_msg_size(&frames_[index])};
  }
  size_t size() const { return size_; }
  void resize(size_t size) { size_ = size; }

 private:
  std::array<zmq_msg_t, 12> frames_;
  size_t size_ = 0;
};

/// Waits for input on `socket`; false when the context is shut down or nobody answers.
bool wait_input(void* socket, int limit_ms) {
  zmq_pollitem_t item{socket, 0, ZMQ_POLLIN, 0};
  return zmq_poll(&item, 1, limit_ms) > 0;
}

void run_worker(void* context, const std::string& endpoint) {
  Socket socket(context, ZMQ_DEALER);
  socket.connect(endpoint);
  Message message;
  message.set(0, "ready");
  message.resize(1);
  message.send(socket.raw());
  while (wait_input(socket.raw(), -1))
    for (int n = 0; n < kDrainLimit && message.receive(socket.raw()); ++n)
      message.send(socket.raw());
}

/// [client, frames] in front, [worker, client, frames] at the back. Clients are served when all
/// workers are there.
void run_relay(Socket& front, Socket& back) {
  Message message;
  std::vector<std::string> workers;
  while (workers.size() < kWorkers && wait_input(back.raw(), kPatienceMs))
    while (message.receive(back.raw())) workers.emplace_back(message.frame(0));
  size_t next = 0;
  std::array<zmq_pollitem_t, 2> items = {
      {{front.raw(), 0, ZMQ_POLLIN, 0}, {back.raw(), 0, ZMQ_POLLIN, 0}}};
  while (zmq_poll(items.data(), items.size(), -1) > 0) {
    for (int n = 0; n < kDrainLimit && message.receive(back.raw()); ++n)
      message.send(front.raw(), 1);
    for (int n = 0; n < kDrainLimit && message.receive(front.raw(), 1); ++n) {
      message.set(0, workers[next++ % workers.size()]);
      message.send(back.raw());
    }
  }
}

/// Keeps `window` messages on the way until `count` have come back; latencies in microseconds.
void run_client(void* socket, size_t count, size_t window, std::vector<double>& latencies) {
  std::array<std::string, kFrameSizes.size()> texts;
  for (size_t i = 0; i < texts.size(); ++i) texts[i].assign(kFrameSizes[i], 'x');
  std::vector<bench::Clock::time_point> sent(count);
  Message message;
  latencies.clear();
  for (size_t out = 0; latencies.size() < count;) {
    for (; out < count && out - latencies.size() < window; ++out) {
      sent[out] = bench::Clock::now();
      std::memcpy(texts[1].data(), &out, sizeof out);  // names the message
      for (size_t i = 0; i < texts.size(); ++i) message.set(i, texts[i]);
      message.resize(texts.size());
      message.send(socket);
    }
    if (!wait_input(socket, kPatienceMs)) throw std::runtime_error("no answer within 10 s");
    for (int n = 0; n < kDrainLimit && message.receive(socket); ++n) {
      size_t index = count;
      if (message.size() == texts.size())
        std::memcpy(&index, message.frame(1).data(), sizeof index);
      if (index >= out) throw std::runtime_error("an answer that was not asked for");
      latencies.push_back(bench::micros_since(sent[index]));
    }
  }
}

/// Sends a large frame of ours and has it back, `count` times after one more that warms up.
void run_bulk(void* socket, size_t count) {
  // Never given back: the I/O thread may still read it when this ends in an error.
  std::string& payload = *new std::string(bulk_bytes, 'x');
  std::vector<double> rates;
  Message message;
  for (size_t i = 0; i <= count; ++i) {
    payload[i % payload.size()] = 'y';
    for (size_t f = 0; f < kFrameSizes.size(); ++f)
      message.set(f, std::string(kFrameSizes[f], 'x'));
    message.lend(kFrameSizes.size(), payload);
    message.resize(kFrameSizes.size() + 1);
    const auto start = bench::Clock::now();
    message.send(socket);
    if (!wait_input(socket, kBulkPatienceMs) || !message.receive(socket))
      throw std::runtime_error("no answer within 60 s");
    if (i > 0) rates.push_back(2.0 * static_cast<double>(bulk_bytes) / bench::micros_since(start));
    if (message.frame(message.size() - 1) != payload) throw std::runtime_error("another payload");
  }
  bench::print_figure("one-way", bench::percentile(rates, 0.5), "MB/s");
}

void measure(void* context, const std::string& endpoint, size_t count, size_t window) {
  Socket socket(context, ZMQ_DEALER);
  socket.connect(endpoint);
  if (bulk_bytes > 0) return run_bulk(socket.raw(), count);
  std::vector<double> latencies;
  run_client(socket.raw(), kWarmup, window, latencies);
  const auto start = bench::Clock::now();
  run_client(socket.raw(), count, window, latencies);
  bench::print_run(latencies, count, bench::micros_since(start));
}

void as_threads(size_t count, size_t window) {
  void* context = zmq_ctx_new();
  {
    Socket front(context, ZMQ_ROUTER), back(context, ZMQ_ROUTER);
    const std::string front_at = front.bind(), back_at = back.bind();
    std::vector<std::thread> threads;
    threads.emplace_back([&] { run_relay(front, back); });
    for (int i = 0; i < kWorkers; ++i) threads.emplace_back([&] { run_worker(context, back_at); });
    measure(context, front_at, count, window);
    zmq_ctx_shutdown(context);
    for (auto& thread : threads) thread.join();
  }
  zmq_ctx_term(context);
}

/// Child processes; ended and awaited with this.
struct Children {
  std::vector<pid_t> pids;
  ~Children() {
    for (const pid_t pid : pids) ::kill(pid, SIGKILL);
    for (const pid_t pid : pids) ::waitpid(pid, nullptr, 0);
  }

  /// Runs `body` in a child with a context of its own. No context may exist in the parent yet.
  template <class Body>
  void start(Body body) {
    const pid_t pid = ::fork();
    if (pid < 0) throw std::runtime_error("cannot fork");
    if (pid > 0) return pids.push_back(pid);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    try {
      body(zmq_ctx_new());
    } catch (const std::exception& error) {
      std::fprintf(stderr, "raw_relay: %s\n", error.what());
    }
    ::_exit(1);
  }
};

void as_processes(size_t count, size_t window) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("cannot make a pipe");
  Children children;
  children.start([&](void* context) {
    Socket front(context, ZMQ_ROUTER), back(context, ZMQ_ROUTER);
    const std::string both = front.bind() + " " + back.bind() + " ";
    if (::write(ends[1], both.data(), both.size()) < 0) return;
    run_relay(front, back);
  });
  ::close(ends[1]);
  std::array<char, 256> text{};
  if (::read(ends[0], text.data(), text.size() - 1) <= 0)
    throw std::runtime_error("the relay did not start");
  const std::string both = text.data();
  const size_t cut = both.find(' ');
  const std::string front_at = both.substr(0, cut);
  const std::string back_at = both.substr(cut + 1, both.find(' ', cut + 1) - cut - 1);
  for (int i = 0; i < kWorkers; ++i)
    children.start([&](void* context) { run_worker(context, back_at); });
  void* context = zmq_ctx_new();
  measure(context, front_at, count, window);
  zmq_ctx_term(context);
}

}  // namespace

int main(int argc, char** argv) {
  const bool curve = argc == 5 && argv[4] == std::string_view("curve");
  const std::string_view last = argc == 5 ? argv[4] : "";
  if (last.starts_with("bulk=")) bulk_bytes = std::strtoul(argv[4] + 5, nullptr, 10) * 1000000;
  const bool complete = argc == 4 || curve || bulk_bytes > 0;
  const std::string_view shape = complete ? argv[1] : "";
  const size_t count = complete ? std::strtoul(argv[2], nullptr, 10) : 0;
  const size_t window = complete ? std::strtoul(argv[3], nullptr, 10) : 0;
  if ((shape != "threads" && shape != "processes") || count == 0 || window == 0) {
    std::fprintf(stderr, "usage: raw_relay threads|processes COUNT WINDOW [curve | bulk=MB]\n");
    return 64;
  }
  if (curve && (zmq_curve_keypair(keys.relay_public.data(), keys.relay_secret.data()) != 0 ||
                zmq_curve_keypair(keys.peer_public.data(), keys.peer_secret.data()) != 0)) {
    std::fprintf(stderr, "raw_relay: libzmq has no CURVE\n");
    return 1;
  }
  try {
    shape == "threads" ? as_threads(count, window) : as_processes(count, window);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "raw_relay: %s\n", error.what());
    return 1;
  }
}
