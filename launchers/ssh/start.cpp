// SPDX-License-Identifier: BSD-3-Clause
// The verb start: hosts are put on record, then asked to start their share.
#include "launchers/ssh/start.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "launchers/ssh/fanout.hpp"
#include "launchers/ssh/record.hpp"
#include "launchers/ssh/remote.hpp"
#include "libipc/config/paths.hpp"
#include "libipc/net/connection.hpp"
#include "libipc/util/file.hpp"
#include "libipc/util/text.hpp"

namespace ipc::ssh {
namespace {

namespace fs = std::filesystem;
using config::Launched;
using config::LaunchRequest;

// For an engine that shall outlive every absence of its controller.
constexpr const char* kForEver[] = {"--max-heartbeat-misses=0", "--orphan-timeout=3650d"};

/// One host's part of a start.
struct Share {
  std::string host;
  int count = 0;
  std::optional<Remote> remote;
  Place place;
  std::vector<Launched> started;
  std::optional<Error> error;
};

/// A path below the home directory here is one below the home directory there.
std::string there(const std::string& path) {
  const std::string home = config::home_directory();
  if (home.size() > 1 && (path == home || path.starts_with(home + "/")))
    return "~" + path.substr(home.size());
  return path;
}

Place wanted_place(const LaunchRequest& request, const Settings& settings) {
  Place place;
  place.profile_dir =
      settings.profile_dir.empty() ? there(request.profile_dir) : settings.profile_dir;
  place.directory = settings.directory.empty() ? there(request.directory) : settings.directory;
  const fs::path program = request.program;
  place.program = settings.bin.empty() ? program : fs::path(settings.bin) / program.filename();
  return place;
}

/// Where the local launcher of a host keeps its record: the profile directory may be one for all.
std::string record_there(const LaunchRequest& request, const Place& place,
                         const std::string& host) {
  return place.profile_dir + "/pid/" + fs::path(request.record).stem().string() + "-" + host +
         ".remote";
}

/// `text` with the profile directory there for the one here, if it begins with `before` it.
std::string moved(const std::string& text, const std::string& before, const LaunchRequest& request,
                  const Place& place) {
  const std::string here = before + request.profile_dir;
  const bool is_it = !request.profile_dir.empty() && text.starts_with(here) &&
                     (text.size() == here.size() || text[here.size()] == '/');
  return is_it ? before + place.profile_dir + text.substr(here.size()) : text;
}

/// What the local launcher of a host is asked for.
LaunchRequest request_there(const LaunchRequest& request, const Settings& settings,
                            const Place& place, const std::string& host, int count) {
  LaunchRequest other;
  other.role = request.role;
  other.record = record_there(request, place, host);
  other.count = count;
  other.program = place.program;
  for (const auto& argument : request.arguments)
    other.arguments.push_back(moved(argument, "--profile-dir=", request, place));
  for (const std::string_view word : kForEver) {
    const auto option = word.substr(0, word.find('=') + 1);
    const bool is_given =
        std::any_of(request.arguments.begin(), request.arguments.end(),
                    [&](const std::string& given) { return given.starts_with(option); });
    if (settings.detach && request.role == "engine" && !is_given)
      other.arguments.emplace_back(word);
  }
  if (!settings.prologue.empty()) {
    // Nobody over there waits for what ends before it has become the program.
    constexpr const char* kLastWord =
        "trap 'echo \"the prologue ended with exit status $?\" >&2' EXIT\n";
    other.arguments.insert(
        other.arguments.begin(),
        {"-c", kLastWord + settings.prologue + "\nexec \"$@\"", "ipkit", place.program});
    other.program = "/bin/sh";
  }
  other.directory = place.directory;
  other.environment = request.environment;
  other.log = moved(request.log, "", request, place);
  return other;
}

/// The engine's connection file; "" where there is none yet or it stays where it is.
std::string connection_text(const LaunchRequest& request, const Settings& settings) {
  if (request.role != "engine" || !settings.send_connection) return "";
  const auto text = read_file(config::connection_file({"", request.profile_dir, request.cluster_id},
                                                      config::FileKind::engine));
  return text ? std::string(trim(*text)) : "";
}

/// Shares by what is on record already.
std::vector<Share> shares_of(const LaunchRequest& request, const Settings& settings,
                             const std::vector<Host>& on_record) {
  std::vector<int> used;
  for (const auto& host : settings.hosts) {
    const auto known = std::find_if(on_record.begin(), on_record.end(),
                                    [&](const Host& h) { return h.name == host.text(); });
    const auto is_same = [&](const Launched& p) {
      const auto& living = request.living;
      const bool lives =
          !living || std::find(living->begin(), living->end(), p.id) != living->end();
      return p.role == request.role && lives;
    };
    used.push_back(known == on_record.end()
                       ? 0
                       : static_cast<int>(std::count_if(known->processes.begin(),
                                                        known->processes.end(), is_same)));
  }
  const auto counts = deal(settings.hosts, used, request.count);
  std::vector<Share> shares;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    Share& share = shares.emplace_back();
    share.host = settings.hosts[i].text();
    share.count = counts[i];
  }
  return shares;
}

void reach(Share& share, const LaunchRequest& request, const Settings& settings) {
  auto remote = Remote::open(share.host, settings.login);
  if (!remote) {
    share.error = remote.error();
    return;
  }
  auto place = remote->prepare(wanted_place(request, settings), !settings.directory.empty());
  if (!place)
    share.error = place.error();
  else
    share.place = *place;
  share.remote.emplace(*std::move(remote));
}

Status remember_hosts(Record& record, const std::vector<Host>& on_record,
                      const std::vector<Share>& shares, const LaunchRequest& request,
                      const Settings& settings) {
  std::vector<Host> hosts;
  for (const auto& share : shares) {
    const bool known = std::any_of(on_record.begin(), on_record.end(),
                                   [&](const Host& h) { return h.name == share.host; });
    if (!share.error && !known)
      hosts.push_back({share.host,
                       share.place.launcher(),
                       record_there(request, share.place, share.host),
                       settings.login,
                       {},
                       {}});
  }
  return hosts.empty() ? Status() : record.add_hosts(hosts);
}

void start_share(Share& share, const LaunchRequest& request, const Settings& settings,
                 const std::string& connection) {
  if (share.error) return;
  auto other = request_there(request, settings, share.place, share.host, share.count);
  if (!connection.empty()) other.environment["IPKIT_CONNECTION"] = connection;
  auto started = share.remote->call(share.place.launcher(), "start", other, seconds(50));
  if (started)
    share.started = *std::move(started);
  else
    share.error = started.error();
}

constexpr config::FileKind kKinds[] = {config::FileKind::client, config::FileKind::engine};

std::vector<std::string> connection_files(const std::string& profile_dir, const std::string& id) {
  std::vector<std::string> paths;
  for (const auto kind : kKinds)
    paths.push_back(config::connection_file({"", profile_dir, id}, kind));
  return paths;
}

/// The controller's files come here; where they are seen by both sides nothing changes.
Status fetch_files(Share& share, const LaunchRequest& request) {
  const auto here = connection_files(request.profile_dir, request.cluster_id);
  const auto other = connection_files(share.place.profile_dir, request.cluster_id);
  const Launched& controller = share.started.front();
  IPC_TRY_ASSIGN(const auto texts, share.remote->fetch(other, controller.pid, controller.log));
  for (size_t i = 0; i < 2; ++i) {
    IPC_TRY(net::parse_connection(texts[i]));
    if (const auto present = read_file(here[i]); present && *present == texts[i]) continue;
    IPC_TRY(write_file_atomically(here[i], texts[i], 0600));
  }
  return {};
}

/// One error for all.
Error together(const std::vector<Share>& shares) {
  if (shares.size() == 1) return *shares.front().error;
  std::vector<std::string> texts;
  texts.reserve(shares.size());
  for (const auto& share : shares) texts.push_back(share.error->text());
  return {shares.front().error->code, join(texts, "\n"), ""};
}

}  // namespace

Result<std::vector<Launched>> start(const LaunchRequest& request) {
  IPC_TRY_ASSIGN(const Settings settings, read_settings(request));
  IPC_TRY_ASSIGN(Record record, Record::open(request.record));
  IPC_TRY_ASSIGN(const auto on_record, record.load());
  std::vector<Share> shares = shares_of(request, settings, on_record);
  const int width = settings.login.fanout;
  for_each_at_once(shares.size(), width, [&](size_t i) { reach(shares[i], request, settings); });
  IPC_TRY(remember_hosts(record, on_record, shares, request, settings));
  const std::string connection = connection_text(request, settings);
  for_each_at_once(shares.size(), width,
                   [&](size_t i) { start_share(shares[i], request, settings, connection); });
  std::vector<Launched> processes;
  bool any = false;
  for (auto& share : shares) {
    const bool is_controller = request.role == "controller";
    const auto files = is_controller ? connection_files(request.profile_dir, request.cluster_id)
                                     : std::vector<std::string>();
    if (!share.error) IPC_TRY(record.add_processes(share.host, share.started, files));
    if (!share.error && is_controller) IPC_TRY(fetch_files(share, request));
    for (auto& process : share.started) processes.push_back(std::move(process));
    any = any || !share.error;
    for (int i = 0; share.error && i < share.count; ++i) {
      Launched& failed = processes.emplace_back();
      failed.id = share.host + "/not-started-" + random_hex(4);
      failed.role = request.role;
      failed.host = share.host;
      failed.state = "ended";
      failed.why = share.error->text();
    }
  }
  if (any) return processes;
  if (on_record.empty()) IPC_TRY(record.remove());
  return together(shares);
}

Result<std::string> preview(const LaunchRequest& request) {
  IPC_TRY_ASSIGN(const Settings settings, read_settings(request));
  std::string text;
  const Place place = wanted_place(request, settings);
  for (const auto& share : shares_of(request, settings, {})) {
    auto other = request_there(request, settings, place, share.host, share.count);
    if (request.role == "engine" && settings.send_connection)
      other.environment["IPKIT_CONNECTION"] = "(the engine's connection file)";
    text += "# ssh " + share.host + " " + place.launcher() + " start\n" + config::to_yaml(other);
  }
  return text;
}

}  // namespace ipc::ssh
