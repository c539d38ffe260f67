// SPDX-License-Identifier: BSD-3-Clause
// The rim of a program: everything that is printed about failure, and how it ends.
#pragma once

#include <string_view>

#include "libipc/cli/command.hpp"
#include "libipc/util/result.hpp"

namespace ipc::cli {

/// What a program does with its parsed command line. Returns the exit status; an Error is printed
/// once by the rim and its code is the status.
using Body = Result<int> (*)(const Arguments&);

/// The whole of main(): ignores SIGPIPE, marks a pipeline on stdout (pipeline.hpp), parses, answers
/// -h and -V, runs `body`, prints its error, marks the verdict, and ends: by the signal that
/// came, if one did (signals.hpp), else with the status. Ends the process without running static
/// destructors.
[[noreturn]] void run_program(const Command& command, int argc, char* const* argv, Body body);

/// `PROGRAM: text` on stderr, one line, one write. PROGRAM is that of run_program.
void complain(std::string_view text);

/// The program's name as run_program was given it ("ipcluster" for "ipcluster start").
std::string_view program_name();

}  // namespace ipc::cli
