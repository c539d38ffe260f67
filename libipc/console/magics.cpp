// SPDX-License-Identifier: BSD-3-Clause
// Words to a console itself, and programs of ours run from it.
#include <algorithm>
#include <filesystem>

#include "libipc/cli/jobs.hpp"
#include "libipc/client/cancel.hpp"
#include "libipc/client/jobs.hpp"
#include "libipc/console/console.hpp"
#include "libipc/util/idset.hpp"
#include "libipc/util/text.hpp"

namespace ipc::console {

using client::Connection;

namespace {

constexpr auto kPatience = seconds(5);

Error misused(const std::string& what, std::string_view name) {
  return console::misused(what, name, magics());
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

Result<PxOptions> read_px(std::string_view text) {
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
      options.code = trim(text);
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

Status Console::do_magic(const Input& input, const std::string& shown) {
  if (input.name == "exit") return left_ = true, Status();
  if (input.name == "help") return do_help(), Status();
  if (input.name == "targets") return do_targets(input.text);
  if (input.name == "px") return do_px(input, shown);
  if (input.name == "autopx") return do_autopx();
  if (input.name == "jobs") return do_jobs();
  if (input.name == "result") return do_result(input.text);
  if (input.name == "cancel") return do_cancel(input.text);
  if (input.name != "sh") return host_.magic(input);
  Input command = input;
  command.kind = Input::Kind::shell;
  command.text = input.cell ? input.body : input.text;
  if (trim(command.text).empty()) return misused("no command", "sh");
  return run_code(command, shown);
}

void Console::do_help() {
  std::string text = host_.help();
  for (const auto& magic : magics_) {
    std::string name = "%" + std::string(magic.name);
    if (!magic.argument.empty()) name += " " + std::string(magic.argument);
    text += name + std::string(name.size() < 24 ? 24 - name.size() : 1, ' ') +
            std::string(magic.help) + "\n";
  }
  text +=
      "%ipstat, %ipls, …       programs of ipkit, on these engines: %ipmap 'x**2' ::: 1 2\n"
      "other %names are IPython's, where the engines have it\n";
  host_.say(text);
}

Status Console::do_targets(const std::string& text) {
  cli::TargetChoice choice = choice_;
  if (!text.empty()) choice = {text, "", true};
  IPC_TRY_ASSIGN(engines_, choose(choice, true));
  choice_ = choice;
  if (!text.empty() || !talks_) return {};
  IPC_TRY_ASSIGN(const client::EngineTable* table, connection_->engines());
  host_.say("targets " + choice_.targets + ": " + format_idset(engines_) + ", of " +
            format_idset(table->ids()) + "\n");
  return {};
}

Status Console::do_px(const Input& input, const std::string& shown) {
  IPC_TRY_ASSIGN(PxOptions options, read_px(input.text));
  if (input.cell) options.code += (options.code.empty() ? "" : "\n") + input.body;
  if (trim(options.code).empty()) return misused("no code", "px");
  cli::TargetChoice choice = choice_;
  if (options.targets) choice = {*options.targets, "", true};
  IPC_TRY_ASSIGN(const auto engines, choose(choice, true));
  if (options.background) return start_in_background(options.code, engines);
  // Whatever plain input does at the moment.
  std::unique_ptr<Connection> here = std::move(here_);
  const Status done = execute(shown, options.code, false, engines);
  here_ = std::move(here);
  return done;
}

Status Console::start_in_background(const std::string& code, const std::vector<int>& engines) {
  LeftWork work{{}, engines, code};
  for (const int engine : engines) {
    auto request = request_for(engine, code, false);
    request.directed = false;
    IPC_TRY_ASSIGN(work.ids.emplace_back(), connection_->send(engine, std::move(request), {}));
  }
  IPC_TRY(client::acknowledge(*connection_, work.ids));
  std::string words;
  for (const auto& id : work.ids) words += cli::job_word(id) + "\n";
  host_.say(words);
  jobs_.push_back(std::move(work));
  return {};
}

Status Console::do_autopx() {
  if (here_ != nullptr) {
    close(here_);
    host_.say("%autopx on: input goes to the engines\n");
  } else {
    Arguments local;
    local.options = {{"serial", "true"}};
    IPC_TRY(open(local, here_));
    IPC_TRY(here_->engines());
    host_.say("%autopx off: input runs in a Python of this machine; %px on the engines\n");
  }
  return {};
}

Status Console::do_jobs() {
  std::vector<std::string> ids;
  for (const auto& job : jobs_) ids.insert(ids.end(), job.ids.begin(), job.ids.end());
  if (ids.empty()) return host_.say("nothing was left running; %px -a CODE does that\n"), Status();
  if (connection_ == nullptr) IPC_TRY(start());
  IPC_TRY_ASSIGN(const auto states,
                 client::job_states(*connection_, ids, Clock::now() + kPatience));
  std::string lines;
  for (const auto& job : jobs_)
    for (size_t i = 0; i < job.ids.size(); ++i) {
      const auto done = states.done.find(job.ids[i]);
      const char* state =
          done != states.done.end() ? done->second == client::Outcome::ok ? "done" : "failed"
          : std::count(states.unknown.begin(), states.unknown.end(), job.ids[i]) ? "unknown"
                                                                                 : "running";
      lines += cli::job_word(job.ids[i]) + "  " + state + "  " +
               (job.ids.size() == job.engines.size() ? std::to_string(job.engines[i]) : "") + "  " +
               shortened(job.code) + "\n";
    }
  host_.say(lines);
  return {};
}

Status Console::do_result(const std::string& text) {
  if (!text.empty()) return do_program("ipresult", text);
  const auto& ids = jobs_.empty() ? last_ : jobs_.back().ids;
  if (ids.empty()) return misused("nothing has run yet", "result");
  std::string words;
  for (const auto& id : ids) words += " " + cli::job_word(id);
  return do_program("ipresult", words);
}

Status Console::do_cancel(const std::string& text) {
  std::vector<std::string> ids;
  if (text.empty()) {
    for (const auto& job : jobs_) ids.insert(ids.end(), job.ids.begin(), job.ids.end());
    if (ids.empty()) return misused("nothing was left running", "cancel");
  } else {
    const auto words = words_in(text);
    IPC_TRY_ASSIGN(ids, cli::parse_jobs(words));
  }
  if (connection_ == nullptr) IPC_TRY(start());
  IPC_TRY_ASSIGN(const auto fates,
                 client::cancel_jobs(*connection_, ids, Clock::now() + kPatience));
  std::vector<std::string> unknown;
  for (const auto& [id, fate] : fates)
    if (fate == client::Fate::unknown) unknown.push_back(id);
  if (!unknown.empty()) return client::no_such_job(unknown);
  return {};
}

// As the shell would: so that `%ipls | wc -l` works.
Status Console::do_program(const std::string& name, const std::string& text) {
  std::error_code error;
  std::vector<std::pair<std::string, std::string>> environment = {
      {"IPKIT_CONNECTION", std::filesystem::absolute(path_, error).string()}};
  if (choice_.is_explicit) environment.emplace_back("IPKIT_TARGETS", choice_.targets);
  IPC_TRY_ASSIGN(const int status, host_.run_program(name + " " + text, environment));
  failed_ = status != 0;
  return {};
}

}  // namespace ipc::console
