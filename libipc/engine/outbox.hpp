// SPDX-License-Identifier: BSD-3-Clause
// What an engine says: replies with their metadata, status and output messages.
#pragma once

#include <string>
#include <string_view>

#include "libipc/engine/uplink.hpp"

namespace ipc::engine {

/// What distinguishes one reply from another.
struct Reply {
  std::string_view type;           ///< empty: the request's with _reply
  std::string_view status = "ok";  ///< ok, error, aborted
  bool dependencies_met = true;
  int generation = 0;  ///< of the kernel that made it; 0: none
  std::string content;
  net::Frames buffers;
};

/// Writes messages and hands them to the uplink. One for each engine.
class Outbox {
 public:
  explicit Outbox(Uplink& uplink);
  void set_id(int id);

  void reply(Request& request, Reply&& reply);
  /// The scheduler is to run it elsewhere; to everybody else it is an abort.
  void hand_back(Request& request);
  void aborted(Request& request);
  /// An error made by the engine itself.
  void error(Request& request, std::string_view ename, std::string_view evalue, int generation = 0);

  /// EngineError: the engine ends. A client that has heard of that knows its uuid no more and could
  /// not take an error that names it.
  void engine_error(Request& request, std::string_view evalue, int generation);

  /// `busy`, `idle`, …; parent: header of a request or {}.
  void status(std::string_view parent, std::string_view state);
  /// A message on iopub under topic engine.ID.TOPIC; returns its number.
  std::uint64_t publish(std::string_view topic, std::string_view type, std::string_view parent,
                        std::string&& content, net::Frames&& buffers = {});
  /// The same for output of a request, whose reply then tells of it; null: of none.
  void publish(Request* request, std::string_view topic, std::string_view type,
               std::string_view parent, std::string&& content, net::Frames&& buffers = {});
  /// A message down the reply path of a request that asked for its output.
  void direct(Request& request, std::string_view type, std::string&& content,
              net::Frames&& buffers = {});
  /// The notice on iopub that this engine ends.
  void shutdown_notice(std::string_view parent, const std::string& content);

 private:
  void send(Request& request, std::string_view type, std::string&& metadata, std::string&& content,
            net::Frames&& buffers, bool is_answer);
  void abort(Request& request, bool dependencies_met);
  void send_error(Request& request, std::string_view ename, std::string_view evalue,
                  const std::string& info, int generation);
  std::string reply_metadata(const Request& request, const Reply& reply) const;

  Uplink& uplink_;
  int id_ = -1;
  std::uint64_t published_ = 0;               // messages on iopub so far
  std::string topic_prefix_, engine_, info_;  // "engine.3.", {"engine": …}, {"engine_uuid": …}
};

}  // namespace ipc::engine
