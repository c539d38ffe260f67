// SPDX-License-Identifier: BSD-3-Clause
// What remote code prints, on its way to our stdout and stderr.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/cli/command.hpp"
#include "libipc/client/source.hpp"
#include "libipc/net/loop.hpp"
#include "libipc/util/result.hpp"

namespace ipc::cli {

/// Gathers bytes for a descriptor. A descriptor nobody reads any more is noted as SIGPIPE
/// (signals.hpp) and later bytes are dropped; other failures are kept as an error.
class Writer {
 public:
  explicit Writer(int fd) : fd_(fd) {}
  ~Writer() { flush(); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void write(std::string_view bytes);
  /// Writes what was gathered; blocks while the reader is slow, until a signal is noted.
  void flush();
  /// How many bytes the descriptor has taken.
  std::uint64_t passed() const { return passed_; }
  /// The first failure other than a closed pipe.
  const Status& status() const { return status_; }

 private:
  void put(std::string_view bytes);

  int fd_;
  std::string held_;
  std::uint64_t passed_ = 0;
  bool closed_ = false;
  Status status_;
};

/// Writes `text` to stdout at once, as a Writer does.
Status print(std::string_view text);

/// Our stdout and stderr, written at the end of each turn of a loop. Make it before the connection,
/// so that it outlives the loop.
struct Streams {
  Writer out{STDOUT_FILENO}, err{STDERR_FILENO};
  void flush_each_turn(net::Loop& loop);
};

/// Merges the output of several engines into one stream, whole lines at a time. A line without its
/// newline is held until the engine has finished; then the newline is added only if another
/// engine's line follows.
class LineMerger {
 public:
  /// `label`: each line begins with `3: `, or `3/sh: ` if `suffix` is `/sh`. `raw`: bytes pass as
  /// they come.
  LineMerger(Writer& writer, bool label, bool raw, std::string suffix = "")
      : writer_(writer), label_(label), raw_(raw), suffix_(std::move(suffix)) {}

  void add(int engine, std::string_view bytes);
  void finish(int engine);
  /// Something else follows in the same stream.
  void end_line();

 private:
  void write_lines(int engine, std::string_view lines);

  Writer& writer_;
  bool label_, raw_;
  const std::string suffix_;
  bool open_line_ = false;  // the last byte written was not a newline
  std::map<int, std::string> partial_;
};

/// How several engines' standard output is arranged.
enum class Arrangement {
  live,     ///< lines as they come
  ordered,  ///< all of one engine, then the next
  folded,   ///< equal texts once, under `0-3,7 (5)`
  diff,     ///< how the others differ from that of the first engine
};

struct OutputOptions {
  Arrangement arrangement = Arrangement::live;
  bool label_stdout = false, label_stderr = false;
  bool by_engine = false;   ///< folded: in the order of the engines, not by their number
  std::string suffix = {};  ///< behind the engines in labels: the kernel, if there are several
  bool more_follows = {};   ///< there will be output of another kernel
};

/// stdout and stderr of a set of engines. stderr is always live.
class RemoteOutput {
 public:
  /// `engines` in the order of their output, each once.
  RemoteOutput(OutputOptions options, std::vector<int> engines, Writer& out, Writer& err);

  void add(int engine, bool is_stderr, std::string_view bytes);
  /// Nothing more comes from `engine`.
  void finish(int engine);
  /// Nothing more comes at all. Code::internal if held output could not be kept.
  Status finish();

 private:
  struct Held {
    client::Spool spool;
    bool done = false;
  };
  void advance();
  Status print_held(int engine, Held& held);
  Status print_folded();
  Status print_diff();
  /// All that is held: engines by their text.
  Result<std::map<std::string, std::vector<int>>> take_texts();
  void note(Status status);

  OutputOptions options_;
  std::vector<int> engines_;
  Writer& out_;
  LineMerger out_lines_, err_lines_;
  std::map<int, Held> held_;
  size_t current_ = 0;  // ordered: the engine whose output passes
  Status status_;
};

/// Where labels belong by -l, -N, the number of engines addressed and whether stdout is a terminal;
/// arrangement by -k and -b (both: folded, in the order of the engines).
OutputOptions output_options(const Arguments& arguments, size_t addressed);

}  // namespace ipc::cli
