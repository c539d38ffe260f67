// SPDX-License-Identifier: BSD-3-Clause
// A batch system as data: what its commands are, how they answer, how its scripts say things.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "launchers/common/settings.hpp"
#include "libipc/util/result.hpp"

namespace ipc::batch {

using launcher::list_of;
using launcher::Settings;
using launcher::text_of;

/// How the answer to a status command is read: it is cut into pieces, one for each job or task;
/// each expression (ECMAScript) finds one thing in a piece as its first group.
struct Reading {
  std::string between;  ///< what stands between the pieces
  std::string id;       ///< of the job; a piece without one is no job. No expression: a piece is
                        ///< of the job whose id is in it, and has a word of System::states
  std::string task;     ///< of an array: 3 or 1-4:1,7; nothing: all of the job's
  std::string state;    ///< a word of System::states
  std::string reason;   ///< of that state, in the system's words
  std::string host;
};

/// What a word of the system's means.
struct StateWord {
  std::string state;  ///< pending, running or ended
  std::string shown;  ///< to the user; empty: the word itself
};

/// One more command and how its answer is read; no command: there is none.
struct Inquiry {
  std::vector<std::string> command;
  Reading reading;
};

/// A line of the script for one setting, with {placeholders}.
struct Row {
  std::string setting, line;
};

/// Words of commands may have {ids} (a word each), {ids,} (one word), {name}, {script}, {array},
/// {signal}, {user}.
struct System {
  std::string name, summary;
  std::vector<std::string> submit;
  bool on_stdin = false;   ///< the submit command reads the script
  std::string id_pattern;  ///< in its answer; the groups, joined, are the id
  std::vector<std::string> status, cancel, kill, signal;
  /// Takes a job off the list, whether its host has heard of its end or not: the last resort.
  std::vector<std::string> strike;
  Reading reading;
  std::map<std::string, StateWord> states;
  Inquiry waits;        ///< why jobs wait, where the status command does not say it
  Inquiry history;      ///< how jobs ended that the status command does not list any more
  std::string tells;    ///< the command for the user to ask that of one {job}
  std::string other;    ///< the state of other words; empty: such pieces say nothing
  int first = 1;        ///< the system's number of task 1
  std::string element;  ///< one task of an array, of {job} and {task}
  /// What the commands say on standard error of jobs that are over; when nobody answers; when one
  /// may not.
  std::string unknown, silent, refused;

  std::string prefix;       ///< of the lines for the system
  std::vector<Row> rows;    ///< those lines
  std::string slots;        ///< the option that `per_node` needs, where only the site knows it
  std::string task;         ///< a shell's word for the number of the task
  std::string index;        ///< the same in the name of an output file
  std::string array_line;   ///< matches a line that asks for an array
  std::string description;  ///< head of what is submitted, if that is not the script
  bool has_arrays = true;
  bool relays = false;     ///< the script itself passes the system's signals on
  bool redirects = false;  ///< and opens the log: the system's own way is late, or overwrites
  bool describes = false;  ///< what is submitted is a description, the script is another file
};

/// The system a launcher is for, as the settings have it: "slurm", "pbs", …, "batch". Code::usage
/// if there is none, Code::bad_profile if a setting is wrong.
Result<System> find_system(const std::string& name, const Settings& settings);

}  // namespace ipc::batch
