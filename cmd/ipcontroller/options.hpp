// SPDX-License-Identifier: BSD-3-Clause
// The command line and the environment of ipcontroller.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cmd/ipcontroller/controller.hpp"
#include "libipc/cli/command.hpp"
#include "libipc/config/paths.hpp"
#include "libipc/util/log.hpp"

namespace ipc {

/// What the program was told: the controller's options and its surroundings.
struct Settings {
  ControllerOptions controller;
  config::ClusterOptions cluster_options;
  config::ClusterName cluster;
  std::string location, ssh, engine_ssh, work_dir, user;
  std::string client_file, engine_file;  ///< names in security/, empty: the usual ones
  log::Level log_level = log::Level::info;
  bool log_to_file = false, clean_logs = false, daemonize = false, reuse = false;
  bool enable_curve = false;
  std::optional<std::string> key;
  std::vector<std::string> remarks;  ///< options that change nothing here, for the log
};

/// Rows, synopsis and help.
const cli::Command& controller_command();

/// Environment, then the command line. Code::usage names the option at fault.
Result<Settings> read_settings(const cli::Arguments& arguments);

/// One `--Class.trait=value` of the reference.
Status apply_trait(const std::string& name, const std::string& value, Settings& settings);

/// `10101-10120` or `1,2,5`.
Result<std::vector<int>> parse_ports(const std::string& text);
/// A number in [least, most]; Code::usage names `what`.
Result<long> parse_number(const std::string& what, const std::string& text, long least, long most);

}  // namespace ipc
