// SPDX-License-Identifier: BSD-3-Clause
// Whose files are read: modes, owners, links, directories above.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "libipc/util/file.hpp"

namespace ipc {
namespace {

constexpr uid_t kStranger = 65534;

class TrustTest : public ::testing::Test {
 protected:
  TrustTest() {
    EXPECT_NE(::mkdtemp(top.data()), nullptr);
    // Where a link leads is told without the links on the way.
    top = std::filesystem::canonical(top);
    EXPECT_TRUE(make_directories(top + "/dir"));
    file = top + "/dir/file";
    EXPECT_TRUE(write_file_atomically(file, "text"));
  }
  ~TrustTest() override {
    ::unsetenv("IPKIT_TRUST");
    std::filesystem::remove_all(top);
  }
  std::string refusal() const {
    const auto status = check_ours(file);
    EXPECT_TRUE(status || status.error().code == Code::refused);
    return status ? "" : status.error().text();
  }

  std::string top = testing::TempDir() + "ipkit-trust-XXXXXX", file;
};

TEST_F(TrustTest, OnesOwnAreFine) {
  EXPECT_EQ(refusal(), "");
  EXPECT_TRUE(is_trusted(file));
  EXPECT_EQ(*read_secret(file), "text");
  EXPECT_TRUE(check_ours(top + "/none"));
  EXPECT_FALSE(is_trusted(top + "/none"));
  EXPECT_EQ(read_secret(top + "/none").error().code, Code::no_input);
}

TEST_F(TrustTest, WhatOthersCanWriteIsNot) {
  for (const mode_t mode : {0602, 0622, 0666}) {
    ::chmod(file.c_str(), mode);
    EXPECT_EQ(refusal(), file + " can be written by others; chmod go-w " + file) << mode;
    EXPECT_FALSE(is_trusted(file));
  }
  ::chmod(file.c_str(), 0644);
  EXPECT_EQ(refusal(), "");
}

TEST_F(TrustTest, WhatOthersCanReadIsNoSecret) {
  for (const mode_t mode : {0640, 0604, 0601, 0620}) {
    ::chmod(file.c_str(), mode);
    const auto secret = read_secret(file);
    ASSERT_FALSE(secret) << mode;
    EXPECT_EQ(secret.error().code, Code::refused);
    EXPECT_EQ(secret.error().hint, "chmod 600 " + file);
  }
  ::chmod(file.c_str(), 0400);
  EXPECT_TRUE(read_secret(file));
}

TEST_F(TrustTest, DirectoriesAboveCount) {
  ::chmod(top.c_str(), 0777);
  EXPECT_NE(refusal().find("in a directory that everyone can write: " + top), std::string::npos);
  ::chmod(top.c_str(), 01777);
  EXPECT_EQ(refusal(), "");
}

TEST_F(TrustTest, AGroupOfOnesOwnIsNobodyElse) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files to any group";
  ::chmod(file.c_str(), 0660);
  EXPECT_EQ(refusal(), "");
  ASSERT_EQ(::chown(file.c_str(), 0, kStranger), 0);
  EXPECT_NE(refusal().find("can be written by others"), std::string::npos);
  // The group of the directory itself matters only to what is started from it.
  ::chmod(file.c_str(), 0600);
  ASSERT_EQ(::chown((top + "/dir").c_str(), 0, kStranger), 0);
  ::chmod((top + "/dir").c_str(), 0770);
  EXPECT_EQ(refusal(), "");
  EXPECT_FALSE(is_trusted(file));
}

TEST_F(TrustTest, LinksAreFollowed) {
  ::chmod(top.c_str(), 0777);
  const std::string link = testing::TempDir() + "ipkit-link-" + std::to_string(::getpid());
  ASSERT_EQ(::symlink((top + "/dir").c_str(), link.c_str()), 0);
  const auto status = check_ours(link);
  ::unlink(link.c_str());
  EXPECT_FALSE(status);
}

TEST_F(TrustTest, StrangersAreNamed) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  ASSERT_EQ(::chown(file.c_str(), kStranger, kStranger), 0);
  EXPECT_NE(refusal().find(" belongs to nobody"), std::string::npos);
  EXPECT_EQ(read_secret(file).error().code, Code::refused);
  ::setenv("IPKIT_TRUST", "daemon,nobody", 1);
  EXPECT_EQ(refusal(), "");
  EXPECT_TRUE(read_secret(file));
  ::setenv("IPKIT_TRUST", "daemon", 1);
  ASSERT_EQ(::chown(file.c_str(), 0, 0), 0);
  ASSERT_EQ(::chown((top + "/dir").c_str(), kStranger, kStranger), 0);
  EXPECT_NE(refusal().find(" is in a directory of nobody: " + top + "/dir"), std::string::npos);
}

}  // namespace
}  // namespace ipc
