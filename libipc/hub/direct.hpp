// SPDX-License-Identifier: BSD-3-Clause
// Direct requests on their way: to be answered by us if their engine dies.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace ipc::hub {

/// A direct request that has no reply yet.
struct DirectRequest {
  std::string client;  ///< routing identity on its channel
  std::string header;
  bool control = false;
};

/// Passive; one thread.
class DirectRequests {
 public:
  void add(std::string_view engine, std::string_view id, DirectRequest request) {
    open_[std::string(engine)].insert_or_assign(std::string(id), std::move(request));
  }
  void done(std::string_view engine, std::string_view id) {
    const auto at = open_.find(std::string(engine));
    if (at != open_.end()) at->second.erase(std::string(id));
  }
  /// All of an engine, until the next change.
  std::vector<const DirectRequest*> of(const std::string& engine) const {
    std::vector<const DirectRequest*> all;
    if (const auto at = open_.find(engine); at != open_.end())
      for (const auto& [id, request] : at->second) all.push_back(&request);
    return all;
  }
  /// Takes all of an engine that is gone.
  std::vector<DirectRequest> take(const std::string& engine) {
    std::vector<DirectRequest> taken;
    auto node = open_.extract(engine);
    if (!node.empty())
      for (auto& [id, request] : node.mapped()) taken.push_back(std::move(request));
    return taken;
  }

 private:
  std::unordered_map<std::string, std::unordered_map<std::string, DirectRequest>> open_;
};

}  // namespace ipc::hub
