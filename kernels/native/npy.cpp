// SPDX-License-Identifier: BSD-3-Clause
// npy.cpp: NumPy's file format: heads, numbers, arrays as JSON.
#include <bit>
#include <cmath>
#include <cstring>

#include "kernels/native/value.hpp"

namespace ipkit::kernel::native {

namespace {

static_assert(std::endian::native == std::endian::little, "arrays are read as they lie");

constexpr std::string_view magic = "\x93NUMPY";

template <typename T>
T read_as(const char* at) {
  T number;
  memcpy(&number, at, sizeof number);
  return number;
}

/// The text after 'key': in the head, which is the repr of a dict.
std::string_view entry(std::string_view head, std::string_view key) {
  const size_t found = head.find("'" + std::string(key) + "'");
  const size_t colon = found == std::string_view::npos ? found : head.find(':', found);
  if (colon == std::string_view::npos) return {};
  head.remove_prefix(colon + 1);
  head.remove_prefix(std::min(head.find_first_not_of(' '), head.size()));
  return head;
}

bool read_shape(std::string_view text, std::vector<uint64_t>& shape) {
  if (!text.starts_with('(') || text.find(')') == std::string_view::npos) return false;
  text = text.substr(1, text.find(')') - 1);
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    const std::string number(text.substr(0, comma));
    if (number.find_first_of("0123456789") != std::string::npos)
      shape.push_back(strtoull(number.c_str(), nullptr, 10));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return true;
}

/// '<f8' and the like; a type that is not looked into leaves kind 0.
void read_type(std::string_view text, Npy& npy) {
  if (text.size() < 4 || (text[0] != '\'' && text[0] != '"') || text[1] == '>') return;
  const char kind = text[2];
  const uint32_t item = static_cast<uint32_t>(text[3] - '0');
  const bool plain = text[4 < text.size() ? 4 : 3] == text[0];
  const bool real = kind == 'f' && (item == 4 || item == 8);
  const bool whole = (kind == 'i' || kind == 'u') && std::has_single_bit(item) && item <= 8;
  if (plain && (real || whole || (kind == 'b' && item == 1))) npy.kind = kind, npy.item = item;
}

/// Product of the dimensions; false if it is beyond any memory.
bool count_of(const std::vector<uint64_t>& shape, uint64_t& count) {
  count = 1;
  for (uint64_t size : shape)
    if (__builtin_mul_overflow(count, size, &count)) return false;
  return true;
}

std::string number_text(const char* at, char kind, uint32_t item) {
  int64_t number = 0;
  if (kind == 'b') return *at != 0 ? "true" : "false";
  if (kind == 'f' && item == 4) {
    char text[32];
    snprintf(text, sizeof text, "%.9g", static_cast<double>(read_as<float>(at)));
    return Json(strtod(text, nullptr)).dump();
  }
  if (kind == 'f') return Json(read_as<double>(at)).dump();
  if (integer_at(at, kind, item, number)) return std::to_string(number);
  return std::to_string(read_as<uint64_t>(at));
}

}  // namespace

std::optional<Npy> read_npy(const std::string& data) {
  if (!data.starts_with(magic) || data.size() < 12) return {};
  const bool old = data[6] == 1;
  const size_t start = old ? 10 : 12;
  const size_t size = old ? read_as<uint16_t>(&data[8]) : read_as<uint32_t>(&data[8]);
  if (size > data.size() - start) return {};
  const std::string_view head(&data[start], size);
  Npy npy;
  npy.offset = start + size;
  read_type(entry(head, "descr"), npy);
  if (!read_shape(entry(head, "shape"), npy.shape) || !count_of(npy.shape, npy.count)) return {};
  // Columns first is another order, unless there is one column.
  if (entry(head, "fortran_order").starts_with("True") && npy.shape.size() > 1) npy.kind = 0;
  // Rows of nothing, in whatever number, are not worth their brackets.
  if (npy.count == 0 && npy.shape.size() > 1) npy.kind = 0;
  if (npy.kind != 0 && npy.count > (data.size() - npy.offset) / npy.item) return {};
  return npy;
}

std::string npy_head(char kind, uint32_t item, const std::vector<uint64_t>& shape) {
  std::string head = std::string("{'descr': '") + (item == 1 ? '|' : '<') + kind +
                     std::to_string(item) + "', 'fortran_order': False, 'shape': (";
  for (uint64_t size : shape) head += std::to_string(size) + ", ";
  head += "), }";
  head.resize((10 + head.size() + 1 + 63) / 64 * 64 - 11, ' ');  // the numbers begin at 64 bytes
  head += '\n';
  const auto size = static_cast<uint16_t>(head.size());
  std::string out(magic);
  out += {1, 0, static_cast<char>(size & 0xff), static_cast<char>(size >> 8)};
  return out + head;
}

bool append_json(std::string& out, const std::string& data, const Npy& npy, size_t depth,
                 uint64_t at) {
  if (depth == npy.shape.size()) {
    const char* number = &data[npy.offset + at * npy.item];
    const double real = npy.kind == 'f' ? real_at(number, npy.kind, npy.item) : 0;
    if (std::isfinite(real)) {
      out += number_text(number, npy.kind, npy.item);
    } else {
      out += std::isnan(real) ? "nan" : real > 0 ? "inf" : "-inf";
    }
    return std::isfinite(real);
  }
  uint64_t step = 1;
  for (size_t i = depth + 1; i < npy.shape.size(); ++i) step *= npy.shape[i];
  bool finite = true;
  out += '[';
  for (uint64_t i = 0; i < npy.shape[depth]; ++i) {
    if (i > 0) out += ", ";
    finite &= append_json(out, data, npy, depth + 1, at + i * step);
  }
  out += ']';
  return finite;
}

double real_at(const char* at, char kind, uint32_t item) {
  if (kind == 'f') return item == 8 ? read_as<double>(at) : static_cast<double>(read_as<float>(at));
  int64_t number = 0;
  if (integer_at(at, kind, item, number)) return static_cast<double>(number);
  return static_cast<double>(read_as<uint64_t>(at));
}

bool integer_at(const char* at, char kind, uint32_t item, int64_t& number) {
  if (kind == 'f') {
    const double real = real_at(at, kind, item);
    if (!(real >= -0x1p63 && real < 0x1p63) || real != std::floor(real)) return false;
    number = static_cast<int64_t>(real);
    return true;
  }
  const bool is_signed = kind == 'i';
  switch (item) {
    case 1:
      number = is_signed ? read_as<int8_t>(at) : read_as<uint8_t>(at);
      return true;
    case 2:
      number = is_signed ? read_as<int16_t>(at) : read_as<uint16_t>(at);
      return true;
    case 4:
      number = is_signed ? read_as<int32_t>(at) : int64_t{read_as<uint32_t>(at)};
      return true;
    default:
      number = read_as<int64_t>(at);
      return is_signed || number >= 0;
  }
}

}  // namespace ipkit::kernel::native
