// SPDX-License-Identifier: BSD-3-Clause
// Columns of text.
#pragma once

#include <string>
#include <vector>

namespace ipc::cli {

/// Lines with columns aligned by their widest cell, two blanks between, nothing behind the last.
/// Control characters in cells become `?`, empty cells `-`. `right`: columns whose cells are
/// numbers.
std::string format_table(const std::vector<std::vector<std::string>>& rows,
                         const std::vector<size_t>& right = {});

}  // namespace ipc::cli
