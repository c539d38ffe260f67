// SPDX-License-Identifier: BSD-3-Clause
// -f: a file of Python that only exists here.
#pragma once

#include <string>

#include "libipc/util/result.hpp"

namespace ipmap {

/// The file as requests name it. Engines keep what it defines for the time of one map, so its text
/// goes to each about once.
struct CodeFile {
  std::string path;
  std::string function;  ///< to call with each item; empty: an expression sees the file's names
  std::string brief;     ///< for a request: a JSON object
  std::string whole;     ///< the same with the text
};

/// Reads what `FILE` or `FILE:FUNCTION` names. Code::no_input: no such file; Code::bad_input: it is
/// not UTF-8.
ipc::Result<CodeFile> read_code_file(const std::string& argument);

}  // namespace ipmap
