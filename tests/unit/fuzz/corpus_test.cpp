// SPDX-License-Identifier: BSD-3-Clause
// Every file of the fuzzers' corpora once more: what one has found stays mended.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/fuzz/fuzz.hpp"

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kCorpus = "tests/fuzz/corpus";

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(FuzzCorpus, EveryFile) {
  for (const auto& target : ipkit_fuzz::targets()) {
    const fs::path folder = fs::path(kCorpus) / target.name;
    ASSERT_TRUE(fs::is_directory(folder)) << folder << ": run the tests from the source's top";
    size_t files = 0;
    for (const auto& entry : fs::directory_iterator(folder)) {
      SCOPED_TRACE(entry.path().string());
      target.body(read(entry.path()));
      ++files;
    }
    EXPECT_GE(files, 3u) << folder;
  }
}

// Cut off at any place and with single bytes changed: a small fuzzer for where there is no clang.
TEST(FuzzCorpus, CutAndChanged) {
  for (const auto& target : ipkit_fuzz::targets()) {
    for (const auto& entry : fs::directory_iterator(fs::path(kCorpus) / target.name)) {
      SCOPED_TRACE(entry.path().string());
      const std::string text = read(entry.path());
      const size_t step = text.size() / 24 + 1;
      for (size_t at = 0; at < text.size(); at += step) {
        target.body(std::string_view(text).substr(0, at));
        std::string changed = text;
        changed[at] = static_cast<char>(changed[at] ^ 0x55);
        target.body(changed);
      }
    }
  }
}

}  // namespace
