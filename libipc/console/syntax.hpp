// SPDX-License-Identifier: BSD-3-Clause
// What is typed, as far as an editor has to understand it: colours, and whether more is to come.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ipc::console {

/// Whose rules the input follows. `other`: brackets and quotes only.
enum class Language { python, shell, other };

/// By the language of an engine as it says it ("python", "sh", "R"); letters of either case.
Language language_of(std::string_view name);

enum class Colour { plain, keyword, string, number, comment, magic };

/// A run of bytes that is not plain. They come in order and do not overlap.
struct Span {
  size_t from = 0, to = 0;
  Colour colour = Colour::plain;
};

/// The parts of `code` that have colours. Any bytes; never fails.
std::vector<Span> spans(std::string_view code, Language language);

/// `code` with ANSI colours around its spans; each line is closed for itself.
std::string paint(std::string_view code, Language language);

/// False if a bracket, a string or a block is open, so that Enter means another line. An empty last
/// line ends a block, as at Python's own prompt.
bool is_complete(std::string_view code, Language language);

/// The blanks the line after `code` begins with.
std::string next_indent(std::string_view code, Language language);

}  // namespace ipc::console
