// SPDX-License-Identifier: BSD-3-Clause
// Values from engines: all are asked first, large ones come in pieces.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/client/push.hpp"

namespace ipc::client {

/// What to ask each engine for (pull_request in kernels/README.md).
struct FetchQuery {
  std::vector<std::string> names;
  std::string form = "text";  ///< "text", "json" or "npy"
  bool elements = false;
  std::string separator = "\n";
  std::string kernel;  ///< empty: the main one
};

/// One engine's answer: its values are in the reply, or held there under a token.
struct FetchPart {
  int engine = -1;
  std::string id;  ///< of the request
  std::vector<std::string> types;
  std::vector<uint64_t> sizes;                  ///< bytes
  std::vector<std::optional<uint64_t>> counts;  ///< elements
  std::string token;
  std::vector<std::string> values;  ///< if there is no token
};

struct FetchAnswer {
  std::vector<FetchPart> parts;   ///< in the order of the engines asked
  std::vector<Failure> failures;  ///< not empty: parts are missing, nothing is held any more
};

/// Bytes of all its values.
uint64_t total_size(const FetchAnswer& answer);

/// Asks every engine and waits for all.
Result<FetchAnswer> fetch(Connection& connection, const std::vector<int>& engines,
                          const FetchQuery& query, TimePoint deadline = TimePoint::max());

/// Gives value `index` of a part to `sink` from byte `offset` to its last. A Failure of the engine
/// on the way is Code::failed.
Status read_value(Connection& connection, const FetchQuery& query, const FetchPart& part,
                  size_t index, const std::function<Status(std::string_view)>& sink,
                  uint64_t offset = 0);

/// `length` bytes of a value from `offset` on; fewer at its end.
Result<std::string> read_range(Connection& connection, const FetchQuery& query,
                               const FetchPart& part, size_t index, uint64_t offset, size_t length);

/// Lets engines forget what they hold; waits for their word at most 500 ms.
void release(Connection& connection, const FetchQuery& query, const std::vector<FetchPart>& parts);

}  // namespace ipc::client
