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

/// One task record; JSON parts as their text, empty = null. Keys and meaning: wire protocol,
/// records.
struct Record {
  std::string msg_id;
  std::string header, metadata, content;
  std::string result_header, result_metadata, result_content;
  net::Frames buffers, result_buffers;
  bool has_buffers = false, has_result_buffers = false;  ///< otherwise null
  bool drops_buffers = false;                            ///< buffers are not kept
  std::optional<UnixMicros> submitted, started, completed, received;
  std::string client_uuid, engine_uuid, resubmitted, queue, label;
  bool has_engine = false;
  std::string execute_input, execute_result, error;
  std::string out, err;
  std::uint64_t order = 0;  ///< of insertion

  /// Value of one key as clients see it; `known` is set to false for a key that records do not
  /// have.
  wire::Json get(std::string_view key, bool& known) const;
  /// Bytes of buffers and texts, about.
  std::size_t weight() const;
};

/// Keys of a record but for buffers and result_buffers, in the order of the wire protocol.
const std::vector<std::string>& record_keys();

}  // namespace ipc::hub
