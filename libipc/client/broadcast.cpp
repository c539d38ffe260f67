// SPDX-License-Identifier: BSD-3-Clause
// One request to several engines: the controller makes the copies.
#include <algorithm>

#include "libipc/client/impl.hpp"

namespace ipc::client {

// It needs a controller that answers for engines that die, and engines that take it as it is.
bool Connection::Impl::broadcasts_to(const std::vector<const EngineInfo*>& engines) const {
  return engines.size() > 1 && file.is_ipkit() && !file.broadcast.empty() &&
         std::all_of(engines.begin(), engines.end(),
                     [](const EngineInfo* engine) { return engine->is_ipkit(); });
}

Status Connection::Impl::broadcast(const std::vector<const EngineInfo*>& engines, Request request,
                                   const ReplyHandler& handler) {
  IPC_TRY(open_channel(Channel::broadcast));
  wire::Json targets = wire::Json::array();
  for (const auto* engine : engines) targets.push_back({engine->uuid, engine->id});
  if (request.metadata.is_null()) request.metadata = wire::Json::object();
  request.metadata["is_broadcast"] = true;
  request.metadata["is_coalescing"] = false;
  request.metadata["targets"] = std::move(targets);
  const std::string id = send_message(Channel::broadcast, nullptr, std::move(request), false);
  for (const auto* engine : engines) {
    // What the controller makes of the id for each.
    pending.emplace(id + "_" + engine->uuid,
                    Pending{Channel::broadcast, engine->id, true, handler, {}});
    ++directs;
  }
  return {};
}

Status Connection::broadcast(const std::vector<int>& engines, Request request,
                             const ReplyHandler& on_reply) {
  std::vector<const EngineInfo*> infos;
  for (const int engine : engines) {
    infos.push_back(impl_->table.find(engine));
    if (infos.back() == nullptr) return no_such_engine(impl_->table, std::to_string(engine));
  }
  if (impl_->broadcasts_to(infos)) return impl_->broadcast(infos, std::move(request), on_reply);
  for (const int engine : engines) {
    Request copy{request.type,   request.content,  {},
                 request.kernel, request.directed, request.metadata};
    for (const auto& buffer : request.buffers) copy.buffers.push_back(buffer.share());
    IPC_TRY(send(engine, std::move(copy), on_reply));
  }
  return {};
}

}  // namespace ipc::client
