// SPDX-License-Identifier: BSD-3-Clause
// The five sockets that Jupyter's front ends connect to.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/net/kernel_file.hpp"
#include "libipc/net/loop.hpp"
#include "libipc/net/message.hpp"
#include "libipc/wire/header.hpp"
#include "libipc/wire/json.hpp"

namespace ipkernel {

enum class Channel { shell, control, input };

/// A verified message of a front end; owns all of it.
struct Asked {
  Channel channel = Channel::shell;
  std::vector<std::string> identities;  ///< the way back
  std::string header;                   ///< as it came: the parent of what answers it
  std::string id, type;
  ipc::wire::Json content;  ///< an object
};

/// Binds, verifies what comes, signs what goes. Handlers run in the loop it is attached to;
/// heartbeats are answered there.
class Front {
 public:
  explicit Front(std::function<void(Asked&&)> on_message);
  ~Front();
  Front(const Front&) = delete;
  Front& operator=(const Front&) = delete;

  /// Ports that are 0 become free ones. Code::bad_input for an unknown signature scheme or an empty
  /// key, Code::internal for a port that is taken.
  ipc::Status bind(ipc::net::KernelEndpoints& endpoints);

  /// Served by this loop from now on, and by no other.
  void attach(ipc::net::Loop& loop);
  /// Served by none; before the loop it is attached to goes.
  void detach();

  /// Takes what has come already, as a turn of the loop would.
  void drain();

  void reply(const Asked& to, std::string_view type, const ipc::wire::Json& content);
  /// To all front ends. `parent`: the header of the request it belongs to; empty: none.
  void publish(std::string_view parent, std::string_view type, const ipc::wire::Json& content,
               std::vector<ipc::net::Frame> buffers = {});
  /// A question to the front end that sent `of`.
  void ask(const Asked& of, const ipc::wire::Json& content);

 private:
  ipc::net::Socket& socket(Channel channel);
  int take(Channel channel);
  int beat();
  void send(ipc::net::Socket& socket, const std::vector<std::string>& identities,
            std::string_view parent, std::string_view type, const ipc::wire::Json& content,
            std::vector<ipc::net::Frame> buffers);

  std::function<void(Asked&&)> on_message_;
  ipc::net::Context context_;
  ipc::net::Loop* loop_ = nullptr;
  ipc::wire::Session session_;
  ipc::wire::FieldParser parser_;
  std::optional<ipc::wire::Signer> signer_;
  ipc::wire::DigestHistory seen_;
  ipc::net::Incoming incoming_;
  ipc::net::Socket shell_, control_, stdin_, iopub_, heart_;
};

}  // namespace ipkernel
