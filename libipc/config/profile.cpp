// SPDX-License-Identifier: BSD-3-Clause
// The settings of a profile, merged from all places, each with its origin.
#include "libipc/config/profile.hpp"

#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <charconv>
#include <cstdlib>

#include "libipc/util/file.hpp"
#include "libipc/util/text.hpp"

namespace ipc::config {
namespace {

bool is_integer(const std::string& text) {
  long number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

bool fits(Type type, const std::string& text) {
  switch (type) {
    case Type::text:
      return true;
    case Type::integer:
      return is_integer(text);
    case Type::number:
    case Type::duration:
      return bool(parse_duration(text));
    case Type::walltime:
      return bool(parse_walltime(text));
    default:
      return false;
  }
}

/// Reads one file into settings.
class Reader {
 public:
  Reader(std::string path, std::map<std::string, Setting, std::less<>>& settings)
      : path_(std::move(path)), settings_(settings) {}

  Status read(const std::string& text) {
    try {
      const YAML::Node document = YAML::Load(text);
      if (document.IsNull()) return {};
      return section("", document);
    } catch (const YAML::Exception& problem) {
      return Error{Code::bad_profile, place(problem.mark) + ": " + problem.msg, ""};
    }
  }

 private:
  std::string place(const YAML::Mark& mark) const {
    return display_path(path_) + ":" + std::to_string(mark.line + 1);
  }

  Status section(const std::string& prefix, const YAML::Node& node) {
    if (!node.IsMap())
      return Error{
          Code::bad_profile,
          place(node.Mark()) + ": " +
              (prefix.empty() ? "a profile" : "'" + prefix.substr(0, prefix.size() - 1) + "'") +
              " must be keys with values",
          ""};
    for (const auto& item : node) {
      const std::string name = prefix + item.first.as<std::string>();
      if (const Key* key = find_key(name))
        IPC_TRY(value(*key, item.first.Mark(), item.second));
      else if (is_section(name))
        IPC_TRY(section(name + ".", item.second));
      else
        return unknown(prefix, item.first);
    }
    return {};
  }

  static bool is_section(const std::string& name) {
    for (const auto& key : keys())
      if (key.name.starts_with(name + ".")) return true;
    return false;
  }

  Error unknown(const std::string& prefix, const YAML::Node& name) const {
    std::vector<std::string> known;
    for (const auto& key : keys()) {
      if (!key.name.starts_with(prefix)) continue;
      const auto rest = key.name.substr(prefix.size());
      known.emplace_back(rest.substr(0, rest.find('.')));
      if (known.size() > 1 && known.back() == known[known.size() - 2]) known.pop_back();
    }
    const std::string near = nearest(name.as<std::string>(), known);
    return Error{
        Code::bad_profile, place(name.Mark()) + ": unknown key '" + name.as<std::string>() + "'",
        near.empty() ? "known here: " + join(known, ", ") : "did you mean '" + near + "'?"};
  }

  Status value(const Key& key, const YAML::Mark& mark, const YAML::Node& node) {
    Setting setting;
    setting.origin = place(mark);
    if (node.IsNull()) return {};  // `key:` with nothing is as if it were not there
    bool good = true;
    if (key.type == Type::list) {
      good = node.IsSequence();
      if (good) setting.list = node.as<std::vector<std::string>>();
    } else if (key.type == Type::map) {
      good = node.IsMap();
      if (good) setting.map = node.as<std::map<std::string, std::string>>();
    } else if (key.type == Type::groups) {
      good = node.IsMap();
      for (const auto& group : node)
        setting.groups[group.first.as<std::string>()] =
            group.second.IsSequence() ? group.second.as<std::vector<std::string>>()
                                      : std::vector{group.second.as<std::string>()};
    } else {
      good = node.IsScalar();
      if (good) setting.text = node.as<std::string>();
      good = good && fits(key.type, setting.text);
    }
    if (!good)
      return Error{Code::bad_profile,
                   setting.origin + ": '" + std::string(key.name) + "' must be " +
                       std::string(type_text(key.type)),
                   ""};
    settings_[std::string(key.name)] = std::move(setting);
    return {};
  }

  std::string path_;
  std::map<std::string, Setting, std::less<>>& settings_;
};

}  // namespace

Profile::Profile() {
  for (const auto& key : keys())
    if (!key.fallback.empty())
      settings_[std::string(key.name)] = Setting{std::string(key.fallback), {}, {}, {}, "built-in"};
}

Result<Profile> Profile::load(const ClusterName& cluster) {
  Profile profile;
  IPC_TRY(check_ours(cluster.profile_dir));
  IPC_TRY(profile.merge_file("/etc/ipkit/" + cluster.profile + ".yaml"));
  IPC_TRY(profile.merge_file(cluster.profile_dir + "/ipkit.yaml"));
  for (const auto& key : keys()) {
    if (key.environment.empty()) continue;
    const char* value = std::getenv(std::string(key.environment).c_str());
    if (value && *value) IPC_TRY(profile.set(key.name, value, "$" + std::string(key.environment)));
  }
  return profile;
}

Status Profile::merge_file(const std::string& path) {
  if (::access(path.c_str(), F_OK) != 0) return {};
  // It says what is run in our name.
  IPC_TRY(check_ours(path));
  auto text = read_file(path, 1 << 20);
  if (!text) return Error{Code::bad_profile, text.error().what, ""};
  return merge_text(path, *text);
}

Status Profile::merge_text(const std::string& path, const std::string& text) {
  return Reader(path, settings_).read(text);
}

Status Profile::set(std::string_view name, const std::string& value, const std::string& origin) {
  const Key* key = find_key(name);
  if (!key) return Error{Code::internal, "no key " + std::string(name), ""};
  if (!fits(key->type, value))
    return Error{Code::usage,
                 origin + ": " + json_quote(value) + " is not " + std::string(type_text(key->type)),
                 ""};
  settings_[std::string(name)] = Setting{value, {}, {}, {}, origin};
  return {};
}

const Setting& Profile::setting(std::string_view key) const {
  static const Setting none;
  const auto found = settings_.find(key);
  return found == settings_.end() ? none : found->second;
}

std::string Profile::text(std::string_view key) const {
  return setting(key).text;
}

std::optional<long> Profile::integer(std::string_view key) const {
  const std::string value = text(key);
  if (value.empty()) return std::nullopt;
  return std::atol(value.c_str());
}

Duration Profile::duration(std::string_view key) const {
  const auto value = parse_duration(text(key));
  return value ? *value : Duration(0);
}

}  // namespace ipc::config
