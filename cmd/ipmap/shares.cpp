// SPDX-License-Identifier: BSD-3-Clause
// --direct: which engine gets which items.
#include "cmd/ipmap/shares.hpp"

#include <algorithm>
#include <limits>

#include "libipc/client/slices.hpp"

namespace ipmap {

constexpr size_t kAll = std::numeric_limits<size_t>::max();

Shares::Shares(Input& input, const std::vector<int>& engines) {
  const auto counts = ipc::client::share_out(input.total(), engines.size());
  std::uint64_t before = 0;
  for (size_t i = 0; i < engines.size(); ++i) {
    shares_.push_back({engines[i], before, ipc::cli::RecordReader(input.separator())});
    shares_.back().items.add(input.take(counts[i], kAll, true).bytes);
    before += counts[i];
  }
}

bool Shares::empty() const {
  return std::all_of(shares_.begin(), shares_.end(),
                     [](const Share& share) { return share.items.empty(); });
}

// One request runs, one waits behind it.
std::optional<Chunk> Shares::take(size_t count, size_t limit) {
  Share* free = nullptr;
  for (auto& share : shares_)
    if (!share.items.empty() && share.requests < 2 &&
        (free == nullptr || share.requests < free->requests))
      free = &share;
  if (free == nullptr) return {};
  return take_from(*free, count, limit);
}

Chunk Shares::abandon(int engine) {
  return take_from(find(engine), kAll, kAll);
}

Chunk Shares::take_from(Share& share, size_t count, size_t limit) {
  auto block = share.items.take(count, limit);
  Chunk chunk{share.before + block.first, block.count, std::move(block.bytes)};
  chunk.engine = share.engine;
  return chunk;
}

Shares::Share& Shares::find(int engine) {
  return *std::find_if(shares_.begin(), shares_.end(),
                       [&](const Share& share) { return share.engine == engine; });
}

}  // namespace ipmap
