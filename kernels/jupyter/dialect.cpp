// SPDX-License-Identifier: BSD-3-Clause
// Requests about values, as code in the kernel's own language.
#include "kernels/jupyter/dialect.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "libipc/util/fd.hpp"
#include "libipc/util/file.hpp"
#include "libipc/util/text.hpp"

namespace ipc::jupyter {
namespace {

using wire::Json;

constexpr const char* kType = "application/vnd.ipkit+json";
constexpr const char* kKey = "ipkit";
constexpr size_t kLarge = 64 << 10, kMost = size_t{4} << 30;

std::string to_base64(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size = ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                     reinterpret_cast<const unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size()));
  text.resize(static_cast<size_t>(size));
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string bytes(3 * (text.size() / 4) + 3, '\0');
  const int size = ::EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                     reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()));
  if (size < 0) return {};
  size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  bytes.resize(static_cast<size_t>(size) - padding);
  return bytes;
}

/// `text` as a string literal: JSON's form is both Python's and R's as long as nothing is written
/// as \u, and wire::dump_json only writes control characters so.
std::string literal(std::string_view text) {
  return wire::dump_json(Json(text));
}

}  // namespace

Dialect::Dialect(const std::string& language, std::string directory)
    : directory_(std::move(directory)) {
  if (language == "python") language_ = Language::python;
  if (language == "R" || language == "r") language_ = Language::r;
}

Result<std::string> Dialect::loader(bool own_output) const {
  if (language_ == Language::other) return std::string();
  const bool python = language_ == Language::python;
  IPC_TRY_ASSIGN(const std::string file,
                 find_program(python ? "kernels/jupyter/helper.py" : "kernels/jupyter/helper.R"));
  if (!python) return "base::sys.source(" + literal(file) + ", base::attach(NULL, name='ipkit'))";
  const std::string directory = file.substr(0, file.rfind('/'));
  // A package of its own name: nothing of ours can be imported by accident.
  return "(lambda sys: (setattr(sys.modules.setdefault('_ipkit', type(sys)('_ipkit')), '__path__', "
         "[" +
         literal(directory) + ", " + literal(directory + "/../python") +
         "]), __import__('_ipkit.helper', fromlist=['load']).load(get_ipython(), " +
         (own_output ? "True" : "False") + ")))(__import__('sys')) and None";
}

bool Dialect::serves(std::string_view type) const {
  static constexpr std::array<std::string_view, 6> kBoth = {"push_request",  "pull_request",
                                                            "map_request",   "list_request",
                                                            "clear_request", "value_request"};
  if (language_ == Language::other) return false;
  if (std::find(kBoth.begin(), kBoth.end(), type) != kBoth.end()) return true;
  return language_ == Language::python && type == "apply_request";
}

// A buffer as a word of the call: base64, or `@` and the path of a file for its reader to remove.
std::string Dialect::word_for(const std::string& buffer) const {
  if (directory_.empty() || buffer.size() < kLarge) return to_base64(buffer);
  const std::string path = directory_ + "/to-kernel-" + std::to_string(++files_);
  const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file && write_all(file.get(), buffer)) return "@" + path;
  ::unlink(path.c_str());
  return to_base64(buffer);
}

std::optional<std::string> Dialect::bytes_of(const std::string& word) const {
  if (directory_.empty() || !word.starts_with("@" + directory_ + "/")) return from_base64(word);
  auto bytes = read_file(word.substr(1), kMost);
  ::unlink(word.c_str() + 1);
  if (!bytes) return {};
  return *std::move(bytes);
}

// {"content": {…}, "buffers": [base64, …]}, or the text of it.
std::optional<Answer> Dialect::parse_answer(const Json& bundle) const {
  const auto found = bundle.is_object() ? bundle.find(kType) : bundle.end();
  if (!bundle.is_object() || found == bundle.end()) return {};
  Json value = *found;
  if (value.is_string()) {
    auto parsed = wire::parse_json(value.get_ref<const std::string&>());
    if (!parsed) return {};
    value = *std::move(parsed);
  }
  if (!value.is_object() || !value.contains("content") || !value["content"].is_object()) return {};
  Answer answer;
  answer.content = std::move(value["content"]);
  const Json buffers = value.value("buffers", Json::array());
  for (const auto& buffer : buffers) {
    if (!buffer.is_string()) return {};
    auto bytes = bytes_of(buffer.get_ref<const std::string&>());
    if (!bytes) return {};
    answer.buffers.push_back(*std::move(bytes));
  }
  return answer;
}

std::string Dialect::call_text(std::string_view type, std::string_view content,
                               const std::vector<std::string>& buffers) const {
  const bool python = language_ == Language::python;
  std::string code = python ? "__import__('sys').modules['_ipkit.helper'].serve(" : ".ipkit_serve(";
  code += literal(type) + ", " + literal(to_base64(content)) + (python ? ", [" : ", c(");
  for (size_t i = 0; i < buffers.size(); ++i)
    code += (i == 0 ? "" : ", ") + literal(word_for(buffers[i]));
  return code + (python ? "], " : "), ") + literal(directory_) + ")";
}

Json Dialect::call(std::string_view type, std::string_view content,
                   const std::vector<std::string>& buffers) const {
  const bool python = language_ == Language::python;
  const std::string code = call_text(type, content, buffers);
  Json expressions = Json::object();
  if (python) expressions[kKey] = code;
  return {{"code", python ? "" : code},      {"silent", python},     {"store_history", false},
          {"user_expressions", expressions}, {"allow_stdin", false}, {"stop_on_error", false}};
}

Json Dialect::value_expressions() const {
  if (language_ != Language::python) return nullptr;
  return {{kKey, call_text("value_request", "{}", {})}};
}

std::optional<Answer> Dialect::answer_in_reply(const Json& content) const {
  const auto expressions = content.find("user_expressions");
  if (expressions == content.end() || !expressions->is_object() || !expressions->contains(kKey))
    return {};
  const Json& value = (*expressions)[kKey];
  if (!value.is_object()) return {};
  // A helper that failed outside of its own care.
  if (wire::string_or(value, "status") == "error") return Answer{value, {}};
  return value.contains("data") ? parse_answer(value["data"]) : std::nullopt;
}

std::optional<Answer> Dialect::answer_in_display(const Json& content) const {
  return content.is_object() && content.contains("data") ? parse_answer(content["data"])
                                                         : std::nullopt;
}

}  // namespace ipc::jupyter
