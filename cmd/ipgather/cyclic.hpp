// SPDX-License-Identifier: BSD-3-Clause
// --cyclic: the elements of several engines in turn.
#pragma once

#include <functional>
#include <string_view>

#include "libipc/cli/data.hpp"
#include "libipc/client/fetch.hpp"

namespace ipgather {

using Sink = std::function<ipc::Status(std::string_view)>;

/// Elements of text, fetched with NUL behind each, given with `end` behind each. Code::failed for
/// parts that were not dealt out in turn, or elements that hold NULs.
ipc::Status deal_texts(const ipc::cli::DataSession& session, const ipc::client::FetchQuery& query,
                       const ipc::client::FetchAnswer& answer, char end, const Sink& sink);

/// Runs of `size` bytes from `offsets` on, one for each part: `counts` of them.
ipc::Status deal_rows(const ipc::cli::DataSession& session, const ipc::client::FetchQuery& query,
                      const ipc::client::FetchAnswer& answer, const std::vector<uint64_t>& offsets,
                      const std::vector<uint64_t>& counts, uint64_t size, const Sink& sink);

}  // namespace ipgather
