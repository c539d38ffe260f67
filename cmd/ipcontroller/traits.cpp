// SPDX-License-Identifier: BSD-3-Clause
// Traits by name: which is meant, what is shown of them.
#include "cmd/ipcontroller/traits.hpp"

#include <algorithm>
#include <charconv>
#include <map>

#include "libipc/util/text.hpp"
#include "libipc/wire/errors.hpp"
#include "libipc/wire/json.hpp"

namespace ipc {
namespace {

// Classes that are IPController by another name: deprecated, or its bases.
constexpr std::string_view kSameClass[] = {
    "HubFactory",  "IPControllerApp",        "Hub",
    "Application", "BaseIPythonApplication", "BaseParallelApplication"};

// Classes of the reference that have traits.
std::vector<std::string> class_names() {
  std::vector<std::string> names(std::begin(kSameClass), std::end(kSameClass));
  for (const auto& trait : all_traits()) {
    const auto name = trait.name.substr(0, trait.name.find('.'));
    if (names.back() != name) names.emplace_back(name);
  }
  return names;
}

Error unknown_class(const std::string& name) {
  const std::string near = nearest(name, class_names());
  return {Code::usage, "unknown class " + name, near.empty() ? "" : "did you mean " + near + "?"};
}

Error unknown_trait(const std::string& class_name, const std::string& name) {
  std::vector<std::string> names;
  for (const auto& trait : all_traits())
    if (trait.name.starts_with(class_name + "."))
      names.emplace_back(trait.name.substr(class_name.size() + 1));
  const std::string near = nearest(name, names);
  return {Code::usage, class_name + " has no trait " + name,
          near.empty() ? "see --help-all" : "did you mean " + class_name + "." + near + "?"};
}

// The last value of each trait, by class and name.
std::map<std::string, std::map<std::string, std::string>> last_values(
    std::span<const Given> given) {
  std::map<std::string, std::map<std::string, std::string>> values;
  for (const auto& one : given) {
    const auto trait = find_trait(one.trait);
    if (!trait) continue;
    const std::string name((*trait)->name);
    const size_t dot = name.find('.');
    values[name.substr(0, dot)][name.substr(dot + 1)] = one.value;
  }
  return values;
}

wire::Json json_value(const std::string& text) {
  if (text == "True" || text == "true") return true;
  if (text == "False" || text == "false") return false;
  long number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) return number;
  return text;
}

}  // namespace

Result<const Trait*> find_trait(const std::string& name) {
  const size_t dot = name.find('.');
  std::string class_name = name.substr(0, dot);
  if (std::find(std::begin(kSameClass), std::end(kSameClass), class_name) != std::end(kSameClass))
    class_name = "IPController";
  const std::string own = class_name + "." + name.substr(dot + 1);
  bool known_class = false;
  for (const auto& trait : all_traits()) {
    if (trait.name == own) return &trait;
    known_class = known_class || trait.name.starts_with(class_name + ".");
  }
  if (!known_class) return unknown_class(class_name);
  return unknown_trait(class_name, name.substr(dot + 1));
}

Status apply_trait(const Given& given, Settings& settings) {
  IPC_TRY_ASSIGN(const Trait* const trait, find_trait(given.trait));
  if (trait->apply != nullptr) return trait->apply(given, settings);
  settings.remarks.push_back(given.origin + " changes nothing here");
  return {};
}

std::string traits_text() {
  std::string text =
      "\nTraits, --Class.trait=VALUE (IPControllerApp and HubFactory are IPController):\n";
  std::string idle;
  size_t width = 0;
  for (const auto& trait : all_traits())
    if (trait.apply != nullptr) width = std::max(width, trait.name.size());
  for (const auto& trait : all_traits()) {
    const std::string name(trait.name);
    if (trait.apply != nullptr)
      text += "  --" + name + std::string(width + 2 - name.size(), ' ') + std::string(trait.help) +
              "\n";
    else
      idle += "  --" + name + "\n";
  }
  return text + "\nAccepted, but nothing here depends on them:\n  --usethreads --init --log-url\n" +
         idle;
}

std::string config_text(std::span<const Given> given) {
  std::string text;
  for (const auto& [class_name, traits] : last_values(given)) {
    text += class_name + "\n";
    for (const auto& [name, value] : traits) {
      const auto json = json_value(value);
      text += "  ." + name + " = " + (json.is_string() ? wire::python_repr(value) : value) + "\n";
    }
  }
  return text;
}

std::string config_json(std::span<const Given> given) {
  wire::Json all = wire::Json::object();
  for (const auto& [class_name, traits] : last_values(given))
    for (const auto& [name, value] : traits) all[class_name][name] = json_value(value);
  return all.dump(1, ' ', false, wire::Json::error_handler_t::replace) + "\n";
}

}  // namespace ipc
