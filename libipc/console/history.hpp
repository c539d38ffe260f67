// SPDX-License-Identifier: BSD-3-Clause
// Inputs of all sessions, in SQLite; and the way through them with the arrow keys.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/util/result.hpp"

namespace ipc::console {

/// One file for all consoles of a user; several may use it at once. Bad files are an error of
/// open(), failures later are statuses. One thread.
class History {
 public:
  /// Made, with its directories, for the user alone if it is not there. Code::no_input.
  static Result<History> open(const std::string& path);
  ~History();
  History(History&&) noexcept;
  History& operator=(History&&) noexcept;

  /// Blank text and what equals the input before it are not kept.
  Status add(std::string_view text);

  struct Entry {
    std::string when;  ///< local time, `2026-11-30 09:12`
    std::string text;
  };
  /// The newest `limit` that contain `text` (any, if it is empty), oldest first.
  Result<std::vector<Entry>> find(std::string_view text, int limit) const;

 private:
  struct Impl;
  explicit History(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// $XDG_STATE_HOME/ipkit/console.sqlite, by default below ~/.local/state.
std::string history_path();

/// Where the arrow keys are among earlier inputs: of those that begin as what was typed.
class Recall {
 public:
  explicit Recall(std::vector<std::string> inputs) : inputs_(std::move(inputs)) {}

  void add(std::string text);
  /// A new line begins.
  void reset() { at_ = inputs_.size(); }
  /// The next older one; `line` is what stands there now. Null: there is none.
  const std::string* older(const std::string& line);
  /// The next newer one, at last what was typed itself. Null: that stands there.
  const std::string* newer(const std::string& line);
  const std::vector<std::string>& inputs() const { return inputs_; }

 private:
  std::vector<std::string> inputs_;
  size_t at_ = inputs_.size();
  std::string typed_;
};

}  // namespace ipc::console
