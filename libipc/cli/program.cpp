// SPDX-License-Identifier: BSD-3-Clause
// The rim of a program: everything that is printed about failure, and how it ends.
#include "libipc/cli/program.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "libipc/cli/output.hpp"
#include "libipc/cli/pipeline.hpp"
#include "libipc/cli/serial.hpp"
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
    if (const auto printed = print(arguments->answer); !printed) status = printed.error();
  } else if (const auto serial = check_serial(command, *arguments); !serial) {
    status = serial.error();
  } else {
    status = body(*arguments);
  }
  if (status) return *status;
  // Whoever dies by a signal has nothing more to say.
  if (noted_signal() == 0) complain(status.error().text());
  return static_cast<int>(status.error().code);
}

// A descriptor that is closed would be given to the next thing opened, and our text would go there.
static void occupy_standard_descriptors() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    // Opened the wrong way round for stdout: writing fails, as it does when it is closed.
    if (::open("/dev/null", fd == STDERR_FILENO ? O_WRONLY : O_RDONLY) != fd) return;
  }
}

void run_program(const Command& command, int argc, char* const* argv, Body body) {
  occupy_standard_descriptors();
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
