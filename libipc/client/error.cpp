// SPDX-License-Identifier: BSD-3-Clause
// What went wrong on an engine, as a value.
#include "libipc/client/error.hpp"

#include <algorithm>
#include <charconv>

#include "libipc/util/text.hpp"

namespace ipc::client {
namespace {

using wire::Json;

// [file, line, function, source]
void take_frames(const Json& list, std::vector<StackLine>& into) {
  for (const auto& entry : list) {
    if (!entry.is_array() || entry.size() < 4) continue;
    StackLine line;
    if (entry[0].is_string()) line.file = entry[0];
    if (entry[1].is_number_integer()) line.line = entry[1];
    if (entry[2].is_string()) line.function = entry[2];
    if (entry[3].is_string()) line.source = entry[3];
    into.push_back(std::move(line));
  }
}

// Python's SystemExit as IPython describes it: a number, nothing, or a text.
int exit_status_of(std::string_view code) {
  if (code.empty() || code == "None") return 0;
  int status = 1;
  const auto [end, error] = std::from_chars(code.data(), code.data() + code.size(), status);
  return error == std::errc() && end == code.data() + code.size() ? status & 0xff : 1;
}

}  // namespace

RemoteError parse_remote_error(const Json& content) {
  RemoteError error;
  error.ename = wire::string_or(content, "ename");
  error.evalue = wire::string_or(content, "evalue");
  error.name = wire::string_or(content, "name");
  if (!content.is_object()) return error;
  if (const auto lines = content.find("traceback"); lines != content.end() && lines->is_array())
    for (const auto& line : *lines)
      if (line.is_string()) error.traceback.push_back(line);
  if (const auto list = content.find("frames"); list != content.end() && list->is_array())
    take_frames(*list, error.frames);
  if (const auto status = content.find("exit_status");
      status != content.end() && status->is_number_integer())
    error.exit_status = status->get<int>();
  if (!error.exit_status && error.ename == "SystemExit")
    error.exit_status = exit_status_of(error.evalue);
  if (const auto info = content.find("engine_info"); info != content.end())
    error.engine = static_cast<int>(wire::int_or(*info, "engine_id", -1));
  return error;
}

std::string summary(const RemoteError& error) {
  static const char* const kOurs[] = {"ExitStatus", "KernelDied", "EngineError",
                                      "KernelStartFailed"};
  std::string text = error.ename;
  if (!error.evalue.empty()) {
    const bool ours = std::find(std::begin(kOurs), std::end(kOurs), error.ename) != std::end(kOurs);
    text = ours || error.ename.empty() ? error.evalue : error.ename + ": " + error.evalue;
  }
  if (text.empty()) text = "failed without saying why";
  if (error.frames.empty()) return text;
  const StackLine& last = error.frames.back();
  const std::string line = ", line " + std::to_string(last.line);
  // Python's SyntaxError says the place itself.
  const std::string place = " (" + last.file + line + ")";
  if (text.ends_with(place)) text.resize(text.size() - place.size());
  text += line;
  const auto source = trim(last.source);
  if (!source.empty()) text += ": " + std::string(source);
  return text;
}

}  // namespace ipc::client
