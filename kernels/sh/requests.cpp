// SPDX-License-Identifier: BSD-3-Clause
// requests.cpp: the sh kernel's requests: running code, the namespace as a whole, replies.
#include "kernels/sh/requests.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "kernels/sh/text.hpp"

namespace ipkit::shkernel {

namespace {

std::string dump(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

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

/// Separator of a request: newline or NUL.
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

std::string nul_ended(const std::vector<std::string_view>& items) {
  std::string out;
  for (std::string_view item : items) {
    out += item;
    out += '\0';
  }
  return out;
}

/// A boolean key that may be absent or null; anything else is a refusal.
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

}  // namespace

Refused exit_error(const Ended& ended) {
  Refused error{"ExitStatus", "exit status " + std::to_string(ended.status), Json::object()};
  const std::string killer = ended.status > 128 ? signal_name(ended.status - 128) : "";
  if (ended.interrupted) {
    error.ename = "KeyboardInterrupt";
    error.evalue = "interrupted";
  } else if (!killer.empty()) {
    error.evalue = "killed by signal " + std::to_string(ended.status - 128) + " (" + killer + ")";
  }
  error.more["exit_status"] = ended.status;
  return error;
}

Server::Server(Channel& channel, Shell& shell) : channel_(channel), shell_(shell) {
  shell_.ask("__ipkit_list");
  const std::string output = shell_.take_output();
  const auto fields = split(output, '\0');
  for (size_t i = 0; i + 2 < fields.size(); i += 3) {
    initial_[std::string(fields[i])] = true;
  }
  // Variables that bash makes when it first needs them.
  for (const char* name : {"_", "LC_ALL", "MAPFILE", "PIPESTATUS", "FUNCNAME", "OLDPWD", "REPLY",
                           "BASH_REMATCH", "__m", "LINENO", "RANDOM", "BASH_COMPAT"}) {
    initial_[name] = true;
  }
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

Answer Server::answer(const std::string& type, const Frames& frames, Buffers& buffers) {
  static const std::map<std::string, Handler> handlers = {
      {"execute_request", &Server::execute},
      {"push_request", &Server::push},
      {"pull_request", &Server::pull},
      {"map_request", &Server::map},
      {"list_request", &Server::list},
      {"clear_request", &Server::clear},
      {"kernel_info_request", &Server::kernel_info}};
  const auto found = handlers.find(type);
  if (found == handlers.end()) {
    throw Refused{"NotImplementedError", "this kernel does not serve " + type, {}};
  }
  return (this->*found->second)(parse_object(frames[3]), buffers);
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

Answer Server::execute(const Json& content, Buffers& buffers) {
  const std::string code = content.value("code", "");
  if (code.find('\0') != std::string::npos) {
    throw Refused{"ValueError", "code with a NUL byte", {}};
  }
  if (!flag(content, "silent", false)) {
    execution_count_ += flag(content, "store_history", true) ? 1 : 0;
    channel_.send(R"({"msg_type": "execute_input"})", parent_,
                  dump({{"code", code}, {"execution_count", execution_count_}}));
  }
  std::string line;
  if (content.contains("argv") && content["argv"].is_array()) {
    std::vector<std::string> words = content["argv"].get<std::vector<std::string>>();
    const std::vector<std::string_view> rest(words.begin() + (words.empty() ? 0 : 1), words.end());
    shell_.set_input(nul_ended(rest));
    shell_.ask("__ipkit_items");
    line = "set -- \"${__ipkit_items[@]}\";";
  }
  int input = -1;
  std::string from = "/dev/null";
  if (flag(content, "stdin", false)) {
    if (buffers.empty()) {
      throw Refused{"ValueError", "stdin without a buffer", {}};
    }
    input = memory_file("ipkit-stdin");
    write_file(input, buffers[0]);
    buffers.clear();
    from = "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(input);
  }
  shell_.set_input(code);
  // Several words on one line: code with an unfinished quote cannot swallow what follows it.
  line += "__ipkit_load; eval \"$__ipkit_set$__ipkit_code\" <" + from +
          "; { __ipkit_done; } 2>/dev/null";
  const Ended ended = shell_.run(line);
  if (input >= 0) {
    close(input);
  }
  if (ended.status == 0) {
    return {{{"execution_count", execution_count_},
             {"user_expressions", Json::object()},
             {"payload", Json::array()}},
            {}};
  }
  Refused error = exit_error(ended);
  error.more["execution_count"] = execution_count_;
  const Json shown{{"ename", error.ename},
                   {"evalue", error.evalue},
                   {"traceback", Json::array({error.ename + ": " + error.evalue})}};
  channel_.send(R"({"msg_type": "error"})", parent_, dump(shown));
  throw error;
}

Answer Server::map(const Json& content, Buffers& buffers) {
  const char sep = separator(content, "sep");
  separator(content, "out");
  const Json count = content.value("count", Json());
  if (!count.is_number_unsigned()) {
    throw Refused{"ValueError", "map_request: count is a number from 0", {}};
  }
  if (content.value("code", "") != "") {
    throw Refused{
        "ValueError", "map_request: items are commands here (ipmap --sh), code is empty", {}};
  }
  if (buffers.size() != 1) {
    throw Refused{"ValueError", "map_request: one buffer, please", {}};
  }
  const std::string data = std::move(buffers[0]);
  const auto items = split(data, sep);
  const bool ended = data.empty() || data.back() == sep;
  if (!ended || count.get<uint64_t>() != items.size()) {
    throw Refused{"ValueError",
                  "map_request: " + std::to_string(count.get<uint64_t>()) + " items announced, " +
                      std::to_string(items.size()) + " found",
                  {}};
  }
  if (sep != '\0' && data.find('\0') != std::string::npos) {
    throw Refused{"ValueError", "map_request: a command with a NUL byte", {}};
  }
  if (items.empty()) {
    return run_items(0);
  }
  shell_.set_input(nul_ended(items));
  shell_.ask("__ipkit_items");
  return run_items(items.size());
}

Answer Server::run_items(size_t count) {
  Answer reply;
  Json sizes = Json::array();
  Json failed = Json::array();
  std::string results;
  for (size_t i = 0; i < count; ++i) {
    const int file = memory_file("ipkit-item");
    const Ended ended = shell_.run("__m " + std::to_string(file));
    const std::string result = read_file(file);
    close(file);
    if (ended.interrupted) {
      throw exit_error(ended);
    }
    sizes.push_back(result.size());
    results += result;
    if (ended.status != 0) {
      const Refused error = exit_error(ended);
      failed.push_back({{"index", i},
                        {"ename", error.ename},
                        {"evalue", error.evalue},
                        {"traceback", Json::array()},
                        {"exit_status", ended.status}});
    }
  }
  if (count > 0) {
    shell_.ask("__ipkit_items_end");
  }
  reply.content = {{"count", count}, {"form", "sized"}, {"sizes", sizes}, {"failed", failed}};
  reply.buffers.push_back(std::move(results));
  return reply;
}

Json Server::names() {
  shell_.ask("__ipkit_list");
  const std::string output = shell_.take_output();
  const auto fields = split(output, '\0');
  Json found = Json::array();
  for (size_t i = 0; i + 2 < fields.size(); i += 3) {
    const std::string name(fields[i]);
    const std::string_view kind = fields[i + 1];
    if (initial_.contains(name)) {
      continue;
    }
    const bool function = kind == "f";
    const char* type = function                                   ? "function"
                       : kind.find('A') != std::string_view::npos ? "map"
                       : kind.find('a') != std::string_view::npos ? "array"
                                                                  : "string";
    const Json size = function ? Json() : Json(std::stoull(std::string(fields[i + 2])));
    found.push_back({{"name", name}, {"type", type}, {"size", size}});
  }
  return found;
}

Answer Server::list(const Json&, Buffers&) {
  Json found = names();
  std::sort(found.begin(), found.end(),
            [](const Json& a, const Json& b) { return a["name"] < b["name"]; });
  return {{{"names", found}}, {}};
}

Answer Server::clear(const Json&, Buffers&) {
  shell_.reset();
  return {};
}

Answer Server::kernel_info(const Json&, Buffers&) {
  return {{{"protocol_version", "5.3"},
           {"implementation", "ipkit-sh"},
           {"implementation_version", shell_.version()},
           {"banner", "bash " + shell_.version()},
           {"help_links", Json::array()},
           {"language_info",
            {{"name", "sh"},
             {"version", shell_.version()},
             {"mimetype", "text/x-sh"},
             {"file_extension", ".sh"}}}},
          {}};
}

}  // namespace ipkit::shkernel
