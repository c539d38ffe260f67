// SPDX-License-Identifier: BSD-3-Clause
// A task between its submission and its final reply.
#include "libipc/sched/job.hpp"

#include <cstdint>
#include <cstring>

namespace ipc::sched {
namespace {

using Size = std::uint32_t;
// From here on a block of their own costs less than another copy.
constexpr std::size_t kMostPacked = 8192, kSmallFrame = 4096;

}  // namespace

void Job::pack() {
  if (frames.empty()) return;
  std::size_t total = 0;
  for (const auto& frame : frames) total += sizeof(Size) + frame.size();
  if (total > kMostPacked) {
    for (auto& frame : frames)
      if (frame.size() <= kSmallFrame) frame = net::Frame(frame.view());
    return;
  }
  packed_.reserve(total);
  for (const auto& frame : frames) {
    const auto size = static_cast<Size>(frame.size());
    packed_.append(reinterpret_cast<const char*>(&size), sizeof size);
    packed_ += frame.view();
  }
  // Not clear(), which keeps the memory.
  frames = net::Frames();
}

void Job::unpack() {
  for (std::string_view rest = packed_; !rest.empty();) {
    Size size = 0;
    std::memcpy(&size, rest.data(), sizeof size);
    frames.emplace_back(rest.substr(sizeof size, size));
    rest.remove_prefix(sizeof size + size);
  }
  packed_ = std::string();
}

}  // namespace ipc::sched
