// SPDX-License-Identifier: BSD-3-Clause
// message.cpp: what is behind the shell functions ipsend, ipreceive, ipid and ipids.
#include "kernels/sh/message.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "libipc/util/clock.hpp"
#include "libipc/util/fd.hpp"
#include "libipc/util/idset.hpp"
#include "libipc/wire/json.hpp"

namespace ipkit::kernel::sh {

namespace {

using ipc::Code;
using ipc::Error;
using ipc::Result;
using ipc::wire::Json;

constexpr size_t kMostInput = size_t{1} << 40;

Error usage(const std::string& what, const std::string& hint = "") {
  return {Code::usage, what, hint};
}

struct Words {
  std::optional<std::string> tag;
  std::optional<double> timeout;
  bool label = false;
  std::vector<std::string> operands;
};

Result<Words> parse(int argc, char** argv) {
  Words words;
  int i = 0;
  for (; i < argc && argv[i][0] == '-' && argv[i][1] != '\0'; ++i) {
    const std::string word = argv[i];
    if (word == "--") {
      ++i;
      break;
    }
    if (word == "-l" || word == "--label") {
      words.label = true;
      continue;
    }
    if (word != "--tag" && word != "--timeout") {
      return usage("unknown option " + word, "there are --tag TAG, --timeout DUR and -l");
    }
    if (++i == argc) {
      return usage(word + " needs a value");
    }
    if (word == "--tag") {
      words.tag = argv[i];
      continue;
    }
    IPC_TRY_ASSIGN(const ipc::Duration time, ipc::parse_duration(argv[i]));
    words.timeout = std::chrono::duration<double>(time).count();
  }
  words.operands.assign(argv + i, argv + argc);
  return words;
}

/// The engine's other end of the socket.
class Engine {
 public:
  static Result<Engine> connect() {
    const char* name = getenv("IPKIT_MESSAGES");
    sockaddr_un address{};
    if (name == nullptr || name[0] != '@' || strlen(name) >= sizeof address.sun_path) {
      return Error{Code::no_controller, "messages are for code that runs in an engine", ""};
    }
    address.sun_family = AF_UNIX;
    memcpy(address.sun_path + 1, name + 1, strlen(name) - 1);
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + strlen(name));
    Engine engine;
    engine.fd_.reset(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!engine.fd_ ||
        ::connect(engine.fd_.get(), reinterpret_cast<sockaddr*>(&address), length) != 0) {
      return ipc::system_error(Code::no_controller, "the engine");
    }
    return engine;
  }

  /// The answer's head; its body is for read_body().
  Result<Json> ask(Json request, std::string_view body = "") {
    request["size"] = body.size();
    IPC_TRY(ipc::write_all(fd_.get(), ipc::wire::dump_json(request) + "\n"));
    IPC_TRY(ipc::write_all(fd_.get(), body));
    std::string line;
    while (line.empty() || line.back() != '\n') {
      IPC_TRY_ASSIGN(const std::string byte, read_bytes(1));
      line += byte;
    }
    IPC_TRY_ASSIGN(Json answer, ipc::wire::parse_json(line));
    if (ipc::wire::string_or(answer, "status") == "ok") {
      return answer;
    }
    return error_of(answer);
  }

  Result<std::string> read_body(const Json& head) {
    return read_bytes(static_cast<size_t>(ipc::wire::int_or(head, "size", 0)));
  }

  /// All of it is in our hands: the engine may forget it.
  ipc::Status taken() { return ipc::write_all(fd_.get(), "{\"op\":\"taken\"}\n"); }

 private:
  static Error error_of(const Json& answer) {
    const std::string ename = ipc::wire::string_or(answer, "ename");
    const Code code = ename == "TimeoutError"          ? Code::timed_out
                      : ename == "LookupError"         ? Code::no_engine
                      : ename == "ValueError"          ? Code::usage
                      : ename == "NotImplementedError" ? Code::no_controller
                                                       : Code::failed;
    return {code, ipc::wire::string_or(answer, "evalue", ename), ""};
  }

  Result<std::string> read_bytes(size_t size) {
    std::string bytes(size, '\0');
    for (size_t done = 0; done < size;) {
      const ssize_t n = read(fd_.get(), bytes.data() + done, size - done);
      if (n < 0 && errno == EINTR) {
        continue;
      }
      if (n <= 0) {
        return Error{Code::failed, "the engine is gone", ""};
      }
      done += static_cast<size_t>(n);
    }
    return bytes;
  }

  ipc::Fd fd_;
};

Json request_of(const char* op, const Words& words) {
  Json request = {{"op", op}};
  if (words.tag) {
    request["tag"] = *words.tag;
  }
  if (words.timeout) {
    request["timeout"] = *words.timeout;
  }
  return request;
}

ipc::Status send(const Words& words) {
  if (words.operands.empty() || words.label) {
    return usage("ipsend [--tag TAG] [--timeout DUR] TO [TEXT]", "TO is 3, 0-3,7 or all");
  }
  Json request = request_of("send", words);
  if (words.operands[0] == "all") {
    request["to"] = "all";
  } else {
    IPC_TRY_ASSIGN(request["to"], ipc::parse_idset(words.operands[0]));
  }
  std::string body;
  if (words.operands.size() == 1) {
    IPC_TRY_ASSIGN(body, ipc::read_all(STDIN_FILENO, kMostInput));
    request["type"] = "bytes";
  } else {
    for (size_t i = 1; i < words.operands.size(); ++i) {
      body += (i > 1 ? " " : "") + words.operands[i];
    }
    request["type"] = "text";
  }
  IPC_TRY_ASSIGN(Engine engine, Engine::connect());
  IPC_TRY(engine.ask(std::move(request), body));
  return {};
}

ipc::Status receive(const Words& words) {
  Json request = request_of("receive", words);
  if (words.operands.size() > 1) {
    return usage("ipreceive [--tag TAG] [--timeout DUR] [-l] [FROM]", "FROM is one engine");
  }
  if (!words.operands.empty()) {
    IPC_TRY_ASSIGN(const auto from, ipc::parse_idset(words.operands[0]));
    if (from.size() != 1) {
      return usage("ipreceive takes messages of one engine, or of all", "leave FROM out");
    }
    request["from"] = from[0];
  }
  IPC_TRY_ASSIGN(Engine engine, Engine::connect());
  IPC_TRY_ASSIGN(const Json head, engine.ask(std::move(request)));
  const std::string type = ipc::wire::string_or(head, "type");
  const std::string from = std::to_string(ipc::wire::int_or(head, "from", -1));
  if (type == "pickle") {
    // Left where it is: what reads Python's objects may still want it.
    return Error{Code::bad_input, "the message of engine " + from + " is an object of Python's",
                 "send a string, a number or bytes"};
  }
  IPC_TRY_ASSIGN(std::string body, engine.read_body(head));
  if (words.label) {
    body.insert(0, from + ": ");
  }
  if (type != "bytes") {
    body += '\n';
  }
  IPC_TRY(ipc::write_all(STDOUT_FILENO, body));
  return engine.taken();
}

ipc::Status show_ids(const Words& words, bool all) {
  if (!words.operands.empty()) {
    return usage(all ? "ipids takes no operand" : "ipid takes no operand");
  }
  IPC_TRY_ASSIGN(Engine engine, Engine::connect());
  IPC_TRY_ASSIGN(const Json answer, engine.ask({{"op", "engines"}}));
  std::string text;
  if (!all) {
    text = answer.at("id").dump() + "\n";
  } else {
    for (const auto& id : answer.at("ids")) {
      text += id.dump() + "\n";
    }
  }
  return ipc::write_all(STDOUT_FILENO, text);
}

ipc::Status discard(const Words& words) {
  if (!words.operands.empty()) {
    return usage("ipdiscard takes no operand");
  }
  IPC_TRY_ASSIGN(Engine engine, Engine::connect());
  IPC_TRY(engine.ask({{"op", "discard"}}));
  return {};
}

ipc::Status run(const std::string& name, const Words& words) {
  if (name == "ipsend") {
    return send(words);
  }
  if (name == "ipreceive") {
    return receive(words);
  }
  if (name == "ipdiscard") {
    return discard(words);
  }
  return show_ids(words, name == "ipids");
}

}  // namespace

int message_program(int argc, char** argv) {
  const std::string name = argc > 0 ? argv[0] : "ipid";
  const auto words = parse(argc - 1, argv + 1);
  const ipc::Status done = words ? run(name, *words) : ipc::Status(words.error());
  if (done) {
    return 0;
  }
  fprintf(stderr, "%s: %s\n", name.c_str(), done.error().text().c_str());
  return static_cast<int>(done.error().code);
}

}  // namespace ipkit::kernel::sh
