// SPDX-License-Identifier: BSD-3-Clause
// Error from errno.
#include "libipc/util/result.hpp"

#include <cerrno>
#include <system_error>

namespace ipc {

Error system_error(Code code, std::string what) {
  return {code, std::move(what) + ": " + std::generic_category().message(errno), ""};
}

}  // namespace ipc
