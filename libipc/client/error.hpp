// SPDX-License-Identifier: BSD-3-Clause
// What went wrong on an engine, as a value.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libipc/wire/json.hpp"

namespace ipc::client {

/// One line of the user's own code in a stack, as kernels report it.
struct StackLine {
  std::string file;
  int line = 0;
  std::string function, source;
};

/// An error reply's content. Everything in it came from elsewhere: print it as data.
struct RemoteError {
  std::string ename, evalue;
  std::vector<std::string> traceback;  ///< lines without newline; may hold ANSI colours
  std::vector<StackLine> frames;       ///< innermost last; may be empty
  std::optional<int> exit_status;      ///< of a shell command (128 + N for signal N)
  std::string name;                    ///< NameError: the undefined name, if the kernel said it
  int engine = -1;                     ///< id by engine_info; -1 if it says none
};

/// Reads an error reply's content; what is missing or of the wrong type stays empty.
RemoteError parse_remote_error(const wire::Json& content);

/// One line: `NameError: name 'x' is not defined, line 1: y = len(x)`. For ename `ExitStatus`, and
/// the errors of engine and controller (`KernelDied`, `EngineError`), the evalue alone.
std::string summary(const RemoteError& error);

}  // namespace ipc::client
