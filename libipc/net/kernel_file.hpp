// SPDX-License-Identifier: BSD-3-Clause
// Jupyter's connection files: where a kernel listens, and the key; and where Jupyter keeps things.
#pragma once

#include <array>
#include <map>
#include <string>

#include "libipc/util/result.hpp"

namespace ipc::net {

/// The sockets of a kernel, as its connection file names them.
inline constexpr std::array<const char*, 5> kKernelChannels = {"shell", "iopub", "stdin", "control",
                                                               "hb"};

/// What a connection file says.
struct KernelEndpoints {
  std::string transport = "tcp", ip = "127.0.0.1", key, scheme = "hmac-sha256";
  std::map<std::string, int> ports;  ///< by channel
  std::string kernel_name;           ///< may be empty

  std::string address(const std::string& channel) const;
};

/// Code::no_input if it cannot be read, Code::bad_input with what is wrong.
Result<KernelEndpoints> read_kernel_file(const std::string& path);

/// Writes it, mode 0600.
Status write_kernel_file(const std::string& path, const KernelEndpoints& endpoints);

/// Where the user's kernelspecs are (`kernels/NAME/kernel.json`): $JUPYTER_DATA_DIR, else below
/// $XDG_DATA_HOME or ~/.local/share.
std::string jupyter_data_directory();
/// Where front ends look for connection files: $JUPYTER_RUNTIME_DIR, else in the former.
std::string jupyter_runtime_directory();

}  // namespace ipc::net
