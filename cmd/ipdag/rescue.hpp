// SPDX-License-Identifier: BSD-3-Clause
// The rescue file: what has succeeded of a graph that has not, for --resume.
#pragma once

#include <string>

#include "cmd/ipdag/graph.hpp"
#include "cmd/ipdag/schedule.hpp"
#include "cmd/ipdag/settings.hpp"

namespace ipdag {

/// Marks the nodes that have succeeded before, with the same code, by the job log or the rescue
/// file that --resume goes by. Code::no_input if there is no rescue file.
ipc::Status mark_done(const Settings& settings, Graph& graph);

/// At the end of a run without a job log: writes the rescue file (a job log of what succeeded) and
/// says so, or removes that of an earlier run if nothing is left to do or nothing has succeeded.
/// A file of that name that is none is left alone: Code::bad_input.
ipc::Status keep_rescue(const Settings& settings, const Graph& graph, const Schedule& schedule);

}  // namespace ipdag
