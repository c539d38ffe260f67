// SPDX-License-Identifier: BSD-3-Clause
// server.cpp: requests and replies of kernels in C++.
#include "kernels/common/server.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "kernels/common/text.hpp"

namespace ipkit::kernel {

namespace {

Json parse_object(const std::string& text) {
  Json value = Json::parse(text, nullptr, false);
  if (!value.is_object()) {
    throw Refused{"ValueError", "not a JSON object", {}};
  }
  return value;
}

bool holds_bytes(int fd) {
  struct stat info {};
  int count = 0;
  return fstat(fd, &info) == 0 && S_ISFIFO(info.st_mode) && ioctl(fd, FIONREAD, &count) == 0 &&
         count > 0;
}

/// Waits, at most one second, until the engine has taken what was printed.
void drain() {
  timespec pause{0, 100'000};
  long waited = 0;
  while ((holds_bytes(1) || holds_bytes(2)) && waited < 1'000'000'000) {
    nanosleep(&pause, nullptr);
    waited += pause.tv_nsec;
    pause.tv_nsec = std::min(pause.tv_nsec * 2, 10'000'000L);
  }
}

}  // namespace

int take_descriptor() {
  const char* text = getenv("IPKIT_KERNEL_FD");
  const int fd = text != nullptr ? atoi(text) : -1;
  unsetenv("IPKIT_KERNEL_FD");
  unsetenv("IPKIT_KERNEL_LEDGER");  // for kernels that get requests ahead
  if (fd < 3 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
    fprintf(stderr, "%s: started by an engine only (IPKIT_KERNEL_FD is no open descriptor)\n",
            program_invocation_short_name);
    exit(64);
  }
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
  return fd;
}

std::string dump(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool flag(const Json& content, const char* key, bool otherwise) {
  const auto found = content.find(key);
  if (found == content.end() || found->is_null()) {
    return otherwise;
  }
  if (!found->is_boolean()) {
    throw Refused{"TypeError", std::string(key) + " is not true or false", {}};
  }
  return found->get<bool>();
}

char separator(const Json& content, const char* key) {
  const Json value = content.value(key, Json("\n"));
  if (value == "\n") {
    return '\n';
  }
  if (value == std::string(1, '\0')) {
    return '\0';
  }
  throw Refused{"ValueError", std::string(key) + " is not a newline or NUL", {}};
}

std::vector<std::string_view> items_of(const Json& content, const Buffers& buffers) {
  for (const char* key : {"file", "reduce"}) {
    if (content.contains(key)) {
      throw Refused{"NotImplementedError", std::string("this kernel has no map with --") + key, {}};
    }
  }
  if (content.value("sep", "\n").empty()) {
    throw Refused{"NotImplementedError", "this kernel has no map with --pipe", {}};
  }
  const char sep = separator(content, "sep");
  const Json count = content.value("count", Json());
  if (!count.is_number_unsigned()) {
    throw Refused{"ValueError", "map_request: count is a number from 0", {}};
  }
  if (buffers.size() != 1) {
    throw Refused{"ValueError", "map_request: one buffer, please", {}};
  }
  const std::string& data = buffers[0];
  auto items = split(data, sep);
  const bool ended = data.empty() || data.back() == sep;
  if (!ended || count.get<uint64_t>() != items.size()) {
    throw Refused{"ValueError",
                  "map_request: " + std::to_string(count.get<uint64_t>()) + " items announced, " +
                      std::to_string(items.size()) + " found",
                  {}};
  }
  return items;
}

void Server::handle(Frames& frames) {
  const Json header = Json::parse(frames[0], nullptr, false);
  const std::string type =
      header.is_object() && header.contains("msg_type") && header["msg_type"].is_string()
          ? header["msg_type"].get<std::string>()
          : "error_request";
  if (type == "interrupt") {
    return;  // prefetch is 1: the signal that follows is enough
  }
  if (type == "hello") {
    const Json content = Json::parse(frames[3], nullptr, false);
    engine_ = content.is_object() ? content : engine_;
    return;
  }
  parent_ = header.is_object() ? frames[0] : "{}";
  Buffers buffers(std::make_move_iterator(frames.begin() + 4),
                  std::make_move_iterator(frames.end()));
  Answer reply;
  try {
    reply = answer(type, frames, buffers);
  } catch (const Refused& refused) {
    reply = {refusal(refused, type), {}};
  } catch (const std::exception& error) {  // wrong types inside the content
    reply = {refusal({"ValueError", error.what(), Json::object()}, type), {}};
  }
  if (!reply.content.contains("status")) {
    reply.content["status"] = "ok";
  }
  const Json head{{"msg_type", type.substr(0, type.rfind("_request")) + "_reply"},
                  {"status", reply.content["status"]}};
  drain();
  channel_.send(dump(head), parent_, dump(reply.content), reply.buffers);
}

Answer Server::complete(const Json&) {
  throw Refused{"NotImplementedError", "this kernel does not serve complete_request", {}};
}

Answer Server::answer(const std::string& type, const Frames& frames, Buffers& buffers) {
  static const char* const served[] = {"execute_request",     "push_request",    "pull_request",
                                       "map_request",         "list_request",    "clear_request",
                                       "kernel_info_request", "complete_request"};
  if (std::find(std::begin(served), std::end(served), type) == std::end(served)) {
    throw Refused{"NotImplementedError", "this kernel does not serve " + type, {}};
  }
  const Json content = parse_object(frames[3]);
  if (type == "execute_request") return execute_with(content, buffers);
  if (type == "pull_request") return pull(content);
  if (type == "map_request") return map(content, buffers);
  if (type == "list_request") return list();
  if (type == "kernel_info_request") return kernel_info();
  if (type == "complete_request") return complete(content);
  if (type == "push_request") {
    push(content, buffers);
  } else {
    clear();
  }
  return {};
}

Json Server::refusal(const Refused& refused, const std::string& type) const {
  Json content{{"status", "error"},
               {"ename", refused.ename},
               {"evalue", refused.evalue},
               {"traceback", Json::array({refused.ename + ": " + refused.evalue})},
               {"engine_info",
                {{"engine_uuid", engine_.value("engine_uuid", Json(""))},
                 {"engine_id", engine_.value("engine_id", Json(-1))},
                 {"method", type.substr(0, type.rfind("_request"))}}}};
  if (refused.more.is_object()) {
    content.update(refused.more);
  }
  return content;
}

std::string Server::begin_execute(const Json& content) {
  std::string code = content.value("code", "");
  if (code.find('\0') != std::string::npos) {
    throw Refused{"ValueError", "code with a NUL byte", {}};
  }
  if (!flag(content, "silent", false)) {
    execution_count_ += flag(content, "store_history", true) ? 1 : 0;
    tell("execute_input", {{"code", code}, {"execution_count", execution_count_}});
  }
  return code;
}

void Server::tell(const char* type, const Json& content) {
  channel_.send(dump({{"msg_type", type}}), parent_, dump(content));
}

void Server::tell_error(const Refused& error) {
  tell("error", {{"ename", error.ename},
                 {"evalue", error.evalue},
                 {"traceback", Json::array({error.ename + ": " + error.evalue})}});
}

Json Server::executed() const {
  return {{"execution_count", execution_count_},
          {"user_expressions", Json::object()},
          {"payload", Json::array()}};
}

}  // namespace ipkit::kernel
