// SPDX-License-Identifier: BSD-3-Clause
// Output of kernels: on iopub as text, and to the asker as the bytes they are.
#pragma once

#include <string>
#include <string_view>

#include "libipc/engine/frames.hpp"
#include "libipc/engine/outbox.hpp"
#include "libipc/util/text_stream.hpp"

namespace ipc::engine {

/// Streams and displays of one kernel.
class Output {
 public:
  explicit Output(Outbox& outbox) : outbox_(outbox) {}

  /// Bytes of stdout or stderr. `request` (may be null) is whose output it is; otherwise `parent`
  /// names it.
  void stream(Request* request, std::string_view parent, bool is_stderr, std::string_view bytes);
  /// Any other message of a kernel that belongs on iopub.
  void publish(Request* request, std::string_view type, const KernelMessage& message,
               FrameReader& reader);
  /// The request of header `parent` is over: what was held of its output goes out. `request` is it
  /// or another one, or null.
  void finish(Request* request, std::string_view parent);

 private:
  void send_text(Request* request, std::string_view parent, bool is_stderr, std::string_view text);

  Outbox& outbox_;
  TextStream text_[2];  // stdout, stderr
};

}  // namespace ipc::engine
