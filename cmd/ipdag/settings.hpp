// SPDX-License-Identifier: BSD-3-Clause
// What ipdag's command line says, checked.
#pragma once

#include <optional>
#include <string>

#include "libipc/cli/command.hpp"
#include "libipc/cli/placeholders.hpp"

namespace ipdag {

enum class Format { pairs, yaml, dagman };

struct Settings {
  std::string file;  ///< of the graph; "-": standard input
  Format format = Format::pairs;
  std::string expression;                            ///< python, of x; empty: none
  std::optional<ipc::cli::CommandTemplate> command;  ///< of the shell
  std::string kernel;                                ///< where a node names none
  unsigned retries = 0;                              ///< the same
  size_t jobs = 0;                                   ///< nodes at a time; 0: as many as there are
  bool json = false, print = false, verbose = false, quiet = false;
  bool dry_run = false, dot = false;
  std::string joblog;  ///< empty: none
  std::string rescue;  ///< where what succeeds is noted without a job log; empty: nowhere
  bool resume = false;
  std::optional<ipc::Duration> timeout;
  std::string timeout_text;  ///< as it was written, with a unit
};

/// Rows, help and examples.
ipc::cli::Command command();

/// Code::usage for what does not fit together.
ipc::Result<Settings> read_settings(const ipc::cli::Arguments& arguments);

}  // namespace ipdag
