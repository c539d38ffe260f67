// SPDX-License-Identifier: BSD-3-Clause
#include "libipc/engine/watchdog.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <utility>

#include "libipc/util/log.hpp"
#include "libipc/util/size.hpp"

namespace ipc::engine {

std::uint64_t resident_bytes(pid_t root) {
  static const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const std::string directory = "/proc/" + std::to_string(root);
  std::uint64_t total = 0, resident = 0;
  if (std::ifstream(directory + "/statm") >> total >> resident) resident *= page;
  std::error_code gone;
  for (const auto& thread : std::filesystem::directory_iterator(directory + "/task", gone)) {
    std::ifstream children(thread.path() / "children");
    for (pid_t child = 0; children >> child;) resident += resident_bytes(child);
  }
  return resident;
}

void Watchdog::began(Kernel& kernel, const std::string& msg_id) {
  if (limits_.memory == 0 && limits_.task_time == Duration(0)) return;
  stop();
  kernel_ = &kernel;
  msg_id_ = msg_id;
  if (limits_.task_time > Duration(0))
    time_ = loop_.after(limits_.task_time, [this] { too_long(); });
  if (limits_.memory > 0) memory_ = loop_.every(kLook, [this] { look_at_memory(); });
}

std::string Watchdog::ended() {
  stop();
  return std::exchange(verdict_, {});
}

void Watchdog::stop() {
  loop_.cancel(time_);
  loop_.cancel(memory_);
  time_ = memory_ = 0;
  kernel_ = nullptr;
}

void Watchdog::too_long() {
  interrupt(*kernel_, msg_id_, "ran longer than " + seconds_text(limits_.task_time));
}

void Watchdog::interrupt(Kernel& kernel, const std::string& msg_id, std::string why) {
  stop();
  kernel_ = &kernel;
  verdict_ = std::move(why);
  log::warning("request " + msg_id + " " + verdict_ + ": interrupted");
  kernel.interrupt(msg_id);
  time_ = loop_.after(kGrace, [this] {
    time_ = 0;
    kernel_->fail("kernel killed: its request " + verdict_ + " and did not stop when interrupted");
  });
}

void Watchdog::look_at_memory() {
  const std::uint64_t used = resident_bytes(kernel_->group());
  if (used <= limits_.memory) return;
  kernel_->fail("kernel killed: out of memory, " + size_text(used) + " of " +
                size_text(limits_.memory));
}

}  // namespace ipc::engine
