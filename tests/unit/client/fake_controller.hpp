// SPDX-License-Identifier: BSD-3-Clause
// A controller and its engines in a thread, answering as a test says.
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "libipc/client/connection.hpp"
#include "libipc/net/actor.hpp"
#include "libipc/util/file.hpp"
#include "libipc/util/process.hpp"
#include "libipc/util/text.hpp"
#include "libipc/wire/header.hpp"

namespace ipc::client {

/// One request as the fake sees it, with the means to answer.
struct FakeRequest {
  std::string channel, identity, engine_uuid, id, type;
  wire::Json content, metadata;
  std::vector<std::string> buffers;
  /// Sends a message of any type back; may be called several times.
  std::function<void(const std::string& type, const wire::Json& content,
                     const std::vector<std::string>& buffers)>
      answer;
  /// Publishes a message of any type, as the engine does.
  std::function<void(const std::string& type, const std::string& content)> publish;
  void reply(const wire::Json& what, const std::vector<std::string>& data = {}) const {
    answer(type.substr(0, type.rfind("_request")) + "_reply", what, data);
  }
};

class FakeController {
 public:
  using Handler = std::function<void(const FakeRequest&)>;

  /// `engines` of them; `handler` gets what is not a connection_request, in the fake's thread.
  FakeController(int engines, Handler handler, bool is_ipkit = true)
      : engines_(engines), handler_(std::move(handler)), is_ipkit_(is_ipkit) {
    char name[] = "/tmp/ipkit-fake-XXXXXX";
    directory_ = ::mkdtemp(name);
    actor_ = std::make_unique<net::Actor>([this](net::Loop& loop) { start(loop); },
                                          [this] { sockets_.clear(), context_.reset(); });
  }
  ~FakeController() {
    actor_.reset();
    ::unlink(path().c_str());
    ::rmdir(directory_.c_str());
  }

  std::string path() const { return directory_ + "/ipcontroller-client.json"; }
  net::Connection& file() { return file_; }
  void write_file() const { (void)write_file_atomically(path(), net::to_json(file_, false)); }
  /// All its sockets are closed: as if it had died, though its process lives.
  void vanish() { actor_.reset(); }
  Options options() const {
    Options options;
    options.path = path();
    return options;
  }
  /// Identities a client showed, by channel.
  std::map<std::string, std::string> identities() {
    std::lock_guard lock(mutex_);
    return identities_;
  }
  static std::string uuid(int engine) { return "engine-" + std::to_string(engine); }

 private:
  void start(net::Loop& loop) {
    context_ = std::make_unique<net::Context>();
    file_.key = "0123abcd";
    file_.task_scheme = "leastload";
    file_.location = host_name();
    if (is_ipkit_)
      file_.controller = {"0.1.0", host_name(), "2026-11-20T09:12:00Z",         boot_id(),
                          "u",     ::getpid(),  process_start_ticks(::getpid())};
    signer_ = std::make_unique<wire::Signer>(*file_.signer());
    for (const std::string name : {"registration", "mux", "control", "task", "iopub"}) {
      const auto type = name == "iopub" ? net::SocketType::pub : net::SocketType::router;
      auto& socket = sockets_.emplace(name, net::Socket(*context_, type)).first->second;
      const std::string endpoint = *socket.bind("tcp://127.0.0.1:*");
      file_.ports[name] = std::stoi(endpoint.substr(endpoint.rfind(':') + 1));
      if (name == "iopub") continue;
      loop.on_input(socket, [this, name] { return drain(name); });
    }
    write_file();
  }

  int drain(const std::string& name) {
    net::Incoming incoming;
    int taken = 0;
    for (bool located = false; incoming.receive(sockets_.at(name), located); ++taken)
      if (located && signer_->verify(incoming.view)) take(name, incoming);
    return taken;
  }

  void take(const std::string& name, const net::Incoming& incoming) {
    FakeRequest request;
    request.channel = name;
    request.identity = incoming.view.identities.front();
    if (incoming.view.identities.size() > 1) request.engine_uuid = incoming.view.identities[1];
    const auto header = wire::parse_json(incoming.view.header);
    request.id = wire::string_or(*header, "msg_id");
    request.type = wire::string_or(*header, "msg_type");
    request.content = *wire::parse_json(incoming.view.content);
    request.metadata = *wire::parse_json(incoming.view.metadata);
    for (const auto buffer : incoming.view.buffers) request.buffers.emplace_back(buffer);
    const std::string parent(incoming.view.header), from = request.engine_uuid,
                                                    to = request.identity;
    request.answer = [this, name, parent, from, to](const std::string& type,
                                                    const wire::Json& content,
                                                    const std::vector<std::string>& buffers) {
      send(name, parent, from, to, type, content, buffers);
    };
    request.publish = [this, parent](const std::string& type, const std::string& content) {
      net::Outgoing message;
      message.header = session_.header(type);
      message.parent = parent;
      message.content = content;
      const std::string_view topic = "engine.1.any";
      sockets_.at("iopub").send(net::encode(*signer_, std::span(&topic, 1), std::move(message)));
    };
    {
      std::lock_guard lock(mutex_);
      identities_[name] = request.identity;
    }
    if (request.type == "connection_request")
      request.reply(registry());
    else
      handler_(request);
  }

  wire::Json registry() const {
    wire::Json content = {{"status", "ok"}, {"engines", wire::Json::object()}};
    wire::Json facts = wire::Json::object();
    for (int i = 0; i < engines_; ++i) {
      content["engines"][std::to_string(i)] = uuid(i);
      facts[std::to_string(i)] = {{"version", "0.1.0"},
                                  {"host", "n1"},
                                  {"pid", 100 + i},
                                  {"language", "python"},
                                  {"prefetch", 8}};
    }
    if (is_ipkit_)
      content["ipkit"] = {{"version", "0.1.0"}, {"engines", facts}, {"gone", wire::Json::array()}};
    return content;
  }

  void send(const std::string& name, const std::string& parent, const std::string& from,
            const std::string& to, const std::string& type, const wire::Json& content,
            const std::vector<std::string>& buffers) {
    net::Outgoing message;
    message.header = session_.header(type);
    message.parent = parent;
    message.content = wire::dump_json(content);
    for (const auto& buffer : buffers) message.buffers.emplace_back(buffer);
    std::vector<std::string_view> identities{to};
    if (!from.empty()) identities.push_back(from);
    sockets_.at(name).send(net::encode(*signer_, identities, std::move(message)));
  }

  int engines_;
  Handler handler_;
  bool is_ipkit_;
  std::string directory_;
  net::Connection file_;
  std::unique_ptr<net::Context> context_;
  std::unique_ptr<wire::Signer> signer_;
  wire::Session session_;
  std::map<std::string, net::Socket> sockets_;
  std::mutex mutex_;
  std::map<std::string, std::string> identities_;
  std::unique_ptr<net::Actor> actor_;
};

/// A time by which every wait of a test has ended.
inline TimePoint soon() {
  return Clock::now() + seconds(20);
}

}  // namespace ipc::client
