// SPDX-License-Identifier: BSD-3-Clause
// Items in commands.
#include "libipc/cli/placeholders.hpp"

#include <gtest/gtest.h>

namespace ipc::cli {
namespace {

using Words = std::vector<std::string>;

std::string filled(const Words& operands, std::string_view item, const Words& columns = {}) {
  const auto made = CommandTemplate::parse(operands, !columns.empty());
  return made ? made->fill(item, 7, columns) : made.error().text();
}

TEST(Placeholders, OneOperandIsShellTextWithTheItemQuoted) {
  EXPECT_EQ(filled({"wc -l < {}"}, "my file"), "wc -l < 'my file'");
  EXPECT_EQ(filled({"zcat {} | wc -l"}, "a.gz"), "zcat a.gz | wc -l");
  EXPECT_EQ(filled({"echo {} {}"}, "it's"), "echo 'it'\\''s' 'it'\\''s'");
  EXPECT_EQ(filled({"echo {}"}, ""), "echo ''");
  EXPECT_EQ(filled({"echo {}"}, "$(rm -rf /);`x`\n"), "echo '$(rm -rf /);`x`\n'");
}

TEST(Placeholders, WithoutAPlaceTheItemIsAppended) {
  EXPECT_EQ(filled({"gzip -9"}, "a b"), "gzip -9 'a b'");
  EXPECT_EQ(filled({"wc", "-l"}, "a b"), "wc -l 'a b'");
}

TEST(Placeholders, SeveralOperandsAreExactArguments) {
  EXPECT_EQ(filled({"wc", "-l", "{}"}, "a b"), "wc -l 'a b'");
  EXPECT_EQ(filled({"cp", "{}", "to/{/.}.bak"}, "d/a b.c"), "cp 'd/a b.c' 'to/a b.bak'");
  EXPECT_EQ(filled({"echo", "a;b", "'{}'"}, "x"), "echo 'a;b' ''\\''x'\\'''");
}

TEST(Placeholders, Parts) {
  EXPECT_EQ(fill_place(".", "d.x/a.tar.gz"), "d.x/a.tar");
  EXPECT_EQ(fill_place(".", "d.x/a"), "d.x/a");
  EXPECT_EQ(fill_place("/", "d/a.c"), "a.c");
  EXPECT_EQ(fill_place("//", "d/e/a.c"), "d/e");
  EXPECT_EQ(fill_place("//", "a.c"), ".");
  EXPECT_EQ(fill_place("//", "/a.c"), "/");
  EXPECT_EQ(fill_place("/.", "d.x/a.c"), "a");
  EXPECT_EQ(filled({"sim {} > {.}.{#}"}, "r.in"), "sim r.in > r.7");
}

TEST(Placeholders, WithinQuotesIsRefused) {
  for (const char* text : {"echo '{}'", "echo \"{}\"", "echo \"a {} b\"", "echo `cat {}`",
                           "echo $'{}'", "echo \"$(cat '{}')\"", "a \"${x}{}\""}) {
    const auto made = CommandTemplate::parse(Words{text}, false);
    ASSERT_FALSE(made) << text;
    EXPECT_EQ(made.error().code, Code::usage);
    EXPECT_EQ(made.error().hint, "drop the quotes, {} is quoted already");
  }
}

TEST(Placeholders, OutsideQuotesIsFine) {
  for (const char* text : {"echo 'a'{}", "echo \"$(cat {})\"", "(cd d; cat {})", "echo \\' {}",
                           "echo \"\\\"\" {}", "echo $'\\'' {}", "echo \"it's\" {}"})
    EXPECT_TRUE(CommandTemplate::parse(Words{text}, false)) << text;
}

TEST(Placeholders, NumbersOnlyForColumns) {
  EXPECT_EQ(filled({"sed -E s/a{2}/b/ {}"}, "x"), "sed -E s/a{2}/b/ x");
  EXPECT_EQ(filled({"echo {2} {1} {3}"}, "a b", {"a", "b"}), "echo b a ''");
  EXPECT_EQ(filled({"cp {1} {2//}/{1/.}.{-1/}"}, "", {"d/a.c", "e/f.o"}), "cp d/a.c e/a.f.o");
  EXPECT_EQ(filled({"echo {1,2} {0} {1..3} {-3} {1!}"}, "", {"a", "b"}),
            "echo {1,2} {0} {1..3} '' {1!}");
}

}  // namespace
}  // namespace ipc::cli
