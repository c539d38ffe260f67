// SPDX-License-Identifier: BSD-3-Clause
// What a line means: code, a command of the shell, a question, or a word to the console itself.
#include "libipc/console/input.hpp"

#include <algorithm>
#include <array>

#include "libipc/util/text.hpp"

namespace ipc::console {
namespace {

constexpr std::array<Magic, 8> kMagics = {{
    {"targets", "[SET]", "show, or change, the engines that input goes to: %targets 0-3"},
    {"px", "[-t SET] [-a] CODE", "run CODE on other engines, or with -a in the background"},
    {"autopx", "", "off: plain input runs in a Python of this machine; again: on the engines"},
    {"jobs", "", "what was left running, by job word"},
    {"result", "[JOB]...", "wait for jobs and show what they gave; default: the newest"},
    {"cancel", "[JOB]...", "withdraw or interrupt them; default: all that were left running"},
    {"sh", "COMMAND", "run COMMAND in the engines' shells, as ! does; %%sh: all lines below"},
    {"help", "", "this"},
}};

// Of IPython's, which are near to ours and not meant by them.
constexpr std::array<std::string_view, 6> kForeign = {"ls", "pwd", "cd", "who", "time", "hist"};

Input make(Input::Kind kind, std::string_view text) {
  Input input;
  input.kind = kind;
  input.text = text;
  return input;
}

// `name?`, `name??`, `?name`, `??name`; false for anything else.
bool read_help(std::string_view text, Input& into) {
  const size_t before = std::min(text.find_first_not_of('?'), text.size());
  std::string_view name = text.substr(before);
  size_t marks = before;
  while (name.ends_with('?')) name.remove_suffix(1), ++marks;
  name = trim(name);
  const bool is_name = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return c == '_' || c == '.' || static_cast<unsigned char>(c) >= 0x80 ||
           (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
  if (marks == 0 || marks > 2 || !is_name) return false;
  into = make(Input::Kind::help, name);
  into.source = marks == 2;
  return true;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size();) {
    const size_t stop = std::min(text.find('\n', at), text.size());
    lines.emplace_back(text.substr(at, stop - at));
    at = stop + 1;
  }
  return lines;
}

Input read_magic(std::string_view text, std::span<const std::string> programs,
                 std::span<const Magic> magics) {
  Input input;
  input.cell = text.starts_with("%%");
  std::string_view line = text.substr(input.cell ? 2 : 1);
  if (const size_t end = line.find('\n'); end != std::string_view::npos) {
    input.body = line.substr(end + 1);
    line = line.substr(0, end);
  }
  const size_t end = std::min(line.find_first_of(" \t"), line.size());
  input.name = line.substr(0, end);
  input.text = trim(line.substr(end));
  if (input.name == "bash") input.name = "sh";
  if (input.name == "pxresult") input.name = "result";
  const auto is_ours = [&](const Magic& magic) { return magic.name == input.name; };
  if (std::any_of(magics.begin(), magics.end(), is_ours))
    input.kind = Input::Kind::magic;
  else if (std::find(programs.begin(), programs.end(), input.name) != programs.end())
    input.kind = Input::Kind::program;
  if (input.kind != Input::Kind::empty && (input.body.empty() || input.cell)) return input;
  if (input.kind != Input::Kind::empty)
    return make(Input::Kind::mistake,
                "%" + input.name + " is one line; %%px and %%sh take those below too");
  std::vector<std::string> names(programs.begin(), programs.end());
  for (const auto& magic : magics) names.emplace_back(magic.name);
  const bool is_foreign = std::find(kForeign.begin(), kForeign.end(), input.name) != kForeign.end();
  const std::string near = is_foreign ? "" : nearest(input.name, names);
  if (near.empty()) return make(Input::Kind::code, text);
  return make(Input::Kind::mistake, "unknown %" + input.name + "; did you mean %" + near + "?");
}

}  // namespace

std::span<const Magic> magics() {
  return kMagics;
}

Error misused(const std::string& what, std::string_view name, std::span<const Magic> magics) {
  const std::string word = "%" + std::string(name);
  for (const auto& magic : magics)
    if (magic.name == name)
      return {Code::usage, word + ": " + what, word + " " + std::string(magic.argument)};
  return {Code::usage, word + ": " + what, ""};
}

Input read_input(std::string_view text, std::span<const std::string> programs,
                 std::span<const Magic> magics) {
  const size_t start = text.find_first_not_of(" \t\n");
  if (start == std::string_view::npos) return {};
  const std::string_view bare = trim(text);
  Input help;
  if (bare == "?") {
    help = make(Input::Kind::magic, "");
    help.name = "help";
    return help;
  }
  if (read_help(bare, help)) return help;
  if (bare.starts_with('!')) return make(Input::Kind::shell, trim(bare.substr(1)));
  if (bare.starts_with('%')) return read_magic(bare, programs, magics);
  if (bare == "exit" || bare == "quit" || bare == "exit()" || bare == "quit()") {
    help = make(Input::Kind::magic, "");
    help.name = "exit";
    return help;
  }
  // Blank lines before and after are not code; blanks before the first word are, for Python to say.
  std::string_view code = text;
  while (code.find_first_not_of(" \t") != std::string_view::npos &&
         code[code.find_first_not_of(" \t")] == '\n')
    code.remove_prefix(code.find('\n') + 1);
  while (!code.empty() && std::string_view(" \t\n").find(code.back()) != std::string_view::npos)
    code.remove_suffix(1);
  return make(Input::Kind::code, code);
}

std::vector<std::string> inputs_in(std::string_view script, Language language) {
  static constexpr std::string_view kBelongs[] = {"else", "elif", "except", "finally"};
  const auto goes_on = [&](const std::string& line) {
    if (line.empty() || line[0] == ' ' || line[0] == '\t' || line[0] == ')') return true;
    return std::any_of(std::begin(kBelongs), std::end(kBelongs), [&](std::string_view word) {
      return line.starts_with(word) && line.find_first_of(" :") == word.size();
    });
  };
  std::vector<std::string> inputs;
  std::string input;
  const auto end = [&] {
    if (!trim(input).empty()) inputs.push_back(std::move(input));
    input.clear();
  };
  for (size_t at = 0; at < script.size();) {
    const size_t stop = std::min(script.find('\n', at), script.size());
    const std::string line(script.substr(at, stop - at));
    at = stop + 1;
    const bool cell = input.starts_with("%%");  // up to an empty line, whatever is in it
    if (!input.empty() && !cell && !goes_on(line) && is_complete(input + "\n", language)) end();
    input += (input.empty() ? "" : "\n") + line;
    if (is_complete(input, language)) end();
  }
  end();
  return inputs;
}

std::vector<std::string> cell_parts(std::string_view cell, std::span<const std::string> programs,
                                    std::span<const Magic> magics) {
  if (trim(cell).starts_with("%%")) return {std::string(trim(cell))};
  const auto stands_alone = [&](std::string_view line) {
    if (line.starts_with('!')) return true;
    if (!line.starts_with('%')) return false;
    const auto kind = read_magic(line, programs, magics).kind;
    return kind == Input::Kind::magic || kind == Input::Kind::program;
  };
  std::vector<std::string> parts;
  std::string part;
  const auto end = [&] {
    while (!part.empty() && part.back() == '\n') part.pop_back();
    if (!trim(part).empty()) parts.push_back(part);
    part.clear();
  };
  bool goes_on = false;
  for (const auto& line : lines_of(cell)) {
    const bool alone = goes_on || stands_alone(line);
    if (alone && !goes_on) end();
    part += line + "\n";
    goes_on = alone && line.ends_with('\\');
    if (alone && !goes_on) end();
  }
  end();
  return parts;
}

std::vector<std::string> words_in(std::string_view text) {
  std::vector<std::string> words;
  bool in_word = false;
  char quote = 0;
  for (const char c : text) {
    if (quote == 0 && (c == ' ' || c == '\t' || c == '\n')) {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    if (quote == 0 && (c == '\'' || c == '"'))
      quote = c;
    else if (c == quote)
      quote = 0;
    else
      words.back() += c;
  }
  return words;
}

}  // namespace ipc::console
