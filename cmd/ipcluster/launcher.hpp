// SPDX-License-Identifier: BSD-3-Clause
// Calling launcher plugins (launchers/README.md).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libipc/config/launch.hpp"
#include "libipc/config/paths.hpp"
#include "libipc/util/clock.hpp"
#include "libipc/util/result.hpp"

namespace ipc::cluster {

/// One launcher plugin.
class Launcher {
 public:
  /// By config::find_launcher.
  static Result<Launcher> find(const std::string& kind, const config::ClusterName& cluster);

  const std::string& kind() const { return kind_; }
  /// Runs a verb. An error has the launcher's own words and its exit status.
  Result<std::vector<config::Launched>> run(std::string_view verb,
                                            const config::LaunchRequest& request,
                                            Duration limit = seconds(60)) const;
  /// False if engines cannot join those that it has started (`grows: no` in its description).
  bool grows() const;
  /// What `start --dry-run` prints.
  Result<std::string> preview(const config::LaunchRequest& request) const;

 private:
  Launcher(std::string kind, std::string path) : kind_(std::move(kind)), path_(std::move(path)) {}
  Result<std::string> call(std::vector<std::string> words, const config::LaunchRequest& request,
                           Duration limit) const;

  std::string kind_, path_;
};

}  // namespace ipc::cluster
