// SPDX-License-Identifier: BSD-3-Clause
// ipyparallel's configuration files: which lines are read, what they say, and what is complained
// of.
#include "libipc/config/trait_file.hpp"

#include <gtest/gtest.h>

namespace ipc::config {
namespace {

// name=value of each line that was understood.
std::vector<std::string> settings(const std::string& text) {
  std::vector<std::string> all;
  for (const auto& line : parse_trait_file(text, "f").lines)
    all.push_back(line.name + "=" + line.value);
  return all;
}

using Lines = std::vector<std::string>;

TEST(TraitFile, ReadsLiteralsOfEveryKind) {
  EXPECT_EQ(settings("c.IPController.ip = '*'\n"
                     "c.HeartMonitor.period = 200\n"
                     "c.IPController.reuse_files=True\n"
                     "c.Session.key = b'a\\'b'\n"
                     "c.IPController.location = \"n1 # no comment\"  # a comment\n"
                     "c.DictDB.cull_fraction = 1e-1\n"
                     "c.IPController.ssh_server = u''"),
            (Lines{"IPController.ip=*", "HeartMonitor.period=200", "IPController.reuse_files=True",
                   "Session.key=a'b", "IPController.location=n1 # no comment",
                   "DictDB.cull_fraction=1e-1", "IPController.ssh_server="}));
}

TEST(TraitFile, ReadsListsAlsoOverSeveralLines) {
  EXPECT_EQ(
      settings("c.IPController.ports = [1, 2,]\n"
               "c.IPController.hb = (\n  1,  # ping\n  2,\n)\n"
               "c.IPController.ip = '1.2.3.4'\n"),
      (Lines{"IPController.ports=[1, 2,]", "IPController.hb=(1,2,)", "IPController.ip=1.2.3.4"}));
}

TEST(TraitFile, GeneratedFilesSayNothing) {
  const auto file = parse_trait_file(
      "# Configuration file for ipcontroller.\n\nc = get_config()  #noqa\n\n"
      "## Help\n#  Default: ''\n# c.IPController.ip = '*'\n",
      "f");
  EXPECT_TRUE(file.lines.empty());
  EXPECT_TRUE(file.not_understood.empty());
}

TEST(TraitFile, WhatElsePythonSaysIsNamed) {
  const auto file = parse_trait_file(
      "import socket\n"
      "c.IPController.location = socket.gethostname()\n"
      "if True:\n"
      "    c.IPController.ip = '*'\n"
      "c.IPController.ports.append(3)\n"
      "c.IPController.ports = list(range(1, 9))\n"
      "c.IPController.ip = '*' + ''\n"
      "c.IPController.ip = 'open\n"
      "c.IPController.ports = [1\n",
      "f");
  EXPECT_TRUE(file.lines.empty());
  EXPECT_EQ(file.not_understood,
            (Lines{"f:1", "f:2", "f:3", "f:4", "f:5", "f:6", "f:7", "f:8", "f:9"}));
}

TEST(TraitFile, OriginsAreLines) {
  const auto file = parse_trait_file("\nc.A.b = 1\n", "dir/f.py");
  ASSERT_EQ(file.lines.size(), 1U);
  EXPECT_EQ(file.lines[0].origin, "dir/f.py:2");
}

TEST(TraitFile, AFileThatIsNotThere) {
  const auto file = read_trait_file("/nonexistent/f.py");
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, Code::no_input);
}

TEST(TraitFile, AStringLiteralOrTextAsItIs) {
  EXPECT_EQ(unquoted("'*'"), "*");
  EXPECT_EQ(unquoted("b\"x\\ty\""), "x\ty");
  EXPECT_EQ(unquoted("r'a\\n'"), "a\\n");
  EXPECT_EQ(unquoted("it's"), "it's");
  EXPECT_EQ(unquoted("'a' + 'b'"), "'a' + 'b'");
  EXPECT_EQ(unquoted(""), "");
}

}  // namespace
}  // namespace ipc::config
