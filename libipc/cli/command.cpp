// SPDX-License-Identifier: BSD-3-Clause
// Rows of options, and the command line cut into options and operands.
#include "libipc/cli/command.hpp"

#include <algorithm>
#include <charconv>

#include "libipc/cli/options.hpp"
#include "libipc/util/text.hpp"

namespace ipc::cli {

namespace {

struct CommonRow {
  unsigned group;  // 0: always
  Option option;
};

const CommonRow kCommonRows[] = {
    {kTargets,
     {'t', "targets", "SET",
      "which engines: 0-3,7  ::2  -1  host:n[01-04]  lang:r  @gpu; default all"}},
    {kTargets, {'x', "exclude", "SET", "but not these"}},
    {kKernel, {0, "sh", "", "shell text: run by the engine's shell kernel"}},
    {kKernel, {0, "kernel", "NAME", "run by this kernel of the engine"}},
    {kSerial,
     {0, "serial", "", "no cluster: one kernel that lives as long as this command; for debugging"}},
    {kBroadcast,
     {0, "broadcast", "", "one message for all engines, spread by the controller, unrecorded"}},
    {kAsync, {'a', "async", "", "do not wait: print a job word for each request"}},
    {kNoStdin,
     {'n', "no-stdin", "", "leave standard input alone: no waiting for the command before"}},
    {kTimeout, {'u', "timeout", "TIME", "give up after 250ms, 30s, 5m, 2h; exit status 124"}},
    {kLabels, {'l', "label", "", "begin each line with its engine: `3: `"}},
    {kLabels, {'N', "no-label", "", "no labels, also on standard error"}},
    {kJson, {0, "json", "", "one JSON object a line"}},
    {kCluster,
     {0, "profile", "NAME", "cluster of this profile; default $IPKIT_PROFILE, else default"}},
    {kCluster, {0, "profile-dir", "DIR", "the profile's directory itself"}},
    {kCluster, {0, "cluster-id", "ID", "which cluster of the profile; default $IPKIT_CLUSTER_ID"}},
    {kCluster,
     {0, "connection", "FILE", "the client connection file itself; default $IPKIT_CONNECTION"}},
    {kCluster,
     {0, "connect-timeout", "TIME", "how long the controller may take to answer; default 10s"}},
    {0, {'q', "quiet", "", "say less"}},
    {0, {'v', "verbose", "", "say more", true}},
    {0, {'h', "help", "", "this text"}},
    {0, {'V', "version", "", "name and version"}},
    {0, {0, "help-rows", "", ""}},
};

}  // namespace

std::vector<Option> Command::rows() const {
  std::vector<Option> all = options;
  for (const auto& row : kCommonRows) {
    if (row.group != 0 && (common & row.group) == 0) continue;
    const auto same = [&](const Option& own) { return own.name == row.option.name; };
    if (std::any_of(options.begin(), options.end(), same)) continue;
    // A program's own meaning of a letter wins over the common one.
    const auto takes = [&](const Option& own) {
      return own.letter != 0 && own.letter == row.option.letter;
    };
    all.push_back(row.option);
    if (std::any_of(options.begin(), options.end(), takes)) all.back().letter = 0;
  }
  // So that it can be answered.
  if ((common & kKernel) != 0 && (common & kSerial) == 0) all.push_back({0, "serial", "", ""});
  return all;
}

int Arguments::count(std::string_view name) const {
  return static_cast<int>(std::count_if(options.begin(), options.end(),
                                        [&](const auto& option) { return option.first == name; }));
}

std::optional<std::string> Arguments::get(std::string_view name) const {
  for (auto option = options.rbegin(); option != options.rend(); ++option)
    if (option->first == name) return option->second;
  return std::nullopt;
}

std::string Arguments::get_or(std::string_view name, std::string_view fallback) const {
  auto value = get(name);
  return value ? *std::move(value) : std::string(fallback);
}

std::vector<std::string> Arguments::all(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& option : options)
    if (option.first == name) values.push_back(option.second);
  return values;
}

Result<std::optional<Duration>> Arguments::duration(std::string_view name) const {
  const auto text = get(name);
  if (!text) return std::optional<Duration>();
  auto parsed = parse_duration(*text);
  if (!parsed)
    return Error{Code::usage, "--" + std::string(name) + ": '" + *text + "' is not a time",
                 "write 250ms, 30s, 5m, 2h"};
  return std::optional<Duration>(*parsed);
}

Result<long> Arguments::number(std::string_view name, long fallback, long least, long most) const {
  const auto text = get(name);
  if (!text) return fallback;
  long value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size() || text->empty() ||
      value < least || value > most)
    return Error{Code::usage,
                 "--" + std::string(name) + ": '" + *text + "' is not a number from " +
                     std::to_string(least) + " to " + std::to_string(most),
                 ""};
  return value;
}

std::string duration_text(const Arguments& arguments, std::string_view name) {
  const std::string text = arguments.get_or(name, "");
  const bool plain = !text.empty() && text.find_first_not_of("0123456789.") == std::string::npos;
  return plain ? text + "s" : text;
}

std::vector<std::string> words_of(int argc, char* const* argv) {
  return argc > 1 ? std::vector<std::string>(argv + 1, argv + argc) : std::vector<std::string>();
}

Result<Arguments> parse(const Command& command, std::span<const std::string> words) {
  const auto rows = command.rows();
  Arguments arguments;
  IPC_TRY(cut_words(command, rows, words, arguments));
  IPC_TRY(read_options(command, rows, arguments));
  if (arguments.has("help"))
    arguments.answer = help_text(command);
  else if (arguments.has("version"))
    arguments.answer = version_text(command);
  else if (arguments.has("help-rows"))
    arguments.answer = rows_text(command);
  return arguments;
}

}  // namespace ipc::cli
