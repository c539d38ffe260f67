// SPDX-License-Identifier: BSD-3-Clause
// How an HPC Pack is reached: by its `job` command or its web service.
#pragma once

#include <string>

#include "launchers/common/settings.hpp"
#include "libipc/util/result.hpp"

namespace ipc::winhpc {

using launcher::Settings;
using launcher::text_of;

struct Site {
  std::string scheduler;      ///< the head node
  std::string command;        ///< "job", or its path
  std::string url;            ///< of the web service; empty: the command
  std::string api_version;    ///< the header of that name; empty: none
  std::string user;           ///< DOMAIN\name
  std::string password_file;  ///< the password itself is read when it is needed
  std::string auth;           ///< basic, ntlm or negotiate
  std::string ca_file;        ///< certificates to trust in place of the system's
};

/// From the settings; relative paths are the profile's. Code::bad_profile names the key.
Result<Site> read_site(const Settings& settings, const std::string& profile_dir);

/// What a record keeps of it, and back.
std::map<std::string, std::string> fields_of(const Site& site);
Site site_of(const std::map<std::string, std::string>& fields);

/// The first line of the password file. Code::refused if others can read it.
Result<std::string> read_password(const Site& site);

}  // namespace ipc::winhpc
