// SPDX-License-Identifier: BSD-3-Clause
// Values and errors as JSON, for --json.
#pragma once

#include <string>
#include <string_view>

#include "libipc/client/error.hpp"

namespace ipc::cli {

/// A value as a kernel encoded it (text, json, repr, bytes) as one JSON text: text and repr are
/// strings, json stays, bytes are {"base64": "…"}.
std::string json_value(std::string_view type, std::string_view bytes);

/// {"ename", "evalue", "traceback": [..]} and, where they are known, exit_status.
std::string json_error(const client::RemoteError& error);

std::string base64(std::string_view bytes);

}  // namespace ipc::cli
