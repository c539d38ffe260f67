// SPDX-License-Identifier: BSD-3-Clause
// A byte stream cut into pieces of whole UTF-8 characters.
#include "libipc/util/text_stream.hpp"

namespace ipc {
namespace {

/// Bytes at the end that begin a character and lack its rest; 0 to 3.
size_t unfinished(std::string_view text) {
  for (size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xC0) == 0x80) continue;
    const size_t length = byte >= 0xF8   ? 1
                          : byte >= 0xF0 ? 4
                          : byte >= 0xE0 ? 3
                          : byte >= 0xC0 ? 2
                                         : 1;
    return length > back ? back : 0;
  }
  return 0;
}

}  // namespace

std::string TextStream::take(std::string_view bytes, bool all) {
  std::string text = std::move(held_);
  text += bytes;
  const size_t rest = all ? 0 : unfinished(text);
  held_ = text.substr(text.size() - rest);
  text.erase(text.size() - rest);
  return text;
}

}  // namespace ipc
