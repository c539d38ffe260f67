// SPDX-License-Identifier: BSD-3-Clause
// A request of the engine on its way through a Jupyter kernel.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernels/jupyter/dialect.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::jupyter {

struct Request {
  std::string header, id, type;  ///< the header as it came
  std::string text;              ///< the content as it came
  std::string metadata;
  wire::Json content;
  std::vector<std::string> buffers;

  bool silent = false;       ///< the client wants neither its code nor its value shown
  bool wants_value = false;  ///< `"value": true`
  bool calls_helper = false;
  bool expects_reply = true;  ///< comm messages have none

  bool busy = false, idle = false;
  bool interrupted = false;
  std::string probe_id;             ///< asked after the interrupt
  std::string refused_input;        ///< the kernel asked for input: why there is none
  std::optional<wire::Json> reply;  ///< of the kernel
  std::vector<std::string> reply_buffers;
  std::optional<std::string> value;         ///< text/plain of what the code ended in
  std::optional<Answer> answer;             ///< of the helper
  std::optional<wire::Json> execute_reply;  ///< while the helper is asked for the value
};

}  // namespace ipc::jupyter
