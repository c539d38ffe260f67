// SPDX-License-Identifier: BSD-3-Clause
// Results on their way to stdout, in input order if wanted.
#include "cmd/ipmap/results.hpp"

namespace ipmap {

void Results::print(std::string_view text, std::vector<Receipt>&& receipts) {
  out_.write(text);
  if (ledger_ != nullptr) ledger_->printed(std::move(receipts));
}

void Results::add(Finished finished) {
  add(finished.first, finished.count, finished.text, std::move(finished.receipts));
}

void Results::add(std::uint64_t first, size_t count, std::string_view text,
                  std::vector<Receipt> receipts) {
  if (count == 0) return;
  if (!ordered_) return print(text, std::move(receipts));
  if (first != next_) {
    held_bytes_ += text.size();
    held_.emplace(first, Held{count, std::string(text), std::move(receipts)});
    return;
  }
  print(text, std::move(receipts));
  next_ += count;
  while (!held_.empty() && held_.begin()->first == next_) {
    const auto held = held_.begin();
    print(held->second.text, std::move(held->second.receipts));
    held_bytes_ -= held->second.text.size();
    next_ += held->second.count;
    held_.erase(held);
  }
}

void Results::release() {
  for (auto& [first, held] : held_) print(held.text, std::move(held.receipts));
  held_.clear();
  held_bytes_ = 0;
}

}  // namespace ipmap
