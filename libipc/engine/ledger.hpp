// SPDX-License-Identifier: BSD-3-Clause
// Which requests the kernels of an engine have begun, in memory that outlives the engine.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "libipc/util/claims.hpp"
#include "libipc/util/fd.hpp"
#include "libipc/util/result.hpp"

namespace ipc::engine {

/// Made before the guard is forked, so that both have it mapped: what is written here can still be
/// read when the engine's process was killed. One thread in each process.
class Ledger {
 public:
  static Result<Ledger> make();
  Ledger(Ledger&& other) noexcept;
  Ledger& operator=(Ledger&&) = delete;
  ~Ledger();

  /// A page for a kernel that is about to start, empty. After kPages starts they are used again.
  unsigned open_page();
  Claims& claims(unsigned page) { return *reinterpret_cast<Claims*>(pages_ + page * kPageSize); }
  /// What `$IPKIT_KERNEL_LEDGER` says of a page: `OFFSET:FILE`.
  std::string location(unsigned page) const;

  /// The kernel with this page is about to be given a task as its request `number`.
  void note(unsigned page, std::uint64_t number, std::string_view msg_id);

  /// For the guard, when the engine is dead: nothing begins any more. The id of the last task noted
  /// that had begun, "" if none had, nothing if that cannot be told.
  std::optional<std::string> close();

  static constexpr unsigned kPages = 64;
  static constexpr std::size_t kPageSize = 4096;

 private:
  static constexpr std::size_t kNotes = 256;  // many times what is written ahead
  struct Note {
    std::uint64_t number;
    unsigned page;
    std::array<char, 116> msg_id;  // "" if it is longer
  };
  struct Journal {
    std::atomic<std::uint64_t> count;
    std::array<Note, kNotes> notes;
  };
  Ledger(Fd file, char* pages, Journal* journal)
      : file_(std::move(file)), pages_(pages), journal_(journal) {}

  Fd file_;
  char* pages_;
  Journal* journal_;  // not for kernels
  unsigned next_ = 0;
};

/// Stops `claims` at request `number`; what the kernel has begun by then it has begun, all else it
/// will not. Gives the number of the last one begun.
std::uint64_t revoke(Claims& claims, std::uint64_t number);

}  // namespace ipc::engine
