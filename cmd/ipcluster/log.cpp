// SPDX-License-Identifier: BSD-3-Clause
// ipcluster log: the last lines of the logs, what comes after them, and what engines run.
#include <signal.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "cmd/ipcluster/cells.hpp"
#include "cmd/ipcluster/plan.hpp"
#include "cmd/ipcluster/verbs.hpp"
#include "libipc/cli/output.hpp"
#include "libipc/cli/signals.hpp"
#include "libipc/util/fd.hpp"
#include "libipc/util/text.hpp"

namespace ipc::cluster {
namespace {

namespace fs = std::filesystem;

constexpr size_t kTail = 64 * 1024;

/// The files of the cluster as it is or last was; without one, all logs of the profile.
std::vector<std::string> files_of(const config::ClusterName& cluster) {
  std::vector<std::string> files;
  std::error_code error;
  if (const auto state = read_state(cluster)) {
    files.push_back(log_file(cluster));
    if (state->controller) files.push_back(state->controller->launched.log);
    for (const auto& engine : state->engines) files.push_back(engine.launched.log);
  } else {
    for (const auto& entry : fs::directory_iterator(config::log_directory(cluster), error))
      if (entry.path().extension() == ".log") files.push_back(entry.path());
    std::sort(files.begin(), files.end());
  }
  std::erase_if(files, [&](const std::string& path) { return !fs::exists(path, error); });
  return files;
}

std::string label(const std::string& path) {
  return fs::path(path).stem().string() + ": ";
}

/// Up to `count` last whole lines; `offset` becomes the end of what was read.
std::string tail_of(const std::string& path, size_t count, std::streamoff& offset) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const std::streamoff size = std::max<std::streamoff>(file.tellg(), 0);
  const std::streamoff begin =
      size > static_cast<std::streamoff>(kTail) ? size - static_cast<std::streamoff>(kTail) : 0;
  std::string text(static_cast<size_t>(size - begin), '\0');
  file.seekg(begin).read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  offset = begin + static_cast<std::streamoff>(text.size());
  auto lines = split(text, '\n');
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  if (lines.size() > count) lines.erase(lines.begin(), lines.end() - static_cast<long>(count));
  std::string out;
  for (const auto& line : lines) out += label(path) + line + "\n";
  return out;
}

/// Whole lines that came after `offset`, which moves on.
std::string news_of(const std::string& path, std::streamoff& offset) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kTail, '\0');
  file.seekg(offset).read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  const size_t end = text.rfind('\n');
  if (end == std::string::npos) return "";
  offset += static_cast<std::streamoff>(end + 1);
  std::string out;
  for (const auto& line : split(text.substr(0, end), '\n')) out += label(path) + line + "\n";
  return out;
}

/// What engines run alone: without a controller there is nothing to show.
Status follow_cells(const cli::Arguments& arguments) {
  Cells cells(arguments, true);
  while (cli::noted_signal() == 0) IPC_TRY(cells.turn(-1));
  return {};
}

Status follow(const cli::Arguments& arguments, const config::ClusterName& cluster,
              std::map<std::string, std::streamoff> offsets) {
  Cells cells(arguments, false);
  Fd watch(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!watch || ::inotify_add_watch(watch.get(), config::log_directory(cluster).c_str(),
                                    IN_MODIFY | IN_CREATE) < 0)
    return system_error(Code::no_input, config::log_directory(cluster));
  while (cli::noted_signal() == 0) {
    for (const auto& path : files_of(cluster))
      for (std::string text; !(text = news_of(path, offsets[path])).empty();)
        IPC_TRY(cli::print(text));
    // Files on other machines' disks are not announced: it looks every second as well.
    IPC_TRY(cells.turn(watch.get()));
    char events[4096];
    while (::read(watch.get(), events, sizeof events) > 0) {
    }
  }
  return {};
}

}  // namespace

Result<int> show_log(const cli::Arguments& arguments) {
  IPC_TRY_ASSIGN(const auto cluster, cluster_of(arguments));
  IPC_TRY_ASSIGN(const long count, arguments.number("lines", 10, 0, 1'000'000));
  const bool cells_only = arguments.has("cells") || arguments.has("json") ||
                          arguments.has("targets") || arguments.has("exclude");
  if (cells_only && !arguments.has("follow"))
    return Error{Code::usage, "what engines run is shown as it happens only",
                 "give -f; iphistory has what they have run"};
  if (cells_only) {
    IPC_TRY(follow_cells(arguments));
    return 0;
  }
  const auto files = files_of(cluster);
  if (files.empty() && !arguments.has("follow"))
    return Error{Code::no_input,
                 "no logs in " + config::display_path(config::log_directory(cluster)), ""};
  std::map<std::string, std::streamoff> offsets;
  std::string text;
  for (const auto& path : files) text += tail_of(path, static_cast<size_t>(count), offsets[path]);
  IPC_TRY(cli::print(text));
  if (arguments.has("follow")) IPC_TRY(follow(arguments, cluster, std::move(offsets)));
  return 0;
}

}  // namespace ipc::cluster
