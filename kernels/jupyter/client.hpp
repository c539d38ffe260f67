// SPDX-License-Identifier: BSD-3-Clause
// A Jupyter client: the five sockets to one kernel.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/jupyter/endpoints.hpp"
#include "libipc/net/loop.hpp"
#include "libipc/net/message.hpp"
#include "libipc/wire/header.hpp"

namespace ipc::jupyter {

enum class Channel { shell, control, input, iopub };

/// A verified message of the kernel; views die with the call.
struct FromKernel {
  Channel channel = Channel::shell;
  std::string_view type, parent_id;
  wire::View parts;
};

/// Connects, signs what goes, verifies what comes. Lives in its loop's thread.
class Client {
 public:
  struct Handlers {
    std::function<void(const FromKernel&)> message;
    std::function<void()> heartbeat;  ///< an answer to ping()
    std::function<void()> lost;       ///< a connection to the kernel broke
  };
  Client(net::Context& context, net::Loop& loop, const Endpoints& endpoints, Handlers handlers);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// The kernel need not listen yet. Code::usage for a signature scheme that is not known.
  Status connect();
  /// A message as it is; `header` may be a client's own.
  void send(Channel channel, std::string header, std::string content,
            const std::vector<std::string>& buffers = {}, std::string metadata = "{}");
  /// A request of ours; returns its id.
  std::string ask(Channel channel, std::string_view type, std::string content);
  void ping();

 private:
  net::Socket& socket(Channel channel);
  int take(Channel channel);
  void deliver(Channel channel);

  net::Loop& loop_;
  Endpoints endpoints_;
  Handlers handlers_;
  wire::Session session_;
  wire::FieldParser headers_, parents_;
  std::optional<wire::Signer> signer_;
  net::Incoming incoming_;
  net::Socket shell_, control_, stdin_, iopub_, heart_, events_;
};

}  // namespace ipc::jupyter
