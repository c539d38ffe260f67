// SPDX-License-Identifier: BSD-3-Clause
// ZeroMQ sockets whose frames are moved, not copied.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/net/order.hpp"
#include "libipc/util/clock.hpp"
#include "libipc/util/result.hpp"

struct zmq_msg_t;

namespace ipc::net {

/// One frame of a message; owns its bytes. Move only; from one thread at a time.
class Frame {
 public:
  Frame();
  /// Copies `bytes`.
  explicit Frame(std::string_view bytes);
  /// Takes the string; its bytes are not copied if it is large.
  static Frame adopt(std::string bytes);
  /// `size` bytes to be filled through data(); not set to anything. Empty if there is no memory.
  static Frame sized(size_t size);
  Frame(Frame&& other) noexcept;
  Frame& operator=(Frame&& other) noexcept;
  ~Frame();

  /// Shares the bytes with this frame (reference counted for large frames).
  Frame share() const;
  std::string_view view() const;
  size_t size() const;
  /// Where a received frame came from: an IP address, or "localhost:UID:GID:PID" of a peer at a
  /// local socket; "" if it is not known.
  std::string peer() const;
  /// The bytes, to be changed by whoever made the frame and before it is shared.
  char* data();
  zmq_msg_t* raw();

 private:
  // zmq_msg_t is 64 bytes of public, fixed size; kept here without its header.
  alignas(8) unsigned char storage_[64];
};

using Frames = std::vector<Frame>;

/// Views of frames, for wire::locate. `views` is filled anew.
void view_frames(std::span<const Frame> frames, std::vector<std::string_view>& views);

/// A ZeroMQ context: one for each process. Thread-safe.
class Context {
 public:
  explicit Context(int io_threads = 1);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  void* raw() const { return context_; }

 private:
  void* context_;
};

enum class SocketType { router, dealer, pub, sub, xpub, push, pull, pair };
enum class SendStatus { sent, would_block, unreachable };

/// CURVE keys, Z85 text of 40 characters. Server: secret only; client: all three.
struct Curve {
  std::string server_key, public_key, secret_key;
  bool is_server = false;
};

/// A socket. Move only; from one thread at a time. High-water marks are 0 (no limit) unless set:
/// whoever sends must count what a slow peer may hold.
class Socket {
 public:
  Socket(Context& context, SocketType type);
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;
  ~Socket();

  /// Options take effect for later binds and connects.
  void set_identity(std::string_view identity);
  void set_router_mandatory(
      bool on);  ///< unknown peer: SendStatus::unreachable instead of a silent drop
  void set_linger(milliseconds time);
  void set_all_subscriptions();  ///< XPUB: every one is received, not only the first of its kind
  void set_receive_limit(int messages);
  void set_max_message_size(int64_t bytes);
  /// A peer silent for `timeout` is disconnected: nobody goes on with half a connection after the
  /// network was cut. Where we connect ZeroMQ asks it, where we listen the kernel does: see bind().
  void set_heartbeat(milliseconds interval, milliseconds timeout);
  void set_curve(const Curve& curve);
  void subscribe(std::string_view prefix);

  /// Binds; port `*` or 0 takes a free one. Returns the endpoint bound, with its port.
  /// Code::unavailable-like failures are Code::internal with the endpoint named.
  Result<std::string> bind(const std::string& endpoint);
  Status connect(const std::string& endpoint);
  void disconnect(const std::string& endpoint);

  /// Takes one whole message if there is one, without waiting. `frames` is filled anew.
  bool receive(Frames& frames);
  /// Sends one whole message without waiting; the frames are gone only when it was sent.
  SendStatus send(std::span<Frame> frames);
  SendStatus send(Frames&& frames) { return send(std::span<Frame>(frames)); }
  /// Copies and sends; for cold messages.
  SendStatus send(std::span<const std::string_view> frames);

  /// Reports disconnects and handshake failures of this socket on `endpoint` ("inproc://…"), to a
  /// pair socket; read them with next_event.
  Status monitor(const std::string& endpoint);
  /// No more of that; before the pair socket is closed. ZeroMQ's thread waits for ever for a reader
  /// that is gone.
  void stop_monitor();
  void* raw() const { return use(); }

 private:
  friend class Loop;
  void set(int option, int value);
  void* use() const {
    *used_ = true;
    return socket_;
  }
  void* socket_;
  // False: it had no input, and nothing was done with it since. Only then does its descriptor tell
  // of the next input. Not a member proper because a loop looks at it, wherever the socket moves.
  std::unique_ptr<bool> used_ = std::make_unique<bool>(true);
  [[no_unique_address]] Order order_;  // with the sockets of the same endpoints
};

enum class ConnectionEvent { none, connected, disconnected, refused };
/// Next event of a monitored socket from its pair socket; `none` if there is none or it does not
/// matter.
/// `endpoint`, if it is not null, becomes that of the connection.
ConnectionEvent next_event(Socket& monitor, bool& any, std::string* endpoint = nullptr);

/// New key pair, Z85.
Curve new_curve_keys();
/// The public half of a secret key; empty if that is none.
std::string curve_public_key(const std::string& secret_key);

}  // namespace ipc::net
