// SPDX-License-Identifier: BSD-3-Clause
// Messages of other engines that nobody here has received yet.
#pragma once

#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/engine/request.hpp"

namespace ipc::engine {

/// One message.
struct Letter {
  int from = -1;   ///< engine; -1: a client
  std::string id;  ///< of its sender's request
  std::string tag, type;
  net::Frame body;
  RequestPtr request;   ///< its sender's, who waits for an answer; null: has it
  uint64_t reader = 0;  ///< who is reading it; 0: nobody
};

/// Which messages somebody wants: absent is any.
struct Wanted {
  std::optional<int> from;
  std::optional<std::string> tag;
};

/// In order of arrival. Passive. A sender is answered, and may send more, as long as what lies
/// here is less than `room`: one message of any size always fits.
class Letterbox {
 public:
  explicit Letterbox(size_t room = 64u << 20) : room_(room) {}

  void add(Letter letter);
  /// The first one that is wanted and not being read; null if there is none.
  Letter* find(const Wanted& wanted);
  /// What `reader` read is out of the box.
  void remove(uint64_t reader);
  /// `reader` went before it had all.
  void put_back(uint64_t reader);
  /// A sender takes a message back, unless somebody reads it or has.
  void withdraw(std::string_view id);
  /// Requests whose senders can be answered now, each once.
  std::vector<RequestPtr> accepted();
  /// Empties it but for what is being read; how many that were. Senders: accepted().
  size_t discard();
  /// Empties all of it; the requests that were not answered.
  std::vector<RequestPtr> clear();

 private:
  using Letters = std::list<Letter>;
  template <class Match>
  bool take_first(Match match);

  size_t room_;
  Letters accepted_, waiting_;        // senders of the latter have no answer yet
  size_t used_ = 0;                   // by the former
  std::vector<RequestPtr> answered_;  // that can be now
};

}  // namespace ipc::engine
