// SPDX-License-Identifier: BSD-3-Clause
// One value to several engines, piece by piece as it comes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/client/push.hpp"

namespace ipc::client {

/// Binds `name` on engines to a value of `size` bytes. Each piece leaves this process once, and at
/// most 32 MB are on their way. A name is bound when all of the value is there.
class Spread {
 public:
  /// `type` as in kernels/README.md. The connection must outlive it, and wait for nothing else.
  Spread(Connection& connection, std::string kernel, std::string name, std::string type,
         uint64_t size, std::vector<int> engines);
  /// What is not complete is forgotten by the engines.
  ~Spread();
  Spread(const Spread&) = delete;
  Spread& operator=(const Spread&) = delete;

  /// The next bytes. Waits for room, and behind the last ones for all engines.
  Status add(std::string_view bytes);
  /// Engines that do not have the value.
  const std::vector<Failure>& failures() const { return failures_; }

 private:
  Status send(const wire::Json& content, std::string_view bytes);
  void take(const Reply& reply);

  Connection& connection_;
  std::string kernel_, name_, type_;
  uint64_t size_, sent_ = 0;
  std::vector<int> engines_;  // that have not failed
  const std::string stage_;
  size_t unanswered_ = 0;  // bytes, each once for every engine that has them still
  bool begun_ = false, ended_ = false;
  std::vector<Failure> failures_;
};

}  // namespace ipc::client
