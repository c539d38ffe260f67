// SPDX-License-Identifier: BSD-3-Clause
// Tasks with conditions in the order of their arrival, and which of them is next.
#include "libipc/sched/task_line.hpp"

#include <algorithm>

namespace ipc::sched {
namespace {

// Few enough to be looked at one by one.
constexpr std::size_t kBlock = 16;
constexpr std::uint32_t kOpen = 0x80000000, kSlot = 0x7fffffff;

}  // namespace

void TaskLine::add(std::uint32_t slot) {
  if (used_ == entries_.size()) rebuild(words_);
  jobs_[slot].position = static_cast<std::uint32_t>(used_);
  entries_[used_++] = slot;
  ++size_;
}

void TaskLine::open(std::uint32_t slot) {
  const std::uint32_t position = jobs_[slot].position;
  entries_[position] |= kOpen;
  widen(position / kBlock, mask_of(entries_[position]));
}

void TaskLine::remove(std::uint32_t slot) {
  // The tree still says it is there; first() finds out.
  entries_[jobs_[slot].position] = kNone;
  --size_;
}

// Null if nobody is meant.
const std::uint64_t* TaskLine::mask_of(std::uint32_t entry) const {
  if (entry == kNone || (entry & kOpen) == 0) return nullptr;
  const Place* place = jobs_[entry & kSlot].where;
  return place == nullptr ? all_.data() : place->mask.data();
}

void TaskLine::widen(std::size_t block, const std::uint64_t* mask) {
  for (std::size_t i = leaves_ + block; i > 0; i /= 2) {
    std::uint64_t* const words = node(i);
    std::uint64_t added = 0;
    for (std::size_t w = 0; w < words_; ++w) {
      added |= mask[w] & ~words[w];
      words[w] |= mask[w];
    }
    if (added == 0) return;
  }
}

// The block's mask as it is, where jobs have left.
void TaskLine::narrow(std::size_t block) {
  std::uint64_t* const leaf = node(leaves_ + block);
  std::fill_n(leaf, words_, 0);
  for (std::size_t i = block * kBlock; i < (block + 1) * kBlock; ++i)
    if (const std::uint64_t* mask = mask_of(entries_[i]))
      for (std::size_t w = 0; w < words_; ++w) leaf[w] |= mask[w];
  for (std::size_t i = (leaves_ + block) / 2; i > 0; i /= 2)
    for (std::size_t w = 0; w < words_; ++w) node(i)[w] = node(2 * i)[w] | node(2 * i + 1)[w];
}

std::uint32_t TaskLine::first(const EngineMask& room) {
  while (size_ > 0 && intersect(node(1), room)) {
    std::size_t i = 1;
    while (i < leaves_) i = 2 * i + (intersect(node(2 * i), room) ? 0 : 1);
    const std::size_t block = i - leaves_;
    for (std::size_t at = block * kBlock; at < (block + 1) * kBlock; ++at) {
      const std::uint64_t* mask = mask_of(entries_[at]);
      if (mask != nullptr && intersect(mask, room)) return entries_[at] & kSlot;
    }
    narrow(block);
  }
  return kNone;
}

// Without the gaps, and with room for as many again.
void TaskLine::rebuild(std::size_t words) {
  words_ = words;
  all_.assign(words_, ~std::uint64_t{0});
  std::vector<std::uint32_t> old(entries_.begin(),
                                 entries_.begin() + static_cast<std::ptrdiff_t>(used_));
  std::erase(old, kNone);
  leaves_ = 1;
  while (leaves_ * kBlock < 2 * old.size()) leaves_ *= 2;
  used_ = old.size();
  entries_.assign(leaves_ * kBlock, kNone);
  nodes_.assign(2 * leaves_ * words_, 0);
  std::copy(old.begin(), old.end(), entries_.begin());
  for (std::size_t i = 0; i < used_; ++i) {
    jobs_[entries_[i] & kSlot].position = static_cast<std::uint32_t>(i);
    if (const std::uint64_t* mask = mask_of(entries_[i])) widen(i / kBlock, mask);
  }
}

}  // namespace ipc::sched
