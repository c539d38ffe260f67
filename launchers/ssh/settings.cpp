// SPDX-License-Identifier: BSD-3-Clause
// The section `ssh` of a profile, as the launcher gets it.
#include "launchers/ssh/settings.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace ipc::ssh {
namespace {

std::string text_of(const config::LaunchRequest& request, const char* key) {
  const auto found = request.settings.find(key);
  return found == request.settings.end() ? "" : found->second.text;
}

Error wrong(const std::string& key, const std::string& value, const std::string& wanted) {
  return {Code::bad_profile, "ssh." + key + ": '" + value + "' is not " + wanted, ""};
}

Status take_choice(const config::LaunchRequest& request, const char* key, const char* one,
                   const char* other, bool& is_one) {
  const std::string text = text_of(request, key);
  if (!text.empty() && text != one && text != other)
    return wrong(key, text, std::string(one) + " or " + other);
  if (!text.empty()) is_one = text == one;
  return {};
}

}  // namespace

Result<Settings> read_settings(const config::LaunchRequest& request) {
  Settings settings;
  std::string hosts = text_of(request, "hosts");
  if (const std::string host = text_of(request, "controller");
      request.role == "controller" && !host.empty())
    hosts = host;
  auto parsed = parse_host_counts(hosts);
  if (!parsed)
    return Error{Code::bad_profile, "ssh.hosts: " + parsed.error().what, parsed.error().hint};
  settings.hosts = *std::move(parsed);
  if (settings.hosts.empty())
    return Error{Code::bad_profile, "no hosts: ssh.hosts is not set",
                 "in the profile, or as --hosts='node[01-04]:2 me@login'"};
  settings.login.config = text_of(request, "config");
  if (const std::string& file = settings.login.config; file.starts_with("~/"))
    settings.login.config = config::home_directory() + file.substr(1);
  // libssh takes a file that is not there for an empty one.
  if (const std::string& file = settings.login.config;
      !file.empty() && ::access(file.c_str(), R_OK) != 0)
    return system_error(Code::bad_profile, "ssh.config: " + file);
  if (const std::string time = text_of(request, "connect_timeout"); !time.empty()) {
    const auto duration = parse_duration(time);
    if (!duration || *duration < seconds(1))
      return wrong("connect_timeout", time, "a time from 1s");
    settings.login.timeout = *duration;
  }
  if (const std::string fanout = text_of(request, "fanout"); !fanout.empty()) {
    settings.login.fanout = std::atoi(fanout.c_str());
    if (settings.login.fanout < 1 || settings.login.fanout > 512)
      return wrong("fanout", fanout, "a number from 1 to 512");
  }
  settings.profile_dir = text_of(request, "profile_dir");
  settings.bin = text_of(request, "bin");
  settings.directory = text_of(request, "directory");
  settings.prologue = text_of(request, "prologue");
  IPC_TRY(take_choice(request, "connection", "send", "file", settings.send_connection));
  IPC_TRY(take_choice(request, "detach", "yes", "no", settings.detach));
  return settings;
}

std::vector<int> deal(const std::vector<HostCount>& hosts, std::vector<int> used, int count) {
  std::vector<int> dealt(hosts.size(), 0);
  const auto give = [&](size_t host, int n) {
    dealt[host] += n;
    used[host] += n;
    count -= n;
  };
  for (size_t i = 0; i < hosts.size() && count > 0; ++i)
    give(i, std::clamp(hosts[i].count - used[i], 0, count));
  while (count > 0) {
    size_t least = 0;
    for (size_t i = 1; i < hosts.size(); ++i)
      if (used[i] * static_cast<long>(hosts[least].count) <
          used[least] * static_cast<long>(hosts[i].count))
        least = i;
    give(least, 1);
  }
  return dealt;
}

}  // namespace ipc::ssh
