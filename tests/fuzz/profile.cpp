// SPDX-License-Identifier: BSD-3-Clause
// Fuzz target: the YAML of a profile.
#include "libipc/config/profile.hpp"

#include "libipc/config/launch.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

void run(std::string_view input) {
  ipc::config::Profile profile;
  if (!profile.merge_text("ipkit.yaml", std::string(input))) return;
  for (const auto& [key, setting] : profile.all()) {
    (void)profile.integer(key);
    (void)profile.duration(key);
    (void)setting;
  }
  (void)ipc::config::launcher_settings(profile, "slurm");
}

const ipkit_fuzz::Registered registered("profile", run);

}  // namespace
