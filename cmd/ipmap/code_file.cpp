// SPDX-License-Identifier: BSD-3-Clause
// -f: a file of Python that only exists here.
#include "cmd/ipmap/code_file.hpp"

#include <algorithm>
#include <cstdio>
#include <random>

#include "libipc/cli/values.hpp"
#include "libipc/util/file.hpp"
#include "libipc/util/text.hpp"

namespace ipmap {

// What no other map has: each runs the file anew.
static std::string new_id() {
  std::random_device random;
  char digits[17];
  std::snprintf(digits, sizeof digits, "%08x%08x", random(), random());
  return digits;
}

static bool is_dotted_name(const std::string& text) {
  const auto names = ipc::split(text, '.');
  return !names.empty() && std::all_of(names.begin(), names.end(), ipc::cli::is_identifier);
}

ipc::Result<CodeFile> read_code_file(const std::string& argument) {
  CodeFile file;
  const size_t colon = argument.rfind(':');
  file.path = argument;
  if (colon != std::string::npos && is_dotted_name(argument.substr(colon + 1))) {
    file.path = argument.substr(0, colon);
    file.function = argument.substr(colon + 1);
  }
  IPC_TRY_ASSIGN(const auto text, ipc::read_file(file.path));
  if (!ipc::is_utf8(text)) return ipc::Error{ipc::Code::bad_input, file.path + " is not UTF-8", ""};
  file.brief = R"({"id":")" + new_id() + R"(","path":)" + ipc::json_quote(file.path);
  if (!file.function.empty()) file.brief += R"(,"name":)" + ipc::json_quote(file.function);
  file.whole = file.brief + R"(,"text":)" + ipc::json_quote(text) + "}";
  file.brief += "}";
  return file;
}

}  // namespace ipmap
