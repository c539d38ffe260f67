// SPDX-License-Identifier: BSD-3-Clause
// HPC Pack's job scheduler: what its words mean.
#include "launchers/winhpc/scheduler.hpp"

#include <algorithm>
#include <cctype>
#include <regex>

namespace ipc::winhpc {
namespace {

/// States of jobs and tasks that are neither over nor running. What is not known here runs: it is
/// looked at again.
constexpr const char* kPending[] = {"Configuring", "Submitted",   "Validating",
                                    "Queued",      "Dispatching", "ExternalValidation"};
constexpr const char* kEnded[] = {"Finished", "Failed", "Canceled"};

template <size_t n>
bool is_one_of(const char* const (&words)[n], const std::string& word) {
  return std::any_of(std::begin(words), std::end(words), [&](const char* w) { return word == w; });
}

bool says(const std::string& words, const char* pattern) {
  return std::regex_search(words, std::regex(pattern, std::regex::icase));
}

}  // namespace

std::string property_name(std::string_view name) {
  std::string result;
  for (const char c : name)
    if (!std::isspace(static_cast<unsigned char>(c)))
      result += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

JobState state_of(const Target& target, const Properties& properties) {
  const auto value = [&](const char* name) {
    const auto found = properties.find(name);
    return found == properties.end() ? std::string() : found->second;
  };
  const std::string word = value("state");
  JobState state;
  state.state = is_one_of(kEnded, word)     ? "ended"
                : is_one_of(kPending, word) ? "pending"
                                            : "running";
  state.is_ending = word == "Canceling";
  state.why = "winhpc " + target.text() + " " + word;
  const std::string reason =
      state.state == "pending" ? value("pendingreason") : value("errormessage");
  if (!reason.empty() && reason != "None" && state.state != "running")
    state.why += " (" + reason + ")";
  return state;
}

bool says_unknown(const std::string& words) {
  return says(words, "(job|task|ID).*(not valid|invalid|not (be )?found|does not exist)");
}

Code code_for(const std::string& words) {
  if (says(words, "(cannot|could not|unable to|failed to) (be )?(connect|contact|reach|find the)"))
    return Code::no_controller;
  if (says(words, "password|credential|logon|access|permission|denied")) return Code::refused;
  return Code::bad_profile;
}

std::unique_ptr<Scheduler> scheduler_for(const Site& site) {
  return site.url.empty() ? by_command(site) : by_web(site);
}

}  // namespace ipc::winhpc
