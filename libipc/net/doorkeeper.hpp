// SPDX-License-Identifier: BSD-3-Clause
// Which peers of encrypted sockets are let in, by their public keys (ZeroMQ's RFC 27).
#pragma once

#include <sys/types.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "libipc/net/actor.hpp"
#include "libipc/util/log.hpp"

namespace ipc::net {

/// Public keys of a file: the first word of each line, 40 characters; `#` begins a remark.
/// Code::bad_input "FILE:LINE: …", Code::refused if a stranger can write the file.
Result<std::set<std::string>> read_key_list(const std::string& path);

/// Answers for all sockets of a context that are CURVE servers, and lets in only who is on a list.
/// Made before such a socket listens, destroyed after the last; by one thread. The list's file is
/// read again when it changes, so that a key can be added or struck out at any time; who is in
/// already stays. While the file cannot be read, the list stays as it was.
class Doorkeeper {
 public:
  /// `always`: keys that need not be in the file.
  static Result<std::unique_ptr<Doorkeeper>> start(Context& context, std::string file,
                                                   std::vector<std::string> always);

 private:
  Doorkeeper(std::string file, std::set<std::string> keys, std::vector<std::string> always);
  int answer();
  bool is_welcome(const std::string& key);
  void read_again();

  std::string file_;
  timespec changed_{};
  off_t size_ = 0;
  std::set<std::string> keys_;
  std::vector<std::string> always_;
  log::Throttle complaints_;
  std::unique_ptr<Socket> socket_;
  std::unique_ptr<Actor> actor_;  // the last: what is above is its thread's
};

}  // namespace ipc::net
