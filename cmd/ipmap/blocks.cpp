// SPDX-License-Identifier: BSD-3-Clause
// --pipe: where a stream is cut into blocks.
#include "cmd/ipmap/blocks.hpp"

#include <algorithm>

namespace ipmap {

size_t BlockCutter::cut(std::string_view held, bool ended) {
  const size_t length = rule_.records == 0 ? by_size(held, ended) : by_records(held, ended);
  if (length == 0) return 0;
  wanted_ = rule_.size;
  looked_ = found_ = 0;
  return length;
}

// At the last possible place within the size; within twice the size if there is none, and so on.
size_t BlockCutter::by_size(std::string_view held, bool ended) {
  while (held.size() >= wanted_ + rule_.start.size()) {
    const size_t at = held.rfind(mark_, wanted_ - std::min(wanted_, rule_.end.size()));
    if (at != std::string_view::npos && at + rule_.end.size() > 0) return at + rule_.end.size();
    wanted_ *= 2;
  }
  return ended ? held.size() : 0;
}

size_t BlockCutter::by_records(std::string_view held, bool ended) {
  while (found_ < rule_.records) {
    const size_t at = held.find(mark_, looked_);
    if (at == std::string_view::npos) break;
    looked_ = at + std::max<size_t>(rule_.end.size(), 1);
    if (at + rule_.end.size() == 0) continue;  // the stream begins with `start`
    if (++found_ == rule_.records) return at + rule_.end.size();
  }
  if (ended) return held.size();
  // A mark may have come in part.
  const size_t safe = held.size() - std::min(held.size(), mark_.size() - 1);
  looked_ = std::max(looked_, safe);
  return 0;
}

}  // namespace ipmap
