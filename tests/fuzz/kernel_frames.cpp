// SPDX-License-Identifier: BSD-3-Clause
// Fuzz target: what a kernel, or user code that has got hold of its socket, writes to the engine.
#include <unistd.h>

#include <array>

#include "libipc/engine/frames.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

void run(std::string_view input) {
  using ipc::engine::FrameReader;
  constexpr size_t kPipe = 64 << 10;
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) return;
  input = input.substr(0, kPipe);
  ipkit_fuzz::require(::write(ends[1], input.data(), input.size()) ==
                      static_cast<ssize_t>(input.size()));
  ::close(ends[1]);
  FrameReader reader;
  ipc::engine::KernelMessage message;
  for (auto state = FrameReader::Input::more; state == FrameReader::Input::more;) {
    state = reader.read(ends[0]);
    while (reader.next(message))
      for (size_t i = 0; i < message.buffers.size(); ++i)
        ipkit_fuzz::require(reader.take_buffer(message, i).size() == message.buffers[i].size());
  }
  ::close(ends[0]);
}

const ipkit_fuzz::Registered registered("kernel_frames", run);

}  // namespace
