// SPDX-License-Identifier: BSD-3-Clause
// What the hub keeps of one task.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/net/socket.hpp"
#include "libipc/util/clock.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::hub {

/// The JSON texts of one message, in one block: two of these instead of six strings is most of what
/// a record costs.
class MessageText {
 public:
  void assign(std::string_view header, std::string_view metadata, std::string_view content);
  void clear() { bytes_.clear(), header_ = metadata_ = 0; }
  bool empty() const { return bytes_.empty(); }
  std::size_t size() const { return bytes_.size(); }
  std::string_view header() const { return part(0, header_); }
  std::string_view metadata() const { return part(header_, metadata_); }
  std::string_view content() const { return part(metadata_, bytes_.size()); }

 private:
  std::string_view part(std::size_t begin, std::size_t end) const {
    return std::string_view(bytes_).substr(begin, end - begin);
  }
  std::string bytes_;
  std::size_t header_ = 0, metadata_ = 0;  // where they end
};

/// One task record; JSON parts as their text, empty = null. Keys and meaning: wire protocol,
/// records.
struct Record {
  std::string msg_id;
  MessageText request, result;
  net::Frames buffers, result_buffers;
  bool has_buffers = false, has_result_buffers = false;  ///< otherwise null
  bool drops_buffers = false;                            ///< buffers are not kept
  std::optional<UnixMicros> submitted, started, completed, received;
  const char* queue = nullptr;  ///< "mux" or "task"; static
  std::string engine_uuid, resubmitted, label;
  bool has_engine = false;
  std::string execute_input, execute_result, error;
  std::string out, err;
  std::uint64_t order = 0;  ///< of insertion

  /// Value of one key as clients see it; `known` is set to false for a key that records do not
  /// have.
  wire::Json get(std::string_view key, bool& known) const;
  /// As new, but for the memory of its texts.
  void clear();
  /// Bytes of buffers and texts, about.
  std::size_t weight() const;
};

/// Bytes in all of them.
std::size_t bytes_of(const net::Frames& frames);

/// Keys of a record but for buffers and result_buffers, in the order of the wire protocol.
const std::vector<std::string>& record_keys();

}  // namespace ipc::hub
