// SPDX-License-Identifier: BSD-3-Clause
// Kernelspecs: how Jupyter knows of us.
#include "cmd/ipkernel/specs.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "libipc/cli/connect.hpp"
#include "libipc/cli/output.hpp"
#include "libipc/cli/table.hpp"
#include "libipc/config/paths.hpp"
#include "libipc/net/kernel_file.hpp"
#include "libipc/util/file.hpp"
#include "libipc/util/subprocess.hpp"
#include "libipc/util/text.hpp"
#include "libipc/wire/json.hpp"

namespace ipkernel {

namespace fs = std::filesystem;
using ipc::Code;
using ipc::Error;
using ipc::Result;
using ipc::cli::Arguments;
using ipc::wire::Json;

namespace {

// Of an interpreter, to say where it is installed.
constexpr auto kPrefixLimit = ipc::seconds(10);

/// PREFIX of the Python in use, where Jupyter looks too.
Result<std::string> python_prefix() {
  for (const char* name : {"VIRTUAL_ENV", "CONDA_PREFIX"})
    if (const char* prefix = std::getenv(name); prefix != nullptr && *prefix != '\0')
      return std::string(prefix);
  const char* python = std::getenv("IPKIT_PYTHON");
  const std::string command = python != nullptr && *python != '\0' ? python : "python3";
  IPC_TRY_ASSIGN(const auto ran,
                 ipc::run_to_end({"/usr/bin/env", command, "-c", "import sys; print(sys.prefix)"},
                                 "", kPrefixLimit));
  if (!ran.ok())
    return Error{Code::no_input, command + " does not say where it is installed",
                 "name the place: --prefix DIR"};
  return std::string(ipc::trim(ran.output));
}

/// Where kernels are registered, by the options.
Result<std::string> kernels_directory(const Arguments& arguments) {
  const int places = arguments.has("user") + arguments.has("prefix") + arguments.has("sys-prefix");
  if (places > 1) return Error{Code::usage, "--user, --prefix, --sys-prefix: one of them", ""};
  if (const auto prefix = arguments.get("prefix")) return *prefix + "/share/jupyter/kernels";
  if (!arguments.has("sys-prefix")) return ipc::net::jupyter_data_directory() + "/kernels";
  IPC_TRY_ASSIGN(const std::string prefix, python_prefix());
  return prefix + "/share/jupyter/kernels";
}

std::string default_name(const Arguments& arguments) {
  const std::string profile = arguments.get_or("profile", "default");
  return profile == "default" ? "ipkit" : "ipkit-" + profile;
}

Result<std::string> name_of(const Arguments& arguments) {
  std::string name = arguments.get_or("name", default_name(arguments));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const bool fine =
      !name.empty() && name[0] != '.' && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
      });
  if (fine) return name;
  return Error{Code::usage, "'" + name + "' cannot be a kernel's name",
               "letters, digits, '-', '_' and '.'"};
}

/// The words that start the kernel as it is asked for now.
Json command_line(const Arguments& arguments) {
  Json words = {ipc::program_directory() + "/ipkernel", "-f", "{connection_file}"};
  for (const char* flag : {"sh", "own-engines", "no-history", "verbose"})
    if (arguments.has(flag)) words.push_back(std::string("--") + flag);
  for (const char* option :
       {"targets", "exclude", "kernel", "profile", "cluster-id", "connect-timeout"})
    if (const auto value = arguments.get(option))
      words.push_back(std::string("--") + option + "=" + *value);
  // Jupyter starts it somewhere else.
  for (const char* option : {"profile-dir", "connection"})
    if (const auto value = arguments.get(option))
      words.push_back(std::string("--") + option + "=" + fs::absolute(*value).string());
  return words;
}

Result<Json> read_spec(const std::string& directory) {
  IPC_TRY_ASSIGN(const std::string text, ipc::read_file(directory + "/kernel.json", 1 << 20));
  return ipc::wire::parse_json(text);
}

bool is_ours(const Json& spec) {
  if (!spec.is_object() || !spec.contains("argv")) return false;
  const Json& argv = spec["argv"];
  return argv.is_array() && !argv.empty() && argv[0].is_string() &&
         fs::path(argv[0].get<std::string>()).filename() == "ipkernel";
}

}  // namespace

Result<int> install(const Arguments& arguments) {
  IPC_TRY_ASSIGN(const std::string name, name_of(arguments));
  IPC_TRY_ASSIGN(const std::string kernels, kernels_directory(arguments));
  const std::string directory = kernels + "/" + name;
  if (const auto there = read_spec(directory); there && !is_ours(*there))
    return Error{Code::exists, directory + " is another program's", "choose a --name"};
  const std::string kernel = ipc::cli::chosen_kernel(arguments);
  const std::string targets = arguments.get_or("targets", "all");
  const std::string shown = (targets == "all" ? "all engines" : "engines " + targets) +
                            (kernel.empty() ? "" : "/" + kernel) + " of " +
                            arguments.get_or("profile", "default") + " (ipkit)";
  const Json spec = {{"argv", command_line(arguments)},
                     {"display_name", arguments.get_or("display-name", shown)},
                     {"language", kernel == "sh" ? "bash" : "python"},
                     {"interrupt_mode", "message"},
                     {"metadata", {{"debugger", false}}}};
  IPC_TRY(ipc::make_directories(directory, 0755));
  IPC_TRY(ipc::write_file_atomically(directory + "/kernel.json", spec.dump(1) + "\n", 0644));
  IPC_TRY(ipc::cli::print(name + "  " + directory + "\n"));
  return 0;
}

Result<int> uninstall(const Arguments& arguments) {
  IPC_TRY_ASSIGN(const std::string name, name_of(arguments));
  IPC_TRY_ASSIGN(const std::string kernels, kernels_directory(arguments));
  const std::string directory = kernels + "/" + name;
  const auto spec = read_spec(directory);
  if (!spec)
    return Error{Code::no_input, "no kernel '" + name + "' in " + kernels, "see ipkernel list"};
  if (!is_ours(*spec)) return Error{Code::refused, directory + " is another program's", ""};
  std::error_code error;
  fs::remove(directory + "/kernel.json", error);
  if (!error) fs::remove(directory, error);
  if (error) return Error{Code::internal, directory + ": " + error.message(), ""};
  return 0;
}

Result<int> list(const Arguments& arguments) {
  std::vector<std::string> places;
  IPC_TRY_ASSIGN(const std::string first, kernels_directory(arguments));
  places.push_back(first);
  const char* path = std::getenv("JUPYTER_PATH");
  for (const auto& directory : ipc::split(path != nullptr ? path : "", ':'))
    places.push_back(directory + "/kernels");
  for (const char* shared : {"/usr/local/share/jupyter/kernels", "/usr/share/jupyter/kernels"})
    places.emplace_back(shared);
  std::vector<std::vector<std::string>> rows;
  for (const auto& place : places) {
    std::vector<fs::path> found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(place, error)) found.push_back(entry.path());
    std::sort(found.begin(), found.end());
    for (const auto& directory : found)
      if (const auto spec = read_spec(directory.string()); spec && is_ours(*spec))
        rows.push_back({directory.filename().string(), ipc::wire::string_or(*spec, "display_name"),
                        directory.string()});
  }
  std::string text;
  for (const auto& row : rows) text += row[0] + "\t" + row[1] + "\t" + row[2] + "\n";
  IPC_TRY(ipc::cli::print(text));
  return 0;
}

}  // namespace ipkernel
