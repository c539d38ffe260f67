// SPDX-License-Identifier: BSD-3-Clause
// What typed text means to a console: more to come, colours, words to itself.
#include "libipc/console/input.hpp"

#include <gtest/gtest.h>

namespace ipc::console {
namespace {

using Kind = Input::Kind;
using Words = std::vector<std::string>;

bool python(std::string_view code) {
  return is_complete(code, Language::python);
}
bool shell(std::string_view code) {
  return is_complete(code, Language::shell);
}

TEST(Complete, Python) {
  for (const char* code :
       {"", "  ", "x = 1", "f(1, 2)", "'a'", "x = '''a\nb'''", "if x: y",
        "for i in x:\n    print(i)\n", "a; b", "'unfinished", "# comment (", "x = 1  # [",
        "%timeit f(", "name?", "!ls", "x = \"\\\"\"", "@d\ndef f():\n    pass\n", ")"})
    EXPECT_TRUE(python(code)) << code;
  for (const char* code : {"f(", "[1,\n2", "x = '''a", "if x:", "if x:  # why", "x = 1 + \\",
                           "for i in x:\n    print(i)", "@d", "@d\ndef f():", "'''\"", "{'a': ')'",
                           "%%px\nx", "!echo 'a"})
    EXPECT_FALSE(python(code)) << code;
}

TEST(Complete, Shell) {
  for (const char* code : {"ls", "echo 'a b'", "if a; then b; fi", "echo \\\"", "case a in esac"})
    EXPECT_TRUE(shell(code)) << code;
  for (const char* code : {"echo 'a", "for i in 1; do", "a &&", "a |", "f() {", "if a; then b",
                           "echo \\", "echo \"a\nb"})
    EXPECT_FALSE(shell(code)) << code;
}

TEST(Complete, OfALanguageNobodyKnowsOnlyBracketsCount) {
  EXPECT_TRUE(is_complete("x <- c(1, 2)", Language::other));
  EXPECT_FALSE(is_complete("x <- c(1,", Language::other));
}

TEST(Indent, FollowsTheLineBefore) {
  EXPECT_EQ(next_indent("if x:", Language::python), "    ");
  EXPECT_EQ(next_indent("if x:\n    y", Language::python), "    ");
  EXPECT_EQ(next_indent("def f():\n    return 1", Language::python), "");
  EXPECT_EQ(next_indent("x = '''a", Language::python), "");
  EXPECT_EQ(next_indent("if x:", Language::shell), "");
}

TEST(Paint, ColoursPartsAndKeepsTheText) {
  const std::string code = "def f(x): return 'a\\'b' + 1  # no\nprint(_x1, a.if_)";
  std::string bare;
  const std::string painted = paint(code, Language::python);
  for (size_t i = 0; i < painted.size(); ++i) {
    if (painted[i] == '\x1b')
      i = painted.find('m', i);
    else
      bare += painted[i];
  }
  EXPECT_EQ(bare, code);
  EXPECT_NE(painted.find("\x1b[34mdef\x1b[0m"), std::string::npos);
  EXPECT_NE(painted.find("\x1b[32m'a\\'b'\x1b[0m"), std::string::npos);
  EXPECT_NE(painted.find("\x1b[90m# no\x1b[0m"), std::string::npos);
}

TEST(Paint, TakesAnyBytes) {
  std::string bytes;
  for (int i = 0; i < 4000; ++i) bytes += static_cast<char>((i * 7919) % 251);
  for (const auto language : {Language::python, Language::shell, Language::other}) {
    size_t last = 0;
    for (const auto& span : spans(bytes, language)) {
      EXPECT_LE(last, span.from);
      EXPECT_LT(span.from, span.to);
      EXPECT_LE(span.to, bytes.size());
      last = span.to;
    }
    (void)is_complete(bytes, language);
    (void)next_indent(bytes, language);
  }
}

TEST(Input, IsCodeUnlessItIsForTheConsole) {
  const Words programs = {"ipls", "ipstat"};
  const auto read = [&](std::string_view text) { return read_input(text, programs, magics()); };
  EXPECT_EQ(read(" \n").kind, Kind::empty);
  EXPECT_EQ(read("\n  x = 1\n").text, "  x = 1");
  EXPECT_EQ(read("%targets  0-3 ").name, "targets");
  EXPECT_EQ(read("%targets  0-3 ").text, "0-3");
  EXPECT_EQ(read("%ipls -v").kind, Kind::program);
  EXPECT_EQ(read("!ls -l").kind, Kind::shell);
  EXPECT_EQ(read("!ls -l").text, "ls -l");
  EXPECT_EQ(read("a.b??").kind, Kind::help);
  EXPECT_TRUE(read("a.b??").source);
  EXPECT_EQ(read("?a").text, "a");
  EXPECT_EQ(read("f(x)?").kind, Kind::code);
  EXPECT_EQ(read("%prun f()").kind, Kind::code);
  EXPECT_EQ(read("%time f()").kind, Kind::code);
  const auto cell = read("%%px -t 0\na\nb");
  EXPECT_TRUE(cell.cell);
  EXPECT_EQ(cell.text, "-t 0");
  EXPECT_EQ(cell.body, "a\nb");
  EXPECT_EQ(read("%px 1\nb").kind, Kind::mistake);
  EXPECT_EQ(read("%time a\nb").kind, Kind::code);
}

TEST(Input, NamesWhatWasMeant) {
  const auto mistake = read_input("%target 0", {}, magics());
  EXPECT_EQ(mistake.kind, Kind::mistake);
  EXPECT_EQ(mistake.text, "unknown %target; did you mean %targets?");
}

TEST(Input, ScriptsFallIntoInputs) {
  const auto python_inputs = [](std::string_view text) {
    return inputs_in(text, Language::python);
  };
  EXPECT_EQ(python_inputs("a = 1\n\n%targets 0\nb"), (Words{"a = 1", "%targets 0", "b"}));
  EXPECT_EQ(python_inputs("for i in x:\n  a\n\n  b\nc\n"),
            (Words{"for i in x:\n  a\n", "  b", "c"}));
  EXPECT_EQ(python_inputs("if x:\n  a\nelse:\n  b\nprint(1)"),
            (Words{"if x:\n  a\nelse:\n  b", "print(1)"}));
  EXPECT_EQ(python_inputs("f(1,\n2)\ng('''a\nb''')"), (Words{"f(1,\n2)", "g('''a\nb''')"}));
  EXPECT_EQ(python_inputs("x = ("), (Words{"x = ("}));
  EXPECT_EQ(python_inputs("%%px -t 0\na\nb\n\nc"), (Words{"%%px -t 0\na\nb\n", "c"}));
}

TEST(Input, CellsFallIntoPartsAtOurWords) {
  const Words programs = {"ipls"};
  const auto parts = [&](std::string_view text) { return cell_parts(text, programs, magics()); };
  EXPECT_EQ(parts("a = 1\nb"), (Words{"a = 1\nb"}));
  EXPECT_EQ(parts("%px -t 0 x\nfor i in y:\n  i\n%ipls -l\n!ls\nz"),
            (Words{"%px -t 0 x", "for i in y:\n  i", "%ipls -l", "!ls", "z"}));
  EXPECT_EQ(parts("!echo a \\\n  b\nc"), (Words{"!echo a \\\n  b", "c"}));
  EXPECT_EQ(parts("%%px -t 0\n%px 1\n!b"), (Words{"%%px -t 0\n%px 1\n!b"}));
  EXPECT_EQ(parts("%time f()\ng()"), (Words{"%time f()\ng()"}));
  EXPECT_EQ(parts("x?\n\n"), (Words{"x?"}));
}

TEST(Input, WordsKeepWhatIsQuoted) {
  EXPECT_EQ(words_in(" a 'b c' d\"e\" "), (Words{"a", "b c", "de"}));
}

}  // namespace
}  // namespace ipc::console
