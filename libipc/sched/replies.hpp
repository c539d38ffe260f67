// SPDX-License-Identifier: BSD-3-Clause
// Replies the schedulers make themselves.
#pragma once

#include <string>
#include <string_view>

#include "libipc/net/message.hpp"
#include "libipc/sched/task_queue.hpp"
#include "libipc/wire/header.hpp"

namespace ipc::sched {

/// The ename of a reply about a task that ended so.
std::string_view failure_name(TaskFailure why);

/// Makes signed messages in the name of a scheduler. One thread.
class ReplyMaker {
 public:
  explicit ReplyMaker(wire::Signer signer) : signer_(std::move(signer)) {}

  /// A message to be signed: type, the request's header as parent, metadata and content as JSON
  /// texts.
  net::Outgoing message(std::string_view type, std::string_view parent, std::string metadata,
                        std::string content);
  net::Frames sign(std::span<const std::string_view> identities, net::Outgoing&& message);

  /// Metadata of a reply for an engine that is gone.
  static std::string lost_metadata(std::string_view engine);

  wire::Signer& signer() { return signer_; }
  wire::Session& session() { return session_; }

 private:
  wire::Signer signer_;
  wire::Session session_;
};

}  // namespace ipc::sched
