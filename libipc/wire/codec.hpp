// SPDX-License-Identifier: BSD-3-Clause
// A Jupyter message in frames: found and verified before anything in it is parsed.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/util/result.hpp"

namespace ipc::wire {

/// Ends the routing prefix of a message.
inline constexpr std::string_view kDelimiter = "<IDS|MSG>";

/// What a peer may make us hold. Larger is refused before it is looked at.
struct Limits {
  size_t frames = 65536;          ///< of one message, prefix included
  size_t json_bytes = 64u << 20;  ///< of header, parent, metadata and content together
  unsigned json_depth = 128;      ///< nesting of any JSON text
};

/// One message inside the frames it came in; nothing is copied, so the frames must outlive it.
struct View {
  std::span<const std::string_view> identities;  ///< routing prefix, before the delimiter
  std::string_view signature, header, parent, metadata, content;
  std::span<const std::string_view> buffers;
};

/// Finds the first delimiter and the five frames after it. Code::bad_input says what is missing.
/// Checks sizes only; nothing is parsed.
Result<View> locate(std::span<const std::string_view> frames, const Limits& limits = {});

/// Signs and verifies: hex HMAC over header, parent, metadata and content as they stand (wire
/// protocol, signatures). Copy for each thread; use from one thread at a time.
class Signer {
 public:
  /// `scheme` is "hmac-sha256" or another hash OpenSSL knows; an empty key means unsigned
  /// messages. Code::usage for an unknown scheme.
  static Result<Signer> create(std::string_view scheme, std::string key);

  Signer(const Signer&);
  Signer& operator=(const Signer&);
  Signer(Signer&&) noexcept;
  Signer& operator=(Signer&&) noexcept;
  ~Signer();

  bool enabled() const;
  /// Lower-case hex digits, or "" when unsigned. Valid until the next call.
  std::string_view sign(std::string_view header, std::string_view parent, std::string_view metadata,
                        std::string_view content);
  /// Constant-time comparison. Everything passes when unsigned.
  bool verify(const View& message);

 private:
  struct State;
  explicit Signer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Signatures seen, to refuse replays. Bounded: when it holds 65536, a tenth is dropped.
class DigestHistory {
 public:
  /// False if it was there already.
  bool add(std::string_view signature);

 private:
  // Two generations instead of a random tenth: the old one is dropped when the young one is full.
  std::vector<std::uint64_t> young_, old_;
  size_t count_ = 0;
  static bool insert(std::vector<std::uint64_t>& table, std::uint64_t key);
  static bool contains(const std::vector<std::uint64_t>& table, std::uint64_t key);
};

}  // namespace ipc::wire
