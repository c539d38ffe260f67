// SPDX-License-Identifier: BSD-3-Clause
// What the function that an ipyparallel client has pickled is called.
#pragma once

#include <string>
#include <string_view>

namespace ipc::engine {

/// The `__name__` of a canned function, the expression of a Reference, the name of what is pickled
/// by its name; "" where that cannot be seen. Nothing is unpickled: texts are followed to where
/// they are remembered, all else is passed over.
std::string pickled_name(std::string_view pickle);

}  // namespace ipc::engine
