// SPDX-License-Identifier: BSD-3-Clause
// Errors as values: one enum is the error code, the exit status and the manual's table.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace ipc {

/// What went wrong, and the exit status of a program that ends for it (sysexits.h where it has
/// the case, timeout(1) for 124). Documented for users in ipkit(7).
enum class Code : int {
  ok = 0,
  failed = 1,          ///< remote code, a task or the stage before failed
  usage = 64,          ///< the command line is wrong
  bad_input = 65,      ///< data from a file, a pipe or a peer is wrong
  no_input = 66,       ///< cannot open input; no such job
  no_engine = 68,      ///< a target has no engine
  no_controller = 69,  ///< nobody answers
  internal = 70,       ///< a system call failed, or a bug
  exists = 73,         ///< already running
  not_ready = 75,      ///< not (enough) engines yet
  refused = 77,        ///< wrong key, or no permission
  bad_profile = 78,    ///< configuration
  timed_out = 124,
};

/// An error on its way to the rim of a program: what happened, and what the user can do about it.
struct Error {
  Code code = Code::internal;
  std::string what;  ///< one sentence, no trailing period, names the thing concerned
  std::string hint;  ///< may be empty; "start one: ipcluster start -n 4"

  /// The sentence a user sees.
  std::string text() const { return hint.empty() ? what : what + "; " + hint; }
};

/// A value or an Error. Must be looked at.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

  explicit operator bool() const { return state_.index() == 0; }
  T& operator*() & { return std::get<0>(state_); }
  const T& operator*() const& { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }
  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

/// Success, or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT

  explicit operator bool() const { return !error_; }
  const Error& error() const& { return *error_; }
  Error&& error() && { return std::move(*error_); }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

/// Error from errno: "WHAT: No such file or directory".
Error system_error(Code code, std::string what);

}  // namespace ipc

#define IPC_JOIN2(a, b) a##b
#define IPC_JOIN(a, b) IPC_JOIN2(a, b)

/// Leaves the function with the error of a Status or Result that failed.
#define IPC_TRY(expression)                                                                \
  do {                                                                                     \
    if (auto ipc_result = (expression); !ipc_result) return std::move(ipc_result).error(); \
  } while (false)

/// Declares or assigns `target` from a Result, or leaves the function with its error.
#define IPC_TRY_ASSIGN(target, expression)                                                         \
  auto IPC_JOIN(ipc_result_, __LINE__) = (expression);                                             \
  if (!IPC_JOIN(ipc_result_, __LINE__)) return std::move(IPC_JOIN(ipc_result_, __LINE__)).error(); \
  target = *std::move(IPC_JOIN(ipc_result_, __LINE__))
