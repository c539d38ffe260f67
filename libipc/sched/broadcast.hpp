// SPDX-License-Identifier: BSD-3-Clause
// Broadcasts under way: who was asked, who answered, and the one reply of a coalescing broadcast.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "libipc/net/socket.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::sched {

/// A target as clients name it.
struct BroadcastTarget {
  std::string uuid;
  long long id = 0;
  std::size_t leaf = 0;
};

/// What a request's metadata says about it.
struct BroadcastRequest {
  bool coalescing = false;
  std::string original_id;
  std::vector<BroadcastTarget> targets;  ///< by leaf, within a leaf as requested
  wire::Json metadata;                   ///< with original_msg_id
};

/// Reads a broadcast; `leaves` > 0 is the width of the tree. Nothing if the metadata is not that of
/// a broadcast.
std::optional<BroadcastRequest> read_broadcast(std::string_view msg_id, std::string_view metadata,
                                               std::size_t leaves);

/// One engine's answer, or one made for it.
struct BroadcastReply {
  std::string header, parent, metadata, content;
  net::Frames buffers;
};

/// Everything that waits for replies. Passive, one thread.
class Broadcasts {
 public:
  struct Open {
    std::string client, original_id, header;  ///< the request's header
    bool coalescing = false;
    std::vector<BroadcastTarget> targets;
    std::vector<bool> answered;
    std::vector<net::Frames> buffers;  ///< by target; coalescing only
    std::size_t missing = 0;
    BroadcastReply last;  ///< of the last reply, or of one that failed
    bool failed = false;
  };

  void add(Open broadcast);
  /// The broadcast `id` (`<original>_<uuid>`) belongs to, and the place of its target; null if it
  /// is not open or this target has answered.
  Open* find(std::string_view id, std::string_view uuid, std::size_t& place);
  /// Notes an answer; `reply` is kept for a coalescing one. True if it was the last one: then the
  /// broadcast is to be taken.
  bool answer(Open& broadcast, std::size_t place, BroadcastReply&& reply, bool ok);
  /// Forgets it.
  void remove(const std::string& original_id) { open_.erase(original_id); }
  /// Ids of the broadcasts that wait for this engine.
  std::vector<std::string> waiting_for(std::string_view uuid) const;
  Open* get(const std::string& original_id);

  /// The reply of a coalescing broadcast that is complete: buffers in the order of the targets.
  static BroadcastReply coalesce(Open& broadcast);

 private:
  std::unordered_map<std::string, Open> open_;
};

}  // namespace ipc::sched
