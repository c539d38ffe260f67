// SPDX-License-Identifier: BSD-3-Clause
// The terminal: what iptop shows, and the keys pressed.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cmd/iptop/model.hpp"
#include "libipc/util/result.hpp"

namespace iptop {

/// What is on the screen beside the numbers.
struct View {
  std::string where;    ///< which controller
  std::string message;  ///< one line for the user: a question, what became of something
  Key key = Key::id;
  bool reverse = false;
  std::string filter;
  bool editing = false;            ///< the filter is being typed
  int selected = -1;               ///< engine
  size_t top = 0;                  ///< first row shown
  std::vector<int> order;          ///< engines in order
  std::optional<int> followed;     ///< engine whose output is shown instead of the rows
  std::deque<std::string> output;  ///< its last lines
  bool help = false;
};

/// One at a time; while it lives the terminal is its own. What is drawn again is compared with what
/// is there, so that only differences are written.
class Screen {
 public:
  /// Code::usage if the terminal is none that is known.
  static ipc::Result<std::unique_ptr<Screen>> open();
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  /// Rows for engines that there is place for.
  size_t place() const;
  void draw(const Model& model, const View& view, ipc::TimePoint now);
  /// The next key pressed, as ncurses names it; -1: none.
  int key();

 private:
  Screen() = default;
};

/// Columns of the table: a heading and a row's text. `width` characters in all.
std::string heading(size_t width);
std::string row_text(const Row& row, ipc::TimePoint now, size_t width);

}  // namespace iptop
