// SPDX-License-Identifier: BSD-3-Clause
// The table of traits of the engine, and what each one sets here.
#include "cmd/ipengine/traits.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "libipc/cli/traits.hpp"
#include "libipc/config/trait_file.hpp"
#include "libipc/util/file.hpp"
#include "libipc/util/text.hpp"

namespace ipc::ipengine {
namespace {

Error wrong(const Given& given, const std::string& wanted) {
  return {Code::usage, given.origin + ": '" + given.value + "' is not " + wanted, ""};
}

Result<int> parse_count(const Given& given, const std::string& wanted) {
  int count = 0;
  const std::string& text = given.value;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size() || count < 0)
    return wrong(given, wanted);
  return count;
}

template <auto Member>
Status text(const Given& given, Settings& s) {
  s.*Member = given.value;
  return {};
}

template <std::string engine::EngineConfig::*Member>
Status engine_text(const Given& given, Settings& s) {
  s.engine.*Member = given.value;
  return {};
}

template <bool Settings::*Member>
Status flag(const Given& given, Settings& s) {
  const std::string& value = given.value;
  const bool yes = value == "True" || value == "true" || value == "1";
  if (!yes && value != "False" && value != "false" && value != "0")
    return wrong(given, "True or False");
  s.*Member = yes;
  return {};
}

template <std::optional<std::string> config::ClusterOptions::*Member>
Status cluster(const Given& given, Settings& s) {
  if (given.value.empty() && Member != &config::ClusterOptions::cluster_id) return {};
  s.cluster_options.*Member = given.value;
  return {};
}

Status id(const Given& given, Settings& s) {
  s.engine.id = std::nullopt;
  if (given.value == "None") return {};
  IPC_TRY_ASSIGN(s.engine.id, parse_count(given, "an id"));
  return {};
}

Status misses(const Given& given, Settings& s) {
  IPC_TRY_ASSIGN(s.engine.max_heartbeat_misses, parse_count(given, "a number"));
  return {};
}

// There is one limit for the file and the registration; the reference has two, shorter ones.
Status limit(const Given& given, Settings& s) {
  const auto time = parse_duration(given.value);
  if (!time) return wrong(given, "a time");
  s.limit = std::max(s.limit, *time);
  return {};
}

Status mpi_delay(const Given& given, Settings& s) {
  const auto time = parse_duration(given.value);
  if (!time) return wrong(given, "a time");
  s.mpi_delay = *time;
  return {};
}

Status log_level(const Given& given, Settings& s) {
  const auto level = log::parse_level(given.value);
  if (!level)
    return Error{Code::usage, given.origin + ": " + level.error().what, level.error().hint};
  s.level = *level;
  return {};
}

Status key_file(const Given& given, Settings& s) {
  if (given.value.empty()) return {};
  IPC_TRY_ASSIGN(const std::string content, read_secret(given.value, 1 << 16));
  s.key = std::string(trim(content));
  return {};
}

Status ipython_directory(const Given& given, Settings&) {
  if (!given.value.empty()) ::setenv("IPYTHONDIR", given.value.c_str(), 1);
  return {};
}

Status user(const Given& given, Settings&) {
  if (!given.value.empty()) ::setenv("USER", given.value.c_str(), 1);
  return {};
}

Status not_done(const Given& given, Settings&) {
  if (given.value.empty()) return {};
  return Error{Code::usage, given.origin + " is not done by this engine", ""};
}

struct Trait {
  std::string_view name, help;
  Status (*apply)(const Given& given, Settings& settings);  // null: nothing here depends on it
};

using C = config::ClusterOptions;
using E = engine::EngineConfig;

constexpr Trait kTraits[] = {
    {"IPEngine.id", "the id to ask for", id},
    {"IPEngine.startup_command", "as -c", engine_text<&E::startup_command>},
    {"IPEngine.startup_script", "as -s", engine_text<&E::startup_script>},
    {"IPEngine.url_file", "as --file", text<&Settings::file>},
    {"IPEngine.url_file_name", "the same, in the profile's security directory",
     text<&Settings::file_name>},
    {"IPEngine.location", "as --location", text<&Settings::location>},
    {"IPEngine.curve_serverkey", "the controller's CURVE key, if the file has none",
     text<&Settings::curve_server_key>},
    {"IPEngine.max_heartbeat_misses", "as --max-heartbeat-misses", misses},
    {"IPEngine.timeout", "as --timeout, but never less than the default", limit},
    {"IPEngine.wait_for_url_file", "the same", limit},
    {"IPEngine.use_mpi", "as --mpi", flag<&Settings::mpi>},
    {"IPEngine.init_mpi", "code that --mpi runs first", text<&Settings::mpi_code>},
    {"IPEngine.mpi_registration_delay", "seconds, times the rank from 100 on", mpi_delay},
    {"IPEngine.profile", "as --profile", cluster<&C::profile>},
    {"IPEngine.cluster_id", "as --cluster-id", cluster<&C::cluster_id>},
    {"IPEngine.ipython_dir", "as --ipython-dir", ipython_directory},
    {"IPEngine.extra_config_file", "as --config", text<&Settings::config_file>},
    {"IPEngine.work_dir", "as --work-dir", text<&Settings::directory>},
    {"IPEngine.log_level", "as --log-level", log_level},
    {"IPEngine.log_to_file", "as --log-to-file", flag<&Settings::log_to_file>},
    {"IPEngine.show_config", "as --show-config", flag<&Settings::show_config>},
    {"IPEngine.show_config_json", "as --show-config-json", flag<&Settings::show_config_json>},
    {"IPEngine.registration_url", "refused", not_done},
    {"IPEngine.sshserver", "as --ssh", text<&Settings::ssh_server>},
    {"IPEngine.sshkey", "as --sshkey", text<&Settings::ssh_key>},
    {"IPEngine.log_url", "refused", not_done},
    {"IPEngine.enable_nanny", "", nullptr},
    {"IPEngine.paramiko", "", nullptr},
    {"IPEngine.curve_publickey", "", nullptr},
    {"IPEngine.curve_secretkey", "", nullptr},
    {"IPEngine.display_hook_factory", "", nullptr},
    {"IPEngine.out_stream_factory", "", nullptr},
    {"IPEngine.clean_logs", "", nullptr},
    {"IPEngine.auto_create", "", nullptr},
    {"IPEngine.copy_config_files", "", nullptr},
    {"IPEngine.overwrite", "", nullptr},
    {"IPEngine.add_ipython_dir_to_sys_path", "", nullptr},
    {"IPEngine.verbose_crash", "", nullptr},
    {"IPEngine.log_format", "", nullptr},
    {"IPEngine.log_datefmt", "", nullptr},
    {"IPEngine.logging_config", "", nullptr},
    {"ProfileDir.location", "as --profile-dir", cluster<&C::profile_dir>},
    {"Session.key", "the key that signs messages, if the file has none", text<&Settings::key>},
    {"Session.keyfile", "as --keyfile", key_file},
    {"Session.session", "as --ident", engine_text<&E::uuid>},
    {"Session.username", "as --user", user},
    {"Session.signature_scheme", "", nullptr},
    {"Session.packer", "", nullptr},
    {"Session.unpacker", "", nullptr},
    {"Session.metadata", "", nullptr},
    {"Session.debug", "", nullptr},
    {"Session.check_pid", "", nullptr},
    {"Session.buffer_threshold", "", nullptr},
    {"Session.copy_threshold", "", nullptr},
    {"Session.item_threshold", "", nullptr},
    {"Session.digest_history_size", "", nullptr},
    {"MPI.use", "", nullptr},
    {"MPI.default_inits", "", nullptr},
};

struct Alias {
  std::string_view option, trait, value;  // no value: the option's
};
constexpr Alias kAliases[] = {
    {"file", "IPEngine.url_file", ""},
    {"startup-command", "IPEngine.startup_command", ""},
    {"startup-script", "IPEngine.startup_script", ""},
    {"url", "IPEngine.registration_url", ""},
    {"ssh", "IPEngine.sshserver", ""},
    {"sshkey", "IPEngine.sshkey", ""},
    {"location", "IPEngine.location", ""},
    {"max-heartbeat-misses", "IPEngine.max_heartbeat_misses", ""},
    {"profile", "IPEngine.profile", ""},
    {"profile-dir", "ProfileDir.location", ""},
    {"cluster-id", "IPEngine.cluster_id", ""},
    {"ipython-dir", "IPEngine.ipython_dir", ""},
    {"config", "IPEngine.extra_config_file", ""},
    {"work-dir", "IPEngine.work_dir", ""},
    {"cwd", "IPEngine.work_dir", ""},
    {"log-level", "IPEngine.log_level", ""},
    {"log-url", "IPEngine.log_url", ""},
    {"ident", "Session.session", ""},
    {"user", "Session.username", ""},
    {"keyfile", "Session.keyfile", ""},
    {"mpi", "IPEngine.use_mpi", "True"},
    {"log-to-file", "IPEngine.log_to_file", "True"},
    {"clean-logs", "IPEngine.clean_logs", "True"},
    {"init", "IPEngine.copy_config_files", "True"},
    {"debug", "IPEngine.log_level", "DEBUG"},
    {"verbose", "IPEngine.log_level", "INFO"},
    {"quiet", "IPEngine.log_level", "ERROR"},
    {"show-config", "IPEngine.show_config", "True"},
    {"show-config-json", "IPEngine.show_config_json", "True"},
};

const cli::TraitNames& known_names() {
  static const cli::TraitNames names = [] {
    cli::TraitNames known;
    known.main_class = "IPEngine";
    known.aliases = {
        "EngineFactory",           "IPEngineApp",        "Application", "BaseIPythonApplication",
        "BaseParallelApplication", "RegistrationFactory"};
    // Of the reference's kernel and its shell.
    known.others = {"InteractiveShell",   "ZMQInteractiveShell", "InteractiveShellApp",
                    "IPythonKernel",      "IPKernelApp",         "Kernel",
                    "HistoryManager",     "HistoryAccessor",     "DisplayFormatter",
                    "PlainTextFormatter", "Completer",           "IPCompleter"};
    for (const auto& trait : kTraits) known.names.push_back(trait.name);
    return known;
  }();
  return names;
}

Status apply(const Given& given, Settings& settings) {
  const auto name = cli::resolve_trait(known_names(), given.trait);
  if (!name && given.in_file) {
    // The file may be for a program of another version.
    settings.remarks.push_back(given.origin + ": " + name.error().text());
    return {};
  }
  if (!name) return name.error();
  for (const auto& trait : kTraits)
    if (trait.name == *name && trait.apply != nullptr) return trait.apply(given, settings);
  return {};
}

}  // namespace

std::vector<Given> traits_on_command_line(const cli::Arguments& arguments) {
  std::vector<Given> given;
  for (const auto& [trait, value] : arguments.traits)
    given.push_back({trait, config::unquoted(value), "--" + trait});
  for (const auto& [option, value] : arguments.options)
    for (const auto& alias : kAliases)
      if (alias.option == option)
        given.push_back({std::string(alias.trait),
                         alias.value.empty() ? value : std::string(alias.value), "--" + option});
  return given;
}

Status read_trait_files(const Settings& settings, std::vector<Given>& given,
                        std::vector<std::string>& remarks) {
  for (const auto& file :
       config::trait_files(settings.cluster, "ipengine_config.py", settings.config_file)) {
    IPC_TRY_ASSIGN(const auto read, config::read_trait_file(file));
    for (const auto& line : read.lines)
      given.push_back({line.name, line.value, line.origin + ": " + line.name, true});
    for (const auto& origin : read.not_understood)
      remarks.push_back(origin + ": not understood, only c.Class.trait = literal is");
  }
  return {};
}

Status apply_traits(const std::vector<Given>& given, Settings& settings) {
  for (const auto& one : given) {
    const auto applied = apply(one, settings);
    if (!applied && one.in_file)
      return Error{Code::bad_profile, applied.error().what, applied.error().hint};
    if (!applied) return applied;
  }
  return {};
}

std::string given_text(const Settings& settings) {
  cli::TraitValues values;
  for (const auto& one : settings.given) values.emplace_back(one.trait, one.value);
  return settings.show_config_json ? cli::traits_as_json(known_names(), values)
                                   : cli::traits_as_text(known_names(), values);
}

std::string traits_text() {
  std::vector<std::pair<std::string_view, std::string_view>> useful;
  std::vector<std::string_view> idle;
  for (const auto& trait : kTraits) {
    if (trait.apply != nullptr)
      useful.emplace_back(trait.name, trait.help);
    else
      idle.push_back(trait.name);
  }
  return cli::traits_help(known_names(), useful, idle);
}

}  // namespace ipc::ipengine
