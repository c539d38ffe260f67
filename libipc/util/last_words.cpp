// SPDX-License-Identifier: BSD-3-Clause
// Why a process's log ends as it does.
#include "libipc/util/last_words.hpp"

#include <sys/stat.h>

#include "libipc/util/file.hpp"
#include "libipc/util/text.hpp"

namespace ipc {
namespace {

/// True for a log line of level info or debug, and for what both say when all is well.
bool is_routine(std::string_view line) {
  const size_t level = line.find(": ");
  const auto head = line.substr(0, level == std::string_view::npos ? 0 : level);
  return head.ends_with(" info") || head.ends_with(" debug") ||
         line.starts_with("ipengine: Completed registration") || line.starts_with("READY ");
}

}  // namespace

std::string last_words(const std::string& log) {
  constexpr size_t kEnd = 4096;
  struct stat s;
  if (log.empty() || ::stat(log.c_str(), &s) != 0 || s.st_size == 0) return "";
  auto text = read_file(log);
  if (!text) return "";
  if (text->size() > kEnd) text->erase(0, text->size() - kEnd);
  // Whoever ends by himself says why in his last line; of one that was killed the last three may
  // tell, but not what went well.
  const auto lines = split(*text, '\n');
  std::vector<std::string> words;
  for (auto line = lines.rbegin(); line != lines.rend() && words.size() < 3; ++line) {
    if (trim(*line).empty() || is_routine(*line)) continue;
    words.insert(words.begin(), std::string(trim(*line)));
    if (line->starts_with("ipcontroller: ") || line->starts_with("ipengine: ")) break;
  }
  return words.empty() ? "" : "; last words: \"" + join(words, " / ") + "\"";
}

}  // namespace ipc
