// SPDX-License-Identifier: BSD-3-Clause
// The frames of tasks that wait: packed, and the same again when their turn comes.
#include "libipc/sched/job.hpp"

#include <gtest/gtest.h>

#include "libipc/sched/task_queue.hpp"

namespace ipc::sched {
namespace {

net::Frames frames_of(const std::vector<std::string>& texts) {
  net::Frames frames;
  for (const auto& text : texts) frames.emplace_back(text);
  return frames;
}

std::vector<std::string> texts_of(const net::Frames& frames) {
  std::vector<std::string> texts;
  for (const auto& frame : frames) texts.emplace_back(frame.view());
  return texts;
}

TEST(JobTest, PackedFramesComeBackAsTheyWere) {
  const std::vector<std::string> texts{"client", "", std::string(500, 'x'), std::string(3, '\0')};
  Job job;
  job.frames = frames_of(texts);
  job.pack();
  EXPECT_TRUE(job.frames.empty());
  job.pack();  // changes nothing
  job.unpack();
  EXPECT_EQ(texts_of(job.frames), texts);
  job.unpack();
  EXPECT_EQ(texts_of(job.frames), texts);
}

TEST(JobTest, LargeFramesAreNotCopied) {
  const std::vector<std::string> texts{"client", std::string(100000, 'x')};
  Job job;
  job.frames = frames_of(texts);
  const char* const before = job.frames[1].view().data();
  job.pack();
  job.unpack();
  EXPECT_EQ(texts_of(job.frames), texts);
  EXPECT_EQ(job.frames[1].view().data(), before);
}

// What each task's frames say, whether it runs or fails.
struct Heard : TaskOutput {
  std::vector<std::string> run_frames, failed_frames;
  void run(Job& job, TaskEngine&) override { run_frames.emplace_back(job.frames.at(0).view()); }
  void fail(Job& job, TaskFailure, const TaskEngine*) override {
    failed_frames.emplace_back(job.frames.at(0).view());
  }
};

TEST(JobTest, ManyThatWaitHaveTheirFramesWhenTheyRunOrFail) {
  constexpr int kTasks = 3000;
  Heard heard;
  TaskQueue queue(heard, *make_policy("leastload"), 0);
  const TimePoint now{};
  for (int i = 0; i < kTasks; ++i) {
    auto frames = frames_of({"frame " + std::to_string(i), "more"});
    ASSERT_TRUE(queue.submit("s_" + std::to_string(i), frames, nullptr, now));
  }
  queue.cancel({"s_" + std::to_string(kTasks - 1)}, now);
  EXPECT_EQ(heard.failed_frames, (std::vector<std::string>{"frame " + std::to_string(kTasks - 1)}));
  queue.engine_added("e", true, now);
  ASSERT_EQ(heard.run_frames.size(), kTasks - 1u);
  for (size_t i = 0; i < heard.run_frames.size(); ++i)
    EXPECT_EQ(heard.run_frames[i], "frame " + std::to_string(i));
}

}  // namespace
}  // namespace ipc::sched
