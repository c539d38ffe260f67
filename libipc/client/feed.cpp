// SPDX-License-Identifier: BSD-3-Clause
// What engines publish for everybody: output, and what they are at.
#include "libipc/client/feed.hpp"

#include <charconv>
#include <cstdint>
#include <utility>

#include "libipc/util/text.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::client {
namespace {

// The id in a topic, `engine.3.stdout`.
int engine_of(const net::Incoming& message) {
  constexpr std::string_view kPrefix = "engine.";
  const auto& identities = message.view.identities;
  if (identities.empty() || !identities.front().starts_with(kPrefix)) return -1;
  const std::string_view rest = identities.front().substr(kPrefix.size());
  int id = -1;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), id);
  return error == std::errc() && end != rest.data() + rest.size() && *end == '.' ? id : -1;
}

// Bytes of no character as characters of the same numbers, and back.
std::string widen(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text += c;
    } else {
      text += static_cast<char>(0xc0 | byte >> 6);
      text += static_cast<char>(0x80 | (byte & 0x3f));
    }
  }
  return text;
}

std::string narrow(std::string_view text) {
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte == 0xc2 || byte == 0xc3) && i + 1 < text.size())
      bytes += static_cast<char>((byte & 3) << 6 | (static_cast<unsigned char>(text[++i]) & 0x3f));
    else
      bytes += text[i];
  }
  return bytes;
}

std::string text_in(std::string_view content) {
  const auto json = wire::parse_json(content);
  return json ? wire::string_or(*json, "text") : "";
}

}  // namespace

std::string stream_text(std::string_view content) {
  // Python's undecodable bytes are in it as they are.
  return is_utf8(content) ? text_in(content) : narrow(text_in(widen(content)));
}

Feed::Feed(net::Context& context, net::Loop& loop, wire::Signer signer)
    : context_(context), loop_(loop), signer_(std::move(signer)) {}

Feed::~Feed() {
  if (!socket_) return;
  stop_watching();
  loop_.remove(*socket_);
}

Status Feed::open(const net::Connection& file, const net::Curve* curve, Handler handler,
                  std::function<void()> on_connected) {
  if (socket_) return {};
  handler_ = std::move(handler);
  on_connected_ = std::move(on_connected);
  socket_.emplace(context_, net::SocketType::sub);
  if (curve != nullptr) socket_->set_curve(*curve);
  socket_->subscribe("");
  const std::string events = "inproc://feed-" + std::to_string(reinterpret_cast<uintptr_t>(this));
  monitor_.emplace(context_, net::SocketType::pair);
  IPC_TRY(socket_->monitor(events));
  IPC_TRY(monitor_->connect(events));
  watching_ = true;
  loop_.on_input(*monitor_, [this] { return watch(); });
  loop_.on_input(*socket_, [this] { return drain(); });
  return socket_->connect(file.endpoint("iopub"));
}

// The subscription is the first thing that is sent once the connection stands.
int Feed::watch() {
  int taken = 0;
  bool connected = false;
  for (bool any = true; any;) {
    if (net::next_event(*monitor_, any) == net::ConnectionEvent::connected) connected = true;
    if (any) ++taken;
  }
  if (!connected) return taken;
  stop_watching();
  if (const auto tell = std::exchange(on_connected_, {})) tell();
  return taken;
}

void Feed::stop_watching() {
  if (!std::exchange(watching_, false)) return;
  loop_.remove(*monitor_);
  socket_->stop_monitor();
}

int Feed::drain() {
  int taken = 0;
  for (bool located = false; taken < net::kDrainLimit; ++taken) {
    if (!incoming_.receive(*socket_, located)) break;
    if (located && signer_.verify(incoming_.view)) take();
  }
  return taken;
}

void Feed::take() {
  const auto parent = parser_.header(incoming_.view.parent);
  const auto header = type_parser_.header(incoming_.view.header);
  if (parent && header) handler_(parent->msg_id, header->msg_type, engine_of(incoming_), incoming_);
}

}  // namespace ipc::client
