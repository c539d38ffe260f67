// SPDX-License-Identifier: BSD-3-Clause
// server.cpp: the native kernel's requests.
#include "kernels/native/server.hpp"

#include <fcntl.h>
#include <stdio_ext.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iostream>

#include "kernels/common/text.hpp"

namespace ipkit::kernel::native {

namespace {

constexpr size_t max_shown = 10'000;  ///< bytes of a value that is displayed, not asked for

void enter(const std::string& directory) {
  if (chdir(directory.c_str()) != 0)
    throw Refused{"OSError", directory + ": " + strerror(errno), {}};
}

/// What was printed is on its way before anything else is.
void flush_streams() {
  std::cout.flush();
  std::clog.flush();
  fflush(nullptr);
}

/// The request's standard input, as long as this lives.
class Input {
 public:
  explicit Input(const std::string& data) {
    const int file = memfd_create("ipkit-stdin", MFD_CLOEXEC);
    for (size_t done = 0; file >= 0 && done < data.size();) {
      const ssize_t count = write(file, data.data() + done, data.size() - done);
      if (count <= 0 && errno != EINTR) throw Refused{"OSError", strerror(errno), {}};
      done += count > 0 ? static_cast<size_t>(count) : 0;
    }
    replace(file);
  }
  ~Input() { replace(open("/dev/null", O_RDONLY | O_CLOEXEC)); }
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

 private:
  static void replace(int file) {
    lseek(file, 0, SEEK_SET);
    dup2(file, 0);
    close(file);
    __fpurge(stdin);  // what was read ahead of the last one
    clearerr(stdin);
    std::cin.clear();
  }
};

/// Encoded results of a map, and which items failed.
struct Results {
  Json sizes = Json::array();
  Json failed = Json::array();
  std::string plain, ended;  ///< the latter each followed by the separator
  bool sized = false;
};

void add_failure(Results& results, size_t index, const Refused& refused) {
  Json one{{"index", index}, {"ename", refused.ename}, {"evalue", refused.evalue}};
  one["traceback"] = Json::array();
  if (results.failed.size() < 16) one["traceback"].push_back(refused.ename + ": " + refused.evalue);
  if (refused.more.contains("exit_status")) one["exit_status"] = refused.more["exit_status"];
  results.failed.push_back(std::move(one));
  results.sizes.push_back(0);
  results.sized = true;
}

std::string item_result(const Value& value, bool json) {
  Pulled found = encode(value, json ? "json" : "text");
  return found.type == "base64" ? json_string(found.data) : std::move(found.data);
}

/// The item as `x`: a number if it is written as one.
Value item_value(std::string_view item, const std::string& type) {
  const std::string text(item);
  if (type == "json") return decode_json(text);
  const bool number = type == "auto" && !text.empty() &&
                      text.find_first_not_of("+-.0123456789eE") == std::string::npos &&
                      Json::accept(text);
  return make_value(number ? IPKIT_JSON : IPKIT_TEXT, text);
}

}  // namespace

NativeServer::NativeServer(Channel& channel)
    : Server(channel), home_(std::filesystem::current_path()) {}

Value NativeServer::evaluate(const Expression& expression, const Names& local) {
  if (expression.kind == Expression::literal) return expression.value;
  const std::string& word = expression.word;
  if (expression.kind == Expression::name) {
    const auto here = local.find(word);
    if (here != local.end()) return here->second;
    const auto found = names_.find(word);
    if (found != names_.end()) return found->second;
    throw Refused{"NameError", "name '" + word + "' is not defined", {{"name", word}}};
  }
  const Function function = libraries_.find(word);
  if (function == nullptr)
    throw Refused{"NameError", "no function '" + word + "' in what is loaded", {{"name", word}}};
  std::vector<Value> arguments;
  for (const Expression& one : expression.arguments) arguments.push_back(evaluate(one, local));
  Value result;
  try {
    result = call_function(function, word, arguments);
  } catch (const Refused&) {
    flush_streams();
    throw;
  }
  flush_streams();
  return result;
}

void NativeServer::run_statement(const Statement& statement, Value& last) {
  switch (statement.kind) {
    case Statement::load:
      libraries_.load(statement.word);
      break;
    case Statement::directory:
      enter(statement.word);
      break;
    case Statement::assignment:
      names_[statement.word] = evaluate(statement.what, {});
      break;
    case Statement::expression:
      last = evaluate(statement.what, {});
      break;
  }
}

Answer NativeServer::run(const std::string& code, bool want_value, bool silent) {
  const auto statements = parse_code(code);
  Value last;
  for (const Statement& statement : statements) {
    try {
      run_statement(statement, last);
    } catch (Refused& refused) {
      if (statements.size() > 1)
        refused.evalue = "line " + std::to_string(statement.line) + ": " + refused.evalue;
      throw;
    }
  }
  Answer reply{executed(), {}};
  if (statements.empty() || statements.back().kind != Statement::expression) return reply;
  if (want_value) {
    Pulled value = encode(last, "text");
    reply.content["value"] = {{"type", value.type}};
    reply.buffers.push_back(std::move(value.data));
  }
  if (!silent && (last.type != IPKIT_JSON || *last.data != "null")) {
    std::string shown = last.data->size() > max_shown
                            ? std::string("<") + type_name(last) + ", " +
                                  std::to_string(last.data->size()) + " bytes>"
                            : encode(last, "text").data;
    tell("execute_result", {{"execution_count", execution_count()},
                            {"data", {{"text/plain", std::move(shown)}}},
                            {"metadata", Json::object()}});
  }
  return reply;
}

Answer NativeServer::execute(const Json& content, Buffers& buffers) {
  const std::string code = begin_execute(content);
  std::optional<Input> input;
  if (flag(content, "stdin", false)) {
    if (buffers.empty()) throw Refused{"ValueError", "stdin without a buffer", {}};
    input.emplace(buffers[0]);
  }
  const Json argv = content.value("argv", Json());
  try {
    if (argv.is_array() && argv.size() > 1)
      throw Refused{"ValueError", "arguments are given in the call: f(1, 2)", {}};
    return run(code, flag(content, "value", false), flag(content, "silent", false));
  } catch (Refused& error) {
    if (!error.more.is_object()) error.more = Json::object();
    error.more["execution_count"] = execution_count();
    tell_error(error);
    throw;
  }
}

/// The code of a map as a call: the name of a function is one of the item.
Expression NativeServer::item_call(const std::string& code) {
  Expression found = parse_expression(code);
  const bool item = found.word == "x" || found.word == "_";
  if (found.kind == Expression::name && !item && libraries_.find(found.word) != nullptr) {
    Expression argument;
    argument.kind = Expression::name;
    argument.word = "x";
    found.kind = Expression::call;
    found.arguments.push_back(std::move(argument));
  }
  return found;
}

Answer NativeServer::map(const Json& content, Buffers& buffers) {
  const char out = separator(content, "out");
  const bool json = flag(content, "json", false);
  const std::string type = content.value("type", "auto");
  if (type != "auto" && type != "text" && type != "json")
    throw Refused{"ValueError", "unknown type of items: " + type, {}};
  const auto items = items_of(content, buffers);
  const Expression code = item_call(content.value("code", ""));
  Results results;
  for (size_t i = 0; i < items.size(); ++i) {
    try {
      const Value value = evaluate(code, {{"x", item_value(items[i], type)},
                                          {"_", make_value(IPKIT_TEXT, std::string(items[i]))}});
      const std::string result = item_result(value, json);
      results.sized = results.sized || result.find(out) != std::string::npos;
      results.sizes.push_back(result.size());
      results.plain += result;
      results.ended += result + out;
    } catch (const Refused& refused) {
      if (refused.ename == "KeyboardInterrupt") throw;
      add_failure(results, i, refused);
    }
  }
  Answer reply{{{"count", items.size()}, {"form", results.sized ? "sized" : "lines"}}, {}};
  if (results.sized) {
    reply.content["sizes"] = std::move(results.sizes);
    reply.content["failed"] = std::move(results.failed);
  }
  reply.buffers.push_back(results.sized ? std::move(results.plain) : std::move(results.ended));
  return reply;
}

Answer NativeServer::list() {
  Json found = Json::array();
  for (const auto& [name, value] : names_)
    found.push_back({{"name", name}, {"type", type_name(value)}, {"size", size_of(value)}});
  return {{{"names", found}}, {}};
}

void NativeServer::clear() {
  names_.clear();
  libraries_.clear();
  enter(home_);
}

Answer NativeServer::kernel_info() {
  return {{{"protocol_version", "5.3"},
           {"implementation", "ipkit-native"},
           {"implementation_version", IPKIT_VERSION},
           {"banner", "functions of shared objects"},
           {"help_links", Json::array()},
           {"language_info",
            {{"name", "native"},
             {"version", IPKIT_VERSION},
             {"mimetype", "text/plain"},
             {"file_extension", ".so"}}}},
          {}};
}

void NativeServer::bind(const std::vector<std::string>& names, const Json& types, Buffers& data) {
  std::vector<Value> values;
  for (size_t i = 0; i < names.size(); ++i) {
    if (!types[i].is_string()) throw Refused{"ValueError", "unknown type: " + types[i].dump(), {}};
    values.push_back(types[i] == "ref" ? evaluate(parse_expression(data[i]), {})
                                       : decode(types[i].get<std::string>(), std::move(data[i])));
  }
  for (size_t i = 0; i < names.size(); ++i) names_[names[i]] = values[i];
}

void NativeServer::unbind(const std::vector<std::string>& names) {
  for (const std::string& name : names) names_.erase(name);
}

Pulled NativeServer::pull_value(const std::string& name, const std::string& form, bool elements,
                                char sep) {
  const Value value = evaluate(parse_expression(name), {});
  return elements ? encode_elements(value, form, sep) : encode(value, form);
}

}  // namespace ipkit::kernel::native
