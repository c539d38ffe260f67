// SPDX-License-Identifier: BSD-3-Clause
// Launcher plugins: where they are, and the documents they read and write; the contract is
// launchers/README.md.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/config/paths.hpp"
#include "libipc/config/profile.hpp"
#include "libipc/util/fd.hpp"
#include "libipc/util/result.hpp"

namespace ipc::config {

/// What a launcher reads on its standard input.
struct LaunchRequest {
  std::string record;            ///< file in which the launcher keeps what it started
  std::vector<std::string> ids;  ///< status, signal, stop: which (none: all in the record)
  /// start: of what is on record, those that have not ended as far as is known.
  std::optional<std::vector<std::string>> living;
  std::string role;                ///< "controller" or "engine"; status, signal, stop: empty: both
  std::string program, directory;  ///< absolute paths
  std::vector<std::string> arguments;
  int count = 1;
  std::map<std::string, std::string> environment;  ///< added to the launcher's own
  std::string log;                                 ///< for stdout and stderr; `{pid}` is replaced
  std::string profile_dir, cluster_id;             ///< which cluster it is for
  std::map<std::string, Setting> settings;         ///< the launcher's own section of the profile
  int signal = 15;                                 ///< of the verb signal
  double grace = 5;                                ///< stop: seconds between TERM and KILL
};

/// One thing a launcher started.
struct Launched {
  std::string id, role, host, log;
  std::string state;  ///< "running", "pending" or "ended"
  std::string why;    ///< of the state, in the words of the system below
  pid_t pid = 0;      ///< 0 where there is none yet
};

/// Path of a launcher plugin: `ipkit-launch-KIND` among our own helpers, then in
/// PROFILE_DIR/launchers, then on $IPKIT_LAUNCHER_PATH; in the last two never one that others can
/// write (Code::refused). Code::usage: there is none.
Result<std::string> find_launcher(const std::string& kind, const ClusterName& cluster);

/// True if this launcher submits jobs: slurm, pbs, sge, lsf, condor, batch,
/// winhpc.
bool is_batch_system(std::string_view kind);

/// The section of a profile that is for one launcher: `ssh.hosts` is `hosts` for launcher ssh. All
/// batch systems share the section `batch`, and may have one of their own beside it.
std::map<std::string, Setting> launcher_settings(const Profile& profile, const std::string& kind);

/// Code::bad_input: a path, an argument or a variable is not UTF-8, and cannot be said in YAML.
Status check_utf8(const LaunchRequest& request);
/// YAML text of a request, as --dry-run shows it.
std::string to_yaml(const LaunchRequest& request);
/// Code::bad_input names the key that is missing or wrong. Unknown keys are left alone.
Result<LaunchRequest> parse_launch_request(std::string_view text);

/// YAML text of an answer.
std::string to_yaml(const std::vector<Launched>& processes);
Result<std::vector<Launched>> parse_launch_answer(std::string_view text);

/// What the description of a launcher says: false if it cannot add processes to those it started.
bool parse_grows(std::string_view description);

/// Opens a record for reading and appending, made where it is missing, locked against other
/// launchers while the descriptor is open. Waits for them.
Result<Fd> open_record(const std::string& path);
/// Adds to such a record; on return it is on disk. Errors name the file.
Status append_record(const Fd& fd, const std::string& path, std::string_view lines);
/// One line of a record: a YAML list item in flow style, with `more` as further keys.
std::string record_line(const Launched& process, const std::map<std::string, std::string>& more);
/// All keys of each line of a record that can be understood; others, such as a last line that was
/// cut, are left out.
std::vector<std::map<std::string, std::string>> parse_record(std::string_view text);

}  // namespace ipc::config
