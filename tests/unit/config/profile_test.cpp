// SPDX-License-Identifier: BSD-3-Clause
// Profiles: merging, origins, and what is wrong with them.
#include "libipc/config/profile.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace ipc::config {
namespace {

class ProfileFile : public ::testing::Test {
 protected:
  void SetUp() override {
    ::unsetenv("IPKIT_KERNEL");
    ::unsetenv("IPKIT_PYTHON");
    directory_ = std::filesystem::temp_directory_path() / "ipkit-test-XXXXXX";
    ASSERT_NE(::mkdtemp(directory_.data()), nullptr);
  }
  void TearDown() override {
    std::filesystem::remove_all(directory_);
    ::unsetenv("IPKIT_KERNEL");
  }

  Result<Profile> load(const std::string& text) {
    std::ofstream(directory_ + "/ipkit.yaml") << text;
    return Profile::load({"ipkit-test", directory_, ""});
  }
  std::string complaint(const std::string& text) {
    const auto profile = load(text);
    if (profile) return "";
    EXPECT_EQ(profile.error().code, Code::bad_profile);
    return profile.error().text();
  }

  std::string directory_;
};

TEST_F(ProfileFile, BuiltInThenFileThenEnvironmentThenCommandLine) {
  auto profile = load("engines:\n  kernel: sh\n  n: 3\n");
  ASSERT_TRUE(profile);
  EXPECT_EQ(profile->text("launcher"), "local");
  EXPECT_EQ(profile->setting("launcher").origin, "built-in");
  EXPECT_EQ(profile->text("engines.kernel"), "sh");
  EXPECT_EQ(profile->setting("engines.kernel").origin, directory_ + "/ipkit.yaml:2");
  EXPECT_EQ(profile->integer("engines.n"), 3);
  ::setenv("IPKIT_KERNEL", "echo", 1);
  profile = load("engines:\n  kernel: sh\n");
  ASSERT_TRUE(profile);
  EXPECT_EQ(profile->text("engines.kernel"), "echo");
  EXPECT_EQ(profile->setting("engines.kernel").origin, "$IPKIT_KERNEL");
  ASSERT_TRUE(profile->set("engines.kernel", "python", "--kernel"));
  EXPECT_EQ(profile->text("engines.kernel"), "python");
  EXPECT_EQ(profile->setting("engines.kernel").origin, "--kernel");
}

TEST_F(ProfileFile, ListsMapsGroupsAndTimes) {
  const auto profile = load(
      "engines:\n  env: {A: 1, B: two}\n  args: [--x, \"a b\"]\n"
      "groups:\n  gpu: 0-3\n  mixed: [0, \"host:n1\"]\ntimeouts: {start: 2m}\n");
  ASSERT_TRUE(profile) << profile.error().text();
  EXPECT_EQ(profile->setting("engines.env").map.at("B"), "two");
  EXPECT_EQ(profile->setting("engines.args").list[1], "a b");
  EXPECT_EQ(profile->setting("groups").groups.at("gpu"), std::vector<std::string>{"0-3"});
  EXPECT_EQ(profile->setting("groups").groups.at("mixed").size(), 2u);
  EXPECT_EQ(profile->duration("timeouts.start"), seconds(120));
}

TEST_F(ProfileFile, AnUnknownKeyIsNamedWithFileLineAndWhatWasMeant) {
  EXPECT_EQ(complaint("# x\nengines:\n  kernal: sh\n"),
            directory_ + "/ipkit.yaml:3: unknown key 'kernal'; did you mean 'kernel'?");
  EXPECT_EQ(complaint("engine:\n  n: 1\n"),
            directory_ + "/ipkit.yaml:1: unknown key 'engine'; did you mean 'engines'?");
  EXPECT_EQ(complaint("batch:\n  queue: q\n  wall_time: 4h\n"),
            directory_ + "/ipkit.yaml:3: unknown key 'wall_time'; did you mean 'walltime'?");
  EXPECT_NE(complaint("zzz: 1\n").find("known here: launcher, engines, controller"),
            std::string::npos);
}

TEST_F(ProfileFile, WrongTypesAndBrokenYamlAreNamedWithFileAndLine) {
  EXPECT_EQ(complaint("engines:\n  n: many\n"),
            directory_ + "/ipkit.yaml:2: 'engines.n' must be a whole number");
  EXPECT_EQ(complaint("engines:\n  env: x\n"),
            directory_ + "/ipkit.yaml:2: 'engines.env' must be names with values");
  EXPECT_EQ(complaint("- 1\n"), directory_ + "/ipkit.yaml:1: a profile must be keys with values");
  EXPECT_EQ(complaint("engines: 3\n"),
            directory_ + "/ipkit.yaml:1: 'engines' must be keys with values");
  for (const std::string text :
       {"engines:\n  n: [1\nx: }\n", "a: b: c\n", "? [", "groups: {a: {b: c}}\n", "[1]: x\n",
        "engines: {? {a: b} : 1}\n", "&a [*a]\n", "engines:\n  args: [[1]]\n"})
    EXPECT_TRUE(complaint(text).starts_with(directory_ + "/ipkit.yaml:")) << text;
}

TEST(Walltime, AsDurationAndAsBatchSystemsWriteIt) {
  auto count = [](const char* text) {
    const auto time = parse_walltime(text);
    return time ? std::chrono::duration_cast<seconds>(*time).count() : -1;
  };
  EXPECT_EQ(count("90m"), 5400);
  EXPECT_EQ(count("04:00:00"), 14400);
  EXPECT_EQ(count("100:00:01"), 360001);
  EXPECT_EQ(count("1-12:00:00"), 129600);
  // Minutes and seconds to one system, hours and minutes to another.
  for (const char* text : {"", "10:30", "4h30", "01:60:00", "01:00:60", "1-2", "01:00:00x", "-1"})
    EXPECT_EQ(count(text), -1) << text;
}

TEST_F(ProfileFile, EveryShippedProfileLoads) {
  for (const auto& entry : std::filesystem::directory_iterator("profiles")) {
    Profile profile;
    const auto merged = profile.merge_file(entry.path());
    EXPECT_TRUE(merged) << merged.error().text();
    EXPECT_EQ(profile.text("launcher"),
              entry.path().stem() == "default" ? "local" : entry.path().stem());
  }
}

TEST_F(ProfileFile, NothingIsAsGoodAsNoFile) {
  EXPECT_TRUE(load(""));
  EXPECT_TRUE(load("# only a comment\n"));
  const auto profile = load("engines:\n  kernel:\n");
  ASSERT_TRUE(profile);
  EXPECT_EQ(profile->text("engines.kernel"), "python");
}

TEST_F(ProfileFile, TheShippedProfileSaysWhatIsBuiltIn) {
  // Tests run in the directory of the source tree.
  Profile profile;
  const auto built_in = profile.all();
  ASSERT_TRUE(std::filesystem::exists("profiles/default.yaml"));
  const auto merged = profile.merge_file("profiles/default.yaml");
  ASSERT_TRUE(merged) << merged.error().text();
  ASSERT_EQ(profile.all().size(), built_in.size());
  for (const auto& [key, setting] : built_in) EXPECT_EQ(profile.text(key), setting.text) << key;
}

TEST_F(ProfileFile, EveryShippedProfileLoadsAsItStands) {
  int found = 0;
  for (const auto& entry : std::filesystem::directory_iterator("profiles")) {
    Profile profile;
    const auto merged = profile.merge_file(entry.path());
    EXPECT_TRUE(merged) << merged.error().text();
    if (entry.path().stem() != "default") {
      EXPECT_EQ(profile.text("launcher"), entry.path().stem());
    }
    ++found;
  }
  EXPECT_GE(found, 2);
}

}  // namespace
}  // namespace ipc::config
