// SPDX-License-Identifier: BSD-3-Clause
// The echo kernel.
#include "kernels/echo/echo.hpp"

#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#include "libipc/util/text.hpp"

namespace ipc::echo {
namespace {

static_assert(std::endian::native == std::endian::little, "integers are used as they come");

constexpr size_t kBroken = SIZE_MAX, kUnknown = SIZE_MAX - 1;
constexpr size_t kTexts = 4, kMaxFrames = 4096, kMaxBytes = size_t{1} << 40;

/// Size of the message `bytes` begin with, and its parts if all of it is there; kUnknown if not
/// even the size can be told.
size_t next_message(std::string_view bytes, Message& message) {
  std::uint32_t count;
  if (bytes.size() < sizeof count) return kUnknown;
  std::memcpy(&count, bytes.data(), sizeof count);
  if (count < kTexts || count > kMaxFrames) return kBroken;
  const size_t head = sizeof count + 8 * size_t{count};
  if (bytes.size() < head) return kUnknown;
  std::vector<std::uint64_t> lengths(count);
  std::memcpy(lengths.data(), bytes.data() + sizeof count, 8 * size_t{count});
  size_t total = head;
  for (const auto length : lengths)
    if (length > kMaxBytes || (total += length) > kMaxBytes) return kBroken;
  if (bytes.size() < total) return total;
  std::string_view* const texts[] = {&message.header, &message.parent, &message.metadata,
                                     &message.content};
  message.buffers.clear();
  size_t at = head;
  for (size_t i = 0; i < count; at += lengths[i++]) {
    const std::string_view part = bytes.substr(at, lengths[i]);
    if (i < kTexts)
      *texts[i] = part;
    else
      message.buffers.push_back(part);
  }
  return total;
}

constexpr std::string_view kOk = R"({"status":"ok"})";

std::string error_content(std::string_view ename, std::string_view evalue) {
  return R"({"status":"error","ename":)" + json_quote(ename) + R"(,"evalue":)" +
         json_quote(evalue) + R"(,"traceback":[]})";
}

wire::Json parse_object(std::string_view text) {
  auto parsed = wire::parse_json(text);
  return parsed && parsed->is_object() ? *std::move(parsed) : wire::Json::object();
}

std::vector<std::string> strings(const wire::Json& content, const char* key) {
  std::vector<std::string> list;
  const auto found = content.find(key);
  if (found != content.end() && found->is_array())
    for (const auto& item : *found)
      if (item.is_string()) list.push_back(item.get<std::string>());
  return list;
}

}  // namespace

EchoKernel::EchoKernel(Claims* claims) : claims_(claims) {
  Answer ready;
  ready.content = R"({"language":"echo","version":")" IPKIT_VERSION R"(","prefetch":32,"pid":)" +
                  std::to_string(::getpid()) + (claims_ ? R"(,"claims":true})" : "}");
  send(R"({"msg_type":"ready"})", "{}", ready);
}

bool EchoKernel::serve(std::string& input) {
  const std::string_view bytes = input;
  size_t at = 0;
  Message message;
  for (;;) {
    const size_t size = next_message(bytes.substr(at), message);
    if (size == kBroken) return false;
    if (size > bytes.size() - at) {
      input.erase(0, at);
      if (size != kUnknown) input.reserve(size);
      return true;
    }
    take(message);
    at += size;
  }
}

void EchoKernel::take(const Message& message) {
  auto header = parser_.header(message.header);
  // `hello` and `interrupt` have no msg_id: nothing is to be done, nobody waits.
  if (!header || !header->msg_type.ends_with("_request")) return;
  const std::string type(header->msg_type.substr(0, header->msg_type.size() - 8));
  Answer reply;
  std::string head = R"({"msg_type":)" + json_quote(type + "_reply");
  ++requests_;
  if (claims_ != nullptr && !claims_->begin(requests_)) {
    reply.content = R"({"status":"aborted"})";
    return send(head + R"(,"status":"aborted"})", message.header, reply);
  }
  const bool ok = answer(type, message, reply);
  head += ok ? R"(,"status":"ok"})" : R"(,"status":"error"})";
  send(head, message.header, reply);
}

void EchoKernel::send(std::string_view header, std::string_view parent, const Answer& answer) {
  std::vector<std::string_view> parts = {header, parent, "{}", answer.content};
  parts.insert(parts.end(), answer.buffers.begin(), answer.buffers.end());
  const auto append = [this](auto number) {
    output.append(reinterpret_cast<const char*>(&number), sizeof number);
  };
  append(static_cast<std::uint32_t>(parts.size()));
  for (const auto part : parts) append(static_cast<std::uint64_t>(part.size()));
  for (const auto part : parts) output.append(part);
}

bool EchoKernel::answer(std::string_view type, const Message& message, Answer& answer) {
  std::string& content = answer.content;
  if (type == "execute") {
    content = execute(message, answer);
  } else if (type == "apply") {
    answer.buffers = message.buffers;
    content = kOk;
  } else if (type == "map") {
    content = map(message, answer);
  } else if (type == "push") {
    content = push(message);
  } else if (type == "pull") {
    content = pull(message, answer);
  } else if (type == "list") {
    content = list();
  } else if (type == "clear") {
    names_.clear();
    content = kOk;
  } else if (type == "kernel_info") {
    content = R"({"status":"ok","protocol_version":"5.3","implementation":"ipkit-echo",)"
              R"("implementation_version":")" IPKIT_VERSION R"(","banner":"",)"
              R"("language_info":{"name":"echo","version":")" IPKIT_VERSION R"("}})";
  } else {
    content = error_content("NotImplementedError",
                            "the echo kernel does not serve " + std::string(type) + "_request");
  }
  return content.starts_with(R"({"status":"ok")");
}

std::string EchoKernel::execute(const Message& message, Answer& answer) {
  std::string value;
  if (parser_.field(message.content, "value") == "true") {
    answer.own_buffer = parser_.field(message.content, "code");
    answer.buffers.emplace_back(answer.own_buffer);
    value = R"(,"value":{"type":"text"})";
  }
  return R"({"status":"ok","execution_count":)" + std::to_string(++count_) +
         R"(,"user_expressions":{},"payload":[])" + value + "}";
}

std::string EchoKernel::push(const Message& message) {
  const Json content = parse_object(message.content);
  for (const auto& name : strings(content, "unbind")) names_.erase(name);
  const auto names = strings(content, "names");
  if (names.size() > message.buffers.size())
    return error_content("ValueError", "fewer buffers than names");
  for (size_t i = 0; i < names.size(); ++i) names_[names[i]] = message.buffers[i];
  // A value in pieces is bound as it grows; nobody else looks at it in between.
  const std::string name = wire::string_or(content, "name");
  if (content.contains("stage") && !name.empty()) {
    if (wire::bool_or(content, "begin", false)) names_[name].clear();
    if (!message.buffers.empty()) names_[name] += message.buffers[0];
  }
  return std::string(kOk);
}

std::string EchoKernel::pull(const Message& message, Answer& answer) {
  const auto names = strings(parse_object(message.content), "names");
  Json reply = {{"types", Json::array()},
                {"sizes", Json::array()},
                {"counts", Json::array()},
                {"token", nullptr}};
  for (const auto& name : names) {
    const auto found = names_.find(name);
    if (found == names_.end()) {
      answer.buffers.clear();
      return error_content("NameError", "name '" + name + "' is not defined");
    }
    answer.buffers.emplace_back(found->second);
    reply["types"].push_back("bytes");
    reply["sizes"].push_back(found->second.size());
    reply["counts"].push_back(1);
  }
  // First, because answer() tells ok from error by the start of the text.
  return R"({"status":"ok",)" + wire::dump_json(reply).substr(1);
}

std::string EchoKernel::map(const Message& message, Answer& answer) {
  const Json content = parse_object(message.content);
  const std::string from = wire::string_or(content, "sep", "\n");
  const std::string to = wire::string_or(content, "out", from);
  if (message.buffers.empty() || from.empty() || to.empty())
    return error_content("ValueError", "map_request without items");
  answer.own_buffer = message.buffers[0];
  std::string& items = answer.own_buffer;
  if (from != to) std::replace(items.begin(), items.end(), from[0], to[0]);
  answer.buffers.emplace_back(items);
  return R"({"status":"ok","count":)" + std::to_string(wire::int_or(content, "count", 0)) +
         R"(,"form":"lines"})";
}

std::string EchoKernel::list() const {
  Json names = Json::array();
  for (const auto& [name, bytes] : names_)
    names.push_back({{"name", name}, {"type", "bytes"}, {"size", bytes.size()}});
  return R"({"status":"ok","names":)" + wire::dump_json(names) + "}";
}

}  // namespace ipc::echo
