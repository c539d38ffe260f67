// SPDX-License-Identifier: BSD-3-Clause
// A byte stream cut into pieces of whole UTF-8 characters.
#pragma once

#include <string>
#include <string_view>

namespace ipc {

/// Keeps the bytes of an unfinished character until its rest comes. One for each stream.
class TextStream {
 public:
  /// All of what came so far but an unfinished character at the end; with `all` that too.
  std::string take(std::string_view bytes, bool all);

 private:
  std::string held_;
};

}  // namespace ipc
