// SPDX-License-Identifier: BSD-3-Clause
// Colours over a line that an editor shows without them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libipc/console/syntax.hpp"

namespace ipconsole {

/// What stands on the screen: `text` behind a prompt, wrapped at the terminal's edge.
struct Shown {
  std::string_view text;
  size_t cursor = 0;  ///< byte of the text it stands before
  size_t prompt = 0;  ///< columns
  size_t width = 80, height = 24;
};

/// The bytes that write `text` again, in colours, and put the cursor back. Empty where positions
/// cannot be known (characters of other widths than one, text that ends at the edge or is higher
/// than the screen).
std::string overlay(const Shown& shown, const std::vector<ipc::console::Span>& spans,
                    std::string_view text);

}  // namespace ipconsole
