// SPDX-License-Identifier: BSD-3-Clause
// Which cluster is meant, and where its files are. No YAML here: most programs need only this.
#include "libipc/config/paths.hpp"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <initializer_list>

#include "libipc/util/file.hpp"
#include "libipc/util/text.hpp"

namespace ipc::config {
namespace {

/// The first of these variables that is set and not empty.
std::string from_environment(std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (const char* value = std::getenv(name); value && *value) return value;
  return "";
}

std::string expand_home(const std::string& path) {
  if (path == "~" || path.starts_with("~/")) return home_directory() + path.substr(1);
  return path;
}

std::string absolute(const std::string& path) {
  std::error_code error;
  std::string full = std::filesystem::absolute(expand_home(path), error).lexically_normal();
  while (full.size() > 1 && full.back() == '/') full.pop_back();
  return full;
}

Status check_name(const std::string& name, const char* what) {
  const bool bad = name == "." || name == ".." ||
                   std::any_of(name.begin(), name.end(),
                               [](unsigned char c) { return c == '/' || c < 0x20 || c == 0x7f; });
  if (bad || name.size() > 200)
    return Error{Code::usage, std::string(what) + " " + json_quote(name) + " cannot be a file name",
                 "a directory is given with --profile-dir"};
  return {};
}

std::string profile_of_directory(const std::string& directory) {
  const std::string last = std::filesystem::path(directory).filename();
  return last.starts_with("profile_") ? last.substr(8) : last;
}

}  // namespace

std::string ClusterName::text() const {
  std::string text = "profile '" + profile + "'";
  if (!cluster_id.empty()) text += ", cluster id '" + cluster_id + "'";
  return text;
}

std::string ClusterName::options() const {
  std::string text;
  if (profile_dir != ipython_directory() + "/profile_" + profile)
    text += " --profile-dir=" + shell_quote(profile_dir);
  else if (profile != "default")
    text += " --profile=" + shell_quote(profile);
  if (!cluster_id.empty()) text += " --cluster-id=" + shell_quote(cluster_id);
  return text;
}

std::string home_directory() {
  if (const std::string home = from_environment({"HOME"}); !home.empty()) return home;
  const passwd* entry = ::getpwuid(::geteuid());
  return entry && entry->pw_dir ? entry->pw_dir : "/";
}

std::string ipython_directory() {
  const std::string directory = from_environment({"IPYTHONDIR"});
  return directory.empty() ? absolute(home_directory() + "/.ipython") : absolute(directory);
}

std::string display_path(const std::string& path) {
  const std::string home = absolute(home_directory());
  return home != "/" && path.starts_with(home + "/") ? "~" + path.substr(home.size()) : path;
}

Result<ClusterName> resolve_cluster(const ClusterOptions& given) {
  ClusterName name;
  std::string directory = given.profile_dir.value_or("");
  std::string profile = given.profile.value_or("");
  if (directory.empty() && profile.empty()) {
    directory = from_environment({"IPKIT_PROFILE_DIR", "IPP_PROFILE_DIR"});
    profile = from_environment({"IPKIT_PROFILE", "IPP_PROFILE"});
  }
  if (!directory.empty()) {
    name.profile_dir = absolute(directory);
    name.profile = profile_of_directory(name.profile_dir);
  } else {
    if (!profile.empty()) name.profile = profile;
    IPC_TRY(check_name(name.profile, "profile"));
    name.profile_dir = ipython_directory() + "/profile_" + name.profile;
  }
  name.cluster_id = given.cluster_id ? *given.cluster_id
                                     : from_environment({"IPKIT_CLUSTER_ID", "IPP_CLUSTER_ID"});
  IPC_TRY(check_name(name.cluster_id, "cluster id"));
  return name;
}

std::string cluster_file(const ClusterName& cluster, const std::string& directory,
                         const std::string& stem, const std::string& suffix) {
  return directory + "/" + stem + (cluster.cluster_id.empty() ? "" : "-" + cluster.cluster_id) +
         suffix;
}

std::string connection_file(const ClusterName& cluster, FileKind kind) {
  return cluster_file(cluster, security_directory(cluster), "ipcontroller",
                      kind == FileKind::client ? "-client.json" : "-engine.json");
}

std::string security_directory(const ClusterName& cluster) {
  return cluster.profile_dir + "/security";
}
std::string log_directory(const ClusterName& cluster) {
  return cluster.profile_dir + "/log";
}
std::string pid_directory(const ClusterName& cluster) {
  return cluster.profile_dir + "/pid";
}

Status create_profile(const ClusterName& cluster) {
  IPC_TRY(make_directories(cluster.profile_dir, 0755));
  IPC_TRY(check_ours(cluster.profile_dir));
  IPC_TRY(make_directories(log_directory(cluster), 0755));
  for (const auto& directory : {security_directory(cluster), pid_directory(cluster)}) {
    IPC_TRY(make_directories(directory, 0700));
    struct stat s;
    if (::stat(directory.c_str(), &s) != 0) return system_error(Code::internal, directory);
    // Keys and pids are nobody else's, also in a profile an older program made.
    if ((s.st_mode & 077) != 0 && ::chmod(directory.c_str(), 0700) != 0)
      return Error{Code::refused, display_path(directory) + " is open to others", "chmod 700 it"};
    IPC_TRY(check_ours(directory));
  }
  return {};
}

}  // namespace ipc::config
