// SPDX-License-Identifier: BSD-3-Clause
// --cyclic: the elements of several engines in turn.
#include "cmd/ipgather/cyclic.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace ipgather {

using ipc::Code;
using ipc::Error;
using ipc::Result;
using ipc::Status;
using ipc::cli::DataSession;
using ipc::client::FetchAnswer;
using ipc::client::FetchPart;
using ipc::client::FetchQuery;

constexpr size_t kWindow = 256u << 10;

namespace {

/// One engine's value, read a window at a time.
class Part {
 public:
  Part(const DataSession& session, const FetchQuery& query, const FetchPart& part, uint64_t offset)
      : session_(session), query_(query), part_(part), at_(offset) {}

  /// The bytes up to the next NUL, which is taken too, in pieces.
  Status element(const Sink& sink) {
    while (true) {
      IPC_TRY(fill());
      const size_t end = window_.find('\0', from_);
      const size_t until = std::min(end, window_.size());
      IPC_TRY(sink(std::string_view(window_).substr(from_, until - from_)));
      from_ = end == std::string::npos ? until : end + 1;
      if (end != std::string::npos) return {};
    }
  }

  Status bytes(uint64_t size, const Sink& sink) {
    while (size > 0) {
      IPC_TRY(fill());
      const auto taken = static_cast<size_t>(std::min<uint64_t>(size, window_.size() - from_));
      IPC_TRY(sink(std::string_view(window_).substr(from_, taken)));
      from_ += taken;
      size -= taken;
    }
    return {};
  }

  bool at_end() const { return from_ == window_.size() && at_ == part_.sizes[0]; }

 private:
  // At least one byte is there afterwards.
  Status fill() {
    if (from_ < window_.size()) return {};
    IPC_TRY_ASSIGN(window_, read_range(*session_, query_, part_, 0, at_, kWindow));
    from_ = 0;
    at_ += window_.size();
    if (window_.empty())
      return Error{Code::failed, "engine " + std::to_string(part_.engine) + ": its part is short",
                   ""};
    return {};
  }

  const DataSession& session_;
  const FetchQuery& query_;
  const FetchPart& part_;
  std::string window_;
  size_t from_ = 0;
  uint64_t at_;
};

}  // namespace

// In turn, the first engines have one more than the others, or all the same.
static Status check_counts(const FetchAnswer& answer, const std::vector<uint64_t>& counts) {
  for (size_t i = 1; i < counts.size(); ++i) {
    if (counts[i] <= counts[i - 1] && counts[0] - counts[i] <= 1) continue;
    return Error{Code::failed,
                 "the parts were not dealt out in turn: engine " +
                     std::to_string(answer.parts[0].engine) + " has " + std::to_string(counts[0]) +
                     " elements and engine " + std::to_string(answer.parts[i].engine) + " " +
                     std::to_string(counts[i]),
                 "without --cyclic they come engine by engine"};
  }
  return {};
}

static std::vector<Part> parts_of(const DataSession& session, const FetchQuery& query,
                                  const FetchAnswer& answer, const std::vector<uint64_t>& offsets) {
  std::vector<Part> parts;
  for (size_t i = 0; i < answer.parts.size(); ++i)
    parts.emplace_back(session, query, answer.parts[i], offsets[i]);
  return parts;
}

Status deal_texts(const DataSession& session, const FetchQuery& query, const FetchAnswer& answer,
                  char end, const Sink& sink) {
  std::vector<uint64_t> counts;
  for (const auto& part : answer.parts) {
    if (part.types[0] != "lines" || !part.counts[0])
      return Error{Code::failed, "engine " + std::to_string(part.engine) + " has bytes, not a list",
                   "--cyclic takes lists and, with --npy, arrays"};
    counts.push_back(*part.counts[0]);
  }
  IPC_TRY(check_counts(answer, counts));
  auto parts = parts_of(session, query, answer, std::vector<uint64_t>(counts.size()));
  for (uint64_t round = 0; round < counts[0]; ++round) {
    for (size_t i = 0; i < parts.size() && round < counts[i]; ++i) {
      IPC_TRY(parts[i].element(sink));
      IPC_TRY(sink(std::string_view(&end, 1)));
    }
  }
  for (const auto& part : parts)
    if (!part.at_end())
      return Error{Code::failed, "an element holds a NUL: what is printed is cut at it",
                   "ipgather --json"};
  return {};
}

Status deal_rows(const DataSession& session, const FetchQuery& query, const FetchAnswer& answer,
                 const std::vector<uint64_t>& offsets, const std::vector<uint64_t>& counts,
                 uint64_t size, const Sink& sink) {
  IPC_TRY(check_counts(answer, counts));
  auto parts = parts_of(session, query, answer, offsets);
  for (uint64_t round = 0; round < counts[0]; ++round)
    for (size_t i = 0; i < parts.size() && round < counts[i]; ++i)
      IPC_TRY(parts[i].bytes(size, sink));
  return {};
}

}  // namespace ipgather
