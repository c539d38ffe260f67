// SPDX-License-Identifier: BSD-3-Clause
// A task between its submission and its final reply.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "libipc/net/socket.hpp"
#include "libipc/sched/task_engines.hpp"
#include "libipc/sched/task_request.hpp"

namespace ipc::sched {

/// A job that may have ended meanwhile.
struct JobRef {
  std::uint32_t slot;
  std::uint32_t generation;
};

/// One that waits for another; `follow`: as a location, otherwise as a time.
struct Dependent {
  JobRef job;
  bool follow;
};

/// A task between its submission and its final reply. Slots are used again.
struct Job {
  enum class State : std::uint8_t {
    free,
    blocked,  ///< what it is after has not happened
    queued,
    running
  };
  std::string id;
  net::Frames frames;  ///< client identity, then the message as it came; none while it is packed
  std::unique_ptr<Conditions> conditions;
  std::vector<Dependent> dependents;
  Place* base = nullptr;    ///< its targets, or all but where it failed; null: anywhere
  Place* where = nullptr;   ///< of these, where what it follows ran
  std::size_t bytes = 0;    ///< of its frames when it came; 0 if an earlier controller had it
  std::uint64_t order = 0;  ///< arrival; unique
  std::uint64_t run = 0;    ///< when it was given to its engine; unique; 0: to none yet
  std::uint32_t generation = 0;
  std::uint32_t position = 0;  ///< in the line, while it waits there
  std::uint32_t engine = 0;    ///< while it runs
  std::uint32_t seat = 0;      ///< there
  State state = State::free;
  bool cancelled = false;
  bool resumed = false;  ///< its engine had it from an earlier controller, or by a connection that
                         ///< broke, and may have begun
  bool is_ours = false;  ///< only engines that know our extensions understand it

  /// Copies the frames into one block, or what is small of them if they are large: received frames
  /// share a buffer of libzmq's with their neighbours, which takes several times as much as they.
  void pack();
  /// The frames are there again.
  void unpack();

 private:
  std::string packed_;  // of each frame its size and its bytes
};

}  // namespace ipc::sched
