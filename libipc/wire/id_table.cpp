// SPDX-License-Identifier: BSD-3-Clause
// A number for each message id, four bytes for each id of the usual shape.
#include "libipc/wire/id_table.hpp"

namespace ipc::wire {
namespace {

// A hostile sender could begin with a counter of four thousand millions: an array grows by at most
// this much more than its double.
constexpr std::uint64_t kSlack = 4096;
constexpr std::size_t kMaxDigits = 9;

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
    const Column* values = column(parts.prefix);
    if (values != nullptr && parts.counter < values->size() && (*values)[parts.counter] != 0)
      return (*values)[parts.counter];
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
    const std::size_t have = known == nullptr ? 0 : known->size();
    if (parts.counter < have * 2 + kSlack) {
      if (known == nullptr) {
        last_ = &*columns_.try_emplace(std::string(parts.prefix)).first;
      }
      auto& values = const_cast<Column&>(last_->second);
      if (parts.counter >= have) values.resize(parts.counter + 1);
      values[parts.counter] = value;
      return;
    }
  }
  others_.insert_or_assign(std::string(id), value);
}

}  // namespace ipc::wire
