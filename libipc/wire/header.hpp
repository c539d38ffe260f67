// SPDX-License-Identifier: BSD-3-Clause
// The header of a message, read fast and written fast.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "libipc/util/result.hpp"

namespace ipc::wire {

/// Fields of a header. Views into the parser, valid until its next call.
struct Header {
  std::string_view msg_id, msg_type, session, username, date;
};

/// Reads one flat JSON object at a time in a single pass; keeps a copy of the text. What is not
/// asked for is looked at only to find its end. One per thread.
class FieldParser {
 public:
  /// msg_id and msg_type must be there and not empty: else Code::bad_input.
  Result<Header> header(std::string_view json);

  /// The string or the raw JSON text of one top-level field, "" if absent or not an object; for a
  /// quick look at `status` and the like. Valid until the next call.
  std::string_view field(std::string_view json, std::string_view key);

  /// The raw JSON text (strings with their quotes) of several top-level fields in one pass, "" for
  /// one that is absent; false if `json` is not an object. Valid until the next call.
  bool raw_fields(std::string_view json, std::span<const std::string_view> keys,
                  std::span<std::string_view> values);

 private:
  std::string text_;
};

/// Writes headers for one sender.
class Session {
 public:
  /// `id` names the sender on the wire; empty = a new random one, `8hex-24hex`.
  explicit Session(std::string id = "");

  const std::string& id() const { return id_; }
  /// `<session>_<pid>_<n>`, unique.
  std::string next_id();
  /// The JSON text of a header with a new msg_id (or the one given), dated now.
  std::string header(std::string_view msg_type);
  std::string header(std::string_view msg_type, std::string_view msg_id);

 private:
  std::string id_, id_prefix_, tail_;
  unsigned long long next_ = 0;
};

}  // namespace ipc::wire
