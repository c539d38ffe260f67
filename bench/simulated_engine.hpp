// SPDX-License-Identifier: BSD-3-Clause
// An engine without a process of its own: its connections, and an echo kernel that answers.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/zmtp.hpp"
#include "kernels/echo/echo.hpp"
#include "libipc/util/clock.hpp"
#include "libipc/util/text.hpp"
#include "libipc/wire/codec.hpp"
#include "libipc/wire/errors.hpp"
#include "libipc/wire/header.hpp"
#include "libipc/wire/json.hpp"

namespace bench {

/// Connections of an engine to its controller, in the order in which they are made. The first five
/// at once, the leaf when the id is known, the hearts when the others stand.
enum Channel { kRegistration, kControl, kIopub, kMux, kTask, kLeaf, kPing, kPong, kChannels };
constexpr std::array<const char*, kChannels> kSocketTypes{"DEALER", "ROUTER", "XPUB", "ROUTER",
                                                          "ROUTER", "ROUTER", "SUB",  "DEALER"};

/// What the engines of one process share.
struct Desk {
  ipc::wire::Signer signer;
  ipc::wire::FieldParser parser;
  bool is_ipkit = true;  ///< the controller knows our extensions
  bool hold = false;     ///< tasks are taken and not answered
  size_t answered = 0;   ///< requests
};

/// A kernel of the contract's stream, one request at a time.
class InnerKernel {
 public:
  struct Answer {
    std::string_view head, content;
    std::vector<std::string_view> buffers;
  };

  InnerKernel() { kernel_.output.clear(); }  // its `ready`
  /// Valid until the next call. The head is empty if there was no answer.
  Answer ask(const ipc::wire::View& request) {
    kernel_.output.clear();
    std::string input;
    std::vector<std::string_view> parts{request.header, request.parent, request.metadata,
                                        request.content};
    parts.insert(parts.end(), request.buffers.begin(), request.buffers.end());
    const auto append = [&](auto number) {
      input.append(reinterpret_cast<const char*>(&number), sizeof number);
    };
    append(static_cast<std::uint32_t>(parts.size()));
    for (const auto part : parts) append(static_cast<std::uint64_t>(part.size()));
    for (const auto part : parts) input += part;
    Answer answer;
    if (!kernel_.serve(input) || kernel_.output.empty()) return answer;
    std::uint32_t count = 0;
    std::memcpy(&count, kernel_.output.data(), sizeof count);
    size_t at = sizeof count + 8 * size_t{count};
    for (size_t i = 0; i < count; ++i) {
      std::uint64_t size = 0;
      std::memcpy(&size, kernel_.output.data() + sizeof count + 8 * i, sizeof size);
      const auto part = std::string_view(kernel_.output).substr(at, size);
      if (i == 0) answer.head = part;
      if (i == 3) answer.content = part;
      if (i > 3) answer.buffers.push_back(part);
      at += size;
    }
    return answer;
  }

 private:
  ipc::echo::EchoKernel kernel_;
};

/// One engine; stays where it is, as its connections point to its name.
class SimulatedEngine {
 public:
  explicit SimulatedEngine(Desk& desk) : desk_(desk) {
    for (size_t i = 0; i < kChannels; ++i) {
      const bool is_named = i != kPing && i != kIopub;
      peers[i].describe(kSocketTypes[i], is_named ? std::string_view(session_.id()) : "");
    }
  }
  SimulatedEngine(const SimulatedEngine&) = delete;

  std::array<Peer, kChannels> peers;
  int id = -1;               ///< once the controller has given one
  std::string refusal = {};  ///< why it did not
  const std::string& uuid() const { return session_.id(); }

  /// Its connections stand, and the controller listens to its output: a heartbeat may tell.
  bool may_beat() const {
    if (id < 0 || !subscribed_ || peers[kPing].is_open()) return false;
    for (const Channel channel : {kControl, kMux, kTask, kLeaf})
      if (!peers[channel].is_up()) return false;
    return true;
  }

  /// The handshake of a connection is done.
  void came_up(size_t channel) {
    if (channel == kRegistration) ask_to_register();
    if (channel == kPing) {
      const std::string_view everything[] = {"\x01"};
      peers[kPing].send(everything);
    }
  }

  void take(size_t channel, Peer::Message& frames) {
    if (channel == kPing) {
      if (peers[kPong].is_up()) peers[kPong].send(frames);
      return;
    }
    if (channel == kIopub) {
      subscribed_ |= !frames.empty() && frames[0].starts_with('\1');
      return;
    }
    const auto message = ipc::wire::locate(frames);
    if (!message || !desk_.signer.verify(*message)) return;
    if (channel == kRegistration) return take_registration(*message);
    answer(channel, frames, *message);
  }

 private:
  using Texts = std::array<std::string_view, 5>;  // status, is_broadcast … as in kKeys

  void ask_to_register() {
    ipc::wire::Json content = {{"uuid", uuid()}};
    if (desk_.is_ipkit)
      content["ipkit"] = {{"version", IPKIT_VERSION}, {"host", "simulated"}, {"pid", ::getpid()},
                          {"language", "echo"},       {"kernel", "echo"},    {"prefetch", 32}};
    send(kRegistration, {}, session_.header("registration_request"), "{}", "{}",
         ipc::wire::dump_json(content));
  }

  void take_registration(const ipc::wire::View& message) {
    const auto content = ipc::wire::parse_json(message.content);
    if (!content || id >= 0) return;
    id = static_cast<int>(ipc::wire::int_or(*content, "id", -1));
    if (id < 0) refusal = ipc::wire::string_or(*content, "evalue", "no reason given");
  }

  void answer(size_t channel, const Peer::Message& frames, const ipc::wire::View& request) {
    const auto header = desk_.parser.header(request.header);
    if (!header) return;
    const std::string type(header->msg_type);
    if (!type.ends_with("_request") || type == "recall_request") return;  // nothing is unbegun here
    if (desk_.hold && channel == kTask && type != "cancel_request") return;
    constexpr Texts kKeys{"status", "is_broadcast", "is_coalescing", "original_msg_id", "label"};
    Texts asked{};
    desk_.parser.raw_fields(request.metadata, kKeys, asked);
    const bool tells = asked[0] != "false";
    std::string metadata = R"({"started":")" + ipc::iso8601(ipc::unix_now()) +
                           R"(","dependencies_met":true,"engine":")" + uuid() + '"';
    for (size_t i = 1; i < kKeys.size(); ++i)
      if (!asked[i].empty()) metadata.append(",\"").append(kKeys[i]).append("\":").append(asked[i]);
    if (tells) tell(request, "busy");
    ++desk_.answered;
    const std::string reply_type = ipc::wire::reply_type(type);
    const auto path = std::span(frames).first(request.identities.size());
    if (channel == kControl || type == "cancel_request") {
      send(channel, path, session_.header(reply_type), request.header,
           metadata + R"(,"status":"ok"})",
           R"({"status":"ok","withdrawn":[],"interrupted":[],"restart":false})");
    } else {
      if (!kernel_) kernel_ = std::make_unique<InnerKernel>();
      const auto reply = kernel_->ask(request);
      const bool ok = reply.head.ends_with(R"("status":"ok"})");
      send(channel, path, session_.header(reply_type), request.header,
           metadata + (ok ? R"(,"status":"ok"})" : R"(,"status":"error"})"), reply.content,
           reply.buffers);
    }
    if (tells) tell(request, "idle");
  }

  void tell(const ipc::wire::View& request, std::string_view state) {
    const std::string topic = "engine." + std::to_string(id) + ".status";
    const std::string_view path[] = {topic};
    send(kIopub, path, session_.header("status"), request.header, R"({"engine":")" + uuid() + "\"}",
         R"({"execution_state":")" + std::string(state) + "\"}");
  }

  void send(size_t channel, std::span<const std::string_view> path, std::string_view header,
            std::string_view parent, std::string_view metadata, std::string_view content,
            std::span<const std::string_view> buffers = {}) {
    Peer::Message frames(path.begin(), path.end());
    frames.insert(frames.end(),
                  {ipc::wire::kDelimiter, desk_.signer.sign(header, parent, metadata, content),
                   header, parent, metadata, content});
    frames.insert(frames.end(), buffers.begin(), buffers.end());
    peers[channel].send(frames);
  }

  Desk& desk_;
  ipc::wire::Session session_;
  bool subscribed_ = false;
  std::unique_ptr<InnerKernel> kernel_;  // from the first request on
};

}  // namespace bench
