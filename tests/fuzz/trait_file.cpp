// SPDX-License-Identifier: BSD-3-Clause
// Fuzz target: the reference's configuration files, Python of which the assignments are read.
#include "libipc/config/trait_file.hpp"

#include "tests/fuzz/fuzz.hpp"

namespace {

void run(std::string_view input) {
  const auto file = ipc::config::parse_trait_file(input, "ipcontroller_config.py");
  for (const auto& line : file.lines) ipkit_fuzz::require(!line.name.empty());
  (void)ipc::config::unquoted(input);
}

const ipkit_fuzz::Registered registered("trait_file", run);

}  // namespace
