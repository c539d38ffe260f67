// SPDX-License-Identifier: BSD-3-Clause
// One request to several engines: the controller makes the copies.
#include <algorithm>

#include "libipc/client/impl.hpp"

namespace ipc::client {

Request copy_of(const Request& request) {
  Request copy{request.type,   request.content,  {},
               request.kernel, request.directed, request.metadata};
  for (const auto& buffer : request.buffers) copy.buffers.push_back(buffer.share());
  return copy;
}

// Without anybody's asking for it: with a controller that answers for engines that die, and engines
// that take the request as it is. One by one they can be sent again to the next controller.
bool Connection::Impl::broadcasts_to(const std::vector<int>& engines) const {
  return engines.size() > 1 && !durable && file.is_ipkit() && !file.broadcast.empty() &&
         std::all_of(engines.begin(), engines.end(), [this](int id) {
           const EngineInfo* engine = table.find(id);
           return engine != nullptr && engine->is_ipkit();
         });
}

// All of one kind. Each of them gets it, and answers it, under an id of its own, which the
// controller makes of the message's and the engine's.
void Connection::Impl::spread(const std::vector<const EngineInfo*>& engines, Request request,
                              const ReplyHandler& handler, const std::string& wrapped) {
  const bool to_guests = !engines.front()->is_ipkit();
  const bool shown = to_guests && request.directed;
  wire::Json targets = wire::Json::array();
  for (const auto* engine : engines) targets.push_back({engine->uuid, engine->id});
  if (to_guests) request.kernel.clear();
  if (request.metadata.is_null()) request.metadata = wire::Json::object();
  request.metadata["is_broadcast"] = true;
  request.metadata["is_coalescing"] = false;
  request.metadata["targets"] = std::move(targets);
  const std::string id = send_message(Channel::broadcast, nullptr, std::move(request), shown);
  for (const auto* engine : engines) {
    std::optional<GuestRequest> as_guest;
    if (to_guests) {
      as_guest.emplace();
      as_guest->shown = shown;
      as_guest->wrapped = wrapped;
    }
    pending.emplace(id + "_" + engine->uuid,
                    Pending{Channel::broadcast, engine->id, true, handler, std::move(as_guest)});
    ++directs;
  }
}

Status Connection::Impl::broadcast(const std::vector<int>& engines, Request request,
                                   const ReplyHandler& handler) {
  IPC_TRY(open_channel(Channel::broadcast));
  std::vector<const EngineInfo*> ours, guests;
  for (const int id : engines) {
    const EngineInfo* engine = table.find(id);
    if (engine == nullptr) return no_such_engine(table, std::to_string(id));
    (engine->is_ipkit() ? ours : guests).push_back(engine);
  }
  if (!guests.empty()) {
    Request theirs = copy_of(request);
    const std::string wrapped = Guest::serves(request) ? "" : request.type;
    if (!wrapped.empty()) theirs = guest->wrap(request, {!handler, true});
    if (!file.is_ipkit()) watch_for_deaths();
    spread(guests, std::move(theirs), handler, wrapped);
  }
  if (!ours.empty()) spread(ours, std::move(request), handler, "");
  return {};
}

Status Connection::broadcast(const std::vector<int>& engines, Request request,
                             const ReplyHandler& on_reply) {
  if (impl_->broadcasts_to(engines)) return impl_->broadcast(engines, std::move(request), on_reply);
  for (const int engine : engines) IPC_TRY(send(engine, copy_of(request), on_reply));
  return {};
}

Status Connection::send_to_all(const std::vector<int>& engines, Request request,
                               const ReplyHandler& on_reply) {
  if (impl_->options.broadcast && !engines.empty())
    return impl_->broadcast(engines, std::move(request), on_reply);
  for (const int engine : engines) IPC_TRY(send(engine, copy_of(request), on_reply));
  return {};
}

bool Connection::broadcasts() const {
  return impl_->options.broadcast;
}

}  // namespace ipc::client
