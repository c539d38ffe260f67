// SPDX-License-Identifier: BSD-3-Clause
// Between an engine and the cluster that is its kernel: requests down, replies and output up.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kernels/jupyter/link.hpp"
#include "libipc/client/connection.hpp"
#include "libipc/util/fd.hpp"
#include "libipc/wire/header.hpp"

namespace ipc::cluster {

/// Serves an engine at the stream socket `fd` until it goes; `word` is cluster:PROFILE or
/// cluster:PROFILE/ID. An error: there is no such cluster, or it is gone.
Status run(int fd, const std::string& word);

/// A kernel of the contract whose requests a cluster runs. Tasks of the engine's scheduler and maps
/// go to whichever engine is free, as many at a time as there are engines; what was sent to the
/// engine by its number goes to all of them, and questions to the first. One thread, that of the
/// connection's loop.
class Bridge {
 public:
  /// `name`: of the cluster, for people.
  Bridge(int fd, std::unique_ptr<client::Connection> connection, std::string name);
  /// Until the engine goes or the cluster does.
  Status run();

 private:
  /// A request of the engine's that is under way.
  struct Work {
    std::string header;  // the bytes it came with
    std::string type;    // without _request
    bool to_all = false;
    std::vector<std::string> ids = {};         // of our requests
    std::size_t open = 0;                      // that many of them have no reply yet
    std::optional<client::Reply> answer = {};  // the one to pass on, of those that came
  };
  using Works = std::unordered_map<std::string, Work>;  // by msg_id

  // its life
  Status watch_signals();
  Status wait_for_engines();
  Status look_at_engines();
  void ready();
  void leave();

  // requests
  void from_engine(const engine::KernelMessage& message);
  void take(const engine::KernelMessage& message, const std::string& id, std::string_view type);
  void submit(const std::string& id, client::Request request);
  void send(const std::string& id, const std::vector<int>& engines, client::Request request);
  void note(const std::string& id, const std::string& own);
  void interrupt(const std::string& id);

  // replies
  void take_reply(const std::string& id, client::Reply&& reply);
  void finish(Works::iterator at);
  void refuse(const std::string& header, const std::string& type, const std::string& ename,
              const std::string& evalue);
  std::string error_content(const client::Reply& reply, const std::string& type) const;
  void note_failed_items(std::string& content, int engine) const;
  std::string place(int engine) const;
  void output(const client::Output& output);

  std::unique_ptr<client::Connection> connection_;
  const std::string name_;
  jupyter::EngineLink link_;
  Fd signals_;
  wire::FieldParser parser_;
  std::string engine_uuid_;  // of the engine whose kernel this is
  int64_t engine_id_ = -1;
  std::vector<int> engines_;  // of the cluster, sorted
  std::size_t slots_ = 0;
  bool is_ready_ = false, leaving_ = false, look_due_ = false;
  Works works_;
  std::unordered_map<std::string, std::string> owners_;  // ids of our requests → msg_id
};

}  // namespace ipc::cluster
