// SPDX-License-Identifier: BSD-3-Clause
// Error content of replies, worded as Python peers expect it.
#pragma once

#include <string>
#include <string_view>

namespace ipc::wire {

/// Python's repr() of a string: single quotes, or double ones if it holds single quotes only.
std::string python_repr(std::string_view text);

/// JSON text of an error content: status, ename, evalue, traceback, engine_info.
std::string error_content(std::string_view ename, std::string_view evalue);

/// `<x>_reply` for `<x>_request`; other types get `_reply` added.
std::string reply_type(std::string_view request_type);

/// True for the type of a final reply; messages of other types that come up from an engine are
/// output on its way to the client. `_request` is the reply to a signal_request.
bool is_reply_type(std::string_view type);

}  // namespace ipc::wire
