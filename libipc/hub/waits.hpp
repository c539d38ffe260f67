// SPDX-License-Identifier: BSD-3-Clause
// Clients that wait for tasks, engines, or tasks without engines.
#pragma once

#include <list>
#include <string>
#include <unordered_map>
#include <vector>

#include "libipc/hub/accounts.hpp"

namespace ipc::hub {

/// The wait_request extension, without sockets. Bounded: of more than 4096 waiting requests the
/// oldest is forgotten. One thread.
class Waits {
 public:
  struct Wait {
    std::string client, header;    ///< where the answer goes
    std::vector<std::string> ids;  ///< tasks; empty: one of the numbers below
    bool until_known = false;      ///< all have been seen, instead of one is finished
    long long engines = -1;        ///< so many are registered
    long long unassigned = -1;     ///< so many tasks are at no engine
    int patience = 4;              ///< so many looks an unknown id may still appear
  };

  /// True if it can be answered now; otherwise it is kept.
  bool add(Wait wait, const Accounts& accounts, std::size_t engines);
  /// Something changed: takes those that can be answered now.
  std::vector<Wait> ready(const Accounts& accounts, std::size_t engines);
  /// Notes that a task was seen or ended; cheap when nobody waits.
  void touched() { touched_ = !waits_.empty(); }
  bool is_touched() const { return touched_; }
  /// True while an unknown id may still appear.
  bool is_patient() const;
  /// One look without it. The caller looks at intervals, and only counts where all that came in has
  /// been read: after a pause a task may still wait to be.
  void lose_patience();

  /// The content of the answer.
  static wire::Json content(const Wait& wait, const Accounts& accounts, std::size_t engines);

 private:
  static bool is_ready(const Wait& wait, const Accounts& accounts, std::size_t engines);
  std::list<Wait> waits_;
  bool touched_ = false;
};

}  // namespace ipc::hub
