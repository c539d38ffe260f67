// SPDX-License-Identifier: BSD-3-Clause
// What every launcher is besides its verbs: the command line, the documents, the errors.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/config/launch.hpp"
#include "libipc/util/result.hpp"

namespace ipc::launcher {

using Answer = Result<std::vector<config::Launched>>;

struct Verb {
  std::string_view name;
  std::function<Answer(const config::LaunchRequest&)> act;
};

struct Program {
  std::string name;  ///< "local"
  std::string summary;
  std::vector<Verb> verbs;  ///< without describe. Only `start` is called while there is no record
  std::vector<std::string> keys;      ///< of a request
  std::vector<std::string> settings;  ///< of the profile's section; none: not described
  /// What `start --dry-run` prints; none: the request.
  std::function<Result<std::string>(const config::LaunchRequest&)> preview;
};

/// One call of a launcher (launchers/README.md), as main has it.
int run(const Program& program, int argc, char** argv);

}  // namespace ipc::launcher
