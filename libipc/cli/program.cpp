// SPDX-License-Identifier: BSD-3-Clause
// The rim of a program: everything that is printed about failure, and how it ends.
#include "libipc/cli/program.hpp"

#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "libipc/cli/pipeline.hpp"
#include "libipc/cli/signals.hpp"
#include "libipc/util/fd.hpp"

namespace ipc::cli {

// Set once, before anything else runs.
static std::string& name_of_program() {
  static std::string name = "ipkit";
  return name;
}

std::string_view program_name() {
  return name_of_program();
}

void complain(std::string_view text) {
  const std::string line = name_of_program() + ": " + std::string(text) + "\n";
  (void)write_all(STDERR_FILENO, line);
}

// Parses and runs; the exit status.
static int act(const Command& command, int argc, char* const* argv, Body body) {
  const auto words = words_of(argc, argv);
  Result<int> status = 0;
  if (auto arguments = parse(command, words); !arguments) {
    status = arguments.error();
  } else if (!arguments->answer.empty()) {
    if (auto written = write_all(STDOUT_FILENO, arguments->answer); !written)
      status = written.error();
  } else {
    status = body(*arguments);
  }
  if (status) return *status;
  // Whoever dies by a signal has nothing more to say.
  if (noted_signal() == 0) complain(status.error().text());
  return static_cast<int>(status.error().code);
}

void run_program(const Command& command, int argc, char* const* argv, Body body) {
  name_of_program() = command.name.substr(0, command.name.find(' '));
  ::signal(SIGPIPE, SIG_IGN);
  const bool piped = is_pipeline(STDOUT_FILENO);
  if (piped) mark(STDOUT_FILENO, Verdict::running);
  catch_signals(piped);
  const int status = act(command, argc, argv, body);
  const bool good = status == 0 && noted_signal() == 0;
  if (piped) mark(STDOUT_FILENO, good ? Verdict::ok : Verdict::failed);
  if (noted_signal() != 0) die_by(noted_signal());
  ::_exit(status);
}

}  // namespace ipc::cli
