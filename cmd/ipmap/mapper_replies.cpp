// SPDX-License-Identifier: BSD-3-Clause
// What becomes of the engines' answers.
#include "cmd/ipmap/mapper.hpp"

#include <algorithm>
#include <optional>

#include "libipc/cli/errors.hpp"

namespace ipmap {

using ipc::TimePoint;
using ipc::client::Outcome;
using ipc::client::RemoteError;
using ipc::client::Reply;

// What the kernel says its items took; the way there and back is not in it.
static std::optional<double> seconds_of(const ipc::wire::Json& content) {
  const auto seconds = content.find("seconds");
  if (seconds == content.end() || !seconds->is_number()) return std::nullopt;
  return std::max(seconds->get<double>(), 1e-6);
}

void Mapper::take(Chunk chunk, TimePoint sent, const Reply& reply) {
  if (shares_terminal_) progress_.clear();
  bytes_in_flight_ -= chunk.bytes.size();
  if (shares_) shares_->answered(chunk.engine);
  const TimePoint now = ipc::Clock::now();
  TimePoint& last = last_reply_[reply.engine];
  const auto busy = std::chrono::duration<double>(now - std::max(last, sent)).count();
  last = now;
  if (reply.outcome == Outcome::ok) {
    const auto content = reply.content();
    const double turnaround = std::chrono::duration<double>(now - sent).count();
    pace_.measured(chunk.count, seconds_of(content).value_or(busy), turnaround);
    take_results(chunk, reply, content);
  } else {
    take_error(std::move(chunk), reply);
  }
  // A killed run runs at most what is under way again: nothing is sent before the log knows.
  if (ledger_ != nullptr)
    ++unlogged_;
  else
    feed();
}

void Mapper::take_results(const Chunk& chunk, const Reply& reply, const ipc::wire::Json& content) {
  if (reducer_) return take_partials(chunk, reply, content);
  if (presenter_.passes_lines() && ipc::wire::string_or(content, "form") == "lines") {
    done_ += chunk.count;
    const std::string_view text = reply.buffer(0);
    if (ledger_ == nullptr) return results_.add(chunk.first, chunk.count, text);
    presenter_.begin(chunk, reply);
    return results_.add(chunk.first, chunk.count, text, presenter_.receipts_of_lines(text));
  }
  auto items = parse_results(reply, content, chunk.count, settings_.json ? '\n' : settings_.out);
  if (!items) return give_up(items.error());
  presenter_.begin(chunk, reply);
  Finished finished{chunk.first, 0, "", {}};
  for (size_t i = 0; i < chunk.count && !ended_; ++i) {
    const ItemResult& item = (*items)[i];
    if (item.failed && tries_again(chunk, i)) {
      results_.add(std::exchange(finished, {chunk.first + i + 1, 0, "", {}}));
      continue;
    }
    finish(finished, i, item);
  }
  results_.add(std::move(finished));
}

void Mapper::take_partials(const Chunk& chunk, const Reply& reply, const ipc::wire::Json& content) {
  auto failures = parse_failures(content, chunk.count);
  if (!failures) return give_up(failures.error());
  if (auto added = reducer_->add(chunk.first, chunk.count, reply, content); !added)
    return give_up(added.error());
  presenter_.begin(chunk, reply);
  done_ += chunk.count - failures->size();
  for (const auto& [index, error] : *failures) {
    if (ended_) return;
    if (tries_again(chunk, index)) continue;
    Finished nothing{chunk.first, 0, "", {}};
    presenter_.report(index, error);
    add_failed(nothing, index, {{}, true, error});
  }
}

void Mapper::finish(Finished& finished, size_t index, const ItemResult& item) {
  if (item.failed) {
    presenter_.report(index, item.error);
    return add_failed(finished, index, item);
  }
  ++done_;
  keep(presenter_.add(finished, index, item));
  look_at_halt();
}

// The item was reported.
void Mapper::add_failed(Finished& finished, size_t index, const ItemResult& item) {
  ++done_;
  ++failed_;
  if (reducer_)
    reducer_->add_failed(finished.first + index);
  else
    keep(presenter_.add(finished, index, item));
  look_at_halt();
}

bool Mapper::tries_again(const Chunk& chunk, size_t index) {
  if (chunk.tries > settings_.retries || stopping_) return false;
  again_.push_back(single(chunk, input_.separator(), index));
  return true;
}

void Mapper::take_error(Chunk chunk, const Reply& reply) {
  const RemoteError error = reply.error();
  if (is_loss(error)) return take_loss(std::move(chunk), reply, error);
  if (reply.outcome == Outcome::aborted) return fail_all(chunk, reply, error);
  if (error.ename == "NoSuchFile" && !chunk.teach) {
    --chunk.tries;
    chunk.teach = true;
    return again_.push_back(std::move(chunk));
  }
  if (error.ename == "NoSuchKernel")
    return give_up(
        {ipc::Code::no_engine, "engine " + std::to_string(reply.engine) + ": " + error.evalue, ""});
  if (error.ename == "BadFile") return give_up({ipc::Code::bad_input, error.evalue, ""});
  const bool reduces = ipc::wire::string_or(reply.content(), "part") == "reduce";
  give_up({ipc::Code::failed,
           (reduces ? "--reduce: " : "") + ipc::cli::error_text(error, {settings_.verbose, false}),
           ""});
}

void Mapper::take_loss(Chunk chunk, const Reply& reply, const RemoteError& error) {
  if (shares_) return lose_share(chunk, reply, error);
  if (chunk.count > 1 && !stopping_) {
    // Which item it was shows by trying the halves; that does not count as a try.
    --chunk.tries;
    auto [low, high] = halve(chunk, input_.separator());
    again_.push_back(std::move(low));
    again_.push_back(std::move(high));
    return;
  }
  if (chunk.count == 1 && tries_again(chunk, 0)) return;
  fail_all(chunk, reply, error);
}

// What its kernel knew is gone: the engine gets nothing more.
void Mapper::lose_share(const Chunk& chunk, const Reply& reply, const RemoteError& error) {
  fail_all(chunk, reply, error);
  const Chunk rest = shares_->abandon(chunk.engine);
  taken_ += rest.count;
  fail_all(rest, reply, error);
}

void Mapper::fail_all(const Chunk& chunk, const Reply& reply, const RemoteError& error) {
  if (chunk.count == 0) return;
  presenter_.begin(chunk, reply);
  presenter_.report_all(error);
  Finished finished{chunk.first, 0, "", {}};
  const ItemResult failed{{}, true, error};
  for (size_t i = 0; i < chunk.count && !ended_; ++i) add_failed(finished, i, failed);
  if (!reducer_) results_.add(std::move(finished));
}

}  // namespace ipmap
