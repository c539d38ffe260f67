// SPDX-License-Identifier: BSD-3-Clause
// The map itself: items out to free engines, results in.
#include "cmd/ipmap/mapper.hpp"

#include <poll.h>

#include <algorithm>

#include "libipc/cli/program.hpp"

namespace ipmap {

using ipc::Error;
using ipc::Result;
using ipc::Status;
using ipc::TimePoint;
using ipc::client::Reply;

namespace {

constexpr size_t kChunkBytes = 4 << 20;
constexpr size_t kBytesInFlight = 64 << 20;
constexpr size_t kHeldBytes = 256 << 20;
// Each engine has one request that runs and one that waits for it.
constexpr size_t kPerEngine = 2;

}  // namespace

Mapper::Mapper(ipc::client::Connection& connection, Input& input, const Settings& settings,
               ipc::cli::Crew crew, Ledger* ledger, ipc::cli::Streams& streams,
               ipc::cli::Progress& progress)
    : connection_(connection),
      input_(input),
      settings_(settings),
      crew_(std::move(crew)),
      ledger_(ledger),
      streams_(streams),
      progress_(progress),
      remarks_(streams.err, false, false),
      presenter_(settings, input.separator(), crew_.hosts, streams.err, progress),
      results_(streams.out, settings.ordered, ledger),
      pace_(settings.chunk) {
  connection_.set_window(1'000'000);  // the limits here are tighter
  if (settings_.direct) shares_.emplace(input_, crew_.ids);
  if (!settings_.reduce.empty())
    reducer_.emplace(connection_, settings_, crew_.targets,
                     [this](Error error) { give_up(std::move(error)); });
  connection_.on_output([this](const ipc::client::Output& output) {
    if (output.type == "stream") progress_.clear(), remarks_.add(output.engine, output.data());
  });
  if (progress_.enabled())
    timer_ = connection_.loop().every(ipc::milliseconds(200), [this] { draw(); });
  // After the streams were flushed, as they were there before.
  if (ledger_ != nullptr) turn_end_ = connection_.loop().at_turn_end([this] { log_turn(); });
}

Mapper::~Mapper() {
  watch_input(false);
  if (timer_ != 0) connection_.loop().cancel(timer_);
  if (pause_ != 0) connection_.loop().cancel(pause_);
  if (ledger_ != nullptr) connection_.loop().cancel_turn_end(turn_end_);
  connection_.on_output({});
  progress_.clear();
}

Result<int> Mapper::run() {
  const auto deadline = settings_.timeout ? start_ + *settings_.timeout : TimePoint::max();
  feed();
  const auto waited = connection_.wait([this] { return finished(); }, deadline);
  progress_.clear();
  for (const auto& [engine, time] : last_reply_) remarks_.finish(engine);
  if (halted_) results_.release();
  streams_.err.flush();
  streams_.out.flush();
  if (ledger_ != nullptr) keep(ledger_->close(passed()));
  const bool unfinished = !waited || fatal_ || ended_ || !streams_.out.status();
  if (unfinished && !connection_.interrupted()) connection_.cancel_all();
  if (fatal_) return *fatal_;
  if (!waited && waited.error().code == ipc::Code::timed_out) return timed_out();
  IPC_TRY(waited);
  IPC_TRY(streams_.out.status());
  if (ledger_ != nullptr && !stopping_) IPC_TRY(ledger_->check_end(taken_));
  if (reducer_ && !stopping_) IPC_TRY(print_reduced(deadline));
  return failed_ == 0 || (halted_ && settings_.halt.what == Halt::What::success) ? 0 : 1;
}

Status Mapper::print_reduced(TimePoint deadline) {
  if (failed_ > 0)
    ipc::cli::complain(std::to_string(failed_) + " of " + std::to_string(done_) +
                       (failed_ < done_ ? " items failed: the result is without them"
                                        : " items failed: no result"));
  auto text = reducer_->finish(done_, failed_, deadline);
  if (!text && text.error().code == ipc::Code::timed_out) return timed_out();
  IPC_TRY(text);
  streams_.out.write(*text);
  streams_.out.flush();
  return streams_.out.status();
}

std::uint64_t Mapper::passed() const {
  return streams_.out.passed();
}

void Mapper::keep(ipc::Status status) {
  if (!status) give_up(std::move(status).error());
}

Error Mapper::timed_out() const {
  return {ipc::Code::timed_out,
          "timed out after " + settings_.timeout_text + ": " + std::to_string(done_) +
              " items done, the rest is cancelled",
          ""};
}

bool Mapper::finished() const {
  if (fatal_ || ended_ || !streams_.out.status()) return true;
  return connection_.in_flight() == 0 && again_.empty() && !wants_more();
}

bool Mapper::wants_more() const {
  if (stopping_) return false;
  return !input_.exhausted() || (shares_ && !shares_->empty());
}

size_t Mapper::most_in_flight() const {
  if (settings_.jobs != 0) return settings_.jobs;
  return std::max(crew_.engines, last_reply_.size()) * kPerEngine;
}

// What was answered in this turn is printed and logged: others may follow it.
void Mapper::log_turn() {
  keep(ledger_->commit(passed()));
  if (std::exchange(unlogged_, 0) > 0) feed();
}

bool Mapper::has_room() const {
  return connection_.in_flight() + unlogged_ < most_in_flight();
}

// Sends while the engines have use for it, and reads only for that.
void Mapper::feed() {
  Chunk chunk;
  while (!fatal_ && !ended_ && has_room() && !pauses() && next_chunk(chunk)) send(std::move(chunk));
  const bool room =
      has_room() && bytes_in_flight_ < kBytesInFlight && results_.held_bytes() < kHeldBytes;
  watch_input(room && !fatal_ && !stopping_ && input_.fd() >= 0);
}

bool Mapper::is_there(int engine) const {
  const auto table = connection_.engines();
  return table && (*table)->find(engine) != nullptr;
}

// True while --delay keeps the next request back.
bool Mapper::pauses() {
  const ipc::Duration left = next_send_ - ipc::Clock::now();
  if (settings_.delay == ipc::Duration{} || left <= ipc::Duration{}) return false;
  if (pause_ == 0)
    pause_ = connection_.loop().after(left, [this] {
      pause_ = 0;
      feed();
    });
  return true;
}

bool Mapper::next_chunk(Chunk& chunk) {
  while (again_.empty()) {
    if (!take_block(chunk)) return false;
    if (ledger_ == nullptr || !ledger_->knows_from(chunk.first)) return true;
    leave_out_done(chunk);
  }
  chunk = std::move(again_.front());
  again_.pop_front();
  return true;
}

// What is not done of a block goes to `again_`, in front of everything else.
void Mapper::leave_out_done(const Chunk& block) {
  std::vector<std::pair<std::uint64_t, size_t>> done;
  auto chunks = ledger_->undone(block, input_.separator(), done);
  if (!chunks) return give_up(chunks.error());
  for (const auto& [first, count] : done) {
    skipped_ += count;
    results_.add(first, count, "");
  }
  for (auto& chunk : *chunks) {
    chunk.engine = block.engine;
    again_.push_back(std::move(chunk));
  }
}

bool Mapper::take_block(Chunk& chunk) {
  if (fatal_ || stopping_ || bytes_in_flight_ >= kBytesInFlight ||
      results_.held_bytes() >= kHeldBytes)
    return false;
  if (shares_) {
    auto share = shares_->take(pace_.items(), kChunkBytes);
    if (!share) return false;
    taken_ += share->count;
    chunk = *std::move(share);
    return true;
  }
  // An engine without work takes what there is; one that has some waits for a whole request.
  const bool idle = connection_.in_flight() * kPerEngine < most_in_flight();
  auto block = input_.take(pace_.items(), kChunkBytes, idle);
  if (block.count == 0) return false;
  taken_ += block.count;
  chunk = {block.first, block.count, std::move(block.bytes)};
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
  if (chunk.engine >= 0 && !is_there(chunk.engine)) {
    Reply none;
    none.engine = chunk.engine;
    return lose_share(chunk, none, {"EngineError", "the engine has left", {}, {}, {}, "", -1});
  }
  // Until every engine has answered once, some may not know the file.
  if (settings_.file && last_reply_.size() < crew_.engines) chunk.teach = true;
  auto request = make_request(chunk, input_.separator(), settings_);
  if (!request) return give_up(request.error());
  ++chunk.tries;
  next_send_ = ipc::Clock::now() + settings_.delay;
  bytes_in_flight_ += chunk.bytes.size();
  post(std::move(chunk), *std::move(request));
}

void Mapper::post(Chunk chunk, ipc::client::Request request) {
  const int engine = chunk.engine;
  auto handler = [this, chunk = std::move(chunk), sent = ipc::Clock::now()](Reply&& reply) mutable {
    take(std::move(chunk), sent, reply);
  };
  if (engine < 0) {
    if (!crew_.targets.empty()) request.metadata["targets"] = crew_.targets;
    connection_.submit(std::move(request), std::move(handler));
    return;
  }
  shares_->sent(engine);
  if (auto sent = connection_.send(engine, std::move(request), std::move(handler)); !sent)
    give_up(sent.error());
}

void Mapper::give_up(Error error) {
  if (!fatal_) fatal_ = std::move(error);
}

void Mapper::look_at_halt() {
  if (stopping_ || !settings_.halt.reached(done_, failed_, input_.total() - skipped_)) return;
  stopping_ = halted_ = true;
  ended_ = settings_.halt.now;
  again_.clear();
  if (settings_.halt.what != Halt::What::fail) return;
  progress_.clear();
  streams_.err.write(std::string(ipc::cli::program_name()) + ": ended after " +
                     std::to_string(failed_) + (failed_ == 1 ? " failure" : " failures") +
                     " (--halt)\n");
}

void Mapper::draw() {
  ipc::cli::ProgressState state{done_ + skipped_, failed_, input_.total(),
                                ipc::Clock::now() - start_};
  if (state.total == 0 && input_.exhausted()) state.total = taken_;
  streams_.out.flush();
  streams_.err.flush();
  progress_.draw(state);
}

}  // namespace ipmap
