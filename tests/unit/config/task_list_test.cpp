// SPDX-License-Identifier: BSD-3-Clause
// Lists of tasks: what they may say, and what is said of those that are wrong.
#include "libipc/config/task_list.hpp"

#include <gtest/gtest.h>

namespace ipc::config {
namespace {

TEST(TaskList, KeysAndLines) {
  const auto tasks = read_task_list("f", R"(# a comment
- name: load
  code: |
    x = 1
- name: 7
  after: load
  follow: [load]
  kernel: sh
  targets: 0-3
  retries: 2
  timeout: 5m
)");
  ASSERT_TRUE(tasks) << tasks.error().what;
  ASSERT_EQ(tasks->size(), 2u);
  const ListedTask &load = (*tasks)[0], &seven = (*tasks)[1];
  EXPECT_EQ(load.name.name, "load");
  EXPECT_EQ(load.name.line, 2u);
  EXPECT_EQ(load.code, "x = 1\n");
  EXPECT_FALSE(load.retries);
  EXPECT_EQ(seven.name.name, "7");
  ASSERT_EQ(seven.after.size(), 1u);
  EXPECT_EQ(seven.after[0].line, 6u);
  ASSERT_EQ(seven.follow.size(), 1u);
  EXPECT_EQ(seven.kernel, "sh");
  EXPECT_EQ(seven.targets, "0-3");
  EXPECT_EQ(seven.retries, 2u);
  EXPECT_EQ(seven.timeout, seconds(300));
  EXPECT_FALSE(seven.code);
}

TEST(TaskList, Nothing) {
  for (const char* text : {"", "# only this\n", "[]"}) {
    const auto tasks = read_task_list("f", text);
    ASSERT_TRUE(tasks);
    EXPECT_TRUE(tasks->empty());
  }
}

TEST(TaskList, WhatIsWrongIsNamedWithItsLine) {
  const std::pair<const char*, const char*> cases[] = {
      {"a: 1", "f:1: not a list of tasks"},
      {"- a\n", "f:1: a task is keys with values"},
      {"- name: a\n- code: x\n", "f:2: a task without a name"},
      {"- name: a\n  aftr: b\n", "f:2: unknown key 'aftr'"},
      {"- name: [a]\n", "f:1: 'name' is one value"},
      {"- name: a\n  after: {b: c}\n", "f:2: 'after' is a name or a list of names"},
      {"- name: a\n  after:\n    - [b]\n", "f:3: 'after' has something that is no name"},
      {"- name: a\n  retries: -1\n", "f:2: retries: '-1' is not a number from 0 to 1000"},
      {"- name: a\n  timeout: later\n", "f:2: 'later' is not a time"},
      {"- [x]: a\n", "f:1: a key is a word"},
  };
  for (const auto& [text, what] : cases) {
    const auto tasks = read_task_list("f", text);
    ASSERT_FALSE(tasks) << text;
    EXPECT_EQ(tasks.error().what, what);
  }
  EXPECT_FALSE(read_task_list("f", "- {name: a"));
}

}  // namespace
}  // namespace ipc::config
