// SPDX-License-Identifier: BSD-3-Clause
// Connections that are cut: nothing is missed, and nothing is done twice.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "tests/unit/client/fake_controller.hpp"

namespace ipc::client {
namespace {

/// The descriptors of connections of this process that `port` has taken.
std::vector<int> taken_by(int port) {
  std::vector<int> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const int fd = std::stoi(entry.path().filename());
    sockaddr_in here{}, there{};
    socklen_t size = sizeof here, other = sizeof there;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&here), &size) != 0 ||
        here.sin_family != AF_INET || ntohs(here.sin_port) != port)
      continue;
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&there), &other) == 0) found.push_back(fd);
  }
  return found;
}

void cut(int port) {
  for (const int fd : taken_by(port)) ::shutdown(fd, SHUT_RDWR);
}

bool eventually(const std::function<bool()>& condition) {
  for (const auto end = soon(); Clock::now() < end;) {
    if (condition()) return true;
    std::this_thread::sleep_for(milliseconds(5));
  }
  return false;
}

class Returns : public testing::TestWithParam<bool> {};

/// A client of a controller, durable or not.
std::unique_ptr<Connection> connect(FakeController& fake, bool durable) {
  fake.file().durable = durable;
  fake.write_file();
  auto connection = Connection::open(fake.options());
  EXPECT_TRUE(connection) << connection.error().text();
  return connection ? *std::move(connection) : nullptr;
}

/// To a task that is submitted.
void expect_one_reply(Connection& connection) {
  ASSERT_TRUE(connection.engines());
  Request request;
  request.type = "apply_request";
  int replies = 0;
  connection.submit(std::move(request), [&](Reply&&) { ++replies; });
  EXPECT_TRUE(connection.wait_all(soon()));
  EXPECT_EQ(replies, 1);
}

TEST_P(Returns, a_task_that_a_cut_took_is_sent_again_though_the_hub_was_there) {
  std::atomic<int> came = 0;
  FakeController* controller = nullptr;
  FakeController fake(1, [&](const FakeRequest& request) {
    if (request.type == "apply_request" && ++came == 1)
      return cut(controller->file().ports["task"]);
    request.reply({{"status", "ok"}});
  });
  controller = &fake;
  auto connection = connect(fake, GetParam());
  expect_one_reply(*connection);
  EXPECT_EQ(came, 2);
}

TEST_P(Returns, a_cut_before_the_first_answer_was_looked_at) {
  std::atomic<int> came = 0;
  FakeController* controller = nullptr;
  FakeController fake(1, [&](const FakeRequest& request) {
    if (request.type != "queue_request" || ++came > 1) return request.reply({{"status", "ok"}});
    cut(controller->file().ports["registration"]);
  });
  controller = &fake;
  auto connection = connect(fake, GetParam());
  bool answered = false;
  connection->ask("queue_request", "{}", [&](Reply&&) { answered = true; });
  // ZeroMQ's thread connects again, while ours has not yet come to look at what there is.
  const int port = fake.file().ports["registration"];
  ASSERT_TRUE(eventually([&] { return came == 1; }));
  ASSERT_TRUE(eventually([&] { return taken_by(port).empty(); }));
  ASSERT_TRUE(eventually([&] { return !taken_by(port).empty(); }));
  EXPECT_TRUE(connection->wait([&] { return answered; }, soon()));
}

// As by a controller that holds the old connection, and so hears nothing by the new one.
TEST_P(Returns, what_is_not_confirmed_comes_anew) {
  std::atomic<int> came = 0, unheard = 0;
  FakeController* controller = nullptr;
  FakeController fake(1, [&](const FakeRequest& request) {
    if (request.type == "apply_request" && ++came == 1)
      return cut(controller->file().ports["task"]);
    if (request.type == "cancel_request" && ++unheard == 1) return;
    request.reply({{"status", "ok"}});
  });
  controller = &fake;
  auto connection = connect(fake, GetParam());
  expect_one_reply(*connection);
  EXPECT_EQ(came, 2);
  // One more if the new connection is there before the end of the old one is seen.
  EXPECT_GE(unheard, 2);
}

// Whether it was done nobody can tell.
TEST(ReturnsWithoutJournal, what_changes_something_is_not_asked_twice) {
  std::atomic<int> came = 0;
  FakeController* controller = nullptr;
  FakeController fake(1, [&](const FakeRequest& request) {
    if (request.type != "resubmit_request") return request.reply({{"status", "ok"}});
    if (++came == 1) cut(controller->file().ports["registration"]);
  });
  controller = &fake;
  auto connection = connect(fake, false);
  ASSERT_TRUE(connection->engines());
  connection->ask("resubmit_request", "{}", [](Reply&&) {});
  const auto waited = connection->wait([] { return false; }, soon());
  ASSERT_FALSE(waited);
  EXPECT_NE(waited.error().text().find("whether it did what it was asked is not known"),
            std::string::npos)
      << waited.error().text();
  EXPECT_EQ(came, 1);
}

INSTANTIATE_TEST_SUITE_P(Controllers, Returns, testing::Bool(), [](const auto& durable) {
  return durable.param ? "durable" : "other";
});

}  // namespace
}  // namespace ipc::client
