// SPDX-License-Identifier: BSD-3-Clause
// A number for each message id, about one byte for each id of the usual shape.
#include "libipc/wire/id_table.hpp"

#include <algorithm>

namespace ipc::wire {
namespace {

// A hostile sender could begin with a counter of four thousand millions: an array grows by at most
// this much more than its double.
constexpr std::uint64_t kSlack = 4096;
constexpr std::size_t kMaxDigits = 9;
constexpr std::size_t kBlock = 4096;
constexpr std::size_t kPalette = 256;
// So many blocks are looked at for each kBlock changes: a constant share of the work.
constexpr std::size_t kPackedAtOnce = 8;

}  // namespace

IdTable::Parts IdTable::split(std::string_view id) {
  const std::size_t at = id.rfind('_');
  if (at == std::string_view::npos) return {};
  const std::string_view digits = id.substr(at + 1);
  if (digits.empty() || digits.size() > kMaxDigits || (digits[0] == '0' && digits.size() > 1))
    return {};
  Parts parts{id.substr(0, at), 0, true};
  for (const char c : digits) {
    if (c < '0' || c > '9') return {};
    parts.counter = parts.counter * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return parts;
}

std::uint32_t IdTable::Block::get(std::size_t i) const {
  if (i < packed.size()) return palette[packed[i]];
  return i < wide.size() ? wide[i] : 0;
}

bool IdTable::Block::set(std::size_t i, std::uint32_t value) {
  if (packed.empty()) {
    if (i >= wide.size()) wide.resize(i + 1);
    wide[i] = value;
    return false;
  }
  const auto known = std::find(palette.begin(), palette.end(), value);
  if (known != palette.end() || palette.size() < kPalette) {
    packed[i] = static_cast<std::uint8_t>(known - palette.begin());
    if (known == palette.end()) palette.push_back(value);
    return false;
  }
  wide.resize(packed.size());
  for (std::size_t n = 0; n < wide.size(); ++n) wide[n] = palette[packed[n]];
  wide[i] = value;
  // Not `= {}`, which keeps the memory.
  palette = std::vector<std::uint32_t>();
  packed = std::vector<std::uint8_t>();
  return true;
}

bool IdTable::Block::pack() {
  wide.resize(kBlock);
  // A block that is not settled is found out after a few hundred of its numbers.
  for (const std::uint32_t value : wide) {
    const auto at = std::lower_bound(palette.begin(), palette.end(), value);
    if (at != palette.end() && *at == value) continue;
    if (palette.size() == kPalette) return palette.clear(), false;
    palette.insert(at, value);
  }
  palette.shrink_to_fit();
  packed.resize(wide.size());
  for (std::size_t i = 0; i < wide.size(); ++i)
    packed[i] = static_cast<std::uint8_t>(
        std::lower_bound(palette.begin(), palette.end(), wide[i]) - palette.begin());
  wide = std::vector<std::uint32_t>();
  return true;
}

const IdTable::Column* IdTable::column(std::string_view prefix) const {
  if (last_ != nullptr && last_->first == prefix) return &last_->second;
  const auto found = columns_.find(prefix);
  if (found == columns_.end()) return nullptr;
  last_ = &*found;
  return &found->second;
}

std::uint32_t IdTable::get(std::string_view id) const {
  const Parts parts = split(id);
  if (parts.usual) {
    const Column* blocks = column(parts.prefix);
    if (blocks != nullptr && parts.counter / kBlock < blocks->size())
      if (const auto value = (*blocks)[parts.counter / kBlock].get(parts.counter % kBlock))
        return value;
  }
  if (others_.empty()) return 0;
  const auto found = others_.find(id);
  return found == others_.end() ? 0 : found->second;
}

void IdTable::set(std::string_view id, std::uint32_t value) {
  if (!others_.empty()) {
    const auto found = others_.find(id);
    if (found != others_.end()) return void(found->second = value);
  }
  const Parts parts = split(id);
  if (parts.usual) {
    const Column* known = column(parts.prefix);
    const std::size_t have = known == nullptr ? 0 : known->size() * kBlock;
    if (parts.counter < have * 2 + kSlack) {
      if (known == nullptr) last_ = &*columns_.try_emplace(std::string(parts.prefix)).first;
      return set(const_cast<Column&>(last_->second), parts.counter, value);
    }
  }
  others_.insert_or_assign(std::string(id), value);
}

void IdTable::set(Column& column, std::uint64_t counter, std::uint32_t value) {
  const std::size_t block = counter / kBlock;
  while (column.size() <= block) {
    if (!column.empty()) loose_.emplace_back(&column, column.size() - 1);
    column.emplace_back();
  }
  if (column[block].set(counter % kBlock, value)) loose_.emplace_back(&column, block);
  if (++sets_ % kBlock == 0) pack_some();
}

void IdTable::pack_some() {
  for (std::size_t n = std::min(kPackedAtOnce, loose_.size()); n > 0; --n) {
    const auto [column, block] = loose_.front();
    loose_.pop_front();
    if (!(*column)[block].pack()) loose_.emplace_back(column, block);
  }
}

std::size_t IdTable::bytes() const {
  std::size_t total = 0;
  for (const auto& [prefix, column] : columns_)
    for (const Block& b : column)
      total += sizeof b + (b.wide.capacity() + b.palette.capacity()) * sizeof(std::uint32_t) +
               b.packed.capacity();
  return total;
}

}  // namespace ipc::wire
