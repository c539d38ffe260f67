// SPDX-License-Identifier: BSD-3-Clause
// Fuzz target: a request as an engine reads it. Pieces: header, metadata, content, buffers.
#include "libipc/engine/request.hpp"

#include "tests/fuzz/fuzz.hpp"

namespace {

void run(std::string_view input) {
  static ipc::wire::FieldParser parser;
  const auto parts = ipkit_fuzz::pieces(input);
  const auto part = [&](size_t i) { return i < parts.size() ? parts[i] : std::string_view("{}"); };
  ipc::net::Incoming message;
  for (const std::string_view frame :
       {std::string_view("client"), ipc::wire::kDelimiter, std::string_view(""), part(0),
        std::string_view("{}"), part(1), part(2)})
    message.frames.emplace_back(frame);
  for (size_t i = 3; i < parts.size(); ++i) message.frames.emplace_back(parts[i]);
  if (!message.locate()) return;
  auto request =
      ipc::engine::Request::parse(std::move(message), ipc::engine::Route::direct, parser);
  if (!request) return;
  ipkit_fuzz::require(!(*request)->msg_id.empty());
  const std::string header((*request)->header());
  (*request)->pack();
  ipkit_fuzz::require((*request)->header() == header);
  (void)(*request)->parts();
  (*request)->drop_body();
  ipkit_fuzz::require((*request)->header() == header);
}

const ipkit_fuzz::Registered registered("engine_request", run);

}  // namespace
