// SPDX-License-Identifier: BSD-3-Clause
// Amounts of memory as people write them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "libipc/util/result.hpp"

namespace ipc {

/// Bytes of `2G`, `500M`, `1.5GiB`, `4096`: K, M, G, T are powers of 1024. Code::usage for what is
/// no size, or 0.
Result<std::uint64_t> parse_size(std::string_view text);
/// `2.1 GB`, `512 MB`, `17 kB`: for messages, by powers of 1024.
std::string size_text(std::uint64_t bytes);

}  // namespace ipc
