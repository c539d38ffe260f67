// SPDX-License-Identifier: BSD-3-Clause
// The header of a message, read fast and written fast.
#include "libipc/wire/header.hpp"

#include <pwd.h>
#include <simdjson.h>
#include <unistd.h>

#include <cstdio>

#include "libipc/util/clock.hpp"
#include "libipc/util/text.hpp"

namespace ipc::wire {

struct FieldParser::State {
  simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  std::string padded;

  // simdjson reads past the end, so the text is copied to a buffer with room behind it.
  bool open(std::string_view json, simdjson::ondemand::object& object) {
    padded.assign(json);
    padded.reserve(json.size() + simdjson::SIMDJSON_PADDING);
    return !parser.iterate(padded.data(), json.size(), padded.capacity()).get(document) &&
           !document.get_object().get(object);
  }
};

FieldParser::FieldParser() : state_(std::make_unique<State>()) {}
FieldParser::~FieldParser() = default;
FieldParser::FieldParser(FieldParser&&) noexcept = default;

Result<Header> FieldParser::header(std::string_view json) {
  Header header;
  simdjson::ondemand::object object;
  if (!state_->open(json, object)) return Error{Code::bad_input, "header is not JSON", ""};
  for (auto entry : object) {
    std::string_view key;
    if (entry.unescaped_key().get(key)) return Error{Code::bad_input, "header is not JSON", ""};
    std::string_view* field = key == "msg_id"     ? &header.msg_id
                              : key == "msg_type" ? &header.msg_type
                              : key == "session"  ? &header.session
                              : key == "username" ? &header.username
                              : key == "date"     ? &header.date
                                                  : nullptr;
    if (field == nullptr) continue;
    if (entry.value().get_string().get(*field))
      return Error{Code::bad_input, "header field is not a string", ""};
  }
  if (header.msg_id.empty() || header.msg_type.empty())
    return Error{Code::bad_input, "header without msg_id or msg_type", ""};
  return header;
}

std::string_view FieldParser::field(std::string_view json, std::string_view key) {
  simdjson::ondemand::object object;
  simdjson::ondemand::value value;
  if (!state_->open(json, object) || object.find_field_unordered(key).get(value)) return {};
  std::string_view text;
  simdjson::ondemand::json_type type;
  if (value.type().get(type)) return {};
  if (type != simdjson::ondemand::json_type::string) return trim(value.raw_json_token());
  return value.get_string().get(text) ? std::string_view() : text;
}

// The text of any value; objects and lists are walked to find their end.
static std::string_view raw_text(simdjson::ondemand::value value) {
  simdjson::ondemand::json_type type;
  if (value.type().get(type)) return {};
  std::string_view text;
  if (type == simdjson::ondemand::json_type::array) {
    simdjson::ondemand::array array;
    if (value.get_array().get(array) || array.raw_json().get(text)) return {};
  } else if (type == simdjson::ondemand::json_type::object) {
    simdjson::ondemand::object object;
    if (value.get_object().get(object) || object.raw_json().get(text)) return {};
  } else {
    text = value.raw_json_token();
  }
  return trim(text);
}

bool FieldParser::raw_fields(std::string_view json, std::span<const std::string_view> keys,
                             std::span<std::string_view> values) {
  for (auto& value : values) value = {};
  if (json == "{}") return true;
  simdjson::ondemand::object object;
  if (!state_->open(json, object)) return false;
  for (auto entry : object) {
    std::string_view key;
    if (entry.unescaped_key().get(key)) return false;
    for (size_t i = 0; i < keys.size(); ++i) {
      if (key != keys[i]) continue;
      simdjson::ondemand::value value;
      if (entry.value().get(value)) return false;
      values[i] = raw_text(value);
      break;
    }
  }
  return true;
}

static std::string user_name() {
  for (const char* variable : {"USER", "LOGNAME"})
    if (const char* name = ::getenv(variable); name && *name) return name;
  // Not getpwuid(): it may load half a dozen libraries and ask a directory server for a word that
  // is for the log only.
  const uid_t uid = ::geteuid();
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen("/etc/passwd", "re"), std::fclose);
  while (const passwd* entry = file ? ::fgetpwent(file.get()) : nullptr)
    if (entry->pw_uid == uid) return entry->pw_name;
  return std::to_string(uid);
}

Session::Session(std::string id) : id_(std::move(id)) {
  if (id_.empty()) id_ = random_hex(4) + "-" + random_hex(12);
  id_prefix_ = id_ + "_" + std::to_string(::getpid()) + "_";
  // Everything of a header that never changes, between date and the end.
  tail_ = R"(","version":"5.3","session":)" + json_quote(id_) + R"(,"username":)" +
          json_quote(user_name()) + "}";
}

std::string Session::next_id() {
  return id_prefix_ + std::to_string(next_++);
}

std::string Session::header(std::string_view msg_type) {
  return header(msg_type, next_id());
}

std::string Session::header(std::string_view msg_type, std::string_view msg_id) {
  std::string text;
  text.reserve(msg_id.size() + msg_type.size() + tail_.size() + 80);  // with the date and the keys
  text += R"({"msg_id":)";
  text += json_quote(msg_id);
  text += R"(,"msg_type":)";
  text += json_quote(msg_type);
  text += R"(,"date":")";
  text += iso8601(unix_now());
  text += tail_;
  return text;
}

}  // namespace ipc::wire
