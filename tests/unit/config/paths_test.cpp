// SPDX-License-Identifier: BSD-3-Clause
// Which cluster is meant, and where its files are.
#include "libipc/config/paths.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

namespace ipc::config {
namespace {

/// Nothing of the caller's environment is left; a temporary home.
class Paths : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"IPKIT_PROFILE", "IPP_PROFILE", "IPKIT_PROFILE_DIR", "IPP_PROFILE_DIR",
                             "IPKIT_CLUSTER_ID", "IPP_CLUSTER_ID", "IPYTHONDIR"})
      ::unsetenv(name);
    home_ = std::filesystem::temp_directory_path() / "ipkit-test-XXXXXX";
    ASSERT_NE(::mkdtemp(home_.data()), nullptr);
    ::setenv("HOME", home_.c_str(), 1);
  }
  void TearDown() override { std::filesystem::remove_all(home_); }

  std::string home_;
};

mode_t mode_of(const std::string& path) {
  struct stat s {};
  return ::stat(path.c_str(), &s) == 0 ? s.st_mode & 07777 : 0;
}

TEST_F(Paths, DefaultsAreThoseOfIpython) {
  const auto name = resolve_cluster();
  ASSERT_TRUE(name);
  EXPECT_EQ(name->profile, "default");
  EXPECT_EQ(name->profile_dir, home_ + "/.ipython/profile_default");
  EXPECT_EQ(connection_file(*name, FileKind::client),
            home_ + "/.ipython/profile_default/security/ipcontroller-client.json");
  EXPECT_EQ(display_path(name->profile_dir), "~/.ipython/profile_default");
  EXPECT_EQ(name->options(), "");
}

TEST_F(Paths, OptionsComeBeforeTheEnvironment) {
  ::setenv("IPP_PROFILE_DIR", "/elsewhere/profile_x", 1);
  ::setenv("IPP_CLUSTER_ID", "theirs", 1);
  ::setenv("IPKIT_CLUSTER_ID", "ours", 1);
  auto name = resolve_cluster();
  ASSERT_TRUE(name);
  EXPECT_EQ(name->profile_dir, "/elsewhere/profile_x");
  EXPECT_EQ(name->profile, "x");
  EXPECT_EQ(connection_file(*name, FileKind::engine),
            "/elsewhere/profile_x/security/ipcontroller-ours-engine.json");
  name = resolve_cluster({"y", std::nullopt, ""});
  ASSERT_TRUE(name);
  EXPECT_EQ(name->profile_dir, home_ + "/.ipython/profile_y");
  EXPECT_EQ(name->cluster_id, "");
  EXPECT_EQ(name->options(), " --profile=y");
}

TEST_F(Paths, IpythondirAndRelativeDirectories) {
  ::setenv("IPYTHONDIR", "~/here/", 1);
  auto name = resolve_cluster();
  ASSERT_TRUE(name);
  EXPECT_EQ(name->profile_dir, home_ + "/here/profile_default");
  name = resolve_cluster({std::nullopt, "some/../dir", std::nullopt});
  ASSERT_TRUE(name);
  EXPECT_EQ(name->profile_dir, std::filesystem::current_path().string() + "/dir");
}

TEST_F(Paths, NamesThatAreNoFileNamesAreRefused) {
  for (const auto& bad :
       std::vector<std::string>{"../x", "a/b", "..", "a\nb", std::string(300, 'x')}) {
    EXPECT_FALSE(resolve_cluster({bad, std::nullopt, std::nullopt})) << bad;
    const auto name = resolve_cluster({std::nullopt, std::nullopt, bad});
    ASSERT_FALSE(name) << bad;
    EXPECT_EQ(name.error().code, Code::usage);
  }
}

TEST_F(Paths, KeysAndPidsAreClosedToOthers) {
  const auto name = resolve_cluster();
  ASSERT_TRUE(name);
  std::filesystem::create_directories(security_directory(*name));
  ::chmod(security_directory(*name).c_str(), 0755);
  ASSERT_TRUE(create_profile(*name));
  EXPECT_EQ(mode_of(security_directory(*name)), 0700u);
  EXPECT_EQ(mode_of(pid_directory(*name)), 0700u);
  EXPECT_TRUE(std::filesystem::is_directory(log_directory(*name)));
}

}  // namespace
}  // namespace ipc::config
