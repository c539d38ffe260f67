// SPDX-License-Identifier: BSD-3-Clause
// shell.hpp: the persistent bash behind the sh kernel.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace ipkit::kernel {
class Channel;
}

namespace ipkit::kernel::sh {

/// How a command ended.
struct Ended {
  int status = 0;            ///< as in $?
  bool interrupted = false;  ///< by SIGINT while it ran
};

/// A program to start, as for execve(2). Everything is the caller's.
struct Program {
  const char* path;
  char* const* words;
  char* const* environment;
  const char* input;  ///< path of its standard input
  int output;         ///< descriptor of its standard output
};

/// One bash that lives across requests: driven by lines on a pipe, values through memory files.
/// When code ends it (exit, set -e, an interrupt) the next one takes over its state; when it dies
/// in another way this process dies the same way. Not thread safe; one per process.
class Shell {
 public:
  /// Starts bash with the driver script; ends the process with a message if that fails.
  /// `channel` is watched for the engine's end while commands run; must outlive the shell.
  Shell(Channel& channel, std::string driver);

  const std::string& version() const { return version_; }

  /// The bash itself; another one after each exit.
  pid_t pid() const { return pid_; }

  /// Runs one driver line whose code may end the shell.
  Ended run(std::string_view line);

  /// Starts the program at `path` in the directory of this bash and waits for its end, as run()
  /// does. Nothing if it cannot be started: bash shall try, and say why.
  std::optional<Ended> run_program(const Program& program);

  /// Runs one driver line of ours and returns its answer, without the newline.
  std::string ask(std::string_view line);

  /// Starts afresh: original environment and directory, empty namespace.
  void reset();

  /// Puts data where the driver reads its input.
  void set_input(std::string_view data);

  /// What the driver wrote to its output file; that is empty afterwards.
  std::string take_output();

 private:
  Channel& channel_;
  std::string driver_;
  std::string version_;
  pid_t pid_ = -1;
  int commands_ = -1;
  int answers_ = -1;
  int answers_end_ = -1;  ///< our copy of the writing end, opened by bash through /proc
  int input_ = -1;
  int output_ = -1;
  int state_ = -1;
  std::string pending_;
  bool running_ = false;  ///< the user's code runs: an interrupt is meant for it

  void start(bool restore);
  bool begin();
  void write_line(std::string_view line);
  bool wait_answer(std::string& answer);
  bool wait_event(bool ended, int& repeated);
  int wait_child(pid_t pid);
  int after_exit(bool restart);
};

/// Bytes that commands read as a file, while it lives; by default none.
class InputFile {
 public:
  InputFile() = default;
  explicit InputFile(std::string_view data);
  InputFile(InputFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ~InputFile();

  std::string path() const;

 private:
  int fd_ = -1;
};

/// An empty memory file, close-on-exec. Ends the process with a message on failure.
int memory_file(const char* name);

/// Whole contents of a memory file.
std::string read_file(int fd);

/// Replaces the contents of a memory file and its offset.
void write_file(int fd, std::string_view data);

/// SIGINT handling of the kernel process: notes that one came. Installed once, at the start.
void watch_signals();

}  // namespace ipkit::kernel::sh
