// SPDX-License-Identifier: BSD-3-Clause
// Asking the ipcluster that looks after a cluster.
#pragma once

#include <string>

#include "libipc/config/paths.hpp"
#include "libipc/util/clock.hpp"
#include "libipc/util/result.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::cluster {

struct Answer {
  Code code = Code::ok;
  std::string text;
  bool ended = false;  ///< it ended without an answer: what a successful stop looks like
};

/// Sends one request and waits for the answer. Code::no_controller if nobody is there, or who is is
/// on another machine; Code::timed_out. After two seconds `awaited`, if it is not empty, is said on
/// stderr.
Result<Answer> ask(const config::ClusterName& cluster, const wire::Json& request, Duration limit,
                   const std::string& awaited = "");

}  // namespace ipc::cluster
