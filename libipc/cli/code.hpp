// SPDX-License-Identifier: BSD-3-Clause
// Where code comes from: an operand, a file, standard input.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libipc/cli/command.hpp"

namespace ipc::cli {

/// What is to be run.
struct RemoteCode {
  std::string text;
  std::string file;               ///< its name in tracebacks; empty: none
  std::vector<std::string> argv;  ///< of a script
  bool from_stdin = false;        ///< not read yet
};

/// Decides by operands and the options code, file, print, stdin and no-stdin of the programs that
/// have them; reads the file of -f. Code::usage says what to write instead.
Result<RemoteCode> find_code(const Arguments& arguments);

/// Reads code or input from standard input; says so once if that is a terminal.
Result<std::string> read_stdin(const std::string& what);

/// The content of the execute_request, with the members `more`, which begin with a comma.
/// Code::bad_input for code that is not UTF-8.
Result<std::string> execute_content(const RemoteCode& code, const Arguments& arguments,
                                    std::string_view more = {});

/// True if the code is a shell's.
bool is_shell(const Arguments& arguments);

}  // namespace ipc::cli
