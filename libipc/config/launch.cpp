// SPDX-License-Identifier: BSD-3-Clause
// Launcher plugins: where they are, and the documents they read and write.
#include "libipc/config/launch.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "libipc/util/file.hpp"
#include "libipc/util/text.hpp"

namespace ipc::config {
namespace {

/// `key: "value"`, nothing for an empty value. A JSON string is a YAML string.
void add(std::string& yaml, std::string_view key, const std::string& value,
         std::string_view indent = "") {
  if (!value.empty())
    yaml += std::string(indent) + std::string(key) + ": " + json_quote(value) + "\n";
}

void add_list(std::string& yaml, std::string_view key, const std::vector<std::string>& values) {
  if (values.empty()) return;
  yaml += std::string(key) + ":\n";
  for (const auto& value : values) yaml += "  - " + json_quote(value) + "\n";
}

void add_map(std::string& yaml, const std::map<std::string, std::string>& values,
             const std::string& indent) {
  for (const auto& [name, value] : values)
    yaml += indent + json_quote(name) + ": " + json_quote(value) + "\n";
}

void add_settings(std::string& yaml, const std::map<std::string, Setting>& settings) {
  if (settings.empty()) return;
  yaml += "settings:\n";
  for (const auto& [key, setting] : settings) {
    yaml += "  " + json_quote(key) + ":";
    if (setting.list.empty() && setting.map.empty()) yaml += " " + json_quote(setting.text);
    yaml += "\n";
    for (const auto& value : setting.list) yaml += "    - " + json_quote(value) + "\n";
    add_map(yaml, setting.map, "    ");
  }
}

void take_settings(const YAML::Node& document, std::map<std::string, Setting>& settings) {
  for (const auto& item : document["settings"]) {
    Setting& setting = settings[item.first.as<std::string>()];
    if (item.second.IsSequence())
      setting.list = item.second.as<std::vector<std::string>>();
    else if (item.second.IsMap())
      setting.map = item.second.as<std::map<std::string, std::string>>();
    else if (!item.second.IsNull())
      setting.text = item.second.as<std::string>();
  }
}

std::string number_text(double number) {
  std::string text = std::to_string(number);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

template <class T>
void take(const YAML::Node& document, const char* key, T& value) {
  if (const YAML::Node node = document[key]) value = node.as<T>();
}

/// Runs `read` on the document and turns what yaml-cpp throws into an Error.
template <class Read>
Status with_document(std::string_view text, Read read) {
  try {
    const YAML::Node document = YAML::Load(std::string(text));
    if (!document.IsMap()) return Error{Code::bad_input, "not a YAML mapping", ""};
    read(document);
    return {};
  } catch (const YAML::Exception& problem) {
    return Error{Code::bad_input,
                 "line " + std::to_string(problem.mark.line + 1) + ": " + problem.msg, ""};
  }
}

}  // namespace

bool is_batch_system(std::string_view kind) {
  constexpr std::string_view kSystems[] = {"slurm",  "pbs",   "sge",   "lsf",
                                           "condor", "batch", "winhpc"};
  return std::find(std::begin(kSystems), std::end(kSystems), kind) != std::end(kSystems);
}

std::map<std::string, Setting> launcher_settings(const Profile& profile, const std::string& kind) {
  std::map<std::string, Setting> settings;
  std::vector<std::string> sections{kind + "."};
  if (is_batch_system(kind) && kind != "batch") sections.insert(sections.begin(), "batch.");
  for (const auto& section : sections)
    for (const auto& [key, setting] : profile.all())
      if (key.starts_with(section)) settings[key.substr(section.size())] = setting;
  return settings;
}

std::string to_yaml(const LaunchRequest& request) {
  std::string yaml;
  add(yaml, "role", request.role);
  add(yaml, "record", request.record);
  add_list(yaml, "ids", request.ids);
  if (request.program.empty()) {
    yaml += "signal: " + std::to_string(request.signal) + "\n";
    yaml += "grace: " + number_text(request.grace) + "\n";
    return yaml;
  }
  yaml += "count: " + std::to_string(request.count) + "\n";
  if (request.living && request.living->empty()) yaml += "living: []\n";
  if (request.living) add_list(yaml, "living", *request.living);
  add(yaml, "program", request.program);
  add_list(yaml, "arguments", request.arguments);
  add(yaml, "directory", request.directory);
  if (!request.environment.empty()) yaml += "environment:\n";
  add_map(yaml, request.environment, "  ");
  add(yaml, "log", request.log);
  add(yaml, "profile_dir", request.profile_dir);
  add(yaml, "cluster_id", request.cluster_id);
  add_settings(yaml, request.settings);
  return yaml;
}

Status check_utf8(const LaunchRequest& request) {
  std::vector<std::string> texts{request.record, request.program,     request.directory,
                                 request.log,    request.profile_dir, request.cluster_id};
  texts.insert(texts.end(), request.arguments.begin(), request.arguments.end());
  for (const auto& [name, value] : request.environment) texts.push_back(name + "=" + value);
  for (const auto& text : texts)
    if (!is_utf8(text))
      return Error{Code::bad_input, "'" + text + "' is not UTF-8",
                   "launchers are told in YAML, which has no other text"};
  return {};
}

Result<LaunchRequest> parse_launch_request(std::string_view text) {
  LaunchRequest request;
  IPC_TRY(with_document(text, [&](const YAML::Node& document) {
    take(document, "role", request.role);
    take(document, "record", request.record);
    take(document, "ids", request.ids);
    take(document, "count", request.count);
    if (document["living"]) take(document, "living", request.living.emplace());
    take(document, "program", request.program);
    take(document, "arguments", request.arguments);
    take(document, "directory", request.directory);
    take(document, "environment", request.environment);
    take(document, "log", request.log);
    take(document, "profile_dir", request.profile_dir);
    take(document, "cluster_id", request.cluster_id);
    take_settings(document, request.settings);
    take(document, "signal", request.signal);
    take(document, "grace", request.grace);
  }));
  IPC_TRY(check_utf8(request));
  if (request.record.empty()) return Error{Code::bad_input, "no key 'record'", ""};
  if (request.count < 1 || request.count > 100'000)
    return Error{Code::bad_input, "count is " + std::to_string(request.count), ""};
  if (request.signal < 1 || request.signal > 64)
    return Error{Code::bad_input, "signal is " + std::to_string(request.signal), ""};
  if (!(request.grace >= 0 && request.grace <= 3600))
    return Error{Code::bad_input, "grace is not between 0 and 3600 seconds", ""};
  return request;
}

std::string to_yaml(const std::vector<Launched>& processes) {
  if (processes.empty()) return "processes: []\n";
  std::string yaml = "processes:\n";
  for (const auto& process : processes) {
    yaml += "  - id: " + json_quote(process.id) + "\n";
    add(yaml, "role", process.role, "    ");
    add(yaml, "host", process.host, "    ");
    if (process.pid) yaml += "    pid: " + std::to_string(process.pid) + "\n";
    add(yaml, "log", process.log, "    ");
    add(yaml, "state", process.state, "    ");
    add(yaml, "why", process.why, "    ");
  }
  return yaml;
}

Result<std::vector<Launched>> parse_launch_answer(std::string_view text) {
  std::vector<Launched> processes;
  IPC_TRY(with_document(text, [&](const YAML::Node& document) {
    for (const auto& item : document["processes"]) {
      Launched process;
      take(item, "id", process.id);
      take(item, "role", process.role);
      take(item, "host", process.host);
      take(item, "pid", process.pid);
      take(item, "log", process.log);
      take(item, "state", process.state);
      take(item, "why", process.why);
      processes.push_back(std::move(process));
    }
  }));
  return processes;
}

bool parse_grows(std::string_view description) {
  bool grows = true;
  (void)with_document(description, [&](const YAML::Node& document) {
    if (const YAML::Node node = document["grows"]) grows = node.as<bool>(true);
  });
  return grows;
}

Result<Fd> open_record(const std::string& path) {
  for (int attempt = 0; attempt < 100; ++attempt) {
    Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) return system_error(Code::internal, path);
    while (::flock(fd.get(), LOCK_EX) != 0)
      if (errno != EINTR) return system_error(Code::internal, path);
    // Another launcher may have removed the file while we waited for it.
    struct stat opened, named;
    if (::fstat(fd.get(), &opened) == 0 && ::stat(path.c_str(), &named) == 0 &&
        opened.st_ino == named.st_ino)
      return fd;
  }
  return Error{Code::internal, path + " is removed again and again", ""};
}

Status append_record(const Fd& fd, const std::string& path, std::string_view lines) {
  if (Status written = write_all(fd.get(), lines); !written)
    return Error{written.error().code, path + ": " + written.error().what, ""};
  if (::fsync(fd.get()) != 0) return system_error(Code::internal, path);
  return {};
}

std::string record_line(const Launched& process, const std::map<std::string, std::string>& more) {
  std::string line = "- {id: " + json_quote(process.id) + ", role: " + json_quote(process.role) +
                     ", pid: " + std::to_string(process.pid) +
                     ", host: " + json_quote(process.host);
  for (const auto& [key, value] : more) line += ", " + key + ": " + json_quote(value);
  return line + ", log: " + json_quote(process.log) + "}\n";
}

std::vector<std::map<std::string, std::string>> parse_record(std::string_view text) {
  std::vector<std::map<std::string, std::string>> entries;
  for (const auto& line : split(text, '\n')) {
    try {
      const YAML::Node list = YAML::Load(line);
      if (list.IsSequence() && list.size() == 1 && list[0].IsMap())
        entries.push_back(list[0].as<std::map<std::string, std::string>>());
    } catch (const YAML::Exception&) {
      // A line cut by a full disk or a crash: what it named was never let go.
    }
  }
  return entries;
}

Result<std::string> find_launcher(const std::string& kind, const ClusterName& cluster) {
  const bool plain = !kind.empty() && std::all_of(kind.begin(), kind.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '_' || c == '-';
  });
  if (!plain) return Error{Code::usage, "no launcher " + json_quote(kind), "one word, as in ssh"};
  const std::string name = "ipkit-launch-" + kind;
  if (auto own = find_program(name)) return *std::move(own);
  std::vector<std::string> directories{cluster.profile_dir + "/launchers"};
  if (const char* path = std::getenv("IPKIT_LAUNCHER_PATH"))
    for (auto& directory : split(path, ':'))
      if (!directory.empty() && directory[0] == '/') directories.push_back(directory);
  for (const auto& directory : directories) {
    const std::string path = std::filesystem::path(directory) / name;
    if (::access(path.c_str(), X_OK) != 0) continue;
    if (!is_trusted(path))
      return Error{Code::refused,
                   "launcher " + path + ": it or its directory can be written by others",
                   "chmod go-w both"};
    return path;
  }
  return Error{
      Code::usage, "no launcher '" + kind + "'",
      "looked for " + name + " in " + join(directories, ", ") + " and beside ipkit's helpers"};
}

}  // namespace ipc::config
