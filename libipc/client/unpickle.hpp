// SPDX-License-Identifier: BSD-3-Clause
// Plain values out of pickles: what Python clients had engines compute.
#pragma once

#include <string>
#include <string_view>

#include "libipc/util/result.hpp"

namespace ipc::client {

/// A value as kernels encode it.
struct PlainValue {
  std::string type;  ///< "text", "json" or "bytes"
  std::string bytes;
};

/// Reads a pickle, of any protocol from 2 on, of numbers, strings, bytes, None, lists, tuples, sets
/// and dicts with text for keys. Nothing of it is executed. Code::bad_input for anything else, also
/// for what JSON has no form for.
Result<PlainValue> read_pickle(std::string_view pickle);

}  // namespace ipc::client
