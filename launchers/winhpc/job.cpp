// SPDX-License-Identifier: BSD-3-Clause
// The job file.
#include "launchers/winhpc/job.hpp"

#include <algorithm>
#include <filesystem>
#include <pugixml.hpp>
#include <sstream>

#include "launchers/winhpc/nodes.hpp"
#include "launchers/winhpc/schema.hpp"
#include "libipc/config/keys.hpp"
#include "libipc/util/text.hpp"

namespace ipc::winhpc {
namespace {

using config::LaunchRequest;
using pugi::xml_node;

/// Every version takes files of the first one.
constexpr const char* kVersion = "2.000";
constexpr const char* kNamespace = "http://schemas.microsoft.com/HPCS2008/scheduler/";

/// Settings of batch systems that are lines of a script.
constexpr const char* kForScripts[] = {"array",  "modules", "prologue", "template",
                                       "export", "flavour", "submit",   "id",
                                       "status", "states",  "unknown",  "cancel"};

/// Settings that are attributes of the job.
constexpr std::pair<const char*, const char*> kSettings[] = {
    {"batch.queue", "JobTemplate"}, {"batch.account", "Project"},
    {"batch.qos", "Priority"},      {"winhpc.user", "UserName"},
    {"winhpc.user", "Owner"},       {"winhpc.node_groups", "NodeGroups"}};

std::string without_section(std::string_view key) {
  return std::string(key.substr(key.find('.') + 1));
}

Status set(Values& values, std::span<const Attribute> known, const std::string& setting,
           const std::string& name, const std::string& value) {
  if (Status checked = check(known, name, value); !checked)
    return Error{Code::bad_profile, setting + ": " + checked.error().what, checked.error().hint};
  values[name] = value;
  return {};
}

Status refuse_what_is_for_scripts(const Settings& settings) {
  const auto error = [](const std::string& key) {
    return Error{Code::bad_profile, "batch." + key + ": winhpc has nothing of that kind",
                 "a job of HPC Pack's is no script"};
  };
  for (const char* key : kForScripts)
    if (const auto found = settings.find(key);
        found != settings.end() &&
        (!found->second.text.empty() || !found->second.list.empty() || !found->second.map.empty()))
      return error(key);
  if (const std::string n = text_of(settings, "per_node"); !n.empty() && n != "1")
    return error("per_node");
  return {};
}

/// How much of which unit one process gets.
struct Share {
  std::string unit = "Core";
  int amount = 1;

  void give(Values& values, int processes) const {
    values["UnitType"] = unit;
    values["Min" + unit + "s"] = std::to_string(amount);
    values["Max" + unit + "s"] = std::to_string(amount * processes);
  }
};

Result<Share> read_share(const Settings& settings) {
  Share share;
  Values checked;
  if (const std::string unit = text_of(settings, "unit"); !unit.empty()) {
    IPC_TRY(set(checked, job_attributes(), "winhpc.unit", "UnitType", unit));
    share.unit = unit;
  }
  if (const std::string amount = text_of(settings, "amount"); !amount.empty()) {
    IPC_TRY(set(checked, job_attributes(), "winhpc.amount", "MinCores", amount));
    share.amount = std::atoi(amount.c_str());
  }
  return share;
}

Result<Values> job_values(const Job& job, const Share& share, const Settings& settings) {
  Values values = {{"Version", kVersion},          {"Name", job.name},
                   {"RunUntilCanceled", "false"},  {"IsExclusive", "false"},
                   {"FailOnTaskFailure", "false"}, {"JobType", "Batch"},
                   {"AutoCalculateMax", "true"},   {"AutoCalculateMin", "true"}};
  for (const auto& [setting, name] : kSettings)
    if (const std::string value = text_of(settings, without_section(setting)); !value.empty())
      IPC_TRY(set(values, job_attributes(), setting, name, value));
  if (const std::string text = text_of(settings, "walltime"); !text.empty()) {
    IPC_TRY_ASSIGN(const Duration time, config::parse_walltime(text));
    const auto all = std::chrono::duration_cast<seconds>(time).count();
    IPC_TRY(set(values, job_attributes(), "batch.walltime", "RuntimeSeconds", std::to_string(all)));
  }
  share.give(values, job.tasks);
  for (const auto& option : launcher::list_of(settings, "options")) {
    const size_t at = option.find('=');
    if (at == std::string::npos)
      return Error{Code::bad_profile, "batch.options: '" + option + "' is not Name=Value",
                   "an attribute of the job: NodeGroups=Linux"};
    IPC_TRY(set(values, job_attributes(), "batch.options", option.substr(0, at),
                option.substr(at + 1)));
  }
  return values;
}

void write(xml_node node, std::span<const Attribute> order, const Values& values) {
  for (const auto& attribute : order)
    if (const auto found = values.find(attribute.name);
        found != values.end() && !found->second.empty())
      node.append_attribute(found->first.c_str()) = found->second.c_str();
}

void write_environment(xml_node task, const std::map<std::string, std::string>& environment) {
  xml_node list = task.append_child("EnvironmentVariables");
  for (const auto& [name, value] : environment) {
    xml_node variable = list.append_child("Variable");
    variable.append_child("Name").text() = name.c_str();
    variable.append_child("Value").text() = value.c_str();
  }
}

Status write_task(xml_node tasks, const Job& job, int number, const Share& share,
                  const Nodes& nodes, const LaunchRequest& request) {
  std::map<std::string, std::string> environment = request.environment;
  environment["IPKIT_LAUNCH_ID"] = job.id(number);
  for (const auto& [name, value] : environment)
    if (Status checked = check(task_attributes(), "Name", name + value); !checked)
      return Error{Code::bad_profile, "variable " + name + ": " + checked.error().what, ""};
  const std::string log = nodes.path(job.log_of(number));
  const std::pair<const char*, std::string> all[] = {
      {"Version", kVersion},
      {"Name", job.id(number)},
      {"CommandLine", nodes.command_line(request)},
      {"WorkDirectory", nodes.directory(request)},
      // An engine whose node fails may begin again elsewhere; who takes its place is a new one.
      {"IsRerunnable", job.role == "engine" ? "true" : "false"},
      {"StdOutFilePath", log.empty() ? "" : log.substr(0, log.rfind('.')) + ".out"},
      {"StdErrFilePath", log},
      {"IsParametric", "false"}};
  Values values;
  for (const auto& [name, value] : all) IPC_TRY(set(values, task_attributes(), name, name, value));
  share.give(values, 1);
  xml_node task = tasks.append_child("Task");
  write(task, task_attributes(), values);
  write_environment(task, environment);
  return {};
}

}  // namespace

std::string Job::log_of(int task) const {
  std::string path = log;
  if (const size_t at = path.find("{task}"); at != std::string::npos)
    path.replace(at, 6, std::to_string(task));
  return path;
}

Job plan_job(const LaunchRequest& request) {
  Job job;
  const std::string word = random_hex(4);
  job.name = (request.role == "controller" ? "ipc-" : "ipe-") + word;
  job.role = request.role;
  job.tasks = request.count;
  job.log = request.log;
  if (const size_t at = job.log.find("{pid}"); at != std::string::npos)
    job.log.replace(at, 5, request.count > 1 ? word + ".{task}" : word);
  return job;
}

Result<std::string> render(const Job& job, const LaunchRequest& request, const Settings& settings) {
  IPC_TRY(refuse_what_is_for_scripts(settings));
  IPC_TRY_ASSIGN(const Share share, read_share(settings));
  IPC_TRY_ASSIGN(const Values values, job_values(job, share, settings));
  const Nodes nodes(settings, request.profile_dir);
  pugi::xml_document document;
  xml_node declaration = document.append_child(pugi::node_declaration);
  declaration.append_attribute("version") = "1.0";
  declaration.append_attribute("encoding") = "utf-8";
  xml_node root = document.append_child("Job");
  write(root, job_attributes(), values);
  root.append_attribute("xmlns") = kNamespace;
  root.append_child("Dependencies");
  xml_node tasks = root.append_child("Tasks");
  for (int number = 1; number <= job.tasks; ++number)
    IPC_TRY(write_task(tasks, job, number, share, nodes, request));
  std::ostringstream text;
  document.save(text, "  ");
  return text.str();
}

}  // namespace ipc::winhpc
