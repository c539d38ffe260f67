// SPDX-License-Identifier: BSD-3-Clause
// Fuzz target: headers of NumPy's files, and JSON lists cut into parts.
#include "libipc/client/npy.hpp"

#include "libipc/client/slices.hpp"
#include "libipc/wire/json.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

void run(std::string_view input) {
  using namespace ipc::client;
  if (const auto header = parse_npy_header(input)) {
    ipkit_fuzz::require(!header->shape.empty() && header->data <= kMostNpyHeader);
    ipkit_fuzz::require(make_npy_header(*header, 3).size() % 64 == 0);
    (void)make_npy_header_of_row(*header);
  }
  if (const auto parts = slice_json(input, 3)) {
    size_t elements = 0;
    for (const auto& part : *parts) {
      const auto list = ipc::wire::parse_json(part);
      ipkit_fuzz::require(list && list->is_array());
      elements += list->size();
    }
    const auto whole = ipc::wire::parse_json(input);
    ipkit_fuzz::require(whole && whole->size() == elements);
  }
}

const ipkit_fuzz::Registered registered("npy", run);

}  // namespace
