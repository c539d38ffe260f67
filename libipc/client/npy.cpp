// SPDX-License-Identifier: BSD-3-Clause
// Slices of an array in NumPy's file format.
#include <algorithm>
#include <charconv>

#include "libipc/client/slices.hpp"
#include "libipc/util/text.hpp"

namespace ipc::client {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
// A header is one line of text; one of structured types is long, none is longer than this.
constexpr uint64_t kMostHeader = 1 << 20;

struct NpyHeader {
  std::string descr;  // Python literal, as it stands
  std::vector<uint64_t> shape;
  uint64_t data = 0;  // offset of the first element
};

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

Result<NpyHeader> read_header(const Source& source) {
  if (source.size() < 12) return not_npy("too short");
  IPC_TRY_ASSIGN(const std::string start, source.read(0, 12));
  if (!start.starts_with(kMagic)) return not_npy("it does not begin with \\x93NUMPY");
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(start[i]); };
  const int version = byte(6);
  if (version < 1 || version > 3) return not_npy("version " + std::to_string(version));
  const size_t text_at = version == 1 ? 10 : 12;
  uint64_t length = byte(8) | byte(9) << 8;
  if (version > 1) length |= static_cast<uint64_t>(byte(10)) << 16 | static_cast<uint64_t>(byte(11)) << 24;
  if (length > kMostHeader || text_at + length > source.size()) return not_npy("no whole header");
  IPC_TRY_ASSIGN(const std::string dict, source.read(text_at, static_cast<size_t>(length)));
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

std::string make_header(const NpyHeader& header, uint64_t rows) {
  std::string dict = "{'descr': " + header.descr + ", 'fortran_order': False, 'shape': (" +
                     std::to_string(rows) + ",";
  for (size_t i = 1; i < header.shape.size(); ++i)
    dict += " " + std::to_string(header.shape[i]) + ",";
  dict += "), }";
  // Version 2: the length is four bytes. The data begins at a multiple of 64.
  constexpr size_t kPreamble = 12;
  dict.append(63 - (kPreamble + dict.size()) % 64, ' ');
  dict += '\n';
  std::string text(kMagic);
  text += {2, 0};
  for (int shift = 0; shift < 32; shift += 8)
    text += static_cast<char>(dict.size() >> shift & 0xff);
  return text + dict;
}

}  // namespace

Result<std::vector<Slice>> slice_npy(const Source& source, size_t parts) {
  IPC_TRY_ASSIGN(const NpyHeader header, read_header(source));
  const uint64_t rows = header.shape.front(), bytes = source.size() - header.data;
  if (rows > 0 ? bytes % rows != 0 || (bytes == 0 && header.shape.size() == 1) : bytes != 0)
    return not_npy("its data does not match its shape");
  const uint64_t row = rows > 0 ? bytes / rows : 0;
  std::vector<Slice> slices;
  uint64_t at = header.data;
  for (const uint64_t count : share_out(rows, parts)) {
    slices.push_back({make_header(header, count), at, at + count * row});
    at += count * row;
  }
  return slices;
}

}  // namespace ipc::client
