// SPDX-License-Identifier: BSD-3-Clause
// The launcher's section of a profile, as it comes in a request.
#include "launchers/common/settings.hpp"

namespace ipc::launcher {

std::string text_of(const Settings& settings, const std::string& key) {
  const auto found = settings.find(key);
  return found == settings.end() ? "" : found->second.text;
}

std::vector<std::string> list_of(const Settings& settings, const std::string& key) {
  const auto found = settings.find(key);
  return found == settings.end() ? std::vector<std::string>() : found->second.list;
}

Settings settings_for(const std::string& role, const Settings& settings) {
  constexpr std::string_view kOwn = "controller.";
  Settings result;
  for (const auto& [key, setting] : settings)
    if (!key.starts_with(kOwn)) result[key] = setting;
  if (role != "controller") return result;
  // The controller is one process of its own, whatever the engines' nodes hold.
  for (const char* key : {"per_node", "template"}) result.erase(key);
  for (const auto& [key, setting] : settings)
    if (key.starts_with(kOwn)) result[key.substr(kOwn.size())] = setting;
  return result;
}

}  // namespace ipc::launcher
