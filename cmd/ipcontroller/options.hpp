// SPDX-License-Identifier: BSD-3-Clause
// The command line and the environment of ipcontroller.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cmd/ipcontroller/controller.hpp"
#include "cmd/ipcontroller/metrics_server.hpp"
#include "libipc/cli/command.hpp"
#include "libipc/config/paths.hpp"
#include "libipc/util/log.hpp"

namespace ipc {

/// A trait of the reference and its value, from wherever.
struct Given {
  std::string trait, value;
  std::string origin;  ///< for messages: "--ping", "$IPP_SESSION_KEY", "FILE:3: Class.trait"
  bool in_file = false;
};

/// What the program was told: the controller's options and its surroundings.
struct Settings {
  ControllerOptions controller;
  config::ClusterOptions cluster_options;
  config::ClusterName cluster;
  std::string location, ssh, engine_ssh, work_dir, user;
  std::string client_file, engine_file;       ///< names in security/, empty: the usual ones
  std::string record_directory, record_name;  ///< empty: the profile's, tasks[-ID].db
  std::string config_file;                    ///< traits are read from it too
  log::Level log_level = log::Level::info;
  bool log_to_file = false, clean_logs = false, daemonize = false, reuse = false;
  bool durable = false;  ///< tasks are kept in a journal
  bool create_profile = true;
  std::optional<bool> enable_curve;  ///< not said: where others than this machine can connect
  bool curve_is_new = false;         ///< its key was made now, not given
  bool client_is_local = true, engine_is_local = true;  ///< local sockets are offered as well
  bool show_config = false, show_config_json = false;
  std::optional<MetricsAddress> metrics;  ///< given out over HTTP there
  std::optional<std::string> key;
  std::vector<Given> given;           ///< all of it, later ones count
  std::vector<std::string> remarks;   ///< what changes nothing here, for the log
  std::vector<std::string> warnings;  ///< what was not understood, for the log
};

/// Rows, synopsis and help.
const cli::Command& controller_command();

/// The words after the program's name, with flags that have a value spelled as traits.
std::vector<std::string> controller_words(int argc, char* const* argv);

/// What --help-all prints.
std::string help_all();

/// Files of the reference, then the environment, then the command line. Code::usage names what is
/// at fault, Code::bad_profile if that is a file.
Result<Settings> read_settings(const cli::Arguments& arguments);

}  // namespace ipc
