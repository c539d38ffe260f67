// SPDX-License-Identifier: BSD-3-Clause
// The launcher's section of a profile, as it comes in a request.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "libipc/config/launch.hpp"

namespace ipc::launcher {

using Settings = std::map<std::string, config::Setting>;

/// One value; "" if it is not set.
std::string text_of(const Settings& settings, const std::string& key);
std::vector<std::string> list_of(const Settings& settings, const std::string& key);

/// The settings that count for a role: `controller.queue` before `queue` for a controller.
Settings settings_for(const std::string& role, const Settings& settings);

}  // namespace ipc::launcher
