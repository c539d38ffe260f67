// SPDX-License-Identifier: BSD-3-Clause
// What one engine has answered so far.
#include "libipc/cli/execution_record.hpp"

#include "libipc/cli/jobs.hpp"
#include "libipc/cli/results.hpp"
#include "libipc/util/text.hpp"

namespace ipc::cli {

using client::Outcome;

void ExecutionRecord::take_value(const client::Reply& reply) {
  if (reply.buffer_count() == 0) return;
  const auto content = reply.content();
  const auto found = content.find("value");
  if (found == content.end()) return;
  type = wire::string_or(*found, "type");
  value = reply.buffer(0);
}

std::string ExecutionRecord::json(const client::Reply& reply, const std::string& kernel) const {
  std::string line =
      R"({"id":)" + json_quote(job_word(reply.id)) + R"(,"engine":)" + std::to_string(reply.engine);
  if (!kernel.empty()) line += R"(,"kernel":)" + json_quote(kernel);
  const char* status = reply.outcome == Outcome::ok        ? "ok"
                       : reply.outcome == Outcome::aborted ? "aborted"
                                                           : "error";
  line += std::string(R"(,"status":")") + status + "\"";
  if (!type.empty()) line += R"(,"value":)" + json_value(type, value);
  if (reply.outcome != Outcome::ok) line += R"(,"error":)" + json_error(reply.error());
  if (!printed[0].empty()) line += R"(,"stdout":)" + json_quote(printed[0]);
  if (!printed[1].empty()) line += R"(,"stderr":)" + json_quote(printed[1]);
  return line + "}\n";
}

void ExecutionRecord::forget() {
  value = std::string();
  printed[0] = printed[1] = std::string();
}

}  // namespace ipc::cli
