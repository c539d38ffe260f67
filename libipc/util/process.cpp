// SPDX-License-Identifier: BSD-3-Clause
// Facts about processes.
#include "libipc/util/process.hpp"

#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <sstream>

#include "libipc/util/file.hpp"
#include "libipc/util/text.hpp"

namespace ipc {

std::string describe_exit(int wait_status) {
  if (WIFSIGNALED(wait_status)) {
    const int signal = WTERMSIG(wait_status);
    return "killed by signal " + std::to_string(signal) + " (" + strsignal(signal) + ")";
  }
  return "exit status " + std::to_string(WEXITSTATUS(wait_status));
}

std::string host_name() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

// The fields of /proc/PID/stat, of a process or a thread, from the third one, the state, on.
static std::istringstream process_fields(const std::string& directory) {
  const auto stat = read_file(directory + "/stat", 4096);
  // The second field is the program's name in parentheses and may hold anything.
  const size_t close = stat ? stat->rfind(')') : std::string::npos;
  return std::istringstream(close == std::string::npos ? "" : stat->substr(close + 1));
}

static std::istringstream process_fields(pid_t pid) {
  return process_fields("/proc/" + std::to_string(pid));
}

bool is_stopped(pid_t pid) {
  std::string state;
  process_fields(pid) >> state;
  return state == "T";
}

bool is_idle(pid_t pid) {
  std::error_code error;
  std::filesystem::directory_iterator threads("/proc/" + std::to_string(pid) + "/task", error);
  bool any = false;
  for (; !error && threads != std::filesystem::directory_iterator(); threads.increment(error)) {
    if (threads->path().filename() == std::to_string(::gettid())) continue;
    std::string state;
    process_fields(threads->path().string()) >> state;
    if (state != "S") return false;
    any = true;
  }
  return any && !error;
}

unsigned long long process_start_ticks(pid_t pid) {
  auto fields = process_fields(pid);
  std::string state, skipped;
  fields >> state;
  if (state == "Z" || state == "X") return 0;
  for (int i = 0; i < 18; ++i) fields >> skipped;
  unsigned long long ticks = 0;
  fields >> ticks;
  return ticks;
}

std::string boot_id() {
  auto text = read_file("/proc/sys/kernel/random/boot_id", 64);
  return text ? std::string(trim(*text)) : "";
}

void raise_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

std::string network_namespace() {
  std::array<char, 64> name;
  const ssize_t n = ::readlink("/proc/self/ns/net", name.data(), name.size());
  return n > 0 ? std::string(name.data(), static_cast<std::size_t>(n)) : "";
}

void name_thread(const char* name) {
  char kept[16] = {};
  std::strncpy(kept, name, sizeof kept - 1);
  ::pthread_setname_np(::pthread_self(), kept);
}

void unmap_unused_code() {
  ::dl_iterate_phdr(
      [](dl_phdr_info* object, size_t, void*) {
        for (int i = 0; i < object->dlpi_phnum; ++i) {
          const auto& segment = object->dlpi_phdr[i];
          if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
          const uintptr_t page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
          const uintptr_t begin = (object->dlpi_addr + segment.p_vaddr) & ~(page - 1);
          const uintptr_t end = object->dlpi_addr + segment.p_vaddr + segment.p_memsz;
          ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
        }
        return 0;
      },
      nullptr);
}

int available_cpus() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return std::max(1, CPU_COUNT(&set));
}

}  // namespace ipc
