// SPDX-License-Identifier: BSD-3-Clause
// Our requests in the words of ipyparallel, for engines that are not known as ours.
#include "libipc/client/guest.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "libipc/util/file.hpp"

namespace ipc::client {
namespace {

using wire::Json;

// In the order in which they need each other.
constexpr std::array<const char*, 11> kModules = {"errors",     "memory",    "sources", "values",
                                                  "expression", "reduction", "files",   "mapping",
                                                  "data",       "execute",   "guest"};
// What Jupyter itself has in an execute_request.
constexpr std::array<std::string_view, 6> kPlain = {
    "code", "silent", "store_history", "user_expressions", "allow_stdin", "stop_on_error"};
constexpr std::string_view kOwnPackage = "_ipkit";
constexpr std::string_view kMark("\x93ipkit-guest\r\n\x1a\n", 16);
constexpr uint64_t kMostParts = 4096;

// Runs in the engine, with our dict as its globals: the call, and before the first one, the load.
constexpr std::string_view kCall =
    "(__import__('sys').modules.get(package) or (exec(loader, globals()), start())[1])"
    ".guest.serve(kind, content, buffers, raises)"
    " if sources or package in __import__('sys').modules else missing";
constexpr std::string_view kLoader = R"(
def start():
    import sys
    module = type(sys)
    root = sys.modules[package] = module(package)
    root.__path__ = []
    try:
        for name in 'hooks', 'shell':
            root.__dict__[name] = sys.modules[package + '.' + name] = module(package + '.' + name)
        for name, text in zip(sources[::2], sources[1::2]):
            full = package + '.' + name
            part = root.__dict__[name] = sys.modules[full] = module(full)
            part.__file__ = '/<ipkit>/' + name + '.py'
            exec(compile(text, part.__file__, 'exec', dont_inherit=True), part.__dict__)
    except BaseException:
        del sys.modules[package]
        raise
    return root
)";

// -- pickles, of protocol 4: `\x80\x04`, a value, `.`

void put_number(std::string& to, uint64_t number, int bytes) {
  for (int i = 0; i < bytes; ++i) to += static_cast<char>(number >> (8 * i) & 0xff);
}

void put_bytes(std::string& to, std::string_view bytes) {
  to += '\x8e';
  put_number(to, bytes.size(), 8);
  to += bytes;
}

void put_text(std::string& to, std::string_view text) {
  to += 'X';
  put_number(to, text.size(), 4);
  to += text;
}

void put_count(std::string& to, uint64_t number) {
  to += 'J';
  put_number(to, number, 4);
}

net::Frame pickle(std::string value) {
  return net::Frame::adopt("\x80\x04" + std::move(value) + ".");
}

// What says how many arguments come, in how many frames.
std::string call_facts() {
  std::string facts = "}";
  put_text(facts, "nargs");
  put_count(facts, 2);
  facts += 's';
  put_text(facts, "narg_bufs");
  put_count(facts, 2);
  facts += 's';
  put_text(facts, "kw_keys");
  return facts + "]s";
}

// 64-bit FNV-1a: names what is loaded, keeps nobody out.
std::string digest(std::string_view text) {
  uint64_t hash = 14695981039346656037u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof digits, hash, 16).ptr;
  return {digits, end};
}

void replace_all(std::string& text, std::string_view what, const std::string& by) {
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
    text.replace(at, what.size(), by);
}

// -- answers: the mark, how many parts, their sizes, the parts

uint64_t take_number(std::string_view& from) {
  uint64_t number = 0;
  for (size_t i = 0; i < 8; ++i) number |= uint64_t{static_cast<unsigned char>(from[i])} << (8 * i);
  from.remove_prefix(8);
  return number;
}

struct Answer {
  bool found = false;                   // in one of the frames
  std::vector<std::string_view> parts;  // content, then buffers; none: there was nobody to answer
};

Answer read_answer(std::string_view bytes) {
  bytes.remove_prefix(kMark.size());
  if (bytes.size() < 8) return {};
  const uint64_t count = take_number(bytes);
  if (count > kMostParts || bytes.size() < 8 * count) return {};
  std::string_view sizes = bytes.substr(0, 8 * count);
  bytes.remove_prefix(8 * count);
  Answer answer{true, {}};
  while (!sizes.empty()) {
    const uint64_t size = take_number(sizes);
    if (size > bytes.size()) return {};
    answer.parts.push_back(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  return answer;
}

// Beyond a size that its session may change the bytes are a frame of their own, else in the pickle.
template <typename Buffers>
Answer find_answer(const Buffers& buffers) {
  for (auto buffer = buffers.rbegin(); buffer != buffers.rend(); ++buffer)
    if (const size_t at = buffer->find(kMark); at != std::string_view::npos)
      return read_answer(std::string_view(*buffer).substr(at));
  return {};
}

// The same frames, with other parts.
void set_parts(net::Incoming& message, std::string_view content,
               std::span<const std::string_view> buffers) {
  message.views.assign(1, content);
  message.views.insert(message.views.end(), buffers.begin(), buffers.end());
  message.view.content = message.views[0];
  message.view.identities = {};
  message.view.buffers = std::span(message.views).subspan(1);
}

}  // namespace

Result<Guest> Guest::load() {
  Guest guest;
  std::vector<std::string> texts;
  std::string all;
  for (const char* name : kModules) {
    IPC_TRY_ASSIGN(const std::string path,
                   find_program("kernels/python/" + std::string(name) + ".py"));
    IPC_TRY_ASSIGN(texts.emplace_back(), read_file(path));
    all += texts.back();
  }
  guest.package_ = std::string(kOwnPackage) + "_" + digest(all);
  guest.sources_ = "](";
  for (size_t i = 0; i < texts.size(); ++i) {
    replace_all(texts[i], kOwnPackage, guest.package_);
    put_text(guest.sources_, kModules[i]);
    put_text(guest.sources_, texts[i]);
  }
  guest.sources_ += 'e';
  return guest;
}

bool Guest::serves(const Request& request) {
  if (request.type == "complete_request" || request.type == "inspect_request") return true;
  if (request.type != "execute_request" || !request.buffers.empty()) return false;
  const auto content = wire::parse_json(request.content);
  if (!content || !content->is_object()) return false;
  for (const auto& [key, value] : content->items())
    if (std::find(kPlain.begin(), kPlain.end(), key) == kPlain.end()) return false;
  return true;
}

Request Guest::wrap(const Request& request, Manner manner) const {
  std::string names = "}";
  const auto put_name = [&](std::string_view name, auto put) {
    put_text(names, name);
    put();
    names += 's';
  };
  put_name("package", [&] { put_text(names, package_); });
  put_name("loader", [&] { put_text(names, kLoader); });
  put_name("sources", [&] { names += manner.with_text ? sources_ : "]"; });
  put_name("missing", [&] { put_bytes(names, std::string(kMark) + std::string(8, '\0')); });
  put_name("kind", [&] { put_text(names, request.type); });
  put_name("content", [&] { put_bytes(names, request.content); });
  put_name("raises", [&] { names += manner.raises ? '\x88' : '\x89'; });
  put_name("buffers", [&] {
    names += "](";
    for (const auto& buffer : request.buffers) put_bytes(names, buffer.view());
    names += 'e';
  });
  std::string call;
  put_text(call, kCall);
  Request wrapped;
  wrapped.type = "apply_request";
  wrapped.buffers.push_back(pickle("cbuiltins\neval\n"));
  wrapped.buffers.push_back(pickle(call_facts()));
  wrapped.buffers.push_back(pickle(std::move(call)));
  wrapped.buffers.push_back(pickle(std::move(names)));
  wrapped.directed = request.directed;
  wrapped.metadata = request.metadata;
  return wrapped;
}

bool unwrap(Reply& reply, std::string_view type) {
  reply.type = std::string(type.substr(0, type.rfind("_request"))) + "_reply";
  if (reply.outcome != Outcome::ok) return true;
  const Answer answer = find_answer(reply.message.view.buffers);
  if (!answer.found) {
    static constexpr std::string_view kStrange =
        R"({"status":"error","ename":"BadReply","evalue":"the engine's answer has no known form"})";
    reply.outcome = Outcome::error;
    set_parts(reply.message, kStrange, {});
    return true;
  }
  if (answer.parts.empty()) return false;
  set_parts(reply.message, answer.parts[0], std::span(answer.parts).subspan(1));
  if (wire::string_or(reply.content(), "status") != "ok") reply.outcome = Outcome::error;
  return true;
}

bool unwrap_kept(std::vector<std::string>& buffers, wire::Json& content) {
  const Answer answer = find_answer(buffers);
  if (!answer.found || answer.parts.empty()) return false;
  auto parsed = wire::parse_json(answer.parts[0]);
  if (!parsed || !parsed->is_object()) return false;
  content = *std::move(parsed);
  const std::vector<std::string> parts(answer.parts.begin() + 1, answer.parts.end());
  buffers = parts;
  return true;
}

}  // namespace ipc::client
