// SPDX-License-Identifier: BSD-3-Clause
// plain.cpp: commands of nothing but words, which need no shell between us and the program.
#include "kernels/sh/plain.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <utility>

#include "kernels/common/text.hpp"

namespace ipkit::kernel::sh {

namespace {

// How long bash's answer is believed: it may find another file under the same name later.
constexpr std::chrono::seconds kTrusted{1};

/// Means itself to bash wherever it stands in a word that is no assignment.
bool is_literal(char c) {
  return (static_cast<unsigned char>(c) < 0x80 && std::isalnum(c) != 0) ||
         (c != '\0' && std::strchr("_./,:+@%-=", c) != nullptr);
}

/// Takes the quoted text that begins at `at` (its quote); false if it is more than text.
bool take_quoted(std::string_view command, size_t& at, std::string& word) {
  const char quote = command[at];
  const size_t end = command.find(quote, at + 1);
  if (end == std::string_view::npos) {
    return false;
  }
  const std::string_view text = command.substr(at + 1, end - at - 1);
  if (quote == '"' && text.find_first_of("$`\\!") != std::string_view::npos) {
    return false;
  }
  word += text;
  at = end + 1;
  return true;
}

/// The next word from `at` on; false if it is more than text.
bool take_word(std::string_view command, size_t& at, std::string& word) {
  while (at < command.size() && command[at] != ' ' && command[at] != '\t') {
    const char c = command[at];
    if (c == '\'' || c == '"') {
      if (!take_quoted(command, at, word)) {
        return false;
      }
    } else if (c == '\\' && at + 1 < command.size() && command[at + 1] != '\n') {
      word += command[at + 1];
      at += 2;
    } else if (is_literal(c)) {
      word += c;
      ++at;
    } else {
      return false;
    }
  }
  return true;
}

/// Lines of /proc/PID/status that children inherit.
std::string inherited_status(const std::string& process) {
  static const char* const keys[] = {
      "Umask:", "SigBlk:", "SigIgn:", "CapInh:",  "CapPrm:",      "NoNewPrivs:",
      "Uid:",   "Gid:",    "Groups:", "Seccomp:", "Cpus_allowed:"};
  std::ifstream file(process + "/status");
  std::string text;
  for (std::string line; std::getline(file, line);) {
    if (std::any_of(std::begin(keys), std::end(keys),
                    [&](const char* key) { return line.starts_with(key); })) {
      text += line + '\n';
    }
  }
  return text;
}

/// True for a descriptor that children inherit. Bash has others for a moment: what it puts aside
/// while a builtin's output goes to a file.
bool is_inherited(const std::string& process, const std::string& number) {
  std::ifstream file(process + "/fdinfo/" + number);
  for (std::string key, value; file >> key >> value;) {
    if (key == "flags:") {
      return (strtoul(value.c_str(), nullptr, 8) & O_CLOEXEC) == 0;
    }
  }
  return false;
}

/// Which descriptors children get, and what the standard error is.
std::string descriptors(const std::string& process) {
  std::vector<std::string> names;
  if (DIR* directory = opendir((process + "/fd").c_str())) {
    while (const dirent* entry = readdir(directory)) {
      names.emplace_back(entry->d_name);
    }
    closedir(directory);
  }
  std::sort(names.begin(), names.end());
  std::string text;
  for (const auto& name : names) {
    text += is_inherited(process, name) ? name + ' ' : "";
  }
  char target[256];
  const ssize_t size = readlink((process + "/fd/2").c_str(), target, sizeof target);
  return text.append(target, size > 0 ? static_cast<size_t>(size) : 0) + '\n';
}

std::string limits(pid_t pid) {
  std::string text = std::to_string(getpriority(PRIO_PROCESS, static_cast<id_t>(pid)));
  for (int i = 0; i < RLIM_NLIMITS; ++i) {
    rlimit limit{};
    prlimit(pid, static_cast<__rlimit_resource>(i), nullptr, &limit);
    text += ' ' + std::to_string(limit.rlim_cur) + '/' + std::to_string(limit.rlim_max);
  }
  return text + '\n';
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  list.reserve(texts.size() + 1);
  for (auto& text : texts) {
    list.push_back(text.data());
  }
  list.push_back(nullptr);
  return list;
}

}  // namespace

std::optional<std::vector<std::string>> plain_words(std::string_view command) {
  std::vector<std::string> words;
  for (size_t at = 0;;) {
    at = command.find_first_not_of(" \t", at);
    if (at == std::string_view::npos) {
      break;
    }
    std::string word;
    if (!take_word(command, at, word)) {
      return std::nullopt;
    }
    words.push_back(std::move(word));
  }
  const bool named = !words.empty() && !words[0].empty();
  if (!named || words[0].find_first_of("=\n") != std::string::npos) {
    return std::nullopt;
  }
  return words;
}

PlainCommands::PlainCommands(Shell& shell) : shell_(shell), untouched_(traits()) {}

void PlainCommands::forget() {
  in_series_ = known_ = false;
}

// What children of bash inherit beside directory and environment, as text: equal means the same.
std::string PlainCommands::traits() {
  shell_.ask("__ipkit_traits");
  const std::string process = "/proc/" + std::to_string(shell_.pid());
  return shell_.take_output() + inherited_status(process) + descriptors(process) +
         limits(shell_.pid());
}

bool PlainCommands::take(const std::vector<std::string_view>& items) {
  const bool is_first = !std::exchange(in_series_, true);
  commands_.clear();
  for (const std::string_view item : items) {
    auto words = plain_words(item);
    if (!words) {
      return false;
    }
    commands_.push_back(std::move(*words));
  }
  const bool is_fresh = known_ && std::chrono::steady_clock::now() - asked_ < kTrusted;
  if (!is_fresh || (untouched_ == traits_ && !knows_all())) {
    if (is_first && items.size() == 1) {
      return false;  // to ask costs as much as a command
    }
    ask();
  }
  return std::all_of(commands_.begin(), commands_.end(), [this](const auto& words) {
    const auto place = paths_.find(words[0]);
    return place != paths_.end() && !place->second.empty();
  });
}

bool PlainCommands::knows_all() const {
  return std::all_of(commands_.begin(), commands_.end(),
                     [this](const auto& words) { return paths_.contains(words[0]); });
}

// What is not answered stays unknown: then bash runs the items.
void PlainCommands::ask() {
  known_ = true;
  asked_ = std::chrono::steady_clock::now();
  paths_.clear();
  environment_.clear();
  traits_ = traits();
  if (traits_ != untouched_) {
    return;
  }
  std::vector<std::string> words;
  for (const auto& command : commands_) {
    words.push_back(command[0]);
  }
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  std::string question;
  for (const auto& word : words) {
    question += word + '\0';
  }
  shell_.set_input(question);
  shell_.ask("__ipkit_commands");
  take_answer(shell_.take_output(), words);
}

void PlainCommands::take_answer(std::string_view answer, const std::vector<std::string>& words) {
  const auto parts = split(answer, '\0');
  const auto lines = parts.empty() ? parts : split(parts[0], '\n');
  if (parts.size() < 2 || parts.back() != "complete" || lines.size() != 2 * words.size()) {
    return;
  }
  for (size_t i = 0; i < words.size(); ++i) {
    paths_.emplace(words[i], lines[2 * i] == "file" ? lines[2 * i + 1] : "");
  }
  for (size_t i = 1; i + 1 < parts.size(); ++i) {
    if (!parts[i].starts_with("_=")) {
      environment_.emplace_back(parts[i]);
    }
  }
}

std::optional<Ended> PlainCommands::run(size_t index, const std::string& input, int output) {
  auto& command = commands_[index];
  const std::string& path = paths_.at(command[0]);
  std::string self = "_=" + path;
  const std::vector<char*> words = pointers(command);
  std::vector<char*> environment = pointers(environment_);
  environment.back() = self.data();
  environment.push_back(nullptr);
  return shell_.run_program(
      {path.c_str(), words.data(), environment.data(), input.c_str(), output});
}

}  // namespace ipkit::kernel::sh
