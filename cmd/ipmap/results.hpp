// SPDX-License-Identifier: BSD-3-Clause
// Results on their way to stdout, in input order if wanted.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "cmd/ipmap/present.hpp"
#include "libipc/cli/output.hpp"

namespace ipmap {

class Results {
 public:
  /// `ledger`, which may be null, gets the receipts of what was given to `out`.
  Results(ipc::cli::Writer& out, bool ordered, Ledger* ledger)
      : out_(out), ordered_(ordered), ledger_(ledger) {}

  /// The text of items first … first+count-1; in order it waits for those before it.
  void add(std::uint64_t first, size_t count, std::string_view text,
           std::vector<Receipt> receipts = {});
  void add(Finished finished);
  /// Prints what waits for items that will not come.
  void release();
  /// Bytes that wait.
  size_t held_bytes() const { return held_bytes_; }

 private:
  struct Held {
    size_t count;
    std::string text;
    std::vector<Receipt> receipts;
  };
  void print(std::string_view text, std::vector<Receipt>&& receipts);
  ipc::cli::Writer& out_;
  bool ordered_;
  Ledger* ledger_;
  std::uint64_t next_ = 1;
  std::map<std::uint64_t, Held> held_;
  size_t held_bytes_ = 0;
};

/// How many items a request should have: so many as keep an engine busy for some milliseconds.
class Pace {
 public:
  /// `fixed` 0: by what was measured.
  explicit Pace(size_t fixed) : fixed_(fixed) {}

  size_t items() const { return fixed_ != 0 ? fixed_ : wanted_; }
  /// A request of `count` items kept an engine busy for `busy` seconds; the answer came
  /// `turnaround` seconds after it was sent. What is neither its own time nor that of the one
  /// before it is the way: items worth that much must be there, or the engine waits for them.
  void measured(size_t count, double busy, double turnaround);

 private:
  size_t fixed_, wanted_ = 1;
  double per_item_ = 0;
};

}  // namespace ipmap
