// SPDX-License-Identifier: BSD-3-Clause
// `--Class.trait=value` of the reference's engine.
#pragma once

#include <string>
#include <vector>

#include "cmd/ipengine/settings.hpp"

namespace ipc::ipengine {

/// What the command line says in traits: those themselves, and options that are one by another
/// name.
std::vector<Given> traits_on_command_line(const cli::Arguments& arguments);

/// What the reference's configuration files say, the most particular last. Code::no_input.
Status read_trait_files(const Settings& settings, std::vector<Given>& given,
                        std::vector<std::string>& remarks);

/// Does what they say, later ones last. Code::usage for what is unknown, wrong, or not done here;
/// Code::bad_profile if that is in a file.
Status apply_traits(const std::vector<Given>& given, Settings& settings);

/// What --show-config or --show-config-json prints.
std::string given_text(const Settings& settings);

/// The part of --help-all after the options.
std::string traits_text();

}  // namespace ipc::ipengine
