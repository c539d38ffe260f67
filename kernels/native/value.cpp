// SPDX-License-Identifier: BSD-3-Clause
// value.cpp: values from the wire's types and back.
#include "kernels/native/value.hpp"

#include <algorithm>

#include "kernels/common/text.hpp"

namespace ipkit::kernel::native {

namespace {

constexpr const char* type_names[] = {"json", "text", "bytes", "npy", "lines", "nul"};

std::string base64(std::string_view bytes) {
  const char* digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t left = std::min<size_t>(bytes.size() - i, 3);
    uint32_t bits = 0;
    for (size_t k = 0; k < 3; ++k)
      bits = bits << 8 | (k < left ? static_cast<unsigned char>(bytes[i + k]) : 0);
    for (size_t k = 0; k < 4; ++k) out += k <= left ? digits[bits >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

std::vector<std::string_view> strings_of(const Value& value) {
  return split(*value.data, value.type == IPKIT_NUL ? '\0' : '\n');
}

Pulled encode_array(const Value& value, const std::string& form) {
  const auto npy = read_npy(*value.data);
  std::string text;
  const bool known = npy && npy->kind != 0;
  if (known && append_json(text, *value.data, *npy, 0, 0))
    return {"json", std::move(text), nullptr};
  if (!known) text = "<npy array, " + std::to_string(value.data->size()) + " bytes>";
  return {"repr", form == "json" ? json_string(text) : text, nullptr};
}

/// One element of a list.
std::string element(std::string_view text, bool json) {
  return json ? json_string(text) : std::string(text);
}

}  // namespace

Value make_value(ipkit_type type, std::string data) {
  return {type, std::make_shared<const std::string>(std::move(data))};
}

const char* type_name(const Value& value) {
  return type_names[value.type];
}

Value decode_json(std::string text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string::npos && text[first] == '"') {
    const Json string = Json::parse(text, nullptr, false);
    if (string.is_string()) return make_value(IPKIT_TEXT, string.get<std::string>());
  } else if (Json::accept(text)) {
    text.erase(text.find_last_not_of(" \t\r\n") + 1);
    text.erase(0, first);
    return make_value(IPKIT_JSON, std::move(text));
  }
  throw Refused{"ValueError", "not JSON", {}};
}

Value decode(const std::string& type, std::string data) {
  const auto* const found = std::find(std::begin(type_names), std::end(type_names), type);
  if (found == std::end(type_names)) throw Refused{"ValueError", "unknown type: " + type, {}};
  const auto kind = static_cast<ipkit_type>(found - std::begin(type_names));
  if (kind == IPKIT_JSON) return decode_json(std::move(data));
  if (kind == IPKIT_NPY && !read_npy(data))
    throw Refused{"ValueError", "not a whole array in NumPy's file format", {}};
  const char end = kind == IPKIT_NUL ? '\0' : '\n';
  if ((kind == IPKIT_LINES || kind == IPKIT_NUL) && !data.empty() && data.back() != end)
    data += end;
  return make_value(kind, std::move(data));
}

Pulled encode(const Value& value, const std::string& form) {
  if (form == "npy") {
    if (value.type != IPKIT_NPY)
      throw Refused{"TypeError", std::string(type_name(value)) + " is no array", {}};
    return {"npy", *value.data, nullptr};
  }
  const bool json = form == "json";
  switch (value.type) {
    case IPKIT_JSON:
      return {"json", *value.data, nullptr};
    case IPKIT_NPY:
      return encode_array(value, form);
    case IPKIT_TEXT:
      return {json ? "json" : "text", json ? json_string(*value.data) : *value.data, nullptr};
    case IPKIT_BYTES:
      return {json ? "base64" : "bytes", json ? base64(*value.data) : *value.data, nullptr};
    default:
      return {"json", json_list(strings_of(value)), nullptr};
  }
}

Pulled encode_elements(const Value& value, const std::string& form, char sep) {
  if (form == "npy" || value.type == IPKIT_BYTES) {
    Pulled whole = encode(value, form);
    if (value.type == IPKIT_BYTES && form == "json")
      return {"lines", json_string(whole.data) + sep, 1};
    return whole;
  }
  const bool json = form == "json";
  Pulled out{"lines", "", 1};
  if (value.type == IPKIT_LINES || value.type == IPKIT_NUL) {
    const auto strings = strings_of(value);
    for (std::string_view string : strings) out.data += element(string, json) + sep;
    out.count = strings.size();
    return out;
  }
  const auto npy = value.type == IPKIT_NPY ? read_npy(*value.data) : std::nullopt;
  if (npy && npy->kind != 0 && !npy->shape.empty()) {
    const uint64_t rows = npy->shape[0];
    const uint64_t step = rows > 0 ? npy->count / rows : 0;
    for (uint64_t i = 0; i < rows; ++i) {
      std::string text;
      const bool finite = append_json(text, *value.data, *npy, 1, i * step);
      out.data += finite ? text : element(text, json);
      out.data += sep;
    }
    out.count = rows;
    return out;
  }
  const Json list = value.type == IPKIT_JSON ? Json::parse(*value.data) : Json();
  if (!list.is_array()) {
    out.data = encode(value, form).data + sep;
    return out;
  }
  for (const Json& one : list)
    out.data += (one.is_string() && !json ? one.get<std::string>() : dump(one)) + sep;
  out.count = list.size();
  return out;
}

Json size_of(const Value& value) {
  if (value.type == IPKIT_TEXT || value.type == IPKIT_BYTES) return value.data->size();
  if (value.type == IPKIT_LINES || value.type == IPKIT_NUL) return strings_of(value).size();
  if (value.type == IPKIT_NPY) return read_npy(*value.data)->count;
  const Json json = Json::parse(*value.data);
  return json.is_structured() ? Json(json.size()) : Json();
}

}  // namespace ipkit::kernel::native
