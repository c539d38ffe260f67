// SPDX-License-Identifier: BSD-3-Clause
// What remote code prints, on its way to our stdout and stderr.
#include "libipc/cli/output.hpp"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "libipc/cli/command.hpp"
#include "libipc/cli/signals.hpp"
#include "libipc/util/idset.hpp"
#include "libipc/util/line_diff.hpp"

namespace ipc::cli {

constexpr size_t kGathered = 64 << 10;
constexpr size_t kLongestLine = 16 << 20;
constexpr size_t kCopied = 1 << 20;

void Writer::write(std::string_view bytes) {
  if (held_.size() + bytes.size() > kGathered) flush();
  if (bytes.size() > kGathered)
    put(bytes);
  else
    held_.append(bytes);
}

void Writer::flush() {
  put(held_);
  held_.clear();
}

void Writer::put(std::string_view bytes) {
  while (!bytes.empty() && !closed_) {
    size_t most = bytes.size();
    // A signal that came a moment before does not end the write any more: none that may block.
    if (noted_signal() != 0) {
      struct pollfd item = {fd_, POLLOUT, 0};
      closed_ = ::poll(&item, 1, 0) <= 0;
      if (closed_) return;
      most = std::min<size_t>(most, PIPE_BUF);
    }
    const ssize_t n = ::write(fd_, bytes.data(), most);
    if (n >= 0) {
      bytes.remove_prefix(static_cast<size_t>(n));
      passed_ += static_cast<std::uint64_t>(n);
    } else if (errno == EAGAIN || errno == EINTR) {
      // The rest is given up only by who will not be there to write it; nothing may follow then.
      closed_ = noted_signal() != 0;
      if (closed_) return;
      struct pollfd item = {fd_, POLLOUT, 0};
      if (errno == EAGAIN) ::poll(&item, 1, -1);
    } else {
      closed_ = true;
      if (errno != EPIPE)
        status_ = system_error(
            Code::internal, fd_ == STDOUT_FILENO ? "cannot write standard output" : "cannot write");
      else if (fd_ == STDOUT_FILENO)
        note_signal(SIGPIPE);
    }
  }
}

Status print(std::string_view text) {
  Writer out(STDOUT_FILENO);
  out.write(text);
  out.flush();
  return out.status();
}

void Streams::flush_each_turn(net::Loop& loop) {
  loop.at_turn_end([this] {
    err.flush();
    out.flush();
  });
}

void LineMerger::write_lines(int engine, std::string_view lines) {
  if (lines.empty()) return;
  if (open_line_) writer_.write("\n");
  open_line_ = lines.back() != '\n';
  if (!label_) return writer_.write(lines);
  const std::string label = std::to_string(engine) + suffix_ + ": ";
  while (!lines.empty()) {
    const size_t end = lines.find('\n');
    const std::string_view line = lines.substr(0, end == std::string_view::npos ? end : end + 1);
    writer_.write(label);
    writer_.write(line);
    lines.remove_prefix(line.size());
  }
}

void LineMerger::add(int engine, std::string_view bytes) {
  if (raw_) return writer_.write(bytes);
  std::string& partial = partial_[engine];
  const size_t end = bytes.rfind('\n');
  if (end == std::string_view::npos) {
    partial.append(bytes);
    if (partial.size() > kLongestLine) finish(engine);
    return;
  }
  partial.append(bytes.substr(0, end + 1));
  write_lines(engine, partial);
  partial.assign(bytes.substr(end + 1));
}

void LineMerger::finish(int engine) {
  const auto partial = partial_.find(engine);
  if (partial == partial_.end()) return;
  write_lines(engine, partial->second);
  partial_.erase(partial);
}

void LineMerger::end_line() {
  if (open_line_) writer_.write("\n");
  open_line_ = false;
}

RemoteOutput::RemoteOutput(OutputOptions options, std::vector<int> engines, Writer& out,
                           Writer& err)
    : options_(options),
      engines_(std::move(engines)),
      out_(out),
      out_lines_(out, options.label_stdout, engines_.size() == 1 && !options.label_stdout,
                 options.suffix),
      err_lines_(err, options.label_stderr, engines_.size() == 1 && !options.label_stderr,
                 options.suffix) {}

void RemoteOutput::note(Status status) {
  if (!status && status_) status_ = std::move(status);
}

void RemoteOutput::add(int engine, bool is_stderr, std::string_view bytes) {
  if (is_stderr) return err_lines_.add(engine, bytes);
  const bool passes = options_.arrangement == Arrangement::live ||
                      (options_.arrangement == Arrangement::ordered && current_ < engines_.size() &&
                       engines_[current_] == engine);
  if (passes) return out_lines_.add(engine, bytes);
  note(held_[engine].spool.append(bytes));
}

void RemoteOutput::finish(int engine) {
  err_lines_.finish(engine);
  if (options_.arrangement == Arrangement::live) return out_lines_.finish(engine);
  held_[engine].done = true;
  if (options_.arrangement == Arrangement::ordered) advance();
}

// Ordered: lets pass what is held of the engines whose turn has come.
void RemoteOutput::advance() {
  while (current_ < engines_.size() && held_[engines_[current_]].done) {
    out_lines_.finish(engines_[current_]);
    held_.erase(engines_[current_]);
    if (++current_ == engines_.size()) return;
    const int engine = engines_[current_];
    const bool done = held_[engine].done;
    note(print_held(engine, held_[engine]));
    held_.erase(engine);
    held_[engine].done = done;
  }
}

Status RemoteOutput::print_held(int engine, Held& held) {
  IPC_TRY_ASSIGN(const client::Source source, std::move(held.spool).finish());
  for (uint64_t at = 0; at < source.size(); at += kCopied) {
    const auto length = std::min<uint64_t>(kCopied, source.size() - at);
    IPC_TRY_ASSIGN(const std::string bytes, source.read(at, length));
    out_lines_.add(engine, bytes);
  }
  return {};
}

Result<std::map<std::string, std::vector<int>>> RemoteOutput::take_texts() {
  std::map<std::string, std::vector<int>> texts;
  for (const int engine : engines_) {
    IPC_TRY_ASSIGN(const client::Source source, std::move(held_[engine].spool).finish());
    IPC_TRY_ASSIGN(std::string text, source.read(0, source.size()));
    texts[std::move(text)].push_back(engine);
  }
  return texts;
}

Status RemoteOutput::print_diff() {
  IPC_TRY_ASSIGN(const auto texts, take_texts());
  const auto label = [this](const std::vector<int>& engines) {
    return format_idset(engines) + options_.suffix + " (" + std::to_string(engines.size()) + ")";
  };
  using Group = std::pair<const std::vector<int>*, const std::string*>;
  std::vector<Group> groups;
  for (const auto& [text, engines] : texts) groups.emplace_back(&engines, &text);
  std::sort(groups.begin(), groups.end(),
            [](const Group& a, const Group& b) { return a.first->front() < b.first->front(); });
  for (size_t i = 1; i < groups.size(); ++i)
    out_.write(unified_diff(*groups[0].second, *groups[i].second, label(*groups[0].first),
                            label(*groups[i].first)));
  return {};
}

Status RemoteOutput::print_folded() {
  IPC_TRY_ASSIGN(auto texts, take_texts());
  texts.erase("");
  using Group = std::pair<const std::string*, const std::vector<int>*>;
  std::vector<Group> groups;
  for (const auto& [text, engines] : texts) groups.emplace_back(&text, &engines);
  std::sort(groups.begin(), groups.end(), [this](const Group& a, const Group& b) {
    if (!options_.by_engine && a.second->size() != b.second->size())
      return a.second->size() > b.second->size();
    return a.second->front() < b.second->front();
  });
  const std::string rule = "---------------\n";
  for (const auto& [text, engines] : groups) {
    out_.write(rule + format_idset(*engines) + options_.suffix + " (" +
               std::to_string(engines->size()) + ")\n" + rule);
    out_.write(*text);
    if (text->back() != '\n') out_.write("\n");
  }
  return {};
}

Status RemoteOutput::finish() {
  for (const int engine : engines_) finish(engine);
  if (options_.arrangement == Arrangement::folded) note(print_folded());
  if (options_.arrangement == Arrangement::diff) note(print_diff());
  if (options_.more_follows) {
    out_lines_.end_line();
    err_lines_.end_line();
  }
  out_.flush();
  return status_;
}

OutputOptions output_options(const Arguments& arguments, size_t addressed) {
  OutputOptions options;
  const bool several = addressed > 1;
  options.label_stderr = several && !arguments.has("no-label");
  options.label_stdout = arguments.has("label") || (several && ::isatty(STDOUT_FILENO) == 1);
  if (arguments.has("no-label")) options.label_stdout = false;
  if (arguments.has("keep-order")) options.arrangement = Arrangement::ordered;
  if (arguments.has("fold") || arguments.has("diff")) {
    options.arrangement = arguments.has("diff") ? Arrangement::diff : Arrangement::folded;
    options.label_stdout = false;
    options.by_engine = arguments.has("keep-order");
  }
  return options;
}

}  // namespace ipc::cli
