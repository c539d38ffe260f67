// SPDX-License-Identifier: BSD-3-Clause
// Kernelspecs: which program a Jupyter kernel's name stands for.
#include "kernels/jupyter/spec.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "libipc/net/kernel_file.hpp"
#include "libipc/util/file.hpp"
#include "libipc/util/text.hpp"
#include "libipc/wire/json.hpp"

namespace ipc::jupyter {
namespace {

namespace fs = std::filesystem;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  });
  return text;
}

/// Where the interpreter of this engine is installed: PREFIX of PREFIX/bin/python3.
std::vector<std::string> prefixes() {
  std::vector<std::string> found;
  for (const char* name : {"VIRTUAL_ENV", "CONDA_PREFIX"})
    if (const auto prefix = environment(name); !prefix.empty()) found.push_back(prefix);
  std::string python = environment("IPKIT_PYTHON");
  for (const auto& directory : split(python.empty() ? environment("PATH") : "", ':'))
    if (python = directory + "/python3"; ::access(python.c_str(), X_OK) == 0) break;
  if (python.find('/') != std::string::npos)
    found.push_back(fs::path(python).parent_path().parent_path().string());
  return found;
}

// $NAME and ${NAME} as the environment has them; what it does not have stays.
std::string filled(const std::string& text) {
  std::string result;
  for (size_t at = 0; at < text.size();) {
    const size_t dollar = text.find('$', at);
    result += text.substr(at, dollar - at);
    if (dollar == std::string::npos) break;
    const bool braced = text.compare(dollar + 1, 1, "{") == 0;
    const size_t first = dollar + (braced ? 2 : 1);
    size_t end = first;
    while (end < text.size() &&
           (std::isalnum(static_cast<unsigned char>(text[end])) != 0 || text[end] == '_'))
      ++end;
    const size_t after = end + (braced ? 1 : 0);
    const char* value = std::getenv(text.substr(first, end - first).c_str());
    const bool whole = end > first && (!braced || text.compare(end, 1, "}") == 0);
    if (whole && value != nullptr) {
      result += value;
      at = after;
    } else {
      result += '$';
      at = dollar + 1;
    }
  }
  return result;
}

Error broken(const std::string& file, const std::string& what) {
  return {Code::bad_input, file + ": " + what, ""};
}

Result<KernelSpec> read_spec(const std::string& name, const std::string& directory) {
  const std::string file = directory + "/kernel.json";
  IPC_TRY_ASSIGN(const std::string text, read_file(file, 1 << 20));
  const auto json = wire::parse_json(text);
  if (!json) return broken(file, json.error().what);
  KernelSpec spec;
  spec.name = name;
  spec.directory = directory;
  spec.language = wire::string_or(*json, "language");
  spec.interrupt_by_message = wire::string_or(*json, "interrupt_mode") == "message";
  const auto argv = json->find("argv");
  if (!json->is_object() || argv == json->end() || !argv->is_array() || argv->empty())
    return broken(file, "no argv");
  for (const auto& word : *argv) {
    if (!word.is_string()) return broken(file, "argv is not a list of strings");
    spec.argv.push_back(word);
  }
  if (const auto env = json->find("env"); env != json->end() && env->is_object())
    for (const auto& [key, value] : env->items())
      if (value.is_string()) spec.env[key] = filled(value);
  return spec;
}

std::string replaced(std::string text, std::string_view from, const std::string& to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

}  // namespace

std::vector<std::string> KernelSpec::command(const std::string& connection_file) const {
  std::vector<std::string> words;
  for (const auto& word : argv)
    words.push_back(replaced(replaced(word, "{connection_file}", connection_file), "{resource_dir}",
                             directory));
  if (words[0] == "python" || words[0] == "python3") {
    // PREFIX/share/jupyter/kernels/NAME
    const fs::path prefix = fs::path(directory) / "../../../..";
    const std::string own = (prefix / "bin" / words[0]).lexically_normal().string();
    if (::access(own.c_str(), X_OK) == 0) words[0] = own;
  }
  return words;
}

std::vector<std::string> data_directories() {
  std::vector<std::string> all = split(environment("JUPYTER_PATH"), ':');
  all.push_back(net::jupyter_data_directory());
  for (const auto& prefix : prefixes()) all.push_back(prefix + "/share/jupyter");
  all.insert(all.end(), {"/usr/local/share/jupyter", "/usr/share/jupyter"});
  std::vector<std::string> once;
  for (const auto& directory : all)
    if (!directory.empty() && std::find(once.begin(), once.end(), directory) == once.end())
      once.push_back(directory);
  return once;
}

Result<KernelSpec> find_kernel_spec(const std::string& name) {
  std::set<std::string> known;
  for (const auto& directory : data_directories()) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(directory + "/kernels", error)) {
      if (!fs::exists(entry.path() / "kernel.json", error)) continue;
      const std::string found = entry.path().filename().string();
      // Kernels' names do not depend on case.
      if (lower(found) == lower(name)) return read_spec(found, entry.path().string());
      known.insert(lower(found));
    }
  }
  std::string list;
  for (const auto& one : known) list += (list.empty() ? "" : ", ") + one;
  return Error{Code::no_input,
               "no Jupyter kernel '" + name +
                   "': " + (list.empty() ? "none is installed" : "there are " + list),
               "looked in " + join(data_directories(), ", ")};
}

}  // namespace ipc::jupyter
