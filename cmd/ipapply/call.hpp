// SPDX-License-Identifier: BSD-3-Clause
// A function's call as code for an engine's kernel.
#pragma once

#include <string>
#include <vector>

#include "libipc/client/push.hpp"
#include "libipc/util/result.hpp"

namespace ipapply {

/// What is called.
struct Call {
  std::string function;                          ///< a name, or an expression that yields one
  std::vector<ipc::client::PushValue> arguments; /**< in order, then those with names. A type
                                                      `taken`: bound beforehand under the name in
                                                      `bytes`, and unbound by the call */
  size_t positional = 0;                         ///< how many of them have no name
  bool npy = false;                              ///< the result as NumPy's file format
};

/// For python, its own or behind Jupyter: one expression that leaves nothing in the namespace.
/// Its frames are not shown (kernels/README.md, `file`). Code::bad_input for a function that is not
/// UTF-8.
ipc::Result<std::string> python_code(const Call& call);

/// For the native kernel: `scale(x, 2.5)`. Code::usage for what it has no form for.
ipc::Result<std::string> native_code(const Call& call);

/// The content of the execute_request for code made here.
std::string request_content(const std::string& code);

}  // namespace ipapply
