// SPDX-License-Identifier: BSD-3-Clause
// What a fuzz target is: a function that eats bytes of anybody's, under its file's name.
#pragma once

#include <cstdlib>
#include <span>
#include <string_view>
#include <vector>

namespace ipkit_fuzz {

/// Hands bytes to the code under test. Whatever they are, it must come back.
using Body = void (*)(std::string_view input);

struct Target {
  std::string_view name;  ///< of its source file and of its folder in corpus/
  Body body;
};

/// All that are linked in: one in a fuzzer, all of them in the unit tests.
inline std::vector<Target>& targets() {
  static std::vector<Target> all;
  return all;
}

/// Adds one; made before main.
struct Registered {
  Registered(std::string_view name, Body body) { targets().push_back({name, body}); }
};

/// What must hold for any input; also where assert() would be compiled out.
inline void require(bool holds) {
  if (!holds) std::abort();
}

/// Cuts an input into pieces: each is a byte for its size (255: two more bytes follow, low one
/// first), then so many bytes. The last one may be cut short.
inline std::vector<std::string_view> pieces(std::string_view input) {
  std::vector<std::string_view> all;
  const auto byte = [&] {
    const auto value = static_cast<unsigned char>(input.empty() ? 0 : input[0]);
    input.remove_prefix(input.empty() ? 0 : 1);
    return size_t{value};
  };
  while (!input.empty()) {
    size_t size = byte();
    if (size == 255) {
      const size_t low = byte();
      size = low + (byte() << 8);
    }
    all.push_back(input.substr(0, size));
    input.remove_prefix(all.back().size());
  }
  return all;
}

}  // namespace ipkit_fuzz
