// SPDX-License-Identifier: BSD-3-Clause
// HMAC signatures.
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <array>
#include <optional>
#include <utility>

#include "libipc/util/text.hpp"
#include "libipc/wire/codec.hpp"

// SHA256_* are deprecated in favour of EVP, whose contexts cost more to copy than the whole HMAC of
// a short message: with the states after the two pads kept, one signature is 0.35 µs instead of
// 0.7.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace ipc::wire {

struct Signer::State {
  std::string key;
  const EVP_MD* digest = nullptr;
  bool is_sha256 = false;
  SHA256_CTX inner{}, outer{};  // after the inner and the outer pad of the key
  std::array<unsigned char, EVP_MAX_MD_SIZE> raw{};
  std::array<char, 2 * EVP_MAX_MD_SIZE> hex{};

  void prepare_pads() {
    std::array<unsigned char, SHA256_CBLOCK> block{};
    if (key.size() > block.size())
      SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(), block.data());
    else
      std::copy(key.begin(), key.end(), block.begin());
    for (auto& byte : block) byte ^= 0x36;
    SHA256_Init(&inner);
    SHA256_Update(&inner, block.data(), block.size());
    for (auto& byte : block) byte ^= 0x36 ^ 0x5c;
    SHA256_Init(&outer);
    SHA256_Update(&outer, block.data(), block.size());
  }

  size_t mac_sha256(const std::array<std::string_view, 4>& parts) {
    SHA256_CTX context = inner;
    for (const auto part : parts) SHA256_Update(&context, part.data(), part.size());
    SHA256_Final(raw.data(), &context);
    context = outer;
    SHA256_Update(&context, raw.data(), SHA256_DIGEST_LENGTH);
    SHA256_Final(raw.data(), &context);
    return SHA256_DIGEST_LENGTH;
  }

  size_t mac_any(const std::array<std::string_view, 4>& parts) {
    std::string text;
    for (const auto part : parts) text += part;
    unsigned size = 0;
    HMAC(digest, key.data(), static_cast<int>(key.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), raw.data(), &size);
    return size;
  }
};

Signer::Signer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Signer::Signer(const Signer& other) : state_(std::make_unique<State>(*other.state_)) {}
Signer& Signer::operator=(const Signer& other) {
  return *this = Signer(other);
}
Signer::Signer(Signer&&) noexcept = default;
Signer& Signer::operator=(Signer&&) noexcept = default;
Signer::~Signer() = default;

Result<Signer> Signer::create(std::string_view scheme, std::string key) {
  auto state = std::make_unique<State>();
  const std::string hash(scheme.starts_with("hmac-") ? scheme.substr(5) : "");
  state->digest = hash.empty() ? nullptr : EVP_get_digestbyname(hash.c_str());
  if (state->digest == nullptr)
    return Error{Code::usage, "unknown signature scheme '" + std::string(scheme) + "'",
                 "hmac-sha256 is the usual one"};
  state->is_sha256 = hash == "sha256";
  state->key = std::move(key);
  if (state->is_sha256) state->prepare_pads();
  return Signer(std::move(state));
}

bool Signer::enabled() const {
  return !state_->key.empty();
}

std::string_view Signer::sign(std::string_view header, std::string_view parent,
                              std::string_view metadata, std::string_view content) {
  if (!enabled()) return {};
  const std::array<std::string_view, 4> parts{header, parent, metadata, content};
  const size_t size = state_->is_sha256 ? state_->mac_sha256(parts) : state_->mac_any(parts);
  constexpr char kDigits[] = "0123456789abcdef";
  for (size_t i = 0; i < size; ++i) {
    state_->hex[2 * i] = kDigits[state_->raw[i] >> 4];
    state_->hex[2 * i + 1] = kDigits[state_->raw[i] & 15];
  }
  return {state_->hex.data(), 2 * size};
}

bool Signer::verify(const View& message) {
  if (!enabled()) return true;
  return equal_constant_time(
      message.signature, sign(message.header, message.parent, message.metadata, message.content));
}

}  // namespace ipc::wire
