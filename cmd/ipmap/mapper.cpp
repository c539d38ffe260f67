// SPDX-License-Identifier: BSD-3-Clause
// The map itself: items out to free engines, results in.
#include "cmd/ipmap/mapper.hpp"

#include <poll.h>

#include <algorithm>

#include "libipc/cli/errors.hpp"
#include "libipc/cli/jobs.hpp"
#include "libipc/cli/program.hpp"
#include "libipc/cli/results.hpp"
#include "libipc/util/text.hpp"

namespace ipmap {

using ipc::Error;
using ipc::Result;
using ipc::TimePoint;
using ipc::client::Outcome;
using ipc::client::RemoteError;
using ipc::client::Reply;

namespace {

constexpr size_t kChunkBytes = 4 << 20;
constexpr size_t kBytesInFlight = 64 << 20;
constexpr size_t kHeldBytes = 256 << 20;
// Each engine has one request that runs and one that waits for it.
constexpr size_t kPerEngine = 2;

// The kernel or the engine is gone; the items are not to blame, or only one of them is.
bool is_loss(const RemoteError& error) {
  return error.ename == "KernelDied" || error.ename == "EngineError";
}

}  // namespace

Mapper::Mapper(ipc::client::Connection& connection, Input& input, const Settings& settings,
               ipc::cli::Crew crew, ipc::cli::Streams& streams, ipc::cli::Progress& progress)
    : connection_(connection),
      input_(input),
      settings_(settings),
      crew_(std::move(crew)),
      streams_(streams),
      progress_(progress),
      remarks_(streams.err, false, false),
      results_(streams.out, settings.ordered),
      pace_(settings.chunk) {
  connection_.set_window(1'000'000);  // the limits here are tighter
  connection_.on_output([this](const ipc::client::Output& output) {
    if (output.type == "stream") progress_.clear(), remarks_.add(output.engine, output.data());
  });
  if (progress_.enabled())
    timer_ = connection_.loop().every(ipc::milliseconds(200), [this] { draw(); });
}

Mapper::~Mapper() {
  watch_input(false);
  if (timer_ != 0) connection_.loop().cancel(timer_);
  connection_.on_output({});
  progress_.clear();
}

Result<int> Mapper::run() {
  const auto deadline = settings_.timeout ? start_ + *settings_.timeout : TimePoint::max();
  feed();
  const auto waited = connection_.wait([this] { return finished(); }, deadline);
  progress_.clear();
  for (const auto& [engine, time] : last_reply_) remarks_.finish(engine);
  streams_.err.flush();
  streams_.out.flush();
  const bool unfinished = !waited || fatal_ || !streams_.out.status();
  if (unfinished && !connection_.interrupted()) connection_.cancel_all();
  if (fatal_) return *fatal_;
  if (!waited && waited.error().code == ipc::Code::timed_out) return timed_out();
  IPC_TRY(waited);
  IPC_TRY(streams_.out.status());
  return failed_ == 0 ? 0 : 1;
}

Error Mapper::timed_out() const {
  return {ipc::Code::timed_out,
          "timed out after " + settings_.timeout_text + ": " + std::to_string(done_) +
              " items done, the rest is cancelled",
          ""};
}

bool Mapper::finished() const {
  if (fatal_ || !streams_.out.status()) return true;
  return connection_.tasks_in_flight() == 0 && again_.empty() && !wants_more();
}

bool Mapper::wants_more() const {
  if (stopping_) return false;
  return !input_.reader().ended() || !input_.reader().empty();
}

size_t Mapper::most_in_flight() const {
  if (settings_.jobs != 0) return settings_.jobs;
  return std::max(crew_.engines, last_reply_.size()) * kPerEngine;
}

// Sends while the engines have use for it, and reads only for that.
void Mapper::feed() {
  Chunk chunk;
  while (!fatal_ && connection_.tasks_in_flight() < most_in_flight() && next_chunk(chunk))
    send(std::move(chunk));
  const bool room = connection_.tasks_in_flight() < most_in_flight() &&
                    bytes_in_flight_ < kBytesInFlight && results_.held_bytes() < kHeldBytes;
  watch_input(room && !fatal_ && !stopping_ && input_.fd() >= 0);
}

bool Mapper::next_chunk(Chunk& chunk) {
  if (!again_.empty()) {
    chunk = std::move(again_.front());
    again_.pop_front();
    return true;
  }
  if (stopping_ || bytes_in_flight_ >= kBytesInFlight || results_.held_bytes() >= kHeldBytes)
    return false;
  auto& reader = input_.reader();
  // An engine without work takes what there is; one that has some waits for a whole request.
  const bool idle = connection_.tasks_in_flight() * kPerEngine < most_in_flight();
  if (!idle && !reader.ended() && !reader.has(pace_.items(), kChunkBytes)) return false;
  auto block = reader.take(pace_.items(), kChunkBytes);
  if (block.count == 0) return false;
  sent_ += block.count;
  chunk = {block.first, block.count, std::move(block.bytes), 0};
  return true;
}

void Mapper::watch_input(bool on) {
  if (on == watching_) return;
  watching_ = on;
  if (on)
    connection_.loop().on_fd(input_.fd(), POLLIN, [this](short) { read_more(); });
  else
    connection_.loop().remove_fd(input_.raw_fd());
}

void Mapper::read_more() {
  if (auto filled = input_.fill(); !filled) {
    stopping_ = true;
    // What is under way may end; the status says that it is not all.
    progress_.clear();
    ipc::cli::complain(filled.error().text());
    ++failed_;
  }
  feed();
}

void Mapper::send(Chunk chunk) {
  auto request = make_request(chunk, input_.separator(), settings_);
  if (!request) return give_up(request.error());
  if (!crew_.targets.empty()) request->metadata["targets"] = crew_.targets;
  ++chunk.tries;
  bytes_in_flight_ += chunk.bytes.size();
  connection_.submit(*std::move(request),
                     [this, chunk = std::move(chunk), sent = ipc::Clock::now()](
                         Reply&& reply) mutable { take(std::move(chunk), sent, reply); });
}

void Mapper::take(Chunk chunk, TimePoint sent, const Reply& reply) {
  bytes_in_flight_ -= chunk.bytes.size();
  const TimePoint now = ipc::Clock::now();
  TimePoint& last = last_reply_[reply.engine];
  const auto busy = std::chrono::duration<double>(now - std::max(last, sent)).count();
  last = now;
  if (reply.outcome == Outcome::ok) {
    pace_.measured(chunk.count, busy);
    take_results(chunk, reply);
  } else {
    take_error(std::move(chunk), reply);
  }
  look_at_halt();
  feed();
}

void Mapper::take_results(const Chunk& chunk, const Reply& reply) {
  const auto content = reply.content();
  if (!settings_.json && ipc::wire::string_or(content, "form") == "lines") {
    done_ += chunk.count;
    return results_.add(chunk.first, chunk.count, reply.buffer(0));
  }
  auto items = parse_results(reply, content, chunk.count);
  if (!items) return give_up(items.error());
  std::string text;
  size_t from = 0;  // items from here on are in `text`
  for (size_t i = 0; i < chunk.count; ++i) {
    const ItemResult& item = (*items)[i];
    if (item.failed && tries_again(chunk, i)) {
      if (i > from) results_.add(chunk.first + from, i - from, text);
      text.clear();
      from = i + 1;
      continue;
    }
    append_result(text, chunk, i, item, reply);
  }
  if (chunk.count > from) results_.add(chunk.first + from, chunk.count - from, text);
}

void Mapper::append_result(std::string& text, const Chunk& chunk, size_t index,
                           const ItemResult& item, const Reply& reply) {
  ++done_;
  if (item.failed) {
    ++failed_;
    report(chunk, index, item.error, reply.engine);
  }
  if (settings_.json) {
    text += row(chunk, index, item, reply);
    return;
  }
  if (item.failed && !settings_.is_shell()) return;
  text += item.text;
  // A command's output has its own line ends; only a missing last one is added.
  const bool ended = settings_.is_shell() && settings_.out == '\n' &&
                     (item.text.empty() || item.text.back() == '\n');
  if (!ended) text += settings_.out;
}

bool Mapper::tries_again(const Chunk& chunk, size_t index) {
  if (chunk.tries > settings_.retries || stopping_) return false;
  again_.push_back(single(chunk, input_.separator(), index));
  return true;
}

std::string Mapper::row(const Chunk& chunk, size_t index, const ItemResult& item,
                        const Reply& reply) const {
  std::string line = R"({"id":)" + ipc::json_quote(ipc::cli::job_word(reply.id)) + R"(,"number":)" +
                     std::to_string(chunk.first + index) + R"(,"item":)" +
                     ipc::json_quote(ipc::cli::item_at(chunk.bytes, input_.separator(), index)) +
                     R"(,"engine":)" + std::to_string(reply.engine);
  if (item.failed)
    line += R"(,"status":"error","error":)" + ipc::cli::json_error(item.error);
  else
    line += R"(,"status":"ok")";
  if (settings_.is_shell())
    line += R"(,"value":)" + ipc::json_quote(item.text);
  else if (!item.failed)
    line += R"(,"value":)" + std::string(item.text);
  return line + "}\n";
}

void Mapper::take_error(Chunk chunk, const Reply& reply) {
  const RemoteError error = reply.error();
  const char separator = input_.separator();
  if (error.ename == "NoSuchKernel")
    return give_up(
        {ipc::Code::no_engine, "engine " + std::to_string(reply.engine) + ": " + error.evalue, ""});
  if (!is_loss(error) && reply.outcome != Outcome::aborted)
    return give_up(
        {ipc::Code::failed, ipc::cli::error_text(error, {settings_.verbose, false}), ""});
  if (is_loss(error) && chunk.count > 1 && !stopping_) {
    // Which item it was shows by trying the halves; that does not count as a try.
    --chunk.tries;
    auto [low, high] = halve(chunk, separator);
    again_.push_back(std::move(low));
    again_.push_back(std::move(high));
    return;
  }
  if (is_loss(error) && chunk.count == 1 && tries_again(chunk, 0)) return;
  std::string text;
  const ItemResult failed{{}, true, error};
  for (size_t i = 0; i < chunk.count; ++i) append_result(text, chunk, i, failed, reply);
  results_.add(chunk.first, chunk.count, text);
}

void Mapper::report(const Chunk& chunk, size_t index, const RemoteError& error, int engine) {
  if (settings_.quiet && error.ename == "ExitStatus") return;
  progress_.clear();
  std::string text = "item " + std::to_string(chunk.first + index) + " (" +
                     shown(ipc::cli::item_at(chunk.bytes, input_.separator(), index)) + "): ";
  if (engine >= 0) text += "engine " + std::to_string(engine) + ": ";
  const std::string tries =
      chunk.tries > 1 ? "; tried " + std::to_string(chunk.tries) + " times" : std::string();
  text += ipc::cli::error_text(error, {settings_.verbose, settings_.quiet, tries});
  streams_.err.write(std::string(ipc::cli::program_name()) + ": " + text + "\n");
}

void Mapper::give_up(Error error) {
  if (!fatal_) fatal_ = std::move(error);
}

void Mapper::look_at_halt() {
  const Halt& halt = settings_.halt;
  const bool by_count = halt.count != 0 && failed_ >= halt.count;
  const bool by_percent =
      halt.percent != 0 && failed_ >= 3 && failed_ * 100 >= halt.percent * done_;
  if ((!by_count && !by_percent) || stopping_) return;
  stopping_ = true;
  again_.clear();
  const std::string what = "ended after " + std::to_string(failed_) + " failures (--halt)";
  if (halt.now) return give_up({ipc::Code::failed, what, ""});
  streams_.err.write(std::string(ipc::cli::program_name()) + ": " + what + "\n");
}

void Mapper::draw() {
  ipc::cli::ProgressState state{done_, failed_, input_.total(), ipc::Clock::now() - start_};
  if (state.total == 0 && input_.reader().ended() && input_.reader().empty()) state.total = sent_;
  streams_.err.flush();
  progress_.draw(state);
}

}  // namespace ipmap
