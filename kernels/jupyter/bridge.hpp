// SPDX-License-Identifier: BSD-3-Clause
// Between an engine and a Jupyter kernel: the kernels' contract here, Jupyter's messages there.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/jupyter/client.hpp"
#include "kernels/jupyter/dialect.hpp"
#include "kernels/jupyter/link.hpp"
#include "kernels/jupyter/request.hpp"

namespace ipc::jupyter {

/// What the bridge needs to know and cannot do itself.
struct BridgeConfig {
  std::string name;       ///< of the kernel, for messages
  Endpoints endpoints;    ///< told to who asks where the kernel listens
  pid_t pid = 0;          ///< the kernel's; 0: not known
  std::string directory;  ///< where the kernel can read and write files; may be empty
  bool adopted = false;   ///< runs already, in an application of its own
  bool interrupt_by_message = false;
  std::function<void()> interrupt;                   ///< SIGINT to the kernel; unless by message
  std::function<void()> drain_output;                ///< reads its pipes until they are empty
  std::function<void()> is_up;                       ///< it listens
  std::function<void(const std::string& why)> fail;  ///< the kernel is of no use
};

/// One request at a time from the engine to the kernel, and all that comes back. A request is over
/// when its reply is there and the kernel has said `idle` for it: what it printed was before that.
class Bridge {
 public:
  Bridge(net::Loop& loop, Client& client, EngineLink& link, BridgeConfig config);

  /// Asks the kernel until it answers and is heard on iopub; then says `ready`.
  void start();
  bool is_ready() const { return state_ == State::ready; }
  bool is_busy() const { return current_.has_value(); }

  void from_engine(const engine::KernelMessage& message);
  void from_kernel(const FromKernel& message);
  /// Bytes of the kernel's own stdout or stderr.
  void output(bool is_stderr, std::string_view bytes);

 private:
  enum class State { probing, loading, ready };

  // start
  void probe();
  void probed(const FromKernel& message);
  void load_helper();
  void ready();

  // requests
  void begin(Request&& request);
  void execute(Request& request);
  void pass(Request& request);
  void call(std::string_view type);
  void interrupt(std::string_view msg_id);
  void interrupt_after(Duration delay);
  void take_probe();
  void take_question(const FromKernel& message);
  void answer_input(const wire::Json& content);
  void refuse_input();
  void refuse(std::string_view ename, const std::string& evalue);
  void take_reply(const FromKernel& message);
  void take_status(const FromKernel& message);
  void publish(const FromKernel& message);
  bool swallow(const FromKernel& message);
  void wait_for_rest();
  void check_done();
  void over();
  void finish_value();
  bool has_helper() const { return dialect_->known() && helper_problem_.empty(); }
  void finish(wire::Json content, std::vector<std::string> buffers);
  void complete_error(wire::Json& content, const std::string& method) const;
  wire::Json execute_content(const Request& request);
  std::string parent_of(const FromKernel& message) const;

  net::Loop& loop_;
  Client& client_;
  EngineLink& link_;
  BridgeConfig config_;
  State state_ = State::probing;
  std::string language_, version_;
  std::optional<Dialect> dialect_;
  std::string helper_problem_;
  wire::FieldParser parser_;
  std::string engine_uuid_;
  int64_t engine_id_ = -1;

  int probes_ = 0;
  bool answered_ = false, heard_ = false;
  std::string load_id_;
  net::Loop::TimerId probe_timer_ = 0;

  std::deque<Request> waiting_;
  std::optional<Request> current_;
  std::string last_id_, last_header_ = "{}";  // of the request before
  net::Loop::TimerId rest_timer_ = 0, interrupt_timer_ = 0;
};

}  // namespace ipc::jupyter
