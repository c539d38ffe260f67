// SPDX-License-Identifier: BSD-3-Clause
// What this launcher remembers.
#include "launchers/ssh/record.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "libipc/util/file.hpp"
#include "libipc/util/text.hpp"

namespace ipc::ssh {
namespace {

constexpr const char* kHost = "host";

using Fields = std::map<std::string, std::string>;

std::string field(const Fields& fields, const char* key) {
  const auto found = fields.find(key);
  return found == fields.end() ? "" : found->second;
}

Host parse_host(const Fields& fields) {
  Host host;
  host.name = field(fields, "id");
  host.launcher = field(fields, "launcher");
  host.record = field(fields, "record");
  host.login.config = field(fields, "config");
  host.login.timeout = seconds(std::max(1, std::atoi(field(fields, "timeout").c_str())));
  host.login.fanout = std::max(1, std::atoi(field(fields, "fanout").c_str()));
  return host;
}

config::Launched parse_process(const Fields& fields) {
  config::Launched process;
  process.id = field(fields, "id");
  process.role = field(fields, "role");
  process.host = field(fields, "host");
  process.log = field(fields, "log");
  process.pid = std::atoi(field(fields, "pid").c_str());
  return process;
}

}  // namespace

Result<Record> Record::open(const std::string& path) {
  IPC_TRY_ASSIGN(Fd fd, config::open_record(path));
  return Record(std::move(fd), path);
}

Result<std::vector<Host>> Record::load() const {
  IPC_TRY_ASSIGN(const std::string text, read_file(path_));
  std::vector<Host> hosts;
  for (const auto& fields : config::parse_record(text)) {
    const bool is_host = field(fields, "role") == kHost;
    const std::string name = field(fields, is_host ? "id" : "at");
    auto host =
        std::find_if(hosts.begin(), hosts.end(), [&](const Host& h) { return h.name == name; });
    if (is_host && host == hosts.end()) hosts.push_back(parse_host(fields));
    if (is_host || host == hosts.end()) continue;
    host->processes.push_back(parse_process(fields));
    for (auto& file : split(field(fields, "files"), '\n')) host->files.push_back(std::move(file));
  }
  return hosts;
}

Status Record::append(const std::string& lines) {
  return config::append_record(fd_, path_, lines);
}

Status Record::add_hosts(const std::vector<Host>& hosts) {
  std::string lines;
  for (const auto& host : hosts) {
    const auto timeout = std::chrono::duration_cast<seconds>(host.login.timeout).count();
    config::Launched line;
    line.id = host.name;
    line.role = kHost;
    lines += config::record_line(line, {{"launcher", host.launcher},
                                        {"record", host.record},
                                        {"config", host.login.config},
                                        {"timeout", std::to_string(timeout)},
                                        {"fanout", std::to_string(host.login.fanout)}});
  }
  return append(lines);
}

Status Record::add_processes(const std::string& host,
                             const std::vector<config::Launched>& processes,
                             const std::vector<std::string>& files) {
  std::string lines;
  for (const auto& process : processes)
    lines += config::record_line(process, {{"at", host}, {"files", join(files, "\n")}});
  return append(lines);
}

Status Record::remove() {
  if (::unlink(path_.c_str()) != 0) return system_error(Code::internal, path_);
  return {};
}

}  // namespace ipc::ssh
