// SPDX-License-Identifier: BSD-3-Clause
// A controller that does as it is told and kernels without processes, all in the test's own loop.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <deque>
#include <functional>
#include <map>

#include "kernels/echo/echo.hpp"
#include "libipc/engine/engine.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::engine::test {

using wire::Json;

/// A message as a test looks at it.
struct Seen {
  std::vector<std::string> path;
  Json header, parent, metadata, content;
  std::vector<std::string> buffers;
  std::string type() const { return header.value("msg_type", ""); }
  std::string parent_id() const { return parent.value("msg_id", ""); }
};

/// The other end of an engine's sockets.
class FakeController {
 public:
  explicit FakeController(net::Context& context) : context_(context) {
    connection.key = "key";
    connection.location = "localhost";
    for (const char* name : {"registration", "mux", "task", "control", "hb_pong"})
      bind(name, net::SocketType::router);
    bind("iopub", net::SocketType::sub).subscribe("");
    bind("hb_ping", net::SocketType::pub);
    auto& leaf = bind("leaf", net::SocketType::router);
    (void)leaf;
    connection.broadcast = {connection.ports["leaf"]};
    connection.ports.erase("leaf");
    signer.emplace(*connection.signer());
  }

  net::Connection connection;
  std::optional<wire::Signer> signer;
  wire::Session session;

  net::Socket& socket(const std::string& name) { return sockets_.at(name); }

  /// The next message on a socket, verified; nothing if there is none.
  std::optional<Seen> take(const std::string& name) {
    net::Incoming message;
    bool located = false;
    if (!message.receive(socket(name), located)) return {};
    EXPECT_TRUE(located) << name;
    EXPECT_TRUE(signer->verify(message.view)) << name;
    Seen seen;
    for (const auto part : message.view.identities) seen.path.emplace_back(part);
    seen.header = Json::parse(message.view.header);
    seen.parent = Json::parse(message.view.parent);
    seen.metadata = Json::parse(message.view.metadata);
    seen.content = Json::parse(message.view.content);
    for (const auto part : message.view.buffers) seen.buffers.emplace_back(part);
    return seen;
  }

  /// Sends a request to an engine; `client` is the return path behind the engine, "" if it is the
  /// controller's own. Returns its msg_id.
  std::string request(const std::string& name, const std::string& engine, const std::string& type,
                      const Json& content = Json::object(), const Json& metadata = Json::object(),
                      const std::vector<std::string>& buffers = {},
                      std::string_view client = "client") {
    const std::string id = session.next_id();
    net::Outgoing message;
    message.header = session.header(type, id);
    message.content = content.dump();
    message.metadata = metadata.dump();
    for (const auto& buffer : buffers) message.buffers.emplace_back(buffer);
    const std::string_view path[] = {engine, client};
    auto frames = net::encode(*signer, std::span(path, client.empty() ? 1 : 2), std::move(message));
    EXPECT_EQ(socket(name).send(std::move(frames)), net::SendStatus::sent);
    return id;
  }

 private:
  net::Socket& bind(const std::string& name, net::SocketType type) {
    auto& socket = sockets_.emplace(name, net::Socket(context_, type)).first->second;
    if (name == "mux" || name == "task" || name == "control") socket.set_identity(name + "_out");
    if (name == "leaf") socket.set_identity("sub_scheduler_00");
    auto bound = socket.bind("tcp://127.0.0.1:*");
    EXPECT_TRUE(bound);
    connection.ports[name] = std::stoi(bound->substr(bound->rfind(':') + 1));
    return socket;
  }

  net::Context& context_;
  std::map<std::string, net::Socket> sockets_;
};

/// A kernel in the test's loop: the echo kernel, or one whose answers a test writes.
class FakeKernel {
 public:
  using Answer = std::function<void(FakeKernel&, const KernelMessage&)>;

  FakeKernel(net::Loop& loop, Fd fd, Answer answer, bool is_cluster = false)
      : loop_(loop), fd_(std::move(fd)), answer_(std::move(answer)) {
    listen(true);
    if (is_cluster)
      say("ready", "{}", R"({"language":"fake","version":"1","slots":3})");
    else if (answer_)
      say("ready", "{}", R"({"language":"fake","version":"1","prefetch":8})");
    else
      flush_echo();
  }
  ~FakeKernel() { die(); }

  /// Sends one message.
  void say(const std::string& type, std::string_view parent, const std::string& content,
           const std::string& status = "", const std::vector<std::string_view>& buffers = {}) {
    const std::string header = "{\"msg_type\":\"" + type + "\"" +
                               (status.empty() ? "" : ",\"status\":\"" + status + "\"") + "}";
    std::vector<std::string_view> parts = {header, parent, "{}", content};
    parts.insert(parts.end(), buffers.begin(), buffers.end());
    writer_.add(parts);
    writer_.flush(fd_.get());
  }
  /// Reads on, or reads no more.
  void listen(bool on) {
    if (on)
      loop_.on_fd(fd_.get(), POLLIN, [this](short) { serve(); });
    else
      loop_.remove_fd(fd_.get());
  }
  void die() {
    if (!fd_) return;
    loop_.remove_fd(fd_.get());
    fd_.reset();
  }

 private:
  void flush_echo() {
    const ssize_t n = ::write(fd_.get(), echo_.output.data(), echo_.output.size());
    EXPECT_EQ(n, static_cast<ssize_t>(echo_.output.size()));
    echo_.output.clear();
  }
  void serve() {
    if (answer_) {
      if (reader_.read(fd_.get()) == FrameReader::Input::closed) return die();
      KernelMessage message;
      while (fd_ && reader_.next(message)) answer_(*this, message);
      return;
    }
    char bytes[65536];
    const ssize_t n = ::read(fd_.get(), bytes, sizeof bytes);
    if (n <= 0) return die();
    input_.append(bytes, static_cast<size_t>(n));
    EXPECT_TRUE(echo_.serve(input_));
    flush_echo();
  }

  net::Loop& loop_;
  Fd fd_;
  Answer answer_;
  FrameReader reader_;
  FrameWriter writer_;
  echo::EchoKernel echo_;
  std::string input_;
};

/// Starts FakeKernels: `echo`, and whatever was put into `answers`.
class FakeLauncher : public KernelLauncher {
 public:
  explicit FakeLauncher(net::Loop& loop) : loop_(loop) {}
  std::map<std::string, FakeKernel::Answer> answers{{"echo", {}}};
  std::map<std::string, std::unique_ptr<FakeKernel>> kernels;
  int started = 0;

  Result<KernelHandles> start(const std::string& name) override {
    const auto found = answers.find(name);
    if (found == answers.end()) return Error{Code::no_input, "no kernel '" + name + "'", ""};
    ++started;
    auto pair = make_socket_pair();
    EXPECT_TRUE(pair && set_nonblocking(pair->first.get()) && set_nonblocking(pair->second.get()));
    KernelHandles handles;
    handles.socket = std::move(pair->first);
    kernels[name] = std::make_unique<FakeKernel>(loop_, std::move(pair->second), found->second,
                                                 name.starts_with("cluster:"));
    return handles;
  }

 private:
  net::Loop& loop_;
};

/// Two engines (or more) with one controller.
struct World : testing::Test {
  net::Context context;
  net::Loop loop;
  FakeController controller{context};
  std::deque<FakeLauncher> launchers;
  std::deque<Engine> engines;
  std::vector<std::string> uuids;
  std::vector<Status> ended;
  std::deque<Seen> outputs;  // came on iopub, not yet looked at

  /// Turns the loop until `done`; fails the test after 20 s.
  void until(const char* what, const std::function<bool()>& done) {
    const TimePoint end = Clock::now() + seconds(20);
    while (!done()) {
      ASSERT_LT(Clock::now(), end) << "waited in vain for " << what;
      loop.turn(milliseconds(5));
      // A SUB subscribes when its owner looks at it.
      while (auto seen = controller.take("iopub")) outputs.push_back(*std::move(seen));
    }
  }

  /// Next message on a controller's socket.
  Seen next(const std::string& name) {
    std::optional<Seen> seen;
    until(name.c_str(), [&] { return (seen = controller.take(name)).has_value(); });
    return seen.value_or(Seen{});
  }
  /// Next iopub message of a type.
  Seen output(const std::string& type) {
    Seen found;
    until(type.c_str(), [&] {
      for (; !outputs.empty() && found.header.is_null(); outputs.pop_front())
        if (outputs.front().type() == type) found = outputs.front();
      return !found.header.is_null();
    });
    return found;
  }

  Engine& start(const std::string& kernel,
                const std::map<std::string, FakeKernel::Answer>& answers = {},
                EngineConfig config = {}) {
    auto& launcher = launchers.emplace_back(loop);
    for (const auto& [name, answer] : answers) launcher.answers[name] = answer;
    config.kernel = kernel;
    auto& engine = engines.emplace_back(
        context, loop, launcher, nullptr, config,
        Engine::Callbacks{{}, [this](const Status& status) { ended.push_back(status); }});
    const auto started = engine.start(controller.connection);
    EXPECT_TRUE(started) << started.error().text();
    return engine;
  }

  /// Answers the registration of an engine that was started and waits for its heart.
  void admit(int id) {
    const Seen asked = next("registration");
    EXPECT_EQ(asked.type(), "registration_request");
    uuids.push_back(asked.content.value("uuid", ""));
    reply_registration({{"status", "ok"}, {"id", id}, {"hb_period", 200}});
    std::string heart;
    int beat = 0;
    until("heart", [&] {
      const std::string number = std::to_string(beat++);
      const std::string_view ping[] = {number};
      controller.socket("hb_ping").send(std::span(ping));
      net::Frames frames;
      if (controller.socket("hb_pong").receive(frames)) heart = frames[0].view();
      return heart == uuids.back();
    });
  }
  void reply_registration(const Json& content) {
    net::Outgoing message;
    message.header = controller.session.header("registration_reply");
    message.content = content.dump();
    const std::string_view path[] = {uuids.back()};
    controller.socket("registration")
        .send(net::encode(*controller.signer, path, std::move(message)));
  }
};

}  // namespace ipc::engine::test
