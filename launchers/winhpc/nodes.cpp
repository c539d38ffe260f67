// SPDX-License-Identifier: BSD-3-Clause
// What things are called on the nodes.
#include "launchers/winhpc/nodes.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "libipc/util/text.hpp"

namespace ipc::winhpc {
namespace {

/// \\server\share or C:\.
bool is_windows_path(const std::string& path) {
  return path.starts_with("\\\\") ||
         (path.size() > 1 && std::isalpha(static_cast<unsigned char>(path[0])) && path[1] == ':');
}

/// Options of ours for ipengine that ipyparallel's has not: on Windows it is ipyparallel's.
bool is_ours_alone(const std::string& word) {
  for (const char* option : {"--kernel=", "--restart=", "--lifetime=", "--drain-timeout="})
    if (word.starts_with(option)) return true;
  return false;
}

}  // namespace

Nodes::Nodes(const Settings& settings, std::string here)
    : here_(std::move(here)),
      there_(text_of(settings, "profile_dir")),
      directory_(text_of(settings, "directory")),
      bin_(text_of(settings, "bin")),
      is_windows_(is_windows_path(there_) || is_windows_path(directory_) || is_windows_path(bin_)) {
  if (there_.empty()) there_ = here_;
}

std::string Nodes::path(const std::string& path) const {
  const bool is_below = !here_.empty() && path.starts_with(here_) &&
                        (path.size() == here_.size() || path[here_.size()] == '/');
  std::string result = is_below ? there_ + path.substr(here_.size()) : path;
  if (is_windows_) std::replace(result.begin(), result.end(), '/', '\\');
  return result;
}

std::string Nodes::directory(const config::LaunchRequest& request) const {
  if (!directory_.empty()) return directory_;
  // A directory of this machine's means nothing to Windows.
  return is_windows_ ? there_ : request.directory;
}

std::string Nodes::program(const std::string& path) const {
  if (bin_.empty() && !is_windows_) return path;
  const std::string name = std::filesystem::path(path).filename().string();
  if (!is_windows_) return bin_ + "/" + name;
  return (bin_.empty() ? "" : bin_ + "\\") + name + ".exe";
}

std::string Nodes::command_line(const config::LaunchRequest& request) const {
  constexpr std::string_view kProfile = "--profile-dir=";
  std::vector<std::string> words{program(request.program)};
  for (const auto& word : request.arguments) {
    if (is_windows_ && is_ours_alone(word)) continue;
    words.push_back(word.starts_with(kProfile)
                        ? std::string(kProfile) + path(word.substr(kProfile.size()))
                        : word);
  }
  for (auto& word : words) word = is_windows_ ? windows_quote(word) : shell_quote(word);
  return join(words, " ");
}

std::string windows_quote(const std::string& word) {
  if (!word.empty() && word.find_first_of(" \t\"") == std::string::npos) return word;
  std::string quoted = "\"";
  size_t backslashes = 0;
  for (const char c : word) {
    // Backslashes count only before a quote.
    if (c == '"') quoted.append(backslashes + 1, '\\');
    backslashes = c == '\\' ? backslashes + 1 : 0;
    quoted += c;
  }
  return quoted.append(backslashes, '\\') + '"';
}

}  // namespace ipc::winhpc
