// SPDX-License-Identifier: BSD-3-Clause
// Messages of other engines that nobody here has received yet.
#include "libipc/engine/letterbox.hpp"

#include <algorithm>

namespace ipc::engine {
namespace {

// So that empty ones are bounded too.
constexpr size_t kEnvelope = 512;

size_t cost(const Letter& letter) {
  return letter.body.size() + kEnvelope;
}

}  // namespace

void Letterbox::add(Letter letter) {
  waiting_.push_back(std::move(letter));
}

Letter* Letterbox::find(const Wanted& wanted) {
  for (Letters* letters : {&accepted_, &waiting_})
    for (auto& letter : *letters)
      if (letter.reader == 0 && wanted.from.value_or(letter.from) == letter.from &&
          wanted.tag.value_or(letter.tag) == letter.tag)
        return &letter;
  return nullptr;
}

// Takes the first letter that matches out; its sender, if it waits still, can be answered.
template <class Match>
bool Letterbox::take_first(Match match) {
  for (Letters* letters : {&accepted_, &waiting_}) {
    const auto found = std::find_if(letters->begin(), letters->end(), match);
    if (found == letters->end()) continue;
    if (found->request) answered_.push_back(std::move(found->request));
    if (letters == &accepted_) used_ -= cost(*found);
    letters->erase(found);
    return true;
  }
  return false;
}

void Letterbox::remove(uint64_t reader) {
  take_first([reader](const Letter& letter) { return letter.reader == reader; });
}

void Letterbox::put_back(uint64_t reader) {
  for (Letters* letters : {&accepted_, &waiting_})
    for (auto& letter : *letters)
      if (letter.reader == reader) letter.reader = 0;
}

void Letterbox::withdraw(std::string_view id) {
  take_first([id](const Letter& letter) { return letter.reader == 0 && letter.id == id; });
}

std::vector<RequestPtr> Letterbox::accepted() {
  while (!waiting_.empty() && used_ < room_) {
    Letter& letter = waiting_.front();
    used_ += cost(letter);
    if (letter.request) answered_.push_back(std::move(letter.request));
    accepted_.splice(accepted_.end(), waiting_, waiting_.begin());
  }
  return std::exchange(answered_, {});
}

size_t Letterbox::discard() {
  size_t count = 0;
  while (take_first([](const Letter& letter) { return letter.reader == 0; })) ++count;
  return count;
}

std::vector<RequestPtr> Letterbox::clear() {
  std::vector<RequestPtr> requests = std::exchange(answered_, {});
  for (auto& letter : waiting_)
    if (letter.request) requests.push_back(std::move(letter.request));
  accepted_.clear();
  waiting_.clear();
  used_ = 0;
  return requests;
}

}  // namespace ipc::engine
