// SPDX-License-Identifier: BSD-3-Clause
// Launchers' documents: what is written is what is read, and bad ones are refused.
#include "libipc/config/launch.hpp"

#include <gtest/gtest.h>

namespace ipc::config {
namespace {

TEST(Launch, RequestsSurviveWritingAndReading) {
  LaunchRequest request;
  request.record = "/tmp/a b/\"quoted\".launched";
  request.role = "engine";
  request.program = "/bin/true";
  request.arguments = {"--x=1", "", "two words", "new\nline", "yes", "#", "ü"};
  request.count = 7;
  request.directory = "/home/ä: b";
  request.environment = {{"A", "1"}, {"B", "off"}, {"C", ""}};
  request.log = "/tmp/x-{pid}.log";
  const auto read = parse_launch_request(to_yaml(request));
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->record, request.record);
  EXPECT_EQ(read->arguments, request.arguments);
  EXPECT_EQ(read->environment, request.environment);
  EXPECT_EQ(read->count, 7);
  EXPECT_EQ(read->directory, request.directory);
  EXPECT_EQ(to_yaml(*read), to_yaml(request));

  LaunchRequest stop;
  stop.record = "/r";
  stop.ids = {"1.2", "3"};
  stop.grace = 0.25;
  const auto again = parse_launch_request(to_yaml(stop));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->ids, stop.ids);
  EXPECT_EQ(again->grace, 0.25);
}

TEST(Launch, TheLaunchersSectionOfTheProfileIsPassedOn) {
  LaunchRequest request;
  request.record = "/r";
  request.program = "/bin/true";
  request.settings["hosts"].text = "n[01-04]:2 me@h";
  request.settings["lines"].list = {"module load x", "- #"};
  request.settings["names"].map = {{"a b", "1"}};
  request.settings["empty"] = {};
  const auto read = parse_launch_request(to_yaml(request));
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->settings.at("hosts").text, "n[01-04]:2 me@h");
  EXPECT_EQ(read->settings.at("lines").list, request.settings["lines"].list);
  EXPECT_EQ(read->settings.at("names").map, request.settings["names"].map);
  EXPECT_EQ(to_yaml(*read), to_yaml(request));
  Profile profile;
  const auto engines = launcher_settings(profile, "engines");
  EXPECT_EQ(engines.at("kernel").text, "python");
  EXPECT_TRUE(launcher_settings(profile, "engine").empty());
}

TEST(Launch, AnswersSurviveWritingAndReading) {
  EXPECT_TRUE(parse_launch_answer(to_yaml(std::vector<Launched>{}))->empty());
  const std::vector<Launched> processes{
      {"1.2", "engine", "n1", "/l", "running", "", 12},
      {"x_3", "controller", "", "", "pending", "PENDING, Resources", 0}};
  const auto read = parse_launch_answer(to_yaml(processes));
  ASSERT_TRUE(read);
  ASSERT_EQ(read->size(), 2u);
  EXPECT_EQ((*read)[0].pid, 12);
  EXPECT_EQ((*read)[1].id, "x_3");
  EXPECT_EQ((*read)[1].why, "PENDING, Resources");
}

TEST(Launch, BadDocumentsAreRefused) {
  for (const char* text : {"", "- 1\n", "program: /x\n", "record: [\n", "record: /r\ncount: many\n",
                           "record: /r\ncount: 0\n", "record: /r\nsignal: 99\n",
                           "record: /r\ngrace: .nan\n", "record: /r\narguments: {a: b}\n"}) {
    const auto request = parse_launch_request(text);
    ASSERT_FALSE(request) << text;
    EXPECT_EQ(request.error().code, Code::bad_input) << text;
  }
  EXPECT_FALSE(parse_launch_answer("processes:\n  - pid: x\n"));
  EXPECT_FALSE(parse_launch_answer("no such program"));
}

TEST(Launch, ARecordIsReadUpToALineThatWasCut) {
  const Launched process{"1.2", "engine", "n1", "/l \"x\"", "", "", 12};
  const std::string line = record_line(process, {{"ticks", "99"}});
  const auto entries = parse_record(line + line + line.substr(0, line.size() / 2));
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[1].at("ticks"), "99");
  EXPECT_EQ(entries[1].at("log"), "/l \"x\"");
  EXPECT_TRUE(parse_record("").empty());
  EXPECT_TRUE(parse_record("\0\xff garbage [ {").empty());
}

}  // namespace
}  // namespace ipc::config
