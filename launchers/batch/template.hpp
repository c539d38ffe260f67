// SPDX-License-Identifier: BSD-3-Clause
// Templates of scripts, written as ipyparallel's users write them.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "libipc/util/result.hpp"

namespace ipc::batch {

using Values = std::map<std::string, std::string>;

/// Replaces {name} and {name//4} (also + - *, whole numbers); {{ and }} are braces.
/// Code::bad_profile with the line and the nearest name if there is no such value.
Result<std::string> expand(std::string_view text, const Values& values);

}  // namespace ipc::batch
