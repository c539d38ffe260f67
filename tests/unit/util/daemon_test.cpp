// SPDX-License-Identifier: BSD-3-Clause
// Lock files, daemons and programs run to their end.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <filesystem>

#include "libipc/util/daemonize.hpp"
#include "libipc/util/file.hpp"
#include "libipc/util/lock.hpp"
#include "libipc/util/process.hpp"
#include "libipc/util/subprocess.hpp"

namespace ipc {
namespace {

class Background : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = std::filesystem::temp_directory_path() / "ipkit-test-XXXXXX";
    ASSERT_NE(::mkdtemp(directory_.data()), nullptr);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string directory_;
};

TEST_F(Background, ALockNamesItsHolderAndEndsWithIt) {
  const std::string path = directory_ + "/lock";
  EXPECT_FALSE(LockFile::holder(path));
  {
    const auto lock = LockFile::acquire(path);
    ASSERT_TRUE(lock);
    const auto second = LockFile::acquire(path);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Code::exists);
    EXPECT_TRUE(second.error().what.starts_with("pid " + std::to_string(::getpid()) + " on " +
                                                host_name() + " since 20"));
    ASSERT_TRUE(LockFile::holder(path));
    EXPECT_EQ(LockFile::holder(path)->pid, ::getpid());
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_TRUE(LockFile::acquire(path));
}

TEST_F(Background, ALockWhoseHolderWasKilledIsFree) {
  const std::string path = directory_ + "/lock";
  auto ready = make_pipe();
  ASSERT_TRUE(ready);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto lock = LockFile::acquire(path);
    [[maybe_unused]] auto n = ::write(ready->second.get(), lock ? "y" : "n", 1);
    ::pause();
    ::_exit(0);
  }
  char held = 0;
  ASSERT_EQ(::read(ready->first.get(), &held, 1), 1);
  EXPECT_EQ(held, 'y');
  EXPECT_FALSE(LockFile::acquire(path));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(std::filesystem::exists(path));
  EXPECT_FALSE(LockFile::holder(path));
  EXPECT_TRUE(LockFile::acquire(path));
}

/// Forks a daemon that does `act`; in the parent what it reported.
DaemonReport daemon_that(const std::string& log, void (*act)(Daemon&),
                         Duration limit = seconds(10)) {
  auto daemon = Daemon::start(log, limit);
  if (!daemon) return {-1, daemon.error().text()};
  if (daemon->is_parent()) return daemon->report();
  act(*daemon);
  ::_exit(0);
}

TEST_F(Background, TheParentHearsThatTheDaemonIsReady) {
  const auto report = daemon_that(directory_ + "/log", [](Daemon& d) { d.tell(0, "up\n"); });
  EXPECT_EQ(report.status, 0);
  EXPECT_EQ(report.message, "up\n");
}

TEST_F(Background, NotesComeBeforeTheReport) {
  std::vector<std::string> notes;
  auto daemon = Daemon::start(directory_ + "/log", seconds(10),
                              [&](std::string_view line) { notes.emplace_back(line); });
  ASSERT_TRUE(daemon);
  if (!daemon->is_parent()) {
    daemon->note("one of two");
    daemon->note("two of two");
    daemon->tell(0, "up\n");
    ::_exit(0);
  }
  EXPECT_EQ(notes, (std::vector<std::string>{"one of two", "two of two"}));
  EXPECT_EQ(daemon->report().message, "up\n");
}

TEST_F(Background, TheParentHearsHowTheDaemonDied) {
  auto report = daemon_that(directory_ + "/log", [](Daemon&) { ::_exit(69); });
  EXPECT_EQ(report.status, 69);
  EXPECT_NE(report.message.find("exit status 69; its log is " + directory_), std::string::npos);
  report = daemon_that("", [](Daemon&) { ::kill(::getpid(), SIGKILL); });
  EXPECT_EQ(report.status, 70);
  EXPECT_NE(report.message.find("killed by signal 9"), std::string::npos);
  report = daemon_that(directory_ + "/no/such/log", [](Daemon&) {});
  EXPECT_EQ(report.status, 70);
  EXPECT_NE(report.message.find("No such file"), std::string::npos);
}

TEST_F(Background, ADaemonThatSaysNothingIsEndedAtTheLimit) {
  const auto report = daemon_that(
      "", [](Daemon&) { ::pause(); }, milliseconds(200));
  EXPECT_EQ(report.status, 124);
}

TEST_F(Background, ADaemonHoldsNothingOfItsStarter) {
  auto inherited = make_pipe();
  ASSERT_TRUE(inherited);
  ASSERT_TRUE(set_cloexec(inherited->second.get(), false));
  const auto report = daemon_that(
      directory_ + "/log",
      [](Daemon& d) {
        const bool alone = ::getsid(0) == ::getpid();
        std::string open;
        for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
          if (const int fd = std::stoi(entry.path().filename());
              fd > 2 && fd != d.fd() && std::filesystem::is_fifo(entry.path()))
            open += " " + std::to_string(fd);
        d.tell(alone && open.empty() ? 0 : 1, std::to_string(::getpid()) + open);
        ::pause();
      },
      seconds(10));
  EXPECT_EQ(report.status, 0) << report.message;
  inherited->second.reset();
  // End of file: the daemon, which still runs, does not hold the other end.
  char byte = 0;
  EXPECT_EQ(::read(inherited->first.get(), &byte, 1), 0);
  ::kill(std::stoi(report.message), SIGKILL);
}

TEST_F(Background, AProgramGetsItsInputAndItsOutputsComeBack) {
  const std::string input(300'000, 'x');
  const auto done = run_to_end({"/bin/sh", "-c", "cat; echo no >&2; exit 3"}, input, seconds(20));
  ASSERT_TRUE(done);
  EXPECT_EQ(done->output, input);
  EXPECT_EQ(done->errors, "no\n");
  EXPECT_EQ(describe_exit(done->wait_status), "exit status 3");
}

TEST_F(Background, AProgramThatHangsOrIsNotThereIsAnError) {
  auto done = run_to_end({"/bin/sleep", "60"}, "", milliseconds(100));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::timed_out);
  done = run_to_end({"/bin/sh", "-c", "exec >&- 2>&-; sleep 60"}, "", milliseconds(100));
  ASSERT_FALSE(done);
  EXPECT_FALSE(run_to_end({"/no/such/program"}, "", seconds(5)));
}

void see_the_end_of_a_process() {
  const pid_t child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  const Fd process = process_descriptor(child);
  ASSERT_TRUE(process);
  EXPECT_FALSE(wait_for_process(process.get(), Clock::now() + milliseconds(20)));
  signal_process(process.get(), SIGTERM);
  EXPECT_TRUE(wait_for_process(process.get(), Clock::now() + seconds(10)));
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(wait_for_process(process.get(), Clock::now()));
  EXPECT_FALSE(process_descriptor(4'194'000));
}

TEST_F(Background, AProcessDescriptorSeesTheEnd) {
  see_the_end_of_a_process();
}

// As on Linux before 5.3: the calls that take a process's descriptor are unknown from here on.
bool forget_process_descriptors() {
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_send_signal, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{std::size(filter), filter};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

TEST_F(Background, WithoutProcessDescriptorsTheEndIsSeenToo) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (!forget_process_descriptors()) ::_exit(77);
    see_the_end_of_a_process();
    const auto done = run_to_end({"/bin/sh", "-c", "echo out; exec >&- 2>&-; sleep 0.1; exit 3"},
                                 "", seconds(30));
    EXPECT_TRUE(done && done->output == "out\n" && WEXITSTATUS(done->wait_status) == 3);
    ::_exit(HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "no seccomp here";
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace ipc
