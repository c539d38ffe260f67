// SPDX-License-Identifier: BSD-3-Clause
// When a map ends before its input does.
#pragma once

#include <cstdint>
#include <string>

#include "libipc/util/result.hpp"

namespace ipmap {

/// --halt: how many items have to fail, succeed or be done.
struct Halt {
  enum class What { never, fail, success, done };
  What what = What::never;
  bool now = false;         ///< else running items may finish
  std::uint64_t count = 0;  ///< 0: by percent
  unsigned percent = 0;     ///< fail: of the items done, from 3 failures on; else of all items

  /// True if reached() has to know how many items there are.
  bool needs_total() const { return percent != 0 && what != What::fail; }
  bool reached(std::uint64_t done, std::uint64_t failed, std::uint64_t total) const;
};

/// "never", "now,fail=3", "soon,fail=10%", "now,success=1", "soon,done=50%". Code::usage.
ipc::Result<Halt> parse_halt(const std::string& text);

}  // namespace ipmap
