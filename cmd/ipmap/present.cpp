// SPDX-License-Identifier: BSD-3-Clause
// Results as they are printed: text or JSON on stdout, failures on stderr, lines for the log.
#include "cmd/ipmap/present.hpp"

#include <algorithm>
#include <fstream>

#include "cmd/ipmap/input.hpp"
#include "libipc/cli/errors.hpp"
#include "libipc/cli/jobs.hpp"
#include "libipc/cli/program.hpp"
#include "libipc/cli/results.hpp"
#include "libipc/util/clock.hpp"
#include "libipc/util/file.hpp"
#include "libipc/util/text.hpp"
#include "libipc/wire/json.hpp"

namespace ipmap {

using ipc::client::RemoteError;
using ipc::client::Reply;

void Presenter::begin(const Chunk& chunk, const Reply& reply) {
  first_ = chunk.first;
  tries_ = chunk.tries;
  engine_ = reply.engine;
  id_ = reply.id;
  items_ = items_of(chunk, separator_);
  if (!settings_.joblog.empty()) begin_record(chunk, reply);
}

// Items of one request share its time.
void Presenter::begin_record(const Chunk& chunk, const Reply& reply) {
  const auto header = ipc::wire::parse_json(reply.message.view.header);
  const auto ended = ipc::parse_iso8601(header ? ipc::wire::string_or(*header, "date") : "");
  const auto began = ipc::parse_iso8601(ipc::wire::string_or(reply.metadata(), "started"));
  const ipc::UnixMicros end = ended ? *ended : ipc::unix_now();
  const ipc::UnixMicros start = began ? std::min(*began, end) : end;
  record_ = {};
  record_.start = static_cast<double>(start) / 1e6;
  record_.runtime = static_cast<double>(end - start) / 1e6 / static_cast<double>(chunk.count);
  record_.engine = engine_;
  record_.attempt = std::max(tries_, 1u);
  const auto host = hosts_.find(engine_);
  if (host != hosts_.end()) record_.host = host->second;
}

Receipt Presenter::receipt(size_t index, size_t bytes) const {
  ipc::cli::JobRecord record = record_;
  record.seq = first_ + index;
  record.start += record.runtime * static_cast<double>(index);
  record.sent = items_[index].size();
  record.received = bytes;
  record.command = command_of(items_[index], record.seq, settings_);
  record.key = ipc::cli::job_key(items_[index]);
  return {bytes, std::move(record)};
}

std::vector<Receipt> Presenter::receipts_of_lines(std::string_view text) {
  std::vector<Receipt> receipts;
  for (size_t i = 0; i < items_.size(); ++i) {
    const size_t length = std::min(text.find(settings_.out), text.size() - 1) + 1;
    receipts.push_back(receipt(i, length));
    text.remove_prefix(length);
  }
  return receipts;
}

ipc::Status Presenter::add(Finished& finished, size_t index, const ItemResult& item) {
  const size_t before = finished.text.size();
  if (settings_.json) {
    finished.text += row(index, item);
  } else if (!item.failed || settings_.is_shell()) {
    add_text(finished.text, index, item.text);
  }
  ++finished.count;
  if (!settings_.results.empty()) IPC_TRY(write_file(index, item.text));
  if (settings_.joblog.empty()) return {};
  finished.receipts.push_back(receipt(index, finished.text.size() - before));
  if (item.failed) ipc::cli::set_failure(finished.receipts.back().second, item.error);
  return {};
}

// A column of an item as the name of a directory, as parallel makes it.
static std::string directory_of(std::string_view column) {
  std::string name;
  for (const char c : column) name += c == '/' ? "\\_" : c == '\\' ? "\\\\" : std::string(1, c);
  if (name == "." || name == "..") name.insert(0, "\\");
  return name.empty() ? "\\0" : name;
}

ipc::Status Presenter::write_file(size_t index, std::string_view result) const {
  std::vector<std::string> columns = {std::string(items_[index])};
  if (settings_.has_columns()) columns = columns_of(items_[index], settings_);
  if (settings_.pipe) columns = {std::to_string(first_ + index)};
  std::string directory = settings_.results;
  for (size_t i = 0; i < columns.size(); ++i)
    directory += "/" + std::to_string(i + 1) + "/" + directory_of(columns[i]);
  IPC_TRY(ipc::make_directories(directory, 0777));
  std::ofstream file(directory + "/stdout", std::ios::trunc);
  file << result;
  if (!settings_.is_shell() && !result.empty()) file << '\n';
  file.close();
  if (!file) return ipc::Error{ipc::Code::internal, "cannot write " + directory + "/stdout", ""};
  return {};
}

void Presenter::add_text(std::string& text, size_t index, std::string_view result) const {
  // A command's output has its own line ends; only a missing last one is added, and nothing to what
  // a filter makes of a block.
  const bool whole = settings_.out == '\n' && (result.empty() || result.back() == '\n');
  const bool ended = settings_.is_shell() && (settings_.pipe || whole);
  const std::string tag = settings_.tag ? whole_item(items_[index], settings_) + '\t' : "";
  while (settings_.tag && !result.empty()) {
    const std::string_view line = result.substr(0, result.find('\n') + 1);
    if (line.empty()) break;
    text.append(tag).append(line);
    result.remove_prefix(line.size());
  }
  if (!result.empty() || !ended) text.append(tag).append(result);
  if (!ended) text += settings_.out;
}

std::string Presenter::row(size_t index, const ItemResult& item) const {
  std::string line = R"({"id":)" + ipc::json_quote(ipc::cli::job_word(id_)) + R"(,"number":)" +
                     std::to_string(first_ + index);
  if (settings_.pipe)
    line += R"(,"bytes":)" + std::to_string(items_[index].size());
  else
    line += R"(,"item":)" + ipc::json_quote(items_[index]);
  line += R"(,"engine":)" + std::to_string(engine_);
  if (item.failed)
    line += R"(,"status":"error","error":)" + ipc::cli::json_error(item.error);
  else
    line += R"(,"status":"ok")";
  if (settings_.is_shell())
    line += R"(,"value":)" + ipc::json_quote(item.text);
  else if (!item.failed)
    line += R"(,"value":)" + std::string(item.text);
  return line + "}\n";
}

void Presenter::report(size_t index, const RemoteError& error) {
  const std::string number = std::to_string(first_ + index);
  if (settings_.pipe)
    say("block " + number + ": ", error);
  else
    say("item " + number + " (" + shown(items_[index]) + "): ", error);
}

void Presenter::report_all(const RemoteError& error) {
  if (items_.size() == 1) return report(0, error);
  say("items " + std::to_string(first_) + "-" + std::to_string(first_ + items_.size() - 1) + ": ",
      error);
}

void Presenter::say(std::string what, const RemoteError& error) {
  if (settings_.quiet && error.ename == "ExitStatus") return;
  progress_.clear();
  if (engine_ >= 0) what += "engine " + std::to_string(engine_) + ": ";
  const std::string tries =
      tries_ > 1 ? "; tried " + std::to_string(tries_) + " times" : std::string();
  what += ipc::cli::error_text(error, {settings_.verbose, settings_.quiet, tries});
  err_.write(std::string(ipc::cli::program_name()) + ": " + what + "\n");
}

}  // namespace ipmap
