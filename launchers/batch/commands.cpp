// SPDX-License-Identifier: BSD-3-Clause
// Calling the commands of a batch system.
#include "launchers/batch/commands.hpp"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <regex>
#include <set>

#include "launchers/common/command.hpp"
#include "libipc/util/idset.hpp"
#include "libipc/util/process.hpp"
#include "libipc/util/subprocess.hpp"
#include "libipc/util/text.hpp"

namespace ipc::batch {
namespace {

using launcher::one_line;
using Words = std::vector<std::string>;

// ipcluster gives a launcher a minute.
constexpr Duration kPatience = seconds(25);

/// "4711" of 4711, 4711[].host and 4711_3; other words as they are.
std::string number_of(const std::string& id) {
  const size_t digits = id.find_first_not_of("0123456789");
  return digits == 0 ? id : id.substr(0, digits);
}

std::string with(std::string text, std::string_view name, const std::string& value) {
  for (size_t at = 0; (at = text.find(name, at)) != std::string::npos; at += value.size())
    text.replace(at, name.size(), value);
  return text;
}

std::string user_name() {
  const passwd* entry = ::getpwuid(::geteuid());
  return entry ? entry->pw_name : std::to_string(::geteuid());
}

Words filled(const Words& words, const Words& ids, int signal = 0) {
  // SIGTERM is TERM to all of these systems.
  const char* name = ::sigabbrev_np(signal);
  Words result;
  for (const auto& word : words) {
    if (word == "{ids}")
      result.insert(result.end(), ids.begin(), ids.end());
    else
      result.push_back(with(with(with(word, "{ids,}", join(ids, ",")), "{user}", user_name()),
                            "{signal}", name ? name : std::to_string(signal)));
  }
  return result;
}

bool says(const std::string& text, const std::string& pattern) {
  return !pattern.empty() && std::regex_search(text, std::regex(pattern));
}

Error explain(const System& system, const Words& words, const Completed& done) {
  std::string said = one_line(done.errors.empty() ? done.output : done.errors);
  if (said.empty()) said = words[0] + ": " + describe_exit(done.wait_status);
  const Code code = says(said, system.silent)    ? Code::no_controller
                    : says(said, system.refused) ? Code::refused
                                                 : Code::bad_profile;
  return Error{code, said, "the command was: " + join(words, " ")};
}

Result<Completed> call(Words words, Duration limit = kPatience) {
  IPC_TRY_ASSIGN(words[0], launcher::find_command(words[0]));
  return run_to_end(words, "", limit);
}

/// The same without what it says of jobs that are over.
Completed without_unknown(const System& system, Completed done) {
  if (done.ok()) return done;
  Words lines;
  bool dropped = false;
  for (const auto& line : split(done.errors, '\n')) {
    const bool is_unknown = says(line, system.unknown);
    dropped = dropped || is_unknown;
    if (!is_unknown && !trim(line).empty()) lines.push_back(line);
  }
  done.errors = join(lines, "\n");
  if (dropped && lines.empty()) done.wait_status = 0;
  return done;
}

std::string found(const std::string& piece, const std::string& pattern) {
  if (pattern.empty()) return "";
  std::smatch match;
  if (!std::regex_search(piece, match, std::regex(pattern)) || match.size() < 2) return "";
  const std::string text(trim(match[1].str()));
  for (const char* nothing : {"None", "undefined", "-", "n/a", "(null)"})
    if (text == nothing) return "";
  return text;
}

std::vector<std::string> pieces_of(const std::string& text, const std::string& between) {
  std::vector<std::string> pieces;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(between, at), text.size());
    pieces.push_back(text.substr(at, end - at));
    at = end + between.size();
  }
  return pieces;
}

/// Numbers of tasks: 3 or 2-4:1,7. What is in an array's steps is one after the other here.
std::vector<int> tasks_in(const std::string& text, int first) {
  std::string plain;
  for (const auto& part : split(text, ','))
    plain += (plain.empty() ? "" : ",") + part.substr(0, part.find_first_of(":%"));
  auto tasks = parse_idset(plain);
  if (!tasks) return {};
  for (int& task : *tasks) task += 1 - first;
  return *tasks;
}

/// Notes a piece of a command's answer with the job it is of.
void note(const std::string& piece, const System& system, const Reading& reading,
          const std::vector<Submitted>& entries, std::vector<JobStates>& states) {
  const std::string id = found(piece, reading.id);
  const std::string word = found(piece, reading.state);
  const auto known = system.states.find(word);
  if (id.empty() || word.empty() || (known == system.states.end() && system.other.empty())) return;
  TaskState state;
  state.state = known == system.states.end() ? system.other : known->second.state;
  state.host = found(piece, reading.host);
  state.why =
      known == system.states.end() || known->second.shown.empty() ? word : known->second.shown;
  const auto reason = found(piece, reading.reason);
  if (&reading == &system.history.reading) state.state = "ended";
  if (state.state != "running" && !reason.empty()) state.why += " (" + reason + ")";
  if (state.state == "running" && !state.host.empty()) state.why += " on " + state.host;
  auto tasks = tasks_in(found(piece, reading.task), system.first);
  if (tasks.empty()) tasks = {0};
  for (size_t i = 0; i < entries.size(); ++i) {
    if (number_of(entries[i].number) != number_of(id)) continue;
    for (const int task : tasks) {
      states[i][task] = state;
      states[i][task].why = system.name + " " + number_of(id) + " " + state.why;
    }
  }
}

/// The same where nothing is known of how the piece is built.
void note_words(const std::string& piece, const System& system,
                const std::vector<Submitted>& entries, std::vector<JobStates>& states) {
  for (size_t i = 0; i < entries.size(); ++i) {
    const std::string& number = entries[i].number;
    const size_t at = number.empty() ? std::string::npos : piece.find(number);
    auto goes_on = [&](size_t place) {
      return place < piece.size() && std::isdigit(static_cast<unsigned char>(piece[place]));
    };
    if (at == std::string::npos || goes_on(at + number.size()) || (at > 0 && goes_on(at - 1)))
      continue;
    for (const auto& word : split(with(with(piece, "\t", " "), ",", " "), ' ')) {
      const auto known = system.states.find(word);
      if (known == system.states.end()) continue;
      states[i][0] = {known->second.state, join(Words{system.name, number, word}, " "), ""};
      break;
    }
  }
}

/// The system's word for one task.
std::string element_of(const Submitted& entry, int task) {
  const std::string number = std::to_string(task - 1 + entry.system.first);
  if (entry.number.find("[]") != std::string::npos)
    return with(entry.number, "[]", "[" + number + "]");
  return with(with(entry.system.element, "{job}", entry.number), "{task}", number);
}

/// Jobs for which the same commands are right: those of one start, mostly all.
std::string group_of(const Submitted& entry) {
  return join(entry.system.status, " ") + join(entry.system.cancel, " ");
}

/// What a command answers about jobs, in pieces.
Result<std::vector<std::string>> inquire(const System& system, const Words& command,
                                         const Reading& reading, const Words& ids) {
  const Words words = filled(command, ids);
  IPC_TRY_ASSIGN(Completed done, call(words));
  done = without_unknown(system, std::move(done));
  if (!done.ok()) return explain(system, words, done);
  // Long lines of some go on after a newline and a tab.
  return pieces_of(with(done.output, "\n\t", ""), reading.between);
}

/// Adds to what waits why it does. Nothing is lost if that cannot be known.
void ask_why(const System& system, const std::vector<Submitted>& entries, const std::string& group,
             std::vector<JobStates>& states) {
  Words ids;
  for (size_t i = 0; i < entries.size(); ++i)
    if (group_of(entries[i]) == group &&
        std::any_of(states[i].begin(), states[i].end(),
                    [](const auto& state) { return state.second.state == "pending"; }))
      ids.push_back(entries[i].number);
  if (ids.empty() || system.waits.command.empty()) return;
  const Reading& reading = system.waits.reading;
  const auto pieces = inquire(system, system.waits.command, reading, ids);
  for (const auto& piece : pieces ? *pieces : Words()) {
    const std::string id = found(piece, reading.id), reason = found(piece, reading.reason);
    for (size_t i = 0; i < entries.size() && !id.empty() && !reason.empty(); ++i)
      for (auto& [task, state] : states[i])
        if (number_of(entries[i].number) == id && state.state == "pending")
          state.why += " (" + reason + ")";
  }
}

/// Notes how those ended that are not listed any more.
void ask_history(const System& system, const std::vector<Submitted>& entries,
                 const std::string& group, std::vector<JobStates>& states) {
  std::vector<JobStates> told(entries.size());
  Words ids;
  const auto is_gone = [&](size_t i, int task) {
    return !states[i].contains(task) && !states[i].contains(0);
  };
  for (size_t i = 0; i < entries.size(); ++i) {
    const auto& entry = entries[i];
    if (entry.is_over || entry.number.empty() || group_of(entry) != group) continue;
    for (int task = 1; task <= entry.job.tasks(); ++task)
      if (is_gone(i, task) && (ids.empty() || ids.back() != entry.number))
        ids.push_back(entry.number);
  }
  if (ids.empty() || system.history.command.empty()) return;
  const Reading& reading = system.history.reading;
  const auto pieces = inquire(system, system.history.command, reading, ids);
  for (const auto& piece : pieces ? *pieces : Words()) note(piece, system, reading, entries, told);
  for (size_t i = 0; i < entries.size(); ++i)
    for (auto& [task, state] : told[i]) {
      if (is_gone(i, task)) states[i][task] = std::move(state);
    }
}

Status query_group(const std::vector<Submitted>& entries, const std::string& group, bool how,
                   std::vector<JobStates>& states) {
  const System* system = nullptr;
  Words ids;
  for (const auto& entry : entries) {
    if (entry.is_over || entry.number.empty() || group_of(entry) != group) continue;
    ids.push_back(entry.number);
    system = &entry.system;
  }
  if (!system) return {};
  const Reading& reading = system->reading;
  IPC_TRY_ASSIGN(const auto pieces, inquire(*system, system->status, reading, ids));
  for (const auto& piece : pieces)
    if (reading.id.empty())
      note_words(piece, *system, entries, states);
    else
      note(piece, *system, reading, entries, states);
  if (!how) return {};
  ask_why(*system, entries, group, states);
  ask_history(*system, entries, group, states);
  return {};
}

Status act_on_group(Act what, const std::vector<Target>& targets, const std::string& group,
                    int signal) {
  const System* system = nullptr;
  Words ids;
  for (const auto& target : targets) {
    const auto& entry = *target.entry;
    if (group_of(entry) != group) continue;
    system = &entry.system;
    if (target.tasks.empty()) ids.push_back(entry.number);
    for (const int task : target.tasks) ids.push_back(element_of(entry, task));
  }
  if (ids.empty()) return {};
  const Words& command = what == Act::cancel   ? system->cancel
                         : what == Act::kill   ? system->kill
                         : what == Act::strike ? system->strike
                                               : system->signal;
  if (command.empty())
    return Error{Code::usage, system->name + " has no command that does this", ""};
  const Words words = filled(command, ids, signal);
  IPC_TRY_ASSIGN(const Completed done, call(words));
  // Of what is still there the state will tell.
  if (!done.ok() && !says(done.output + done.errors, system->unknown))
    return explain(*system, words, done);
  return {};
}

}  // namespace

TaskState state_of(const Submitted& entry, const JobStates& states, int task) {
  if (!entry.is_over)
    for (const int key : {task, 0})
      if (const auto state = states.find(key); state != states.end()) return state->second;
  TaskState gone;
  const std::string number = number_of(entry.number);
  gone.why = number.empty() ? "was not submitted" : entry.system.name + " " + number + " ended";
  if (!number.empty() && !entry.system.tells.empty())
    gone.why += "; how: " + with(entry.system.tells, "{job}", number);
  return gone;
}

std::string pbs_flavour() {
  const auto version = call({"qstat", "--version"});
  const bool is_torque = version && !says(version->output + version->errors, "pbs_version") &&
                         says(version->output + version->errors, "[Vv]ersion:");
  return is_torque ? "torque" : "pro";
}

Words submit_words(const System& system, const Job& job, const std::string& file) {
  Words words;
  for (const auto& word : system.submit) {
    std::string text = with(word, "{name}", job.name);
    text = with(text, "{array}", job.is_array ? "[1-" + std::to_string(job.tasks()) + "]" : "");
    words.push_back(with(text, "{script}", file));
  }
  return words;
}

Result<std::string> submit(const System& system, const Record& record, const Job& job) {
  const std::string file =
      system.describes ? record.description_file(job) : record.script_file(job);
  const Words words = submit_words(system, job, file);
  // The command writes to the disk itself: its answer is not lost with us.
  IPC_TRY_ASSIGN(
      const Completed done,
      launcher::run_kept(words,
                         {".", system.on_stdin ? record.script_file(job) : "/dev/null",
                          record.answer_file(job), record.complaint_file(job), record.lock()},
                         seconds(50)));
  if (!done.ok()) return explain(system, words, done);
  const std::string number = number_in(system, done.output);
  if (number.empty())
    return Error{
        Code::bad_profile,
        words[0] + " answered without a job's id: " + one_line(done.output + "\n" + done.errors),
        "the pattern is " + system.id_pattern};
  return number;
}

Result<std::vector<JobStates>> query(const std::vector<Submitted>& entries, bool how) {
  std::vector<JobStates> states(entries.size());
  std::set<std::string> groups;
  for (const auto& entry : entries) groups.insert(group_of(entry));
  for (const auto& group : groups) IPC_TRY(query_group(entries, group, how, states));
  return states;
}

Status act(Act what, const std::vector<Target>& targets, int signal) {
  std::set<std::string> groups;
  for (const auto& target : targets) groups.insert(group_of(*target.entry));
  for (const auto& group : groups) IPC_TRY(act_on_group(what, targets, group, signal));
  return {};
}

}  // namespace ipc::batch
