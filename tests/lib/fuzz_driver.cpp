// SPDX-License-Identifier: BSD-3-Clause
// libFuzzer's entry: hands each input to the one target that is linked in.
#include <cstdint>

#include "tests/fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ipkit_fuzz::targets().front().body({reinterpret_cast<const char*>(data), size});
  return 0;
}
