// SPDX-License-Identifier: BSD-3-Clause
// Traits by name.
#include "libipc/cli/traits.hpp"

#include <algorithm>
#include <charconv>
#include <map>

#include "libipc/util/text.hpp"
#include "libipc/wire/errors.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::cli {
namespace {

bool has(std::span<const std::string_view> list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

Error unknown_class(const TraitNames& known, const std::string& name) {
  // The first of those that are equally near is meant.
  std::vector<std::string> names{std::string(known.main_class)};
  names.insert(names.end(), known.aliases.begin(), known.aliases.end());
  names.insert(names.end(), known.others.begin(), known.others.end());
  for (const auto trait : known.names) {
    const auto class_name = trait.substr(0, trait.find('.'));
    if (names.back() != class_name) names.emplace_back(class_name);
  }
  const std::string near = nearest(name, names);
  return {Code::usage, "unknown class " + name, near.empty() ? "" : "did you mean " + near + "?"};
}

// The last value of each trait that is known, by class and name.
std::map<std::string, std::map<std::string, std::string>> last_values(const TraitNames& known,
                                                                      const TraitValues& values) {
  std::map<std::string, std::map<std::string, std::string>> last;
  for (const auto& [given, value] : values) {
    const auto name = resolve_trait(known, given);
    if (!name) continue;
    const size_t dot = name->find('.');
    last[name->substr(0, dot)][name->substr(dot + 1)] = value;
  }
  return last;
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

Result<std::string> resolve_trait(const TraitNames& known, const std::string& name) {
  const size_t dot = name.find('.');
  std::string class_name = name.substr(0, dot);
  if (has(known.aliases, class_name)) class_name = known.main_class;
  const std::string trait = name.substr(dot + 1);
  const std::string own = class_name + "." + trait;
  if (has(known.names, own) || has(known.others, class_name)) return own;
  std::vector<std::string> siblings;
  for (const auto one : known.names)
    if (one.starts_with(class_name + ".")) siblings.emplace_back(one.substr(class_name.size() + 1));
  if (siblings.empty()) return unknown_class(known, class_name);
  const std::string near = nearest(trait, siblings);
  return Error{Code::usage, class_name + " has no trait " + trait,
               near.empty() ? "see --help-all" : "did you mean " + class_name + "." + near + "?"};
}

std::string traits_help(const TraitNames& known,
                        std::span<const std::pair<std::string_view, std::string_view>> useful,
                        std::span<const std::string_view> idle) {
  std::string text = "\nTraits of ipyparallel, --Class.trait=VALUE; " +
                     std::string(known.main_class) + " is also called";
  for (const auto alias : known.aliases) text += "\n  " + std::string(alias);
  text += "\n\n";
  size_t width = 0;
  for (const auto& [name, help] : useful) width = std::max(width, name.size());
  for (const auto& [name, help] : useful)
    text += "  --" + std::string(name) + std::string(width + 2 - name.size(), ' ') +
            std::string(help) + "\n";
  text += "\nAccepted, but nothing here depends on them:\n";
  for (const auto name : idle) text += "  --" + std::string(name) + "\n";
  for (const auto name : known.others) text += "  --" + std::string(name) + ".…\n";
  return text;
}

std::string traits_as_text(const TraitNames& known, const TraitValues& values) {
  std::string text;
  for (const auto& [class_name, traits] : last_values(known, values)) {
    text += class_name + "\n";
    for (const auto& [name, value] : traits) {
      const bool quoted = json_value(value).is_string();
      text += "  ." + name + " = " + (quoted ? wire::python_repr(value) : value) + "\n";
    }
  }
  return text;
}

std::string traits_as_json(const TraitNames& known, const TraitValues& values) {
  wire::Json all = wire::Json::object();
  for (const auto& [class_name, traits] : last_values(known, values))
    for (const auto& [name, value] : traits) all[class_name][name] = json_value(value);
  return all.dump(1, ' ', false, wire::Json::error_handler_t::replace) + "\n";
}

std::vector<std::string> spell_as_traits(
    std::vector<std::string> words,
    std::span<const std::pair<std::string_view, std::string_view>> flags) {
  std::vector<std::string> spelled;
  for (auto& word : words) {
    const bool truth = word == "True" || word == "False" || word == "true" || word == "false";
    bool taken = false;
    for (const auto& [flag, trait] : flags) {
      if (truth && !spelled.empty() && spelled.back() == flag) {
        spelled.back() = std::string(trait) + "=" + word;
        taken = true;
      } else if (word.starts_with(std::string(flag) + "=")) {
        word = std::string(trait) + word.substr(flag.size());
      }
    }
    if (!taken) spelled.push_back(std::move(word));
  }
  return spelled;
}

}  // namespace ipc::cli
