// SPDX-License-Identifier: BSD-3-Clause
// Values and errors as JSON, for --json.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "libipc/client/error.hpp"

namespace ipc::cli {

/// A value as a kernel encoded it (text, json, repr, bytes) as one JSON text: text and repr are
/// strings, json stays, bytes are {"base64": "…"}.
std::string json_value(std::string_view type, std::string_view bytes);

/// {"ename", "evalue", "traceback": [..]} and, where they are known, exit_status.
std::string json_error(const client::RemoteError& error);
/// The line of --json for an engine that failed.
std::string json_failure(int engine, const client::RemoteError& error);

std::string base64(std::string_view bytes);
/// The bytes; blanks and newlines are skipped. Nothing if it is not base64.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace ipc::cli
