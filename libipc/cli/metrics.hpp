// SPDX-License-Identifier: BSD-3-Clause
// What a cluster does, as metrics in the text format of Prometheus: `ipstat --prometheus` prints
// them, a controller's endpoint gives them out.
#pragma once

#include <string>
#include <vector>

#include "libipc/client/connection.hpp"
#include "libipc/client/jobs.hpp"

namespace ipc::cli {

/// All metrics of these engines, which have to be in `state`; names and labels are in ipstat(1).
/// The profile and cluster id of `options` are labels of each.
std::string metrics_text(const client::EngineTable& table, const client::QueueState& state,
                         const std::vector<int>& engines, const client::Options& options);

/// What there is to say where the controller does not answer.
std::string no_metrics_text(const client::Options& options);

/// Connects to the controller of `options`, asks it, and leaves. Waits at most `limit` for each of
/// its two answers. Errors are those of the connection.
Result<std::string> ask_metrics(const client::Options& options, Duration limit);

}  // namespace ipc::cli
