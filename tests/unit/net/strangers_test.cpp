// SPDX-License-Identifier: BSD-3-Clause
// Who sends wrong signatures, and whose keys are on the list.
#include "libipc/net/strangers.hpp"

#include <gtest/gtest.h>

#include "libipc/net/connection.hpp"
#include "libipc/net/doorkeeper.hpp"
#include "libipc/util/file.hpp"
#include "tests/unit/hub/temp_dir.hpp"

namespace ipc::net {
namespace {

Frames from(std::string_view identity) {
  Frames frames;
  frames.emplace_back(identity);
  frames.emplace_back("bytes");
  return frames;
}

TEST(Strangers, OneWhoGoesOnIsNotListenedToForAWhile) {
  Strangers strangers("test");
  const TimePoint now = Clock::now();
  for (unsigned i = 1; i < Strangers::kMost; ++i) strangers.refuse(from("a"), now);
  EXPECT_TRUE(strangers.listens_to(from("a"), now));
  strangers.refuse(from("a"), now);
  EXPECT_FALSE(strangers.listens_to(from("a"), now));
  EXPECT_TRUE(strangers.listens_to(from("b"), now));
  EXPECT_FALSE(strangers.listens_to(from("a"), now + seconds(9)));
  EXPECT_TRUE(strangers.listens_to(from("a"), now + Strangers::kPause));
}

TEST(Strangers, AFewInALongTimeAreForgotten) {
  Strangers strangers("test");
  TimePoint now = Clock::now();
  for (unsigned i = 0; i < 5 * Strangers::kMost; ++i, now += seconds(1))
    strangers.refuse(from("a"), now);
  EXPECT_TRUE(strangers.listens_to(from("a"), now));
}

TEST(Strangers, NewNamesForEachMessageTakeNoMemory) {
  Strangers strangers("test");
  const TimePoint now = Clock::now();
  for (unsigned i = 0; i < 100000; ++i) strangers.refuse(from(std::to_string(i)), now);
  EXPECT_TRUE(strangers.listens_to(from("5"), now));
  EXPECT_EQ(peer_text(from("\x01\xff")), "an unknown address (01ff)");
}

/// A server that a doorkeeper guards, on a port of its own.
class DoorTest : public ::testing::Test {
 protected:
  void open(std::vector<std::string> always = {}) {
    auto started = Doorkeeper::start(context, list, std::move(always));
    ASSERT_TRUE(started) << started.error().text();
    keeper = *std::move(started);
    server.emplace(context, SocketType::router);
    Curve own = keys;
    own.is_server = true;
    server->set_curve(own);
    const auto bound = server->bind("tcp://127.0.0.1:*");
    ASSERT_TRUE(bound) << bound.error().text();
    endpoint = *bound;
  }
  void write(const std::string& text) { ASSERT_TRUE(write_file_atomically(list, text)); }

  // True if what a peer with this pair sends arrives; false if it is told that it is refused.
  bool gets_in(Curve pair) {
    Socket peer(context, SocketType::dealer), events(context, SocketType::pair);
    pair.server_key = keys.public_key;
    peer.set_curve(pair);
    const std::string name = "inproc://events-" + std::to_string(++peers);
    EXPECT_TRUE(peer.monitor(name));
    EXPECT_TRUE(events.connect(name));
    EXPECT_TRUE(peer.connect(endpoint));
    peer.send(from("hello"));
    bool came = false, told = false;
    Loop loop;
    Frames frames;
    loop.on_input(*server, [&] { return came = server->receive(frames), came ? 1 : 0; });
    loop.on_input(events, [&] {
      bool any = false;
      told |= next_event(events, any) == ConnectionEvent::refused;
      return any ? 1 : 0;
    });
    const TimePoint end = Clock::now() + seconds(20);
    while (!came && !told && Clock::now() < end) loop.turn(milliseconds(20));
    peer.stop_monitor();
    EXPECT_TRUE(came != told);
    return came;
  }

  TempDir directory;
  std::string list = directory.path + "/keys", endpoint;
  Context context;
  Curve keys = new_curve_keys();
  std::unique_ptr<Doorkeeper> keeper;  // outlives the server
  std::optional<Socket> server;
  int peers = 0;
};

TEST_F(DoorTest, KeysOnTheListGetInAndOthersDoNot) {
  const Curve known = new_curve_keys(), ours = new_curve_keys();
  write("# keys\n\n  " + known.public_key + " somebody\n");
  open({ours.public_key});
  EXPECT_TRUE(gets_in(known));
  EXPECT_TRUE(gets_in(ours));
  EXPECT_FALSE(gets_in(new_curve_keys()));
}

TEST_F(DoorTest, TheListIsReadAgain) {
  const Curve late = new_curve_keys();
  write("");
  open();
  EXPECT_FALSE(gets_in(late));
  write(late.public_key + "\n");
  EXPECT_TRUE(gets_in(late));
  write("this is no key\n");  // stays as it was
  EXPECT_TRUE(gets_in(late));
  write("# nobody\n");
  EXPECT_FALSE(gets_in(late));
}

TEST(KeyList, SaysWhichLineIsNone) {
  TempDir directory;
  const std::string path = directory.path + "/keys";
  ASSERT_TRUE(write_file_atomically(path, "#\n" + std::string(41, 'a') + "\n"));
  const auto keys = read_key_list(path);
  ASSERT_FALSE(keys);
  EXPECT_NE(keys.error().what.find("keys:2: 'aaaa"), std::string::npos);
}

TEST(ConnectionFile, TheUsersOwnKeyIsTakenWhereOneIsWanted) {
  TempDir directory;
  const std::string path = directory.path + "/file.json";
  const Curve pair = new_curve_keys();
  Connection connection;
  connection.ports = {{"registration", 1}, {"control", 2}, {"mux", 3}, {"task", 4}, {"iopub", 5}};
  const auto read = [&] {
    EXPECT_TRUE(write_file_atomically(path, to_json(connection, false)));
    return read_connection(path);
  };
  ASSERT_TRUE(write_file_atomically(curve_key_file(path), pair.secret_key + "\n"));
  EXPECT_EQ(read()->curve_secret_key, "");
  connection.curve_server_key = pair.public_key;
  auto found = read();
  ASSERT_TRUE(found) << found.error().text();
  EXPECT_EQ(found->curve_public_key, pair.public_key);
  EXPECT_EQ(found->peer_keys().secret_key, pair.secret_key);
  // What the file says comes first.
  connection.controller.version = "1";
  connection.curve_public_key = "p";
  connection.curve_secret_key = "s";
  EXPECT_EQ(read()->peer_keys().secret_key, "s");
  connection.curve_secret_key = "";
  ASSERT_TRUE(write_file_atomically(curve_key_file(path), "none"));
  EXPECT_EQ(read().error().code, Code::bad_input);
}

}  // namespace
}  // namespace ipc::net
