// SPDX-License-Identifier: BSD-3-Clause
// What was typed and what came of it, to be kept in a file.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/util/result.hpp"
#include "libipc/wire/json.hpp"

namespace ipconsole {

/// Something an engine gave.
struct Item {
  enum class Kind { out, err, result, display, error } kind = Kind::out;
  std::vector<int> engines;
  std::string text;      ///< bytes of a stream, text of an error
  ipc::wire::Json data;  ///< result, display: by MIME type
  int number = 0;        ///< result: of Out[number], 0 if it has none
};

/// One input with all that came of it.
struct Cell {
  std::string when, targets, code;
  std::vector<Item> items;
};

/// A session's cells. Of streams that go on and on only the beginning is kept.
class Transcript {
 public:
  void begin(std::string when, std::string targets, std::string code);
  /// Belongs to the newest cell; output of one engine joins what it printed just before.
  void add(Item item);
  const std::vector<Cell>& cells() const { return cells_; }

  /// One page that needs nothing beside itself: images are data URIs, HTML of engines is in frames
  /// that may run nothing.
  std::string html(std::string_view title) const;
  /// The inputs, one after the other, as a script that ipconsole takes.
  std::string script() const;
  /// By the suffix of `path`: .html, .htm or .py. Code::usage for another one.
  ipc::Status save(const std::string& path) const;

 private:
  std::vector<Cell> cells_;
  size_t kept_ = 0;  // bytes of streams in the newest cell
};

/// What can be seen of a bundle on a terminal: its text, and which pictures it has besides.
std::string plain_text(const ipc::wire::Json& data);

}  // namespace ipconsole
