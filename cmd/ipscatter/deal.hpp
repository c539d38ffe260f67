// SPDX-License-Identifier: BSD-3-Clause
// --cyclic and --flatten: other ways to share out the elements.
#pragma once

#include <string>
#include <vector>

#include "cmd/ipscatter/input.hpp"
#include "libipc/client/push.hpp"

namespace ipscatter {

/// Elements in turn: the i-th to engine i mod `engines`. `source` is replaced: each engine's
/// elements lie together in it.
ipc::Result<std::vector<ipc::client::Slice>> deal(ipc::client::Source& source, const Format& format,
                                                  size_t engines);

/// Lets parts of one element be the element itself, with a type of its own. Not for bytes.
ipc::Status flatten(ipc::client::Source& source, const Format& format,
                    std::vector<ipc::client::Delivery>& deliveries);

}  // namespace ipscatter
