// SPDX-License-Identifier: BSD-3-Clause
// The groups of a profile, for targets such as @gpu.
#include "libipc/cli/groups.hpp"

#include <sys/wait.h>

#include "libipc/util/file.hpp"
#include "libipc/util/process.hpp"
#include "libipc/util/subprocess.hpp"
#include "libipc/util/text.hpp"

namespace ipc::cli {

constexpr auto kLimit = seconds(10);
constexpr std::string_view kProgram = "ipcluster";

static Error failure(const Completed& completed) {
  std::string_view text = trim(completed.errors);
  const std::string prefix = std::string(kProgram) + ": ";
  if (text.starts_with(prefix)) text.remove_prefix(prefix.size());
  const std::string why =
      text.empty() ? prefix + describe_exit(completed.wait_status) : std::string(text);
  const bool is_bad_profile = WIFEXITED(completed.wait_status) &&
                              WEXITSTATUS(completed.wait_status) == int(Code::bad_profile);
  return {is_bad_profile ? Code::bad_profile : Code::internal, "no groups: " + why, ""};
}

Groups parse_groups(std::string_view text) {
  Groups groups;
  for (const auto& line : split(text, '\n'))
    if (const size_t tab = line.find('\t'); tab != std::string::npos)
      groups[line.substr(0, tab)] = line.substr(tab + 1);
  return groups;
}

Result<Groups> load_groups(const Arguments& arguments) {
  IPC_TRY_ASSIGN(const std::string program, find_program(kProgram));
  std::vector<std::string> words = {program, "groups"};
  for (const char* name : {"profile", "profile-dir"})
    if (const auto value = arguments.get(name))
      words.push_back("--" + std::string(name) + "=" + *value);
  IPC_TRY_ASSIGN(const Completed completed, run_to_end(words, "", kLimit));
  if (!completed.ok()) return failure(completed);
  return parse_groups(completed.output);
}

Result<std::vector<int>> select_engines(const Arguments& arguments, const TargetChoice& choice,
                                        const client::EngineTable& table) {
  Groups groups;
  if (choice.targets.find('@') != std::string::npos ||
      choice.exclude.find('@') != std::string::npos) {
    IPC_TRY_ASSIGN(groups, load_groups(arguments));
  }
  return select_targets(choice, table, groups);
}

}  // namespace ipc::cli
