// SPDX-License-Identifier: BSD-3-Clause
// Inputs of all sessions, in SQLite; and the way through them with the arrow keys.
#include "libipc/console/history.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "libipc/util/file.hpp"
#include "libipc/util/text.hpp"

namespace ipc::console {

// Others write too, each a line at a time.
constexpr int kPatience = 2000;  // ms

struct History::Impl {
  explicit Impl(const std::string& path)
      : database(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, kPatience) {
    database.exec(
        "CREATE TABLE IF NOT EXISTS inputs (id INTEGER PRIMARY KEY, at INTEGER NOT NULL,"
        " text TEXT NOT NULL)");
  }
  SQLite::Database database;
  std::string last;
};

History::History(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
History::~History() = default;
History::History(History&&) noexcept = default;
History& History::operator=(History&&) noexcept = default;

Result<History> History::open(const std::string& path) {
  const std::string directory = std::filesystem::path(path).parent_path();
  IPC_TRY(make_directories(directory, 0700));
  const mode_t mask = ::umask(0077);
  try {
    auto impl = std::make_unique<Impl>(path);
    ::umask(mask);
    return History(std::move(impl));
  } catch (const std::exception& error) {
    ::umask(mask);
    return Error{Code::no_input, path + ": " + error.what(), "inputs of this session are not kept"};
  }
}

Status History::add(std::string_view text) {
  if (trim(text).empty() || text == impl_->last) return {};
  impl_->last = text;
  try {
    SQLite::Statement insert(impl_->database,
                             "INSERT INTO inputs (at, text) VALUES (strftime('%s', 'now'), ?)");
    insert.bind(1, impl_->last);
    insert.exec();
    return {};
  } catch (const std::exception& error) {
    return Error{Code::internal, std::string("history: ") + error.what(), ""};
  }
}

Result<std::vector<History::Entry>> History::find(std::string_view text, int limit) const {
  try {
    SQLite::Statement query(
        impl_->database,
        "SELECT strftime('%Y-%m-%d %H:%M', at, 'unixepoch', 'localtime'), text FROM inputs"
        " WHERE instr(text, ?) ORDER BY id DESC LIMIT ?");
    query.bind(1, std::string(text));
    query.bind(2, limit);
    std::vector<Entry> entries;
    while (query.executeStep())
      entries.insert(entries.begin(),
                     {query.getColumn(0).getString(), query.getColumn(1).getString()});
    return entries;
  } catch (const std::exception& error) {
    return Error{Code::internal, std::string("history: ") + error.what(), ""};
  }
}

std::string history_path() {
  const char* state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && *state == '/') return std::string(state) + "/ipkit/console.sqlite";
  const char* home = std::getenv("HOME");
  return std::string(home != nullptr ? home : "/tmp") + "/.local/state/ipkit/console.sqlite";
}

void Recall::add(std::string text) {
  if (!trim(text).empty() && (inputs_.empty() || inputs_.back() != text))
    inputs_.push_back(std::move(text));
  reset();
}

const std::string* Recall::older(const std::string& line) {
  if (at_ == inputs_.size() || inputs_[at_] != line) {
    at_ = inputs_.size();
    typed_ = line;
  }
  for (size_t i = at_; i-- > 0;) {
    if (!inputs_[i].starts_with(typed_) || inputs_[i] == line) continue;
    at_ = i;
    return &inputs_[i];
  }
  return nullptr;
}

const std::string* Recall::newer(const std::string& line) {
  if (at_ == inputs_.size()) return nullptr;
  while (++at_ < inputs_.size())
    if (inputs_[at_].starts_with(typed_) && inputs_[at_] != line) return &inputs_[at_];
  return &typed_;
}

}  // namespace ipc::console
