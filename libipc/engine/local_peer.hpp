// SPDX-License-Identifier: BSD-3-Clause
// A process of this engine that sends and receives messages: lines of JSON and bytes, over a Unix
// socket (kernels/README.md).
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "libipc/net/loop.hpp"
#include "libipc/util/fd.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::engine {

/// One connection. In its loop's thread; never waits.
class LocalPeer {
 public:
  struct Callbacks {
    std::function<void(const wire::Json& request, net::Frame&& body)> asked;
    /// Nothing follows. The peer must not be destroyed from within.
    std::function<void()> closed;
  };

  LocalPeer(net::Loop& loop, Fd fd, Callbacks callbacks);
  ~LocalPeer();
  LocalPeer(const LocalPeer&) = delete;
  LocalPeer& operator=(const LocalPeer&) = delete;

  /// An object, and bytes behind it if there are any; `size` is added.
  void answer(wire::Json head, net::Frame&& body = {});

 private:
  void poll_for(short events);
  void ready(short revents);
  bool read_once();
  bool parse();
  bool take_head();
  void fill_body();
  void flush();
  void close();

  net::Loop& loop_;
  Fd fd_;
  Callbacks callbacks_;
  short events_ = 0;
  std::string input_;
  std::optional<wire::Json> head_;  // of the request whose body comes
  net::Frame body_;
  size_t got_ = 0;
  std::deque<net::Frame> output_;
  size_t sent_ = 0;  // of the first
};

/// Where the processes of an engine find it.
struct MessageSocket {
  Fd fd;             ///< listening
  std::string name;  ///< "@…", an abstract socket

  static Result<MessageSocket> open();
};

/// The next connection of a process of ours; none if there is none (others are turned away).
Fd accept_local(int listening);

}  // namespace ipc::engine
