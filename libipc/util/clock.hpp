// SPDX-License-Identifier: BSD-3-Clause
// Time: a steady clock for waiting, UTC text for the wire.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "libipc/util/result.hpp"

namespace ipc {

using Clock = std::chrono::steady_clock;
using Duration = Clock::duration;
using TimePoint = Clock::time_point;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// Microseconds since 1970, UTC.
using UnixMicros = int64_t;

UnixMicros unix_now();
/// `2026-11-20T15:35:08.137074Z`; a zero fraction is left out, as the wire protocol has it.
std::string iso8601(UnixMicros time);
/// Accepts `YYYY-MM-DDThh:mm:ss[.f{1,6}][Z|±hh[:]mm]`; without a zone it is local time.
Result<UnixMicros> parse_iso8601(std::string_view text);

/// `250ms`, `30s`, `5m`, `2h`, `1d`, `1.5` (seconds). Negative or other text: Code::usage.
Result<Duration> parse_duration(std::string_view text);
/// `60 s`, `1.5 s`, rounded down: for messages.
std::string seconds_text(Duration time);

}  // namespace ipc
