// SPDX-License-Identifier: BSD-3-Clause
// The limit of running commands: posix_spawn and wait, one after the other, in so many processes.
//
//   spawn_loop COUNT PROCESSES PROGRAM [WORD ...]
//
// Each command gets its number as a further word; what it prints goes where ours does.
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

extern char** environ;

namespace {

/// Runs the commands with the numbers first, first + step, … up to count; false if one failed.
bool run_commands(size_t first, size_t step, size_t count, std::vector<char*> words) {
  words.resize(words.size() + 2, nullptr);
  for (size_t number = first; number <= count; number += step) {
    std::string text = std::to_string(number);
    words[words.size() - 2] = text.data();
    pid_t pid = -1;
    int status = -1;
    if (::posix_spawn(&pid, words[0], nullptr, nullptr, words.data(), environ) != 0 ||
        ::waitpid(pid, &status, 0) != pid || status != 0)
      return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const size_t count = argc > 3 ? std::strtoul(argv[1], nullptr, 10) : 0;
  const size_t processes = argc > 3 ? std::strtoul(argv[2], nullptr, 10) : 0;
  if (count == 0 || processes == 0) {
    std::fprintf(stderr, "usage: spawn_loop COUNT PROCESSES PROGRAM [WORD ...]\n");
    return 64;
  }
  for (size_t i = 1; i <= processes; ++i)
    if (::fork() == 0) ::_exit(run_commands(i, processes, count, {argv + 3, argv + argc}) ? 0 : 1);
  bool good = true;
  for (int status = 0; ::wait(&status) > 0;) good = good && status == 0;
  if (!good) {
    std::fprintf(stderr, "spawn_loop: a command failed\n");
    return 1;
  }
}
