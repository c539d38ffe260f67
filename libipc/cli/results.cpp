// SPDX-License-Identifier: BSD-3-Clause
// Values and errors as JSON, for --json.
#include "libipc/cli/results.hpp"

#include "libipc/util/text.hpp"

namespace ipc::cli {

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string json_failure(int engine, const client::RemoteError& error) {
  return R"({"engine":)" + std::to_string(engine) + R"(,"status":"error","error":)" +
         json_error(error) + "}\n";
}

std::string base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    unsigned group = 0;
    const size_t n = std::min<size_t>(3, bytes.size() - i);
    for (size_t j = 0; j < 3; ++j)
      group = group << 8 | (j < n ? static_cast<unsigned char>(bytes[i + j]) : 0u);
    for (size_t j = 0; j < 4; ++j) text += j <= n ? kDigits[group >> (18 - 6 * j) & 63] : '=';
  }
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string bytes;
  unsigned group = 0, digits = 0;
  for (const char c : text) {
    if (c == '\n' || c == '\r' || c == ' ' || c == '=') continue;
    const size_t value = kDigits.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    group = group << 6 | static_cast<unsigned>(value);
    if (++digits % 4 != 1) bytes += static_cast<char>(group >> (6 - 2 * ((digits - 1) % 4)) & 0xff);
  }
  if (digits % 4 == 1) return std::nullopt;
  return bytes;
}

std::string json_value(std::string_view type, std::string_view bytes) {
  if (type == "json") return std::string(bytes);
  if (type == "bytes") return R"({"base64":")" + base64(bytes) + "\"}";
  return json_quote(bytes);
}

std::string json_error(const client::RemoteError& error) {
  std::string text =
      R"({"ename":)" + json_quote(error.ename) + R"(,"evalue":)" + json_quote(error.evalue);
  if (error.exit_status) text += R"(,"exit_status":)" + std::to_string(*error.exit_status);
  text += R"(,"traceback":[)";
  for (const auto& line : error.traceback)
    text += (&line == error.traceback.data() ? "" : ",") + json_quote(line);
  return text + "]}";
}

}  // namespace ipc::cli
