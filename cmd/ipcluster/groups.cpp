// SPDX-License-Identifier: BSD-3-Clause
// ipcluster groups: the named sets of engines of a profile, for the programs that take -t @NAME.
#include "cmd/ipcluster/plan.hpp"
#include "cmd/ipcluster/verbs.hpp"
#include "libipc/cli/output.hpp"
#include "libipc/util/text.hpp"

namespace ipc::cluster {

Result<int> groups(const cli::Arguments& arguments) {
  IPC_TRY_ASSIGN(const auto cluster, cluster_of(arguments));
  IPC_TRY_ASSIGN(const auto profile, config::Profile::load(cluster));
  std::string text;
  for (const auto& [name, sets] : profile.setting("groups").groups)
    text += name + "\t" + join(sets, ",") + "\n";
  IPC_TRY(cli::print(text));
  return 0;
}

}  // namespace ipc::cluster
