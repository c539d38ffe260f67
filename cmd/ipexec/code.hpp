// SPDX-License-Identifier: BSD-3-Clause
// Where ipexec's code comes from.
#pragma once

#include <string>
#include <vector>

#include "libipc/cli/command.hpp"

namespace ipexec {

/// What is to be run.
struct Code {
  std::string text;
  std::string file;               ///< its name in tracebacks; empty: none
  std::vector<std::string> argv;  ///< of a script
  bool from_stdin = false;        ///< not read yet
};

/// Decides by operands and options; reads the file of -f. Code::usage says what to write instead.
ipc::Result<Code> find_code(const ipc::cli::Arguments& arguments);

/// Reads code or input (-i) from standard input; says so once if that is a terminal.
ipc::Result<std::string> read_stdin(const std::string& what);

/// The content of the execute_request.
ipc::Result<std::string> request_content(const Code& code, const ipc::cli::Arguments& arguments);

/// True if the code is a shell's.
bool is_shell(const ipc::cli::Arguments& arguments);

}  // namespace ipexec
