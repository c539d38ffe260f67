// SPDX-License-Identifier: BSD-3-Clause
// Any other batch system, as the profile describes it.
#include "launchers/batch/systems.hpp"
#include "libipc/util/text.hpp"

namespace ipc::batch {
namespace {

std::vector<std::string> words_of(const std::string& command) {
  std::vector<std::string> words;
  for (const auto& word : split(command, ' '))
    if (!word.empty()) words.push_back(word);
  return words;
}

}  // namespace

Result<System> generic(const Settings& settings) {
  System s;
  s.name = "batch";
  s.summary = "jobs of a batch system that the profile describes";
  s.submit = words_of(text_of(settings, "submit"));
  s.status = words_of(text_of(settings, "status"));
  s.cancel = words_of(text_of(settings, "cancel"));
  s.id_pattern = text_of(settings, "id");
  if (s.id_pattern.empty()) s.id_pattern = R"((\d+))";
  s.on_stdin = text_of(settings, "submit").find("{script}") == std::string::npos;
  // A line with the id has, somewhere, a word that is known as a state.
  s.reading.between = "\n";
  if (const auto states = settings.find("states"); states != settings.end())
    for (const auto& [word, state] : states->second.map) {
      if (state != "pending" && state != "running" && state != "ended")
        return Error{Code::bad_profile,
                     "batch.states: '" + join(std::vector{word, state}, ": ") + "' names no state",
                     "pending, running or ended"};
      s.states[word] = {state, ""};
    }
  s.unknown = text_of(settings, "unknown");
  if (s.unknown.empty())
    s.unknown = "[Uu]nknown|[Nn]ot found|[Nn]o such|does not exist|[Ii]nvalid job";
  s.has_arrays = false;
  s.redirects = true;
  s.task = "1";
  s.array_line = "[^\\s\\S]";
  return s;
}

}  // namespace ipc::batch
