// SPDX-License-Identifier: BSD-3-Clause
// ipprofile: the settings of clusters: which there are, what they say and where from.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "libipc/cli/connect.hpp"
#include "libipc/cli/output.hpp"
#include "libipc/cli/program.hpp"
#include "libipc/cli/table.hpp"
#include "libipc/config/launch.hpp"
#include "libipc/config/profile.hpp"
#include "libipc/net/connection.hpp"
#include "libipc/util/file.hpp"
#include "libipc/util/text.hpp"
#include "libipc/wire/json.hpp"

namespace {

using namespace ipc::cli;
using ipc::Code;
using ipc::Error;
using ipc::Result;
using ipc::Status;
using ipc::config::ClusterName;
using ipc::config::Profile;
using ipc::config::Setting;
using ipc::wire::Json;

constexpr const char* kForAll = "/etc/ipkit";

Command command() {
  Command c;
  c.name = "ipprofile";
  c.synopsis = {"list [-l] [--json]", "show [--all] [--json] [NAME]",  "locate [NAME]",
                "check [NAME]",       "create [--launcher=KIND] NAME", "key [NAME]"};
  c.summary =
      "Shows and makes profiles: the settings of a cluster, kept under a name.\n"
      "NAME is that of --profile; without it the default one.";
  c.examples = {
      {"ipprofile create lab", "a file with every key, to be edited"},
      {"ipprofile show lab", "what counts, and where each value comes from"},
      {"ipprofile check lab && ipcluster start --profile=lab", "nothing started on a mistake"},
      {"$EDITOR \"$(ipprofile locate lab)/ipkit.yaml\"", ""},
  };
  c.options = {
      {'l', "long", "", "list: a table with the files and what runs"},
      {0, "all", "", "show: the keys that are not set, too"},
      {0, "launcher", "KIND", "create: how its engines are started"},
      {0, "profile", "NAME", "the same as NAME ($IPKIT_PROFILE)"},
      {0, "profile-dir", "DIR", "its directory"},
  };
  c.common = kJson;
  c.permute = true;
  return c;
}

// The profile that NAME or the options mean.
Result<ClusterName> profile_of(const Arguments& arguments) {
  if (arguments.operands.size() > 2)
    return Error{Code::usage, "'" + arguments.operands[2] + "' is too much: one profile at a time",
                 ""};
  ipc::config::ClusterOptions options{arguments.get("profile"), arguments.get("profile-dir"), ""};
  if (arguments.operands.size() == 2) {
    if (options.profile || options.profile_dir)
      return Error{Code::usage, "two profiles are named", "NAME or --profile, not both"};
    options.profile = arguments.operands[1];
  }
  return resolve_cluster(options);
}

std::string own_file(const ClusterName& profile) {
  return profile.profile_dir + "/ipkit.yaml";
}

std::string file_for_all(const ClusterName& profile) {
  return std::string(kForAll) + "/" + profile.profile + ".yaml";
}

bool is_there(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

// A name that is neither the default nor has any file is a mistake.
Status must_exist(const ClusterName& profile) {
  if (profile.profile == "default" || is_there(profile.profile_dir) ||
      is_there(file_for_all(profile)))
    return {};
  return Error{
      Code::no_input, "no " + profile.text(),
      "ipprofile list shows which there are; make it: ipprofile create " + profile.profile};
}

// -- list

std::vector<std::string> names_in(const std::string& directory, std::string_view before,
                                  std::string_view after) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename();
    if (name.size() > before.size() + after.size() && name.starts_with(before) &&
        name.ends_with(after))
      names.push_back(name.substr(before.size(), name.size() - before.size() - after.size()));
  }
  return names;
}

Result<int> list(const Arguments& arguments) {
  if (arguments.operands.size() > 1)
    return Error{Code::usage, "list takes no name", "ipprofile show " + arguments.operands[1]};
  std::set<std::string> names{"default"};
  for (auto& name : names_in(ipc::config::ipython_directory(), "profile_", ""))
    names.insert(std::move(name));
  for (auto& name : names_in(kForAll, "", ".yaml")) names.insert(std::move(name));
  std::vector<std::vector<std::string>> table{{"PROFILE", "CLUSTERS", "SETTINGS"}};
  std::string text;
  for (const auto& name : names) {
    IPC_TRY_ASSIGN(const ClusterName profile, ipc::config::resolve_cluster({name, {}, ""}));
    std::vector<std::string> files;
    for (const auto& path : {file_for_all(profile), own_file(profile)})
      if (is_there(path)) files.push_back(ipc::config::display_path(path));
    const auto clusters = names_in(security_directory(profile), "ipcontroller", "-client.json");
    if (arguments.has("json"))
      text += ipc::wire::dump_json({{"profile", name},
                                    {"profile_dir", profile.profile_dir},
                                    {"settings", files},
                                    {"clusters", clusters.size()}}) +
              "\n";
    else if (!arguments.has("long"))
      text += name + "\n";
    table.push_back({name, std::to_string(clusters.size()), ipc::join(files, ", ")});
  }
  const bool as_table = arguments.has("long") && !arguments.has("json");
  IPC_TRY(print(as_table ? format_table(table, {1}) : text));
  return 0;
}

// -- show

Json value_of(const Setting& setting, ipc::config::Type type) {
  switch (type) {
    case ipc::config::Type::list:
      return setting.list;
    case ipc::config::Type::map:
      return setting.map;
    case ipc::config::Type::groups:
      return setting.groups;
    case ipc::config::Type::integer:
      return std::atol(setting.text.c_str());
    default:
      return setting.text;
  }
}

Result<int> show(const Arguments& arguments) {
  IPC_TRY_ASSIGN(const ClusterName name, profile_of(arguments));
  IPC_TRY(must_exist(name));
  IPC_TRY_ASSIGN(const Profile profile, Profile::load(name));
  std::vector<std::vector<std::string>> table;
  std::string text;
  for (const auto& key : ipc::config::keys()) {
    const Setting& setting = profile.setting(key.name);
    const bool is_set = !setting.origin.empty();
    if (!is_set && !arguments.has("all")) continue;
    const Json value = is_set ? value_of(setting, key.type) : Json();
    if (arguments.has("json"))
      text +=
          ipc::wire::dump_json({{"key", key.name}, {"value", value}, {"origin", setting.origin}}) +
          "\n";
    table.push_back({std::string(key.name),
                     !is_set             ? ""
                     : value.is_string() ? setting.text
                                         : ipc::wire::dump_json(value),
                     is_set ? setting.origin : std::string(key.help)});
  }
  IPC_TRY(print(arguments.has("json") ? text : format_table(table)));
  return 0;
}

// -- locate, check

Result<int> locate(const Arguments& arguments) {
  IPC_TRY_ASSIGN(const ClusterName name, profile_of(arguments));
  IPC_TRY(must_exist(name));
  IPC_TRY(print(name.profile_dir + "\n"));
  return 0;
}

Result<int> check(const Arguments& arguments) {
  IPC_TRY_ASSIGN(const ClusterName name, profile_of(arguments));
  IPC_TRY(must_exist(name));
  IPC_TRY_ASSIGN(const Profile profile, Profile::load(name));
  for (const auto* key : {"launcher", "controller.launcher"})
    if (auto found = ipc::config::find_launcher(profile.text(key), name); !found)
      return Error{found.error().code == Code::usage ? Code::bad_profile : found.error().code,
                   profile.setting(key).origin + ": " + found.error().what, found.error().hint};
  for (const auto& path :
       {name.profile_dir, own_file(name), std::string(kForAll), file_for_all(name)})
    IPC_TRY(ipc::check_ours(path));
  struct stat s;
  const std::string keys = security_directory(name);
  if (::stat(keys.c_str(), &s) == 0 && (s.st_mode & 077) != 0)
    return Error{Code::refused, ipc::config::display_path(keys) + " is open to others",
                 "chmod 700 it"};
  return 0;
}

// -- key

// Of the profile's user, to be put on the list of somebody else's controller; made if there is
// none.
Result<int> key(const Arguments& arguments) {
  IPC_TRY_ASSIGN(const ClusterName name, profile_of(arguments));
  IPC_TRY(create_profile(name));
  const std::string path =
      ipc::net::curve_key_file(connection_file(name, ipc::config::FileKind::client));
  if (!is_there(path))
    IPC_TRY(ipc::write_file_atomically(path, ipc::net::new_curve_keys().secret_key + "\n"));
  IPC_TRY_ASSIGN(const std::string secret, ipc::read_secret(path));
  const std::string shown = ipc::net::curve_public_key(std::string(ipc::trim(secret)));
  if (shown.empty())
    return Error{Code::bad_input, ipc::config::display_path(path) + " holds no CURVE key",
                 "remove it, and a new one is made"};
  IPC_TRY(print(shown + "\n"));
  return 0;
}

// -- create

constexpr const char* kLauncherLine = "launcher: local";

// Every key, commented; `launcher` set as asked for.
Result<std::string> settings_text(const std::string& launcher) {
  auto file = ipc::find_program("profiles/" + launcher + ".yaml");
  const bool is_own = bool(file);
  if (!file) file = ipc::find_program("profiles/default.yaml");
  if (!file) return file.error();
  IPC_TRY_ASSIGN(std::string text, ipc::read_file(*file));
  const size_t line = text.find(kLauncherLine);
  if (!is_own && line != std::string::npos)
    text.replace(line, std::string_view(kLauncherLine).size(), "launcher: " + launcher);
  return text;
}

Result<int> create(const Arguments& arguments) {
  IPC_TRY_ASSIGN(const ClusterName name, profile_of(arguments));
  if (arguments.operands.size() < 2 && !arguments.has("profile") && !arguments.has("profile-dir"))
    return Error{Code::usage, "no name given", "ipprofile create NAME"};
  const std::string launcher = arguments.get_or("launcher", "local");
  if (const auto found = ipc::config::find_launcher(launcher, name); !found) return found.error();
  const std::string path = own_file(name);
  if (is_there(path))
    return Error{Code::exists, ipc::config::display_path(path) + " is there already",
                 "ipprofile show " + name.profile};
  IPC_TRY_ASSIGN(const std::string text, settings_text(launcher));
  IPC_TRY(create_profile(name));
  IPC_TRY(ipc::write_file_atomically(path, text, 0644));
  IPC_TRY(print(path + "\n"));
  return 0;
}

Result<int> body(const Arguments& arguments) {
  static constexpr std::pair<std::string_view, Body> kVerbs[] = {
      {"list", list},   {"show", show},     {"locate", locate},
      {"check", check}, {"create", create}, {"key", key}};
  std::vector<std::string> names;
  const std::string word = arguments.operands.empty() ? "" : arguments.operands[0];
  for (const auto& [name, verb] : kVerbs) {
    if (name == word) return verb(arguments);
    names.emplace_back(name);
  }
  const std::string near = ipc::nearest(word, names);
  return Error{Code::usage, word.empty() ? "no verb given" : "unknown verb '" + word + "'",
               near.empty() ? "one of: " + ipc::join(names, ", ") : "did you mean '" + near + "'?"};
}

}  // namespace

int main(int argc, char** argv) {
  run_program(command(), argc, argv, body);
}
