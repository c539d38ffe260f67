// SPDX-License-Identifier: BSD-3-Clause
// k=v and job words.
#include "libipc/cli/values.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "libipc/cli/jobs.hpp"
#include "libipc/util/file.hpp"

namespace ipc::cli {
namespace {

using Words = std::vector<std::string>;

std::string typed(const std::string& word, bool plain = false) {
  const auto value = parse_assignment(word, plain);
  return value ? value->name + " " + value->type + " " + value->bytes : value.error().what;
}

TEST(Values, JsonIfItIsJsonElseText) {
  EXPECT_EQ(typed("a=30"), "a json 30");
  EXPECT_EQ(typed("v=1.10"), "v json 1.10");
  EXPECT_EQ(typed("zip=007"), "zip text 007");
  EXPECT_EQ(typed("n=null"), "n json null");
  EXPECT_EQ(typed("l=[1, 2]"), "l json [1, 2]");
  EXPECT_EQ(typed("s=to the engines!"), "s text to the engines!");
  EXPECT_EQ(typed("s=\"quoted\""), "s json \"quoted\"");
  EXPECT_EQ(typed("e="), "e text ");
  EXPECT_EQ(typed("n=NaN"), "n text NaN");
  EXPECT_EQ(typed("q=a=b"), "q text a=b");
}

TEST(Values, PlainTextStaysAsItIs) {
  EXPECT_EQ(typed("user=null", true), "user text null");
  EXPECT_EQ(typed("user=@x", true), "user text @x");
  EXPECT_EQ(typed("v=1.10", true), "v text 1.10");
  EXPECT_EQ(typed("v=ref:x", true), "v text ref:x");
}

TEST(Values, DashAtAndReferences) {
  EXPECT_EQ(typed("x=-"), "x text -");
  EXPECT_EQ(typed("x=@"), "x text @");
  EXPECT_EQ(typed("x=ref:y.z"), "x ref y.z");
  EXPECT_EQ(parse_assignment("x=ref:", false).error().code, Code::usage);
}

TEST(Values, NamesMustBeIdentifiers) {
  for (const char* word : {"1a=1", "a b=1", "=1", "a-b=1", "x", "é=1"})
    EXPECT_EQ(parse_assignment(word, false).error().code, Code::usage) << word;
}

TEST(Values, FilesByTheirNames) {
  char directory[] = "/tmp/values-XXXXXX";
  ASSERT_NE(::mkdtemp(directory), nullptr);
  const std::string base = directory;
  for (const char* name : {"/a.json", "/a.npy", "/a.txt", "/a.csv", "/a.tsv", "/a.bin"})
    ASSERT_TRUE(write_file_atomically(base + name, "[1]"));
  EXPECT_EQ(typed("x=@" + base + "/a.json"), "x json [1]");
  EXPECT_EQ(typed("x=@" + base + "/a.npy"), "x npy [1]");
  for (const char* name : {"/a.txt", "/a.csv", "/a.tsv"})
    EXPECT_EQ(typed("x=@" + base + name), "x text [1]");
  EXPECT_EQ(typed("x=@" + base + "/a.bin"), "x bytes [1]");
  ASSERT_TRUE(write_file_atomically(base + "/a.json", "[1"));
  EXPECT_EQ(parse_assignment("x=@" + base + "/a.json", false).error().code, Code::bad_input);
  EXPECT_EQ(parse_assignment("x=@" + base + "/none", false).error().code, Code::no_input);
  ASSERT_EQ(std::system(("rm -r " + base).c_str()), 0);
}

TEST(Values, NoNameTwice) {
  EXPECT_EQ(parse_assignments(Words{"a=1", "a=2"}, false).error().code, Code::usage);
  EXPECT_EQ(parse_assignments(Words{"a=@-", "b=@-"}, false).error().code, Code::usage);
  EXPECT_EQ(parse_assignments(Words{"a=1", "b=x"}, false)->size(), 2u);
}

TEST(Values, JsonNumbers) {
  for (const char* text : {"0", "-0", "12", "1.10", "1e3", "-1.5E-7"})
    EXPECT_TRUE(is_json_number(text)) << text;
  for (const char* text :
       {"", "-", "00123", "1.", ".5", "+1", "1e", "0x1", " 1", "1 ", "NaN", "1_0"})
    EXPECT_FALSE(is_json_number(text)) << text;
}

TEST(Jobs, WordsCommasBlanksAndLines) {
  EXPECT_EQ(*parse_job_list("job:a"), (Words{"a"}));
  EXPECT_EQ(*parse_job_list("job:a,job:b"), (Words{"a", "b"}));
  EXPECT_EQ(*parse_job_list("job:a\njob:b\n"), (Words{"a", "b"}));
  EXPECT_EQ(*parse_job_lines("job:a 0 ok\n\n  job:b\tx\n"), (Words{"a", "b"}));
  EXPECT_EQ(job_word("a_1"), "job:a_1");
}

TEST(Jobs, NonsenseIsNamed) {
  EXPECT_EQ(parse_job_list("job:a,b").error().what, "'b' is not a job word");
  EXPECT_EQ(parse_job_list("job:").error().code, Code::usage);
  EXPECT_EQ(parse_job_lines("job:a\nerror\n").error().what,
            "line 2 of standard input, \"error\", is not a job word");
}

TEST(Jobs, NoneNamedIsUsage) {
  EXPECT_EQ(parse_jobs(Words{}).error().what, "no job named");
  EXPECT_EQ(parse_jobs(Words{""}).error().code, Code::usage);
  EXPECT_EQ(parse_jobs(Words{" ,\n"}).error().code, Code::usage);
  EXPECT_EQ(*parse_jobs(Words{"job:a", "job:b,job:c"}), (Words{"a", "b", "c"}));
}

}  // namespace
}  // namespace ipc::cli
