// SPDX-License-Identifier: BSD-3-Clause
// How many files a process may have open.
#include "libipc/util/file_limit.hpp"

#include <sys/resource.h>

namespace ipc {

std::uint64_t file_limit(pid_t pid) {
  rlimit limit{};
  const bool known = ::prlimit(pid, RLIMIT_NOFILE, nullptr, &limit) == 0;
  return known && limit.rlim_cur != RLIM_INFINITY ? limit.rlim_cur : 0;
}

}  // namespace ipc
