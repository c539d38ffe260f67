// SPDX-License-Identifier: BSD-3-Clause
// Where ipmap's items come from.
#include "cmd/ipmap/input.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <random>

#include "libipc/cli/pipeline.hpp"
#include "libipc/cli/program.hpp"
#include "libipc/cli/values.hpp"
#include "libipc/util/fd.hpp"
#include "libipc/util/file.hpp"
#include "libipc/util/text.hpp"

namespace ipmap {

using ipc::Error;
using ipc::Result;
using ipc::Status;
using ipc::cli::Row;

constexpr size_t kMostCombined = 100'000'000;
constexpr size_t kLargestFile = size_t{1} << 30;
constexpr size_t kLargestRecord = size_t{1} << 30;

static Result<std::vector<Row>> rows_of(const ipc::cli::ItemSource& source, char separator) {
  std::vector<Row> rows;
  if (!source.is_file) {
    for (const auto& word : source.words) rows.push_back({word});
    return rows;
  }
  for (const auto& path : source.words) {
    auto text = path == "-" ? ipc::read_all(STDIN_FILENO, kLargestFile)
                            : ipc::read_file(path, kLargestFile);
    IPC_TRY(text);
    if (path == "-") IPC_TRY(ipc::cli::check_writer("input incomplete"));
    if (!text->empty() && text->back() == separator) text->pop_back();
    if (text->empty()) continue;
    for (auto& item : ipc::split(*text, separator)) rows.push_back({std::move(item)});
  }
  return rows;
}

// The sources with those that are linked put together: what is to be combined.
static Result<std::vector<std::vector<Row>>> read_sources(const Settings& settings) {
  std::vector<std::vector<Row>> sources;
  if (settings.sources.empty()) {
    IPC_TRY_ASSIGN(sources.emplace_back(), rows_of({true, false, {"-"}}, settings.separator));
  }
  for (const auto& source : settings.sources) {
    IPC_TRY_ASSIGN(auto rows, rows_of(source, settings.separator));
    const bool linked = source.linked || (settings.link && !sources.empty());
    if (linked)
      sources.back() = ipc::cli::link(sources.back(), rows, settings.link);
    else
      sources.push_back(std::move(rows));
  }
  return sources;
}

Status Input::take_rows(const Settings& settings) {
  IPC_TRY_ASSIGN(const auto sources, read_sources(settings));
  double rows = 1;
  for (const auto& source : sources) rows *= static_cast<double>(source.size());
  if (rows > kMostCombined)
    return Error{ipc::Code::usage, "the sources have more than 100,000,000 combinations", ""};
  auto combined = ipc::cli::combine(sources);
  if (settings.shuffle)
    std::shuffle(combined.begin(), combined.end(), std::mt19937_64(std::random_device{}()));
  for (const auto& row : combined) {
    const std::string item = ipc::join(row, std::string_view(&kUnit, 1));
    if (item.find('\0') != std::string::npos)
      return Error{ipc::Code::bad_input, "an item has a NUL byte", ""};
    reader_.add(item + '\0');
    ++total_;
  }
  reader_.end();
  return {};
}

Result<Input> Input::open(const Settings& settings) {
  const auto& sources = settings.sources;
  const bool one_file = sources.size() == 1 && sources[0].is_file && sources[0].words.size() == 1;
  const bool all_at_once = settings.reads_all();
  const bool is_stdin = sources.empty() || (one_file && sources[0].words[0] == "-");
  Input input(!all_at_once && (is_stdin || one_file) ? settings.separator : '\0', settings);
  if (is_stdin && ::isatty(STDIN_FILENO) == 1)
    ipc::cli::complain("reading items from the terminal, Ctrl-D ends");
  if (is_stdin && !all_at_once) return input;
  if (!one_file || all_at_once) {
    IPC_TRY(input.take_rows(settings));
    return input;
  }
  input.file_.reset(::open(sources[0].words[0].c_str(), O_RDONLY | O_CLOEXEC));
  if (!input.file_)
    return ipc::system_error(ipc::Code::no_input, "cannot open " + sources[0].words[0]);
  input.fd_ = input.file_.get();
  return input;
}

Status Input::fill() {
  IPC_TRY_ASSIGN(const bool more, reader_.fill(fd_));
  if (more && reader_.bytes() <= kLargestRecord) return {};
  if (more) return Error{ipc::Code::bad_input, "no item ends within 1 GiB", ""};
  cutter_ ? reader_.end_bytes() : reader_.end();
  return fd_ == STDIN_FILENO ? ipc::cli::check_writer("input incomplete") : Status();
}

ipc::cli::ItemBlock Input::take(size_t count, size_t limit, bool any) {
  if (cutter_) {
    const size_t length = cutter_->cut(reader_.view(), reader_.ended());
    return length == 0 ? ipc::cli::ItemBlock{} : reader_.take_bytes(length);
  }
  if (!any && !reader_.ended() && !reader_.has(count, limit)) return {};
  return reader_.take(count, limit);
}

bool Input::exhausted() const {
  return reader_.ended() && (cutter_ ? reader_.bytes() == 0 : reader_.empty());
}

std::vector<std::string> columns_of(std::string_view item, const Settings& settings) {
  std::vector<std::string> columns;
  for (bool more = true; more;) {
    const size_t unit = settings.sources.size() > 1 ? item.find(kUnit) : std::string_view::npos;
    const size_t mark =
        settings.colsep.empty() ? std::string_view::npos : item.find(settings.colsep);
    const size_t end = std::min(unit, mark);
    columns.emplace_back(item.substr(0, end));
    more = end != std::string_view::npos;
    if (more) item.remove_prefix(end + (mark < unit ? settings.colsep.size() : 1));
  }
  return columns;
}

std::string columns_json(const std::vector<std::string>& columns, const Settings& settings) {
  std::string text = "[";
  for (const auto& column : columns) {
    if (text.size() > 1) text += ',';
    const bool number = settings.type != "text" && ipc::cli::is_json_number(column);
    text += number ? column : ipc::json_quote(column);
  }
  return text + "]";
}

}  // namespace ipmap
