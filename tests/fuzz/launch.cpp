// SPDX-License-Identifier: BSD-3-Clause
// Fuzz target: what launchers are told, what they answer, and their records.
#include "libipc/config/launch.hpp"

#include "tests/fuzz/fuzz.hpp"

namespace {

void run(std::string_view input) {
  using namespace ipc::config;
  if (const auto request = parse_launch_request(input)) {
    const auto again = parse_launch_request(to_yaml(*request));
    // Without a program it is about what was started, and has none.
    ipkit_fuzz::require(again &&
                        (request->program.empty() || again->arguments == request->arguments));
  }
  if (const auto answer = parse_launch_answer(input))
    ipkit_fuzz::require(static_cast<bool>(parse_launch_answer(to_yaml(*answer))));
  (void)parse_grows(std::string(input));
  (void)parse_record(input);
}

const ipkit_fuzz::Registered registered("launch", run);

}  // namespace
