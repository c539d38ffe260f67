// SPDX-License-Identifier: BSD-3-Clause
// How a report looks and what its keys do: texts that go into it as they are.
#pragma once

namespace ipreport {

/// Of drawings, light and dark; in the page and in a file of their own.
extern const char* const kChartStyle;
/// Of the page around them.
extern const char* const kPageStyle;
/// Arrow keys in the timeline, sorting of tables.
extern const char* const kScript;

}  // namespace ipreport
