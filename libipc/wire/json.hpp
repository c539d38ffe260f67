// SPDX-License-Identifier: BSD-3-Clause
// JSON for everything that is not on the message path, with hostile input bounded.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "libipc/util/result.hpp"

namespace ipc::wire {

using Json = nlohmann::json;

/// Parses one JSON text. Deeper nesting than `depth` or anything malformed: Code::bad_input,
/// which says where.
Result<Json> parse_json(std::string_view text, unsigned depth = 128);

/// Compact text; invalid UTF-8 in strings becomes U+FFFD instead of an exception.
std::string dump_json(const Json& value);

/// Member `key` of an object if it has the wanted type, else the fallback.
std::string string_or(const Json& object, const char* key, std::string fallback = "");
int64_t int_or(const Json& object, const char* key, int64_t fallback);
double number_or(const Json& object, const char* key, double fallback);
bool bool_or(const Json& object, const char* key, bool fallback);

}  // namespace ipc::wire
