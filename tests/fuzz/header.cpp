// SPDX-License-Identifier: BSD-3-Clause
// Fuzz target: the JSON texts of a message, read in a single pass and as a whole.
#include "libipc/wire/header.hpp"

#include <array>
#include <string>

#include "libipc/wire/errors.hpp"
#include "libipc/wire/json.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

void run(std::string_view input) {
  static ipc::wire::FieldParser parser;
  // A copy of the exact size: reading past it is seen.
  const std::vector<char> copy(input.begin(), input.end());
  const std::string_view text(copy.data(), copy.size());
  if (const auto header = parser.header(text))
    ipkit_fuzz::require(!header->msg_id.empty() && !header->msg_type.empty());
  (void)std::string(parser.field(text, "status"));
  constexpr std::array<std::string_view, 3> kKeys{"after", "msg_id", "targets"};
  std::array<std::string_view, 3> values;
  const bool taken = parser.raw_fields(text, kKeys, values);
  for (const auto value : values) (void)std::string(value);
  const auto json = ipc::wire::parse_json(text, 32);
  if (!json) return;
  const auto again = ipc::wire::parse_json(ipc::wire::dump_json(*json), 32);
  ipkit_fuzz::require(static_cast<bool>(again));
  // Both readers agree; only the slow one overlooks a byte order mark, and all that follows a NUL.
  const bool is_odd = text.starts_with("\xef\xbb\xbf") || text.find('\0') != text.npos;
  if (!json->is_object() || is_odd) return;
  ipkit_fuzz::require(taken);
  for (size_t i = 0; i < kKeys.size(); ++i) {
    const auto found = json->find(std::string(kKeys[i]));
    ipkit_fuzz::require((found != json->end()) == !values[i].empty());
    if (found == json->end()) continue;
    const auto value = ipc::wire::parse_json(values[i], 32);
    ipkit_fuzz::require(value && *value == *found);
  }
}

const ipkit_fuzz::Registered registered("header", run);

}  // namespace
