// SPDX-License-Identifier: BSD-3-Clause
// A Jupyter client: the five sockets to one kernel.
#include "kernels/jupyter/client.hpp"

#include <array>

namespace ipc::jupyter {

using net::SocketType;

Client::Client(net::Context& context, net::Loop& loop, const Endpoints& endpoints,
               Handlers handlers)
    : loop_(loop),
      endpoints_(endpoints),
      handlers_(std::move(handlers)),
      shell_(context, SocketType::dealer),
      control_(context, SocketType::dealer),
      stdin_(context, SocketType::dealer),
      iopub_(context, SocketType::sub),
      heart_(context, SocketType::dealer),
      events_(context, SocketType::pair) {}

net::Socket& Client::socket(Channel channel) {
  switch (channel) {
    case Channel::control:
      return control_;
    case Channel::input:
      return stdin_;
    case Channel::iopub:
      return iopub_;
    default:
      return shell_;
  }
}

Status Client::connect() {
  IPC_TRY_ASSIGN(signer_, wire::Signer::create(endpoints_.scheme, endpoints_.key));
  // Questions for input go to the identity that asked on shell.
  for (auto* one : {&shell_, &control_, &stdin_}) one->set_identity(session_.id());
  for (auto* one : {&shell_, &control_, &stdin_, &iopub_, &heart_})
    one->set_linger(milliseconds(0));
  iopub_.subscribe("");
  IPC_TRY(heart_.monitor("inproc://kernel-heart"));
  IPC_TRY(events_.connect("inproc://kernel-heart"));
  const std::array<std::pair<net::Socket*, const char*>, 5> all = {{{&iopub_, "iopub"},
                                                                    {&shell_, "shell"},
                                                                    {&control_, "control"},
                                                                    {&stdin_, "stdin"},
                                                                    {&heart_, "hb"}}};
  for (const auto& [one, name] : all) IPC_TRY(one->connect(endpoints_.address(name)));
  for (const Channel channel : {Channel::iopub, Channel::shell, Channel::control, Channel::input})
    loop_.on_input(socket(channel), [this, channel] { return take(channel); });
  loop_.on_input(heart_, [this] {
    int count = 0;
    for (net::Frames frames; heart_.receive(frames); ++count) handlers_.heartbeat();
    return count;
  });
  loop_.on_input(events_, [this] {
    int count = 0;
    for (bool any = true; any; ++count)
      if (net::next_event(events_, any) == net::ConnectionEvent::disconnected && any)
        handlers_.lost();
    return count;
  });
  return {};
}

int Client::take(Channel channel) {
  int count = 0;
  bool located = false;
  while (count < net::kDrainLimit && incoming_.receive(socket(channel), located)) {
    ++count;
    // Others can connect to a kernel's ports: what is not signed is not from it.
    if (located && signer_->verify(incoming_.view)) deliver(channel);
  }
  return count;
}

void Client::deliver(Channel channel) {
  const auto header = headers_.header(incoming_.view.header);
  if (!header) return;
  handlers_.message(
      {channel, header->msg_type, parents_.field(incoming_.view.parent, "msg_id"), incoming_.view});
}

void Client::send(Channel channel, std::string header, std::string content,
                  const std::vector<std::string>& buffers, std::string metadata) {
  net::Outgoing message;
  message.header = std::move(header);
  message.content = std::move(content);
  message.metadata = std::move(metadata);
  for (const auto& buffer : buffers) message.buffers.emplace_back(std::string_view(buffer));
  socket(channel).send(net::encode(*signer_, {}, std::move(message)));
}

std::string Client::ask(Channel channel, std::string_view type, std::string content) {
  std::string id = session_.next_id();
  send(channel, session_.header(type, id), std::move(content));
  return id;
}

void Client::ping() {
  const std::array<std::string_view, 2> frames = {"", "ping"};
  heart_.send(frames);
}

}  // namespace ipc::jupyter
