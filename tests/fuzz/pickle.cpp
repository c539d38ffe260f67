// SPDX-License-Identifier: BSD-3-Clause
// Fuzz target: pickles, which are read and never executed.
#include "libipc/client/unpickle.hpp"
#include "libipc/engine/pickled_name.hpp"
#include "libipc/wire/json.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

void run(std::string_view input) {
  const std::vector<char> copy(input.begin(), input.end());
  const std::string_view pickle(copy.data(), copy.size());
  if (const auto value = ipc::client::read_pickle(pickle); value && value->type == "json")
    ipkit_fuzz::require(static_cast<bool>(ipc::wire::parse_json(value->bytes)));
  (void)ipc::engine::pickled_name(pickle);
}

const ipkit_fuzz::Registered registered("pickle", run);

}  // namespace
