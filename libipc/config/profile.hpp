// SPDX-License-Identifier: BSD-3-Clause
// The settings of a profile, merged from all places, each with its origin.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libipc/config/keys.hpp"
#include "libipc/config/paths.hpp"
#include "libipc/util/clock.hpp"
#include "libipc/util/result.hpp"

namespace ipc::config {

/// One value. Which member is used follows from the key's type; `groups` uses both.
struct Setting {
  std::string text;                        ///< scalars
  std::vector<std::string> list;           ///< Type::list
  std::map<std::string, std::string> map;  ///< Type::map
  std::map<std::string, std::vector<std::string>> groups;
  std::string origin;  ///< "built-in", "FILE:LINE", "$IPKIT_KERNEL" or "command line"
};

/// built-in < /etc/ipkit/NAME.yaml < PROFILE_DIR/ipkit.yaml < environment < command line.
class Profile {
 public:
  /// Reads what there is. Code::bad_profile: "FILE:LINE: unknown key 'x'; did you mean 'y'?" and
  /// the like; Code::refused if a stranger can write it.
  static Result<Profile> load(const ClusterName& cluster);
  /// Merges one file over what is there; a file that does not exist changes nothing.
  Status merge_file(const std::string& path);
  /// The same for the text of a file; `path` is what it is called in messages.
  Status merge_text(const std::string& path, const std::string& text);
  /// Built-in values only.
  Profile();

  /// Sets a scalar, checked as its type asks. Code::usage if it does not fit.
  Status set(std::string_view key, const std::string& value, const std::string& origin);

  /// Values by key; "" or nothing where not set. Asking for an unknown key is a bug and gives that
  /// too.
  std::string text(std::string_view key) const;
  std::optional<long> integer(std::string_view key) const;
  Duration duration(std::string_view key) const;
  const Setting& setting(std::string_view key) const;
  const std::map<std::string, Setting, std::less<>>& all() const { return settings_; }

 private:
  std::map<std::string, Setting, std::less<>> settings_;
};

}  // namespace ipc::config
