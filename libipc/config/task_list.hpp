// SPDX-License-Identifier: BSD-3-Clause
// A YAML list of tasks, as ipdag reads it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/util/clock.hpp"
#include "libipc/util/result.hpp"

namespace ipc::config {

/// A name and the line it stands in.
struct Mention {
  std::string name;
  size_t line = 0;
};

/// One task of the list.
struct ListedTask {
  Mention name;
  std::optional<std::string> code;
  std::vector<Mention> after, follow;
  std::string kernel, targets;  ///< empty: not given
  std::optional<unsigned> retries;
  Duration timeout{};
};

/// Reads the list. Code::bad_input "FILE:LINE: …" for what is not YAML, not such a list, and for
/// unknown keys.
Result<std::vector<ListedTask>> read_task_list(const std::string& file, const std::string& text);

}  // namespace ipc::config
