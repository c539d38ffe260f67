// SPDX-License-Identifier: BSD-3-Clause
// Replies that are ahead of their output.
#include "libipc/hub/late_output.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace ipc::hub {
namespace {

using Ids = std::vector<std::string>;

class LateOutputTest : public testing::Test {
 protected:
  Ids complete() {
    Ids ids = late_.take_complete();
    std::sort(ids.begin(), ids.end());
    return ids;
  }
  const TimePoint now_ = Clock::now(), due_ = now_ + LateOutput::kLimit;
  LateOutput late_;
};

TEST_F(LateOutputTest, ATaskMissesTheNumberOfItsOwnEngineOnly) {
  late_.came("e", 4);
  late_.ended("before", "e", 4, now_);
  late_.ended("first", "e", 5, now_);
  late_.ended("second", "e", 7, now_);
  late_.ended("other", "f", 1, now_);
  EXPECT_FALSE(late_.is_missing("before"));
  EXPECT_TRUE(late_.is_missing("first"));
  EXPECT_EQ(complete(), Ids());
  late_.came("e", 6);
  EXPECT_EQ(complete(), Ids{"first"});
  EXPECT_FALSE(late_.is_missing("first"));
  late_.came("e", 7);
  EXPECT_EQ(complete(), Ids{"second"});
  EXPECT_EQ(late_.missing(), Ids{"other"});
  late_.came("f", 2);
  EXPECT_EQ(complete(), Ids{"other"});
}

TEST_F(LateOutputTest, ALaterNumberTellsThatWhatWasLostWillNotCome) {
  late_.ended("a", "e", 3, now_);
  late_.ended("b", "e", 3, now_);
  late_.came("e", 9);
  EXPECT_EQ(complete(), (Ids{"a", "b"}));
  late_.came("e", 8);  // from another time
  late_.ended("c", "e", 9, now_);
  EXPECT_FALSE(late_.is_missing("c"));
}

TEST_F(LateOutputTest, IdleBeforeOrAfterTheReply) {
  late_.ended_before_idle("silent", "r", now_);  // nothing was ever heard of this engine
  EXPECT_FALSE(late_.is_missing("silent"));
  late_.status("r", "a", false);
  late_.status("r", "a", true);
  late_.ended_before_idle("a", "r", now_);
  EXPECT_FALSE(late_.is_missing("a"));
  late_.ended_before_idle("b", "r", now_);
  late_.status("r", "b", false);
  EXPECT_TRUE(late_.is_missing("b"));
  late_.status("r", "b", true);
  EXPECT_EQ(complete(), Ids{"b"});
}

TEST_F(LateOutputTest, LostOutputIsGivenUpInTime) {
  late_.status("r", "", false);
  late_.ended("a", "e", 1, now_);
  late_.ended_before_idle("b", "r", now_ + seconds(1));
  late_.expire(due_ - milliseconds(1));
  EXPECT_EQ(complete(), Ids());
  late_.expire(due_);
  EXPECT_EQ(complete(), Ids{"a"});
  late_.ended("b", "e", 2, now_ + seconds(2));  // once more, elsewhere: its time begins anew
  EXPECT_EQ(complete(), Ids{"b"});
  late_.expire(due_ + seconds(1));
  EXPECT_EQ(late_.missing(), Ids{"b"});
  late_.expire(due_ + seconds(2));
  EXPECT_EQ(complete(), Ids{"b"});
}

TEST_F(LateOutputTest, OfAnEngineThatIsGoneNothingComes) {
  late_.status("r", "", false);
  late_.ended("a", "e", 1, now_);
  late_.ended_before_idle("b", "r", now_);
  late_.engine_gone("r");
  EXPECT_EQ(complete(), Ids{"b"});
  late_.engine_gone("e");
  EXPECT_EQ(complete(), Ids{"a"});
  late_.engine_gone("e");
  // Its numbers begin anew if it comes back.
  late_.came("e", 50);
  late_.engine_gone("e");
  late_.ended("c", "e", 1, now_);
  EXPECT_TRUE(late_.is_missing("c"));
}

}  // namespace
}  // namespace ipc::hub
