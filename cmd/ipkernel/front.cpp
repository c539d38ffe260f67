// SPDX-License-Identifier: BSD-3-Clause
// The five sockets that Jupyter's front ends connect to.
#include "cmd/ipkernel/front.hpp"

#include <array>

#include "libipc/net/send_limit.hpp"

namespace ipkernel {

using ipc::Code;
using ipc::Error;
using ipc::Status;
using ipc::net::Socket;
using ipc::net::SocketType;
using ipc::wire::Json;

namespace {

constexpr int64_t kLargestFrame = int64_t{1} << 28;
// Messages kept for a front end that does not read; later ones are lost to it.
constexpr int kMostUnread = 10000;
constexpr ipc::milliseconds kLastWords{1000};

}  // namespace

Front::Front(std::function<void(Asked&&)> on_message)
    : on_message_(std::move(on_message)),
      shell_(context_, SocketType::router),
      control_(context_, SocketType::router),
      stdin_(context_, SocketType::router),
      iopub_(context_, SocketType::pub),
      heart_(context_, SocketType::router) {}

Front::~Front() {
  detach();
}

Socket& Front::socket(Channel channel) {
  return channel == Channel::shell ? shell_ : channel == Channel::control ? control_ : stdin_;
}

Status Front::bind(ipc::net::KernelEndpoints& endpoints) {
  auto signer = ipc::wire::Signer::create(endpoints.scheme, endpoints.key);
  if (!signer) return Error{Code::bad_input, signer.error().what, ""};
  if (!signer->enabled())
    return Error{Code::bad_input, "the connection file has no key: anybody could send code",
                 "let Jupyter write it anew"};
  signer_ = *std::move(signer);
  const std::array<std::pair<Socket*, const char*>, 5> all = {{{&shell_, "shell"},
                                                               {&iopub_, "iopub"},
                                                               {&stdin_, "stdin"},
                                                               {&control_, "control"},
                                                               {&heart_, "hb"}}};
  ipc::net::set_send_limit(iopub_, kMostUnread);
  for (const auto& [one, name] : all) {
    one->set_linger(kLastWords);
    one->set_max_message_size(kLargestFrame);
    int& port = endpoints.ports[name];
    const bool files = endpoints.transport == "ipc";
    IPC_TRY_ASSIGN(const std::string bound,
                   one->bind(endpoints.transport + "://" + endpoints.ip + (files ? "-" : ":") +
                             (port == 0 ? "*" : std::to_string(port))));
    if (port == 0) port = std::stoi(bound.substr(bound.rfind(':') + 1));
  }
  return {};
}

void Front::attach(ipc::net::Loop& loop) {
  if (loop_ == &loop) return;
  detach();
  loop_ = &loop;
  for (const Channel channel : {Channel::control, Channel::shell, Channel::input})
    loop.on_input(socket(channel), [this, channel] { return take(channel); });
  loop.on_input(heart_, [this] { return beat(); });
}

void Front::detach() {
  if (loop_ == nullptr) return;
  for (auto* one : {&shell_, &control_, &stdin_, &heart_}) loop_->remove(*one);
  loop_ = nullptr;
}

void Front::drain() {
  for (const Channel channel : {Channel::control, Channel::shell, Channel::input})
    (void)take(channel);
}

int Front::beat() {
  int count = 0;
  for (ipc::net::Frames frames; heart_.receive(frames); ++count) heart_.send(frames);
  return count;
}

int Front::take(Channel channel) {
  int count = 0;
  for (bool located = false; count < ipc::net::kDrainLimit; ++count) {
    if (!incoming_.receive(socket(channel), located)) break;
    // Others can connect to these ports: what is not signed, or comes again, is from nobody.
    if (!located || !signer_->verify(incoming_.view) || !seen_.add(incoming_.view.signature))
      continue;
    const auto& view = incoming_.view;
    const auto header = parser_.header(view.header);
    auto content = ipc::wire::parse_json(view.content);
    if (!header || !content || !content->is_object()) continue;
    Asked asked;
    asked.channel = channel;
    for (const auto identity : view.identities) asked.identities.emplace_back(identity);
    asked.header = view.header;
    asked.id = header->msg_id;
    asked.type = header->msg_type;
    asked.content = *std::move(content);
    on_message_(std::move(asked));
  }
  return count;
}

void Front::send(Socket& to, const std::vector<std::string>& identities, std::string_view parent,
                 std::string_view type, const Json& content, std::vector<ipc::net::Frame> buffers) {
  ipc::net::Outgoing message;
  message.header = session_.header(type);
  if (!parent.empty()) message.parent = parent;
  message.content = ipc::wire::dump_json(content);
  message.buffers = std::move(buffers);
  const std::vector<std::string_view> way(identities.begin(), identities.end());
  to.send(ipc::net::encode(*signer_, way, std::move(message)));
}

void Front::reply(const Asked& to, std::string_view type, const Json& content) {
  send(socket(to.channel), to.identities, to.header, type, content, {});
}

void Front::publish(std::string_view parent, std::string_view type, const Json& content,
                    std::vector<ipc::net::Frame> buffers) {
  send(iopub_, {"kernel." + session_.id() + "." + std::string(type)}, parent, type, content,
       std::move(buffers));
}

void Front::ask(const Asked& of, const Json& content) {
  send(stdin_, of.identities, of.header, "input_request", content, {});
}

}  // namespace ipkernel
