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
  explicit IopubRelayTest(int most_messages = IopubRelay::kMostMessages,
                          std::uint64_t most_unsent = IopubRelay::kMostUnsent) {
    net::Socket to_clients(context_, net::SocketType::xpub), from(context_, net::SocketType::sub);
    net::set_send_limit(to_clients, most_messages);
    const auto clients = to_clients.bind("tcp://127.0.0.1:*"),
               engines = from.bind("tcp://127.0.0.1:*");
    EXPECT_TRUE(clients && engines);
    address_ = *clients;
    from.subscribe("");
    client_.subscribe("");
    EXPECT_TRUE(client_.connect(*clients));
    EXPECT_TRUE(engine_.connect(*engines));
    relay_.emplace(loop_, std::move(to_clients), std::move(from), tap_, most_unsent);
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

  void publish(const std::string& name, const std::string& state, const std::string& request,
               std::size_t size = 0) {
    net::Outgoing message{session_.header("status"),
                          R"({"msg_type": ")" + request + "\"}",
                          "{}",
                          R"({"execution_state": ")" + state + "\"}",
                          {}};
    if (size > 0) message.buffers.emplace_back(std::string(size, 'x'));
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
  std::string address_;
  Names got_;
};

constexpr std::size_t kLarge = 100'000;
constexpr int kMany = 400;  // 40 MB: more than sockets of the system hold

/// Another subscriber, which reads one message and no more.
class SlowSubscriber : public IopubRelayTest {
 protected:
  explicit SlowSubscriber(int most_messages, std::uint64_t most_unsent = IopubRelay::kMostUnsent)
      : IopubRelayTest(most_messages, most_unsent) {
    slow_.set_receive_limit(1);
    slow_.subscribe("");
    EXPECT_TRUE(slow_.connect(address_));
    const TimePoint end = Clock::now() + seconds(20);
    net::Frames frames;
    while (!slow_.receive(frames) && Clock::now() < end) {
      publish("probe", "probe", "execute_request");
      loop_.turn(milliseconds(20));
    }
    publish("last", "probe", "execute_request");
    while ((got_.empty() || got_.back() != "last probe") && Clock::now() < end)
      loop_.turn(milliseconds(20));
    got_.clear();
  }

  /// Large ones, until `enough`; the reading subscriber takes each before the next.
  void publish_many(const std::function<bool()>& enough) {
    for (int n = 0; n < kMany && !enough(); ++n) {
      const std::size_t before = got_.size();
      publish("stream", "out", "execute_request", kLarge);
      const TimePoint end = Clock::now() + seconds(20);
      while (got_.size() == before && !enough() && Clock::now() < end) loop_.turn(milliseconds(5));
      if (got_.size() == before) return;
    }
  }

  /// What the other one has got in the end.
  int slow_count() {
    int count = 0;
    net::Frames frames;
    for (int quiet = 0; quiet < 20; ++quiet, loop_.turn(milliseconds(20)))
      while (slow_.receive(frames)) ++count, quiet = 0;
    return count;
  }

  net::Socket slow_{context_, net::SocketType::sub};
};

class FewMessages : public SlowSubscriber {
 protected:
  FewMessages() : SlowSubscriber(20) {}
};

class FewBytes : public SlowSubscriber {
 protected:
  FewBytes() : SlowSubscriber(IopubRelay::kMostMessages, 4 << 20) {}
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

TEST_F(FewMessages, WhoReadsGetsAllAndWhoDoesNotLosesSome) {
  publish_many([] { return false; });
  EXPECT_EQ(got_.size(), std::size_t{kMany});
  EXPECT_EQ(relay_->lost(), 0u);
  EXPECT_LT(slow_count(), kMany);
  // It reads now, so it gets what comes.
  publish("stream", "out", "execute_request");
  turn_until(kMany + 1);
  EXPECT_EQ(slow_count(), 1);
}

TEST_F(FewBytes, LargeOutputIsDroppedUntilTheOneThatDoesNotReadHasGone) {
  // The bytes are bounded, whoever reads: they are the same for all.
  publish_many([this] { return relay_->lost() > 0; });
  EXPECT_EQ(relay_->lost(), 1u);
  slow_ = net::Socket(context_, net::SocketType::sub);
  const TimePoint end = Clock::now() + seconds(20);
  got_.clear();
  while (got_.empty() && Clock::now() < end) {
    publish("stream", "out", "execute_request", kLarge);
    loop_.turn(milliseconds(20));
  }
  EXPECT_FALSE(got_.empty());
}

}  // namespace
}  // namespace ipc::sched
