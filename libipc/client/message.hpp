// SPDX-License-Identifier: BSD-3-Clause
// What a client sends and gets.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/client/error.hpp"
#include "libipc/net/message.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::client {

/// One request to a kernel (kernels/README.md), an engine or the hub.
struct Request {
  std::string type;            ///< "execute_request" …
  std::string content = "{}";  ///< JSON text of an object
  std::vector<net::Frame> buffers;
  std::string kernel;     ///< which kernel of the engine; empty: the main one
  bool directed = false;  ///< its output comes to on_output
  wire::Json metadata;    ///< more keys (retries, timeout, targets, after, follow, label) or null
};

enum class Outcome { ok, error, aborted };

/// By the `status` of a reply's content.
Outcome outcome_of(std::string_view status);

/// What went wrong by a reply's content; ename of aborted ones is `TaskAborted`.
RemoteError error_of(const wire::Json& content, Outcome outcome);

/// The one reply of a request: owns its frames. Content is parsed when asked for.
struct Reply {
  std::string id;    ///< msg_id of the request: the job's id
  std::string type;  ///< "execute_reply" …
  int engine = -1;   ///< -1: not from an engine, or from one we do not know
  std::string engine_uuid;
  Outcome outcome = Outcome::ok;
  net::Incoming message;

  /// Null if it is not JSON.
  wire::Json content() const;
  wire::Json metadata() const;
  size_t buffer_count() const { return message.view.buffers.size(); }
  /// Valid as long as the reply; "" if there is no such buffer.
  std::string_view buffer(size_t index) const;
  /// For Outcome::error and aborted (ename `TaskAborted`).
  RemoteError error() const;
};

/// A message of a directed request on its way to the reply: `stream`, `execute_result`,
/// `display_data`. Valid during the call only.
struct Output {
  std::string_view id;  ///< msg_id of the request
  std::string_view type;
  int engine = -1;
  const net::Incoming& message;
  std::string text;  ///< of a stream whose bytes are in its content

  wire::Json content() const;
  /// stream: true if it is standard error.
  bool is_stderr() const;
  /// stream: the bytes; else buffer 0 or "".
  std::string_view data() const;
};

using ReplyHandler = std::function<void(Reply&&)>;
using OutputHandler = std::function<void(const Output&)>;

}  // namespace ipc::client
