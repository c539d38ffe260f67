// SPDX-License-Identifier: BSD-3-Clause
// ippull --to: values from one engine to others.
#pragma once

#include <string>

#include "libipc/cli/data.hpp"

namespace ippull {

/// Binds the names of the one engine of `session` on the engines of expression `to`; the exit
/// status. Arrays travel in NumPy's format, text and bytes as they are, all else as JSON.
ipc::Result<int> move(const ipc::cli::DataSession& session, const ipc::cli::Arguments& arguments,
                      const std::string& to);

}  // namespace ippull
