// SPDX-License-Identifier: BSD-3-Clause
// A YAML list of tasks, as ipdag reads it.
#include "libipc/config/task_list.hpp"

#include <yaml-cpp/yaml.h>

#include <charconv>

#include "libipc/util/text.hpp"

namespace ipc::config {
namespace {

const std::vector<std::string> kKeys = {"name",    "code",    "after",   "follow",
                                        "targets", "retries", "timeout", "kernel"};
constexpr unsigned kMostRetries = 1000;

size_t line_of(const YAML::Node& node) {
  return static_cast<size_t>(node.Mark().line + 1);
}

/// Reads one file.
class Reader {
 public:
  explicit Reader(const std::string& file) : file_(file) {}

  Result<std::vector<ListedTask>> read(const YAML::Node& document) {
    std::vector<ListedTask> tasks;
    if (document.IsNull()) return tasks;
    if (!document.IsSequence()) return error(document, "not a list of tasks", "- name: …");
    for (const auto& item : document) {
      if (!item.IsMap()) return error(item, "a task is keys with values", "- name: …");
      ListedTask task;
      for (const auto& pair : item) IPC_TRY(read_key(pair.first, pair.second, task));
      if (task.name.name.empty()) return error(item, "a task without a name", "name: …");
      tasks.push_back(std::move(task));
    }
    return tasks;
  }

  Error error(const YAML::Node& node, const std::string& what, const std::string& hint) const {
    return {Code::bad_input, file_ + ":" + std::to_string(line_of(node)) + ": " + what, hint};
  }

 private:
  Status read_key(const YAML::Node& key, const YAML::Node& value, ListedTask& task) {
    if (!key.IsScalar()) return error(key, "a key is a word", "");
    const std::string& name = key.Scalar();
    if (name == "after") return read_names(name, value, task.after);
    if (name == "follow") return read_names(name, value, task.follow);
    const auto known = std::find(kKeys.begin(), kKeys.end(), name);
    if (known == kKeys.end()) {
      const std::string near = nearest(name, kKeys);
      return error(key, "unknown key '" + name + "'",
                   near.empty() ? "known: " + join(kKeys, ", ") : "did you mean '" + near + "'?");
    }
    if (!value.IsScalar()) return error(value, "'" + name + "' is one value", "");
    const std::string& text = value.Scalar();
    if (name == "name") task.name = {text, line_of(value)};
    if (name == "code") task.code = text;
    if (name == "kernel") task.kernel = text;
    if (name == "targets") task.targets = text;
    if (name == "retries") return read_retries(value, task);
    if (name == "timeout") {
      const auto time = parse_duration(text);
      if (!time) return error(value, "'" + text + "' is not a time", "write 250ms, 30s, 5m, 2h");
      task.timeout = *time;
    }
    return {};
  }

  Status read_retries(const YAML::Node& value, ListedTask& task) {
    const std::string& text = value.Scalar();
    unsigned number = 0;
    const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (bad != std::errc() || end != text.data() + text.size() || number > kMostRetries)
      return error(value, "retries: '" + text + "' is not a number from 0 to 1000", "");
    task.retries = number;
    return {};
  }

  // One name, or a list of them.
  Status read_names(const std::string& key, const YAML::Node& value, std::vector<Mention>& into) {
    if (value.IsNull()) return {};
    if (value.IsScalar()) {
      into.push_back({value.Scalar(), line_of(value)});
      return {};
    }
    if (!value.IsSequence()) return error(value, "'" + key + "' is a name or a list of names", "");
    for (const auto& item : value) {
      if (!item.IsScalar()) return error(item, "'" + key + "' has something that is no name", "");
      into.push_back({item.Scalar(), line_of(item)});
    }
    return {};
  }

  const std::string& file_;
};

}  // namespace

Result<std::vector<ListedTask>> read_task_list(const std::string& file, const std::string& text) {
  try {
    return Reader(file).read(YAML::Load(text));
  } catch (const YAML::Exception& problem) {
    return Error{Code::bad_input,
                 file + ":" + std::to_string(problem.mark.line + 1) + ": " + problem.msg, ""};
  }
}

}  // namespace ipc::config
