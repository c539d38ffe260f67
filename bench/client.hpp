// SPDX-License-Identifier: BSD-3-Clause
// What the measuring clients share: a connection to a controller, questions to its hub, answers
// that were checked.
#pragma once

#include <zmq.h>

#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "bench/samples.hpp"
#include "libipc/net/connection.hpp"
#include "libipc/net/message.hpp"
#include "libipc/wire/header.hpp"
#include "libipc/wire/json.hpp"

namespace bench {

inline constexpr int kPatienceMs = 10000;

/// Ends the measurement: what is measured does not work.
[[noreturn]] inline void give_up(const std::string& why) {
  throw std::runtime_error(why);
}

template <class T>
T need(ipc::Result<T> result) {
  if (!result) give_up(result.error().text());
  return std::move(*result);
}

/// Who asks a controller. Everything throws where the other side does not do what it should.
class Client {
 public:
  using Json = ipc::wire::Json;

  Client(ipc::net::Context& context, const std::string& file)
      : connection_(need(ipc::net::read_connection(file))),
        signer_(need(connection_.signer())),
        query_(context, ipc::net::SocketType::dealer) {
    connect(query_, connection_.endpoint("registration"));
  }

  const ipc::net::Connection& connection() const { return connection_; }
  ipc::wire::Session& session() { return session_; }
  ipc::wire::FieldParser& parser() { return parser_; }

  /// A socket of ours, with our key if the controller wants one.
  void connect(ipc::net::Socket& socket, const std::string& endpoint) {
    if (!connection_.curve_server_key.empty()) socket.set_curve(connection_.peer_keys());
    if (auto done = socket.connect(endpoint); !done) give_up(done.error().text());
  }

  void send(ipc::net::Socket& socket, std::span<const std::string_view> identities,
            ipc::net::Outgoing&& message) {
    if (socket.send(ipc::net::encode(signer_, identities, std::move(message))) !=
        ipc::net::SendStatus::sent)
      give_up("cannot send a request");
  }

  static bool wait_input(ipc::net::Socket& socket) {
    zmq_pollitem_t item{socket.raw(), 0, ZMQ_POLLIN, 0};
    return zmq_poll(&item, 1, kPatienceMs) > 0;
  }

  /// The next message if one is there; its form and signature are right.
  bool receive(ipc::net::Socket& socket, ipc::net::Incoming& message) {
    bool located = false;
    if (!message.receive(socket, located)) return false;
    if (!located) give_up("an answer that is not a message");
    if (!signer_.verify(message.view)) give_up("an answer with a wrong signature");
    return true;
  }

  /// The same, waited for.
  void await(ipc::net::Socket& socket, ipc::net::Incoming& message) {
    if (!wait_input(socket) || !receive(socket, message)) give_up("no answer within 10 s");
  }

  /// What the hub answers; its status is ok.
  Json ask(std::string_view type, std::string content = "{}") {
    ipc::net::Outgoing request;
    request.header = session_.header(type);
    request.content = std::move(content);
    send(query_, {}, std::move(request));
    ipc::net::Incoming answer;
    await(query_, answer);
    Json json = need(ipc::wire::parse_json(answer.view.content));
    if (ipc::wire::string_or(json, "status") != "ok") give_up("the hub: " + json.dump());
    return json;
  }

  /// Engines by id: their uuids.
  std::map<long, std::string> engines() {
    std::map<long, std::string> found;
    const Json answer = ask("connection_request");
    for (const auto& [id, uuid] : answer.at("engines").items())
      found[std::strtol(id.c_str(), nullptr, 10)] = uuid;
    return found;
  }

 private:
  ipc::net::Connection connection_;
  ipc::wire::Signer signer_;
  ipc::wire::Session session_;
  ipc::wire::FieldParser parser_;
  ipc::net::Socket query_;
};

}  // namespace bench
