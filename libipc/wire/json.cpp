// SPDX-License-Identifier: BSD-3-Clause
// JSON for everything that is not on the message path, with hostile input bounded.
#include "libipc/wire/json.hpp"

namespace ipc::wire {
namespace {

// The parser recurses on nothing, but destroying and dumping a value does: depth is checked first,
// on the text.
bool too_deep(std::string_view text, unsigned limit) {
  unsigned depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > limit) return true;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return false;
}

const Json* member(const Json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

}  // namespace

Result<Json> parse_json(std::string_view text, unsigned depth) {
  if (too_deep(text, depth))
    return Error{Code::bad_input, "JSON nested deeper than " + std::to_string(depth), ""};
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    return Error{Code::bad_input, "not JSON: byte " + std::to_string(error.byte), ""};
  } catch (const Json::exception& error) {
    return Error{Code::bad_input, "not JSON: a number out of range", ""};
  }
}

std::string dump_json(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string string_or(const Json& object, const char* key, std::string fallback) {
  const Json* value = member(object, key);
  return value && value->is_string() ? value->get<std::string>() : std::move(fallback);
}

int64_t int_or(const Json& object, const char* key, int64_t fallback) {
  const Json* value = member(object, key);
  return value && value->is_number_integer() ? value->get<int64_t>() : fallback;
}

double number_or(const Json& object, const char* key, double fallback) {
  const Json* value = member(object, key);
  return value && value->is_number() ? value->get<double>() : fallback;
}

bool bool_or(const Json& object, const char* key, bool fallback) {
  const Json* value = member(object, key);
  return value && value->is_boolean() ? value->get<bool>() : fallback;
}

}  // namespace ipc::wire
