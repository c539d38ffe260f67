// SPDX-License-Identifier: BSD-3-Clause
// The launcher's memory: what it was about to submit, and what became of it.
#include "launchers/batch/record.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <regex>

#include "launchers/common/command.hpp"
#include "libipc/util/file.hpp"
#include "libipc/util/text.hpp"

namespace ipc::batch {
namespace {

/// Settings that say how to ask for a job and how to end it.
constexpr const char* kKept[] = {"submit",  "status", "cancel", "id",
                                 "unknown", "states", "flavour"};

using Fields = std::map<std::string, std::string>;

std::string field(const Fields& fields, const std::string& key) {
  const auto found = fields.find(key);
  return found == fields.end() ? "" : found->second;
}

/// "R=running\nI=pending"
std::string flat(const std::map<std::string, std::string>& map) {
  std::vector<std::string> pairs;
  for (const auto& [key, value] : map) pairs.push_back(key + "=" + value);
  return join(pairs, "\n");
}

Result<Submitted> parse(const std::string& kind, const Fields& fields) {
  Submitted entry;
  Settings settings;
  entry.job.name = field(fields, "id");
  entry.job.role = field(fields, "role");
  entry.job.log = field(fields, "log");
  entry.job.processes = std::max(1, std::atoi(field(fields, "processes").c_str()));
  entry.job.slots = std::max(1, std::atoi(field(fields, "slots").c_str()));
  entry.job.is_array = field(fields, "array") == "yes";
  for (const char* key : kKept) {
    const std::string text = field(fields, std::string("set_") + key);
    if (text.empty()) continue;
    config::Setting& setting = settings[key];
    setting.text = text;
    if (std::string_view(key) != "states") continue;
    for (const auto& line : split(text, '\n'))
      setting.map[line.substr(0, line.rfind('='))] = line.substr(line.rfind('=') + 1);
  }
  IPC_TRY_ASSIGN(entry.system, find_system(kind, settings));
  return entry;
}

}  // namespace

std::string number_in(const System& system, const std::string& text) {
  std::smatch match;
  const std::regex pattern(system.id_pattern, std::regex::ECMAScript | std::regex::multiline);
  if (!std::regex_search(text, match, pattern)) return "";
  std::string number;
  for (size_t i = 1; i < match.size(); ++i) number += match[i].str();
  return number.empty() ? match[0].str() : number;
}

Result<Record> Record::open(const std::string& path) {
  IPC_TRY_ASSIGN(Fd fd, config::open_record(path));
  return Record(std::move(fd), path);
}

Result<std::vector<Submitted>> Record::load(const std::string& kind) const {
  IPC_TRY_ASSIGN(const std::string text, read_file(path_));
  std::vector<Submitted> entries;
  for (const auto& fields : config::parse_record(text)) {
    if (field(fields, "over") != "yes") {
      IPC_TRY_ASSIGN(Submitted entry, parse(kind, fields));
      if (const auto answer = launcher::read_kept(answer_file(entry.job)))
        entry.number = number_in(entry.system, *answer);
      entries.push_back(std::move(entry));
      continue;
    }
    for (auto& entry : entries)
      if (entry.job.name == field(fields, "id")) entry.is_over = true;
  }
  return entries;
}

Status Record::prepare(const Job& job, const Settings& settings, const Script& script) const {
  Status prepared = write_all_of(job, settings, script);
  if (!prepared) remove_files(job);
  return prepared;
}

Status Record::write_all_of(const Job& job, const Settings& settings, const Script& script) const {
  if (!script.text.empty()) IPC_TRY(write_file_atomically(script_file(job), script.text, 0700));
  if (!script.description.empty())
    IPC_TRY(write_file_atomically(description_file(job), script.description, 0600));
  IPC_TRY(launcher::make_room(answer_file(job)));
  IPC_TRY(launcher::make_room(complaint_file(job)));
  Fields more = {{"processes", std::to_string(job.processes)},
                 {"slots", std::to_string(job.slots)},
                 {"array", job.is_array ? "yes" : "no"}};
  for (const char* key : kKept) {
    const auto found = settings.find(key);
    if (found == settings.end()) continue;
    const std::string text =
        found->second.map.empty() ? found->second.text : flat(found->second.map);
    if (!text.empty()) more[std::string("set_") + key] = text;
  }
  config::Launched launched;
  launched.id = job.name;
  launched.role = job.role;
  launched.log = job.log;
  return append(config::record_line(launched, more));
}

Status Record::note_over(Submitted& entry) const {
  entry.is_over = true;
  config::Launched launched;
  launched.id = entry.job.name;
  return append(config::record_line(launched, {{"over", "yes"}}));
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
  for (const auto& file :
       {script_file(job), description_file(job), answer_file(job), complaint_file(job)})
    ::unlink(file.c_str());
}

std::string Record::script_file(const Job& job) const {
  return std::filesystem::path(path_).replace_filename(job.name + ".sh");
}
std::string Record::description_file(const Job& job) const {
  return std::filesystem::path(path_).replace_filename(job.name + ".submit");
}
std::string Record::answer_file(const Job& job) const {
  return std::filesystem::path(path_).replace_filename(job.name + ".id");
}
std::string Record::complaint_file(const Job& job) const {
  return std::filesystem::path(path_).replace_filename(job.name + ".err");
}

}  // namespace ipc::batch
