// SPDX-License-Identifier: BSD-3-Clause
// A Jupyter message in frames: found and checked for size.
#include "libipc/wire/codec.hpp"

#include <algorithm>
#include <cstring>

namespace ipc::wire {

Result<View> locate(std::span<const std::string_view> frames, const Limits& limits) {
  if (frames.size() > limits.frames)
    return Error{Code::bad_input, "message of " + std::to_string(frames.size()) + " frames", ""};
  const auto delimiter = std::find(frames.begin(), frames.end(), kDelimiter);
  const size_t at = static_cast<size_t>(delimiter - frames.begin());
  if (delimiter == frames.end()) return Error{Code::bad_input, "no <IDS|MSG> delimiter", ""};
  if (frames.size() < at + 6)
    return Error{Code::bad_input, "fewer than five frames after <IDS|MSG>", ""};
  View view;
  view.identities = frames.first(at);
  view.signature = frames[at + 1];
  view.header = frames[at + 2];
  view.parent = frames[at + 3];
  view.metadata = frames[at + 4];
  view.content = frames[at + 5];
  view.buffers = frames.subspan(at + 6);
  if (view.header.size() + view.parent.size() + view.metadata.size() + view.content.size() >
      limits.json_bytes)
    return Error{Code::bad_input, "message text over the size limit", ""};
  return view;
}

namespace {

constexpr size_t kGeneration = 32768;

// A signature is itself uniformly random hex; its first digits are the hash.
std::uint64_t key_of(std::string_view signature) {
  std::uint64_t key = 0;
  for (const char c : signature.substr(0, 16)) key = key * 31 + static_cast<unsigned char>(c);
  return key == 0 ? 1 : key;
}

}  // namespace

bool DigestHistory::insert(std::vector<std::uint64_t>& table, std::uint64_t key) {
  for (size_t i = key & (table.size() - 1);; i = (i + 1) & (table.size() - 1)) {
    if (table[i] == key) return false;
    if (table[i] == 0) return table[i] = key, true;
  }
}

bool DigestHistory::contains(const std::vector<std::uint64_t>& table, std::uint64_t key) {
  if (table.empty()) return false;
  for (size_t i = key & (table.size() - 1); table[i] != 0; i = (i + 1) & (table.size() - 1))
    if (table[i] == key) return true;
  return false;
}

bool DigestHistory::add(std::string_view signature) {
  const std::uint64_t key = key_of(signature);
  if (contains(old_, key)) return false;
  if (young_.empty()) young_.assign(kGeneration * 2, 0);
  if (!insert(young_, key)) return false;
  if (++count_ == kGeneration) {
    old_ = std::exchange(young_, {});
    count_ = 0;
  }
  return true;
}

}  // namespace ipc::wire
