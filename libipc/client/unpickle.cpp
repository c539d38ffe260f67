// SPDX-License-Identifier: BSD-3-Clause
// Plain values out of pickles: what Python clients had engines compute.
#include "libipc/client/unpickle.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "libipc/util/text.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::client {
namespace {

using wire::Json;

// Deeper ones could not be printed.
constexpr int kDeepest = 100;
// A few bytes of a pickle name a long text again and again: so much of it is copied.
constexpr size_t kMostCopied = size_t{256} << 20;

struct Entry {
  Json value;
  std::string bytes;
  bool is_mark = false, is_bytes = false;
  int depth = 0;
};

/// The stack machine of pickle(5), as far as plain values need it.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  /// Nothing if it is not a plain value.
  std::optional<Entry> run() {
    while (good_ && !rest_.empty()) {
      const auto code = static_cast<unsigned char>(take(1)[0]);
      if (code == '.') {
        if (stack_.size() != 1 || stack_[0].is_mark) return {};
        return std::move(stack_[0]);
      }
      if (!scalar(code) && !text(code) && !container(code) && !memory(code)) return {};
    }
    return {};
  }

 private:
  std::string_view take(uint64_t n) {
    good_ = good_ && n <= rest_.size();
    if (!good_) return {};
    const auto taken = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return taken;
  }

  // A whole number of n bytes, the lowest first.
  uint64_t number(size_t n) {
    uint64_t value = 0;
    const auto bytes = take(n);
    for (size_t i = bytes.size(); i > 0; --i)
      value = value << 8 | static_cast<unsigned char>(bytes[i - 1]);
    return value;
  }

  bool push(Json value, int depth = 0) {
    stack_.push_back({std::move(value), {}, false, false, depth});
    return true;
  }

  bool long_number() {
    const size_t n = number(1);
    if (n > sizeof(uint64_t)) return false;
    uint64_t value = number(n);
    if (n > 0 && n < sizeof value && (value >> (8 * n - 1) & 1) != 0)
      value |= ~uint64_t{0} << 8 * n;
    return push(static_cast<int64_t>(value));
  }

  bool real() {
    uint64_t bits = 0;
    for (const char c : take(8)) bits = bits << 8 | static_cast<unsigned char>(c);
    const auto value = std::bit_cast<double>(bits);
    return std::isfinite(value) && push(value);
  }

  bool scalar(unsigned char code) {
    switch (code) {
      case 0x80:  // protocol
        return take(1).size() == 1;
      case 0x95:  // frame
        return take(8).size() == 8;
      case 'N':
        return push(nullptr);
      case 0x88:
        return push(true);
      case 0x89:
        return push(false);
      case 'K':
        return push(number(1));
      case 'M':
        return push(number(2));
      case 'J':
        return push(static_cast<int32_t>(number(4)));
      case 0x8a:
        return long_number();
      case 'G':
        return real();
      default:
        return false;
    }
  }

  bool text(unsigned char code) {
    const bool is_bytes = code == 'C' || code == 'B' || code == 0x8e;
    const size_t width = code == 0x8c || code == 'C'    ? 1
                         : code == 'X' || code == 'B'   ? 4
                         : code == 0x8d || code == 0x8e ? 8
                                                        : 0;
    if (width == 0) return false;
    const auto bytes = take(number(width));
    if (!good_) return false;
    if (!is_bytes) return is_utf8(bytes) && push(std::string(bytes));
    stack_.push_back({{}, std::string(bytes), false, true, 0});
    return true;
  }

  // Where what came after the last mark begins; the mark goes.
  std::optional<size_t> unmark() {
    for (size_t at = stack_.size(); at > 0; --at)
      if (stack_[at - 1].is_mark) {
        stack_.erase(stack_.begin() + static_cast<std::ptrdiff_t>(at - 1));
        return at - 1;
      }
    return {};
  }

  // What is on the stack from `from` on becomes items of a list, made anew or right below.
  bool gather(std::optional<size_t> from, bool anew) {
    if (!from || *from > stack_.size() || (!anew && *from == 0)) return false;
    Entry made{Json::array(), {}, false, false, 1};
    Entry& list = anew ? made : stack_[*from - 1];
    if (!list.value.is_array()) return false;
    for (size_t i = *from; i < stack_.size(); ++i) {
      if (!adopt(list, stack_[i])) return false;
      list.value.push_back(std::move(stack_[i].value));
    }
    stack_.resize(*from);
    if (anew) stack_.push_back(std::move(made));
    return true;
  }

  static bool adopt(Entry& parent, const Entry& child) {
    parent.depth = std::max(parent.depth, child.depth + 1);
    return !child.is_mark && !child.is_bytes && parent.depth <= kDeepest;
  }

  bool set_items(std::optional<size_t> from) {
    if (!from || *from == 0 || *from > stack_.size() || (stack_.size() - *from) % 2 != 0)
      return false;
    Entry& dict = stack_[*from - 1];
    if (!dict.value.is_object()) return false;
    for (size_t i = *from; i + 1 < stack_.size(); i += 2) {
      if (!stack_[i].value.is_string() || !adopt(dict, stack_[i + 1])) return false;
      dict.value[stack_[i].value.get<std::string>()] = std::move(stack_[i + 1].value);
    }
    stack_.resize(*from);
    return true;
  }

  std::optional<size_t> last(size_t n) const {
    return stack_.size() < n ? std::nullopt : std::optional(stack_.size() - n);
  }

  bool container(unsigned char code) {
    switch (code) {
      case '(':
        stack_.push_back({{}, {}, true, false, 0});
        return true;
      case ']':
      case ')':
      case 0x8f:  // a set
        return push(Json::array(), 1);
      case '}':
        return push(Json::object(), 1);
      case 'a':
        return gather(last(1), false);
      case 'e':
      case 0x90:
        return gather(unmark(), false);
      case 't':
      case 0x91:  // a frozenset
        return gather(unmark(), true);
      case 0x85:
      case 0x86:
      case 0x87:
        return gather(last(code - 0x84), true);
      case 's':
        return set_items(last(2));
      case 'u':
        return set_items(unmark());
      default:
        return false;
    }
  }

  bool remember(uint64_t index) {
    if (stack_.empty()) return false;
    ++remembered_;
    const Entry& top = stack_.back();
    // A list may grow after it was remembered: those are not given back.
    if (top.value.is_structured() || top.is_mark) return memo_.erase(index), true;
    if (!copies(top)) return false;
    memo_.insert_or_assign(index, top);
    return true;
  }

  bool recall(uint64_t index) {
    const auto found = memo_.find(index);
    if (found == memo_.end() || !copies(found->second)) return false;
    stack_.push_back(found->second);
    return true;
  }

  // False if more is copied than any plain value would need.
  bool copies(const Entry& entry) {
    copied_ += sizeof entry + entry.bytes.size();
    if (entry.value.is_string()) copied_ += entry.value.get_ref<const std::string&>().size();
    return copied_ <= kMostCopied;
  }

  bool memory(unsigned char code) {
    switch (code) {
      case 0x94:
        return remember(remembered_);
      case 'q':
        return remember(number(1));
      case 'r':
        return remember(number(4));
      case 'h':
        return recall(number(1));
      case 'j':
        return recall(number(4));
      default:
        return false;
    }
  }

  std::string_view rest_;
  bool good_ = true;
  std::vector<Entry> stack_;
  std::unordered_map<uint64_t, Entry> memo_;
  uint64_t remembered_ = 0;
  size_t copied_ = 0;
};

}  // namespace

Result<PlainValue> read_pickle(std::string_view pickle) {
  auto entry = Reader(pickle).run();
  if (!entry) return Error{Code::bad_input, "not a pickle of a plain value", ""};
  if (entry->is_bytes) return PlainValue{"bytes", std::move(entry->bytes)};
  if (entry->value.is_string()) return PlainValue{"text", entry->value.get<std::string>()};
  return PlainValue{"json", wire::dump_json(entry->value)};
}

}  // namespace ipc::client
