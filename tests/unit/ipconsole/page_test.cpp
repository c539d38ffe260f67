// SPDX-License-Identifier: BSD-3-Clause
// What a console shows and keeps: colours over a line, sessions as files.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "cmd/ipconsole/overlay.hpp"
#include "cmd/ipconsole/transcript.hpp"

namespace ipconsole {
namespace {

using ipc::console::Language;
using ipc::console::spans;

std::string new_directory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "console-XXXXXX").string();
  return ::mkdtemp(pattern.data());
}

TEST(Overlay, WritesTheSameTextAndComesBack) {
  const std::string code = "if x";
  const auto bytes = overlay({code, 2, 5, 80, 24}, spans(code, Language::python), code);
  EXPECT_EQ(bytes, "\r\x1b[5C\x1b[34mif\x1b[0m x\r\x1b[7C");
  const std::string two = "a\nb";
  EXPECT_EQ(overlay({two, 3, 2, 80, 24}, {}, two), "\r\x1b[1A\x1b[2Ca\r\nb\r\x1b[1C");
}

TEST(Overlay, LeavesAloneWhatItCannotPlace) {
  const std::string tab = "a\tb", edge = "abcde", high = "a\nb\nc";
  EXPECT_EQ(overlay({tab, 0, 2, 80, 24}, {}, tab), "");
  EXPECT_EQ(overlay({edge, 0, 5, 10, 24}, {}, edge), "");
  EXPECT_EQ(overlay({high, 0, 2, 80, 2}, {}, high), "");
}

Transcript some() {
  Transcript session;
  session.begin("2026-11-30 10:00:00", "0-1", "print('<a>')");
  session.add({Item::Kind::out, {0}, "<a", {}, 0});
  session.add({Item::Kind::out, {1}, "<a>\n", {}, 0});
  session.add({Item::Kind::out, {0}, ">\n", {}, 0});
  session.begin("2026-11-30 10:00:01", "0-1", "if x:\n  plot()");
  session.add({Item::Kind::display, {0}, "", {{"image/png", "iVBO\nRw=="}}, 0});
  session.add({Item::Kind::display, {0}, "", {{"image/png", "\" onerror=\"x"}}, 0});
  session.add({Item::Kind::display, {0}, "", {{"image/svg+xml", "<svg onload='x'/>"}}, 0});
  session.add({Item::Kind::result, {1}, "", {{"text/html", "<script>\"x\"</script>"}}, 7});
  session.add({Item::Kind::error, {0, 1}, "ValueError: \x1b[31m<b>", {}, 0});
  return session;
}

TEST(Transcript, JoinsWhatOneEnginePrints) {
  const Transcript session = some();
  ASSERT_EQ(session.cells().at(0).items.size(), 2u);
  EXPECT_EQ(session.cells()[0].items[0].text, "<a>\n");
}

TEST(Transcript, BecomesAPageThatRunsNothing) {
  const std::string page = some().html("a < b");
  EXPECT_NE(page.find("<title>a &lt; b</title>"), std::string::npos);
  EXPECT_NE(page.find("&lt;a&gt;"), std::string::npos);
  EXPECT_NE(page.find("src=\"data:image/png;base64,iVBORw==\""), std::string::npos);
  EXPECT_NE(page.find("src=\"data:image/svg+xml;base64,PHN2"), std::string::npos);
  EXPECT_NE(page.find("<iframe sandbox srcdoc=\"&lt;script&gt;&quot;x"), std::string::npos);
  EXPECT_NE(page.find("1 Out[7]"), std::string::npos);
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_EQ(page.find("onerror"), std::string::npos);
  EXPECT_EQ(page.find('\x1b'), std::string::npos);
}

TEST(Transcript, BecomesAScript) {
  EXPECT_EQ(some().script(), "print('<a>')\nif x:\n  plot()\n\n");
}

TEST(Transcript, KeepsTheBeginningOfWhatGoesOn) {
  Transcript session;
  session.begin("", "0", "x");
  for (int i = 0; i < 100; ++i)
    session.add({Item::Kind::out, {0}, std::string(100000, 'x'), {}, 0});
  const std::string& text = session.cells()[0].items.at(0).text;
  EXPECT_LT(text.size(), size_t{2} << 20);
  EXPECT_NE(text.find("is not kept"), std::string::npos);
}

TEST(Transcript, WantsASuffixItKnows) {
  EXPECT_FALSE(some().save("/tmp/x.txt"));
  const std::string directory = new_directory();
  EXPECT_TRUE(some().save(directory + "/x.html"));
  EXPECT_FALSE(some().save(directory + "/none/x.html"));
  std::filesystem::remove_all(directory);
}

TEST(Bundle, IsTextAndWhatElseThereIs) {
  EXPECT_EQ(plain_text({{"text/plain", {"a\n", "b"}}}), "a\nb");
  EXPECT_EQ(plain_text({{"text/plain", "<Figure>"}, {"image/png", "x"}}),
            "<Figure> (image/png: %save FILE.html keeps it)");
}

}  // namespace
}  // namespace ipconsole
