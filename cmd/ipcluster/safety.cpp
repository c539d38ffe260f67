// SPDX-License-Identifier: BSD-3-Clause
// What of a cluster's settings lets others in.
#include "cmd/ipcluster/safety.hpp"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "libipc/net/address.hpp"
#include "libipc/util/file.hpp"
#include "libipc/util/process.hpp"
#include "libipc/util/text.hpp"

namespace ipc::cluster {
namespace {

// Bits of the mode that must not be set; a file that is not there is fine.
bool is_open(const std::string& path, mode_t bits) {
  struct stat s;
  return ::stat(path.c_str(), &s) == 0 && (s.st_mode & bits) != 0;
}

void look_at_wire(const net::Connection& file, std::vector<std::string>& found) {
  const bool is_encrypted = !file.curve_server_key.empty();
  if (file.key.empty() && !is_encrypted)
    found.emplace_back(
        "messages are neither signed nor encrypted: whoever reaches the port runs code as you; "
        "start it without --no-secure");
  if (!is_encrypted && !net::is_local_interface(file.interface))
    found.emplace_back(
        "open to the network without CURVE: what is sent can be read there, and data changed; "
        "start it without --no-curve");
}

void look_at_files(const config::ClusterName& cluster, std::vector<std::string>& found) {
  std::error_code error;
  const auto look = [&](const std::string& path) {
    if (is_open(path, 077))
      found.push_back(config::display_path(path) + " holds code and results, and others can read " +
                      "it: chmod go= " + shell_quote(config::display_path(path)));
  };
  for (const auto& entry : std::filesystem::directory_iterator(cluster.profile_dir, error))
    if (const std::string name = entry.path().filename();
        name.starts_with("tasks") && name.ends_with(".db"))
      look(entry.path());
  if (const auto ours = check_ours(config::log_directory(cluster)); !ours)
    found.push_back(ours.error().text());
}

void look_at_plugins(const config::ClusterName& cluster, std::vector<std::string>& found) {
  std::vector<std::string> directories{cluster.profile_dir + "/launchers",
                                       cluster.profile_dir + "/kernels"};
  for (const char* variable : {"IPKIT_LAUNCHER_PATH", "IPKIT_KERNEL_PATH"})
    if (const char* path = std::getenv(variable))
      for (auto& directory : split(path, ':')) directories.push_back(std::move(directory));
  for (const auto& directory : directories)
    if (const auto ours = directory.empty() ? Status() : check_ours(directory); !ours)
      found.push_back(ours.error().text() + "; nothing is started from it");
}

void look_at_command(const net::Connection& file, std::vector<std::string>& found) {
  const auto& c = file.controller;
  if (c.pid <= 0 || c.host != host_name()) return;
  const auto words = read_file("/proc/" + std::to_string(c.pid) + "/cmdline", 1 << 20);
  if (!words) return;
  for (const auto& word : split(*words, '\0'))
    for (const char* secret : {"--Session.key=", "--IPController.curve_secretkey="})
      if (word.starts_with(secret) && word != secret)
        found.push_back(std::string(secret) +
                        "… is on the controller's command line, which every " +
                        "user of this machine can read: give it with --keyfile or in the "
                        "environment");
}

}  // namespace

std::vector<std::string> unsafe_settings(const config::ClusterName& cluster,
                                         const net::Connection& file) {
  std::vector<std::string> found;
  look_at_wire(file, found);
  look_at_files(cluster, found);
  look_at_plugins(cluster, found);
  look_at_command(file, found);
  return found;
}

}  // namespace ipc::cluster
