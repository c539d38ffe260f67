// SPDX-License-Identifier: BSD-3-Clause
// The echo kernel: answers every request of the contract at once and runs nothing.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/util/claims.hpp"
#include "libipc/wire/header.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::echo {

/// A message of the contract's stream; views into the input.
struct Message {
  std::string_view header, parent, metadata, content;
  std::vector<std::string_view> buffers;
};

/// Input and output of one kernel as bytes. Its namespace holds the raw buffers that were pushed.
/// For benchmarks, tests, and as the smallest example of a kernel.
class EchoKernel {
 public:
  /// Says `ready`. `claims` (not owned) may be null.
  explicit EchoKernel(Claims* claims = nullptr);
  /// Takes all whole messages from the start of `input` and answers them. False: it makes no sense.
  bool serve(std::string& input);
  /// Bytes to be written; the caller takes away what it wrote.
  std::string output;

 private:
  using Json = wire::Json;
  /// A reply under construction.
  struct Answer {
    std::string content;
    std::vector<std::string_view> buffers;
    std::string own_buffer;  // what a view in `buffers` may point to
  };
  void take(const Message& message);
  void send(std::string_view header, std::string_view parent, const Answer& answer);
  bool answer(std::string_view type, const Message& message, Answer& answer);
  std::string execute(const Message& message, Answer& answer);
  std::string push(const Message& message);
  std::string pull(const Message& message, Answer& answer);
  std::string map(const Message& message, Answer& answer);
  std::string list() const;

  Claims* claims_;
  std::uint64_t requests_ = 0;
  wire::FieldParser parser_;
  std::map<std::string, std::string> names_;
  long long count_ = 0;
};

}  // namespace ipc::echo
