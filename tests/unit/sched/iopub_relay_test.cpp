// SPDX-License-Identifier: BSD-3-Clause
// What engines publish: all of it arrives, in order, and who waits for an idle gets it at once.
#include "libipc/sched/iopub_relay.hpp"

#include <gtest/gtest.h>

#include "libipc/wire/header.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::sched {
namespace {

using Names = std::vector<std::string>;

class IopubRelayTest : public ::testing::Test {
 protected:
  IopubRelayTest() {
    net::Socket to_clients(context_, net::SocketType::pub), from(context_, net::SocketType::sub);
    const auto clients = to_clients.bind("tcp://127.0.0.1:*"),
               engines = from.bind("tcp://127.0.0.1:*");
    EXPECT_TRUE(clients && engines);
    from.subscribe("");
    client_.subscribe("");
    EXPECT_TRUE(client_.connect(*clients));
    EXPECT_TRUE(engine_.connect(*engines));
    relay_.emplace(loop_, std::move(to_clients), std::move(from), tap_);
    loop_.on_input(client_, [this] { return take(); });
    // Subscriptions travel too: until both stand, what is published is lost.
    const TimePoint end = Clock::now() + seconds(20);
    while (got_.empty() && Clock::now() < end) {
      publish("probe", "probe", "execute_request");
      loop_.turn(milliseconds(20));
    }
    EXPECT_FALSE(got_.empty());
    // Behind all probes that are still on their way.
    publish("last", "probe", "execute_request");
    const auto all_came = [this] { return !got_.empty() && got_.back() == "last probe"; };
    while (!all_came() && Clock::now() < end) loop_.turn(milliseconds(20));
    EXPECT_TRUE(all_came());
    got_.clear();
  }

  void publish(const std::string& name, const std::string& state, const std::string& request) {
    net::Outgoing message{session_.header("status"),
                          R"({"msg_type": ")" + request + "\"}",
                          "{}",
                          R"({"execution_state": ")" + state + "\"}",
                          {}};
    const std::string topic = "engine.0." + name;
    engine_.send(net::encode(signer_, std::vector<std::string_view>{topic}, std::move(message)));
  }

  void turn_until(std::size_t count) {
    const TimePoint end = Clock::now() + seconds(20);
    while (got_.size() < count && Clock::now() < end) loop_.turn(milliseconds(20));
  }

  int take() {
    net::Incoming message;
    bool located = false;
    if (!message.receive(client_, located)) return 0;
    EXPECT_TRUE(located);
    got_.push_back(std::string(message.view.identities[0].substr(9)) + " " +
                   (*wire::parse_json(message.view.content))["execution_state"].get<std::string>());
    return 1;
  }

  net::Context context_;
  net::Loop loop_;
  net::EventWriter tap_;
  net::Socket client_{context_, net::SocketType::sub}, engine_{context_, net::SocketType::pub};
  wire::Signer signer_ = *wire::Signer::create("hmac-sha256", "key");
  wire::Session session_;
  std::optional<IopubRelay> relay_;
  Names got_;
};

TEST_F(IopubRelayTest, BusyAndIdleOfApplyArriveThoughNothingFollows) {
  publish("status", "busy", "apply_request");
  turn_until(1);
  EXPECT_EQ(got_, Names{"status busy"});
  publish("status", "idle", "apply_request");
  turn_until(2);
  EXPECT_EQ(got_, (Names{"status busy", "status idle"}));
}

TEST_F(IopubRelayTest, NothingOvertakesWhatIsHeld) {
  publish("status", "busy", "apply_request");
  publish("stream", "out", "apply_request");
  publish("status", "idle", "apply_request");
  publish("status", "busy", "execute_request");
  publish("status", "idle", "execute_request");
  turn_until(5);
  EXPECT_EQ(got_,
            (Names{"status busy", "stream out", "status idle", "status busy", "status idle"}));
}

TEST_F(IopubRelayTest, ManyAreAllThere) {
  for (int n = 0; n < 500; ++n) {
    publish("status", "busy", "apply_request");
    publish("status", "idle", "apply_request");
  }
  turn_until(1000);
  ASSERT_EQ(got_.size(), 1000u);
  EXPECT_EQ(got_.front(), "status busy");
  EXPECT_EQ(got_.back(), "status idle");
}

}  // namespace
}  // namespace ipc::sched
