// SPDX-License-Identifier: BSD-3-Clause
// Headers of NumPy's file format: enough to cut arrays into rows and to join them.
#include "libipc/client/npy.hpp"

#include <algorithm>
#include <charconv>

#include "libipc/util/text.hpp"

namespace ipc::client {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";

Error not_npy(const std::string& why) {
  return {Code::bad_input, "the input is not an array in npy format: " + why, ""};
}

// The value of one key of the header's dict, up to the comma or brace that ends it at depth 0.
std::string_view literal_of(std::string_view dict, std::string_view key) {
  size_t at = dict.find("'" + std::string(key) + "':");
  if (at == std::string_view::npos) return {};
  at += key.size() + 3;
  int depth = 0;
  char quote = 0;
  for (size_t i = at; i < dict.size(); ++i) {
    const char c = dict[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == '(' || c == '[' || c == '{') {
      ++depth;
    } else if (depth > 0 && (c == ')' || c == ']' || c == '}')) {
      --depth;
    } else if (depth == 0 && (c == ',' || c == '}')) {
      return trim(dict.substr(at, i - at));
    }
  }
  return {};
}

bool parse_shape(std::string_view text, std::vector<uint64_t>& shape) {
  if (text.size() < 2 || text.front() != '(' || text.back() != ')') return false;
  for (const auto& item : split(text.substr(1, text.size() - 2), ',')) {
    const auto digits = trim(item);
    if (digits.empty()) continue;  // the comma of "(3,)"
    uint64_t n = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), n);
    if (error != std::errc() || end != digits.data() + digits.size()) return false;
    shape.push_back(n);
  }
  return true;
}

}  // namespace

bool NpyHeader::fits(const NpyHeader& other) const {
  return descr == other.descr && shape.size() == other.shape.size() &&
         std::equal(shape.begin() + 1, shape.end(), other.shape.begin() + 1);
}

Result<NpyHeader> parse_npy_header(std::string_view start) {
  if (start.size() < 12) return not_npy("too short");
  if (!start.starts_with(kMagic)) return not_npy("it does not begin with \\x93NUMPY");
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(start[i]); };
  const int version = byte(6);
  if (version < 1 || version > 3) return not_npy("version " + std::to_string(version));
  const size_t text_at = version == 1 ? 10 : 12;
  uint64_t length = byte(8) | byte(9) << 8;
  if (version > 1)
    length |= static_cast<uint64_t>(byte(10)) << 16 | static_cast<uint64_t>(byte(11)) << 24;
  if (text_at + length > start.size()) return not_npy("no whole header");
  const std::string_view dict = start.substr(text_at, length);
  NpyHeader header;
  header.descr = literal_of(dict, "descr");
  header.data = text_at + length;
  if (header.descr.empty() || !parse_shape(literal_of(dict, "shape"), header.shape))
    return not_npy("no descr or shape in its header");
  if (header.descr.find("|O") != std::string::npos || header.descr.find("'O'") != std::string::npos)
    return not_npy("it holds Python objects");
  if (header.shape.empty()) return not_npy("it is a single number, not a sequence");
  if (literal_of(dict, "fortran_order") != "False" && header.shape.size() > 1)
    return not_npy("it is in Fortran order; save numpy.ascontiguousarray(a)");
  return header;
}

// `axes`: "3, 2,", nothing for a single number.
static std::string make_header(const std::string& descr, const std::string& axes) {
  std::string dict = "{'descr': " + descr + ", 'fortran_order': False, 'shape': (" + axes + "), }";
  // Version 2: the length is four bytes.
  constexpr size_t kPreamble = 12;
  dict.append(63 - (kPreamble + dict.size()) % 64, ' ');
  dict += '\n';
  std::string text(kMagic);
  text += {2, 0};
  for (int shift = 0; shift < 32; shift += 8)
    text += static_cast<char>(dict.size() >> shift & 0xff);
  return text + dict;
}

// The axes after the first.
static std::string inner_axes(const NpyHeader& header) {
  std::string axes;
  for (size_t i = 1; i < header.shape.size(); ++i)
    axes += (i > 1 ? " " : "") + std::to_string(header.shape[i]) + ",";
  return axes;
}

std::string make_npy_header(const NpyHeader& header, uint64_t rows) {
  const std::string inner = inner_axes(header);
  return make_header(header.descr, std::to_string(rows) + "," + (inner.empty() ? "" : " ") + inner);
}

std::string make_npy_header_of_row(const NpyHeader& header) {
  return make_header(header.descr, inner_axes(header));
}

}  // namespace ipc::client
