// SPDX-License-Identifier: BSD-3-Clause
// Values from engines: all are asked first, large ones come in pieces.
#include "libipc/client/fetch.hpp"

#include <algorithm>
#include <deque>

namespace ipc::client {
namespace {

using wire::Json;

constexpr size_t kInlineTogether = 32u << 20;  // what all parts may hold of our memory
constexpr size_t kMostInline = 1u << 20;
constexpr size_t kLeastInline = 4096;
constexpr size_t kPiecesAhead = 4;

Request pull_request(const FetchQuery& query, const Json& content) {
  Request request;
  request.type = "pull_request";
  request.content = wire::dump_json(content);
  request.kernel = query.kernel;
  return request;
}

RemoteError strange_answer(const std::string& what) {
  RemoteError error;
  error.ename = "BadReply";
  error.evalue = what;
  return error;
}

// Lists of one entry for each name, of the right types; the reply came from elsewhere.
bool take_lists(const Json& content, size_t names, FetchPart& part) {
  const auto list = [&](const char* key) -> const Json* {
    const auto found = content.find(key);
    return found != content.end() && found->is_array() && found->size() == names ? &*found
                                                                                 : nullptr;
  };
  if (!content.is_object()) return false;
  const Json *types = list("types"), *sizes = list("sizes"), *counts = list("counts");
  if (types == nullptr || sizes == nullptr) return false;
  for (size_t i = 0; i < names; ++i) {
    if (!(*types)[i].is_string() || !(*sizes)[i].is_number_unsigned()) return false;
    part.types.push_back((*types)[i]);
    part.sizes.push_back((*sizes)[i]);
    const bool counted = counts != nullptr && (*counts)[i].is_number_unsigned();
    part.counts.push_back(counted ? std::optional<uint64_t>((*counts)[i]) : std::nullopt);
  }
  return true;
}

std::optional<RemoteError> take_part(const Reply& reply, size_t names, FetchPart& part) {
  part.id = reply.id;
  if (reply.outcome != Outcome::ok) return reply.error();
  const Json content = reply.content();
  if (!take_lists(content, names, part)) return strange_answer("its answer has the wrong form");
  part.token = wire::string_or(content, "token");
  if (!part.token.empty()) return std::nullopt;
  if (reply.buffer_count() != names) return strange_answer("its answer lacks the values");
  for (size_t i = 0; i < names; ++i) {
    part.values.emplace_back(reply.buffer(i));
    if (part.values[i].size() != part.sizes[i]) return strange_answer("sizes differ");
  }
  return std::nullopt;
}

// Reads a value that is held on its engine, a few pieces ahead of the sink.
class Reader {
 public:
  Reader(Connection& connection, const FetchQuery& query, const FetchPart& part, size_t index,
         uint64_t begin, uint64_t end)
      : connection_(connection),
        query_(query),
        part_(part),
        index_(index),
        end_(end),
        asked_(begin),
        given_(begin) {}
  ~Reader() { connection_.forget_all(); }

  Status run(const std::function<Status(std::string_view)>& sink) {
    while (given_ < end_) {
      while (asked_ < end_ && outstanding_ + arrived_.size() < kPiecesAhead) IPC_TRY(ask());
      IPC_TRY(connection_.wait([this] { return !arrived_.empty() || problem_; }));
      if (problem_) return *problem_;
      // Direct replies of one engine come in the order of the requests.
      const Reply reply = std::move(arrived_.front());
      arrived_.pop_front();
      given_ += reply.buffer(0).size();
      IPC_TRY(sink(reply.buffer(0)));
    }
    return {};
  }

 private:
  Status ask() {
    const uint64_t length = std::min<uint64_t>(kPiece, end_ - asked_);
    const Json piece = {
        {"token", part_.token}, {"index", index_}, {"offset", asked_}, {"length", length}};
    asked_ += length;
    ++outstanding_;
    const auto sent =
        connection_.send(part_.engine, pull_request(query_, piece),
                         [this, length](Reply&& reply) { take(std::move(reply), length); });
    return sent ? Status() : Status(sent.error());
  }

  void take(Reply&& reply, uint64_t length) {
    --outstanding_;
    const std::string who = std::to_string(part_.engine) + ": ";
    if (reply.outcome != Outcome::ok)
      problem_ = Error{Code::failed, who + summary(reply.error()), ""};
    else if (reply.buffer(0).size() != length)
      problem_ = Error{Code::failed, who + "a piece has the wrong size", ""};
    else
      arrived_.push_back(std::move(reply));
  }

  Connection& connection_;
  const FetchQuery& query_;
  const FetchPart& part_;
  size_t index_;
  uint64_t end_, asked_, given_;
  size_t outstanding_ = 0;
  std::deque<Reply> arrived_;
  std::optional<Error> problem_;
};

}  // namespace

uint64_t total_size(const FetchAnswer& answer) {
  uint64_t total = 0;
  for (const auto& part : answer.parts)
    for (const uint64_t size : part.sizes) total += size;
  return total;
}

Result<FetchAnswer> fetch(Connection& connection, const std::vector<int>& engines,
                          const FetchQuery& query, TimePoint deadline) {
  const size_t limit =
      std::clamp(kInlineTogether / std::max<size_t>(1, engines.size()), kLeastInline, kMostInline);
  const Json question = {{"names", query.names},
                         {"form", query.form},
                         {"elements", query.elements},
                         {"sep", query.separator},
                         {"limit", limit}};
  FetchAnswer answer;
  answer.parts.resize(engines.size());
  for (size_t i = 0; i < engines.size(); ++i) {
    FetchPart& part = answer.parts[i];
    part.engine = engines[i];
    const auto take = [&answer, &part, &query](Reply&& reply) {
      if (auto error = take_part(reply, query.names.size(), part))
        answer.failures.push_back({part.engine, *std::move(error)});
    };
    const auto sent = connection.send(engines[i], pull_request(query, question), take);
    if (!sent) return connection.forget_all(), sent.error();
  }
  const auto waited = connection.wait_all(deadline);
  connection.forget_all();
  if (!waited) return waited.error();
  if (!answer.failures.empty()) release(connection, query, answer.parts);
  return answer;
}

Status read_value(Connection& connection, const FetchQuery& query, const FetchPart& part,
                  size_t index, const std::function<Status(std::string_view)>& sink,
                  uint64_t offset) {
  if (part.token.empty())
    return sink(std::string_view(part.values[index]).substr(std::min(offset, part.sizes[index])));
  return Reader(connection, query, part, index, offset, part.sizes[index]).run(sink);
}

Result<std::string> read_range(Connection& connection, const FetchQuery& query,
                               const FetchPart& part, size_t index, uint64_t offset,
                               size_t length) {
  const uint64_t begin = std::min(offset, part.sizes[index]);
  const uint64_t end = begin + std::min<uint64_t>(length, part.sizes[index] - begin);
  if (part.token.empty()) return part.values[index].substr(begin, end - begin);
  std::string bytes;
  IPC_TRY(Reader(connection, query, part, index, begin, end).run([&](std::string_view piece) {
    bytes += piece;
    return Status();
  }));
  return bytes;
}

void release(Connection& connection, const FetchQuery& query, const std::vector<FetchPart>& parts) {
  for (const auto& part : parts) {
    if (part.token.empty()) continue;
    const Json content = {{"token", part.token}, {"release", true}};
    // An engine that is gone has forgotten it already.
    (void)connection.send(part.engine, pull_request(query, content), {});
  }
  // The reply says it has left; an engine that is busy gets it all the same.
  (void)connection.wait_all(Clock::now() + milliseconds(500));
}

}  // namespace ipc::client
