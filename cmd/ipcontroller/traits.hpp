// SPDX-License-Identifier: BSD-3-Clause
// `--Class.trait=value` of the reference. Every option of its is a trait by another name.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/ipcontroller/options.hpp"

namespace ipc {

/// A trait of the reference.
struct Trait {
  using Apply = Status (*)(const Given& given, Settings& settings);
  std::string_view name;  ///< Class.trait, of the class that is not deprecated
  std::string_view help;  ///< for --help-all
  Apply apply;            ///< null: nothing here depends on it
};

/// All of them, by class.
std::span<const Trait> all_traits();

/// The trait that is meant by `name`, also by the names of deprecated and of base classes.
/// Code::usage with the nearest known name if there is none.
Result<const Trait*> find_trait(const std::string& name);

/// Does what is given, or notes that nothing depends on it.
Status apply_trait(const Given& given, Settings& settings);

/// The part of --help-all after the options.
std::string traits_text();
/// What --show-config and --show-config-json print: the last value of each trait.
std::string config_text(std::span<const Given> given);
std::string config_json(std::span<const Given> given);

/// `10101-10120` or `1,2,5`, also as a Python list.
Result<std::vector<int>> parse_ports(const std::string& text);
/// A number in [least, most]; Code::usage names `what`.
Result<long> parse_number(const std::string& what, const std::string& text, long least, long most);

}  // namespace ipc
