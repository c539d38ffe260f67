// SPDX-License-Identifier: BSD-3-Clause
// Which requests the kernels of an engine have begun, in memory that outlives the engine.
#include "libipc/engine/ledger.hpp"

#include <linux/membarrier.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace ipc::engine {
namespace {

// A kernel's store and look have no barrier between them in every language. With this one here,
// either we see that it has begun, or it sees that it must not.
void order_with_kernels() {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  ::syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

void* map(std::size_t size, int flags, int fd) {
  void* const at = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | flags, fd, 0);
  return at == MAP_FAILED ? nullptr : at;
}

}  // namespace

Result<Ledger> Ledger::make() {
  constexpr std::size_t size = kPages * kPageSize;
  Fd file(::memfd_create("ipkit-ledger", MFD_CLOEXEC));
  if (!file || ::ftruncate(file.get(), size) != 0)
    return system_error(Code::internal, "memfd_create");
  auto* const pages = static_cast<char*>(map(size, 0, file.get()));
  auto* const journal = static_cast<Journal*>(map(sizeof(Journal), MAP_ANONYMOUS, -1));
  Ledger ledger(std::move(file), pages, journal);
  if (pages == nullptr || journal == nullptr) return system_error(Code::internal, "mmap");
  return ledger;
}

Ledger::Ledger(Ledger&& other) noexcept
    : file_(std::move(other.file_)),
      pages_(std::exchange(other.pages_, nullptr)),
      journal_(std::exchange(other.journal_, nullptr)),
      next_(other.next_) {}

Ledger::~Ledger() {
  if (pages_ != nullptr) ::munmap(pages_, kPages * kPageSize);
  if (journal_ != nullptr) ::munmap(journal_, sizeof(Journal));
}

unsigned Ledger::open_page() {
  const unsigned page = next_++ % kPages;
  claims(page).begun = 0;
  claims(page).revoked = 0;
  return page;
}

std::string Ledger::location(unsigned page) const {
  return std::to_string(page * kPageSize) + ":/proc/" + std::to_string(::getpid()) + "/fd/" +
         std::to_string(file_.get());
}

void Ledger::note(unsigned page, std::uint64_t number, std::string_view msg_id) {
  const std::uint64_t count = journal_->count.load(std::memory_order_relaxed);
  Note& note = journal_->notes[count % kNotes];
  note.number = number;
  note.page = page;
  if (msg_id.size() >= note.msg_id.size()) msg_id = {};
  *std::copy(msg_id.begin(), msg_id.end(), note.msg_id.begin()) = '\0';
  journal_->count.store(count + 1, std::memory_order_release);
}

std::optional<std::string> Ledger::close() {
  for (unsigned page = 0; page < kPages; ++page) claims(page).revoked = std::uint64_t(-1);
  order_with_kernels();
  const std::uint64_t count = journal_->count;
  const std::uint64_t first = count - std::min<std::uint64_t>(count, kNotes);
  for (std::uint64_t i = count; i-- > first;) {
    const Note& note = journal_->notes[i % kNotes];
    if (note.number > claims(note.page % kPages).begun) continue;
    if (note.msg_id[0] == '\0') return std::nullopt;
    return note.msg_id.data();
  }
  return first == 0 ? std::optional<std::string>("") : std::nullopt;
}

std::uint64_t revoke(Claims& claims, std::uint64_t number) {
  claims.revoked = number;
  order_with_kernels();
  return claims.begun;
}

}  // namespace ipc::engine
