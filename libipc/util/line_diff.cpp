// SPDX-License-Identifier: BSD-3-Clause
// How two texts differ, line by line.
#include "libipc/util/line_diff.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace ipc {

namespace {

using Lines = std::vector<std::string_view>;

constexpr size_t kContext = 3;
constexpr size_t kMostCells = 16u << 20;

Lines lines_of(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

/// One line of the result, and where the next line of each text is.
struct Step {
  char kind;  // ' ', '-', '+'
  std::string_view line;
  size_t before, after;
};

class Comparison {
 public:
  Comparison(Lines before, Lines after) : a_(std::move(before)), b_(std::move(after)) {}

  std::vector<Step> steps() {
    size_t head = 0, tail = 0;
    const size_t least = std::min(a_.size(), b_.size());
    while (head < least && a_[head] == b_[head]) ++head;
    while (tail < least - head && a_[a_.size() - 1 - tail] == b_[b_.size() - 1 - tail]) ++tail;
    const size_t a_end = a_.size() - tail, b_end = b_.size() - tail;
    while (i_ < head) both();
    middle(a_end, b_end);
    while (i_ < a_.size()) both();
    return std::move(steps_);
  }

 private:
  void both() { steps_.push_back({' ', a_[i_], i_, j_}), ++i_, ++j_; }
  void removed() { steps_.push_back({'-', a_[i_], i_, j_}), ++i_; }
  void added() { steps_.push_back({'+', b_[j_], i_, j_}), ++j_; }

  // By the longest common subsequence: how long it is from each pair of places on.
  void middle(size_t a_end, size_t b_end) {
    const size_t n = a_end - i_, m = b_end - j_, width = m + 1, a0 = i_, b0 = j_;
    std::vector<uint32_t> longest;
    if ((n + 1) * width <= kMostCells) {
      longest.resize((n + 1) * width);
      for (size_t i = n; i-- > 0;)
        for (size_t j = m; j-- > 0;)
          longest[i * width + j] = a_[a0 + i] == b_[b0 + j] ? longest[(i + 1) * width + j + 1] + 1
                                                            : std::max(longest[(i + 1) * width + j],
                                                                       longest[i * width + j + 1]);
    }
    while (!longest.empty() && i_ < a_end && j_ < b_end) {
      const size_t at = (i_ - a0) * width + (j_ - b0);
      if (a_[i_] == b_[j_])
        both();
      else if (longest[at + width] >= longest[at + 1])
        removed();
      else
        added();
    }
    while (i_ < a_end) removed();
    while (j_ < b_end) added();
  }

  Lines a_, b_;
  size_t i_ = 0, j_ = 0;
  std::vector<Step> steps_;
};

std::string range(size_t first, size_t count) {
  // An empty range names the line before it.
  const std::string start = std::to_string(count == 0 ? first : first + 1);
  return count == 1 ? start : start + "," + std::to_string(count);
}

std::string hunk(const std::vector<Step>& steps, size_t begin, size_t end) {
  size_t removed = 0, added = 0, common = 0;
  std::string text;
  for (size_t i = begin; i < end; ++i) {
    const Step& step = steps[i];
    (step.kind == ' ' ? common : step.kind == '-' ? removed : added) += 1;
    text.append(1, step.kind).append(step.line).append("\n");
  }
  return "@@ -" + range(steps[begin].before, common + removed) + " +" +
         range(steps[begin].after, common + added) + " @@\n" + text;
}

}  // namespace

std::string unified_diff(std::string_view before, std::string_view after,
                         std::string_view before_label, std::string_view after_label) {
  const auto steps = Comparison(lines_of(before), lines_of(after)).steps();
  const auto differs = [&](size_t i) { return steps[i].kind != ' '; };
  std::string text;
  for (size_t i = 0; i < steps.size();) {
    if (!differs(i)) {
      ++i;
      continue;
    }
    const size_t begin = i - std::min(i, kContext);
    size_t last = i;
    for (size_t k = i; k < steps.size() && k <= last + 2 * kContext; ++k)
      if (differs(k)) last = k;
    const size_t end = std::min(last + 1 + kContext, steps.size());
    text += hunk(steps, begin, end);
    i = end;
  }
  if (text.empty()) return text;
  return std::string("--- ").append(before_label).append("\n+++ ").append(after_label) + "\n" +
         text;
}

}  // namespace ipc
