// SPDX-License-Identifier: BSD-3-Clause
// Output of several engines: merged, labelled, ordered, folded; errors; JSON; progress.
#include "libipc/cli/output.hpp"

#include <gtest/gtest.h>

#include "libipc/cli/errors.hpp"
#include "libipc/cli/progress.hpp"
#include "libipc/cli/results.hpp"
#include "libipc/util/fd.hpp"

namespace ipc::cli {
namespace {

/// What a function writes to a Writer.
template <class Use>
std::string written(Use use) {
  auto pipe = make_pipe();
  Writer writer(pipe->second.get());
  use(writer);
  writer.flush();
  pipe->second.reset();
  return *read_all(pipe->first.get(), 1 << 20);
}

std::string remote(OutputOptions options, std::vector<int> engines,
                   const std::function<void(RemoteOutput&)>& use) {
  return written([&](Writer& writer) {
    RemoteOutput output(options, std::move(engines), writer, writer);
    use(output);
    EXPECT_TRUE(output.finish());
  });
}

TEST(Output, OneEngineIsByteExact) {
  EXPECT_EQ(remote({}, {3},
                   [](RemoteOutput& o) {
                     o.add(3, false, std::string("a\0b", 3));
                     o.add(3, false, "\r\xff");
                   }),
            std::string("a\0b\r\xff", 5));
}

TEST(Output, LinesOfSeveralStayWhole) {
  EXPECT_EQ(remote({}, {0, 1},
                   [](RemoteOutput& o) {
                     o.add(0, false, "on");
                     o.add(1, false, "two\nth");
                     o.add(0, false, "e\n");
                     o.add(1, false, "ree\n");
                   }),
            "two\none\nthree\n");
}

TEST(Output, AMissingNewlineIsAddedOnlyBetweenWriters) {
  EXPECT_EQ(remote({}, {0, 1},
                   [](RemoteOutput& o) {
                     o.add(0, false, "a");
                     o.add(1, false, "b");
                   }),
            "a\nb");
  EXPECT_EQ(remote({}, {0, 1}, [](RemoteOutput& o) { o.add(0, false, "a"); }), "a");
}

TEST(Output, Labels) {
  OutputOptions options;
  options.label_stdout = options.label_stderr = true;
  EXPECT_EQ(remote(options, {3}, [](RemoteOutput& o) { o.add(3, false, "a\nb\n"); }),
            "3: a\n3: b\n");
  EXPECT_EQ(remote(options, {3, 4}, [](RemoteOutput& o) { o.add(4, true, "\nx\n"); }),
            "4: \n4: x\n");
}

TEST(Output, OrderedByEngine) {
  OutputOptions options;
  options.arrangement = Arrangement::ordered;
  EXPECT_EQ(remote(options, {0, 1, 2},
                   [](RemoteOutput& o) {
                     o.add(2, false, "two\n");
                     o.finish(2);
                     o.add(1, false, "one\n");
                     o.add(0, false, "zero\n");
                     o.finish(0);
                     o.add(1, false, "more\n");
                     o.finish(1);
                   }),
            "zero\none\nmore\ntwo\n");
}

TEST(Output, FoldedAsClushDoes) {
  OutputOptions options;
  options.arrangement = Arrangement::folded;
  EXPECT_EQ(remote(options, {0, 1, 2, 3},
                   [](RemoteOutput& o) {
                     for (const int id : {3, 1, 0}) o.add(id, false, "6.1\n");
                     o.add(2, false, "5.9");
                   }),
            "---------------\n0-1,3 (3)\n---------------\n6.1\n"
            "---------------\n2 (1)\n---------------\n5.9\n");
}

client::RemoteError name_error() {
  client::RemoteError error;
  error.ename = "NameError";
  error.evalue = "name 'x' is not defined";
  error.traceback = {"Traceback:", "  \033[31mred\033[0m"};
  error.frames = {{"<ipexec>", 1, "<module>", "y = len(x)"}};
  return error;
}

TEST(Errors, OneLineAndTheWholeTraceback) {
  EXPECT_EQ(error_text(name_error(), {}),
            "NameError: name 'x' is not defined, line 1: y = len(x)   (-v: whole traceback)");
  EXPECT_EQ(error_text(name_error(), {true, false}),
            "NameError: name 'x' is not defined, line 1: y = len(x)\n    Traceback:\n      red");
}

TEST(Errors, DeeperStacksAreListed) {
  auto error = name_error();
  error.frames.push_back({"mod.py", 12, "f", "raise"});
  const std::string text = error_text(error, {});
  EXPECT_NE(text.find("\n    line 1: y = len(x)\n    mod.py:12, in f: raise"), std::string::npos)
      << text;
}

TEST(Errors, ControlCharactersAreTakenOut) {
  client::RemoteError error;
  error.ename = "E";
  error.evalue = "a\nb\033[2J\033]0;x\007c";
  EXPECT_EQ(error_text(error, {}), "E: a b]0;xc");
}

TEST(Errors, StatusAndSilence) {
  ErrorReport report({false, true});
  EXPECT_EQ(report.status(true), 0);
  client::RemoteError exit;
  exit.ename = "ExitStatus";
  exit.evalue = "exit status 3";
  exit.exit_status = 3;
  report.add(0, exit);
  EXPECT_EQ(report.status(false), 1);
  EXPECT_EQ(report.status(true), 3);
  EXPECT_EQ(engines_text({0, 1, 2}), "0-2 (3)");
  EXPECT_EQ(engines_text({5}), "5");
}

TEST(Results, Json) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(json_value("text", "a\"b"), "\"a\\\"b\"");
  EXPECT_EQ(json_value("json", "[1]"), "[1]");
  EXPECT_EQ(json_value("bytes", "foo"), "{\"base64\":\"Zm9v\"}");
}

TEST(Progress, Lines) {
  ProgressState state;
  state.done = 50;
  state.total = 100;
  state.elapsed = seconds(65);
  EXPECT_EQ(progress_line(state, false, false, 80), "50/100 50%  1:05");
  EXPECT_EQ(progress_line(state, false, true, 80), "50/100 50%  1:05, 0.8/s, 1:05 left");
  EXPECT_EQ(progress_line(state, true, false, 36), "[########        ] 50/100 50%  1:05");
  state.failed = 2;
  EXPECT_EQ(progress_line(state, false, false, 80), "50/100 50%, 2 failed  1:05");
  state.total = 0;
  EXPECT_EQ(progress_line(state, true, true, 80), "50, 2 failed  1:05, 0.8/s");
  EXPECT_LT(progress_line(state, true, true, 8).size(), 8u);
}

TEST(Progress, Bytes) {
  ProgressState state;
  state.bytes = true;
  state.done = 1'500'000'000;
  state.total = 6'000'000'000;
  state.elapsed = seconds(10);
  EXPECT_EQ(progress_line(state, false, true, 80), "1.5 GB/6.0 GB 25%  0:10, 150 MB/s, 0:30 left");
  state.done = 999'600;
  EXPECT_EQ(progress_line(state, false, false, 80), "1.0 MB/6.0 GB 0%  0:10");
  state.done = 0;
  EXPECT_EQ(progress_line(state, false, true, 80), "0.0 kB/6.0 GB 0%  0:10");
}

}  // namespace
}  // namespace ipc::cli
