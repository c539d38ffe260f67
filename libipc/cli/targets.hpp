// SPDX-License-Identifier: BSD-3-Clause
// Target expressions: which engines a command means.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libipc/cli/command.hpp"
#include "libipc/util/result.hpp"

namespace ipc::cli {

/// What a target expression can ask about an engine.
struct EngineFacts {
  int id = 0;
  std::string uuid;
  std::string host;      ///< empty if unknown
  std::string language;  ///< empty if unknown
};

/// An engine that is no longer there.
struct GoneEngine {
  int id = 0;
  std::string when;  ///< "10:02", may be empty
  std::string why;   ///< "kernel killed", may be empty
};

/// Everything an expression is looked up in. `controller`: "controller 4711 on n1", for messages.
struct EnginePool {
  std::vector<EngineFacts> engines;  ///< in the order of their ids
  std::vector<GoneEngine> gone;
  std::map<std::string, std::string> groups;  ///< @name: another expression
  std::string controller;
};

/// What the command line and the environment ask for.
struct TargetChoice {
  std::string targets = "all";
  std::string exclude;
  bool is_explicit = false;  ///< -t or $IPKIT_TARGETS was given
};

/// -t and -x, default $IPKIT_TARGETS, else all.
TargetChoice target_choice(const Arguments& arguments);

/// Ids in ascending order, each once. Code::not_ready without any engine, Code::no_engine for a
/// target that has none (the message lists what there is), Code::usage for an expression that
/// cannot be read.
Result<std::vector<int>> select_targets(const TargetChoice& choice, const EnginePool& pool);

/// "0-3", or "none", and the gone ones: "0-3 (gone: 4-7 since 10:02, kernel killed)".
std::string describe_pool(const EnginePool& pool);

}  // namespace ipc::cli
