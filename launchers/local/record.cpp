// SPDX-License-Identifier: BSD-3-Clause
// The local launcher's memory: which processes it started, proof against pids used again.
#include "launchers/local/record.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "libipc/util/file.hpp"
#include "libipc/util/process.hpp"

namespace ipc::local {
namespace {

std::string text_of(const std::map<std::string, std::string>& fields, const char* key) {
  const auto found = fields.find(key);
  return found == fields.end() ? "" : found->second;
}

Entry parse_entry(const std::map<std::string, std::string>& fields) {
  Entry entry;
  entry.process.id = text_of(fields, "id");
  entry.process.role = text_of(fields, "role");
  entry.process.host = text_of(fields, "host");
  entry.process.log = text_of(fields, "log");
  entry.process.pid = std::atoi(text_of(fields, "pid").c_str());
  entry.ticks = std::strtoull(text_of(fields, "ticks").c_str(), nullptr, 10);
  entry.boot = text_of(fields, "boot");
  return entry;
}

}  // namespace

bool Entry::is_running() const {
  return process.pid > 1 && ticks != 0 && process.host == host_name() && boot == boot_id() &&
         process_start_ticks(process.pid) == ticks;
}

Entry new_entry(pid_t pid, const std::string& role, const std::string& log) {
  Entry entry;
  entry.ticks = process_start_ticks(pid);
  entry.boot = boot_id();
  entry.process.pid = pid;
  entry.process.id = std::to_string(pid) + "." + std::to_string(entry.ticks);
  entry.process.role = role;
  entry.process.host = host_name();
  entry.process.log = log;
  return entry;
}

Result<Record> Record::open(const std::string& path) {
  IPC_TRY_ASSIGN(Fd fd, config::open_record(path));
  return Record(std::move(fd), path);
}

Result<std::vector<Entry>> Record::select(const config::LaunchRequest& request) const {
  IPC_TRY_ASSIGN(const std::string text, read_file(path_));
  std::vector<Entry> entries;
  for (const auto& fields : config::parse_record(text)) {
    Entry entry = parse_entry(fields);
    const auto& ids = request.ids;
    if (!request.role.empty() && entry.process.role != request.role) continue;
    if (!ids.empty() && std::find(ids.begin(), ids.end(), entry.process.id) == ids.end()) continue;
    entries.push_back(std::move(entry));
  }
  return entries;
}

Status Record::append(const std::vector<Entry>& entries) {
  std::string lines;
  for (const auto& entry : entries)
    lines += config::record_line(entry.process,
                                 {{"ticks", std::to_string(entry.ticks)}, {"boot", entry.boot}});
  return config::append_record(fd_, path_, lines);
}

Status Record::remove_if_over() {
  IPC_TRY_ASSIGN(const auto entries, select({}));
  const bool over = std::none_of(entries.begin(), entries.end(), [](const Entry& entry) {
    // What another machine holds cannot be judged from here.
    return entry.is_running() || entry.process.host != host_name();
  });
  if (over && ::unlink(path_.c_str()) != 0) return system_error(Code::internal, path_);
  return {};
}

}  // namespace ipc::local
