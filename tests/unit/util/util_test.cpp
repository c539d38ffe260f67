// SPDX-License-Identifier: BSD-3-Clause
// Text, time, files and descriptors.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <set>

#include "libipc/util/clock.hpp"
#include "libipc/util/fd.hpp"
#include "libipc/util/file.hpp"
#include "libipc/util/process.hpp"
#include "libipc/util/result.hpp"
#include "libipc/util/text.hpp"

namespace ipc {
namespace {

std::string temporary_directory() {
  std::string path = std::filesystem::temp_directory_path() / "ipkit-test-XXXXXX";
  return ::mkdtemp(path.data());
}

TEST(Text, SplitJoinTrim) {
  EXPECT_TRUE(split("", ',').empty());
  EXPECT_EQ(split("a,,b", ',').size(), 3u);
  const std::vector<std::string> parts{"a", "b"};
  EXPECT_EQ(join(parts, ", "), "a, b");
  EXPECT_EQ(trim(" \t a b \n"), "a b");
}

TEST(Text, ShellQuoteSurvivesTheShell) {
  EXPECT_EQ(shell_quote("plain-1.txt"), "plain-1.txt");
  EXPECT_EQ(shell_quote(""), "''");
  for (const std::string word : {"my file", "it's", "$HOME `x` \"y\"", "a\nb", "~", "*", "-n"}) {
    FILE* shell = ::popen(("printf %s " + shell_quote(word)).c_str(), "r");
    ASSERT_NE(shell, nullptr);
    std::string back(word.size() + 10, '\0');
    back.resize(std::fread(back.data(), 1, back.size(), shell));
    ::pclose(shell);
    EXPECT_EQ(back, word);
  }
}

TEST(Text, NearestFindsWhatWasMeant) {
  const std::vector<std::string> options{"--targets", "--timeout", "--json", "walltime"};
  EXPECT_EQ(nearest("--target", options), "--targets");
  EXPECT_EQ(nearest("--jsno", options), "--json");
  EXPECT_EQ(nearest("wall_time", options), "walltime");
  EXPECT_EQ(nearest("--completely-else", options), "");
}

TEST(Text, JsonQuoteAndUtf8) {
  EXPECT_EQ(json_quote("a\"b\\c\n\x01"), R"("a\"b\\c\n\u0001")");
  EXPECT_EQ(json_quote("gr\xc3\xbc\xc3\x9f"), "\"gr\xc3\xbc\xc3\x9f\"");
  EXPECT_EQ(json_quote(""), "\"\"");
  EXPECT_EQ(json_quote("plain\nthen \"more\" text\x7f"), "\"plain\\nthen \\\"more\\\" text\x7f\"");
  EXPECT_EQ(json_quote("\xff"), "\"\xef\xbf\xbd\"");
  EXPECT_TRUE(is_utf8("\xf0\x9f\x98\x80"));
  EXPECT_FALSE(is_utf8("\xed\xa0\x80")) << "surrogate";
  EXPECT_FALSE(is_utf8("\xc0\x80")) << "overlong";
  EXPECT_FALSE(is_utf8("\xc3"));
}

TEST(Text, RandomAndConstantTime) {
  EXPECT_EQ(random_hex(16).size(), 32u);
  EXPECT_NE(random_hex(16), random_hex(16));
  EXPECT_TRUE(equal_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_constant_time("abc", "ab"));
  const std::string digest = "0123456789abcdefghi";
  EXPECT_TRUE(equal_constant_time(digest, std::string(digest)));
  for (size_t i = 0; i < digest.size(); ++i) {
    std::string other = digest;
    other[i] = static_cast<char>(other[i] ^ '\x80');
    EXPECT_FALSE(equal_constant_time(digest, other)) << i;
  }
}

TEST(Time, IsoThereAndBack) {
  EXPECT_EQ(iso8601(1'795'188'908'137'074), "2026-11-20T15:35:08.137074Z");
  EXPECT_EQ(*parse_iso8601("2026-11-20T15:35:08.137074Z"), 1'795'188'908'137'074);
  EXPECT_EQ(iso8601(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(iso8601(1), "1970-01-01T00:00:00.000001Z");
  EXPECT_EQ(iso8601(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(iso8601(-1), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(*parse_iso8601("1970-01-01T01:00:00+01:00"), 0);
  EXPECT_EQ(*parse_iso8601("1970-01-01T00:00:00.5+0000"), 500'000);
  EXPECT_EQ(*parse_iso8601("1969-12-31T23:59:59Z"), -1'000'000);
  for (const char* bad : {"", "2026", "2026-13-01T00:00:00Z", "2026-11-20 15:35:08", "x",
                          "2026-11-20T15:35:08Zjunk", "2026-11-20T15:35:08+1"})
    EXPECT_FALSE(parse_iso8601(bad)) << bad;
}

TEST(Time, Durations) {
  EXPECT_EQ(*parse_duration("250ms"), milliseconds(250));
  EXPECT_EQ(*parse_duration("1.5"), milliseconds(1500));
  EXPECT_EQ(*parse_duration("2m"), seconds(120));
  EXPECT_EQ(*parse_duration("1d"), seconds(86400));
  for (const char* bad : {"", "m", "-1", "1x", "nan", "inf", "1e99"})
    EXPECT_FALSE(parse_duration(bad)) << bad;
}

TEST(File, AtomicWriteKeepsModeAndContent) {
  const std::string directory = temporary_directory(), path = directory + "/a/b/file";
  ASSERT_TRUE(make_directories(directory + "/a/b"));
  ASSERT_TRUE(write_file_atomically(path, "one"));
  ASSERT_TRUE(write_file_atomically(path, "two", 0640));
  EXPECT_EQ(*read_file(path), "two");
  struct stat s;
  ASSERT_EQ(::stat(path.c_str(), &s), 0);
  EXPECT_EQ(s.st_mode & 0777, 0640u);
  EXPECT_EQ(read_file(directory + "/none").error().code, Code::no_input);
  EXPECT_EQ(read_file(path, 2).error().code, Code::bad_input);
  EXPECT_FALSE(write_file_atomically(directory + "/no/such/place", "x"));
  std::filesystem::remove_all(directory);
}

TEST(File, RemainsOfKilledWritersAreRemovedAndNothingElse) {
  const std::string directory = temporary_directory(), path = directory + "/x.json";
  for (const std::string name :
       {"x.json", "x.json.new-aB3dEf", "x.json.backup", "x.json2", "y.json.new-aB3dEf"})
    ASSERT_TRUE(write_file_atomically(directory + "/" + name, "text"));
  remove_remains(path);
  std::set<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(directory))
    left.insert(entry.path().filename());
  EXPECT_EQ(left, (std::set<std::string>{"x.json", "x.json.backup", "x.json2",
                                         "y.json.new-aB3dEf"}));
  remove_remains(directory + "/no/such/place");
  std::filesystem::remove_all(directory);
}

TEST(File, TrustNeedsThatOnlyTheOwnerWrites) {
  const std::string directory = temporary_directory(), path = directory + "/program";
  ASSERT_TRUE(write_file_atomically(path, "x", 0755));
  EXPECT_TRUE(is_trusted(path));
  ::chmod(path.c_str(), 0777);
  EXPECT_FALSE(is_trusted(path));
  ::chmod(path.c_str(), 0755);
  ::chmod(directory.c_str(), 0777);
  EXPECT_FALSE(is_trusted(path));
  EXPECT_FALSE(is_trusted(directory + "/none"));
  std::filesystem::remove_all(directory);
}

TEST(Descriptors, ReadAllAndWriteAll) {
  auto pipe = make_pipe();
  ASSERT_TRUE(pipe);
  ASSERT_TRUE(write_all(pipe->second.get(), "hello"));
  pipe->second.reset();
  EXPECT_EQ(*read_all(pipe->first.get(), 100), "hello");
  auto again = make_pipe();
  ASSERT_TRUE(write_all(again->second.get(), "hello"));
  EXPECT_EQ(read_all(again->first.get(), 3).error().code, Code::bad_input);
}

TEST(Process, ExitsAndIdentity) {
  EXPECT_EQ(describe_exit(3 << 8), "exit status 3");
  EXPECT_EQ(describe_exit(9), "killed by signal 9 (Killed)");
  EXPECT_GT(process_start_ticks(::getpid()), 0u);
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  siginfo_t info;
  ::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
  EXPECT_EQ(process_start_ticks(child), 0u) << "a zombie is gone";
  ::waitpid(child, nullptr, 0);
  EXPECT_FALSE(boot_id().empty());
  EXPECT_GE(available_cpus(), 1);
}

Result<int> half(int n) {
  if (n % 2 != 0) return Error{Code::bad_input, "odd", "add one"};
  return n / 2;
}

Result<int> quarter(int n) {
  IPC_TRY_ASSIGN(const int once, half(n));
  return half(once);
}

TEST(Results, ErrorsTravelUp) {
  EXPECT_EQ(*quarter(8), 2);
  EXPECT_EQ(quarter(6).error().text(), "odd; add one");
  errno = ENOENT;
  EXPECT_EQ(system_error(Code::no_input, "f").what, "f: No such file or directory");
}

}  // namespace
}  // namespace ipc
