// SPDX-License-Identifier: BSD-3-Clause
// Replies the schedulers make themselves.
#include "libipc/sched/replies.hpp"

#include "libipc/util/clock.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::sched {

std::string_view failure_name(TaskFailure why) {
  switch (why) {
    case TaskFailure::invalid_dependency:
      return "InvalidDependency";
    case TaskFailure::impossible_dependency:
      return "ImpossibleDependency";
    case TaskFailure::timeout:
      return "TaskTimeout";
    case TaskFailure::withdrawn:
      return "TaskAborted";
    case TaskFailure::engine_lost:
      break;
  }
  return "EngineError";
}

net::Outgoing ReplyMaker::message(std::string_view type, std::string_view parent,
                                  std::string metadata, std::string content) {
  net::Outgoing out;
  out.header = session_.header(type);
  out.parent = parent;
  out.metadata = std::move(metadata);
  out.content = std::move(content);
  return out;
}

net::Frames ReplyMaker::sign(std::span<const std::string_view> identities,
                             net::Outgoing&& message) {
  return net::encode(signer_, identities, std::move(message));
}

std::string ReplyMaker::lost_metadata(std::string_view engine) {
  return wire::dump_json({{"status", "error"}, {"engine", engine}, {"date", iso8601(unix_now())}});
}

}  // namespace ipc::sched
