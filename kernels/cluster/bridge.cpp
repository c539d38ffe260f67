// SPDX-License-Identifier: BSD-3-Clause
// The life of a bridge: the cluster is found, its engines are counted, one of both ends.
#include "kernels/cluster/bridge.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "libipc/client/jobs.hpp"
#include "libipc/config/paths.hpp"
#include "libipc/util/text.hpp"

namespace ipc::cluster {
namespace {

constexpr std::string_view kPrefix = "cluster:";
// An engine gives its kernel 60 s to get ready.
constexpr Duration kFirstEngine = seconds(50);
constexpr Duration kLook = seconds(2);
// Half of what an engine gives its kernel to end.
constexpr Duration kCancelLimit = milliseconds(500);

Result<config::ClusterName> find_cluster(const std::string& word) {
  const std::string name = word.starts_with(kPrefix) ? word.substr(kPrefix.size()) : "";
  const size_t slash = std::min(name.find('/'), name.size());
  config::ClusterOptions given;
  given.profile = name.substr(0, slash);
  given.cluster_id = slash < name.size() ? name.substr(slash + 1) : "";
  if (given.profile->empty())
    return Error{Code::usage, "'" + word + "' is no cluster",
                 "cluster:PROFILE or cluster:PROFILE/ID"};
  return config::resolve_cluster(given);
}

}  // namespace

Status run(int fd, const std::string& word) {
  IPC_TRY_ASSIGN(const auto cluster, find_cluster(word));
  client::Options options;
  options.path = config::connection_file(cluster, config::FileKind::client);
  options.profile = cluster.profile;
  options.cluster_id = cluster.cluster_id;
  IPC_TRY_ASSIGN(auto connection, client::Connection::open(std::move(options)));
  return Bridge(fd, std::move(connection), word).run();
}

Bridge::Bridge(int fd, std::unique_ptr<client::Connection> connection, std::string name)
    : connection_(std::move(connection)),
      name_(std::move(name)),
      link_(connection_->loop(), fd,
            {[this](const engine::KernelMessage& message) { from_engine(message); },
             [this] { leave(); }, [this] { connection_->hold_output(false); }}) {
  connection_->on_output([this](const client::Output& message) { output(message); });
}

Status Bridge::run() {
  IPC_TRY(watch_signals());
  const Status found = wait_for_engines();
  if (leaving_) return {};
  IPC_TRY(found);
  ready();
  connection_->loop().every(kLook, [this] { look_due_ = true; });
  Status ended;
  while (ended && !leaving_) {
    ended = connection_->wait([this] { return leaving_ || look_due_; });
    if (ended && look_due_ && !leaving_) ended = look_at_engines();
  }
  link_.flush_all();
  if (!leaving_) return ended;
  // Nobody waits for it any more.
  connection_->cancel_all(kCancelLimit);
  return {};
}

Status Bridge::watch_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  signals_.reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_) return system_error(Code::internal, "signalfd");
  connection_->loop().on_fd(signals_.get(), POLLIN, [this](short) { leave(); });
  return {};
}

Status Bridge::wait_for_engines() {
  const auto there = client::wait_for_engines(*connection_, 1, Clock::now() + kFirstEngine);
  if (!there && there.error().code == Code::timed_out)
    return Error{Code::no_controller, connection_->controller() + " has no engines", ""};
  if (!there) return there.error();
  return look_at_engines();
}

Status Bridge::look_at_engines() {
  look_due_ = false;
  if (is_ready_) IPC_TRY(connection_->refresh_engines());
  IPC_TRY_ASSIGN(const client::EngineTable* table, connection_->engines());
  engines_ = table->ids();
  std::size_t slots = 0;
  for (const auto& [id, info] : table->engines) {
    if (info.uuid == engine_uuid_) continue;
    const bool is_cluster = info.kernel.starts_with(kPrefix);
    slots += is_cluster ? static_cast<std::size_t>(info.prefetch) : 1;
  }
  if (slots == std::exchange(slots_, slots) || !is_ready_) return {};
  link_.send(R"({"msg_type":"slots"})", "{}", "{\"slots\":" + std::to_string(slots_) + "}");
  return {};
}

// Code for this kernel is code for its engines.
void Bridge::ready() {
  is_ready_ = true;
  wire::Json content = {
      {"language", ""}, {"version", ""}, {"pid", ::getpid()}, {"prefetch", 32}, {"slots", slots_}};
  if (const auto table = connection_->engines(); table && !(*table)->engines.empty()) {
    const client::EngineInfo& first = (*table)->engines.begin()->second;
    content["language"] = first.language.empty() ? "python" : first.language;
    content["version"] = first.language_version;
  }
  link_.send(R"({"msg_type":"ready"})", "{}", wire::dump_json(content));
}

// The engine has gone, or wants us to.
void Bridge::leave() {
  leaving_ = true;
  connection_->loop().remove_fd(signals_.get());
  connection_->interrupt();
}

}  // namespace ipc::cluster
