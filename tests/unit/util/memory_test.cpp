// SPDX-License-Identifier: BSD-3-Clause
#include "libipc/util/memory.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <vector>

namespace ipc {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_GLIBC_MALLOC 0
#else
#define HAS_GLIBC_MALLOC 1
#endif

constexpr std::size_t kMegabyte = 1u << 20;

void take_and_free(std::size_t bytes) {
  std::vector<void*> pieces;
  for (; bytes > 0; bytes -= kMegabyte) {
    pieces.push_back(std::malloc(kMegabyte));
    std::memset(pieces.back(), 1, kMegabyte);
  }
  for (void* piece : pieces) std::free(piece);
}

// For a process that has allocated nothing yet, and for good: the test below runs it in one.
TEST(SpareMemory, DISABLED_IsKeptAndGivenBackHere) {
  keep_freed_memory();
  SpareMemory spare;
  spare.look(false);
  const std::size_t before = resident_bytes();
  take_and_free(64 * kMegabyte);
  EXPECT_GT(resident_bytes(), before + 60 * kMegabyte) << "not kept";
  for (int i = 0; i < 10; ++i) spare.look(true);
  EXPECT_GT(resident_bytes(), before + 60 * kMegabyte) << "taken from a busy process";
  spare.look(true);
  EXPECT_LT(resident_bytes(), before + 8 * kMegabyte);
  take_and_free(64 * kMegabyte);
  spare.look(false);
  EXPECT_LT(resident_bytes(), before + 8 * kMegabyte);
}

TEST(SpareMemory, IsKeptAndGivenBack) {
  if (!HAS_GLIBC_MALLOC) GTEST_SKIP() << "the sanitizer's allocator";
  const pid_t child = ::fork();
  if (child == 0) {
    ::execl("/proc/self/exe", "unit", "--gtest_filter=*IsKeptAndGivenBackHere",
            "--gtest_also_run_disabled_tests", "--gtest_brief=1", nullptr);
    ::_exit(127);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST(SpareMemory, ResidentBytesAreAFewMegabytesAtLeast) {
  EXPECT_GT(resident_bytes(), kMegabyte);
}

}  // namespace
}  // namespace ipc
