// SPDX-License-Identifier: BSD-3-Clause
// What a finished job left.
#pragma once

#include <string>
#include <vector>

#include "libipc/client/jobs.hpp"

namespace ipresult {

/// A value as a kernel encoded it.
struct Value {
  std::string name;         ///< of one that was pulled; empty: that of the code
  std::string type, bytes;  ///< text, json, repr, bytes
};

struct JobResult {
  std::string id;
  int engine = -1;  ///< -1: none had it
  ipc::client::Outcome outcome = ipc::client::Outcome::ok;
  ipc::client::RemoteError error;
  std::string out, err;       ///< what it printed
  std::vector<Value> values;  ///< in the order they are printed
  std::string unkept;         ///< not empty: why there is no value to print
  ipc::wire::Json record;

  /// One line: id, engine, status, values or error, output, times.
  std::string json() const;
};

/// Reads the hub's record.
JobResult read_result(const std::string& id, ipc::client::JobRecord record,
                      const ipc::client::EngineTable& table);

}  // namespace ipresult
