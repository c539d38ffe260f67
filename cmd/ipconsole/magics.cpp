// SPDX-License-Identifier: BSD-3-Clause
// Words to the console itself, and programs of ours run from it.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>

#include "cmd/ipconsole/session.hpp"
#include "cmd/ipconsole/signals.hpp"
#include "libipc/cli/connect.hpp"
#include "libipc/cli/jobs.hpp"
#include "libipc/client/cancel.hpp"
#include "libipc/client/jobs.hpp"
#include "libipc/util/idset.hpp"
#include "libipc/util/text.hpp"

namespace ipconsole {

using ipc::Code;
using ipc::Error;
using ipc::Status;
using ipc::client::Connection;

namespace {

constexpr int kHistoryShown = 20;
constexpr auto kPatience = ipc::seconds(5);

Error misused(const std::string& what, const std::string& name) {
  for (const auto& magic : magics())
    if (magic.name == name)
      return {Code::usage, "%" + name + ": " + what,
              "%" + name + " " + std::string(magic.argument)};
  return {Code::usage, "%" + name + ": " + what, ""};
}

/// Takes the first word off; empty if there is none.
std::string take_word(std::string_view& text) {
  text = text.substr(std::min(text.find_first_not_of(" \t"), text.size()));
  const size_t end = std::min(text.find_first_of(" \t"), text.size());
  std::string word(text.substr(0, end));
  text.remove_prefix(end);
  return word;
}

/// What stands before the code of %px.
struct PxOptions {
  std::optional<std::string> targets;
  bool background = false;
  std::string code;
};

ipc::Result<PxOptions> read_px(std::string_view text) {
  PxOptions options;
  while (true) {
    std::string_view rest = text;
    const std::string word = take_word(rest);
    constexpr std::string_view kLong = "--targets=";
    if (word == "-t" || word == "--targets") {
      options.targets = take_word(rest);
      if (options.targets->empty()) return misused("-t wants engines", "px");
    } else if (word.starts_with(kLong)) {
      options.targets = word.substr(kLong.size());
    } else if (word == "-a" || word == "--noblock") {
      options.background = true;
    } else if (word == "--block") {
      options.background = false;
    } else if (word.starts_with("--") || (word.size() == 2 && word[0] == '-' && word > "-A")) {
      return misused("unknown option " + word, "px");
    } else {
      options.code = ipc::trim(text);
      return options;
    }
    text = rest;
  }
}

std::string shortened(const std::string& code) {
  std::string line = code.substr(0, code.find('\n'));
  if (line.size() > 60) line = line.substr(0, 57) + "…";
  return line.size() < code.size() && !line.ends_with("…") ? line + " …" : line;
}

}  // namespace

Status Session::do_magic(const Input& input, const std::string& shown) {
  if (input.name == "exit") return left_ = true, Status();
  if (input.name == "help") return do_help(), Status();
  if (input.name == "targets") return do_targets(input.text);
  if (input.name == "px") return do_px(input, shown);
  if (input.name == "autopx") return do_autopx();
  if (input.name == "jobs") return do_jobs();
  if (input.name == "result") return do_result(input.text);
  if (input.name == "cancel") return do_cancel(input.text);
  if (input.name == "history") return do_history(input.text);
  if (input.name == "save") {
    const auto words = words_in(input.text);
    if (words.size() != 1) return misused("one file is wanted", "save");
    return transcript_.save(words[0]);
  }
  Input command = input;  // sh
  command.kind = Input::Kind::shell;
  command.text = input.cell ? input.body : input.text;
  if (ipc::trim(command.text).empty()) return misused("no command", "sh");
  return run_code(command, shown);
}

void Session::do_help() {
  std::string text =
      "CODE      runs on every engine of the prompt; Ctrl-C interrupts it there, once more (or\n"
      "          Ctrl-\\) leaves it running. Enter on an open line goes on, an empty line ends\n"
      "          a block. Tab completes, arrow keys and Ctrl-R find earlier inputs\n"
      "!COMMAND  runs in the engines' shells\n"
      "NAME?     what the first engine knows of NAME; NAME?? with its source\n"
      "Out[N]    the result of that number there; _N, and _ the last one\n";
  for (const auto& magic : magics()) {
    std::string name = "%" + std::string(magic.name);
    if (!magic.argument.empty()) name += " " + std::string(magic.argument);
    text += name + std::string(name.size() < 24 ? 24 - name.size() : 1, ' ') +
            std::string(magic.help) + "\n";
  }
  text +=
      "%ipstat, %ipls, …       programs of ipkit, on these engines: %ipmap 'x**2' ::: 1 2\n"
      "other %names are IPython's, where the engines have it. Ctrl-D leaves\n";
  streams_.out.write(text);
  streams_.out.flush();
}

Status Session::do_targets(const std::string& text) {
  ipc::cli::TargetChoice choice = choice_;
  if (!text.empty()) choice = {text, "", true};
  IPC_TRY_ASSIGN(engines_, choose(choice, true));
  choice_ = choice;
  if (!text.empty() || !console_) return {};
  IPC_TRY_ASSIGN(const ipc::client::EngineTable* table, connection_->engines());
  streams_.out.write("targets " + choice_.targets + ": " + ipc::format_idset(engines_) + ", of " +
                     ipc::format_idset(table->ids()) + "\n");
  streams_.out.flush();
  return {};
}

Status Session::do_px(const Input& input, const std::string& shown) {
  IPC_TRY_ASSIGN(PxOptions options, read_px(input.text));
  if (input.cell) options.code += (options.code.empty() ? "" : "\n") + input.body;
  if (ipc::trim(options.code).empty()) return misused("no code", "px");
  ipc::cli::TargetChoice choice = choice_;
  if (options.targets) choice = {*options.targets, "", true};
  IPC_TRY_ASSIGN(const auto engines, choose(choice, true));
  if (options.background) return start_in_background(options.code, engines);
  // Whatever plain input does at the moment.
  std::unique_ptr<Connection> here = std::move(here_);
  const Status done = execute(shown, options.code, false, engines);
  here_ = std::move(here);
  return done;
}

Status Session::start_in_background(const std::string& code, const std::vector<int>& engines) {
  LeftWork work{{}, engines, code};
  for (const int engine : engines) {
    auto request = request_for(engine, code, false);
    request.directed = false;
    IPC_TRY_ASSIGN(work.ids.emplace_back(), connection_->send(engine, std::move(request), {}));
  }
  IPC_TRY(ipc::client::acknowledge(*connection_, work.ids));
  for (const auto& id : work.ids) streams_.out.write(ipc::cli::job_word(id) + "\n");
  streams_.out.flush();
  jobs_.push_back(std::move(work));
  return {};
}

Status Session::do_autopx() {
  if (here_ != nullptr) {
    here_.reset();
    streams_.out.write("%autopx on: input goes to the engines\n");
  } else {
    Arguments local;
    local.options = {{"serial", "true"}};
    IPC_TRY(open(local, here_));
    IPC_TRY(here_->engines());
    streams_.out.write("%autopx off: input runs in a Python of this machine; %px on the engines\n");
  }
  streams_.out.flush();
  return {};
}

Status Session::do_jobs() {
  std::vector<std::string> ids;
  for (const auto& job : jobs_) ids.insert(ids.end(), job.ids.begin(), job.ids.end());
  if (ids.empty()) {
    streams_.out.write("nothing was left running; %px -a CODE does that\n");
    return streams_.out.flush(), Status();
  }
  if (connection_ == nullptr) IPC_TRY(start());
  IPC_TRY_ASSIGN(const auto states,
                 ipc::client::job_states(*connection_, ids, ipc::Clock::now() + kPatience));
  for (const auto& job : jobs_)
    for (size_t i = 0; i < job.ids.size(); ++i) {
      const auto done = states.done.find(job.ids[i]);
      const char* state =
          done != states.done.end() ? done->second == ipc::client::Outcome::ok ? "done" : "failed"
          : std::count(states.unknown.begin(), states.unknown.end(), job.ids[i]) ? "unknown"
                                                                                 : "running";
      streams_.out.write(
          ipc::cli::job_word(job.ids[i]) + "  " + state + "  " +
          (job.ids.size() == job.engines.size() ? std::to_string(job.engines[i]) : "") + "  " +
          shortened(job.code) + "\n");
    }
  streams_.out.flush();
  return {};
}

Status Session::do_result(const std::string& text) {
  if (!text.empty()) return do_program("ipresult", text);
  const auto& ids = jobs_.empty() ? last_ : jobs_.back().ids;
  if (ids.empty()) return misused("nothing has run yet", "result");
  std::string words;
  for (const auto& id : ids) words += " " + ipc::cli::job_word(id);
  return do_program("ipresult", words);
}

Status Session::do_cancel(const std::string& text) {
  std::vector<std::string> ids;
  if (text.empty()) {
    for (const auto& job : jobs_) ids.insert(ids.end(), job.ids.begin(), job.ids.end());
    if (ids.empty()) return misused("nothing was left running", "cancel");
  } else {
    const auto words = words_in(text);
    IPC_TRY_ASSIGN(ids, ipc::cli::parse_jobs(words));
  }
  if (connection_ == nullptr) IPC_TRY(start());
  IPC_TRY_ASSIGN(const auto fates,
                 ipc::client::cancel_jobs(*connection_, ids, ipc::Clock::now() + kPatience));
  std::vector<std::string> unknown;
  for (const auto& [id, fate] : fates)
    if (fate == ipc::client::Fate::unknown) unknown.push_back(id);
  if (!unknown.empty()) return ipc::client::no_such_job(unknown);
  return {};
}

Status Session::do_history(const std::string& text) {
  if (history_ == nullptr) return Error{Code::no_input, "no history is kept here", ""};
  std::string_view rest = text;
  int count = kHistoryShown;
  if (std::string_view after = rest; take_word(after) == "-n") {
    const std::string number = take_word(after);
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), count);
    if (error != std::errc() || end != number.data() + number.size() || count < 1)
      return misused("-n wants a number", "history");
    rest = after;
  }
  IPC_TRY_ASSIGN(const auto entries, history_->find(ipc::trim(rest), count));
  for (const auto& entry : entries)
    streams_.out.write(entry.when + "  " + (colours_ ? paint(entry.text, language_) : entry.text) +
                       "\n");
  streams_.out.flush();
  return {};
}

// As the shell would: so that `%ipls | wc -l` works.
Status Session::do_program(const std::string& name, const std::string& text) {
  streams_.out.flush();
  std::error_code error;
  const auto directory = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  const std::string line = name + " " + text;
  const char* path = std::getenv("PATH");
  const std::string search = directory.string() + ":" + (path != nullptr ? path : "/usr/bin:/bin");
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv("PATH", search.c_str(), 1);
    ::setenv("IPKIT_CONNECTION", std::filesystem::absolute(path_, error).c_str(), 1);
    if (choice_.is_explicit) ::setenv("IPKIT_TARGETS", choice_.targets.c_str(), 1);
    if (!console_) ::setenv("IPKIT_STDIN", "none", 1);
    ::execl("/bin/sh", "sh", "-c", line.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  if (child < 0) return ipc::system_error(Code::internal, "cannot run " + name);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  (void)take_keys();  // were the program's
  failed_ = status != 0;
  return {};
}

}  // namespace ipconsole
