// SPDX-License-Identifier: BSD-3-Clause
// The script of a job, from our template or the user's.
#include <algorithm>
#include <filesystem>
#include <regex>

#include "launchers/batch/job.hpp"
#include "launchers/batch/template.hpp"
#include "libipc/config/keys.hpp"
#include "libipc/util/file.hpp"
#include "libipc/util/text.hpp"

namespace ipc::batch {
namespace {

using config::LaunchRequest;

std::string quoted_words(const std::vector<std::string>& words) {
  std::vector<std::string> quoted;
  for (const auto& word : words) quoted.push_back(shell_quote(word));
  return join(quoted, " ");
}

/// For the lines of a batch system, which know no other quotes.
std::string quote_path(const std::string& path) {
  return path.find(' ') == std::string::npos ? path : '"' + path + '"';
}

std::string json_object(const std::map<std::string, std::string>& values) {
  std::vector<std::string> members;
  for (const auto& [name, value] : values)
    members.push_back(json_quote(name) + ": " + json_quote(value));
  return "{" + join(members, ", ") + "}";
}

/// Which task this is, for the script's shell.
std::string task_word(const System& system, const Job& job) {
  return job.is_array ? system.task : "1";
}

/// The log as a word of the shell's, in an array with the task's number.
std::string shell_log(const System& system, const Job& job) {
  const size_t at = job.log.find("{task}");
  if (at == std::string::npos) return shell_quote(job.log);
  return shell_quote(job.log.substr(0, at)) + "\"" + task_word(system, job) + "\"" +
         shell_quote(job.log.substr(at + 6));
}

/// The log as the system's own lines name it.
std::string output_of(const System& system, const Job& job) {
  std::string path = job.log;
  if (system.redirects) path = path.substr(0, path.rfind('.')) + ".out";
  if (const size_t at = path.find("{task}"); at != std::string::npos)
    path.replace(at, 6, system.index);
  return quote_path(path);
}

Status set_walltime(const Settings& settings, Values& values) {
  for (const char* key : {"walltime", "walltime_minutes", "walltime_seconds", "timelimit"})
    values[key] = "";
  const std::string text = text_of(settings, "walltime");
  if (text.empty()) return {};
  IPC_TRY_ASSIGN(const Duration time, config::parse_walltime(text));
  const auto all = std::chrono::duration_cast<seconds>(time).count();
  char clock[64], minutes[64];
  std::snprintf(clock, sizeof clock, "%02lld:%02lld:%02lld", static_cast<long long>(all / 3600),
                static_cast<long long>(all / 60 % 60), static_cast<long long>(all % 60));
  const auto up = (all + 59) / 60;
  std::snprintf(minutes, sizeof minutes, "%02lld:%02lld", static_cast<long long>(up / 60),
                static_cast<long long>(up % 60));
  values["walltime"] = values["timelimit"] = clock;
  values["walltime_minutes"] = minutes;
  values["walltime_seconds"] = std::to_string(all);
  return {};
}

Result<Values> values_for(const System& system, const LaunchRequest& request,
                          const Settings& settings, const Job& job) {
  Values values;
  IPC_TRY(set_walltime(settings, values));
  for (const char* key : {"queue", "account", "qos", "nodes"}) values[key] = text_of(settings, key);
  values["name"] = job.name;
  values["n"] = std::to_string(job.processes);
  values["tasks"] = std::to_string(job.tasks());
  values["slots"] = values["per_node"] = std::to_string(job.slots);
  values["options"] = join(list_of(settings, "options"), " ");
  values["profile_dir"] = request.profile_dir;
  values["cluster_id"] = request.cluster_id;
  values["directory"] = request.directory;
  values["output"] = values["output_file"] = output_of(system, job);
  values["program"] = shell_quote(request.program);
  values["program_args"] = quoted_words(request.arguments);
  values["program_and_args"] = "env \"IPKIT_LAUNCH_ID=" + job.name + "." + task_word(system, job) +
                               "\" " + values["program"] + " " + values["program_args"];
  values["environment_json"] = json_object(request.environment);
  return values;
}

/// The lines for the system: one for each setting that is set.
Result<std::string> system_lines(const System& system, const Settings& settings, const Job& job,
                                 const Values& values) {
  const std::string exported = text_of(settings, "export");
  if (!exported.empty() && exported != "all" && exported != "none")
    return Error{Code::bad_profile, "batch.export: '" + exported + "' is neither all nor none", ""};
  auto is_set = [&](const std::string& setting) {
    if (setting == "tasks") return job.is_array;
    if (setting == "slots") return job.slots > 1;
    if (setting == "environment") return exported != "none";
    if (setting == "no_environment") return exported == "none";
    return setting.empty() || setting == "output" || !text_of(settings, setting).empty();
  };
  std::string lines;
  for (const auto& row : system.rows) {
    if (!is_set(row.setting)) continue;
    IPC_TRY_ASSIGN(const std::string line, expand(row.line, values));
    lines += system.prefix + line + "\n";
  }
  const auto options = list_of(settings, "options");
  if (job.slots > 1 && !system.slots.empty() &&
      std::none_of(options.begin(), options.end(), [&](const std::string& option) {
        return option.starts_with(system.slots + " ");
      }))
    return Error{
        Code::bad_profile,
        "batch.per_node: " + system.name +
            " gives a task more than one slot by a parallel environment of the site's only",
        "qconf -spl names them; in batch.options: [" + system.slots + " NAME " +
            std::to_string(job.slots) + "]"};
  for (const std::string_view key : {"queue", "account", "qos", "walltime"})
    // Where lines are not ours, the walltime is for the engines only.
    if (is_set(std::string(key)) && !(key == "walltime" && system.rows.empty()) &&
        std::none_of(system.rows.begin(), system.rows.end(),
                     [&](const Row& row) { return row.setting == key; }))
      return Error{Code::bad_profile,
                   "batch." + std::string(key) + ": " + system.name + " has nothing of that kind",
                   "say it in batch.options"};
  for (const auto& option : options) lines += system.prefix + option + "\n";
  return lines;
}

/// Modules, whatever shell this is; the commands of the user's.
std::string preparation(const LaunchRequest& request, const Settings& settings) {
  std::string text;
  for (const auto& [name, value] : request.environment)
    text += "export " + name + "=" + shell_quote(value) + "\n";
  if (const auto modules = list_of(settings, "modules"); !modules.empty())
    text +=
        "command -v module >/dev/null 2>&1 ||\n"
        "  for init in /etc/profile.d/modules.sh /etc/profile.d/lmod.sh; do\n"
        "    if [ -r \"$init\" ]; then . \"$init\"; fi\n"
        "  done\n"
        "module load " +
        quoted_words(modules) + " || exit 78\n";
  if (const std::string prologue = text_of(settings, "prologue"); !prologue.empty())
    text += prologue + (prologue.ends_with('\n') ? "" : "\n");
  if (!request.directory.empty()) text += "cd " + shell_quote(request.directory) + " || exit 66\n";
  return text;
}

/// Several processes, or one that must hear of its end from the script.
std::string crew(const Job& job, const std::string& command) {
  std::string text = "slots=" + std::to_string(job.slots) + "\n";
  if (const int last = job.slots_of(job.tasks()); last != job.slots)
    text += "if [ \"$task\" = " + std::to_string(job.tasks()) +
            " ]; then slots=" + std::to_string(last) + "; fi\n";
  text +=
      "pids=\ntrap 'kill -TERM $pids 2>/dev/null' TERM INT USR1 USR2\nslot=0\n"
      "while [ $slot -lt $slots ]; do\n  slot=$((slot + 1))\n"
      "  IPKIT_LAUNCH_ID=" +
      job.name + ".$task" + (job.slots > 1 ? ".$slot" : "") + " \\\n    " + command +
      " &\n  pids=\"$pids $!\"\ndone\nstatus=0\n"
      // A signal ends `wait` early; then it is asked again.
      "for pid in $pids; do\n"
      "  while :; do\n    wait \"$pid\"\n    code=$?\n"
      "    kill -0 \"$pid\" 2>/dev/null || break\n  done\n"
      "  if [ $code -ne 0 ]; then status=$code; fi\ndone\nexit $status\n";
  return text;
}

Result<Script> ours(const System& system, const LaunchRequest& request, const Settings& settings,
                    const std::string& path, const Job& job, Values& values) {
  IPC_TRY_ASSIGN(const std::string lines, system_lines(system, settings, job, values));
  const std::string command = values["program"] + " " + values["program_args"];
  std::string body = "# " + values["n"] + " x " +
                     std::filesystem::path(request.program).filename().string() + " for " +
                     request.profile_dir + "\n";
  body += "task=" + task_word(system, job) + "\n";
  // For nobody else's eyes, and without a mask that what follows would inherit.
  const std::string log = shell_log(system, job);
  if (system.redirects)
    body += "(umask 077; : >>" + log + ")\nexec >>" + log + " 2>&1\n";
  else
    body += "chmod go= " + log + "\n";
  body += preparation(request, settings);
  if (job.slots > 1 || system.relays)
    body += crew(job, command);
  else
    body +=
        "IPKIT_LAUNCH_ID=" + job.name + ".$task\nexport IPKIT_LAUNCH_ID\nexec " + command + "\n";
  if (!system.describes) return Script{"#!/bin/sh\n" + lines + body, ""};
  values["script"] = path;
  IPC_TRY_ASSIGN(const std::string head, expand(system.description, values));
  return Script{"#!/bin/sh\n" + body, head + lines + "queue " + values["tasks"] + "\n"};
}

/// A file, beside the profile if its name is relative; or the text itself.
Result<std::string> read_template(const std::string& setting, const std::string& profile_dir) {
  if (setting.find('\n') != std::string::npos) return setting;
  const std::filesystem::path path = std::filesystem::path(profile_dir) / setting;
  auto text = read_file(path, 1 << 20);
  if (!text) return Error{Code::bad_profile, "batch.template: " + text.error().what, ""};
  return text;
}

}  // namespace

Result<Script> render(const System& system, const LaunchRequest& request, const Settings& settings,
                      const std::string& path, Job& job) {
  IPC_TRY_ASSIGN(Values values, values_for(system, request, settings, job));
  const std::string given = text_of(settings, "template");
  if (given.empty()) return ours(system, request, settings, path, job, values);
  IPC_TRY_ASSIGN(const std::string text, read_template(given, request.profile_dir));
  // Without an array all processes are the one job's, started by mpiexec, srun or a loop.
  job.set_array(std::regex_search(text, std::regex(system.array_line)));
  job.slots = job.is_array ? 1 : job.processes;
  IPC_TRY_ASSIGN(values, values_for(system, request, settings, job));
  if (system.describes) {
    // The description may name our script, or the program itself.
    IPC_TRY_ASSIGN(Script script, ours(system, request, settings, path, job, values));
    IPC_TRY_ASSIGN(script.description, expand(text, values));
    return script;
  }
  IPC_TRY_ASSIGN(const std::string script, expand(text, values));
  return Script{script, ""};
}

}  // namespace ipc::batch
