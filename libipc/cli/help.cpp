// SPDX-License-Identifier: BSD-3-Clause
// Help, version and rows as text.
#include <algorithm>

#include "libipc/cli/command.hpp"

namespace ipc::cli {

static std::string padded(std::string text, size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

static std::string spelling(const Option& option) {
  std::string text = option.letter != 0 ? std::string("-") + option.letter + ", " : "    ";
  text += "--" + std::string(option.name);
  if (!option.argument.empty()) text += " " + std::string(option.argument);
  return text;
}

static void add_examples(const Command& command, std::string& text) {
  if (command.examples.empty()) return;
  size_t width = 0;
  for (const auto& example : command.examples)
    if (!example.meaning.empty() && example.command.size() <= 48)
      width = std::max(width, example.command.size());
  text += "\nExamples:\n";
  for (const auto& [line, meaning] : command.examples) {
    text += "  " + (meaning.empty() ? std::string(line) : padded(std::string(line), width));
    if (!meaning.empty()) text += "  " + std::string(meaning);
    text += '\n';
  }
}

std::string help_text(const Command& command) {
  std::string text;
  for (const auto& line : command.synopsis) {
    text += text.empty() ? "Usage: " : "       ";
    text += std::string(command.name) + (line.empty() ? "" : " ") + std::string(line) + "\n";
  }
  text += std::string(command.summary) + "\n";
  add_examples(command, text);
  const auto rows = command.rows();
  size_t width = 0;
  for (const auto& row : rows)
    if (!row.help.empty()) width = std::max(width, spelling(row).size());
  text += "\nOptions:\n";
  for (const auto& row : rows)
    if (!row.help.empty())
      text += "  " + padded(spelling(row), width) + "  " + std::string(row.help) + "\n";
  return text + "\nMore: man " + std::string(command.name.substr(0, command.name.find(' '))) +
         ", man ipkit\n";
}

std::string version_text(const Command& command) {
  return std::string(command.name.substr(0, command.name.find(' '))) + " (ipkit) " IPKIT_VERSION
                                                                       "\n";
}

std::string rows_text(const Command& command) {
  std::string text;
  for (const auto& row : command.rows()) {
    if (row.help.empty()) continue;
    if (row.letter != 0) text += row.letter;
    text += "\t" + std::string(row.name) + "\t" + std::string(row.argument) + "\t" +
            std::string(row.help) + "\n";
  }
  return text;
}

}  // namespace ipc::cli
