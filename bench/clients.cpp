// SPDX-License-Identifier: BSD-3-Clause
// Clients that do one thing many times, checking every answer.
//
//   clients FILE broadcast ROUNDS BYTES   code of BYTES to all engines, until each has answered
//   clients FILE queue COUNT BURST        COUNT tasks; after each BURST the scheduler's word that
//                                         it has them; ends when the hub knows of all. The engines
//                                         there are must not answer.
//   clients FILE visits COUNT             COUNT clients one after the other: connect, ask, go
//
// FILE is the controller's client connection file. Figures: broadcast: p50 and p99 of a round (us)
// and engines; queue: `payload`, bytes of a task's frames, and seconds; visits: seconds.
#include <cstdlib>
#include <thread>
#include <vector>

#include "bench/client.hpp"

namespace {

using bench::Client;
using bench::give_up;
using namespace ipc;

constexpr size_t kWarmup = 5;

// A request that is to run nothing anybody sees.
net::Outgoing execute(Client& client, std::string_view id, const std::string& code,
                      std::string metadata) {
  net::Outgoing request;
  request.header = client.session().header("execute_request", id);
  request.metadata = std::move(metadata);
  request.content = wire::dump_json(
      {{"code", code}, {"silent", true}, {"user_expressions", wire::Json::object()}});
  return request;
}

// One round: every engine's answer, once.
double spread(Client& client, net::Socket& socket, const std::map<long, std::string>& engines,
              const std::string& code) {
  wire::Json targets = wire::Json::array();
  std::map<std::string, bool> open;
  const std::string id = client.session().next_id();
  for (const auto& [number, uuid] : engines) {
    targets.push_back({uuid, number});
    open[id + "_" + uuid] = true;
  }
  const auto start = bench::Clock::now();
  client.send(socket, {},
              execute(client, id, code,
                      wire::dump_json({{"is_broadcast", true},
                                       {"is_coalescing", false},
                                       {"status", false},
                                       {"targets", std::move(targets)}})));
  net::Incoming answer;
  for (size_t left = engines.size(); left > 0; --left) {
    if (!client.receive(socket, answer)) client.await(socket, answer);
    const auto parent = bench::need(client.parser().header(answer.view.parent));
    const auto asked = open.find(std::string(parent.msg_id));
    if (asked == open.end() || !asked->second) give_up("an answer that was not asked for");
    asked->second = false;
    if (client.parser().field(answer.view.content, "status") != "ok")
      give_up("an answer that is not ok: " + std::string(answer.view.content));
  }
  return bench::micros_since(start);
}

void broadcast(net::Context& context, Client& client, size_t rounds, size_t bytes) {
  net::Socket socket(context, net::SocketType::dealer);
  client.connect(socket, client.connection().endpoint(client.connection().broadcast.at(0)));
  const auto engines = client.engines();
  const std::string code = "#" + std::string(bytes - 1, 'x');
  std::vector<double> times;
  for (size_t i = 0; i < kWarmup; ++i) spread(client, socket, engines, code);
  for (size_t i = 0; i < rounds; ++i) times.push_back(spread(client, socket, engines, code));
  bench::print_figure("p50", bench::percentile(times, 0.50), "us");
  bench::print_figure("p99", bench::percentile(times, 0.99), "us");
  bench::print_figure("engines", static_cast<double>(engines.size()), "engines");
}

// Tasks the hub knows of, wherever they are.
size_t known_tasks(Client& client) {
  const auto answer = client.ask("queue_request", R"({"targets":null,"verbose":false})");
  size_t tasks = 0;
  for (const auto& [key, value] : answer.items()) {
    if (key == "unassigned") tasks += value.get<size_t>();
    if (value.is_object()) tasks += value.at("tasks").get<size_t>();
  }
  return tasks;
}

// An empty cancel is answered by the scheduler itself, behind all that came before.
void acknowledge(Client& client, net::Socket& socket) {
  net::Outgoing request;
  request.header = client.session().header("cancel_request");
  request.content = R"({"msg_ids":[]})";
  client.send(socket, {}, std::move(request));
  net::Incoming answer;
  client.await(socket, answer);
  if (bench::need(client.parser().header(answer.view.header)).msg_type != "cancel_reply")
    give_up("an answer where tasks should wait: " + std::string(answer.view.header));
}

void queue(net::Context& context, Client& client, size_t count, size_t burst) {
  net::Socket socket(context, net::SocketType::dealer);
  client.connect(socket, client.connection().endpoint("task"));
  const size_t before = known_tasks(client);
  const auto start = bench::Clock::now();
  size_t payload = 0;
  for (size_t i = 0; i < count; ++i) {
    auto task = execute(client, client.session().next_id(), "pass",
                        R"({"after":[],"follow":[],"timeout":0.0,"targets":[],"retries":0})");
    payload += wire::kDelimiter.size() + 64 + task.header.size() + task.parent.size() +
               task.metadata.size() + task.content.size();
    client.send(socket, {}, std::move(task));
    if ((i + 1) % burst == 0 || i + 1 == count) acknowledge(client, socket);
  }
  while (known_tasks(client) < before + count) {
    if (bench::micros_since(start) > 600e6) give_up("the hub does not hear of all tasks");
    std::this_thread::sleep_for(milliseconds(50));  // between questions
  }
  bench::print_figure("payload", static_cast<double>(payload) / static_cast<double>(count),
                      "bytes");
  bench::print_figure("seconds", bench::micros_since(start) / 1e6, "s");
}

void visits(net::Context& context, const std::string& file, size_t count) {
  const auto start = bench::Clock::now();
  for (size_t i = 0; i < count; ++i) (void)Client(context, file).engines();
  bench::print_figure("seconds", bench::micros_since(start) / 1e6, "s");
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc > 2 ? argv[2] : "";
  const int wanted = what == "visits" ? 4 : 5;
  const size_t count = argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 0;
  const size_t more = argc > 4 ? std::strtoul(argv[4], nullptr, 10) : 1;
  if (argc != wanted || count == 0 || more == 0 ||
      (what != "broadcast" && what != "queue" && what != "visits")) {
    std::fprintf(stderr,
                 "usage: clients FILE broadcast ROUNDS BYTES | queue COUNT BURST | visits COUNT\n");
    return 64;
  }
  try {
    net::Context context;
    if (what == "visits") return visits(context, argv[1], count), 0;
    Client client(context, argv[1]);
    if (what == "broadcast")
      broadcast(context, client, count, more);
    else
      queue(context, client, count, more);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "clients: %s\n", error.what());
    return 1;
  }
}
