// SPDX-License-Identifier: BSD-3-Clause
// What all clients of a cluster have run, and what came of it, as it happens.
#include "cmd/ipcluster/cells.hpp"

#include <poll.h>
#include <signal.h>

#include <utility>
#include <vector>

#include "libipc/cli/connect.hpp"
#include "libipc/cli/groups.hpp"
#include "libipc/cli/program.hpp"
#include "libipc/cli/signals.hpp"
#include "libipc/cli/targets.hpp"
#include "libipc/util/idset.hpp"

namespace ipc::cluster {
namespace {

using wire::Json;

// Engines show what ipkit's programs run for as long as they are asked to: longer than between two
// askings.
constexpr int kWatch = 30;
constexpr Duration kRenew = seconds(3);
constexpr Duration kTurn = seconds(1);

}  // namespace

Cells::Cells(const cli::Arguments& arguments, bool required)
    : arguments_(arguments),
      required_(required),
      out_(STDOUT_FILENO),
      printer_(arguments.has("json"), out_) {}

Cells::~Cells() {
  close();
}

void Cells::close() {
  printer_.finish(-1);
  out_.flush();
  feed_.reset();
  connection_.reset();
  chosen_.clear(), unanswered_.clear();
  connected_ = announced_ = false;
  renewed_ = {};
}

Status Cells::open() {
  IPC_TRY_ASSIGN(connection_, cli::connect(arguments_, false));
  IPC_TRY_ASSIGN(const auto* table, connection_->engines());
  IPC_TRY(choose(*table));
  IPC_TRY(listen());
  connection_->loop().at_turn_end([this] { out_.flush(); });
  return {};
}

Status Cells::choose(const client::EngineTable& table) {
  const auto choice = cli::target_choice(arguments_);
  all_ = choice.targets == "all" && choice.exclude.empty();
  std::vector<int> engines = table.ids();
  if (!all_) {
    IPC_TRY_ASSIGN(engines, cli::select_engines(arguments_, choice, table));
  }
  chosen_ = {engines.begin(), engines.end()};
  return {};
}

Status Cells::listen() {
  const auto& file = connection_->file();
  IPC_TRY_ASSIGN(auto signer, file.signer());
  const bool secret = !file.curve_server_key.empty();
  if (secret) curve_ = file.peer_keys();
  feed_.emplace(context_, connection_->loop(), std::move(signer));
  const auto take = [this](std::string_view parent, std::string_view type, int engine,
                           const net::Incoming& message) {
    static const std::set<std::string_view> shown = {"stream", "execute_input", "execute_result",
                                                     "display_data", "error"};
    if (engine < 0 || !shown.contains(type) || (!all_ && !chosen_.contains(engine))) return;
    const auto content = wire::parse_json(message.view.content);
    const std::string text =
        type == "stream" ? client::stream_text(message.view.content) : std::string();
    if (content || !text.empty())
      printer_.take(parent, type, engine, content ? *content : Json::object(), text);
  };
  return feed_->open(file, secret ? &curve_ : nullptr, take, [this] { connected_ = true; });
}

// Engines come and go, and forget that they are watched.
Status Cells::renew() {
  renewed_ = Clock::now();
  IPC_TRY_ASSIGN(const auto* table, connection_->refresh_engines());
  if (const auto chosen = choose(*table); !chosen && !announced_) return chosen;
  for (const auto& [id, info] : table->engines)
    if (info.is_ipkit() && (all_ || chosen_.contains(id))) IPC_TRY(watch(id));
  return {};
}

Status Cells::watch(int engine) {
  client::Request request;
  request.type = "show_request";
  request.content = R"({"seconds":)" + std::to_string(kWatch) + "}";
  const auto answered = [this, engine](client::Reply&&) { unanswered_.erase(engine); };
  unanswered_.insert(engine);
  const auto sent = connection_->control(engine, std::move(request), answered);
  return sent ? Status() : sent.error();
}

// Said once, when nothing of what is run from now on is missed.
void Cells::announce() {
  if (renewed_ == TimePoint{} || !unanswered_.empty() || std::exchange(announced_, true)) return;
  if (arguments_.has("quiet")) return;
  const std::vector<int> ids(chosen_.begin(), chosen_.end());
  cli::complain("showing what " + connection_->controller() +
                " has engines run: " + (ids.empty() ? "none yet" : format_idset(ids)));
}

Status Cells::listen_on(int fd) {
  woken_ = false;
  auto& loop = connection_->loop();
  if (fd >= 0) loop.on_fd(fd, POLLIN, [this](short) { woken_ = true; });
  loop.on_fd(STDOUT_FILENO, 0, [](short) { cli::note_signal(SIGPIPE); });
  Status waited = connected_ && Clock::now() - renewed_ >= kRenew ? renew() : Status();
  const auto done = [this] {
    announce();
    const bool must_ask = connected_ && renewed_ == TimePoint{};
    return woken_ || must_ask || cli::noted_signal() != 0;
  };
  if (waited) waited = connection_->wait(done, Clock::now() + kTurn);
  if (fd >= 0) loop.remove_fd(fd);
  loop.remove_fd(STDOUT_FILENO);
  return waited || waited.error().code == Code::timed_out ? Status() : waited;
}

Status Cells::turn(int fd) {
  Status good = connection_ ? Status() : open();
  if (good) good = listen_on(fd);
  if (good) return out_.status();
  if (connection_) close();
  if (required_) return good;
  pollfd items[] = {{fd, POLLIN, 0}, {STDOUT_FILENO, 0, 0}};
  ::poll(items, 2, 1000);
  if (items[1].revents & (POLLERR | POLLHUP)) cli::note_signal(SIGPIPE);
  return {};
}

}  // namespace ipc::cluster
