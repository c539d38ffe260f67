// SPDX-License-Identifier: BSD-3-Clause
// Values to engines, large ones in pieces.
#include "libipc/client/push.hpp"

#include <algorithm>
#include <memory>
#include <optional>

#include "libipc/util/idset.hpp"
#include "libipc/util/text.hpp"

namespace ipc::client {
namespace {

using wire::Json;

constexpr size_t kBytesOnTheirWay = 32u << 20;
constexpr int kPiecesPerEngine = 4;

Request push_request(const std::string& kernel, const Json& content) {
  Request request;
  request.type = "push_request";
  request.content = wire::dump_json(content);
  request.kernel = kernel;
  return request;
}

// The same small request to each engine.
Result<std::vector<Failure>> to_each(Connection& connection, const std::vector<int>& engines,
                                     const std::string& kernel, const Json& content,
                                     const std::vector<PushValue>& values) {
  std::vector<Failure> failures;
  Request request = push_request(kernel, content);
  for (const auto& value : values) request.buffers.emplace_back(value.bytes);
  IPC_TRY(connection.send_to_all(engines, std::move(request), [&failures](Reply&& reply) {
    if (reply.outcome != Outcome::ok) failures.push_back({reply.engine, reply.error()});
  }));
  const auto waited = connection.wait_all();
  connection.forget_all();
  if (!waited) return waited.error();
  return failures;
}

// Sends slices piece by piece; lives during one push_slices.
class Sender {
 public:
  Sender(Connection& connection, const std::string& kernel, const std::string& name,
         const std::string& type, const Source& source, const std::vector<Delivery>& deliveries,
         const std::function<void(uint64_t)>& on_bytes)
      : connection_(connection),
        kernel_(kernel),
        name_(name),
        type_(type),
        source_(source),
        on_bytes_(on_bytes) {
    for (const auto& delivery : deliveries) {
      // What is broadcast is the same for all of them.
      if (connection.broadcasts() && !lanes_.empty() && is_same(delivery, *lanes_[0].delivery))
        lanes_[0].engines.push_back(delivery.engine);
      else
        lanes_.push_back({&delivery, {delivery.engine}});
    }
  }
  ~Sender() { connection_.forget_all(); }

  Result<std::vector<Failure>> run() {
    pump();
    const auto ended = [this] { return problem_ || (on_their_way_ == 0 && all_sent()); };
    const auto waited = connection_.wait(ended);
    if (!waited) return waited.error();
    if (problem_) return *problem_;
    return std::move(failures_);
  }

 private:
  struct Lane {
    const Delivery* delivery;
    std::vector<int> engines;
    uint64_t sent = 0;  // of prefix and slice together
    int outstanding = 0;
    size_t failed = 0;  // of the engines
    bool begun = false, ended = false;
    uint64_t total() const {
      const Slice& slice = delivery->slice;
      return slice.prefix.size() + (slice.end - slice.begin);
    }
  };

  static bool is_same(const Delivery& one, const Delivery& other) {
    return one.type == other.type && one.slice.prefix == other.slice.prefix &&
           one.slice.begin == other.slice.begin && one.slice.end == other.slice.end;
  }

  bool all_sent() const {
    return std::all_of(lanes_.begin(), lanes_.end(), [](const Lane& lane) { return lane.ended; });
  }

  // One piece to each engine in turn, as long as there is room.
  void pump() {
    for (bool sent = true; sent && !problem_;) {
      sent = false;
      for (auto& lane : lanes_) {
        if (on_their_way_ >= kBytesOnTheirWay || problem_) return;
        if (lane.ended || lane.outstanding >= kPiecesPerEngine) continue;
        send_piece(lane);
        sent = true;
      }
    }
  }

  Result<net::Frame> next_piece(const Lane& lane) const {
    const Slice& slice = lane.delivery->slice;
    const std::string_view prefix = lane.sent == 0 ? std::string_view(slice.prefix) : "";
    const uint64_t from = slice.begin + (lane.sent == 0 ? 0 : lane.sent - slice.prefix.size());
    const auto length = static_cast<size_t>(std::min<uint64_t>(kPiece, slice.end - from));
    net::Frame piece = net::Frame::sized(prefix.size() + length);
    if (piece.size() != prefix.size() + length) return Error{Code::internal, "out of memory", ""};
    prefix.copy(piece.data(), prefix.size());
    IPC_TRY(source_.read_into(from, {piece.data() + prefix.size(), length}));
    return piece;
  }

  void send_piece(Lane& lane) {
    auto piece = next_piece(lane);
    if (!piece) return problem_ = piece.error(), void();
    const size_t size = piece->size() + 1;  // empty ones count too
    lane.sent += piece->size();
    lane.ended = lane.sent >= lane.total();
    Json content = {{"stage", stage_},
                    {"name", name_},
                    {"type", lane.delivery->type.empty() ? type_ : lane.delivery->type},
                    {"begin", !lane.begun},
                    {"end", lane.ended}};
    if (!lane.begun) content["size"] = lane.total();
    Request request = push_request(kernel_, content);
    request.buffers.push_back(*std::move(piece));
    lane.begun = true;
    ++lane.outstanding;
    on_their_way_ += size;
    const auto missing = std::make_shared<size_t>(lane.engines.size());
    const auto on_reply = [this, &lane, size, missing](Reply&& reply) {
      if (reply.outcome != Outcome::ok)
        fail(lane, reply.engine, reply.error());
      else if (on_bytes_)
        on_bytes_(size - 1);
      if (--*missing > 0) return;
      --lane.outstanding;
      on_their_way_ -= size;
      pump();
    };
    const auto sent = connection_.send_to_all(lane.engines, std::move(request), on_reply);
    if (!sent) problem_ = sent.error();
  }

  // The first error of an engine is the cause; those of pieces behind it follow from it.
  void fail(Lane& lane, int engine, RemoteError error) {
    const bool known = std::any_of(failures_.begin(), failures_.end(),
                                   [&](const Failure& f) { return f.engine == engine; });
    if (known) return;
    failures_.push_back({engine, std::move(error)});
    if (++lane.failed == lane.engines.size()) lane.ended = true;
  }

  Connection& connection_;
  const std::string &kernel_, &name_, &type_;
  const Source& source_;
  const std::function<void(uint64_t)>& on_bytes_;
  const std::string stage_ = random_hex(8);
  std::vector<Lane> lanes_;
  size_t on_their_way_ = 0;
  std::vector<Failure> failures_;
  std::optional<Error> problem_;
};

}  // namespace

Result<std::vector<Failure>> push_values(Connection& connection, const std::vector<int>& engines,
                                         const std::string& kernel,
                                         const std::vector<PushValue>& values) {
  Json content = {{"names", Json::array()}, {"types", Json::array()}};
  for (const auto& value : values) {
    content["names"].push_back(value.name);
    content["types"].push_back(value.type);
  }
  return to_each(connection, engines, kernel, content, values);
}

Result<std::vector<Failure>> unbind(Connection& connection, const std::vector<int>& engines,
                                    const std::string& kernel,
                                    const std::vector<std::string>& names) {
  Json content;
  content["unbind"] = names;
  return to_each(connection, engines, kernel, content, {});
}

Result<std::vector<Failure>> push_slices(Connection& connection, const std::string& kernel,
                                         const std::string& name, const std::string& type,
                                         const Source& source,
                                         const std::vector<Delivery>& deliveries,
                                         const std::function<void(uint64_t)>& on_bytes) {
  return Sender(connection, kernel, name, type, source, deliveries, on_bytes).run();
}

}  // namespace ipc::client
