// SPDX-License-Identifier: BSD-3-Clause
// The report as a page and as one drawing.
#pragma once

#include <string>

#include "cmd/ipreport/summary.hpp"

namespace ipreport {

/// Whole HTML page that needs nothing else. `where` names the controller.
std::string page_text(const Run& run, const Summary& summary, const std::string& where);

/// Whole SVG file: timeline, load, graph, histograms.
std::string svg_text(const Run& run, const Summary& summary, const std::string& where);

}  // namespace ipreport
