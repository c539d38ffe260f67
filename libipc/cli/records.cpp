// SPDX-License-Identifier: BSD-3-Clause
// Items of input: taken from a descriptor or from the command line at the pace of their use.
#include "libipc/cli/records.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace ipc::cli {

constexpr size_t kRead = 256 << 10;

std::string_view item_at(const std::string& bytes, char separator, size_t index) {
  std::string_view rest = bytes;
  for (; index > 0; --index) {
    const size_t end = rest.find(separator);
    if (end == std::string_view::npos) return {};
    rest.remove_prefix(end + 1);
  }
  return rest.substr(0, rest.find(separator));
}

Result<bool> RecordReader::fill(int fd) {
  if (taken_ > 0) {
    held_.erase(0, taken_);
    taken_ = 0;
  }
  const size_t old = held_.size();
  held_.resize(old + kRead);
  const ssize_t n = ::read(fd, held_.data() + old, kRead);
  const int reason = errno;
  held_.resize(old + static_cast<size_t>(std::max<ssize_t>(n, 0)));
  if (n < 0 && (reason == EINTR || reason == EAGAIN)) return true;
  if (n < 0) {
    errno = reason;
    return system_error(Code::no_input, "cannot read the items");
  }
  return n > 0;
}

void RecordReader::end() {
  ended_ = true;
  if (bytes() > 0 && held_.back() != separator_) held_ += separator_;
}

bool RecordReader::empty() const {
  return std::memchr(held_.data() + taken_, separator_, bytes()) == nullptr;
}

size_t RecordReader::measure(size_t& count, size_t limit) const {
  const char* const begin = held_.data() + taken_;
  const char* at = begin;
  const char* const end = held_.data() + held_.size();
  size_t found = 0;
  while (found < count && at < end) {
    const void* mark = std::memchr(at, separator_, static_cast<size_t>(end - at));
    if (mark == nullptr) break;
    const char* next = static_cast<const char*>(mark) + 1;
    if (found > 0 && static_cast<size_t>(next - begin) > limit) break;
    at = next;
    ++found;
  }
  count = found;
  return static_cast<size_t>(at - begin);
}

bool RecordReader::has(size_t count, size_t limit) {
  if (bytes() >= limit) return !empty();
  size_t found = count;
  measure(found, limit);
  return found == count;
}

ItemBlock RecordReader::take(size_t count, size_t limit) {
  const size_t length = measure(count, limit);
  return take_out(count, length);
}

ItemBlock RecordReader::take_bytes(size_t length) {
  ItemBlock block = take_out(1, length);
  block.bytes += separator_;
  return block;
}

ItemBlock RecordReader::take_out(size_t count, size_t length) {
  ItemBlock block{next_, count, held_.substr(taken_, length)};
  taken_ += length;
  next_ += count;
  if (taken_ == held_.size()) {
    held_.clear();
    taken_ = 0;
  }
  return block;
}

Result<char> item_separator(const Arguments& arguments) {
  const auto delimiter = arguments.get("delimiter");
  if (delimiter && arguments.has("null"))
    return Error{Code::usage, "-0 and -d are both given", "give one"};
  if (arguments.has("null")) return '\0';
  if (!delimiter) return '\n';
  if (delimiter->size() == 1) return delimiter->front();
  if (*delimiter == "\\0") return '\0';
  if (*delimiter == "\\n") return '\n';
  if (*delimiter == "\\t") return '\t';
  return Error{Code::usage, "-d: '" + *delimiter + "' is not one character", "or \\0 \\n \\t"};
}

static bool is_mark(const std::string& word) {
  return word == ":::" || word == "::::" || word == ":::+" || word == "::::+";
}

Result<std::vector<ItemSource>> cut_sources(std::vector<std::string>& operands) {
  std::vector<ItemSource> sources;
  const auto first = std::find_if(operands.begin(), operands.end(), is_mark);
  for (auto word = first; word != operands.end(); ++word) {
    if (is_mark(*word))
      sources.push_back({word->starts_with("::::"), word->ends_with('+'), {}});
    else
      sources.back().words.push_back(*word);
  }
  operands.erase(first, operands.end());
  for (const auto& source : sources)
    if (source.is_file && source.words.empty())
      return Error{Code::usage, ":::: names no file", "write :::: FILE"};
  if (!sources.empty() && sources[0].linked)
    return Error{Code::usage, ":::+ has no source before it to go with", "begin with ::: or ::::"};
  return sources;
}

std::vector<Row> combine(const std::vector<std::vector<Row>>& sources) {
  std::vector<Row> rows = {{}};
  for (const auto& items : sources) {
    std::vector<Row> longer;
    longer.reserve(rows.size() * items.size());
    for (const auto& row : rows)
      for (const auto& item : items) {
        longer.push_back(row);
        longer.back().insert(longer.back().end(), item.begin(), item.end());
      }
    rows = std::move(longer);
  }
  return rows;
}

std::vector<Row> link(const std::vector<Row>& left, const std::vector<Row>& right, bool wrap) {
  std::vector<Row> rows;
  if (left.empty() || right.empty()) return rows;
  const size_t count =
      wrap ? std::max(left.size(), right.size()) : std::min(left.size(), right.size());
  for (size_t i = 0; i < count; ++i) {
    rows.push_back(left[i % left.size()]);
    const Row& more = right[i % right.size()];
    rows.back().insert(rows.back().end(), more.begin(), more.end());
  }
  return rows;
}

}  // namespace ipc::cli
