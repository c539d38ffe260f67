// SPDX-License-Identifier: BSD-3-Clause
// How what engines give is shown, and kept.
#include "cmd/ipconsole/view.hpp"

#include <algorithm>

#include "libipc/cli/errors.hpp"
#include "libipc/cli/program.hpp"

namespace ipconsole {

using ipc::cli::OutputOptions;

View::View(ViewOptions options, const std::vector<int>& engines, ipc::cli::Streams& streams,
           Transcript& transcript)
    : options_(options), streams_(streams), transcript_(transcript) {
  OutputOptions output;
  output.label_stderr = options.labels;
  output.label_stdout = options.labels && options.console;
  output.more_follows = options.console && options.labels;
  // On a terminal both streams are one, in the order they come.
  auto& err = options.console ? streams.out : streams.err;
  output_.emplace(output, engines, streams.out, err);
}

void View::stream(int engine, bool is_stderr, std::string_view bytes) {
  if (bytes.empty()) return;
  last_ = bytes.back();
  output_->add(engine, is_stderr, bytes);
  transcript_.add(
      {is_stderr ? Item::Kind::err : Item::Kind::out, {engine}, std::string(bytes), {}, 0});
}

void View::break_line() {
  if (!options_.labels && last_ != '\n') streams_.out.write("\n");
  last_ = '\n';
}

void View::line(int engine, const std::string& text) {
  if (!options_.console) return;
  output_->finish(engine);
  break_line();
  output_->add(engine, false, text + "\n");
}

void View::result(int engine, int number, ipc::wire::Json data) {
  const std::string text = plain_text(data);
  const std::string name = number > 0 ? "Out[" + std::to_string(number) + "]:" : "Out:";
  line(engine, name + (text.find('\n') == std::string::npos ? " " : "\n") + text);
  transcript_.add({Item::Kind::result, {engine}, "", std::move(data), number});
}

void View::display(int engine, ipc::wire::Json data) {
  line(engine, plain_text(data));
  transcript_.add({Item::Kind::display, {engine}, "", std::move(data), 0});
}

void View::error(int engine, const ipc::client::RemoteError& error) {
  failed_ = true;
  const std::string text = ipc::cli::error_text(error, {options_.verbose});
  const auto same = [&](const Group& group) { return group.text == text; };
  auto group = std::find_if(groups_.begin(), groups_.end(), same);
  if (group == groups_.end()) group = groups_.insert(group, {text, {}});
  group->engines.push_back(engine);
}

void View::print_errors() {
  for (auto& group : groups_) {
    std::sort(group.engines.begin(), group.engines.end());
    const std::string who =
        options_.labels ? ipc::cli::engines_text(group.engines) + ": " : std::string();
    if (!options_.console) {
      streams_.err.flush();
      ipc::cli::complain(ipc::cli::engines_text(group.engines) + ": " + group.text);
    } else {
      const bool colours = options_.colours;
      streams_.out.write(who + (colours ? "\x1b[31m" : "") + group.text +
                         (colours ? "\x1b[0m" : "") + "\n");
    }
    transcript_.add({Item::Kind::error, group.engines, group.text, {}, 0});
  }
  groups_.clear();
}

ipc::Status View::finish() {
  const auto kept = output_->finish();
  if (options_.console) break_line();
  print_errors();
  streams_.err.flush();
  streams_.out.flush();
  IPC_TRY(kept);
  return streams_.out.status();
}

}  // namespace ipconsole
