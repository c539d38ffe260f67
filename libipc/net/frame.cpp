// SPDX-License-Identifier: BSD-3-Clause
// Frames: zmq_msg_t with an owner.
#include <zmq.h>

#include <cstring>

#include "libipc/net/socket.hpp"

namespace ipc::net {

static_assert(sizeof(zmq_msg_t) <= 64 && alignof(zmq_msg_t) <= 8);

static zmq_msg_t* message(const unsigned char* storage) {
  return reinterpret_cast<zmq_msg_t*>(const_cast<unsigned char*>(storage));
}

// libzmq calls it in whichever thread drops the last reference. Has a name for tests/lib/tsan.supp.
static void free_adopted(void*, void* owner) {
  delete static_cast<std::string*>(owner);
}

Frame::Frame() {
  zmq_msg_init(message(storage_));
}

Frame::Frame(std::string_view bytes) {
  zmq_msg_init_size(message(storage_), bytes.size());
  if (!bytes.empty()) std::memcpy(zmq_msg_data(message(storage_)), bytes.data(), bytes.size());
}

Frame Frame::adopt(std::string bytes) {
  constexpr size_t kCopyBelow = 4096;  // below this one copy is cheaper than two allocations
  if (bytes.size() < kCopyBelow) return Frame(bytes);
  auto* owner = new std::string(std::move(bytes));
  Frame frame;
  zmq_msg_init_data(message(frame.storage_), owner->data(), owner->size(), free_adopted, owner);
  return frame;
}

Frame Frame::sized(size_t size) {
  Frame frame;
  zmq_msg_close(frame.raw());
  if (zmq_msg_init_size(frame.raw(), size) != 0) zmq_msg_init(frame.raw());
  return frame;
}

Frame::Frame(Frame&& other) noexcept {
  zmq_msg_init(message(storage_));
  zmq_msg_move(message(storage_), message(other.storage_));
}

Frame& Frame::operator=(Frame&& other) noexcept {
  if (this != &other) zmq_msg_move(message(storage_), message(other.storage_));
  return *this;
}

Frame::~Frame() {
  zmq_msg_close(message(storage_));
}

Frame Frame::share() const {
  Frame copy;
  zmq_msg_copy(message(copy.storage_), message(storage_));
  return copy;
}

std::string_view Frame::view() const {
  return {static_cast<const char*>(zmq_msg_data(message(storage_))), size()};
}

std::string Frame::peer() const {
  const char* const address = zmq_msg_gets(message(storage_), "Peer-Address");
  return address != nullptr ? address : "";
}

size_t Frame::size() const {
  return zmq_msg_size(message(storage_));
}

char* Frame::data() {
  return static_cast<char*>(zmq_msg_data(message(storage_)));
}

zmq_msg_t* Frame::raw() {
  return message(storage_);
}

void view_frames(std::span<const Frame> frames, std::vector<std::string_view>& views) {
  views.clear();
  for (const Frame& frame : frames) views.push_back(frame.view());
}

}  // namespace ipc::net
