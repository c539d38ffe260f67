// SPDX-License-Identifier: BSD-3-Clause
// What engines run, as lines of text or JSON.
#include "cmd/ipcluster/cell_printer.hpp"

#include <algorithm>

#include "libipc/cli/jobs.hpp"
#include "libipc/client/error.hpp"
#include "libipc/util/text.hpp"

namespace ipc::cluster {
namespace {

using wire::Json;
using wire::string_or;

std::string number_of(const Json& content) {
  const auto found = content.find("execution_count");
  const bool counted = found != content.end() && found->is_number_integer() && *found != 0;
  return counted ? " [" + wire::dump_json(*found) + "]" : "";
}

/// What people read of a display.
std::string plain_of(const Json& content) {
  const auto data = content.find("data");
  if (data == content.end() || !data->is_object()) return "";
  if (auto text = string_or(*data, "text/plain"); !text.empty()) return text;
  std::string types;
  for (const auto& [type, value] : data->items()) types += (types.empty() ? "<" : ", ") + type;
  return types.empty() ? "" : types + ">";
}

bool is_value(const Json& content) {
  const auto metadata = content.find("metadata");
  return metadata != content.end() && string_or(*metadata, "ipkit") == "value";
}

}  // namespace

// Remote text: what could move a terminal's cursor is shown, not done.
void CellPrinter::line(int engine, std::string_view head, std::string_view text) {
  const std::string label = std::to_string(engine) + ": ";
  std::string before(head);
  if (text.ends_with('\n')) text.remove_suffix(1);
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    std::string row = label + before + std::string(text.substr(begin, end - begin));
    for (char& c : row)
      if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f) c = '?';
    out_.write(row + "\n");
    // Further lines as IPython has them.
    before = head.size() < 5 ? std::string(head.size(), ' ')
                             : std::string(head.size() - 5, ' ') + "...: ";
    begin = end + 1;
  }
}

void CellPrinter::object(std::string_view parent, int engine, Json&& facts) {
  std::string text = R"({"engine":)" + std::to_string(engine) + R"(,"id":)" +
                     json_quote(cli::job_word(std::string(parent)));
  const std::string more = wire::dump_json(facts);
  out_.write(text + "," + more.substr(1) + "\n");
}

void CellPrinter::stream(int engine, bool is_stderr, const std::string& text) {
  std::string& held = partial_[{engine, is_stderr}];
  held += text;
  const size_t end = held.rfind('\n');
  if (end == std::string::npos) return;
  const std::string head = is_stderr ? "stderr: " : "stdout: ";
  for (const auto& row : split(held.substr(0, end), '\n')) line(engine, head, row);
  held.erase(0, end + 1);
}

void CellPrinter::finish(int engine) {
  for (auto& [from, held] : partial_) {
    if (held.empty() || (engine >= 0 && from.first != engine)) continue;
    stream(from.first, from.second, "\n");
  }
}

void CellPrinter::take(std::string_view parent, std::string_view type, int engine,
                       const Json& content, const std::string& text) {
  if (!content.is_object()) return;
  const bool is_result = type == "execute_result" || (type == "display_data" && is_value(content));
  if (type == "stream") {
    const bool is_stderr = string_or(content, "name") == "stderr";
    if (!json_) return stream(engine, is_stderr, text);
    return object(parent, engine, {{"type", is_stderr ? "stderr" : "stdout"}, {"text", text}});
  }
  if (json_) {
    Json facts = content;
    facts["type"] = type == "execute_input" ? "input" : is_result ? "result" : type;
    if (type == "display_data" && !is_result) facts["type"] = "display";
    facts.erase("transient");
    return object(parent, engine, std::move(facts));
  }
  finish(engine);
  if (type == "execute_input")
    return line(engine, "In" + number_of(content) + ": ", string_or(content, "code"));
  if (is_result) {
    const std::string number = number_of(content);
    return line(engine, "Out" + (number.empty() ? number : number.substr(1)) + ": ",
                plain_of(content));
  }
  if (type == "display_data") return line(engine, "Display: ", plain_of(content));
  if (type == "error")
    line(engine, "Error: ", client::summary(client::parse_remote_error(content)));
}

}  // namespace ipc::cluster
