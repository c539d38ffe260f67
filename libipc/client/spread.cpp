// SPDX-License-Identifier: BSD-3-Clause
// One value to several engines, piece by piece as it comes.
#include "libipc/client/spread.hpp"

#include <algorithm>

#include "libipc/util/text.hpp"

namespace ipc::client {
namespace {

constexpr size_t kBytesOnTheirWay = 32u << 20;

}  // namespace

Spread::Spread(Connection& connection, std::string kernel, std::string name, std::string type,
               uint64_t size, std::vector<int> engines)
    : connection_(connection),
      kernel_(std::move(kernel)),
      name_(std::move(name)),
      type_(std::move(type)),
      size_(size),
      engines_(std::move(engines)),
      stage_(random_hex(8)) {}

Spread::~Spread() {
  connection_.forget_all();
  if (!begun_ || ended_) return;
  // As far as it can be said in the time there is.
  (void)send({{"stage", stage_}, {"drop", true}}, "");
  (void)connection_.wait_all(Clock::now() + milliseconds(500));
  connection_.forget_all();
}

Status Spread::add(std::string_view bytes) {
  if (engines_.empty() || ended_) return {};
  sent_ += bytes.size();
  const bool last = sent_ >= size_;
  IPC_TRY(
      send({{"stage", stage_}, {"name", name_}, {"type", type_}, {"begin", !begun_}, {"end", last}},
           bytes));
  begun_ = true;
  const size_t room = last ? 0 : kBytesOnTheirWay * engines_.size();
  IPC_TRY(connection_.wait([&] { return unanswered_ <= room; }));
  ended_ = last;
  return {};
}

Status Spread::send(const wire::Json& content, std::string_view bytes) {
  Request request;
  request.type = "push_request";
  request.content = wire::dump_json(content);
  request.kernel = kernel_;
  if (!content.contains("drop")) request.buffers.emplace_back(bytes);
  const size_t size = bytes.size() + 1;  // empty ones count too
  unanswered_ += size * engines_.size();
  return connection_.broadcast(engines_, std::move(request), [this, size](Reply&& reply) {
    unanswered_ -= size;
    take(reply);
  });
}

// The first error of an engine is the cause; it gets nothing more.
void Spread::take(const Reply& reply) {
  if (reply.outcome == Outcome::ok || std::erase(engines_, reply.engine) == 0) return;
  failures_.push_back({reply.engine, reply.error()});
}

}  // namespace ipc::client
