// SPDX-License-Identifier: BSD-3-Clause
// Job words: `job:ID` names one request to one engine, or one task.
#include "libipc/cli/jobs.hpp"

#include <unistd.h>

#include <algorithm>

#include "libipc/cli/pipeline.hpp"
#include "libipc/util/fd.hpp"
#include "libipc/util/text.hpp"

namespace ipc::cli {

constexpr size_t kMostBytes = 64 << 20;
constexpr size_t kMostIdBytes = 200;
constexpr std::string_view kBlanks = " \t\r\n";

std::string job_word(std::string_view id) {
  return std::string(kJobPrefix).append(id);
}

// The id in `word`, empty if it is not a job word.
static std::string_view id_of(std::string_view word) {
  if (!word.starts_with(kJobPrefix)) return {};
  const std::string_view id = word.substr(kJobPrefix.size());
  const auto printable = [](unsigned char c) { return c > 0x20 && c < 0x7f && c != ','; };
  if (id.size() > kMostIdBytes || !std::all_of(id.begin(), id.end(), printable)) return {};
  return id;
}

Result<std::vector<std::string>> parse_job_list(std::string_view text) {
  std::vector<std::string> ids;
  // Words may also be separated by blanks: "$j" holds a line for each engine.
  size_t at = 0;
  while (at < text.size()) {
    const size_t end = std::min(text.find_first_of(", \t\r\n", at), text.size());
    const std::string_view word = text.substr(at, end - at);
    at = end + 1;
    if (word.empty()) continue;
    const std::string_view id = id_of(word);
    if (id.empty())
      return Error{Code::usage, "'" + std::string(word) + "' is not a job word",
                   "they look like job:ID"};
    ids.emplace_back(id);
  }
  return ids;
}

Result<std::vector<std::string>> parse_job_lines(std::string_view text) {
  std::vector<std::string> ids;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) continue;
    const std::string_view first = line.substr(0, line.find_first_of(kBlanks));
    const std::string_view id = id_of(first);
    if (id.empty())
      return Error{Code::bad_input,
                   "line " + std::to_string(number) + " of standard input, " +
                       json_quote(first.substr(0, 40)) + ", is not a job word",
                   "they look like job:ID"};
    ids.emplace_back(id);
  }
  return ids;
}

Result<std::vector<std::string>> parse_jobs(std::span<const std::string> operands) {
  std::vector<std::string> ids;
  for (const auto& operand : operands) {
    std::vector<std::string> more;
    if (operand == "-") {
      IPC_TRY_ASSIGN(const std::string text, read_all(STDIN_FILENO, kMostBytes));
      IPC_TRY(check_writer("incomplete input"));
      IPC_TRY_ASSIGN(more, parse_job_lines(text));
    } else {
      IPC_TRY_ASSIGN(more, parse_job_list(operand));
    }
    ids.insert(ids.end(), more.begin(), more.end());
  }
  const bool asked_stdin = std::find(operands.begin(), operands.end(), "-") != operands.end();
  if (ids.empty() && !asked_stdin)
    return Error{Code::usage, "no job named",
                 "give job words (job:ID), or - to read them from standard input"};
  return ids;
}

}  // namespace ipc::cli
