// SPDX-License-Identifier: BSD-3-Clause
// The journal: what is read again is what was written, whatever becomes of the end of the file.
#include "libipc/sched/journal.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace ipc::sched {
namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

net::Frames frames(const std::vector<std::string>& texts) {
  net::Frames made;
  for (const auto& text : texts) made.emplace_back(text);
  return made;
}

std::string text_of(const net::Frames& frames) {
  std::string text;
  for (const auto& frame : frames) text += (text.empty() ? "" : "|") + std::string(frame.view());
  return text;
}

class JournalTest : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = testing::TempDir() + "/journal-" + std::to_string(::getpid());
    fs::remove_all(directory_);
  }
  void TearDown() override { fs::remove_all(directory_); }

  std::unique_ptr<Journal> open() {
    Journal::Options options = options_;
    options.directory = directory_;
    auto journal = Journal::open(options);
    EXPECT_TRUE(journal) << (journal ? "" : journal.error().text());
    return journal ? *std::move(journal) : nullptr;
  }

  // What a controller would be told, a line for each.
  static Lines told(Journal& journal) {
    Lines lines;
    journal.restore(
        [&](Journal::End&& end) {
          lines.push_back("ended " + end.id + (end.ok ? " ok" : " failed") + "@" + end.engine +
                          " " + text_of(end.request) + " -> " + text_of(end.reply));
        },
        [&](Journal::Task&& task) {
          lines.push_back((task.engine.empty() ? "waits " : "runs@" + task.engine + " ") + task.id +
                          " " + text_of(task.frames));
        });
    return lines;
  }
  Lines read() { return told(*open()); }

  std::vector<fs::path> segments() const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(directory_)) found.push_back(entry.path());
    std::sort(found.begin(), found.end());
    return found;
  }

  static std::string bytes_of(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static void write(const fs::path& file, const std::string& bytes) {
    std::ofstream(file, std::ios::binary) << bytes;
  }

  std::string directory_;
  Journal::Options options_;
};

TEST_F(JournalTest, TasksComeBackInTheirOrderAndStateTwiceTheSame) {
  {
    const auto journal = open();
    EXPECT_EQ(journal->report(), "");
    for (const char* id : {"t_1", "t_2", "t_3", "t_4", "t_5"})
      ASSERT_TRUE(journal->accept(id, frames({"client", "", id})));
    journal->assign("t_3", "b");
    journal->assign("t_1", "a");
    journal->assign("t_4", "a");
    journal->wait("t_4");
    journal->assign("t_5", "a");
    journal->finish("t_5", "a", true, frames({"client", "a", "done"}));
    journal->commit();
  }
  const Lines expected{"ended t_5 ok@a client||t_5 -> client|a|done",
                       "runs@b t_3 client||t_3",
                       "runs@a t_1 client||t_1",
                       "waits t_2 client||t_2",
                       "waits t_4 client||t_4"};
  EXPECT_EQ(read(), expected);
  EXPECT_EQ(read(), expected);
  const auto journal = open();
  EXPECT_FALSE(journal->damaged());
  EXPECT_EQ(journal->state("t_1"), Journal::State::live);
  EXPECT_EQ(journal->state("t_5"), Journal::State::ended);
  EXPECT_EQ(journal->state("t_6"), Journal::State::unknown);
  EXPECT_EQ(text_of(journal->reply("t_5")), "client|a|done");
  EXPECT_TRUE(journal->reply("t_1").empty());
}

TEST_F(JournalTest, FilesAreTheOwnersAlone) {
  const auto journal = open();
  ASSERT_TRUE(journal->accept("t_1", frames({"secret"})));
  struct stat s;
  for (const auto& file : segments()) {
    ASSERT_EQ(::stat(file.c_str(), &s), 0);
    EXPECT_EQ(s.st_mode & 0777, 0600u);
  }
  ASSERT_EQ(::stat(directory_.c_str(), &s), 0);
  EXPECT_EQ(s.st_mode & 0777, 0700u);
}

TEST_F(JournalTest, OthersMustNotWriteThere) {
  fs::create_directory(directory_);
  fs::permissions(directory_, fs::perms::others_all, fs::perm_options::add);
  options_.directory = directory_;
  const auto journal = Journal::open(options_);
  ASSERT_FALSE(journal);
  EXPECT_EQ(journal.error().code, Code::refused);
}

// As long as an entry is not whole it is not there, and all before it is.
TEST_F(JournalTest, TornAtEveryByte) {
  {
    const auto journal = open();
    ASSERT_TRUE(journal->accept("t_1", frames({"client", "first"})));
    ASSERT_TRUE(journal->accept("t_2", frames({"client", "second"})));
    journal->assign("t_1", "a");
  }
  const auto file = segments().front();
  const std::string reserved = bytes_of(file);
  const std::string whole = reserved.substr(0, reserved.find_last_not_of('\0') + 1);
  const Lines none, one{"waits t_1 client|first"},
      two{"waits t_1 client|first", "waits t_2 client|second"},
      all{"runs@a t_1 client|first", "waits t_2 client|second"};
  std::size_t reached = 0;
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    for (const bool zeros : {false, true}) {
      fs::remove_all(directory_);
      fs::create_directory(directory_);
      fs::permissions(directory_, fs::perms::owner_all);
      write(file, whole.substr(0, cut) + (zeros ? std::string(1000, '\0') : ""));
      const auto journal = open();
      const Lines lines = told(*journal);
      const std::size_t level = lines == none ? 0 : lines == one ? 1 : lines == two ? 2 : 9;
      ASSERT_NE(level, 9u) << "cut at " << cut << ": " << testing::PrintToString(lines);
      EXPECT_GE(level, reached) << cut;
      reached = level;
      // It goes on as if nothing had been.
      ASSERT_TRUE(journal->accept("t_9", frames({"client", "new"})));
      Lines longer = lines;
      longer.push_back("waits t_9 client|new");
      EXPECT_EQ(read(), longer) << cut;
    }
  }
  EXPECT_EQ(reached, 2u);
  fs::remove_all(directory_);
  fs::create_directory(directory_);
  fs::permissions(directory_, fs::perms::owner_all);
  write(file, whole);
  EXPECT_EQ(read(), all);
}

TEST_F(JournalTest, ATornEndIsReported) {
  {
    const auto journal = open();
    ASSERT_TRUE(journal->accept("t_1", frames({"client"})));
    ASSERT_TRUE(journal->accept("t_2", frames({"client", std::string(1000, 'x')})));
  }
  const auto file = segments().front();
  write(file, bytes_of(file).substr(0, 500));
  const auto journal = open();
  EXPECT_TRUE(journal->damaged());
  EXPECT_NE(journal->report().find("00000001.journal, byte"), std::string::npos)
      << journal->report();
  EXPECT_EQ(told(*journal), (Lines{"waits t_1 client"}));
}

// No bit may change what a task is: it is left out or as it was.
TEST_F(JournalTest, FlippedBits) {
  {
    const auto journal = open();
    for (const char* id : {"t_1", "t_2", "t_3"})
      ASSERT_TRUE(journal->accept(id, frames({"client", "payload"})));
  }
  const auto file = segments().front();
  const std::string reserved = bytes_of(file);
  const std::string whole = reserved.substr(0, reserved.find_last_not_of('\0') + 1);
  for (std::size_t at = 16; at < whole.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = whole;
      flipped[at] = static_cast<char>(flipped[at] ^ 1 << bit);
      fs::remove_all(directory_);
      fs::create_directory(directory_);
      fs::permissions(directory_, fs::perms::owner_all);
      write(file, flipped);
      const auto journal = open();
      EXPECT_TRUE(journal->damaged()) << at << "/" << bit;
      const Lines lines = told(*journal);
      EXPECT_LT(lines.size(), 3u);
      for (const auto& line : lines)
        EXPECT_TRUE(line == "waits t_1 client|payload" || line == "waits t_2 client|payload" ||
                    line == "waits t_3 client|payload")
            << line;
    }
  }
}

TEST_F(JournalTest, WhatHasEndedGoesFromTheDiskAndWhatHasNotStays) {
  options_.segment_bytes = 1 << 20;
  options_.reply_bytes = 1 << 20;
  options_.sync = false;
  const std::string payload(4000, 'x');
  {
    const auto journal = open();
    ASSERT_TRUE(journal->accept("old_1", frames({"client", "waits for long"})));
    ASSERT_TRUE(journal->accept("old_2", frames({"client", "runs for long"})));
    journal->assign("old_2", "a");
    for (int n = 0; n < 20000; ++n) {
      const std::string id = "t_" + std::to_string(n);
      ASSERT_TRUE(journal->accept(id, frames({"client", payload})));
      journal->assign(id, "a");
      journal->finish(id, "a", true, frames({"client", "a", id}));
    }
    // 80 MB have passed.
    EXPECT_LT(journal->bytes(), 32u << 20);
    EXPECT_EQ(journal->live(), 2u);
  }
  const auto journal = open();
  EXPECT_FALSE(journal->damaged()) << journal->report();
  EXPECT_EQ(journal->state("t_0"), Journal::State::ended);
  EXPECT_EQ(journal->state("t_19999"), Journal::State::ended);
  EXPECT_EQ(text_of(journal->reply("t_19999")), "client|a|t_19999");
  const Lines lines = told(*journal);
  ASSERT_GE(lines.size(), 2u);
  EXPECT_EQ(lines.back(), "waits old_1 client|waits for long");
  EXPECT_EQ(lines[lines.size() - 2], "runs@a old_2 client|runs for long");
}

TEST_F(JournalTest, RepliesAndOutcomesAreLimited) {
  options_.replies = 10;
  options_.ends = 20;
  options_.sync = false;
  const auto journal = open();
  for (int n = 0; n < 100; ++n) {
    const std::string id = "t_" + std::to_string(n);
    ASSERT_TRUE(journal->accept(id, frames({"client"})));
    journal->finish(id, "", n % 2 == 0, frames({"client", id}));
  }
  EXPECT_EQ(journal->state("t_79"), Journal::State::unknown);
  EXPECT_EQ(journal->state("t_80"), Journal::State::ended);
  EXPECT_TRUE(journal->reply("t_89").empty());
  EXPECT_EQ(text_of(journal->reply("t_90")), "client|t_90");
  const Lines lines = read();
  ASSERT_EQ(lines.size(), 20u);
  EXPECT_EQ(lines.front(), "ended t_80 ok@  -> ");
  EXPECT_EQ(lines.back(), "ended t_99 failed@ client -> client|t_99");
}

// An id that an entry of a later segment ends must not come to life because that one went first.
TEST_F(JournalTest, NothingThatEndedComesBackAfterManyRestarts) {
  options_.segment_bytes = 256 << 10;
  options_.replies = options_.ends = 100;
  options_.sync = false;
  const std::string payload(8000, 'x');
  for (int round = 0; round < 60; ++round) {
    const auto journal = open();
    EXPECT_FALSE(journal->damaged()) << journal->report();
    EXPECT_EQ(journal->live(), static_cast<std::size_t>(std::min(round, 5)));
    const std::string mark = "r" + std::to_string(round) + "_";
    ASSERT_TRUE(journal->accept(mark + "keep", frames({"client", payload})));
    for (int n = 0; n < 100; ++n) {
      const std::string id = mark + std::to_string(n);
      ASSERT_TRUE(journal->accept(id, frames({"client", payload})));
      journal->finish(id, "a", true, frames({"client", "a", "r"}));
    }
    if (round >= 5)
      journal->finish("r" + std::to_string(round - 5) + "_keep", "a", true, frames({"client"}));
  }
}

}  // namespace
}  // namespace ipc::sched
