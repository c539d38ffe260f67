// SPDX-License-Identifier: BSD-3-Clause
// What ipscatter takes apart: where it comes from and what its elements are.
#include "cmd/ipscatter/input.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "libipc/cli/pipeline.hpp"
#include "libipc/cli/program.hpp"
#include "libipc/util/text.hpp"

namespace ipscatter {

using ipc::Code;
using ipc::Error;
using ipc::Fd;
using ipc::Result;
using ipc::Status;
using ipc::client::Slice;
using ipc::client::Source;
using ipc::client::Spool;

// A JSON text is taken apart in memory.
constexpr uint64_t kMostJson = uint64_t{1} << 30;

Result<Format> format_of(const ipc::cli::Arguments& arguments) {
  const auto separator = arguments.get("delimiter");
  const auto type = arguments.get_or("type", "lines");
  const std::vector<std::string> known = {"lines", "bytes", "json", "npy"};
  if (std::find(known.begin(), known.end(), type) == known.end())
    return Error{Code::usage, "--type " + type + " is not known", "lines, bytes, json or npy"};
  if ((separator || arguments.has("null")) && type != "lines")
    return Error{Code::usage, "-0 and -d are for lines, not for --type " + type, ""};
  if (separator && arguments.has("null"))
    return Error{Code::usage, "-0 and -d are both given", "give one"};
  if (arguments.has("null")) return Format{"nul", '\0'};
  if (!separator) return Format{type, '\n'};
  char c = separator->size() == 1 ? (*separator)[0] : '\0';
  if (*separator == "\\n") c = '\n';
  if (*separator == "\\t") c = '\t';
  const bool is_nul = *separator == "\\0";
  if (c == '\0' && !is_nul)
    return Error{Code::usage, "-d takes one character, not '" + *separator + "'",
                 "or \\t, \\n, \\0"};
  return Format{is_nul ? "nul" : c == '\n' ? "lines" : "json", c};
}

static Result<Fd> open_input(const std::string& name) {
  Fd fd(name == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                    : ::open(name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return ipc::system_error(Code::no_input, "cannot open " + name);
  struct stat s;
  if (::fstat(fd.get(), &s) == 0 && S_ISDIR(s.st_mode))
    return Error{Code::no_input, name + " is a directory", ""};
  return fd;
}

Result<Inputs> open_inputs(const std::vector<std::string>& files) {
  Inputs inputs;
  inputs.names = files;
  if (inputs.names.empty()) inputs.names = {"-"};
  for (auto& name : inputs.names) {
    IPC_TRY_ASSIGN(Fd fd, open_input(name));
    inputs.files.push_back(std::move(fd));
    if (name != "-") continue;
    if (inputs.reads_stdin)
      return Error{Code::usage, "standard input is asked for twice", "one - only"};
    inputs.reads_stdin = true;
    name = "standard input";
  }
  if (inputs.reads_stdin && ::isatty(STDIN_FILENO) == 1)
    ipc::cli::complain("reading items from the terminal, Ctrl-D ends");
  return inputs;
}

static Status read_into(Spool& spool, int fd, const std::string& name, int stop) {
  while (true) {
    pollfd ready[2] = {{fd, POLLIN, 0}, {stop, POLLIN, 0}};
    if (::poll(ready, 2, -1) < 0 && errno != EINTR)
      return ipc::system_error(Code::internal, "cannot wait for input");
    if (ready[1].revents != 0) return Error{Code::failed, "interrupted", ""};
    if (ready[0].revents == 0) continue;
    const auto taken = spool.append_from(fd);
    if (!taken) return Error{taken.error().code, name + ": " + taken.error().what, ""};
    if (*taken == 0) return {};
  }
}

Result<Source> take_input(Inputs&& inputs, const Format& format, int stop) {
  if (inputs.files.size() == 1) {
    struct stat s;
    if (::fstat(inputs.files[0].get(), &s) == 0 && S_ISREG(s.st_mode))
      return Source::of_file(std::move(inputs.files[0]));
  } else if (format.type == "json" && format.separator == '\n') {
    return Error{Code::usage, "--type json takes one FILE", ""};
  } else if (format.type == "npy") {
    return Error{Code::usage, "--type npy takes one FILE", ""};
  }
  Spool spool;
  const bool has_separator = format.type != "bytes" && format.type != "npy";
  for (size_t i = 0; i < inputs.files.size(); ++i) {
    IPC_TRY(read_into(spool, inputs.files[i].get(), inputs.names[i], stop));
    // The last element of one file and the first of the next are two.
    const bool is_open =
        spool.last() >= 0 && spool.last() != static_cast<unsigned char>(format.separator);
    if (has_separator && i + 1 < inputs.files.size() && is_open)
      IPC_TRY(spool.append(std::string_view(&format.separator, 1)));
  }
  if (inputs.reads_stdin) IPC_TRY(ipc::cli::check_writer("not bound: incomplete input"));
  return std::move(spool).finish();
}

// Texts made here take the place of the input.
static std::vector<Slice> replace(Source& source, const std::vector<std::string>& texts) {
  std::string all;
  std::vector<Slice> slices;
  for (const auto& text : texts) {
    slices.push_back({"", all.size(), all.size() + text.size()});
    all += text;
  }
  source = Source::of(std::move(all));
  return slices;
}

// Elements with a separator of their own go as a JSON list, or kernels would split at newlines.
static Result<std::string> list_of(const std::string& text, char separator) {
  std::string list = "[";
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(separator, at), text.size());
    const auto item = std::string_view(text).substr(at, end - at);
    if (!ipc::is_utf8(item))
      return Error{Code::bad_input,
                   "element " + ipc::json_quote(item.substr(0, 40)) + " is not UTF-8",
                   "use lines or -0, which keep any bytes"};
    list += (list.size() > 1 ? "," : "") + ipc::json_quote(item);
    at = end + 1;
  }
  return list + "]";
}

static Result<std::vector<Slice>> cut_json(Source& source, const Format& format, size_t engines) {
  if (source.size() > kMostJson)
    return Error{Code::bad_input, "more than 1 GB of JSON",
                 "use lines, which are not held in memory"};
  IPC_TRY_ASSIGN(std::string text, source.read(0, static_cast<size_t>(source.size())));
  if (format.separator != '\n') {
    // The newline that ends a text is not part of its last element.
    if (text.ends_with('\n')) text.pop_back();
    IPC_TRY_ASSIGN(text, list_of(text, format.separator));
  }
  IPC_TRY_ASSIGN(const auto texts, ipc::client::slice_json(text, engines));
  return replace(source, texts);
}

Result<std::vector<Slice>> cut(Source& source, const Format& format, size_t engines) {
  if (format.type == "bytes") return ipc::client::slice_bytes(source.size(), engines);
  if (format.type == "npy") return ipc::client::slice_npy(source, engines);
  if (format.type == "json") return cut_json(source, format, engines);
  return ipc::client::slice_separated(source, format.separator, engines);
}

}  // namespace ipscatter
