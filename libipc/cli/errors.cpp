// SPDX-License-Identifier: BSD-3-Clause
// Failures of engines as users see them: equal ones once.
#include "libipc/cli/errors.hpp"

#include <algorithm>

#include "libipc/cli/program.hpp"
#include "libipc/util/idset.hpp"
#include "libipc/util/text.hpp"

namespace ipc::cli {

namespace {

// One line of foreign text: colours and control characters go, line breaks become blanks.
std::string one_line(std::string_view text) {
  std::string line;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == 0x1b && i + 1 < text.size() && text[i + 1] == '[') {
      i += 2;
      while (i < text.size() && (text[i] < '@' || text[i] > '~')) ++i;
    } else if (c == '\n' || c == '\t' || c == '\r') {
      line += ' ';
    } else if (c >= 0x20 && c != 0x7f) {
      line += text[i];
    }
  }
  return line;
}

std::string frame_text(const client::StackLine& frame) {
  std::string text = frame.file.empty() || frame.file[0] == '<'
                         ? "line " + std::to_string(frame.line)
                         : frame.file + ":" + std::to_string(frame.line);
  if (!frame.function.empty() && frame.function != "<module>") text += ", in " + frame.function;
  if (!frame.source.empty()) text += ": " + std::string(trim(frame.source));
  return "    " + one_line(text);
}

}  // namespace

std::string error_text(const client::RemoteError& error, const ErrorStyle& style) {
  std::string text = one_line(client::summary(error)) + style.more;
  if (style.verbose) {
    for (const auto& block : error.traceback)
      for (const auto& line : split(block, '\n')) text += "\n    " + one_line(line);
    return text;
  }
  if (!error.frames.empty() || error.traceback.size() > 1) text += "   (-v: whole traceback)";
  if (error.frames.size() > 1)
    for (const auto& frame : error.frames) text += "\n" + frame_text(frame);
  return text;
}

std::string engines_text(const std::vector<int>& engines, const std::string& suffix) {
  const std::string ids = format_idset(engines) + suffix;
  return engines.size() == 1 ? ids : ids + " (" + std::to_string(engines.size()) + ")";
}

void ErrorReport::add(int engine, const client::RemoteError& error) {
  any_ = true;
  largest_ = std::max(largest_, error.exit_status.value_or(1));
  if (style_.quiet && error.ename == "ExitStatus") return;
  std::string text = error_text(error, style_);
  const auto same = std::find_if(groups_.begin(), groups_.end(),
                                 [&](const Group& group) { return group.text == text; });
  if (same != groups_.end())
    same->engines.push_back(engine);
  else
    groups_.push_back({std::move(text), {engine}});
}

void ErrorReport::print() {
  for (auto& group : groups_) std::sort(group.engines.begin(), group.engines.end());
  std::sort(groups_.begin(), groups_.end(),
            [](const Group& a, const Group& b) { return a.engines[0] < b.engines[0]; });
  for (const auto& group : groups_)
    complain(engines_text(group.engines, style_.suffix) + ": " + group.text);
  groups_.clear();
}

int ErrorReport::status(bool largest) const {
  if (!any_) return 0;
  return largest ? std::clamp(largest_, 1, 255) : 1;
}

}  // namespace ipc::cli
