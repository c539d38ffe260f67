// SPDX-License-Identifier: BSD-3-Clause
// Buffers of a record as one value of a database: a pickled list of bytes, as in the reference's.
#include "libipc/hub/buffer_blob.hpp"

#include <cstdint>
#include <cstring>

namespace ipc::hub {
namespace {

// Opcodes of Python's pickle module.
constexpr char kProto = '\x80', kStop = '.', kMark = '(', kEmptyList = ']', kAppend = 'a',
               kAppends = 'e', kShortBytes = 'C', kBytes = 'B', kLongBytes = '\x8e',
               kMemoize = '\x94', kPut = 'q', kLongPut = 'r', kFrame = '\x95';

template <class Number>
void put_number(std::string& text, Number number) {
  text.append(reinterpret_cast<const char*>(&number), sizeof number);
}

// Reads little-endian numbers and pieces; `ok` turns false at the end.
struct Input {
  std::string_view rest;
  bool ok = true;

  std::string_view take(std::uint64_t n) {
    if (n > rest.size()) return ok = false, std::string_view();
    const auto taken = rest.substr(0, n);
    rest.remove_prefix(n);
    return taken;
  }
  std::uint64_t number(std::size_t bytes) {
    std::uint64_t value = 0;
    const auto raw = take(bytes);
    std::memcpy(&value, raw.data(), raw.size());
    return value;
  }
};

}  // namespace

std::string pickle_buffers(const net::Frames& buffers) {
  std::size_t size = 8;
  for (const auto& buffer : buffers) size += buffer.size() + 9;
  std::string blob;
  blob.reserve(size);
  blob = {kProto, '\x04', kEmptyList, kMark};
  for (const auto& buffer : buffers) {
    const std::string_view bytes = buffer.view();
    if (bytes.size() < 0x100)
      blob += kShortBytes, put_number(blob, static_cast<std::uint8_t>(bytes.size()));
    else
      blob += kLongBytes, put_number(blob, static_cast<std::uint64_t>(bytes.size()));
    blob += bytes;
  }
  return blob += {kAppends, kStop};
}

Result<net::Frames> unpickle_buffers(std::string_view blob) {
  const Error bad{Code::bad_input, "buffers are not a pickled list of bytes", ""};
  Input in{blob};
  net::Frames buffers;
  for (bool in_list = false; in.ok;) {
    const std::string_view op = in.take(1);
    if (op.empty()) return bad;
    switch (op[0]) {
      case kProto:
        in.take(1);
        break;
      case kPut:
        in.take(1);
        break;
      case kLongPut:
        in.take(4);
        break;
      case kFrame:
        in.take(8);
        break;
      case kEmptyList:
        if (in_list) return bad;
        in_list = true;
        break;
      case kMark:
      case kAppend:
      case kAppends:
      case kMemoize:
        break;
      case kShortBytes:
      case kBytes:
      case kLongBytes: {
        const auto bytes = in.take(in.number(op[0] == kShortBytes ? 1 : op[0] == kBytes ? 4 : 8));
        if (!in_list || !in.ok) return bad;
        buffers.emplace_back(bytes);
        break;
      }
      case kStop:
        if (in_list && in.rest.empty()) return buffers;
        return bad;
      default:
        return bad;
    }
  }
  return bad;
}

}  // namespace ipc::hub
