// SPDX-License-Identifier: BSD-3-Clause
// What comes to the supervisor from outside: signals, ended children, requests of other verbs.
#pragma once

#include <sys/types.h>

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "libipc/net/loop.hpp"
#include "libipc/util/fd.hpp"
#include "libipc/util/result.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::cluster {

/// A request over the cluster's socket; who asks waits for one line of JSON and the end.
struct Request {
  Fd peer;
  wire::Json content;

  void answer(Code code, const std::string& text);
};

/// Gathers; the supervisor takes when it has time. Blocks the signals it takes, makes the process a
/// child subreaper: what a launcher started and left is ours to wait for.
class Events {
 public:
  /// `socket_path`: where other verbs ask. Nothing else may listen there (the caller has the lock).
  Status open(const std::string& socket_path);
  /// Has `loop` watch; one loop at a time.
  void attach(net::Loop& loop);
  /// Also watches the pipe of a daemon: its parent gone counts as SIGTERM.
  void watch_parent(int pipe) { parent_pipe_ = pipe; }

  int signal() const { return signal_; }  ///< the first of INT, TERM, HUP; 0: none
  void raise(int signal) {
    if (!signal_) signal_ = signal;
  }
  /// pid and wait status of children that ended since the last call.
  std::vector<std::pair<pid_t, int>> take_ended();
  bool has_request() const { return !requests_.empty(); }
  Request take_request();

 private:
  /// Somebody whose request has not come whole yet.
  struct Caller {
    Fd peer;
    std::string text;
  };

  void read_signals();
  void accept_caller(net::Loop& loop);
  void watch(int fd, net::Loop& loop);
  void take(Caller& caller);

  Fd signals_, listener_;
  int parent_pipe_ = -1;
  int signal_ = 0;
  std::map<int, Caller> callers_;  ///< by descriptor
  std::deque<Request> requests_;
  std::vector<Fd> stops_;  ///< whoever asked for our end sees it when these close
};

/// A socket at `path`, however long that is: bound, listening and closed to others.
Result<Fd> listen_at(const std::string& path);
Result<Fd> connect_to(const std::string& path);

}  // namespace ipc::cluster
