// SPDX-License-Identifier: BSD-3-Clause
// The whole system in one process: controller, two engines with echo kernels, a client, over ipc.
#include <filesystem>

#include "cmd/ipcontroller/controller.hpp"
#include "libipc/client/connection.hpp"
#include "libipc/net/actor.hpp"
#include "libipc/util/file.hpp"
#include "tests/unit/engine/world.hpp"

namespace ipc {
namespace {

constexpr int kEngines = 2;

struct Whole : testing::Test {
  void SetUp() override {
    directory = std::filesystem::temp_directory_path() / "ipkit-test-XXXXXX";
    ASSERT_NE(::mkdtemp(directory.data()), nullptr);
    ControllerOptions options;
    options.client_interface = options.engine_interface = "ipc://" + directory + "/socket";
    options.key = "key";
    options.task_bytes = task_bytes;
    auto started = Controller::start(context, std::move(options));
    ASSERT_TRUE(started) << started.error().text();
    controller = *std::move(started);
    start_engines();
    open_client();
  }

  void TearDown() override {
    client.reset();
    engines_loop.reset();
    controller.reset();
    std::filesystem::remove_all(directory);
  }

  // The engines share a loop in a thread of their own, as the client's waits turn only its loop.
  void start_engines() {
    engines_loop = std::make_unique<net::Actor>(
        [this](net::Loop& loop) {
          for (int i = 0; i < kEngines; ++i) {
            engine::EngineConfig config;
            config.kernel = "echo";
            auto& launcher = launchers.emplace_back(loop);
            auto& engine =
                engines.emplace_back(context, loop, launcher, nullptr, config,
                                     engine::Engine::Callbacks{{}, [](const Status&) {}});
            const auto status = engine.start(controller->engine_connection());
            EXPECT_TRUE(status) << status.error().text();
          }
        },
        [this] {
          engines.clear();
          launchers.clear();
        });
  }

  void open_client() {
    client::Options options;
    options.path = directory + "/client.json";
    ASSERT_TRUE(
        write_file_atomically(options.path, net::to_json(controller->client_connection(), false)));
    auto opened = client::Connection::open(std::move(options));
    ASSERT_TRUE(opened) << opened.error().text();
    client = *std::move(opened);
    const auto waited = client->ask_and_wait(
        "wait_request", "{\"engines\":" + std::to_string(kEngines) + "}", limit());
    ASSERT_TRUE(waited) << waited.error().text();
    const auto table = client->refresh_engines();
    ASSERT_TRUE(table) << table.error().text();
    ASSERT_EQ((*table)->engines.size(), size_t{kEngines});
  }

  static TimePoint limit() { return Clock::now() + seconds(20); }

  static client::Request echo(const std::string& text) {
    client::Request request;
    request.type = "apply_request";
    request.buffers.emplace_back(text);
    return request;
  }

  std::uint64_t task_bytes = 0;
  std::string directory;
  net::Context context;
  std::unique_ptr<Controller> controller;
  std::deque<engine::test::FakeLauncher> launchers;
  std::deque<engine::Engine> engines;
  std::unique_ptr<net::Actor> engines_loop;
  std::unique_ptr<client::Connection> client;
};

TEST_F(Whole, DirectRequestsAreAnsweredByTheEngineAsked) {
  int answered = 0;
  for (int id = 0; id < kEngines; ++id) {
    const auto sent = client->send(id, echo("to " + std::to_string(id)), [&, id](auto&& reply) {
      EXPECT_EQ(reply.outcome, client::Outcome::ok);
      EXPECT_EQ(reply.engine, id);
      EXPECT_EQ(reply.buffer(0), "to " + std::to_string(id));
      ++answered;
    });
    ASSERT_TRUE(sent) << sent.error().text();
  }
  const auto done = client->wait_all(limit());
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ(answered, kEngines);
  EXPECT_EQ(client->send(7, echo(""), {}).error().code, Code::no_engine);
}

struct Crowded : Whole {
  Crowded() { task_bytes = 100000; }
};

TEST_F(Crowded, TasksBeyondTheMemoryAreRefusedAndSaidSo) {
  std::string refused;
  int answered = 0;
  client->submit(echo(std::string(200000, 'x')),
                 [&](auto&& reply) { refused = reply.error().ename; });
  for (int i = 0; i < 20; ++i) {
    client->submit(echo(std::string(50000, 'y')), [&](auto&& reply) {
      EXPECT_EQ(reply.outcome, client::Outcome::ok);
      ++answered;
    });
    const auto done = client->wait_all(limit());
    ASSERT_TRUE(done) << done.error().text();
  }
  EXPECT_EQ(refused, "QueueFull");
  EXPECT_EQ(answered, 20);
}

TEST_F(Whole, TasksAreEachAnsweredOnceAndBothEnginesWork) {
  constexpr int kTasks = 1000;
  std::vector<int> answers(kTasks), by_engine(kEngines);
  for (int i = 0; i < kTasks; ++i)
    client->submit(echo(std::to_string(i)), [&](auto&& reply) {
      ++answers[std::stoul(std::string(reply.buffer(0)))];
      ++by_engine[static_cast<size_t>(reply.engine)];
    });
  const auto done = client->wait_all(limit());
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_EQ(answers, std::vector<int>(kTasks, 1));
  for (const int n : by_engine) EXPECT_GT(n, 0);
}

TEST_F(Whole, TheHubKnowsWhatWasDone) {
  const std::string id = client->submit(echo("x"), [](auto&&) {});
  ASSERT_TRUE(client->wait_all(limit()));
  const auto waited =
      client->ask_and_wait("wait_request", R"({"msg_ids":[")" + id + "\"]}", limit());
  ASSERT_TRUE(waited) << waited.error().text();
  EXPECT_EQ(waited->content()["done"][id], "ok");
  const auto history = client->ask_and_wait("history_request", "{}", limit());
  ASSERT_TRUE(history);
  EXPECT_EQ(history->content()["history"], wire::Json::array({id}));
}

}  // namespace
}  // namespace ipc
