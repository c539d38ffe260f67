// SPDX-License-Identifier: BSD-3-Clause
// Fuzz target: message ids of any shape, which name places in arrays.
#include "libipc/wire/id_table.hpp"

#include <map>
#include <string>

#include "tests/fuzz/fuzz.hpp"

namespace {

void run(std::string_view input) {
  ipc::wire::IdTable table;
  std::map<std::string, std::uint32_t, std::less<>> model;
  std::uint32_t number = 0;
  for (const auto id : ipkit_fuzz::pieces(input)) {
    table.set(id, ++number);
    model[std::string(id)] = number;
  }
  for (const auto& [id, value] : model) ipkit_fuzz::require(table.get(id) == value);
  ipkit_fuzz::require(table.bytes() < (4u << 20));
}

const ipkit_fuzz::Registered registered("id_table", run);

}  // namespace
