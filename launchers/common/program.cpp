// SPDX-License-Identifier: BSD-3-Clause
// What every launcher is besides its verbs: the command line, the documents, the errors.
#include "launchers/common/program.hpp"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>

#include "libipc/util/fd.hpp"
#include "libipc/util/text.hpp"

namespace ipc::launcher {
namespace {

std::vector<std::string> verb_names(const Program& program) {
  std::vector<std::string> names;
  for (const auto& verb : program.verbs) names.emplace_back(verb.name);
  names.emplace_back("describe");
  return names;
}

/// `key: ["a", "b"]`
std::string yaml_list(std::string_view key, const std::vector<std::string>& values) {
  std::string text;
  for (const auto& value : values) text += (text.empty() ? "" : ", ") + json_quote(value);
  return std::string(key) + ": [" + text + "]\n";
}

std::string describe(const Program& program) {
  return "name: " + json_quote(program.name) + "\nsummary: " + json_quote(program.summary) + "\n" +
         yaml_list("verbs", verb_names(program)) + yaml_list("keys", program.keys) +
         (program.settings.empty() ? "" : yaml_list("settings", program.settings));
}

Result<std::string> answer(const Program& program, std::string_view name, bool dry_run) {
  if (name == "describe") return describe(program);
  const auto verb = std::find_if(program.verbs.begin(), program.verbs.end(),
                                 [&](const Verb& known) { return known.name == name; });
  if (verb == program.verbs.end())
    return Error{Code::usage, "unknown verb '" + std::string(name) + "'",
                 join(verb_names(program), ", ")};
  IPC_TRY_ASSIGN(const std::string text, read_all(STDIN_FILENO, 1 << 20));
  IPC_TRY_ASSIGN(const auto request, config::parse_launch_request(text));
  const bool starts = name == "start";
  if (starts && !request.program.starts_with('/'))
    return Error{Code::bad_input, "'program' must be an absolute path", ""};
  if (dry_run && starts && program.preview) return program.preview(request);
  if (dry_run) return config::to_yaml(request);
  if (!starts && ::access(request.record.c_str(), F_OK) != 0)
    return config::to_yaml(std::vector<config::Launched>{});
  IPC_TRY_ASSIGN(const auto processes, verb->act(request));
  return config::to_yaml(processes);
}

}  // namespace

int run(const Program& program, int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  // A full quota is an error to be told, not a death.
  ::signal(SIGXFSZ, SIG_IGN);
  const std::string_view verb = argc > 1 ? argv[1] : "";
  const bool dry_run = argc > 2 && argv[2] == std::string_view("--dry-run");
  if (argc < 2 || argc > 3 || (argc == 3 && !dry_run)) {
    std::fprintf(stderr, "usage: ipkit-launch-%s %s [--dry-run]\n", program.name.c_str(),
                 join(verb_names(program), "|").c_str());
    return static_cast<int>(Code::usage);
  }
  const auto text = answer(program, verb, dry_run);
  if (!text) {
    std::fprintf(stderr, "ipkit-launch-%s: %s\n", program.name.c_str(),
                 text.error().text().c_str());
    return static_cast<int>(text.error().code);
  }
  return write_all(STDOUT_FILENO, *text) ? 0 : static_cast<int>(Code::internal);
}

}  // namespace ipc::launcher
