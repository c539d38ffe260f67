// SPDX-License-Identifier: BSD-3-Clause
// Kernelspecs: which program a Jupyter kernel's name stands for.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "libipc/util/result.hpp"

namespace ipc::jupyter {

/// A kernel.json with the directory it is in.
struct KernelSpec {
  std::string name, directory, language;
  std::vector<std::string> argv;
  std::map<std::string, std::string> env;
  bool interrupt_by_message = false;  ///< a request on the control channel, not SIGINT

  /// argv with {connection_file} and {resource_dir} filled in. A bare `python` is that of the
  /// prefix the specification was found under, if there is one.
  std::vector<std::string> command(const std::string& connection_file) const;
};

/// Directories with `kernels/NAME/kernel.json`, in Jupyter's order: $JUPYTER_PATH, the user's, the
/// interpreter's prefix, /usr/local/share, /usr/share.
std::vector<std::string> data_directories();

/// Code::no_input names the kernels there are; Code::bad_input what is wrong with the file.
Result<KernelSpec> find_kernel_spec(const std::string& name);

}  // namespace ipc::jupyter
