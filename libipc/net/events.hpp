// SPDX-License-Identifier: BSD-3-Clause
// What the controller's loops tell each other: packed events, one batch for each turn of a loop.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/net/loop.hpp"
#include "libipc/wire/codec.hpp"

namespace ipc::net {

/// The first seven carry a whole message (MessageEvent has the fields), the others what is said.
enum class EventKind : std::uint8_t {
  mux_request,
  mux_reply,  ///< a direct request or its reply passed
  control_request,
  control_reply,   ///< the same on control
  mux_unroutable,  ///< a direct request found no engine
  control_unroutable,
  iopub,  ///< output of an engine
  task_request,
  task_reply,     ///< submitted; final reply (both verified already)
  task_assigned,  ///< msg_id, engine
  heart_started,
  heart_stopped,   ///< uuid
  engine_added,    ///< uuid, id, "ipkit" if it knows our extensions
  engine_removed,  ///< uuid, id
  engine_begun,    ///< uuid, msg_id: of one that was killed, and its last task ("": none)
  watch_heart,
  keep_heart,
  forget_heart,  ///< uuid: pending, known without a beat, not ours any more
  send_mux,
  send_control,  ///< buffers: the frames for a client-facing socket
  submit,        ///< buffers: the frames of a task
  report,        ///< number: tell what you have heard up to now, then `reported`
  reported,      ///< number
  task_known,    ///< msg_id, status: of a task that ended before this controller began
  task_kept,     ///< the reply to it, as task_reply
};

/// One event; `fields` point into the batch.
struct Event {
  EventKind kind{};
  std::vector<std::string_view> fields;
  std::vector<Frame> buffers;
};

/// What the scheduler has read of a task's message, so that nobody need parse it again. Strings
/// without their quotes; "" where it is not known.
struct TaskFacts {
  std::string_view msg_id;           ///< of the task
  std::string_view type, date;       ///< of the message's header
  std::string_view status, started;  ///< of a reply's metadata
};

/// Fields of the kinds that carry a message, in their order.
struct MessageEvent {
  std::string_view client, engine;
  wire::View view;  ///< without identities and buffers
  TaskFacts task;   ///< of task_request and task_reply only

  /// False if the event has not the right number of fields.
  static bool read(const Event& event, MessageEvent& message);
};

/// Gathers events and makes one message of them. Bytes are copied, but for frames of 64 kB and
/// more, which are shared.
class EventWriter {
 public:
  void add(EventKind kind, std::initializer_list<std::string_view> fields,
           std::span<Frame> buffers = {});
  /// `frames` is the whole message `view` was found in; its last ones are the buffers.
  void add_message(EventKind kind, std::string_view client, std::string_view engine,
                   const wire::View& view, std::span<Frame> frames, const TaskFacts& task = {});

  bool empty() const { return packed_.empty(); }
  /// Sends what was gathered, if anything, as one message.
  void flush(Socket& socket);
  /// The same at the end of a loop's turn, but not at each: a batch goes when it is large or
  /// `kBatchAge` old. Waking the other loop costs more than what it does with one event.
  void flush_later(Socket& socket, Loop& loop);
  /// What was gathered, as frames; empties the writer.
  Frames take();

 private:
  void put_size(std::size_t size);
  void put(std::string_view bytes);

  static constexpr std::size_t kBatchBytes = 64 << 10;
  static constexpr microseconds kBatchAge{500};

  std::string packed_;
  TimePoint oldest_{};         // when the first event of the batch was left for later
  bool timer_is_set_ = false;  // a batch must not wait for the next turn with work
  Frames shared_;
};

/// Reads a batch. The Event's fields are valid as long as the reader is.
class EventReader {
 public:
  explicit EventReader(Frames batch);
  /// False at the end.
  bool next(Event& event);

 private:
  std::uint32_t size();
  std::string_view bytes(std::size_t n);

  Frames batch_;
  std::string_view rest_;
  std::size_t next_shared_ = 1;
};

}  // namespace ipc::net
