// SPDX-License-Identifier: BSD-3-Clause
// --cyclic and --flatten: other ways to share out the elements.
#include "cmd/ipscatter/deal.hpp"

#include <algorithm>

#include "libipc/client/npy.hpp"
#include "libipc/wire/json.hpp"

namespace ipscatter {

using ipc::Result;
using ipc::Status;
using ipc::client::Delivery;
using ipc::client::Slice;
using ipc::client::Source;
using ipc::client::Spool;
using ipc::wire::Json;

constexpr size_t kBlock = 1 << 20;
constexpr size_t kMemory = 32u << 20;
constexpr size_t kMostFlat = 64u << 20;  // an element that is looked at in memory

namespace {

/// One heap of elements for each engine.
class Heaps {
 public:
  explicit Heaps(size_t count) {
    for (size_t i = 0; i < count; ++i)
      spools_.emplace_back(std::max<size_t>(kMemory / count, 4096));
  }

  /// A part of the present element.
  Status add(std::string_view bytes) { return spools_[turn_].append(bytes); }
  void next() { turn_ = (turn_ + 1) % spools_.size(); }

  /// All of them, one behind the other, in place of `source`.
  Result<std::vector<Slice>> finish(Source& source) {
    Spool all;
    std::vector<Slice> slices;
    for (auto& spool : spools_) {
      IPC_TRY_ASSIGN(const Source heap, std::move(spool).finish());
      slices.push_back({"", all.size(), all.size() + heap.size()});
      for (uint64_t at = 0; at < heap.size(); at += kBlock) {
        const auto length = static_cast<size_t>(std::min<uint64_t>(kBlock, heap.size() - at));
        IPC_TRY_ASSIGN(const std::string bytes, heap.read(at, length));
        IPC_TRY(all.append(bytes));
      }
    }
    IPC_TRY_ASSIGN(source, std::move(all).finish());
    return slices;
  }

 private:
  std::vector<Spool> spools_;
  size_t turn_ = 0;
};

}  // namespace

static Status deal_separated(const Source& source, char separator, Heaps& heaps) {
  for (uint64_t at = 0; at < source.size(); at += kBlock) {
    const auto length = static_cast<size_t>(std::min<uint64_t>(kBlock, source.size() - at));
    IPC_TRY_ASSIGN(const std::string block, source.read(at, length));
    for (size_t from = 0; from < block.size();) {
      const size_t end = block.find(separator, from);
      const size_t until = end == std::string::npos ? block.size() : end + 1;
      IPC_TRY(heaps.add(std::string_view(block).substr(from, until - from)));
      if (end != std::string::npos) heaps.next();
      from = until;
    }
  }
  return {};
}

// Elements of one size, from `begin` on.
static Status deal_sized(const Source& source, uint64_t begin, uint64_t size, Heaps& heaps) {
  uint64_t left = size;  // of the present element
  for (uint64_t at = begin; at < source.size();) {
    const auto length = static_cast<size_t>(std::min<uint64_t>(kBlock, source.size() - at));
    IPC_TRY_ASSIGN(const std::string block, source.read(at, length));
    for (size_t from = 0; from < block.size();) {
      const auto taken = static_cast<size_t>(std::min<uint64_t>(left, block.size() - from));
      IPC_TRY(heaps.add(std::string_view(block).substr(from, taken)));
      from += taken;
      left -= taken;
      if (left > 0) continue;
      heaps.next();
      left = size;
    }
    at += length;
  }
  return {};
}

static Result<std::vector<Slice>> deal_npy(Source& source, size_t engines) {
  // What is no array, or not a whole one, is found there.
  IPC_TRY_ASSIGN(auto slices, ipc::client::slice_npy(source, engines));
  const auto most =
      static_cast<size_t>(std::min<uint64_t>(source.size(), ipc::client::kMostNpyHeader));
  IPC_TRY_ASSIGN(const std::string start, source.read(0, most));
  IPC_TRY_ASSIGN(const auto header, ipc::client::parse_npy_header(start));
  const uint64_t rows = header.shape.front();
  const uint64_t row = rows > 0 ? (source.size() - header.data) / rows : 0;
  if (row == 0) return slices;
  Heaps heaps(engines);
  IPC_TRY(deal_sized(source, header.data, row, heaps));
  IPC_TRY_ASSIGN(auto dealt, heaps.finish(source));
  // As many for each as without dealing: the headers stay.
  for (size_t i = 0; i < engines; ++i) dealt[i].prefix = slices[i].prefix;
  return dealt;
}

static Result<std::vector<Slice>> deal_json(Source& source, const Format& format, size_t engines) {
  IPC_TRY_ASSIGN(const auto whole, cut(source, format, 1));
  IPC_TRY_ASSIGN(const std::string text, source.read(0, static_cast<size_t>(source.size())));
  IPC_TRY_ASSIGN(const Json list, ipc::wire::parse_json(text));
  std::vector<Json> parts(engines, Json::array());
  for (size_t i = 0; i < list.size(); ++i) parts[i % engines].push_back(list[i]);
  std::string all;
  std::vector<Slice> slices;
  for (const auto& part : parts) {
    const std::string dumped = ipc::wire::dump_json(part);
    slices.push_back({"", all.size(), all.size() + dumped.size()});
    all += dumped;
  }
  source = Source::of(std::move(all));
  return slices;
}

Result<std::vector<Slice>> deal(Source& source, const Format& format, size_t engines) {
  if (format.type == "npy") return deal_npy(source, engines);
  if (format.type == "json") return deal_json(source, format, engines);
  Heaps heaps(engines);
  IPC_TRY(format.type == "bytes" ? deal_sized(source, 0, 1, heaps)
                                 : deal_separated(source, format.separator, heaps));
  return heaps.finish(source);
}

// One line: the text without its end.
static Status flatten_line(const Source& source, char separator, Delivery& delivery) {
  Slice& slice = delivery.slice;
  if (slice.begin == slice.end) return {};
  for (uint64_t at = slice.begin; at < slice.end; at += kBlock) {
    const auto length = static_cast<size_t>(std::min<uint64_t>(kBlock, slice.end - at));
    IPC_TRY_ASSIGN(const std::string block, source.read(at, length));
    const size_t end = block.find(separator);
    if (end == std::string::npos) continue;
    if (at + end + 1 != slice.end) return {};
    --slice.end;
    break;
  }
  delivery.type = "text";
  return {};
}

// A list of one: its JSON moves into the prefix.
static Status flatten_json(const Source& source, Delivery& delivery) {
  Slice& slice = delivery.slice;
  if (slice.end - slice.begin > kMostFlat) return {};
  IPC_TRY_ASSIGN(const std::string text,
                 source.read(slice.begin, static_cast<size_t>(slice.end - slice.begin)));
  IPC_TRY_ASSIGN(const Json list, ipc::wire::parse_json(text));
  if (list.size() == 1) slice = {ipc::wire::dump_json(list[0]), 0, 0};
  return {};
}

static Status flatten_npy(Delivery& delivery) {
  std::string& prefix = delivery.slice.prefix;
  IPC_TRY_ASSIGN(auto header, ipc::client::parse_npy_header(prefix));
  if (header.shape.front() == 1) prefix = ipc::client::make_npy_header_of_row(header);
  return {};
}

Status flatten(Source& source, const Format& format, std::vector<Delivery>& deliveries) {
  for (auto& delivery : deliveries) {
    if (format.type == "npy") {
      IPC_TRY(flatten_npy(delivery));
    } else if (format.type == "json") {
      IPC_TRY(flatten_json(source, delivery));
    } else {
      IPC_TRY(flatten_line(source, format.separator, delivery));
    }
  }
  return {};
}

}  // namespace ipscatter
