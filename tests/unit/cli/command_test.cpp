// SPDX-License-Identifier: BSD-3-Clause
// Command lines: what is an option, what is an operand, what is refused.
#include "libipc/cli/command.hpp"

#include <gtest/gtest.h>

namespace ipc::cli {
namespace {

Command sample() {
  Command command;
  command.name = "ipsample";
  command.synopsis = {"[options] CODE", "[options] -f FILE [ARG]..."};
  command.summary = "Does nothing.";
  command.examples = {{"ipsample 'x = 1'", "bind x"}};
  command.options = {{'f', "file", "FILE", "read code from FILE"},
                     {'0', "null", "", "items end with NUL"},
                     {'d', "delimiter", "CHAR", "items end with CHAR"},
                     {0, "colsep", "RE", "columns", true}};
  command.common = kCluster | kTargets | kAsync | kTimeout;
  return command;
}

Arguments parsed(std::vector<std::string> words) {
  auto arguments = parse(sample(), words);
  EXPECT_TRUE(arguments) << arguments.error().text();
  return arguments ? *arguments : Arguments();
}

Error refused(std::vector<std::string> words) {
  auto arguments = parse(sample(), words);
  EXPECT_FALSE(arguments);
  return arguments ? Error() : arguments.error();
}

using Words = std::vector<std::string>;

TEST(Command, CutsAtTheFirstOperand) {
  const auto a = parsed({"-t", "0", "ls", "-1", "file"});
  EXPECT_EQ(a.get("targets"), "0");
  EXPECT_EQ(a.operands, (Words{"ls", "-1", "file"}));
}

TEST(Command, KeepsCommasAndNewlinesInOperandsAndValues) {
  EXPECT_EQ(parsed({"print(1,2)"}).operands, (Words{"print(1,2)"}));
  EXPECT_EQ(parsed({"-t", "0,2", "x"}).get("targets"), "0,2");
  EXPECT_EQ(parsed({"--file=a\nb"}).get("file"), "a\nb");
}

TEST(Command, TakesNegativeNumbersAsValues) {
  EXPECT_EQ(parsed({"-t", "-1", "x"}).get("targets"), "-1");
  EXPECT_EQ(parsed({"-t-1", "x"}).get("targets"), "-1");
  EXPECT_EQ(parsed({"--targets=-1"}).get("targets"), "-1");
  EXPECT_EQ(parsed({"--targets", "-1"}).get("targets"), "-1");
}

TEST(Command, JoinsLettersAndValues) {
  const auto a = parsed({"-a0d,", "-vv", "x"});
  EXPECT_TRUE(a.has("async"));
  EXPECT_TRUE(a.has("null"));
  EXPECT_EQ(a.get("delimiter"), ",");
  EXPECT_EQ(a.count("verbose"), 2);
}

TEST(Command, EmptyValuesAreValues) {
  EXPECT_EQ(parsed({"--targets="}).get("targets"), "");
  EXPECT_EQ(parsed({"-t", ""}).get("targets"), "");
  EXPECT_EQ(parsed({"-t", "--", "x"}).get("targets"), "--");
}

TEST(Command, DoubleDashEndsOptionsAndDashIsAnOperand) {
  EXPECT_EQ(parsed({"--", "-t", "0"}).operands, (Words{"-t", "0"}));
  EXPECT_EQ(parsed({"--", "x", "-t"}).operands, (Words{"x", "-t"}));
  EXPECT_EQ(parsed({"-", "x"}).operands, (Words{"-", "x"}));
  EXPECT_EQ(parsed({"", "-"}).operands, (Words{"", "-"}));
}

TEST(Command, OptionsBehindAnOperandAreRefused) {
  EXPECT_EQ(refused({"x", "y", "--null"}).text(),
            "option --null comes after the operand x; options come first; for an "
            "operand that looks like one put -- before them");
  EXPECT_EQ(refused({"x y", "-t0"}).what, "option -t0 comes after the operand 'x y'");
  EXPECT_EQ(refused({"x", "--targets=0"}).code, Code::usage);
  EXPECT_EQ(refused({"x", "--nul"}).code, Code::usage);
  EXPECT_EQ(refused({"a\nb", "--null"}).what, "option --null comes after the operand");
  EXPECT_EQ(parsed({"x", "-5", "-", "--"}).operands, (Words{"x", "-5", "-", "--"}));
}

TEST(Command, WordsOfACommandMayLookLikeOptions) {
  Command command = sample();
  command.operands = Operands::code;
  command.common |= kKernel;
  EXPECT_FALSE(parse(command, Words{"x", "-t", "0"}));
  EXPECT_TRUE(parse(command, Words{"f", "--axis"}));
  EXPECT_TRUE(parse(command, Words{"f", ":::", "-t"}));
  for (const Words& words : {Words{"--sh", "ls", "-a"}, Words{"--kernel", "sh", "ls", "-a"}}) {
    const auto a = parse(command, words);
    ASSERT_TRUE(a);
    EXPECT_EQ(a->operands, (Words{"ls", "-a"}));
  }
  command.operands = Operands::words;
  EXPECT_TRUE(parse(command, Words{"f", "-t", "0"}));
}

TEST(Command, PermutedCommandsTakeOptionsAnywhere) {
  Command command = sample();
  command.permute = true;
  const auto a = parse(command, Words{"a=1", "-t", "0", "b=2", "--", "-x"});
  ASSERT_TRUE(a);
  EXPECT_EQ(a->get("targets"), "0");
  EXPECT_EQ(a->operands, (Words{"a=1", "b=2", "-x"}));
}

TEST(Command, UnknownOptionsNameTheNearest) {
  const Error error = refused({"--target=0"});
  EXPECT_EQ(error.code, Code::usage);
  EXPECT_EQ(error.text(), "unknown option --target; did you mean --targets?; try ipsample -h");
  EXPECT_EQ(refused({"--zzzzzz"}).text(), "unknown option --zzzzzz; try ipsample -h");
  EXPECT_EQ(refused({"-Z"}).text(), "unknown option -Z; try ipsample -h");
}

TEST(Command, AbbreviationsAreRefused) {
  EXPECT_EQ(refused({"--verb"}).what, "unknown option --verb; did you mean --verbose?");
}

TEST(Command, MissingAndSurplusValues) {
  EXPECT_EQ(refused({"-t"}).what, "option -t needs SET");
  EXPECT_EQ(refused({"--targets"}).what, "option --targets needs SET");
  EXPECT_EQ(refused({"--quiet=1"}).what, "option --quiet takes no value");
}

TEST(Command, DifferentRepeatedValuesAreRefused) {
  EXPECT_EQ(refused({"-t", "0", "-t", "1", "x"}).what,
            "option --targets is given twice: '0' and '1'");
  EXPECT_EQ(parsed({"-t", "0", "-t", "0", "x"}).get("targets"), "0");
  EXPECT_EQ(parsed({"--colsep", "a", "--colsep", "b"}).all("colsep"), (Words{"a", "b"}));
}

TEST(Command, TraitsOnlyWhereTheyAreTaken) {
  Command command = sample();
  command.traits = true;
  const auto a = parse(command, Words{"--IPEngine.timeout=5", "--HubFactory.ip", "1.2.3.4", "-q"});
  ASSERT_TRUE(a);
  ASSERT_EQ(a->traits.size(), 2u);
  EXPECT_EQ(a->traits[0], (std::pair<std::string, std::string>("IPEngine.timeout", "5")));
  EXPECT_EQ(a->traits[1], (std::pair<std::string, std::string>("HubFactory.ip", "1.2.3.4")));
  EXPECT_EQ(refused({"--IPEngine.timeout=5"}).code, Code::usage);
}

TEST(Command, TypedValues) {
  const auto a = parsed({"-u", "1.5", "--colsep", "x7"});
  const auto time = a.duration("timeout");
  ASSERT_TRUE(time);
  EXPECT_EQ(**time, milliseconds(1500));
  EXPECT_FALSE(parsed({"-u", "soon"}).duration("timeout"));
  EXPECT_EQ(*a.number("absent", 3, 0, 9), 3);
  EXPECT_FALSE(a.number("colsep", 3, 0, 9));
}

TEST(Command, HelpHasExamplesBeforeOptions) {
  const std::string text = parsed({"-h"}).answer;
  EXPECT_TRUE(
      text.starts_with("Usage: ipsample [options] CODE\n"
                       "       ipsample [options] -f FILE [ARG]...\n"
                       "Does nothing.\n\nExamples:\n  ipsample 'x = 1'  bind x\n\nOptions:\n"
                       "  -f, --file FILE "));
  EXPECT_EQ(text.find("help-rows"), std::string::npos);
}

TEST(Command, VersionAndRows) {
  EXPECT_EQ(parsed({"-V"}).answer, "ipsample (ipkit) " IPKIT_VERSION "\n");
  const std::string rows = parsed({"--help-rows"}).answer;
  EXPECT_TRUE(
      rows.starts_with("f\tfile\tFILE\tread code from FILE\n0\tnull\t\titems end with NUL\n"));
}

TEST(Command, OwnLettersWinOverCommonOnes) {
  Command command = sample();
  command.options.push_back({'x', "extract", "", "its own -x"});
  const auto a = parse(command, Words{"-x", "--exclude", "3"});
  ASSERT_TRUE(a);
  EXPECT_TRUE(a->has("extract"));
  EXPECT_EQ(a->get("exclude"), "3");
}

}  // namespace
}  // namespace ipc::cli
