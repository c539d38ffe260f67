// SPDX-License-Identifier: BSD-3-Clause
// --reduce: the engines make one result of many.
#include "cmd/ipmap/reducer.hpp"

#include "cmd/ipmap/payload.hpp"
#include "libipc/cli/errors.hpp"
#include "libipc/cli/jobs.hpp"
#include "libipc/util/text.hpp"

namespace ipmap {

using ipc::Error;
using ipc::client::Outcome;
using ipc::client::Reply;
using ipc::client::Request;
using ipc::wire::Json;

constexpr unsigned kTries = 3;

ipc::Status Reducer::add(std::uint64_t first, size_t count, const Reply& reply,
                         const Json& content) {
  std::string_view bytes = reply.buffer(0);
  const auto parts = content.find("partials");
  if (parts == content.end() || !parts->is_array()) return misfit();
  for (const auto& part : *parts) {
    if (!part.is_array() || part.size() != 3) return misfit();
    for (const auto& number : part)
      if (!number.is_number_unsigned()) return misfit();
    const auto index = part[0].get<std::uint64_t>(), items = part[1].get<std::uint64_t>();
    const auto size = part[2].get<size_t>();
    if (size > bytes.size() || index >= count || items > count - index) return misfit();
    partials_.add(first + index, items, std::string(bytes.substr(0, size)));
    bytes.remove_prefix(size);
  }
  put_together();
  return {};
}

void Reducer::put_together() {
  while (auto row = partials_.take_row()) send(*std::move(row), 1);
}

Request Reducer::request_of(const PartialRow& row, bool is_last) const {
  std::string sizes, bytes;
  for (const auto& value : row.values) {
    sizes += (sizes.empty() ? "" : ",") + std::to_string(value.size());
    bytes += value;
  }
  Request request;
  request.type = "map_request";
  request.content = R"({"code":"","count":0,"reduce":)" + ipc::json_quote(settings_.reduce) +
                    R"(,"partials":[)" + sizes + "]" + (is_last ? R"(,"final":true)" : "") +
                    (settings_.json ? R"(,"json":true)" : "");
  if (settings_.file) request.content += R"(,"file":)" + settings_.file->whole;
  request.content += "}";
  request.buffers.push_back(ipc::net::Frame::adopt(std::move(bytes)));
  request.kernel = settings_.kernel;
  request.directed = true;
  if (!targets_.empty()) request.metadata["targets"] = targets_;
  return request;
}

void Reducer::send(PartialRow row, unsigned tries) {
  Request request = request_of(row, false);
  connection_.submit(
      std::move(request), [this, row = std::move(row), tries](Reply&& reply) mutable {
        if (reply.outcome != Outcome::ok) {
          if (is_loss(reply.error()) && tries < kTries) return send(std::move(row), tries + 1);
          return on_error_(error_of(reply));
        }
        partials_.add(row.first, row.count, std::string(reply.buffer(0)), row.level + 1);
        put_together();
      });
}

Error Reducer::error_of(const Reply& reply) const {
  return {ipc::Code::failed,
          "--reduce: " + ipc::cli::error_text(reply.error(), {settings_.verbose, false}), ""};
}

ipc::Result<std::string> Reducer::finish(std::uint64_t items, std::uint64_t failed,
                                         ipc::TimePoint deadline) {
  const PartialRow row = partials_.take_all();
  if (row.values.empty()) return std::string();
  std::optional<Reply> reply;
  for (unsigned tries = 1; !reply || (is_loss(reply->error()) && tries <= kTries); ++tries) {
    reply.reset();
    connection_.submit(request_of(row, true), [&](Reply&& answer) { reply = std::move(answer); });
    auto waited = connection_.wait([&] { return reply.has_value(); }, deadline);
    if (!waited && !connection_.interrupted()) connection_.cancel_all();
    IPC_TRY(waited);
    if (reply->outcome == Outcome::ok) return text_of(*reply, items, failed);
  }
  return error_of(*reply);
}

std::string Reducer::text_of(const Reply& reply, std::uint64_t items, std::uint64_t failed) const {
  std::string_view value = reply.buffer(0);
  if (ipc::wire::string_or(reply.content(), "form") == "lines") value.remove_suffix(1);
  if (!settings_.json) return std::string(value) + settings_.out;
  return R"({"id":)" + ipc::json_quote(ipc::cli::job_word(reply.id)) + R"(,"engine":)" +
         std::to_string(reply.engine) + R"(,"status":"ok","items":)" + std::to_string(items) +
         R"(,"failed":)" + std::to_string(failed) + R"(,"value":)" + std::string(value) + "}\n";
}

}  // namespace ipmap
