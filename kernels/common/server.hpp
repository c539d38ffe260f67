// SPDX-License-Identifier: BSD-3-Clause
// server.hpp: what kernels in C++ have in common: requests, replies, values in pieces.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/common/frames.hpp"

namespace ipkit::kernel {

using Json = nlohmann::json;
using Buffers = std::vector<std::string>;

/// A request that cannot be served: becomes an error reply.
struct Refused {
  std::string ename;
  std::string evalue;
  Json more = Json::object();
};

/// What a request is answered with; content without "status" means ok.
struct Answer {
  Json content = Json::object();
  Buffers buffers;
};

/// A value on its way out.
struct Pulled {
  std::string type;
  std::string data;
  Json count;
};

/// Serves the requests of one engine, one after the other, for a kernel with prefetch 1. What a
/// kernel does itself are the virtual functions; each may throw Refused. Not thread safe.
class Server {
 public:
  /// The channel must outlive the server.
  explicit Server(Channel& channel) : channel_(channel) {}
  virtual ~Server() = default;
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Answers one message of the engine; hello and interrupt have no reply.
  void handle(Frames& frames);

 protected:
  virtual Answer execute(const Json& content, Buffers& buffers) = 0;
  virtual Answer map(const Json& content, Buffers& buffers) = 0;
  virtual Answer list() = 0;
  virtual void clear() = 0;
  virtual Answer kernel_info() = 0;
  /// What could stand where the cursor is, as in Jupyter.
  virtual Answer complete(const Json& content);
  /// Decodes all values, then binds all; there are as many of each.
  virtual void bind(const std::vector<std::string>& names, const Json& types, Buffers& data) = 0;
  /// Names that may not exist.
  virtual void unbind(const std::vector<std::string>& names) = 0;
  /// True if pull_value() has the form `source`.
  virtual bool has_sources() const { return false; }
  virtual Pulled pull_value(const std::string& name, const std::string& form, bool elements,
                            char sep) = 0;

  /// The code of an execute_request, which is counted, and announced unless it is silent.
  std::string begin_execute(const Json& content);
  /// Sends a message that belongs to the request.
  void tell(const char* type, const Json& content);
  /// The error as the message that others see; the reply is not sent by this.
  void tell_error(const Refused& error);
  /// Content of the reply to code that ran well.
  Json executed() const;
  int execution_count() const { return execution_count_; }

 private:
  struct Stage {
    std::string id;
    std::string data;
  };
  struct Held {
    std::string token;
    Buffers values;
  };

  Channel& channel_;
  Json engine_ = Json::object();
  std::string parent_ = "{}";
  int execution_count_ = 0;
  uint64_t tokens_ = 0;
  std::vector<Stage> stages_;  ///< oldest first
  std::vector<Held> held_;     ///< oldest first

  Answer answer(const std::string& type, const Frames& frames, Buffers& buffers);
  Answer execute_with(const Json& content, Buffers& buffers);
  Answer execute_and_pull(const Json& content, Buffers& buffers);
  Json refusal(const Refused& refused, const std::string& type) const;
  void push(const Json& content, Buffers& buffers);
  void push_names(const Json& content, Buffers& buffers);
  void push_stage(const Json& content, Buffers& buffers);
  Answer pull(const Json& content);
  void hold(Answer& reply);
  Answer pull_held(const Json& content);
};

/// The socket to the engine, out of the environment; ends the process with a message without one.
int take_descriptor();

/// A boolean key that may be absent or null; anything else is a refusal.
bool flag(const Json& content, const char* key, bool otherwise);

/// Separator of a request: newline or NUL.
char separator(const Json& content, const char* key);

/// The items of a map_request, which has as many as it says: views into its buffer.
std::vector<std::string_view> items_of(const Json& content, const Buffers& buffers);

/// JSON text; what is not UTF-8 is replaced.
std::string dump(const Json& value);

}  // namespace ipkit::kernel
