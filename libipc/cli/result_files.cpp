// SPDX-License-Identifier: BSD-3-Clause
// What engines print and display, kept in files.
#include "libipc/cli/result_files.hpp"

#include <fcntl.h>

#include <algorithm>
#include <array>

#include "libipc/cli/results.hpp"
#include "libipc/util/fd.hpp"
#include "libipc/util/file.hpp"

namespace ipc::cli {

std::string ResultFiles::path(int engine, bool is_stderr) const {
  return directory_ + "/" + std::to_string(engine) + (is_stderr ? "/stderr" : "/stdout");
}

static Result<Fd> open_for(const std::string& path, int flags) {
  Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0666));
  if (!fd) return system_error(Code::internal, "cannot write " + path);
  return fd;
}

Status ResultFiles::open(const std::string& directory, const std::vector<int>& engines) {
  directory_ = directory;
  for (const int engine : engines) {
    IPC_TRY(make_directories(directory + "/" + std::to_string(engine), 0777));
    for (const bool is_stderr : {false, true}) {
      IPC_TRY_ASSIGN([[maybe_unused]] const Fd fd, open_for(path(engine, is_stderr), O_TRUNC));
    }
  }
  return {};
}

void ResultFiles::add(int engine, bool is_stderr, std::string_view bytes) {
  if (!is_open() || !status_) return;
  // Opened each time: there may be more engines than descriptors.
  const auto fd = open_for(path(engine, is_stderr), O_APPEND);
  status_ = fd ? write_all(fd->get(), bytes) : Status(fd.error());
}

namespace {

struct Kind {
  std::string_view mime, suffix;
  bool base64;
};

constexpr std::array<Kind, 11> kKinds = {{
    {"image/png", ".png", true},
    {"image/jpeg", ".jpg", true},
    {"image/gif", ".gif", true},
    {"application/pdf", ".pdf", true},
    {"image/svg+xml", ".svg", false},
    {"text/html", ".html", false},
    {"text/markdown", ".md", false},
    {"text/latex", ".tex", false},
    {"application/javascript", ".js", false},
    {"application/json", ".json", false},
    {"text/plain", ".txt", false},
}};

const Kind* kind_of(std::string_view mime) {
  for (const auto& kind : kKinds)
    if (kind.mime == mime) return &kind;
  return nullptr;
}

// Text is a string or, in notebooks' form, a list of its lines.
std::string text_of(const wire::Json& value) {
  if (value.is_string()) return value;
  const auto is_string = [](const wire::Json& line) { return line.is_string(); };
  if (!value.is_array() || !std::all_of(value.begin(), value.end(), is_string))
    return wire::dump_json(value) + "\n";
  std::string text;
  for (const auto& line : value) text += line.get_ref<const std::string&>();
  return text;
}

}  // namespace

std::string suffix_of(std::string_view mime) {
  if (const Kind* kind = kind_of(mime)) return std::string(kind->suffix);
  if (mime.ends_with("+json")) return ".json";
  return mime.starts_with("text/") ? ".txt" : ".bin";
}

Status DisplayFiles::open(const std::string& directory) {
  directory_ = directory;
  return make_directories(directory, 0777);
}

void DisplayFiles::add(const client::Output& output) {
  const bool is_display = output.type.ends_with("display_data") || output.type == "execute_result";
  if (!is_open() || !status_ || !is_display) return;
  const wire::Json content = output.content();
  const auto data = content.is_object() ? content.find("data") : content.end();
  if (data == content.end() || !data->is_object()) return;
  const std::string stem = directory_ + "/" + std::to_string(output.engine) + "-" +
                           std::to_string(++numbers_[output.engine]);
  for (const auto& [mime, value] : data->items()) {
    const Kind* kind = kind_of(mime);
    std::string text = text_of(value);
    if (kind != nullptr && kind->base64)
      if (auto bytes = from_base64(text)) text = *std::move(bytes);
    status_ = write_file_atomically(stem + suffix_of(mime), text, 0666);
    if (!status_) return;
  }
}

}  // namespace ipc::cli
