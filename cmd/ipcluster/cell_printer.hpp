// SPDX-License-Identifier: BSD-3-Clause
// What engines run, as lines of text or JSON.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "libipc/cli/output.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::cluster {

/// Lines for what one cluster's engines publish: `3: In [7]: …`, `3: Out[7]: …`, `3: stdout: …`.
class CellPrinter {
 public:
  CellPrinter(bool json, cli::Writer& out) : json_(json), out_(out) {}

  void take(std::string_view parent, std::string_view type, int engine, const wire::Json& content,
            const std::string& stream_text);
  /// Ends what is held of an engine's lines; -1: of all.
  void finish(int engine);

 private:
  void line(int engine, std::string_view head, std::string_view text);
  void object(std::string_view parent, int engine, wire::Json&& facts);
  void stream(int engine, bool is_stderr, const std::string& text);

  bool json_;
  cli::Writer& out_;
  std::map<std::pair<int, bool>, std::string> partial_;
};

}  // namespace ipc::cluster
