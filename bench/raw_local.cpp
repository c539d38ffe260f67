// SPDX-License-Identifier: BSD-3-Clause
// The limit of bytes from one process to another on one machine, without any messaging.
//
//   raw_local stream|memfd COUNT MB
//
// stream: through a socket pair into memory of the receiver's; memfd: written into a memory file
// whose descriptor passes, mapped there. The receiver adds the bytes up and says the sum, so they
// are all read. MB are 10^6 bytes; the figure is the median of COUNT after one that warms up.
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "bench/samples.hpp"

namespace {

using Words = std::vector<std::uint64_t>;

void require(bool done, const char* what) {
  if (!done) throw std::runtime_error(what);
}

void write_all(int fd, const void* data, size_t size) {
  for (size_t done = 0; done < size;) {
    const ssize_t n = ::write(fd, static_cast<const char*>(data) + done, size - done);
    require(n > 0, "cannot write");
    done += static_cast<size_t>(n);
  }
}

void read_all(int fd, void* data, size_t size) {
  for (size_t done = 0; done < size;) {
    const ssize_t n = ::read(fd, static_cast<char*>(data) + done, size - done);
    require(n > 0, "the other end is gone");
    done += static_cast<size_t>(n);
  }
}

std::uint64_t sum_of(const std::uint64_t* words, size_t count) {
  return std::accumulate(words, words + count, std::uint64_t{0});
}

/// One descriptor beside one byte.
union Control {
  cmsghdr header;
  char space[CMSG_SPACE(sizeof(int))];
};

void send_memfd(int socket, const Words& words) {
  const int fd = ::memfd_create("raw_local", MFD_CLOEXEC);
  require(fd >= 0, "no memory file");
  write_all(fd, words.data(), words.size() * sizeof words[0]);
  char byte = 0;
  iovec part{&byte, 1};
  Control control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.space;
  message.msg_controllen = sizeof control.space;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof fd);
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  require(::sendmsg(socket, &message, 0) == 1, "cannot send a descriptor");
  ::close(fd);
}

std::uint64_t receive_memfd(int socket, size_t bytes) {
  char byte = 0;
  iovec part{&byte, 1};
  Control control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.space;
  message.msg_controllen = sizeof control.space;
  require(::recvmsg(socket, &message, 0) == 1 && CMSG_FIRSTHDR(&message) != nullptr,
          "no descriptor came");
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
  void* place = ::mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, fd, 0);
  ::close(fd);
  require(place != MAP_FAILED, "cannot map");
  const std::uint64_t sum =
      sum_of(static_cast<const std::uint64_t*>(place), bytes / sizeof(std::uint64_t));
  ::munmap(place, bytes);
  return sum;
}

std::uint64_t receive_stream(int socket, size_t bytes) {
  Words words(bytes / sizeof(std::uint64_t));
  read_all(socket, words.data(), bytes);
  return sum_of(words.data(), words.size());
}

void serve(int socket, bool memfd, size_t bytes) {
  while (true) {
    const std::uint64_t sum = memfd ? receive_memfd(socket, bytes) : receive_stream(socket, bytes);
    write_all(socket, &sum, sizeof sum);
  }
}

void measure(int socket, bool memfd, size_t count, size_t bytes) {
  Words words(bytes / sizeof(std::uint64_t));
  std::iota(words.begin(), words.end(), 1);
  std::vector<double> rates;
  for (size_t i = 0; i <= count; ++i) {
    words[0] = i;
    const std::uint64_t expected = sum_of(words.data(), words.size());
    const auto start = bench::Clock::now();
    memfd ? send_memfd(socket, words) : write_all(socket, words.data(), bytes);
    std::uint64_t sum = 0;
    read_all(socket, &sum, sizeof sum);
    if (i > 0) rates.push_back(static_cast<double>(bytes) / bench::micros_since(start));
    require(sum == expected, "other bytes came than were sent");
  }
  bench::print_figure("one-way", bench::percentile(rates, 0.5), "MB/s");
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view how = argc == 4 ? argv[1] : "";
  const size_t count = argc == 4 ? std::strtoul(argv[2], nullptr, 10) : 0;
  const size_t bytes = argc == 4 ? std::strtoul(argv[3], nullptr, 10) * 1000000 : 0;
  int ends[2];
  if ((how != "stream" && how != "memfd") || count == 0 || bytes == 0) {
    std::fprintf(stderr, "usage: raw_local stream|memfd COUNT MB\n");
    return 64;
  }
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return 1;
  const pid_t child = ::fork();
  try {
    if (child == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::close(ends[0]);
      serve(ends[1], how == "memfd", bytes);
    }
    ::close(ends[1]);
    measure(ends[0], how == "memfd", count, bytes);
  } catch (const std::exception& error) {
    if (child == 0) ::_exit(1);  // the other end is gone
    std::fprintf(stderr, "raw_local: %s\n", error.what());
    return 1;
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}
