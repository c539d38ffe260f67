// SPDX-License-Identifier: BSD-3-Clause
// ipcluster: starts, stops and shows clusters.
#include <string>
#include <string_view>
#include <vector>

#include "cmd/ipcluster/verbs.hpp"
#include "libipc/util/text.hpp"

namespace ipc::cluster {
namespace {

std::vector<std::string> verb_names() {
  std::vector<std::string> names;
  for (const auto& verb : verbs()) names.emplace_back(verb.name);
  return names;
}

Result<int> explain_verbs(const cli::Arguments& arguments) {
  const std::string word = arguments.operands.empty() ? "" : arguments.operands[0];
  const std::string near = nearest(word, verb_names());
  return Error{
      Code::usage, word.empty() ? "no verb given" : "unknown verb '" + word + "'",
      near.empty() ? "one of: " + join(verb_names(), ", ") : "did you mean '" + near + "'?"};
}

/// What `ipcluster --help` shows.
const cli::Command kOverview = {
    .name = "ipcluster",
    .synopsis = {"VERB [OPTION]...", "[start] [-n N] [--daemonize] [OPTION]..."},
    .summary =
        "Starts and stops a cluster: a controller and engines.\n"
        "Verbs: start, stop, engines, status, doctor, list, clean, log; each has its own --help.",
    .examples = {{"ipcluster start -n 4 --daemonize", "returns when four engines answer"},
                 {"ipcluster status", "what runs"},
                 {"ipcluster stop", "ends it"}},
    .options = {},
};

/// Spellings the option parser does not know: `--n=4` of the reference, and `--wait` without a
/// value.
std::vector<std::string> plain_words(int argc, char** argv) {
  std::vector<std::string> words(argv, argv + argc);
  for (auto& word : words) {
    if (word == "--n")
      word = "-n";
    else if (word.starts_with("--n="))
      word = "-n" + word.substr(4);
    else if (word == "--wait")
      word = "--wait=100%";
  }
  return words;
}

const Verb* find_verb(std::string_view name) {
  for (const auto& verb : verbs())
    if (verb.name == name) return &verb;
  return nullptr;
}

// The verb of the command line.
const Verb* chosen = nullptr;

/// No verb has operands but engines.
Result<int> run_verb(const cli::Arguments& arguments) {
  if (!arguments.operands.empty() && chosen->name != "engines")
    return Error{Code::usage, "'" + arguments.operands[0] + "' is one word too many",
                 "see ipcluster " + std::string(chosen->name) + " --help"};
  return chosen->body(arguments);
}

}  // namespace
}  // namespace ipc::cluster

int main(int argc, char** argv) {
  using namespace ipc::cluster;
  std::vector<std::string> words = plain_words(argc, argv);
  if (argc < 2) words.emplace_back("--help");
  const std::string first = words[1];
  const Verb* verb = find_verb(first);
  bool is_verb = verb != nullptr;
  // The oldest manuals have `ipcluster local -n 2` and `ipcluster -n 2`.
  const bool answers = first == "-h" || first == "--help" || first == "-V" ||
                       first == "--version" || first == "--help-rows";
  if (first == "local")
    verb = &verbs()[0], is_verb = true;
  else if (first.starts_with("-") && !answers)
    verb = &verbs()[0];
  if (is_verb) words.erase(words.begin());
  chosen = verb;
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  ipc::cli::run_program(verb ? verb->command : kOverview, static_cast<int>(words.size()),
                        pointers.data(), verb ? run_verb : explain_verbs);
}
