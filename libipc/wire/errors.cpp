// SPDX-License-Identifier: BSD-3-Clause
// Error content of replies, worded as Python peers expect it.
#include "libipc/wire/errors.hpp"

#include "libipc/wire/json.hpp"

namespace ipc::wire {

std::string python_repr(std::string_view text) {
  const bool has_single = text.find('\'') != std::string_view::npos;
  const char quote = has_single && text.find('"') == std::string_view::npos ? '"' : '\'';
  std::string repr(1, quote);
  for (const char c : text) {
    switch (c) {
      case '\n':
        repr += "\\n";
        break;
      case '\r':
        repr += "\\r";
        break;
      case '\t':
        repr += "\\t";
        break;
      case '\\':
        repr += "\\\\";
        break;
      default:
        if (c == quote) repr += '\\';
        repr += c;
    }
  }
  return repr += quote;
}

std::string error_content(std::string_view ename, std::string_view evalue) {
  const std::string name(ename), value(evalue);
  return dump_json({{"status", "error"},
                    {"ename", name},
                    {"evalue", value},
                    {"traceback", Json::array({value.empty() ? name : name + ": " + value})},
                    {"engine_info", Json::object()}});
}

std::string reply_type(std::string_view request_type) {
  constexpr std::string_view kRequest = "_request";
  if (request_type.ends_with(kRequest)) request_type.remove_suffix(kRequest.size());
  return std::string(request_type) + "_reply";
}

bool is_reply_type(std::string_view type) {
  return type.ends_with("_reply") || type == "_request";
}

}  // namespace ipc::wire
