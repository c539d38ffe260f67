// SPDX-License-Identifier: BSD-3-Clause
// Words that stand in front of a message for whoever passes it on.
#pragma once

#include <string_view>

namespace ipc::wire {

/// On the engines' side of *control*, before an engine's uuid: to or from that engine, not a
/// client.
inline constexpr std::string_view kToEngine = "engine";

/// What the controller's socket there calls itself.
inline constexpr std::string_view kControlRelay = "control_out";

}  // namespace ipc::wire
