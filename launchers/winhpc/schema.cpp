// SPDX-License-Identifier: BSD-3-Clause
// The schema of job files, as far as it is ours to write.
#include "launchers/winhpc/schema.hpp"

#include <algorithm>
#include <vector>

#include "libipc/util/text.hpp"

namespace ipc::winhpc {
namespace {

// The order is that of ipyparallel's job files.
constexpr Attribute kJob[] = {{"Version", Kind::text},
                              {"Name", Kind::text},
                              {"UnitType", Kind::unit},
                              {"MinCores", Kind::count},
                              {"MaxCores", Kind::count},
                              {"MinSockets", Kind::count},
                              {"MaxSockets", Kind::count},
                              {"MinNodes", Kind::count},
                              {"MaxNodes", Kind::count},
                              {"RunUntilCanceled", Kind::boolean},
                              {"IsExclusive", Kind::boolean},
                              {"FailOnTaskFailure", Kind::boolean},
                              {"UserName", Kind::text},
                              {"JobType", Kind::job_type},
                              {"Priority", Kind::priority},
                              {"RequestedNodes", Kind::text},
                              {"NodeGroups", Kind::text},
                              {"JobTemplate", Kind::text},
                              {"SoftwareLicense", Kind::text},
                              {"OrderBy", Kind::text},
                              {"RuntimeSeconds", Kind::count},
                              {"AutoCalculateMax", Kind::boolean},
                              {"AutoCalculateMin", Kind::boolean},
                              {"Project", Kind::text},
                              {"Owner", Kind::text}};

constexpr Attribute kTask[] = {{"Version", Kind::text},         {"Name", Kind::text},
                               {"MinCores", Kind::count},       {"MaxCores", Kind::count},
                               {"MinSockets", Kind::count},     {"MaxSockets", Kind::count},
                               {"MinNodes", Kind::count},       {"MaxNodes", Kind::count},
                               {"CommandLine", Kind::text},     {"WorkDirectory", Kind::text},
                               {"IsRerunnable", Kind::boolean}, {"StdOutFilePath", Kind::text},
                               {"StdErrFilePath", Kind::text},  {"IsParametric", Kind::boolean},
                               {"UnitType", Kind::unit}};

std::vector<std::string> words_of(Kind kind) {
  switch (kind) {
    case Kind::boolean:
      return {"true", "false"};
    case Kind::unit:
      return {"Core", "Socket", "Node"};
    case Kind::priority:
      return {"Lowest", "BelowNormal", "Normal", "AboveNormal", "Highest"};
    case Kind::job_type:
      return {"Batch"};
    case Kind::text:
    case Kind::count:
      break;
  }
  return {};
}

bool is_count(const std::string& value) {
  return !value.empty() && value.size() < 10 && value[0] != '0' &&
         std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// XML has no way to write control characters.
bool can_be_written(const std::string& value) {
  return is_utf8(value) && std::all_of(value.begin(), value.end(), [](char c) {
           return static_cast<unsigned char>(c) >= ' ' && c != '\x7f';
         });
}

}  // namespace

std::span<const Attribute> job_attributes() {
  return kJob;
}
std::span<const Attribute> task_attributes() {
  return kTask;
}

Status check(std::span<const Attribute> known, const std::string& name, const std::string& value) {
  std::vector<std::string> names;
  for (const auto& attribute : known) names.emplace_back(attribute.name);
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) {
    const std::string near = nearest(name, names);
    return Error{Code::bad_profile, "no attribute " + name,
                 near.empty() ? "known: " + join(names, ", ") : "did you mean " + near + "?"};
  }
  const Kind kind = known[static_cast<size_t>(found - names.begin())].kind;
  const auto words = words_of(kind);
  if (!words.empty() && std::find(words.begin(), words.end(), value) == words.end())
    return Error{Code::bad_profile, "'" + value + "' is none of " + join(words, ", "), ""};
  if (kind == Kind::count && !is_count(value))
    return Error{Code::bad_profile, "'" + value + "' is not a number from 1", ""};
  if (!can_be_written(value))
    return Error{Code::bad_profile, json_quote(value) + " has characters that XML has not", ""};
  return {};
}

}  // namespace ipc::winhpc
