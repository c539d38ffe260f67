// SPDX-License-Identifier: BSD-3-Clause
// Contiguous slices of a sequence, one for each engine.
#include "libipc/client/slices.hpp"

#include <algorithm>

#include "libipc/client/npy.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::client {
namespace {

constexpr size_t kBlock = 1 << 20;

// Counts of separators up to the start of each block.
struct BlockIndex {
  std::vector<uint64_t> before;
  uint64_t total = 0;
  bool last_is_open = false;  // the last element lacks its separator
};

Result<std::string> read_block(const Source& source, uint64_t offset) {
  return source.read(offset,
                     static_cast<size_t>(std::min<uint64_t>(kBlock, source.size() - offset)));
}

Result<BlockIndex> index_blocks(const Source& source, char separator) {
  BlockIndex index;
  for (uint64_t at = 0; at < source.size(); at += kBlock) {
    IPC_TRY_ASSIGN(const std::string block, read_block(source, at));
    index.before.push_back(index.total);
    index.total += static_cast<uint64_t>(std::count(block.begin(), block.end(), separator));
    index.last_is_open = block.back() != separator;
  }
  return index;
}

// Offset just after the n-th separator (from 1).
Result<uint64_t> end_of_element(const Source& source, const BlockIndex& index, char separator,
                                uint64_t n) {
  if (n == 0) return uint64_t{0};
  const auto next = std::lower_bound(index.before.begin(), index.before.end(), n);
  const auto block_number = static_cast<uint64_t>(next - index.before.begin()) - 1;
  const uint64_t start = block_number * kBlock;
  IPC_TRY_ASSIGN(const std::string block, read_block(source, start));
  size_t at = 0;
  for (uint64_t left = n - index.before[block_number]; left > 0; --left) {
    at = block.find(separator, at);
    if (at == std::string::npos)
      return Error{Code::bad_input, "the input changed while it was read", ""};
    ++at;
  }
  return start + at;
}

}  // namespace

std::vector<uint64_t> share_out(uint64_t n, size_t parts) {
  std::vector<uint64_t> counts(parts, parts ? n / parts : 0);
  for (size_t i = 0; i < parts && i < n % parts; ++i) ++counts[i];
  return counts;
}

std::vector<Slice> slice_bytes(uint64_t size, size_t parts) {
  std::vector<Slice> slices;
  uint64_t at = 0;
  for (const uint64_t count : share_out(size, parts)) {
    slices.push_back({"", at, at + count});
    at += count;
  }
  return slices;
}

Result<std::vector<Slice>> slice_separated(const Source& source, char separator, size_t parts) {
  IPC_TRY_ASSIGN(const BlockIndex index, index_blocks(source, separator));
  const uint64_t elements = index.total + (index.last_is_open ? 1 : 0);
  std::vector<Slice> slices;
  uint64_t at = 0, element = 0;
  for (const uint64_t count : share_out(elements, parts)) {
    element += count;
    uint64_t end = source.size();
    if (element <= index.total) {
      IPC_TRY_ASSIGN(end, end_of_element(source, index, separator, element));
    }
    slices.push_back({"", at, end});
    at = end;
  }
  return slices;
}

Result<std::vector<std::string>> slice_json(std::string_view text, size_t parts) {
  IPC_TRY_ASSIGN(const auto list, wire::parse_json(text));
  if (!list.is_array()) return Error{Code::bad_input, "the JSON text is not a list", ""};
  std::vector<std::string> slices;
  size_t at = 0;
  for (const uint64_t count : share_out(list.size(), parts)) {
    wire::Json part = wire::Json::array();
    for (uint64_t i = 0; i < count; ++i) part.push_back(list[at++]);
    slices.push_back(wire::dump_json(part));
  }
  return slices;
}

Result<std::vector<Slice>> slice_npy(const Source& source, size_t parts) {
  const auto most = static_cast<size_t>(std::min<uint64_t>(source.size(), kMostNpyHeader));
  IPC_TRY_ASSIGN(const std::string start, source.read(0, most));
  IPC_TRY_ASSIGN(const NpyHeader header, parse_npy_header(start));
  const uint64_t rows = header.shape.front(), bytes = source.size() - header.data;
  if (rows > 0 ? bytes % rows != 0 || (bytes == 0 && header.shape.size() == 1) : bytes != 0)
    return Error{Code::bad_input, "the array's data does not match its shape", ""};
  const uint64_t row = rows > 0 ? bytes / rows : 0;
  std::vector<Slice> slices;
  uint64_t at = header.data;
  for (const uint64_t count : share_out(rows, parts)) {
    slices.push_back({make_npy_header(header, count), at, at + count * row});
    at += count * row;
  }
  return slices;
}

}  // namespace ipc::client
