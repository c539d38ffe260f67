// SPDX-License-Identifier: BSD-3-Clause
// What the hub keeps of one task.
#include "libipc/hub/record.hpp"

#include <array>

namespace ipc::hub {
namespace {

using wire::Json;

Json parsed(std::string_view text) {
  if (text.empty()) return nullptr;
  auto json = wire::parse_json(text);
  return json ? *std::move(json) : Json(nullptr);
}

Json time(const std::optional<UnixMicros>& time) {
  return time ? Json(iso8601(*time)) : Json(nullptr);
}

Json text(const std::string& value) {
  return value.empty() ? Json(nullptr) : Json(value);
}

Json client(const Record& record) {
  const Json header = parsed(record.request.header());
  return header.is_object() && header.contains("session") ? header["session"] : Json(nullptr);
}

struct Key {
  std::string_view name;
  Json (*value)(const Record&);
};

const std::array kKeys{
    Key{"msg_id", [](const Record& r) { return Json(r.msg_id); }},
    Key{"header", [](const Record& r) { return parsed(r.request.header()); }},
    Key{"metadata", [](const Record& r) { return parsed(r.request.metadata()); }},
    Key{"content", [](const Record& r) { return parsed(r.request.content()); }},
    Key{"submitted", [](const Record& r) { return time(r.submitted); }},
    Key{"client_uuid", client},
    Key{"engine_uuid",
        [](const Record& r) { return r.has_engine ? Json(r.engine_uuid) : Json(nullptr); }},
    Key{"started", [](const Record& r) { return time(r.started); }},
    Key{"completed", [](const Record& r) { return time(r.completed); }},
    Key{"resubmitted", [](const Record& r) { return text(r.resubmitted); }},
    Key{"received", [](const Record& r) { return time(r.received); }},
    Key{"result_header", [](const Record& r) { return parsed(r.result.header()); }},
    Key{"result_metadata", [](const Record& r) { return parsed(r.result.metadata()); }},
    Key{"result_content", [](const Record& r) { return parsed(r.result.content()); }},
    Key{"queue", [](const Record& r) { return r.queue ? Json(r.queue) : Json(nullptr); }},
    Key{"execute_input", [](const Record& r) { return text(r.execute_input); }},
    Key{"execute_result", [](const Record& r) { return parsed(r.execute_result); }},
    Key{"error", [](const Record& r) { return parsed(r.error); }},
    Key{"stdout", [](const Record& r) { return Json(r.out); }},
    Key{"stderr", [](const Record& r) { return Json(r.err); }},
    Key{"label", [](const Record& r) { return parsed(r.label); }},
};

}  // namespace

std::size_t bytes_of(const net::Frames& frames) {
  std::size_t n = 0;
  for (const auto& frame : frames) n += frame.size();
  return n;
}

void MessageText::assign(std::string_view header, std::string_view metadata,
                         std::string_view content) {
  bytes_.clear();
  bytes_.reserve(header.size() + metadata.size() + content.size());
  bytes_ += header;
  bytes_ += metadata;
  bytes_ += content;
  header_ = header.size();
  metadata_ = header_ + metadata.size();
}

Json Record::get(std::string_view key, bool& known) const {
  for (const Key& k : kKeys)
    if (k.name == key) return k.value(*this);
  known = false;
  return nullptr;
}

void Record::clear() {
  constexpr std::size_t kWorthKeeping = 8192;
  if (weight() > kWorthKeeping) return void(*this = Record());
  for (auto text : {&Record::msg_id, &Record::engine_uuid, &Record::resubmitted, &Record::label,
                    &Record::execute_input, &Record::execute_result, &Record::error, &Record::out,
                    &Record::err})
    (this->*text).clear();
  for (auto message : {&Record::request, &Record::result}) (this->*message).clear();
  for (auto frames : {&Record::buffers, &Record::result_buffers}) (this->*frames).clear();
  for (auto flag : {&Record::has_buffers, &Record::has_result_buffers, &Record::drops_buffers,
                    &Record::has_engine})
    this->*flag = false;
  for (auto time : {&Record::submitted, &Record::started, &Record::completed, &Record::received})
    (this->*time).reset();
  queue = nullptr;
  order = 0;
}

std::size_t Record::weight() const {
  return bytes_of(buffers) + bytes_of(result_buffers) + out.size() + err.size() + request.size() +
         result.size() + execute_result.size();
}

const std::vector<std::string>& record_keys() {
  static const auto names = [] {
    std::vector<std::string> list;
    for (const Key& k : kKeys) list.emplace_back(k.name);
    return list;
  }();
  return names;
}

}  // namespace ipc::hub
