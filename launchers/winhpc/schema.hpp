// SPDX-License-Identifier: BSD-3-Clause
// The schema of job files, as far as it is ours to write.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "libipc/util/result.hpp"

namespace ipc::winhpc {

/// What an attribute's value may be.
enum class Kind { text, count, boolean, unit, priority, job_type };

struct Attribute {
  std::string_view name;
  Kind kind;
};

/// In the order in which they are written.
std::span<const Attribute> job_attributes();
std::span<const Attribute> task_attributes();

using Values = std::map<std::string, std::string, std::less<>>;

/// Checks a value for the attribute of that name. Code::bad_profile says what is wrong with it, or
/// that there is no such attribute and which is near.
Status check(std::span<const Attribute> known, const std::string& name, const std::string& value);

}  // namespace ipc::winhpc
