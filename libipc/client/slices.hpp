// SPDX-License-Identifier: BSD-3-Clause
// Contiguous slices of a sequence, one for each engine.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/client/source.hpp"

namespace ipc::client {

/// What one engine gets: `prefix`, then the source's bytes [begin, end).
struct Slice {
  std::string prefix;
  uint64_t begin = 0, end = 0;
};

/// How many of n elements each of `parts` gets: the first n mod parts get one more.
std::vector<uint64_t> share_out(uint64_t n, size_t parts);

/// Every byte is an element.
std::vector<Slice> slice_bytes(uint64_t size, size_t parts);

/// Elements end with `separator`; the last one may lack it. Reads the source once, in blocks.
Result<std::vector<Slice>> slice_separated(const Source& source, char separator, size_t parts);

/// Rows of an array in NumPy's file format (the first axis); every slice has a header of its own.
/// Code::bad_input for what is not such a file, is in Fortran order, has no axis, or holds Python
/// objects.
Result<std::vector<Slice>> slice_npy(const Source& source, size_t parts);

/// Elements of a JSON list, as one JSON text for each part. Code::bad_input if it is none.
Result<std::vector<std::string>> slice_json(std::string_view text, size_t parts);

}  // namespace ipc::client
