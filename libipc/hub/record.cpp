// SPDX-License-Identifier: BSD-3-Clause
// What the hub keeps of one task.
#include "libipc/hub/record.hpp"

#include <array>

namespace ipc::hub {
namespace {

using wire::Json;

Json parsed(const std::string& text) {
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

struct Key {
  std::string_view name;
  Json (*value)(const Record&);
};

const std::array kKeys{
    Key{"msg_id", [](const Record& r) { return Json(r.msg_id); }},
    Key{"header", [](const Record& r) { return parsed(r.header); }},
    Key{"metadata", [](const Record& r) { return parsed(r.metadata); }},
    Key{"content", [](const Record& r) { return parsed(r.content); }},
    Key{"submitted", [](const Record& r) { return time(r.submitted); }},
    Key{"client_uuid", [](const Record& r) { return text(r.client_uuid); }},
    Key{"engine_uuid",
        [](const Record& r) { return r.has_engine ? Json(r.engine_uuid) : Json(nullptr); }},
    Key{"started", [](const Record& r) { return time(r.started); }},
    Key{"completed", [](const Record& r) { return time(r.completed); }},
    Key{"resubmitted", [](const Record& r) { return text(r.resubmitted); }},
    Key{"received", [](const Record& r) { return time(r.received); }},
    Key{"result_header", [](const Record& r) { return parsed(r.result_header); }},
    Key{"result_metadata", [](const Record& r) { return parsed(r.result_metadata); }},
    Key{"result_content", [](const Record& r) { return parsed(r.result_content); }},
    Key{"queue", [](const Record& r) { return text(r.queue); }},
    Key{"execute_input", [](const Record& r) { return parsed(r.execute_input); }},
    Key{"execute_result", [](const Record& r) { return parsed(r.execute_result); }},
    Key{"error", [](const Record& r) { return parsed(r.error); }},
    Key{"stdout", [](const Record& r) { return Json(r.out); }},
    Key{"stderr", [](const Record& r) { return Json(r.err); }},
    Key{"label", [](const Record& r) { return parsed(r.label); }},
};

std::size_t total(const net::Frames& frames) {
  std::size_t n = 0;
  for (const auto& frame : frames) n += frame.size();
  return n;
}

}  // namespace

Json Record::get(std::string_view key, bool& known) const {
  for (const Key& k : kKeys)
    if (k.name == key) return k.value(*this);
  known = false;
  return nullptr;
}

std::size_t Record::weight() const {
  return total(buffers) + total(result_buffers) + out.size() + err.size() + content.size() +
         result_content.size() + execute_result.size();
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
