// SPDX-License-Identifier: BSD-3-Clause
// A directory for one test.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

namespace ipc {

struct TempDir {
  TempDir() { EXPECT_NE(::mkdtemp(path.data()), nullptr); }
  ~TempDir() { std::filesystem::remove_all(path); }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  std::string path = testing::TempDir() + "ipkit-XXXXXX";
};

}  // namespace ipc
