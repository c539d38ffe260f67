// SPDX-License-Identifier: BSD-3-Clause
// requests.hpp: the requests the sh kernel serves.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/sh/frames.hpp"
#include "kernels/sh/shell.hpp"

namespace ipkit::shkernel {

using Json = nlohmann::json;

/// A request that cannot be served: becomes an error reply.
struct Refused {
  std::string ename;
  std::string evalue;
  Json more = Json::object();
};

/// What a request is answered with; content without "status" means ok.
struct Answer {
  Json content = Json::object();
  std::vector<std::string> buffers;
};

/// Serves the requests of one engine, one after the other. Not thread safe.
class Server {
 public:
  /// Both must outlive the server.
  Server(Channel& channel, Shell& shell);

  /// Answers one message of the engine; hello and interrupt have no reply.
  void handle(Frames& frames);

 private:
  using Buffers = std::vector<std::string>;
  using Handler = Answer (Server::*)(const Json&, Buffers&);
  struct Stage {
    std::string id;
    std::string data;
  };
  struct Held {
    std::string token;
    Buffers values;
  };
  struct Value {
    std::string type;
    std::string data;
    Json count;
  };

  Channel& channel_;
  Shell& shell_;
  Json engine_ = Json::object();
  std::string parent_ = "{}";
  int execution_count_ = 0;
  uint64_t tokens_ = 0;
  std::vector<Stage> stages_;  ///< oldest first
  std::vector<Held> held_;     ///< oldest first
  std::map<std::string, bool> initial_;

  Answer execute(const Json& content, Buffers& buffers);
  Answer push(const Json& content, Buffers& buffers);
  Answer pull(const Json& content, Buffers& buffers);
  Answer map(const Json& content, Buffers& buffers);
  Answer list(const Json& content, Buffers& buffers);
  Answer clear(const Json& content, Buffers& buffers);
  Answer kernel_info(const Json& content, Buffers& buffers);

  void push_names(const Json& content, Buffers& buffers);
  void push_stage(const Json& content, Buffers& buffers);
  Answer pull_held(const Json& content);
  Value pull_value(const std::string& name, const std::string& form, bool elements, char sep);
  Answer run_items(size_t count);
  Json names();

  Answer answer(const std::string& type, const Frames& frames, Buffers& buffers);
  Json refusal(const Refused& refused, const std::string& type) const;
};

/// The error fields for a command that ended so; `status` must not be 0.
Refused exit_error(const Ended& ended);

}  // namespace ipkit::shkernel
