// SPDX-License-Identifier: BSD-3-Clause
// The processes of one mpiexec.
#include "launchers/mpi/crew.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>

#include "libipc/util/file.hpp"
#include "libipc/util/last_words.hpp"
#include "libipc/util/process.hpp"
#include "libipc/util/subprocess.hpp"
#include "libipc/util/text.hpp"

namespace ipc::mpi {
namespace {

bool is_rule(std::string_view line) {
  return line.size() >= 20 &&
         (line.find_first_not_of('-') == line.npos || line.find_first_not_of('=') == line.npos);
}

/// What mpiexec says is wrong is what it says first: between two rules, where it is much; MPICH's,
/// in lines of its own, of which those that follow name its functions only.
std::string words_of(const std::string& log) {
  constexpr size_t kEnough = 240;
  const auto text = read_file(log);
  if (!text) return "";
  std::vector<std::string> words;
  bool inside = false;
  for (const auto& line : split(*text, '\n')) {
    const auto said = trim(line);
    const bool is_own = !inside && said.starts_with("[mpiexec@");
    if (is_own || (is_rule(line) && !words.empty())) {
      std::string all = is_own ? std::string(said) : join(words, " ");
      if (all.size() > kEnough) all = all.substr(0, all.rfind(' ', kEnough)) + " …";
      return "; last words: \"" + all + "\"";
    }
    inside = inside || is_rule(line);
    if (inside && !said.empty() && !is_rule(line)) words.emplace_back(said);
  }
  return last_words(log);
}

}  // namespace

Crew::Crew(local::Entry entry) : entry_(std::move(entry)) {
  const std::string& id = entry_.process.id;
  const size_t colon = std::min(id.find(':'), id.size());
  name_ = id.substr(0, colon);
  count_ = std::max(1, std::atoi(id.substr(std::min(colon + 1, id.size())).c_str()));
}

std::vector<config::Launched> Crew::processes() const {
  const bool runs = entry_.is_running() || !members().empty();
  config::Launched process;
  process.role = entry_.process.role;
  process.log = entry_.process.log;
  process.state = runs ? "running" : "ended";
  if (!runs) process.why = "mpiexec ended" + words_of(process.log);
  std::vector<config::Launched> all(static_cast<size_t>(count_), process);
  for (size_t i = 0; i < all.size(); ++i) all[i].id = name_ + "." + std::to_string(i + 1);
  return all;
}

void Crew::signal_mpiexec(int signal) const {
  // Through a descriptor, so that nothing else is meant whatever happens to the pid.
  const Fd fd = process_descriptor(entry_.process.pid);
  if (fd && entry_.is_running()) signal_process(fd.get(), signal);
}

void Crew::signal_all(int signal) const {
  for (const auto& fd : members()) signal_process(fd.get(), signal);
}

void Crew::wait_for_end(TimePoint end) const {
  if (const Fd fd = process_descriptor(entry_.process.pid); fd && entry_.is_running())
    wait_for_process(fd.get(), end);
  for (const auto& fd : members()) wait_for_process(fd.get(), end);
}

std::vector<Fd> Crew::members() const {
  std::vector<Fd> found;
  if (entry_.process.host != host_name() || entry_.boot != boot_id()) return found;
  const std::string mark = std::string(kMark) + "=" + name_;
  std::error_code error;
  for (const auto& directory : std::filesystem::directory_iterator("/proc", error)) {
    const int pid = std::atoi(directory.path().filename().c_str());
    if (pid <= 1) continue;
    // What the descriptor means is looked at after it has been opened.
    Fd fd = process_descriptor(pid);
    const auto text = fd ? read_file(directory.path() / "environ") : Error{Code::failed, "", ""};
    if (!text) continue;
    const auto variables = split(*text, '\0');
    if (std::find(variables.begin(), variables.end(), mark) != variables.end())
      found.push_back(std::move(fd));
  }
  return found;
}

}  // namespace ipc::mpi
