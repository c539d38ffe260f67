// SPDX-License-Identifier: BSD-3-Clause
// Job logs: their lines, and what is read of a log whose writer was killed.
#include "libipc/cli/joblog.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace ipc::cli {
namespace {

class JobLogTest : public testing::Test {
 protected:
  void SetUp() override { path_ = testing::TempDir() + "joblog-" + std::to_string(::getpid()); }
  void TearDown() override { ::unlink(path_.c_str()); }

  void put(const std::string& text) { std::ofstream(path_) << text; }
  std::string text() const {
    std::stringstream all;
    all << std::ifstream(path_).rdbuf();
    return all.str();
  }
  // Numbers of the records, separated by blanks; or the error.
  std::string numbers() const {
    std::string seen;
    const auto status = read_joblog(path_, [&](JobRecord&& record, size_t) -> Status {
      seen += std::to_string(record.seq) + ' ';
      return {};
    });
    return status ? seen : status.error().text();
  }

  std::string path_;
};

JobRecord record(std::uint64_t seq) {
  JobRecord made;
  made.seq = seq;
  made.host = "n1";
  made.command = "x";
  made.key = job_key("x");
  return made;
}

TEST(JobLogLine, RoundTrip) {
  JobRecord one = record(17);
  one.start = 1764000000.25;
  one.runtime = 1.5;
  one.sent = 3;
  one.received = 40;
  one.exit_status = 2;
  one.engine = 5;
  one.attempt = 3;
  const auto line = joblog_line(one);
  EXPECT_EQ(line, "17\tn1\t1764000000.250\t1.500\t3\t40\t2\t0\tx\t5\t3\t" + one.key + "\n");
  const auto read = parse_joblog_line(line);
  ASSERT_TRUE(read);
  EXPECT_EQ(joblog_line(*read), line);
}

TEST(JobLogLine, CommandsStayOnTheirLine) {
  JobRecord one = record(1);
  one.command = "a\tb\nc";
  EXPECT_NE(joblog_line(one).find("\ta b c\t"), std::string::npos);
}

TEST(JobLogLine, UnknownHostAndEngineAreDashes) {
  JobRecord one = record(1);
  one.host.clear();
  one.key.clear();
  const auto read = parse_joblog_line(joblog_line(one));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->host, "");
  EXPECT_EQ(read->key, "");
  EXPECT_EQ(read->engine, -1);
}

TEST(JobLogLine, ParallelsOwn) {
  const auto read = parse_joblog_line("3\t:\t1764000000.123\t     0.002\t0\t2\t0\t9\techo 'a b'");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->seq, 3u);
  EXPECT_EQ(read->signal, 9);
  EXPECT_EQ(read->command, "echo 'a b'");
  EXPECT_FALSE(read->ok());
}

TEST(JobLogLine, WhatIsNone) {
  for (const char* line : {"", "1", "0\tn\t1\t1\t0\t0\t0\t0\tx", "a\tn\t1\t1\t0\t0\t0\t0\tx",
                           "1\tn\t1\t1\t0\t0\tq\t0\tx", "1\tn\t1\t1\t0\t0\t0\t0\tx\ty"})
    EXPECT_FALSE(parse_joblog_line(line)) << line;
}

TEST(JobLogLine, FailuresAsParallelHasThem) {
  const auto columns = [](std::string evalue, std::optional<int> status) {
    client::RemoteError error;
    error.evalue = std::move(evalue);
    error.exit_status = status;
    JobRecord one;
    set_failure(one, error);
    return std::pair(one.exit_status, one.signal);
  };
  EXPECT_EQ(columns("exit status 3", 3), std::pair(3, 0));
  EXPECT_EQ(columns("killed by signal 15 (Terminated)", 143), std::pair(0, 15));
  EXPECT_EQ(columns("kernel killed by signal 9 (Killed)", {}), std::pair(0, 9));
  EXPECT_EQ(columns("division by zero", {}), std::pair(1, 0));
}

TEST(JobKey, TellsItemsApart) {
  EXPECT_EQ(job_key(""), "cbf29ce484222325");
  EXPECT_EQ(job_key("a"), "af63dc4c8601ec8c");
  EXPECT_NE(job_key("ab"), job_key("ba"));
}

TEST_F(JobLogTest, ReplacesOrAppends) {
  for (const bool append : {false, true, false}) {
    auto log = JobLog::open(path_, append);
    ASSERT_TRUE(log);
    log->add(record(append ? 2 : 1));
    ASSERT_TRUE(log->flush());
    EXPECT_EQ(log->size(), text().size());
    EXPECT_EQ(numbers(), append ? "1 2 " : "1 ");
  }
}

TEST_F(JobLogTest, APartOfALineIsNotThere) {
  put("Seq\tHost\tStarttime\tJobRuntime\n" + joblog_line(record(1)) + "2\tn1\t17");
  EXPECT_EQ(numbers(), "1 ");
  auto log = JobLog::open(path_, true);
  ASSERT_TRUE(log);
  log->add(record(3));
  ASSERT_TRUE(log->flush());
  EXPECT_EQ(numbers(), "1 3 ");
}

TEST_F(JobLogTest, OneWriterAtATime) {
  const auto first = JobLog::open(path_, false);
  ASSERT_TRUE(first);
  const auto second = JobLog::open(path_, true);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::exists);
}

TEST_F(JobLogTest, OtherFilesAreNotTouched) {
  put("my thesis\n");
  const auto log = JobLog::open(path_, false);
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().code, Code::bad_input);
  EXPECT_EQ(text(), "my thesis\n");
  EXPECT_NE(numbers().find("no job log"), std::string::npos);
}

TEST_F(JobLogTest, BadLinesAreNamed) {
  EXPECT_EQ(numbers(), "");
  put("Seq\tHost\tStarttime\tJobRuntime\n" + joblog_line(record(1)) + "oops\n");
  EXPECT_NE(numbers().find(":3: not a job's line"), std::string::npos);
}

}  // namespace
}  // namespace ipc::cli
