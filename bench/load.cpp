// SPDX-License-Identifier: BSD-3-Clause
// A client that loads a running controller and checks every answer.
//
//   load FILE CHANNEL COUNT WINDOW [ENGINES] [--status] [--payload=BYTES] [--code=TEXT]
//
// FILE is the controller's client connection file. CHANNEL: `direct` (mux, the engines in turn),
// `one` (mux, the first engine only) or `task` (load-balanced). Keeps WINDOW requests on the way
// until COUNT are answered. It waits until ENGINES (default 1) are registered. Every message is
// built and signed anew; of every reply the signature, the parent, the type and the status are
// checked. `--status` asks for busy and idle messages as clients of the reference do (nobody
// subscribes to them); by default they are refused, as by our own clients. The code is `pass`.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bench/client.hpp"
#include "libipc/util/text.hpp"

namespace {

using bench::Client;
using bench::give_up;
using bench::need;
using namespace ipc;

constexpr size_t kWarmup = 500;
constexpr int kDrainLimit = 256;
constexpr std::string_view kBalanced =
    R"("after":[],"follow":[],"timeout":0.0,"targets":[],"retries":0)";

struct Options {
  std::string file, channel, code = "pass";
  size_t count = 0, window = 0, engines = 1, payload = 0;
  bool status = false;
};

class Load {
 public:
  Load(net::Context& context, const Options& options)
      : options_(options),
        client_(context, options.file),
        requests_(context, net::SocketType::dealer),
        payload_(options.payload, 'x'),
        content_(R"({"code":)" + json_quote(options.code) +
                 R"(,"silent":true,"user_expressions":{}})") {
    client_.connect(requests_,
                    client_.connection().endpoint(options.channel == "task" ? "task" : "mux"));
    metadata_ = options.channel == "task" ? std::string(kBalanced) : "";
    if (!options.status) metadata_ += metadata_.empty() ? "" : ",";
    if (!options.status) metadata_ += R"("status":false)";
    metadata_ = "{" + metadata_ + "}";
  }

  /// Asks the hub until enough engines are registered.
  void find_engines() {
    const auto start = bench::Clock::now();
    while (engines_.size() < options_.engines) {
      if (bench::micros_since(start) > 1000.0 * bench::kPatienceMs)
        give_up("only " + std::to_string(engines_.size()) + " engines after 10 s");
      if (!engines_.empty()) std::this_thread::sleep_for(milliseconds(20));
      engines_.clear();
      for (const auto& [id, uuid] : client_.engines()) engines_.push_back(uuid);
    }
    if (options_.channel == "one") engines_.resize(1);
  }

  /// `count` requests; latencies in microseconds. Returns the time for all.
  double run(size_t count, std::vector<double>& latencies) {
    sent_.assign(count, {});
    answered_.assign(count, false);
    latencies.clear();
    latencies.reserve(count);
    run_prefix_ = "r" + std::to_string(++runs_) + "_" + client_.session().id() + "_";
    const size_t tenth = std::max<size_t>(count / 10, 1);
    const auto start = bench::Clock::now();
    for (size_t out = 0; latencies.size() < count;) {
      for (; out < count && out - latencies.size() < options_.window; ++out) send(out);
      if (!Client::wait_input(requests_)) give_up("no answer within 10 s");
      for (int n = 0; n < kDrainLimit && client_.receive(requests_, incoming_); ++n) {
        latencies.push_back(bench::micros_since(sent_[check(out)]));
        if (latencies.size() == tenth) first_tenth_ = bench::micros_since(start);
        if (latencies.size() == count - tenth) last_tenth_ = bench::micros_since(start);
      }
    }
    const double total = bench::micros_since(start);
    last_tenth_ = total - last_tenth_;
    tenth_ = tenth;
    return total;
  }

  /// Of the last run: how fast it began, and ended.
  void print_tenths() const {
    const double tasks = 1e6 * static_cast<double>(tenth_);
    bench::print_figure("first-tenth", tasks / first_tenth_, "tasks/s");
    bench::print_figure("last-tenth", tasks / last_tenth_, "tasks/s");
  }

 private:
  void send(size_t index) {
    sent_[index] = bench::Clock::now();
    net::Outgoing request;
    request.header =
        client_.session().header("execute_request", run_prefix_ + std::to_string(index));
    request.metadata = metadata_;
    request.content = content_;
    if (!payload_.empty()) request.buffers.emplace_back(std::string_view(payload_));
    std::string_view engine;
    if (options_.channel != "task") engine = engines_[index % engines_.size()];
    const std::span identities(&engine, engine.empty() ? 0 : 1);
    client_.send(requests_, identities, std::move(request));
  }

  /// The index of the request that the message received answers.
  size_t check(size_t out) {
    const auto& reply = incoming_.view;
    if (need(client_.parser().header(reply.header)).msg_type != "execute_reply")
      give_up("an answer of another type: " + std::string(reply.header));
    const std::string_view id = need(client_.parser().header(reply.parent)).msg_id;
    if (!id.starts_with(run_prefix_)) give_up("an answer to another client: " + std::string(id));
    const size_t index = std::strtoul(id.data() + run_prefix_.size(), nullptr, 10);
    if (index >= out || answered_[index]) give_up("an answer that was not asked for");
    answered_[index] = true;
    if (client_.parser().field(reply.content, "status") != "ok")
      give_up("an answer that is not ok: " + std::string(reply.content));
    return index;
  }

  const Options& options_;
  Client client_;
  net::Socket requests_;
  net::Incoming incoming_;
  std::string payload_, content_, metadata_, run_prefix_;
  std::vector<std::string> engines_;
  std::vector<bench::Clock::time_point> sent_;
  std::vector<bool> answered_;
  int runs_ = 0;
  size_t tenth_ = 1;
  double first_tenth_ = 0, last_tenth_ = 0;  // microseconds
};

bool parse(int argc, char** argv, Options& options) {
  std::vector<std::string> operands;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--status")
      options.status = true;
    else if (argument.starts_with("--payload="))
      options.payload = std::strtoul(argv[i] + 10, nullptr, 10);
    else if (argument.starts_with("--code="))
      options.code = argument.substr(7);
    else
      operands.push_back(argument);
  }
  if (operands.size() < 4 || operands.size() > 5) return false;
  options.file = operands[0];
  options.channel = operands[1];
  options.count = std::strtoul(operands[2].c_str(), nullptr, 10);
  options.window = std::strtoul(operands[3].c_str(), nullptr, 10);
  if (operands.size() == 5) options.engines = std::strtoul(operands[4].c_str(), nullptr, 10);
  const std::string& channel = options.channel;
  const bool known = channel == "direct" || channel == "one" || channel == "task";
  return known && options.count > 0 && options.window > 0 && options.engines > 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse(argc, argv, options)) {
    std::fprintf(stderr,
                 "usage: load FILE direct|one|task COUNT WINDOW [ENGINES] [--status] "
                 "[--payload=BYTES] [--code=TEXT]\n");
    return 64;
  }
  try {
    net::Context context;
    Load load(context, options);
    load.find_engines();
    std::vector<double> latencies;
    load.run(kWarmup, latencies);
    const double total = load.run(options.count, latencies);
    bench::print_run(latencies, options.count, total);
    load.print_tenths();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "load: %s\n", error.what());
    return 1;
  }
}
