// SPDX-License-Identifier: BSD-3-Clause
// What one engine has answered so far.
#include "cmd/ipexec/record.hpp"

#include "libipc/cli/jobs.hpp"
#include "libipc/cli/results.hpp"
#include "libipc/util/text.hpp"

namespace ipexec {

using ipc::client::Outcome;

void Record::take_value(const ipc::client::Reply& reply) {
  if (reply.buffer_count() == 0) return;
  const auto content = reply.content();
  const auto found = content.find("value");
  if (found == content.end()) return;
  type = ipc::wire::string_or(*found, "type");
  value = reply.buffer(0);
}

std::string Record::json(const ipc::client::Reply& reply) const {
  std::string line = R"({"id":)" + ipc::json_quote(ipc::cli::job_word(reply.id)) + R"(,"engine":)" +
                     std::to_string(reply.engine);
  const char* status = reply.outcome == Outcome::ok        ? "ok"
                       : reply.outcome == Outcome::aborted ? "aborted"
                                                           : "error";
  line += std::string(R"(,"status":")") + status + "\"";
  if (!type.empty()) line += R"(,"value":)" + ipc::cli::json_value(type, value);
  if (reply.outcome != Outcome::ok) line += R"(,"error":)" + ipc::cli::json_error(reply.error());
  if (!printed[0].empty()) line += R"(,"stdout":)" + ipc::json_quote(printed[0]);
  if (!printed[1].empty()) line += R"(,"stderr":)" + ipc::json_quote(printed[1]);
  return line + "}\n";
}

void Record::forget() {
  value = std::string();
  printed[0] = printed[1] = std::string();
}

}  // namespace ipexec
