// SPDX-License-Identifier: BSD-3-Clause
// iptop while it runs: asks, draws, and does what keys say.
#include "cmd/iptop/live.hpp"

#define NCURSES_NOMACROS 1  // they have names such as clear
#include <curses.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "libipc/cli/connect.hpp"
#include "libipc/client/cancel.hpp"
#include "libipc/client/jobs.hpp"

namespace iptop {

using ipc::Status;
using ipc::client::Reply;
using ipc::wire::Json;

namespace {

constexpr int kEscape = 27, kErase = 127, kCtrlL = 12;
// Engines that are not on the screen, asked each time: all of them are heard of in a while.
constexpr size_t kOthers = 50;
constexpr size_t kOutputLines = 1000;
// Often enough for ages, seldom enough to cost nothing.
constexpr ipc::Duration kDraw = ipc::milliseconds(250);
constexpr ipc::Duration kActing = ipc::seconds(5);

}  // namespace

Status Asker::renew(Model& model) {
  must_renew_ = false;
  IPC_TRY_ASSIGN(const auto* table, connection_.refresh_engines());
  std::vector<int> chosen;
  if (!table->engines.empty() || arguments_.has("targets")) {
    IPC_TRY_ASSIGN(chosen, ipc::cli::choose_engines(connection_, arguments_));
  }
  model.set_engines(*table, chosen);
  std::erase_if(unanswered_, [&](int engine) { return table->find(engine) == nullptr; });
  return {};
}

void Asker::ask_hub(Model& model) {
  if (std::exchange(asking_, true)) return;
  const Json question = {
      {"targets", nullptr}, {"verbose", false}, {"ipkit", true}, {"since", model.since()}};
  connection_.ask("queue_request", ipc::wire::dump_json(question), [&](Reply&& reply) {
    asking_ = false;
    if (!model.take_queue(reply.content(), ipc::Clock::now())) must_renew_ = true;
  });
}

void Asker::ask_engine(Model& model, int engine) {
  const Row* row = model.find(engine);
  if (row == nullptr || !row->is_ipkit || unanswered_.contains(engine)) return;
  ipc::client::Request request;
  request.type = "state_request";
  const auto sent = connection_.control(engine, std::move(request), [&, engine](Reply&& reply) {
    unanswered_.erase(engine);
    model.take_state(engine, reply.content(), ipc::Clock::now());
  });
  if (sent) unanswered_.insert(engine);
}

Live::Live(ipc::client::Connection& connection, const ipc::cli::Arguments& arguments,
           const Settings& settings)
    : connection_(connection), settings_(settings), asker_(connection, arguments) {
  view_.where = connection.controller();
  view_.key = settings.key;
  view_.filter = settings.filter;
}

Live::~Live() {
  connection_.loop().cancel(timer_);
  connection_.loop().cancel(drawing_);
  connection_.loop().remove_fd(STDIN_FILENO);
  connection_.forget_all();
}

Status Live::run() {
  IPC_TRY(asker_.renew(model_));
  IPC_TRY_ASSIGN(screen_, Screen::open());
  auto& loop = connection_.loop();
  loop.on_fd(STDIN_FILENO, POLLIN, [this](short events) {
    if ((events & POLLIN) == 0) done_ = true;  // the terminal has gone
    take_keys();
    draw();
  });
  drawing_ = loop.every(kDraw, [this] { draw(); });
  timer_ = loop.every(settings_.delay, [this] { look(); });
  look();
  draw();
  while (!done_) IPC_TRY(turn());
  return {};
}

// Until there is something to be done that waits.
Status Live::turn() {
  IPC_TRY(connection_.wait([this] { return done_ || action_ != 0 || asker_.must_renew(); }));
  if (asker_.must_renew()) {
    IPC_TRY(asker_.renew(model_));
    asker_.ask_hub(model_);
  }
  return action_ != 0 ? act() : Status();
}

void Live::look() {
  asker_.ask_hub(model_);
  take_keys();  // a new size of the window comes as one
  const size_t end = std::min(view_.top + screen_->place(), view_.order.size());
  for (size_t i = view_.top; i < end; ++i) asker_.ask_engine(model_, view_.order[i]);
  const auto& rows = model_.rows();
  if (rows.empty()) return;
  auto row = std::next(rows.begin(), static_cast<long>(next_ % rows.size()));
  for (size_t i = 0; i < std::min(kOthers, rows.size()); ++i, ++next_) {
    asker_.ask_engine(model_, row->first);
    if (++row == rows.end()) row = rows.begin();
  }
}

void Live::draw() {
  const auto now = ipc::Clock::now();
  view_.order = model_.shown(view_.key, view_.reverse, view_.filter, now);
  select(0);
  screen_->draw(model_, view_, now);
}

void Live::select(long by) {
  const auto& order = view_.order;
  if (order.empty()) return void((view_.selected = -1, view_.top = 0));
  const auto found = std::find(order.begin(), order.end(), view_.selected);
  long at = found == order.end() ? 0 : found - order.begin();
  at = std::clamp(at + by, 0L, static_cast<long>(order.size()) - 1);
  view_.selected = order[static_cast<size_t>(at)];
  const size_t place = screen_->place(), row = static_cast<size_t>(at);
  if (row < view_.top) view_.top = row;
  if (row >= view_.top + place) view_.top = row - place + 1;
  view_.top = std::min(view_.top, order.size() - std::min(place, order.size()));
}

void Live::take_keys() {
  for (int key = screen_->key(); key != ERR; key = screen_->key()) take_key(key);
}

// The line that is typed; true if the key was for it.
bool Live::take_filter_key(int key) {
  if (!view_.editing) return false;
  if (key == '\r' || key == '\n' || key == KEY_ENTER || key == kEscape) {
    view_.editing = false;
    if (key == kEscape) view_.filter.clear();
  } else if ((key == KEY_BACKSPACE || key == kErase || key == '\b')) {
    if (!view_.filter.empty()) view_.filter.pop_back();
  } else if (key >= ' ' && key < 256) {
    view_.filter += static_cast<char>(key);
  }
  return true;
}

void Live::sort_by(int by) {
  const int count = static_cast<int>(key_names().size());
  view_.key = static_cast<Key>((static_cast<int>(view_.key) + by + count) % count);
  view_.top = 0;
}

void Live::take_key(int key) {
  if (key == KEY_RESIZE) return;
  if (asked_ != 0) {
    action_ = key == 'y' ? asked_ : '\0';
    asked_ = 0;
    view_.message = action_ != 0 ? "…" : "";
    return;
  }
  if (take_filter_key(key)) return;
  view_.message.clear();
  const auto page = static_cast<long>(screen_->place());
  const auto all = static_cast<long>(view_.order.size());
  switch (key) {
    case 'q':
      if (view_.followed || view_.help)
        view_.followed.reset(), view_.help = false;
      else
        done_ = true;
      break;
    case kEscape:
      if (!view_.followed && !view_.help) view_.filter.clear();
      view_.followed.reset(), view_.help = false;
      break;
    case KEY_UP:
    case 'k':
      select(-1);
      break;
    case KEY_DOWN:
    case 'j':
      select(1);
      break;
    case KEY_PPAGE:
      select(-page);
      break;
    case KEY_NPAGE:
      select(page);
      break;
    case KEY_HOME:
      select(-all);
      break;
    case KEY_END:
      select(all);
      break;
    case 's':
      sort_by(1);
      break;
    case 'S':
      sort_by(-1);
      break;
    case 'r':
      view_.reverse = !view_.reverse;
      break;
    case '/':
      view_.editing = true;
      view_.filter.clear();
      break;
    case '?':
    case 'h':
      view_.help = !view_.help;
      break;
    case 'i':
    case 'K':
      question(static_cast<char>(key));
      break;
    case 'f':
    case '\r':
    case '\n':
    case KEY_ENTER:
      action_ = 'f';
      break;
    case kCtrlL:
      clearok(stdscr, TRUE);
      break;
    default:
      break;
  }
}

void Live::question(char action) {
  const Row* row = model_.find(view_.selected);
  if (row == nullptr) return;
  const std::string engine = "engine " + std::to_string(row->id);
  subject_engine_ = row->id;
  subject_ = row->task_id;
  if (action == 'i' && subject_.empty())
    return void(view_.message = engine + " runs nothing that is known");
  view_.message = action == 'i' ? "interrupt '" + row->task + "' on " + engine + "? y/n"
                                : "kill the kernel of " + engine + "? y/n";
  asked_ = action;
}

Status Live::act() {
  const char action = std::exchange(action_, '\0');
  const auto deadline = ipc::Clock::now() + kActing;
  if (action == 'f') return view_.selected < 0 ? Status() : follow(view_.selected);
  const std::string engine = "engine " + std::to_string(subject_engine_);
  if (action == 'i') {
    const auto fates = ipc::client::cancel_jobs(connection_, {subject_}, deadline);
    if (!fates && connection_.interrupted()) return fates.error();
    if (!fates) {
      view_.message = fates.error().text();
      return {};
    }
    const auto found = fates->find(subject_);
    const auto fate = found == fates->end() ? ipc::client::Fate::unknown : found->second;
    view_.message = fate == ipc::client::Fate::ended     ? "it had ended already"
                    : fate == ipc::client::Fate::unknown ? "nobody knows it any more"
                                                         : engine + ": interrupted";
    return {};
  }
  ipc::client::Request request;
  request.type = "signal_request";
  request.content = R"({"sig":)" + std::to_string(SIGKILL) + "}";
  const auto sent =
      connection_.control(subject_engine_, std::move(request), [this, engine](Reply&& reply) {
        view_.message = reply.outcome == ipc::client::Outcome::ok ? engine + ": kernel killed"
                                                                  : reply.error().evalue;
      });
  if (!sent) view_.message = sent.error().text();
  return {};
}

Status Live::follow(int engine) {
  view_.followed = engine;
  view_.output.clear();
  partial_.clear();
  if (feed_) return {};
  const auto& file = connection_.file();
  IPC_TRY_ASSIGN(auto signer, file.signer());
  const bool secret = !file.curve_server_key.empty();
  if (secret) {
    curve_ = ipc::net::new_curve_keys();
    curve_.server_key = file.curve_server_key;
  }
  feed_.emplace(context_, connection_.loop(), std::move(signer));
  const auto take = [this](std::string_view, std::string_view type, int id,
                           const ipc::net::Incoming& message) {
    if (view_.followed == id && type == "stream")
      add_output(ipc::client::stream_text(message.view.content));
  };
  return feed_->open(file, secret ? &curve_ : nullptr, take, [] {});
}

void Live::add_output(std::string text) {
  text = partial_ + text;
  size_t begin = 0;
  for (size_t end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
    view_.output.push_back(text.substr(begin, end - begin));
  partial_ = text.substr(begin);
  while (view_.output.size() > kOutputLines) view_.output.pop_front();
}

}  // namespace iptop
