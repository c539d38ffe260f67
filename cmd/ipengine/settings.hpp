// SPDX-License-Identifier: BSD-3-Clause
// What the command line of ipengine says.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libipc/cli/command.hpp"
#include "libipc/config/paths.hpp"
#include "libipc/engine/engine.hpp"
#include "libipc/net/tunnel.hpp"
#include "libipc/util/log.hpp"

namespace ipc::ipengine {

/// A trait of the reference and its value, from wherever.
struct Given {
  std::string trait, value;
  std::string origin;  ///< for messages: "--ssh", "FILE:3: Class.trait"
  bool in_file = false;
};

/// Everything the command line and the environment set.
struct Settings {
  config::ClusterOptions cluster_options;
  config::ClusterName cluster;
  std::string file;                 ///< connection file; empty: the cluster's
  std::string file_name;            ///< its name beside the cluster's; empty: the usual one
  std::string config_file;          ///< traits are read from it too
  std::string connection_text;      ///< the file's text itself, from the environment
  std::string ssh_server, ssh_key;  ///< to go through, whatever the file says
  std::unique_ptr<net::Tunnel> tunnel;
  std::string location;               ///< overrides that of the file
  std::string key, curve_server_key;  ///< for a file that has none
  std::string directory;              ///< to work in; empty: where we are
  Duration limit = seconds(60);       ///< for the file to appear, and for the registration
  bool daemonize = false, log_to_file = false, quiet = false, mpi = false;
  bool show_config = false, show_config_json = false;
  std::string mpi_code =  ///< run first in python kernels of MPI programs
      "from mpi4py import MPI\n"
      "if __import__('os').environ.get('IPKIT_MPI_SIZE', '1') != str(MPI.COMM_WORLD.Get_size()):\n"
      "    raise RuntimeError('mpi4py is for %s, and mpiexec is of another MPI: use the mpiexec "
      "of'\n"
      "        ' that one, or an mpi4py for yours' % MPI.get_vendor()[0])\n"
      "mpi_rank = MPI.COMM_WORLD.Get_rank()\n"
      "mpi_size = MPI.COMM_WORLD.Get_size()\n";
  Duration mpi_delay = milliseconds(20);  ///< of the registration, times the rank
  log::Level level = log::Level::warning;
  engine::EngineConfig engine;
  engine::KernelSetting kernel;
  std::vector<Given> given;          ///< traits, later ones count
  std::vector<std::string> remarks;  ///< what was not understood, for the log

  std::string connection_file() const;
};

extern const cli::Command kCommand;

/// Code::usage for what is wrong, or is the reference's and not done here.
Result<Settings> read_settings(const cli::Arguments& arguments);

/// The connection, waited for if the file is not there or its controller is gone; says on stderr
/// what is waited for. Code::no_controller after the limit.
Result<net::Connection> find_connection(const Settings& settings);
/// Leads the connection through an ssh server, if one is asked for or needed. Call when no process
/// is forked any more and signals are taken: it has a thread.
Status open_tunnel(Settings& settings, net::Connection& connection);
/// As the file says now; nothing is waited for.
Result<net::Connection> read_connection(const Settings& settings);

}  // namespace ipc::ipengine
