// SPDX-License-Identifier: BSD-3-Clause
// A connection file for a Jupyter kernel of ours, with its ports.
#pragma once

#include <string>
#include <vector>

#include "libipc/net/kernel_file.hpp"
#include "libipc/util/fd.hpp"
#include "libipc/util/result.hpp"

namespace ipc::jupyter {

using Endpoints = net::KernelEndpoints;

/// A connection file of our own, in a directory that nobody else can enter.
struct ConnectionFile {
  Endpoints endpoints;
  std::string directory, path;
  /// Sockets that keep the ports from everybody but the kernel, until it listens there: bound, but
  /// not listening, with SO_REUSEADDR as libzmq's own.
  std::vector<Fd> held;
};

/// Five free ports and a new key; the file has mode 0600.
Result<ConnectionFile> make_connection_file(const std::string& kernel_name);

}  // namespace ipc::jupyter
