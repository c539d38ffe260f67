// SPDX-License-Identifier: BSD-3-Clause
// Broadcasts under way: who was asked, who answered, and the one reply of a coalescing broadcast.
#include "libipc/sched/broadcast.hpp"

#include <algorithm>
#include <iterator>

namespace ipc::sched {

using wire::Json;

std::optional<BroadcastRequest> read_broadcast(std::string_view msg_id, std::string_view metadata,
                                               std::size_t leaves) {
  auto json = wire::parse_json(metadata, 32);
  if (!json || !json->is_object()) return {};
  const auto targets = json->find("targets");
  if (targets == json->end() || !targets->is_array()) return {};
  BroadcastRequest request;
  for (const auto& pair : *targets) {
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() ||
        !pair[1].is_number_integer())
      return {};
    BroadcastTarget target{pair[0].get<std::string>(), pair[1].get<long long>(), 0};
    if (target.id < 0) return {};
    target.leaf = static_cast<std::size_t>(target.id) % leaves;
    request.targets.push_back(std::move(target));
  }
  std::stable_sort(request.targets.begin(), request.targets.end(),
                   [](const auto& a, const auto& b) { return a.leaf < b.leaf; });
  request.coalescing = wire::bool_or(*json, "is_coalescing", false);
  if (!json->contains("original_msg_id")) (*json)["original_msg_id"] = std::string(msg_id);
  request.original_id = wire::string_or(*json, "original_msg_id", std::string(msg_id));
  request.metadata = *std::move(json);
  return request;
}

void Broadcasts::add(Open broadcast) {
  broadcast.missing = broadcast.targets.size();
  broadcast.answered.assign(broadcast.missing, false);
  if (broadcast.coalescing) broadcast.buffers.resize(broadcast.missing);
  auto key = broadcast.original_id;
  open_.insert_or_assign(std::move(key), std::move(broadcast));
}

Broadcasts::Open* Broadcasts::get(const std::string& original_id) {
  const auto found = open_.find(original_id);
  return found == open_.end() ? nullptr : &found->second;
}

Broadcasts::Open* Broadcasts::find(std::string_view id, std::string_view uuid, std::size_t& place) {
  if (id.size() <= uuid.size() + 1 || !id.ends_with(uuid)) return nullptr;
  Open* broadcast = get(std::string(id.substr(0, id.size() - uuid.size() - 1)));
  if (broadcast == nullptr) return nullptr;
  const auto& targets = broadcast->targets;
  const auto at = std::find_if(targets.begin(), targets.end(),
                               [&](const auto& target) { return target.uuid == uuid; });
  if (at == targets.end()) return nullptr;
  place = static_cast<std::size_t>(at - targets.begin());
  return broadcast->answered[place] ? nullptr : broadcast;
}

bool Broadcasts::answer(Open& broadcast, std::size_t place, BroadcastReply&& reply, bool ok) {
  broadcast.answered[place] = true;
  if (broadcast.coalescing) {
    broadcast.buffers[place] = std::move(reply.buffers);
    // An error must not be hidden by a later success: results would be missing without a word.
    if (!ok || !broadcast.failed) broadcast.last = std::move(reply);
    broadcast.failed = broadcast.failed || !ok;
  }
  return --broadcast.missing == 0;
}

std::vector<std::string> Broadcasts::waiting_for(std::string_view uuid) const {
  std::vector<std::string> ids;
  for (const auto& [id, broadcast] : open_)
    for (std::size_t i = 0; i < broadcast.targets.size(); ++i)
      if (!broadcast.answered[i] && broadcast.targets[i].uuid == uuid) ids.push_back(id);
  return ids;
}

BroadcastReply Broadcasts::coalesce(Open& broadcast) {
  BroadcastReply reply = std::move(broadcast.last);
  auto metadata = wire::parse_json(reply.metadata);
  Json fields = metadata && metadata->is_object() ? *std::move(metadata) : Json::object();
  Json targets = Json::array();
  for (const auto& target : broadcast.targets) targets.push_back({target.uuid, target.id});
  fields["broadcast_targets"] = std::move(targets);
  fields["is_broadcast"] = fields["is_coalescing"] = true;
  fields["original_msg_id"] = broadcast.original_id;
  reply.metadata = wire::dump_json(fields);
  reply.buffers.clear();
  for (auto& buffers : broadcast.buffers)
    std::move(buffers.begin(), buffers.end(), std::back_inserter(reply.buffers));
  return reply;
}

}  // namespace ipc::sched
