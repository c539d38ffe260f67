// SPDX-License-Identifier: BSD-3-Clause
// `--Class.trait=value` of the reference: the names that a program knows.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libipc/util/result.hpp"

namespace ipc::cli {

/// The traits of a program. Text with static storage.
struct TraitNames {
  std::string_view main_class;            ///< the program's own
  std::vector<std::string_view> aliases;  ///< classes that are it: deprecated names, base classes
  std::vector<std::string_view> names;    ///< Class.trait, sorted by class
  std::vector<std::string_view> others;   ///< classes of which any trait is accepted
};

/// `name` with the class's proper name. Code::usage with the nearest known name if it is unknown.
Result<std::string> resolve_trait(const TraitNames& known, const std::string& name);

/// What --help-all says of them: those that do something with their help, and the idle ones.
std::string traits_help(const TraitNames& known,
                        std::span<const std::pair<std::string_view, std::string_view>> useful,
                        std::span<const std::string_view> idle);

/// Traits and values as --show-config and --show-config-json print them; the last value counts.
using TraitValues = std::vector<std::pair<std::string, std::string>>;
std::string traits_as_text(const TraitNames& known, const TraitValues& values);
std::string traits_as_json(const TraitNames& known, const TraitValues& values);

/// Flags that the reference takes with a value too: `--flag=V` and `--flag True` become the trait
/// that stands beside the flag. Both with their dashes.
std::vector<std::string> spell_as_traits(
    std::vector<std::string> words,
    std::span<const std::pair<std::string_view, std::string_view>> flags);

}  // namespace ipc::cli
