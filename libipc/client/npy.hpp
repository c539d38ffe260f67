// SPDX-License-Identifier: BSD-3-Clause
// Headers of NumPy's file format: enough to cut arrays into rows and to join them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/util/result.hpp"

namespace ipc::client {

/// Bytes from the start of a file that hold any header we accept.
inline constexpr size_t kMostNpyHeader = 64u << 10;

struct NpyHeader {
  std::string descr;            ///< type of an element: a Python literal, as it stands
  std::vector<uint64_t> shape;  ///< at least one axis
  uint64_t data = 0;            ///< offset of the first element

  /// True if their rows can stand in one array.
  bool fits(const NpyHeader& other) const;
};

/// `start`: the first kMostNpyHeader bytes of the file, or all of it. Code::bad_input for what is
/// not such a file, is in Fortran order, has no axis, or holds Python objects.
Result<NpyHeader> parse_npy_header(std::string_view start);

/// A header for `rows` rows of the same form; the data begins at a multiple of 64.
std::string make_npy_header(const NpyHeader& header, uint64_t rows);
/// A header for one row by itself: an array without the first axis.
std::string make_npy_header_of_row(const NpyHeader& header);

}  // namespace ipc::client
