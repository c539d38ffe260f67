// SPDX-License-Identifier: BSD-3-Clause
// One kernel of an engine: its life, its messages, its output.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "libipc/engine/frames.hpp"
#include "libipc/engine/launch.hpp"
#include "libipc/net/loop.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::engine {

class Kernel;

/// `slots` of what a kernel says: requests it runs at a time.
unsigned slots_of(const wire::Json& content);

/// What a kernel's owner hears, always from the loop.
class KernelOwner {
 public:
  virtual ~KernelOwner() = default;
  virtual void kernel_ready(Kernel& kernel) = 0;
  /// Any other message; views die with the call.
  virtual void kernel_message(Kernel& kernel, const KernelMessage& message) = 0;
  /// Bytes from its stdout or stderr pipe.
  virtual void kernel_output(Kernel& kernel, bool is_stderr, std::string_view bytes) = 0;
  /// After a batch of messages: the time to give it more to do.
  virtual void kernel_idle(Kernel& kernel) = 0;
  /// It ended (all it sent was delivered before); `was_ready` is false if it never got that far.
  virtual void kernel_ended(Kernel& kernel, const std::string& why, bool was_ready) = 0;
};

/// What a kernel says of itself in `ready`.
struct KernelFacts {
  std::string language, version;
  pid_t pid = 0;
  unsigned prefetch = 1;
  bool claims = false;  ///< it claims requests in the ledger before it begins them
  bool has_slots = false;  ///< it runs several requests at a time, and answers in any order …
  unsigned slots = 0;      ///< … so many; 0: it can run none now
};

/// A kernel by name, started and started again. Not thread-safe; lives in its loop's thread.
class Kernel {
 public:
  enum class State { absent, starting, ready, ending };

  Kernel(net::Loop& loop, KernelLauncher& launcher, KernelOwner& owner, std::string name)
      : loop_(loop), launcher_(launcher), owner_(owner), name_(std::move(name)) {}
  ~Kernel();
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;

  /// Starts it anew; the owner hears of ready or the end. An error: there is no process.
  Status start();
  const std::string& name() const { return name_; }
  State state() const { return state_; }
  const KernelFacts& facts() const { return facts_; }
  /// It says that it runs another number of requests at a time from now on.
  void set_slots(unsigned slots) { facts_.slots = slots; }
  /// How many times it was started.
  int generation() const { return generation_; }
  pid_t group() const { return handles_ ? handles_->pid : 0; }

  /// Queues one message; flush() sends what is queued as far as the kernel takes it.
  void send(std::span<const std::string_view> parts, std::span<net::Frame> frames = {});
  void flush();
  /// Queues a request and gives its number. `task`: its id if it came from a task scheduler.
  std::uint64_t send_request(std::span<const std::string_view> parts, std::span<net::Frame> frames,
                             std::string_view task);
  /// The number of the request that the reply which just came is for.
  std::uint64_t count_reply() { return ++replies_; }
  /// It begins no more of those it was given: those it has not are answered `aborted` when their
  /// turn comes. Then begun() is exact.
  void revoke();
  bool was_revoked(std::uint64_t number) const { return number <= revoked_; }
  /// Number of the last request it has begun; of the last it was given, if it makes no claims.
  std::uint64_t begun() const;
  /// Leaves what it writes unread, so that it waits, or reads on. It is not held between an
  /// interrupt and the next request: it could not end.
  void hold(bool on);
  bool is_held() const { return held_; }
  /// Stops the request with this id, if it is the one that runs.
  void interrupt(std::string_view msg_id);
  /// Sends a signal to its process group. Code::internal if that fails.
  Status signal(int number);
  /// Kills it for what it did; the owner hears of the end, with `why`.
  void fail(std::string why);
  /// End of file on its socket and, unless `gentle`, SIGTERM; SIGKILL after `grace`.
  void end(Duration grace, bool gentle = false);

  /// Has the buffers of the message kernel_message() was called with.
  FrameReader& reader() { return reader_; }

  /// End of what it wrote to stderr, at most 4 kB.
  const std::string& last_words() const { return stderr_tail_; }
  /// A request begins: what was said and done before is not about it.
  void forget() { stderr_tail_.clear(), interrupted_ = false; }
  /// Words that came by another way than the pipe.
  void add_words(std::string_view bytes);
  /// Reads both pipes until they are empty.
  void drain_pipes();

 private:
  void watch_socket(bool for_output);
  void watch_pipes();
  void on_socket(short events);
  void read_messages();
  void take(const KernelMessage& message);
  void closed();
  void take_ready(const KernelMessage& message);
  void drain_pipe(Fd& pipe, bool is_stderr);
  void kill_group(int number);
  void on_exit();
  void finish(std::string why);

  net::Loop& loop_;
  KernelLauncher& launcher_;
  KernelOwner& owner_;
  const std::string name_;
  State state_ = State::absent;
  int generation_ = 0;
  long long oom_kills_ = 0;  // of the system, when it was started
  std::optional<KernelHandles> handles_;
  FrameReader reader_;
  FrameWriter writer_;
  Ledger* ledger_ = nullptr;
  unsigned page_ = 0;
  std::uint64_t requests_ = 0, replies_ = 0, revoked_ = 0;  // since it was started
  bool watching_output_ = false;
  bool signal_again_ = false;
  bool held_ = false, interrupted_ = false;
  std::string failure_;  // why we killed it, if we did
  KernelFacts facts_;
  std::string stderr_tail_;
  net::Loop::TimerId timer_ = 0;
};

}  // namespace ipc::engine
