// SPDX-License-Identifier: BSD-3-Clause
// Values on the command line, in: `k=v` and what v may be.
#include "libipc/cli/values.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>

#include "libipc/cli/pipeline.hpp"
#include "libipc/util/fd.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::cli {

namespace {

constexpr size_t kMostBytes = size_t{4} << 30;

Result<std::string> read_stdin() {
  IPC_TRY_ASSIGN(std::string bytes, read_all(STDIN_FILENO, kMostBytes));
  IPC_TRY(check_writer("incomplete input"));
  return bytes;
}

bool is_large_file(int fd) {
  struct stat s;
  return ::fstat(fd, &s) == 0 && S_ISREG(s.st_mode) && s.st_size > off_t{client::kPiece};
}

std::string type_of_file(std::string_view path) {
  if (path.ends_with(".json")) return "json";
  if (path.ends_with(".npy")) return "npy";
  for (const std::string_view text : {".txt", ".csv", ".tsv"})
    if (path.ends_with(text)) return "text";
  return "bytes";
}

Status take_file(const std::string& path, client::PushValue& value) {
  value.type = type_of_file(path);
  if (path == "-") {
    IPC_TRY_ASSIGN(value.bytes, read_stdin());
    return {};
  }
  Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return system_error(Code::no_input, "cannot open " + path);
  // A large file is read while it is sent; JSON is looked at first.
  if (value.type != "json" && is_large_file(file.get())) {
    IPC_TRY_ASSIGN(client::Source source, client::Source::of_file(std::move(file)));
    value.bytes.clear();
    value.source = std::make_shared<const client::Source>(std::move(source));
    return {};
  }
  auto bytes = read_all(file.get(), kMostBytes);
  if (!bytes) return Error{bytes.error().code, path + ": " + bytes.error().what, ""};
  value.bytes = *std::move(bytes);
  if (value.type != "json") return {};
  if (auto json = wire::parse_json(value.bytes); !json)
    return Error{Code::bad_input, path + ": " + json.error().what, ""};
  return {};
}

}  // namespace

bool is_identifier(std::string_view name) {
  const auto letter = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  return !name.empty() && std::isdigit(static_cast<unsigned char>(name[0])) == 0 &&
         std::all_of(name.begin(), name.end(), letter);
}

bool is_json_number(std::string_view text) {
  size_t at = 0;
  const auto digits = [&] {
    const size_t from = at;
    while (at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0) ++at;
    return at - from;
  };
  if (at < text.size() && text[at] == '-') ++at;
  const size_t first = at;
  const size_t whole = digits();
  if (whole == 0 || (whole > 1 && text[first] == '0')) return false;
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (digits() == 0) return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (digits() == 0) return false;
  }
  return at == text.size();
}

Result<client::PushValue> parse_value(std::string_view text, bool plain) {
  client::PushValue value{"", "text", std::string(text)};
  if (plain) return value;
  if (text.size() > 1 && text[0] == '@') {
    IPC_TRY(take_file(std::string(text.substr(1)), value));
  } else if (text.starts_with("ref:")) {
    value.type = "ref";
    value.bytes.erase(0, 4);
    if (value.bytes.empty())
      return Error{Code::usage, "'" + std::string(text) + "' refers to nothing", "ref:NAME"};
  } else if (wire::parse_json(value.bytes)) {
    value.type = "json";
  }
  return value;
}

Result<client::PushValue> parse_assignment(std::string_view word, bool plain) {
  const size_t equals = word.find('=');
  if (equals == std::string_view::npos)
    return Error{Code::usage, "'" + std::string(word) + "' is not NAME=VALUE",
                 is_identifier(std::string(word)) ? "write " + std::string(word) + "=VALUE" : ""};
  const std::string name(word.substr(0, equals));
  if (!is_identifier(name))
    return Error{Code::usage, "'" + name + "' in '" + std::string(word) + "' is not a name",
                 "names are letters, digits and _"};
  IPC_TRY_ASSIGN(auto value, parse_value(word.substr(equals + 1), plain));
  value.name = name;
  return value;
}

Result<std::vector<client::PushValue>> parse_assignments(std::span<const std::string> words,
                                                         bool plain) {
  std::vector<client::PushValue> values;
  bool stdin_taken = false;
  for (const auto& word : words) {
    const bool takes_stdin = !plain && word.ends_with("=@-") && word.find('=') + 3 == word.size();
    if (takes_stdin && stdin_taken)
      return Error{Code::usage, "standard input is asked for twice", "one @- only"};
    stdin_taken = stdin_taken || takes_stdin;
    IPC_TRY_ASSIGN(auto value, parse_assignment(word, plain));
    for (const auto& other : values)
      if (other.name == value.name)
        return Error{Code::usage, "'" + value.name + "' is given twice", ""};
    values.push_back(std::move(value));
  }
  return values;
}

}  // namespace ipc::cli
