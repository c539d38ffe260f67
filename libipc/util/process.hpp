// SPDX-License-Identifier: BSD-3-Clause
// Facts about processes.
#pragma once

#include <sys/types.h>

#include <string>

namespace ipc {

/// "exit status 3" or "killed by signal 9 (Killed)", from a waitpid status.
std::string describe_exit(int wait_status);

/// Name of this machine, as gethostname has it.
std::string host_name();

/// Start time of a process in clock ticks since boot (/proc/PID/stat); 0 if it is gone or a zombie.
/// With the pid it names a process for good: pids are used again, pairs are not.
unsigned long long process_start_ticks(pid_t pid);

/// True if a process of this machine was stopped by a signal (SIGSTOP, Ctrl-Z) and not continued.
bool is_stopped(pid_t pid);

/// True if every thread of a process of this machine sleeps (but the one that asks): none runs,
/// waits for a processor or a disk, or was stopped.
bool is_idle(pid_t pid);

/// The kernel's boot id: differs after each start of the machine.
std::string boot_id();

/// Raises the soft limit of open files to the hard one.
void raise_file_limit();

/// Takes the code that only the start needed out of this process: pages of programs and libraries
/// as they are on disk. The system keeps them in its cache, and what is needed again is mapped
/// again.
void unmap_unused_code();

/// Processors this process may use.
int available_cpus();

/// Which network this process is in: the same text in two processes means the same one. Empty if
/// it cannot be told.
std::string network_namespace();

/// Names the calling thread for top(1), ps(1) and gdb(1); at most 15 bytes are kept.
void name_thread(const char* name);

}  // namespace ipc
