// SPDX-License-Identifier: BSD-3-Clause
// Sockets, loop, actors and connection files.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>

#include "libipc/net/actor.hpp"
#include "libipc/net/connection.hpp"
#include "libipc/net/message.hpp"
#include "libipc/util/fd.hpp"
#include "libipc/util/file.hpp"
#include "libipc/util/process.hpp"
#include "libipc/wire/header.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::net {
namespace {

using Views = std::vector<std::string_view>;

// Turns the loop until `done` or twenty seconds have passed.
template <class Done>
bool turn_until(Loop& loop, Done done) {
  const TimePoint end = Clock::now() + seconds(20);
  while (!done() && Clock::now() < end) loop.turn(milliseconds(50));
  return done();
}

TEST(Sockets, SignedMessagesTravel) {
  Context context;
  Socket router(context, SocketType::router), dealer(context, SocketType::dealer);
  const auto endpoint = router.bind("tcp://127.0.0.1:*");
  ASSERT_TRUE(endpoint);
  dealer.set_identity("peer");
  ASSERT_TRUE(dealer.connect(*endpoint));

  auto signer = *wire::Signer::create("hmac-sha256", "key");
  wire::Session session;
  Outgoing message{session.header("x_request"), "{}", "{}", R"({"a":1})", {}};
  message.buffers.push_back(Frame::adopt(std::string(100'000, 'b')));
  EXPECT_EQ(dealer.send(encode(signer, Views{"target"}, std::move(message))), SendStatus::sent);

  Loop loop;
  Incoming incoming;
  bool located = false, got = false;
  loop.on_input(router, [&] { return (got = incoming.receive(router, located)) ? 1 : 0; });
  ASSERT_TRUE(turn_until(loop, [&] { return got; }));
  ASSERT_TRUE(located);
  ASSERT_EQ(incoming.view.identities.size(), 2u);
  EXPECT_EQ(incoming.view.identities[0], "peer");
  EXPECT_EQ(incoming.view.identities[1], "target");
  EXPECT_TRUE(signer.verify(incoming.view));
  EXPECT_EQ(incoming.view.buffers[0], std::string(100'000, 'b'));
}

TEST(Sockets, MandatoryRouterTellsOfUnknownPeers) {
  Context context;
  Socket router(context, SocketType::router);
  router.set_router_mandatory(true);
  ASSERT_TRUE(router.bind("tcp://127.0.0.1:*"));
  EXPECT_EQ(router.send(Views{"nobody", "hello"}), SendStatus::unreachable);
}

TEST(Sockets, BadEndpointsAreErrors) {
  Context context;
  Socket socket(context, SocketType::router);
  EXPECT_NE(socket.bind("tcp://300.1.1.1:1").error().what.find("300.1.1.1"), std::string::npos);
  EXPECT_FALSE(socket.connect("nonsense"));
}

TEST(Sockets, CurveKeepsStrangersOut) {
  Context context;
  const Curve server = new_curve_keys();
  Socket router(context, SocketType::router);
  router.set_curve({"", "", server.secret_key, true});
  const auto endpoint = router.bind("tcp://127.0.0.1:*");
  Socket plain(context, SocketType::dealer), friendly(context, SocketType::dealer);
  ASSERT_TRUE(plain.connect(*endpoint));
  Curve client = new_curve_keys();
  client.server_key = server.public_key;
  friendly.set_curve(client);
  ASSERT_TRUE(friendly.connect(*endpoint));
  plain.send(Views{"plain"});
  friendly.send(Views{"secret"});
  Loop loop;
  std::vector<std::string> texts;
  Frames frames;
  loop.on_input(router, [&] {
    if (!router.receive(frames)) return 0;
    texts.emplace_back(frames[1].view());
    return 1;
  });
  ASSERT_TRUE(turn_until(loop, [&] { return !texts.empty(); }));
  loop.turn(milliseconds(50));
  EXPECT_EQ(texts, std::vector<std::string>{"secret"});
}

TEST(LoopTest, TimersFireInOrderAndCanBeCancelled) {
  Loop loop;
  std::string order;
  loop.after(milliseconds(20), [&] { order += 'b'; });
  loop.after(milliseconds(1), [&] { order += 'a'; });
  const auto never = loop.after(milliseconds(5), [&] { order += 'x'; });
  loop.cancel(never);
  int beats = 0;
  const auto beat = loop.every(milliseconds(2), [&] { ++beats; });
  ASSERT_TRUE(turn_until(loop, [&] { return order.size() == 2 && beats >= 3; }));
  EXPECT_EQ(order, "ab");
  loop.cancel(beat);
  const int then = beats;
  loop.turn(milliseconds(10));
  EXPECT_EQ(beats, then);
}

TEST(LoopTest, DescriptorsMayRemoveThemselves) {
  Loop loop;
  auto pipe = make_pipe();
  ASSERT_TRUE(write_all(pipe->second.get(), "x"));
  int calls = 0;
  loop.on_fd(pipe->first.get(), 1 /* POLLIN */, [&](short) {
    ++calls;
    loop.remove_fd(pipe->first.get());
  });
  loop.turn(milliseconds(10));
  loop.turn(milliseconds(10));
  EXPECT_EQ(calls, 1);
}

TEST(ActorTest, IsReadyAfterConstructionAndEndsWithItsOwner) {
  bool ready = false, ended = false;
  {
    Actor actor([&](Loop&) { ready = true; }, [&] { ended = true; });
    EXPECT_TRUE(ready);
  }
  EXPECT_TRUE(ended);
}

TEST(ActorTest, LoopsMeetInMessages) {
  Context context;
  Socket here(context, SocketType::pair);
  ASSERT_TRUE(here.bind("inproc://meet"));
  Socket there(context, SocketType::pair);
  ASSERT_TRUE(there.connect("inproc://meet"));
  Actor echo([&](Loop& loop) {
    loop.on_input(there, [&there] {
      Frames frames;
      if (!there.receive(frames)) return 0;
      there.send(std::move(frames));
      return 1;
    });
  });
  here.send(Views{"ping"});
  Loop loop;
  std::string text;
  loop.on_input(here, [&] {
    Frames frames;
    if (!here.receive(frames)) return 0;
    text = frames[0].view();
    return 1;
  });
  EXPECT_TRUE(turn_until(loop, [&] { return text == "ping"; }));
}

// Every message wakes somebody through a socket that is used for sending meanwhile: a wake-up that
// gets lost stops everything.
TEST(ActorTest, NoWakeUpIsLost) {
  constexpr int kMessages = 20'000, kWindow = 7, kTakenAtOnce = 3;
  Context context;
  Socket front(context, SocketType::router), back(context, SocketType::router);
  Socket client(context, SocketType::dealer), worker(context, SocketType::dealer);
  worker.set_identity("w");
  ASSERT_TRUE(client.connect(*front.bind("tcp://127.0.0.1:*")));
  ASSERT_TRUE(worker.connect(*back.bind("tcp://127.0.0.1:*")));
  worker.send(Views{"here"});
  Actor echo([&](Loop& loop) {
    loop.on_input(worker, [&] {
      Frames frames;
      int taken = 0;
      for (; worker.receive(frames); ++taken) worker.send(std::move(frames));
      return taken;
    });
  });
  std::atomic<int> answered = 0;
  int sent = 0;
  Actor asking([&](Loop& loop) {
    const auto fill = [&] {
      for (; sent < kMessages && sent - answered < kWindow; ++sent) client.send(Views{"x"});
    };
    loop.on_input(client, [&, fill] {
      Frames frames;
      int taken = 0;
      for (; client.receive(frames); ++taken) ++answered;
      fill();
      return taken;
    });
    fill();
  });
  Loop loop;
  bool known = false;
  loop.on_input(back, [&] {
    Frames frames;
    int taken = 0;
    for (; taken < kTakenAtOnce && back.receive(frames); ++taken) {
      known = true;
      frames.erase(frames.begin());
      if (frames.size() > 1) front.send(std::move(frames));
    }
    return taken;
  });
  loop.on_input(front, [&] {
    Frames frames;
    int taken = 0;
    for (; known && taken < kTakenAtOnce && front.receive(frames); ++taken) {
      frames.emplace(frames.begin(), "w");
      back.send(std::move(frames));
    }
    return taken;
  });
  EXPECT_TRUE(turn_until(loop, [&] { return answered == kMessages; })) << answered;
}

Connection sample() {
  Connection connection;
  int port = 1000;
  for (const char* name : {"registration", "control", "mux", "task", "iopub", "notification"})
    connection.ports[name] = ++port;
  connection.broadcast = {2000};
  connection.key = "key";
  connection.location = host_name();
  connection.task_scheme = "leastload";
  return connection;
}

TEST(ConnectionFile, RoundTrip) {
  Connection connection = sample();
  connection.controller.version = "1";
  connection.controller.pid = 7;
  const auto back = parse_connection(to_json(connection, false));
  ASSERT_TRUE(back) << back.error().text();
  EXPECT_EQ(back->ports, connection.ports);
  EXPECT_EQ(back->broadcast, connection.broadcast);
  EXPECT_EQ(back->controller.pid, 7);
  EXPECT_TRUE(back->is_ipkit());
  EXPECT_EQ(back->endpoint("mux"), "tcp://127.0.0.1:1003");
}

TEST(ConnectionFile, ThoseOfTheReferenceAreRead) {
  const auto session = wire::Json::parse(std::ifstream("tests/data/captures/7.1/session.json"));
  for (const char* kind : {"client_file", "engine_file"}) {
    const auto connection = parse_connection(session[kind].dump());
    ASSERT_TRUE(connection) << connection.error().text();
    EXPECT_FALSE(connection->is_ipkit());
    EXPECT_EQ(connection->key, session["hmac_key"].get<std::string>());
  }
}

TEST(ConnectionFile, AnyAddressIsResolvedByLocation) {
  Connection connection = sample();
  connection.interface = "tcp://0.0.0.0";
  EXPECT_EQ(connection.endpoint(5), "tcp://127.0.0.1:5");
  connection.location = "elsewhere";
  connection.interface = "tcp://*";
  EXPECT_EQ(connection.endpoint(5), "tcp://elsewhere:5");
}

TEST(ConnectionFile, LocalEndpointsAreUsedWhereTheyAreSeen) {
  Connection connection;
  connection.ports = {{"registration", 1}, {"control", 2}, {"mux", 3}, {"task", 4}, {"iopub", 5}};
  auto& c = connection.controller;
  c.version = "1";
  c.host = host_name();
  c.boot_id = boot_id();
  c.network = network_namespace();
  const auto endpoint = [&] {
    const auto back = parse_connection(to_json(connection, true));
    EXPECT_EQ(back->address("mux"), "tcp://127.0.0.1:3");
    return back->endpoint("mux");
  };
  EXPECT_EQ(endpoint(), "tcp://127.0.0.1:3");
  c.local = "name";
  EXPECT_EQ(endpoint(), "ipc://@name-3");
  for (auto* fact : {&c.host, &c.boot_id, &c.network}) {
    const std::string right = std::exchange(*fact, "another");
    EXPECT_EQ(endpoint(), "tcp://127.0.0.1:3");
    *fact = right;
  }
}

TEST(ConnectionFile, BadOnesSayWhatIsWrong) {
  EXPECT_FALSE(parse_connection(""));
  EXPECT_FALSE(parse_connection("[]"));
  EXPECT_EQ(parse_connection("{}").error().what, "no 'registration' port");
  auto file = wire::Json::parse(to_json(sample(), false));
  file["mux"] = "x";
  EXPECT_EQ(parse_connection(file.dump()).error().what, "'mux' is not a port");
  file["mux"] = 70000;
  EXPECT_FALSE(parse_connection(file.dump()));
  file = wire::Json::parse(to_json(sample(), false));
  file["pack"] = "pickle";
  EXPECT_FALSE(parse_connection(file.dump()));
}

TEST(ConnectionFile, StaleAndUnsafeFilesAreRefused) {
  std::string directory = std::filesystem::temp_directory_path() / "ipkit-test-XXXXXX";
  ASSERT_NE(::mkdtemp(directory.data()), nullptr);
  const std::string path = directory + "/file.json";
  EXPECT_EQ(read_connection(path).error().code, Code::no_controller);
  Connection connection = sample();
  connection.controller.version = "1";
  connection.controller.host = host_name();
  connection.controller.boot_id = boot_id();
  connection.controller.pid = ::getpid();
  connection.controller.start_ticks = process_start_ticks(::getpid());
  ASSERT_TRUE(write_file_atomically(path, to_json(connection, false)));
  auto read = read_connection(path);
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_TRUE(check_alive(*read, path));
  read->controller.start_ticks += 1;
  EXPECT_EQ(check_alive(*read, path).error().code, Code::no_controller);
  ::chmod(path.c_str(), 0644);
  EXPECT_EQ(read_connection(path).error().code, Code::refused);
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace ipc::net
