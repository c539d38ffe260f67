// SPDX-License-Identifier: BSD-3-Clause
// --direct: which engine gets which items.
#pragma once

#include <optional>
#include <vector>

#include "cmd/ipmap/input.hpp"
#include "cmd/ipmap/payload.hpp"

namespace ipmap {

/// Contiguous shares of all items, one for each engine, in the order of both, as ipyparallel's
/// DirectView.map deals them out. A share goes to its engine in several requests.
class Shares {
 public:
  /// Takes everything from `input`, all of whose items are there.
  Shares(Input& input, const std::vector<int>& engines);

  /// True if nothing is left to take.
  bool empty() const;
  /// Up to `count` items of up to `limit` bytes for an engine that has little to do; nothing: all
  /// have enough, or got their share.
  std::optional<Chunk> take(size_t count, size_t limit);
  /// A request went to the engine; its answer has come.
  void sent(int engine) { ++find(engine).requests; }
  void answered(int engine) { --find(engine).requests; }
  /// What is left of an engine's share, which is empty then.
  Chunk abandon(int engine);

 private:
  struct Share {
    int engine;
    std::uint64_t before;  // items of the shares before this one
    ipc::cli::RecordReader items;
    unsigned requests = 0;
  };
  Share& find(int engine);
  static Chunk take_from(Share& share, size_t count, size_t limit);

  std::vector<Share> shares_;
};

}  // namespace ipmap
