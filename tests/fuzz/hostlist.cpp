// SPDX-License-Identifier: BSD-3-Clause
// Fuzz target: lists of hosts and of numbers.
#include "libipc/util/hostlist.hpp"

#include "libipc/util/idset.hpp"
#include "libipc/util/size.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

// Long ranges are right, and slow.
bool has_long_number(std::string_view text) {
  size_t digits = 0;
  for (const char c : text)
    if ((digits = c >= '0' && c <= '9' ? digits + 1 : 0) > 4) return true;
  return false;
}

void run(std::string_view input) {
  (void)ipc::parse_size(input);
  if (const auto counts = ipc::parse_host_counts(input); counts)
    for (const auto& host : *counts) ipkit_fuzz::require(host.count > 0 && !host.name.empty());
  const bool is_range = input.find_first_of("-[") != std::string_view::npos;
  if (is_range && has_long_number(input)) return;
  (void)ipc::expand_hostlist(input);
  if (const auto ids = ipc::parse_idset(input)) {
    const auto again = ipc::parse_idset(ipc::format_idset(*ids));
    ipkit_fuzz::require(ids->empty() || (again && *again == *ids));
  }
}

const ipkit_fuzz::Registered registered("hostlist", run);

}  // namespace
