// SPDX-License-Identifier: BSD-3-Clause
// code.hpp: the lines a native kernel understands.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernels/native/value.hpp"

namespace ipkit::kernel::native {

/// 2.5, x, scale(x, 2.5)
struct Expression {
  enum Kind { literal, name, call } kind = literal;
  Value value;       ///< of a literal
  std::string word;  ///< a name, or whom to call
  std::vector<Expression> arguments;
};

/// load FILE, cd DIR, name = expression, expression.
struct Statement {
  enum Kind { load, directory, assignment, expression } kind = expression;
  size_t line = 0;
  std::string word;  ///< the file, the directory or the name
  Expression what;
};

/// All lines; blank ones and comments are left out. Throws Refused (SyntaxError).
std::vector<Statement> parse_code(std::string_view code);

/// One expression. Throws Refused (SyntaxError).
Expression parse_expression(std::string_view text);

}  // namespace ipkit::kernel::native
