// SPDX-License-Identifier: BSD-3-Clause
// The report for programs.
#pragma once

#include <string>

#include "cmd/ipreport/summary.hpp"

namespace ipreport {

/// A line of names, then one for each task (RFC 4180, but lines end with a newline alone).
std::string csv_text(const Run& run);

/// One object: the summary's numbers, engines, slowest tasks, failures, the longest chain.
std::string json_text(const Run& run, const Summary& summary);

}  // namespace ipreport
