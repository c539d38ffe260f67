// SPDX-License-Identifier: BSD-3-Clause
// A session at a terminal, or with a script: what a console needs of its surroundings.
#include "cmd/ipconsole/session.hpp"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <ctime>

#include "cmd/ipconsole/signals.hpp"
#include "libipc/cli/signals.hpp"
#include "libipc/util/file.hpp"
#include "libipc/util/text.hpp"

namespace ipconsole {

using ipc::Code;
using ipc::Error;
using ipc::Result;
using ipc::Status;
using ipc::client::Connection;
using ipc::console::Input;
using ipc::console::Magic;
using ipc::console::misused;

namespace {

constexpr int kHistoryShown = 20;

// What only a session that is kept can do.
const std::vector<Magic>& own_magics() {
  static const std::vector<Magic> all = {
      {"history", "[-n N] [TEXT]", "earlier inputs of all sessions that contain TEXT"},
      {"save", "FILE", "keep this session: .html with its plots, .py the inputs alone"},
  };
  return all;
}

bool has_colours() {
  const char* const none = std::getenv("NO_COLOR");
  const char* const term = std::getenv("TERM");
  return ::isatty(STDOUT_FILENO) == 1 && (none == nullptr || *none == '\0') && term != nullptr &&
         std::string_view(term) != "dumb";
}

std::string now_text() {
  const std::time_t now = std::time(nullptr);
  struct tm parts {};
  ::localtime_r(&now, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts)};
}

}  // namespace

Session::Session(const ipc::cli::Arguments& arguments, ipc::cli::Streams& streams, bool console)
    : arguments_(arguments),
      streams_(streams),
      is_console_(console),
      colours_(console && has_colours()),
      console_(arguments, *this, own_magics(), console) {}

void Session::entering(Connection& connection) {
  if (std::find(flushed_.begin(), flushed_.end(), &connection) != flushed_.end()) return;
  flushed_.push_back(&connection);
  streams_.flush_each_turn(connection.loop());
}

void Session::leaving(Connection& connection) {
  std::erase(flushed_, &connection);
}

bool Session::wait_for_key() {
  Connection* connection = console_.connection();
  if (connection == nullptr) {
    struct pollfd ready[] = {
        {STDIN_FILENO, POLLIN, 0}, {keys_fd(), POLLIN, 0}, {end_fd(), POLLIN, 0}};
    ::poll(ready, 3, 1000);
    return ipc::cli::noted_signal() == 0;
  }
  auto& loop = connection->loop();
  for (const int fd : {STDIN_FILENO, keys_fd(), end_fd()}) loop.on_fd(fd, POLLIN, [](short) {});
  loop.turn(ipc::seconds(1));
  for (const int fd : {STDIN_FILENO, keys_fd(), end_fd()}) loop.remove_fd(fd);
  return ipc::cli::noted_signal() == 0;
}

Status Session::take(const std::string& text) {
  failed_ = false;
  ipc::console::Manner manner;
  manner.silent = !is_console_ && !arguments_.has("save");
  manner.history = is_console_;
  manner.may_ask = static_cast<bool>(ask_);
  return console_.take(text, manner);
}

void Session::say(std::string_view text) {
  streams_.out.write(text);
  streams_.out.flush();
}

Result<ipc::console::Ran> Session::run(const ipc::console::Work& work) {
  transcript_.begin(now_text(), work.where, work.shown);
  const bool several = work.engines.size() > 1;
  const ViewOptions options{is_console_, several && !arguments_.has("no-label"), colours_,
                            arguments_.has("verbose")};
  View view(options, work.engines, streams_, transcript_);
  RunHooks hooks;
  hooks.keys = is_console_;
  if (ask_)
    hooks.ask = [&](int engine, const std::string& prompt, bool hidden) {
      return ask_((several ? std::to_string(engine) + ": " : "") + prompt, hidden);
    };
  auto ran = ipconsole::run(work, hooks, view, streams_);
  failed_ = view.failed();
  return ran;
}

Result<int> Session::run_program(
    const std::string& line, const std::vector<std::pair<std::string, std::string>>& environment) {
  streams_.out.flush();
  const char* path = std::getenv("PATH");
  const std::string search =
      ipc::program_directory() + ":" + (path != nullptr ? path : "/usr/bin:/bin");
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv("PATH", search.c_str(), 1);
    for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
    if (!is_console_) ::setenv("IPKIT_STDIN", "none", 1);
    ::execl("/bin/sh", "sh", "-c", line.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  if (child < 0) return ipc::system_error(Code::internal, "cannot run " + line);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  (void)take_keys();  // were the program's
  return status;
}

std::string Session::help() const {
  return "CODE      runs on every engine of the prompt; Ctrl-C interrupts it there, once more (or\n"
         "          Ctrl-\\) leaves it running. Enter on an open line goes on, an empty line ends\n"
         "          a block. Tab completes, arrow keys and Ctrl-R find earlier inputs. Ctrl-D "
         "leaves\n"
         "!COMMAND  runs in the engines' shells\n"
         "NAME?     what the first engine knows of NAME; NAME?? with its source\n"
         "Out[N]    the result of that number there; _N, and _ the last one\n";
}

Status Session::magic(const Input& input) {
  if (input.name == "history") return do_history(input.text);
  const auto words = ipc::console::words_in(input.text);
  if (words.size() != 1) return misused("one file is wanted", "save", own_magics());
  return transcript_.save(words[0]);
}

Status Session::do_history(const std::string& text) {
  if (history_ == nullptr) return Error{Code::no_input, "no history is kept here", ""};
  std::string_view rest = ipc::trim(text);
  int count = kHistoryShown;
  if (rest.starts_with("-n")) {
    rest = ipc::trim(rest.substr(2));
    const std::string number(rest.substr(0, rest.find_first_of(" \t")));
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), count);
    if (error != std::errc() || end != number.data() + number.size() || count < 1)
      return misused("-n wants a number", "history", own_magics());
    rest.remove_prefix(number.size());
  }
  IPC_TRY_ASSIGN(const auto entries, history_->find(ipc::trim(rest), count));
  for (const auto& entry : entries)
    streams_.out.write(entry.when + "  " +
                       (colours_ ? ipc::console::paint(entry.text, language()) : entry.text) +
                       "\n");
  streams_.out.flush();
  return {};
}

}  // namespace ipconsole
