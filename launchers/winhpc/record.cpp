// SPDX-License-Identifier: BSD-3-Clause
// The launcher's memory: what it was about to submit, and what became of it.
#include "launchers/winhpc/record.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <regex>

#include "launchers/common/command.hpp"
#include "libipc/util/file.hpp"

namespace ipc::winhpc {
namespace {

using Fields = std::map<std::string, std::string>;

std::string field(const Fields& fields, const std::string& key) {
  const auto found = fields.find(key);
  return found == fields.end() ? "" : found->second;
}

Submitted parse(const Fields& fields) {
  Submitted entry;
  entry.job.name = field(fields, "id");
  entry.job.role = field(fields, "role");
  entry.job.log = field(fields, "log");
  entry.job.tasks = std::max(1, std::atoi(field(fields, "tasks").c_str()));
  entry.site = site_of(fields);
  return entry;
}

/// What became of a job that is on record.
void learn(Submitted& entry, const Fields& fields) {
  if (const std::string number = field(fields, "number"); !number.empty()) entry.number = number;
  if (const std::string task = field(fields, "gone"); !task.empty())
    entry.gone.insert(std::atoi(task.c_str()));
  if (field(fields, "over") == "yes") entry.is_over = true;
}

}  // namespace

Result<Record> Record::open(const std::string& path) {
  IPC_TRY_ASSIGN(Fd fd, config::open_record(path));
  return Record(std::move(fd), path);
}

Result<std::vector<Submitted>> Record::load() const {
  IPC_TRY_ASSIGN(const std::string text, read_file(path_));
  std::vector<Submitted> entries;
  for (const auto& fields : config::parse_record(text)) {
    const auto known = std::find_if(entries.begin(), entries.end(), [&](const Submitted& entry) {
      return entry.job.name == field(fields, "id");
    });
    if (known == entries.end())
      entries.push_back(parse(fields));
    else
      learn(*known, fields);
  }
  // A launcher that was killed did not come to note it.
  for (auto& entry : entries)
    if (entry.number.empty() && !entry.is_over) entry.number = answered(entry.job);
  return entries;
}

std::string Record::answered(const Job& job) const {
  const auto answer = launcher::read_kept(answer_file(job));
  std::smatch match;
  const std::regex pattern("Job has been submitted\\. ID: +(\\d+)");
  return answer && std::regex_search(*answer, match, pattern) ? match[1].str() : "";
}

Status Record::prepare(const Submitted& entry, const std::string& xml) const {
  Status prepared = write_all_of(entry, xml);
  if (!prepared) remove_files(entry.job);
  return prepared;
}

Status Record::write_all_of(const Submitted& entry, const std::string& xml) const {
  const Job& job = entry.job;
  IPC_TRY(write_file_atomically(job_file(job), xml, 0600));
  if (entry.site.url.empty()) {
    IPC_TRY(launcher::make_room(answer_file(job)));
    IPC_TRY(launcher::make_room(complaint_file(job)));
  }
  Fields more = fields_of(entry.site);
  more["tasks"] = std::to_string(job.tasks);
  config::Launched launched;
  launched.id = job.name;
  launched.role = job.role;
  launched.log = job.log;
  return append(config::record_line(launched, more));
}

Status Record::note_number(Submitted& entry, const std::string& number) const {
  entry.number = number;
  return note(entry.job, "number", number);
}

Status Record::note_gone(Submitted& entry, int task) const {
  entry.gone.insert(task);
  return note(entry.job, "gone", std::to_string(task));
}

Status Record::note_over(Submitted& entry) const {
  entry.is_over = true;
  return note(entry.job, "over", "yes");
}

Status Record::note(const Job& job, const std::string& key, const std::string& value) const {
  config::Launched launched;
  launched.id = job.name;
  return append(config::record_line(launched, {{key, value}}));
}

Status Record::append(const std::string& line) const {
  return config::append_record(fd_, path_, line);
}

Status Record::tidy(const std::vector<Submitted>& all) const {
  for (const auto& entry : all)
    if (entry.is_over) remove_files(entry.job);
  const bool over =
      std::all_of(all.begin(), all.end(), [](const Submitted& entry) { return entry.is_over; });
  if (over && ::unlink(path_.c_str()) != 0) return system_error(Code::internal, path_);
  return {};
}

void Record::remove_files(const Job& job) const {
  for (const auto& path : {job_file(job), answer_file(job), complaint_file(job)})
    ::unlink(path.c_str());
}

std::string Record::file(const Job& job, const char* ending) const {
  return std::filesystem::path(path_).replace_filename(job.name + ending);
}

}  // namespace ipc::winhpc
