// SPDX-License-Identifier: BSD-3-Clause
// Answers to what clients ask the hub.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libipc/hub/accounts.hpp"
#include "libipc/hub/registry.hpp"
#include "libipc/net/socket.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::hub {

/// A reply: type, content and buffers.
struct Answer {
  std::string type;
  wire::Json content;
  net::Frames buffers;
};

/// Error content under its own reply type, or as `hub_error`.
Answer error_answer(std::string type, std::string_view ename, std::string_view evalue);
/// A KeyError, its text quoted as Python does it.
Answer key_error(std::string type, std::string_view text);
/// What a store that keeps nothing says.
Answer no_data(std::string type);

Answer connection_answer(const Registry& registry, const std::string& version, long pid);
Answer queue_answer(const Accounts& accounts, const Registry& registry, const wire::Json& content,
                    double uptime);
Answer load_answer(const Accounts& accounts, const Registry& registry, const wire::Json& content);
Answer result_answer(Accounts& accounts, const wire::Json& content);
Answer history_answer(Accounts& accounts);
Answer purge_answer(Accounts& accounts, const Registry& registry, const wire::Json& content);
Answer db_answer(Accounts& accounts, const wire::Json& content);

/// A list of ids as Python shows it.
std::string list_repr(const wire::Json& list);
/// Strings of a list, or the one string; false if it is something else.
bool read_ids(const wire::Json& value, std::vector<std::string>& ids);

}  // namespace ipc::hub
