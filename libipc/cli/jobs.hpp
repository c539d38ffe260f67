// SPDX-License-Identifier: BSD-3-Clause
// Job words: `job:ID` names one request to one engine, or one task.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/util/result.hpp"

namespace ipc::cli {

inline constexpr std::string_view kJobPrefix = "job:";

/// The word for a message id.
std::string job_word(std::string_view id);

/// Ids from one operand: a word, or words with commas between. Code::usage for anything else.
Result<std::vector<std::string>> parse_job_list(std::string_view text);

/// Ids from text: the first word of each line counts, empty lines do not. Code::bad_input names the
/// line that has none.
Result<std::vector<std::string>> parse_job_lines(std::string_view text);

/// Ids from operands, each a list; `-` reads lines from stdin. No operand, or nothing but empty
/// ones: Code::usage "no job named".
Result<std::vector<std::string>> parse_jobs(std::span<const std::string> operands);

}  // namespace ipc::cli
