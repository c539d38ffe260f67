// SPDX-License-Identifier: BSD-3-Clause
// Verdicts in a pipe's mode bits.
#include "libipc/cli/pipeline.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libipc/util/fd.hpp"

namespace ipc::cli {
namespace {

TEST(Pipeline, VerdictsAreSeenAtTheOtherEnd) {
  auto pipe = make_pipe();
  EXPECT_EQ(verdict_of(pipe->first.get()), Verdict::none);
  for (const auto verdict : {Verdict::running, Verdict::ok, Verdict::failed, Verdict::none}) {
    mark(pipe->second.get(), verdict);
    EXPECT_EQ(verdict_of(pipe->first.get()), verdict);
  }
  mark(pipe->second.get(), Verdict::failed);
  pipe->second.reset();
  EXPECT_EQ(verdict_of(pipe->first.get()), Verdict::failed);
}

TEST(Pipeline, TheOwnerKeepsItsPermissions) {
  auto pipe = make_pipe();
  mark(pipe->second.get(), Verdict::running);
  const std::string path = "/proc/self/fd/" + std::to_string(pipe->first.get());
  const Fd again(::open(path.c_str(), O_RDONLY | O_NONBLOCK));
  EXPECT_TRUE(again);
}

TEST(Pipeline, FilesAndFifosAreNotMarked) {
  char name[] = "/tmp/verdict-XXXXXX";
  const Fd file(::mkstemp(name));
  struct stat before, after;
  ASSERT_EQ(::fstat(file.get(), &before), 0);
  mark(file.get(), Verdict::failed);
  ASSERT_EQ(::fstat(file.get(), &after), 0);
  EXPECT_EQ(before.st_mode, after.st_mode);
  EXPECT_EQ(verdict_of(file.get()), Verdict::none);
  ::unlink(name);
  ASSERT_EQ(::mkfifo(name, 0600), 0);
  const Fd fifo(::open(name, O_RDWR));
  mark(fifo.get(), Verdict::failed);
  EXPECT_EQ(verdict_of(fifo.get()), Verdict::none);
  ::unlink(name);
}

TEST(Pipeline, OnlyPipesAre) {
  const Fd null(::open("/dev/null", O_RDONLY));
  EXPECT_FALSE(is_pipeline(null.get()));
  auto pipe = make_pipe();
  EXPECT_TRUE(is_pipeline(pipe->first.get()));
  EXPECT_FALSE(is_pipeline(-1));
}

}  // namespace
}  // namespace ipc::cli
