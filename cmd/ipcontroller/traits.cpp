// SPDX-License-Identifier: BSD-3-Clause
// Traits by name: which is meant, what is shown of them.
#include "cmd/ipcontroller/traits.hpp"

#include <algorithm>

#include "libipc/cli/traits.hpp"

namespace ipc {
namespace {

const cli::TraitNames& known_names() {
  static const cli::TraitNames names = [] {
    cli::TraitNames known;
    known.main_class = "IPController";
    known.aliases = {"HubFactory",  "IPControllerApp",        "Hub",
                     "Application", "BaseIPythonApplication", "BaseParallelApplication"};
    for (const auto& trait : all_traits()) known.names.push_back(trait.name);
    return known;
  }();
  return names;
}

cli::TraitValues values_of(std::span<const Given> given) {
  cli::TraitValues values;
  for (const auto& one : given) values.emplace_back(one.trait, one.value);
  return values;
}

}  // namespace

Result<const Trait*> find_trait(const std::string& name) {
  IPC_TRY_ASSIGN(const std::string own, cli::resolve_trait(known_names(), name));
  const auto all = all_traits();
  return &*std::find_if(all.begin(), all.end(), [&](auto& trait) { return trait.name == own; });
}

Status apply_trait(const Given& given, Settings& settings) {
  IPC_TRY_ASSIGN(const Trait* const trait, find_trait(given.trait));
  if (trait->apply != nullptr) return trait->apply(given, settings);
  settings.remarks.push_back(given.origin + " changes nothing here");
  return {};
}

std::string traits_text() {
  std::vector<std::pair<std::string_view, std::string_view>> useful;
  std::vector<std::string_view> idle;
  for (const auto& trait : all_traits()) {
    if (trait.apply != nullptr)
      useful.emplace_back(trait.name, trait.help);
    else
      idle.push_back(trait.name);
  }
  return cli::traits_help(known_names(), useful, idle);
}

std::string config_text(std::span<const Given> given) {
  return cli::traits_as_text(known_names(), values_of(given));
}

std::string config_json(std::span<const Given> given) {
  return cli::traits_as_json(known_names(), values_of(given));
}

}  // namespace ipc
