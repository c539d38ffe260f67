// SPDX-License-Identifier: BSD-3-Clause
// What ipscatter takes apart: where it comes from and what its elements are.
#pragma once

#include <string>
#include <vector>

#include "libipc/cli/command.hpp"
#include "libipc/client/slices.hpp"

namespace ipscatter {

/// How input is cut into elements.
struct Format {
  std::string type = "lines";  ///< "lines", "nul", "bytes", "json", "npy": the kernels' words
  char separator = '\n';
};

ipc::Result<Format> format_of(const ipc::cli::Arguments& arguments);

/// Descriptors of the input, all open: one for each FILE, or standard input.
struct Inputs {
  std::vector<ipc::Fd> files;
  std::vector<std::string> names;  ///< for messages
  bool reads_stdin = false;
};

/// Opens FILEs; `-` and no FILE at all are standard input. Code::no_input names the one that fails.
ipc::Result<Inputs> open_inputs(const std::vector<std::string>& files);

/// Reads it, or only looks how much there is when it is one regular file. Checks the verdict of the
/// command before. `stop` is readable when reading shall end (then Code::failed).
ipc::Result<ipc::client::Source> take_input(Inputs&& inputs, const Format& format, int stop);

/// The part of each of `engines`, in order. `source` is replaced where its form has to change
/// (json).
ipc::Result<std::vector<ipc::client::Slice>> cut(ipc::client::Source& source, const Format& format,
                                                 size_t engines);

}  // namespace ipscatter
