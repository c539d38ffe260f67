// SPDX-License-Identifier: BSD-3-Clause
// What the controller's loops tell each other: packed events, one batch for each turn of a loop.
#include "libipc/net/events.hpp"

#include <algorithm>
#include <cstring>

namespace ipc::net {
namespace {

constexpr std::size_t kShareFrom = 64 << 10;
constexpr std::uint32_t kShared = 0xffffffff;
constexpr std::size_t kMessageFields = 12;

}  // namespace

bool MessageEvent::read(const Event& event, MessageEvent& message) {
  const auto& f = event.fields;
  if (f.size() != kMessageFields) return false;
  message.client = f[0];
  message.engine = f[1];
  message.view.signature = f[2];
  message.view.header = f[3];
  message.view.parent = f[4];
  message.view.metadata = f[5];
  message.view.content = f[6];
  message.task = {f[7], f[8], f[9], f[10], f[11]};
  return true;
}

void EventWriter::put_size(std::size_t size) {
  const auto n = static_cast<std::uint32_t>(size);
  packed_.append(reinterpret_cast<const char*>(&n), sizeof n);
}

void EventWriter::put(std::string_view bytes) {
  put_size(bytes.size());
  packed_ += bytes;
}

void EventWriter::add(EventKind kind, std::initializer_list<std::string_view> fields,
                      std::span<Frame> buffers) {
  if (packed_.empty()) packed_.reserve(kBatchBytes + kBatchBytes / 4);
  packed_ += static_cast<char>(kind);
  put_size(fields.size());
  put_size(buffers.size());
  for (const auto field : fields) put(field);
  for (Frame& buffer : buffers) {
    if (buffer.size() < kShareFrom) {
      put(buffer.view());
    } else {
      put_size(kShared);
      shared_.push_back(buffer.share());
    }
  }
}

void EventWriter::add_message(EventKind kind, std::string_view client, std::string_view engine,
                              const wire::View& view, std::span<Frame> frames,
                              const TaskFacts& task) {
  add(kind,
      {client, engine, view.signature, view.header, view.parent, view.metadata, view.content,
       task.msg_id, task.type, task.date, task.status, task.started},
      frames.last(view.buffers.size()));
}

Frames EventWriter::take() {
  Frames batch;
  batch.reserve(1 + shared_.size());
  batch.push_back(Frame::adopt(std::exchange(packed_, {})));
  std::move(shared_.begin(), shared_.end(), std::back_inserter(batch));
  shared_.clear();
  return batch;
}

void EventWriter::flush(Socket& socket) {
  if (!empty()) socket.send(take());
}

void EventWriter::flush_later(Socket& socket, Loop& loop) {
  if (empty()) return;
  const TimePoint now = loop.now();
  if (oldest_ == TimePoint{}) oldest_ = now;
  if (packed_.size() >= kBatchBytes || !shared_.empty() || now - oldest_ >= kBatchAge) {
    oldest_ = {};
    return flush(socket);
  }
  if (timer_is_set_) return;
  timer_is_set_ = true;
  loop.after(kBatchAge, [this, &socket] {
    timer_is_set_ = false;
    oldest_ = {};
    flush(socket);
  });
}

EventReader::EventReader(Frames batch) : batch_(std::move(batch)) {
  if (!batch_.empty()) rest_ = batch_[0].view();
}

std::uint32_t EventReader::size() {
  std::uint32_t n = 0;
  const auto raw = bytes(sizeof n);
  if (raw.size() == sizeof n) std::memcpy(&n, raw.data(), sizeof n);
  return n;
}

std::string_view EventReader::bytes(std::size_t n) {
  const auto taken = rest_.substr(0, n);
  rest_.remove_prefix(taken.size());
  return taken;
}

bool EventReader::next(Event& event) {
  event.fields.clear();
  event.buffers.clear();
  if (rest_.empty()) return false;
  event.kind = static_cast<EventKind>(bytes(1)[0]);
  const std::uint32_t fields = size();
  const std::uint32_t buffers = size();
  for (std::uint32_t i = 0; i < fields; ++i) event.fields.push_back(bytes(size()));
  for (std::uint32_t i = 0; i < buffers; ++i) {
    const std::uint32_t n = size();
    if (n != kShared)
      event.buffers.emplace_back(bytes(n));
    else if (next_shared_ < batch_.size())
      event.buffers.push_back(batch_[next_shared_++].share());
  }
  return true;
}

}  // namespace ipc::net
