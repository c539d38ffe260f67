// SPDX-License-Identifier: BSD-3-Clause
// The job log of a map: which items are done already, and a line for each that was printed.
#include "cmd/ipmap/ledger.hpp"

#include <algorithm>

namespace ipmap {

using ipc::Error;
using ipc::Result;
using ipc::Status;
using ipc::cli::JobRecord;

constexpr const char* kSameInput =
    "give the same input (and --block), or begin anew without --resume";

Result<std::unique_ptr<Ledger>> Ledger::open(const Settings& settings) {
  if (settings.joblog.empty()) return std::unique_ptr<Ledger>();
  IPC_TRY_ASSIGN(auto log, ipc::cli::JobLog::open(settings.joblog, settings.resume));
  std::unique_ptr<Ledger> ledger(new Ledger(std::move(log), settings));
  if (settings.resume) IPC_TRY(ledger->resume(settings.resume_failed));
  IPC_TRY(ledger->mark_.place(ledger->lines_));
  return ledger;
}

Status Ledger::resume(bool failed_again) {
  const auto left = mark_.left();
  std::uint64_t logged = 0;  // bytes of the output of a run that was killed
  IPC_TRY(ipc::cli::read_joblog(path_, [&](JobRecord&& record, size_t line) -> Status {
    if (left && line > left->log_lines) logged += record.received;
    lines_ = line;
    last_ = std::max(last_, record.seq);
    entries_[record.seq] = {std::move(record.key), line, !failed_again || record.ok()};
    return {};
  }));
  return left ? cut_tail(*left, logged) : Status();
}

Result<bool> Ledger::is_done(std::uint64_t number, std::string_view item) const {
  const auto entry = entries_.find(number);
  if (entry == entries_.end()) return false;
  const auto& [key, line, done] = entry->second;
  if (!key.empty() && key != ipc::cli::job_key(item))
    return Error{ipc::Code::bad_input,
                 path_ + ":" + std::to_string(line) + ": item " + std::to_string(number) +
                     " was another then, now it is " + shown(item) + ": the input has changed",
                 kSameInput};
  return done;
}

Result<std::vector<Chunk>> Ledger::undone(
    const Chunk& block, char separator, std::vector<std::pair<std::uint64_t, size_t>>& done) const {
  std::vector<Chunk> chunks;
  bool in_done = true;  // so the first undone item begins a chunk
  std::uint64_t number = block.first;
  for (const auto item : items_of(block, separator)) {
    IPC_TRY_ASSIGN(const bool is_done, this->is_done(number, item));
    if (is_done) {
      if (!in_done || done.empty()) done.emplace_back(number, 0);
      ++done.back().second;
    } else {
      if (in_done) chunks.push_back({number, 0, "", 0});
      chunks.back().bytes += std::string(item) + separator;
      ++chunks.back().count;
    }
    in_done = is_done;
    ++number;
  }
  return chunks;
}

Status Ledger::check_end(std::uint64_t items) const {
  if (last_ <= items) return {};
  return Error{ipc::Code::bad_input,
               path_ + ":" + std::to_string(entries_.at(last_).line) + ": item " +
                   std::to_string(last_) + " is not there any more, the input has " +
                   std::to_string(items) + " items",
               kSameInput};
}

void Ledger::printed(std::vector<Receipt>&& receipts) {
  for (auto& [bytes, record] : receipts) {
    end_ += bytes;
    waiting_.emplace_back(end_, std::move(record));
  }
}

Status Ledger::commit(std::uint64_t passed) {
  while (!waiting_.empty() && waiting_.front().first <= passed) {
    log_.add(waiting_.front().second);
    waiting_.pop_front();
  }
  return log_.flush();
}

Status Ledger::close(std::uint64_t passed) {
  IPC_TRY(commit(passed));
  if (waiting_.empty()) mark_.remove();
  return {};
}

}  // namespace ipmap
