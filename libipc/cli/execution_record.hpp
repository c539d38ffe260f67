// SPDX-License-Identifier: BSD-3-Clause
// What one engine has answered so far.
#pragma once

#include <string>
#include <string_view>

#include "libipc/client/message.hpp"

namespace ipc::cli {

struct ExecutionRecord {
  bool done = false;
  std::string type, value;  ///< text, json, repr, bytes; type empty: no value
  std::string printed[2];   ///< --json: stdout, stderr

  void add(bool is_stderr, std::string_view bytes) { printed[is_stderr ? 1 : 0].append(bytes); }
  /// Takes the value out of an ok reply, if it has one.
  void take_value(const client::Reply& reply);
  /// One line: id, engine, kernel, status, value or error, stdout and stderr if there were any.
  /// `kernel`: named if it is not empty.
  std::string json(const client::Reply& reply, const std::string& kernel) const;
  /// Frees what was printed.
  void forget();
};

}  // namespace ipc::cli
