// SPDX-License-Identifier: BSD-3-Clause
// Which peers of encrypted sockets are let in, by their public keys (ZeroMQ's RFC 27).
#include "libipc/net/doorkeeper.hpp"

#include <sys/stat.h>
#include <zmq.h>

#include <algorithm>
#include <array>

#include "libipc/util/file.hpp"
#include "libipc/util/text.hpp"

namespace ipc::net {
namespace {

constexpr const char* kDoor = "inproc://zeromq.zap.01";

// Frames of a question, as a ROUTER gets it.
enum Question : size_t { asker, empty, version, number, domain, address, identity, mechanism, key };

std::string key_text(std::string_view bytes) {
  std::array<char, 41> text{};
  if (bytes.size() != 32) return "";
  ::zmq_z85_encode(text.data(), reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  return text.data();
}

bool is_key(const std::string& word) {
  std::array<uint8_t, 32> bytes{};
  return word.size() == 40 && ::zmq_z85_decode(bytes.data(), word.c_str()) != nullptr;
}

}  // namespace

Result<std::set<std::string>> read_key_list(const std::string& path) {
  IPC_TRY(check_ours(path));
  IPC_TRY_ASSIGN(const std::string text, read_file(path, 1 << 20));
  std::set<std::string> keys;
  size_t number = 0;
  for (const auto& line : split(text, '\n')) {
    ++number;
    const std::string_view words = trim(line);
    // A key may hold a '#': only one at the beginning makes a remark.
    if (words.empty() || words[0] == '#') continue;
    const std::string word(words.substr(0, words.find_first_of(" \t")));
    if (!is_key(word))
      return Error{Code::bad_input,
                   path + ":" + std::to_string(number) + ": '" + word + "' is no public key",
                   "40 characters, as `ipprofile key` prints them"};
    keys.insert(word);
  }
  return keys;
}

Doorkeeper::Doorkeeper(std::string file, std::set<std::string> keys,
                       std::vector<std::string> always)
    : file_(std::move(file)), keys_(std::move(keys)), always_(std::move(always)) {
  struct stat s {};
  if (::stat(file_.c_str(), &s) == 0) changed_ = s.st_mtim, size_ = s.st_size;
}

Result<std::unique_ptr<Doorkeeper>> Doorkeeper::start(Context& context, std::string file,
                                                      std::vector<std::string> always) {
  IPC_TRY_ASSIGN(auto keys, read_key_list(file));
  std::unique_ptr<Doorkeeper> one(
      new Doorkeeper(std::move(file), std::move(keys), std::move(always)));
  one->socket_ = std::make_unique<Socket>(context, SocketType::router);
  if (const auto bound = one->socket_->bind(kDoor); !bound) return bound.error();
  one->actor_ = std::make_unique<Actor>(
      [self = one.get()](Loop& loop) {
        loop.on_input(*self->socket_, [self] { return self->answer(); });
      },
      [self = one.get()] { self->socket_.reset(); });
  return one;
}

int Doorkeeper::answer() {
  int taken = 0;
  Frames asked;
  for (; taken < kDrainLimit && socket_->receive(asked); ++taken) {
    if (asked.size() <= mechanism) continue;
    const std::string shown = asked.size() > key ? key_text(asked[key].view()) : "";
    const bool good = asked[mechanism].view() == "CURVE" && is_welcome(shown);
    if (!good)
      complaints_.warning("refused: the key " + (shown.empty() ? "(none)" : shown) + " from " +
                          std::string(asked[address].view()) + " is not in " + file_);
    const std::string_view reply[] = {asked[asker].view(),
                                      "",
                                      asked[version].view(),
                                      asked[number].view(),
                                      good ? "200" : "400",
                                      good ? "OK" : "not on the list",
                                      good ? std::string_view(shown) : "",
                                      ""};
    socket_->send(reply);
  }
  return taken;
}

bool Doorkeeper::is_welcome(const std::string& key) {
  if (key.empty()) return false;
  if (std::find(always_.begin(), always_.end(), key) != always_.end()) return true;
  read_again();
  return keys_.contains(key);
}

void Doorkeeper::read_again() {
  struct stat s {};
  if (::stat(file_.c_str(), &s) == 0 && s.st_size == size_ && s.st_mtim.tv_sec == changed_.tv_sec &&
      s.st_mtim.tv_nsec == changed_.tv_nsec)
    return;
  auto keys = read_key_list(file_);
  if (!keys) return complaints_.warning("the list of keys stays as it was: " + keys.error().text());
  keys_ = *std::move(keys);
  changed_ = s.st_mtim;
  size_ = s.st_size;
  log::info(file_ + ": " + std::to_string(keys_.size()) + " keys are let in");
}

}  // namespace ipc::net
