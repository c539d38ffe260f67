// SPDX-License-Identifier: BSD-3-Clause
// What ipmap's command line says, checked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cmd/ipmap/blocks.hpp"
#include "cmd/ipmap/code_file.hpp"
#include "cmd/ipmap/halt.hpp"
#include "libipc/cli/command.hpp"
#include "libipc/cli/placeholders.hpp"
#include "libipc/cli/records.hpp"

namespace ipmap {

struct Settings {
  std::string expression;  ///< python; empty: a command
  std::optional<ipc::cli::CommandTemplate> command;
  std::optional<CodeFile> file;  ///< whose names the expressions see, or which has the function
  std::string reduce;            ///< makes one result of two; empty: every item has its own
  std::string kernel;
  std::string type = "auto";  ///< of x: auto, text, json
  char separator = '\n';      ///< of the input
  char out = '\n';            ///< of the results
  std::string colsep;         ///< empty: items have no columns
  bool direct = false;        ///< each engine gets a contiguous share
  bool pipe = false;          ///< items are blocks of the input
  BlockRule blocks;
  bool json = false, tag = false, link = false, shuffle = false, ordered = true, verbose = false,
       quiet = false;
  size_t chunk = 0;  ///< items in a request; 0: adaptive
  size_t jobs = 0;   ///< requests at a time; 0: by the engines
  unsigned retries = 0;
  std::string joblog;  ///< empty: none
  bool resume = false, resume_failed = false;
  std::string results;  ///< a directory for each item's output; empty: none
  ipc::Duration delay{};
  std::string prefix;  ///< of each command: its directory and environment
  Halt halt;
  std::optional<ipc::Duration> timeout;
  std::string timeout_text;                   ///< as it was written, with a unit
  std::vector<ipc::cli::ItemSource> sources;  ///< empty: standard input

  bool is_shell() const { return command.has_value(); }
  /// True if all items have to be known before the first one is sent.
  bool reads_all() const { return shuffle || direct || halt.needs_total(); }
  bool has_columns() const { return !colsep.empty() || sources.size() > 1; }
};

/// Rows, help and examples.
ipc::cli::Command command();

/// Code::usage for what does not fit together.
ipc::Result<Settings> read_settings(const ipc::cli::Arguments& arguments);

}  // namespace ipmap
