// SPDX-License-Identifier: BSD-3-Clause
// The header of a message, written fast.
#include "libipc/wire/header.hpp"

#include <pwd.h>
#include <unistd.h>

#include <cstdio>

#include "libipc/util/clock.hpp"
#include "libipc/util/text.hpp"

namespace ipc::wire {

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
