// SPDX-License-Identifier: BSD-3-Clause
// HMAC signatures.
#include <dlfcn.h>
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

namespace {

/// Of the shared libcrypto, which is loaded only for another digest than SHA-256: its tables of
/// addresses cost each command more than all it does itself. SHA256_* are linked into the program.
struct OtherDigests {
  decltype(&::EVP_get_digestbyname) find = nullptr;
  decltype(&::HMAC) mac = nullptr;
};

#define IPC_TEXT_OF(number) #number
#define IPC_LIBRARY(version) "libcrypto.so." IPC_TEXT_OF(version)

const OtherDigests& other_digests() {
  static const OtherDigests loaded = [] {
    OtherDigests functions;
    if (void* library = ::dlopen(IPC_LIBRARY(OPENSSL_SHLIB_VERSION), RTLD_NOW | RTLD_LOCAL)) {
      functions.find = reinterpret_cast<decltype(functions.find)>(
          ::dlsym(library, "EVP_get_digestbyname"));
      functions.mac = reinterpret_cast<decltype(functions.mac)>(::dlsym(library, "HMAC"));
    }
    return functions;
  }();
  return loaded;
}

const EVP_MD* find_digest(const std::string& name) {
  const auto& functions = other_digests();
  return functions.find != nullptr && functions.mac != nullptr ? functions.find(name.c_str())
                                                               : nullptr;
}

}  // namespace

struct Signer::State {
  std::string key;
  const EVP_MD* digest = nullptr;  // of another than SHA-256
  bool is_sha256 = false;
  SHA256_CTX inner{}, outer{};  // after the inner and the outer pad of the key
  std::array<unsigned char, EVP_MAX_MD_SIZE> raw{};
  std::array<char, 2 * EVP_MAX_MD_SIZE> hex{};

  void prepare_pads() {
    std::array<unsigned char, SHA256_CBLOCK> block{};
    if (key.size() > block.size()) {
      SHA256_Init(&inner);
      SHA256_Update(&inner, key.data(), key.size());
      SHA256_Final(block.data(), &inner);
    } else {
      std::copy(key.begin(), key.end(), block.begin());
    }
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
    other_digests().mac(digest, key.data(), static_cast<int>(key.size()),
                        reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                        raw.data(), &size);
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
  state->is_sha256 = hash == "sha256";
  if (!hash.empty() && !state->is_sha256) state->digest = find_digest(hash);
  if (state->digest == nullptr && !state->is_sha256)
    return Error{Code::usage, "unknown signature scheme '" + std::string(scheme) + "'",
                 "hmac-sha256 is the usual one"};
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
