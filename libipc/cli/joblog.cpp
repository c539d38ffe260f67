// SPDX-License-Identifier: BSD-3-Clause
// Job logs: a line for each job that has ended, in GNU parallel's columns and some of our own.
#include "libipc/cli/joblog.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <fstream>

#include "libipc/util/text.hpp"

namespace ipc::cli {

namespace {

constexpr std::string_view kHeader =
    "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\tEngine\tAttempt\tKe"
    "y"
    "\n";
constexpr std::string_view kAnyHeader = "Seq\tHost\tStarttime\t";
constexpr size_t kParallelsColumns = 9, kColumns = 12;
constexpr std::string_view kBySignal = "killed by signal ";

std::string plain(std::string_view text) {
  std::string line(text);
  for (char& c : line)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return line;
}

// Parallel pads numbers with blanks.
template <class Number>
bool read_number(std::string_view text, Number& number) {
  text = trim(text);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

// A time that can be written again.
bool read_time(std::string_view text, double& seconds) {
  constexpr double kMost = 1e15;
  return read_number(text, seconds) && std::abs(seconds) < kMost;
}

// Fills in what stands behind parallel's columns.
bool read_own(const std::vector<std::string>& cells, JobRecord& record) {
  if (cells.size() < kColumns) return cells.size() == kParallelsColumns;
  record.key = cells[11] == "-" ? "" : cells[11];
  if (cells[9] != "-" && !read_number(cells[9], record.engine)) return false;
  return read_number(cells[10], record.attempt);
}

// Length of the whole lines of a file of `size` bytes.
std::uint64_t whole_lines(int fd, std::uint64_t size) {
  char c = 0;
  while (size > 0 && ::pread(fd, &c, 1, static_cast<off_t>(size - 1)) == 1 && c != '\n') --size;
  return size;
}

}  // namespace

void set_failure(JobRecord& record, const client::RemoteError& error) {
  record.exit_status = error.exit_status.value_or(1);
  const size_t at = error.evalue.find(kBySignal);
  if (at == std::string::npos) return;
  const char* const digits = error.evalue.data() + at + kBySignal.size();
  std::from_chars(digits, error.evalue.data() + error.evalue.size(), record.signal);
  if (record.signal != 0) record.exit_status = 0;
}

// FNV-1a: it guards against mistakes, not against enemies.
std::string job_key(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  std::string text(16, '0');
  for (size_t i = 16; i-- > 0; hash >>= 4) text[i] = "0123456789abcdef"[hash & 15];
  return text;
}

std::string joblog_line(const JobRecord& record) {
  char times[64];
  std::snprintf(times, sizeof times, "%.3f\t%.3f", record.start, record.runtime);
  const auto cell = [](const std::string& text) { return text.empty() ? "-" : plain(text); };
  return std::to_string(record.seq) + '\t' + cell(record.host) + '\t' + times + '\t' +
         std::to_string(record.sent) + '\t' + std::to_string(record.received) + '\t' +
         std::to_string(record.exit_status) + '\t' + std::to_string(record.signal) + '\t' +
         plain(record.command) + '\t' + (record.engine < 0 ? "-" : std::to_string(record.engine)) +
         '\t' + std::to_string(record.attempt) + '\t' + cell(record.key) + '\n';
}

Result<JobRecord> parse_joblog_line(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  const auto cells = split(line, '\t');
  JobRecord record;
  const bool good = cells.size() >= kParallelsColumns && read_number(cells[0], record.seq) &&
                    record.seq > 0 && read_time(cells[2], record.start) &&
                    read_time(cells[3], record.runtime) && read_number(cells[4], record.sent) &&
                    read_number(cells[5], record.received) &&
                    read_number(cells[6], record.exit_status) &&
                    read_number(cells[7], record.signal) && read_own(cells, record);
  if (!good) return Error{Code::bad_input, "no line of a job log", ""};
  record.host = cells[1] == "-" ? "" : cells[1];
  record.command = cells[8];
  return record;
}

Status read_joblog(const std::string& path,
                   const std::function<Status(JobRecord&&, size_t line)>& take) {
  std::ifstream file(path);
  if (!file.is_open())
    return errno == ENOENT ? Status() : Status(system_error(Code::no_input, "cannot open " + path));
  std::string line;
  for (size_t number = 1; std::getline(file, line); ++number) {
    if (file.eof()) break;
    const bool is_header = line.starts_with(kAnyHeader);
    if (number == 1 && !is_header)
      return Error{Code::bad_input, path + " is no job log: it does not begin with 'Seq'", ""};
    if (is_header) continue;
    auto record = parse_joblog_line(line);
    if (!record)
      return Error{Code::bad_input, path + ":" + std::to_string(number) + ": not a job's line", ""};
    IPC_TRY(take(*std::move(record), number));
  }
  return {};
}

Result<JobLog> JobLog::open(const std::string& path, bool append) {
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (!fd) return system_error(Code::no_input, "cannot open " + path);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    return Error{Code::exists, path + " is being written by another program", "wait for its end"};
  JobLog log(std::move(fd), path);
  IPC_TRY(log.begin(append));
  return log;
}

Status JobLog::begin(bool append) {
  struct stat status;
  if (::fstat(fd_.get(), &status) != 0)
    return system_error(Code::internal, "cannot look at " + path_);
  const auto old = static_cast<std::uint64_t>(status.st_size);
  if (S_ISREG(status.st_mode) && old > 0) {
    // The name of some other file, given by mistake, does not cost that file.
    char first[kAnyHeader.size()];
    const ssize_t n = ::pread(fd_.get(), first, sizeof first, 0);
    if (n < 0 || !kAnyHeader.starts_with({first, static_cast<size_t>(n)}))
      return Error{Code::bad_input, path_ + " is no job log: it does not begin with 'Seq'",
                   "remove it, or name another file"};
    size_ = append ? whole_lines(fd_.get(), old) : 0;
    if (::ftruncate(fd_.get(), static_cast<off_t>(size_)) != 0)
      return system_error(Code::internal, "cannot write " + path_);
    ::lseek(fd_.get(), static_cast<off_t>(size_), SEEK_SET);
  }
  if (size_ == 0) held_ = kHeader;
  return flush();
}

Status JobLog::flush() {
  if (held_.empty()) return {};
  const auto written = write_all(fd_.get(), held_);
  if (!written) return Error{Code::internal, path_ + ": " + written.error().text(), ""};
  size_ += held_.size();
  held_.clear();
  return {};
}

}  // namespace ipc::cli
