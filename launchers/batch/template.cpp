// SPDX-License-Identifier: BSD-3-Clause
// Templates of scripts, written as ipyparallel's users write them.
#include "launchers/batch/template.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

#include "libipc/util/text.hpp"

namespace ipc::batch {
namespace {

bool parse_number(std::string_view text, long& number) {
  text = trim(text);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

Error wrong(std::string_view text, size_t at, const std::string& what, const std::string& hint) {
  const auto line = std::count(text.begin(), text.begin() + static_cast<long>(at), '\n') + 1;
  return Error{Code::bad_profile, "template, line " + std::to_string(line) + ": " + what, hint};
}

Error unknown(std::string_view text, size_t at, const std::string& name, const Values& values) {
  std::vector<std::string> names;
  for (const auto& [known, value] : values) names.push_back(known);
  const std::string near = nearest(name, names);
  return wrong(text, at, "nothing is known as {" + name + "}",
               near.empty()
                   ? "braces of the shell are doubled, ${{HOME}}; known: " + join(names, ", ")
                   : "did you mean {" + near + "}?");
}

/// The value of `name`, `name//4`, `name+1`, ….
Result<std::string> evaluate(std::string_view text, size_t at, std::string_view expression,
                             const Values& values) {
  const size_t op = expression.find_first_of("+-*/");
  const std::string name(trim(expression.substr(0, op)));
  const auto found = values.find(name);
  if (found == values.end()) return unknown(text, at, name, values);
  if (op == std::string_view::npos) return found->second;
  const bool divides = expression[op] == '/';
  std::string_view rest = expression.substr(op + 1);
  if (divides && rest.starts_with('/')) rest.remove_prefix(1);
  long a = 0, b = 0;
  if (!parse_number(found->second, a) || !parse_number(rest, b) || (divides && b == 0))
    return wrong(text, at, "{" + std::string(expression) + "} cannot be computed",
                 "a number, one of + - * //, and a number: {n//4}");
  const long result = divides                 ? a / b
                      : expression[op] == '*' ? a * b
                      : expression[op] == '+' ? a + b
                                              : a - b;
  return std::to_string(result);
}

}  // namespace

Result<std::string> expand(std::string_view text, const Values& values) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c != '{' && c != '}') {
      out += c;
    } else if (i + 1 < text.size() && text[i + 1] == c) {
      out += c;
      ++i;
    } else {
      const size_t end = text.find_first_of("}\n", i);
      if (c == '}' || end == std::string_view::npos || text[end] != '}')
        return wrong(text, i, std::string("a single ") + c, "one that is meant is doubled");
      IPC_TRY_ASSIGN(const std::string value,
                     evaluate(text, i, text.substr(i + 1, end - i - 1), values));
      out += value;
      i = end;
    }
  }
  return out;
}

}  // namespace ipc::batch
