// SPDX-License-Identifier: BSD-3-Clause
// One request on its way through the engine.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "libipc/engine/frames.hpp"
#include "libipc/net/message.hpp"
#include "libipc/util/clock.hpp"
#include "libipc/wire/header.hpp"

namespace ipc::engine {

/// Which connection a request came over, and so which one its reply takes.
enum class Route {
  direct,    ///< shell: mux or broadcast
  balanced,  ///< shell: the task scheduler, which gives it to another engine if this one dies
  control,
  internal,  ///< our own (startup code): nobody waits for a reply
};

/// A verified request with what the engine needs to know about it. Owns its frames.
class Request {
 public:
  /// Parses a verified message. Code::bad_input if header, metadata or content cannot be
  /// understood. `parser` is scratch.
  static Result<std::unique_ptr<Request>> parse(net::Incoming&& message, Route route,
                                                wire::FieldParser& parser);
  /// A request of the engine itself.
  static std::unique_ptr<Request> internal(std::string_view type, std::string header,
                                           std::string content);

  Route route = Route::direct;
  std::string msg_id, msg_type;
  std::string kernel;                ///< name the client gave; empty: the main one
  std::string label = "null";        ///< raw JSON, as the client gave it
  std::string original_id = "\"\"";  ///< raw JSON
  bool is_broadcast = false, is_coalescing = false;
  bool status = true;           ///< wants busy and idle messages
  bool directed = false;        ///< wants its output down the reply path
  bool paced = false;           ///< and says how much of it was taken: more waits in the kernel
  bool output_lost = false;     ///< nobody took it, so the rest was dropped
  bool aborts_others = false;   ///< a failure aborts queued execute_requests
  bool interrupted = false;     ///< an interrupt was asked for
  bool withdrawn = false;       ///< if its kernel turns out not to have begun it, it must not run
  bool shown_error = false;     ///< its kernel has published it
  UnixMicros started = 0;       ///< when it was written to its kernel
  std::uint64_t shown = 0;      ///< bytes of its streams that went down the reply path …
  std::uint64_t taken = 0;      ///< … and of these, what the asker says it has taken
  std::uint64_t published = 0;  ///< number of its last message on iopub, but for status; 0: none

  const wire::View& view() const { return message_.view; }
  std::string_view header() const { return message_.view.header; }
  /// Frame `i` of the whole message, shared or copied.
  net::Frame frame(size_t i);
  /// The parts for the kernel (header … buffers), and the frames behind them if they are still
  /// there.
  std::span<const std::string_view> parts() const;
  std::span<net::Frame> frames();
  /// Copies everything into one block if it is small: what waits must not pin receive buffers.
  void pack();
  /// Drops buffers that were moved to the kernel. header() and the identities stay.
  void drop_body();
  /// It has all that a kernel needs.
  bool is_whole() const { return is_whole_; }
  /// Some of its buffers are not copied to the kernel but moved.
  bool is_large() const { return size() >= FrameWriter::kLarge; }
  /// Bytes of all frames.
  size_t size() const;

 private:
  net::Incoming message_;
  std::string block_;
  bool is_whole_ = true;
  Status take_metadata(wire::FieldParser& parser);
  void take_content(wire::FieldParser& parser);
};

using RequestPtr = std::unique_ptr<Request>;

}  // namespace ipc::engine
