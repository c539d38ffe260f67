// SPDX-License-Identifier: BSD-3-Clause
// HPC Pack by its `job` and `task` commands.
#include <filesystem>
#include <regex>

#include "launchers/common/command.hpp"
#include "launchers/winhpc/scheduler.hpp"
#include "libipc/util/process.hpp"
#include "libipc/util/text.hpp"

namespace ipc::winhpc {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

// ipcluster gives a launcher a minute.
constexpr Duration kPatience = seconds(25), kSubmitPatience = seconds(50);

Error explain(const Words& words, const Completed& done) {
  // Messages are on either.
  std::string said = launcher::one_line(done.errors + "\n" + done.output);
  if (said.empty()) said = words[0] + ": " + describe_exit(done.wait_status);
  return {code_for(said), said, "the command was: " + join(words, " ")};
}

/// Lines of `Name : Value`; a value may have a colon.
Properties properties_in(const std::string& text) {
  Properties properties;
  for (const auto& line : split(text, '\n'))
    if (const size_t at = line.find(':'); at != std::string::npos)
      properties.emplace(property_name(line.substr(0, at)), trim(line.substr(at + 1)));
  return properties;
}

/// The first number of an answer, where the command says that it succeeded.
std::string any_number(const std::string& text) {
  std::smatch match;
  return std::regex_search(text, match, std::regex("\\d+")) ? match[0].str() : "";
}

class Command : public Scheduler {
 public:
  explicit Command(const Site& site) : site_(site) {}

  std::string way(const std::string& file) const override {
    const fs::path path = file;
    return "cd " + path.parent_path().string() + "; " + join(submit_words(path.filename()), " ");
  }

  Status submit(const Record& record, Submitted& entry, const std::string&) override {
    const fs::path file = record.job_file(entry.job);
    // By its name only: to a Windows program in WSL a path of ours means nothing.
    const Words words = submit_words(file.filename());
    IPC_TRY_ASSIGN(
        const Completed done,
        launcher::run_kept(words,
                           {file.parent_path(), "/dev/null", record.answer_file(entry.job),
                            record.complaint_file(entry.job), record.lock()},
                           kSubmitPatience));
    if (!done.ok()) return explain(words, done);
    std::string number = record.answered(entry.job);
    if (number.empty()) number = any_number(done.output);
    if (number.empty())
      return Error{Code::bad_profile,
                   words[0] + " answered without a job's id: " +
                       launcher::one_line(done.output + "\n" + done.errors),
                   "the command was: " + join(words, " ")};
    return record.note_number(entry, number);
  }

  Result<JobState> ask(const Target& target) override {
    const Words words = words_for(target, {"view"});
    IPC_TRY_ASSIGN(const Completed done, call(words));
    if (done.ok()) {
      const Properties properties = properties_in(done.output);
      if (properties.contains("state")) return state_of(target, properties);
      return Error{Code::bad_input,
                   words[0] + " named no state: " + launcher::one_line(done.output),
                   "the command was: " + join(words, " ")};
    }
    if (says_unknown(done.output + done.errors))
      return JobState{"ended", "winhpc " + target.text() + " ended"};
    return explain(words, done);
  }

  Status cancel(const Target& target, bool force) override {
    Words words = words_for(target, {"cancel"});
    if (force) words.insert(words.begin() + 3, "/force");
    IPC_TRY_ASSIGN(const Completed done, call(words));
    if (!done.ok()) return explain(words, done);
    return {};
  }

 private:
  Words submit_words(const std::string& file) const {
    return {site_.command, "submit", "/jobfile:" + file, "/scheduler:" + site_.scheduler};
  }

  /// `job VERB 4711`, or `task VERB 4711.2`.
  Words words_for(const Target& target, Words verb) const {
    fs::path program = site_.command;
    if (target.task) program.replace_filename("task" + program.extension().string());
    Words words{program.string()};
    words.insert(words.end(), verb.begin(), verb.end());
    words.push_back(target.text());
    words.push_back("/scheduler:" + site_.scheduler);
    return words;
  }

  static Result<Completed> call(Words words) {
    IPC_TRY_ASSIGN(words[0], launcher::find_command(words[0]));
    return run_to_end(words, "", kPatience);
  }

  Site site_;
};

}  // namespace

std::unique_ptr<Scheduler> by_command(const Site& site) {
  return std::make_unique<Command>(site);
}

}  // namespace ipc::winhpc
