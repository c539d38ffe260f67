// SPDX-License-Identifier: BSD-3-Clause
// Fuzz target: connection files, ours and the reference's.
#include "libipc/net/connection.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

void run(std::string_view input) {
  const auto connection = ipc::net::parse_connection(input);
  if (!connection) return;
  for (const char* name : {"registration", "mux", "iopub", "none"}) {
    (void)connection->endpoint(name);
    (void)connection->address(name);
  }
  for (const bool for_engine : {false, true}) {
    // Bytes that are no text: a file that says so is refused when it is written.
    try {
      const auto again = ipc::net::parse_connection(ipc::net::to_json(*connection, for_engine));
      ipkit_fuzz::require(again && again->ports == connection->ports);
    } catch (const std::exception&) {
      ipkit_fuzz::require(false);
    }
  }
  (void)connection->signer();
}

const ipkit_fuzz::Registered registered("connection_file", run);

}  // namespace
