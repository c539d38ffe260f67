// SPDX-License-Identifier: BSD-3-Clause
// Jupyter's connection files: where a kernel listens, and the key.
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "libipc/util/fd.hpp"
#include "libipc/util/result.hpp"

namespace ipc::jupyter {

inline constexpr std::array<const char*, 5> kChannels = {"shell", "iopub", "stdin", "control",
                                                         "hb"};

/// What a connection file says.
struct Endpoints {
  std::string transport = "tcp", ip = "127.0.0.1", key, scheme = "hmac-sha256";
  std::map<std::string, int> ports;  ///< by channel

  std::string address(const std::string& channel) const;
};

/// Code::no_input if it cannot be read, Code::bad_input with what is wrong.
Result<Endpoints> read_endpoints(const std::string& path);

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
