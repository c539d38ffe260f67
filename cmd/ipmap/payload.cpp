// SPDX-License-Identifier: BSD-3-Clause
// Items as a map_request, and its results.
#include "cmd/ipmap/payload.hpp"

#include <algorithm>

#include "cmd/ipmap/input.hpp"
#include "libipc/util/text.hpp"

namespace ipmap {

using ipc::Error;
using ipc::Result;
using ipc::client::Request;

constexpr size_t kShown = 60;

namespace {

/// Calls `use(item, number)` for each item of a chunk.
template <class Use>
void for_each_item(const Chunk& chunk, char separator, Use use) {
  std::string_view rest = chunk.bytes;
  for (size_t i = 1; i < chunk.count; ++i) {
    const size_t end = rest.find(separator);
    use(rest.substr(0, end), chunk.first + i - 1);
    rest.remove_prefix(end + 1);
  }
  // The last one is what is left: a block of --pipe has separators inside.
  if (chunk.count > 0) use(rest.substr(0, rest.size() - 1), chunk.first + chunk.count - 1);
}

Error has_nul(const Chunk& chunk, char separator) {
  std::uint64_t number = chunk.first;
  for_each_item(chunk, separator, [&](std::string_view item, std::uint64_t n) {
    if (item.find('\0') != std::string_view::npos && number == chunk.first) number = n;
  });
  return {ipc::Code::bad_input, "item " + std::to_string(number) + " has a NUL byte",
          "use -0 for items that end with NUL"};
}

std::string shell_command(std::string_view item, std::uint64_t number, const Settings& settings) {
  if (settings.pipe) return settings.command->fill("", number);
  const auto columns =
      settings.has_columns() ? columns_of(item, settings) : std::vector<std::string>();
  return settings.command->fill(whole_item(item, settings), number, columns);
}

/// Items as the kernel wants them.
struct Encoded {
  std::string bytes;
  std::string_view end = R"(\u0000)";  ///< what ends each, in JSON; "": one item, all of the bytes
  std::string_view type = "text";      ///< of x
};

Encoded encode_columns(const Chunk& chunk, char separator, const Settings& settings) {
  Encoded encoded{"", R"(\n)", "json"};
  for_each_item(chunk, separator, [&](std::string_view item, std::uint64_t) {
    encoded.bytes += columns_json(columns_of(item, settings), settings) + '\n';
  });
  return encoded;
}

Encoded encode_items(const Chunk& chunk, char separator, const Settings& settings) {
  Encoded encoded;
  if (settings.is_shell()) {
    for_each_item(chunk, separator, [&](std::string_view item, std::uint64_t number) {
      encoded.bytes += settings.prefix + shell_command(item, number, settings) + '\0';
    });
    return encoded;
  }
  if (settings.has_columns()) return encode_columns(chunk, separator, settings);
  encoded.bytes = chunk.bytes;
  if (settings.pipe) {
    encoded.end = "";
    encoded.bytes.pop_back();
    return encoded;
  }
  encoded.type = settings.type;
  if (separator == '\n')
    encoded.end = R"(\n)";
  else if (separator != '\0')
    std::replace(encoded.bytes.begin(), encoded.bytes.end(), separator, '\0');
  return encoded;
}

std::string content_of(const Chunk& chunk, const Encoded& items, const Settings& settings) {
  std::string content = R"({"code":)" + ipc::json_quote(settings.expression) + R"(,"count":)" +
                        std::to_string(chunk.count);
  content.append(R"(,"sep":")").append(items.end);
  content.append(R"(","type":")").append(items.type).append("\"");
  if (settings.json) content += R"(,"json":true)";
  if (!settings.reduce.empty()) content += R"(,"reduce":)" + ipc::json_quote(settings.reduce);
  if (settings.file)
    content += R"(,"file":)" + (chunk.teach ? settings.file->whole : settings.file->brief);
  if (settings.is_shell() && settings.pipe) content += R"(,"stdin":true)";
  return content +
         (settings.out == '\n' || settings.json ? R"(,"out":"\n"})" : R"(,"out":"\u0000"})");
}

}  // namespace

Result<Request> make_request(const Chunk& chunk, char separator, const Settings& settings) {
  const bool nul_matters =
      !settings.pipe && (settings.is_shell() || (separator != '\n' && separator != '\0'));
  if (nul_matters && separator != '\0' && chunk.bytes.find('\0') != std::string::npos)
    return has_nul(chunk, separator);
  Encoded items = encode_items(chunk, separator, settings);
  Request request;
  request.type = "map_request";
  request.content = content_of(chunk, items, settings);
  request.buffers.push_back(ipc::net::Frame::adopt(std::move(items.bytes)));
  if (settings.is_shell() && settings.pipe)
    request.buffers.push_back(
        ipc::net::Frame::adopt(chunk.bytes.substr(0, chunk.bytes.size() - 1)));
  request.kernel = settings.kernel;
  request.directed = true;
  return request;
}

bool is_loss(const ipc::client::RemoteError& error) {
  return error.ename == "KernelDied" || error.ename == "EngineError";
}

Error misfit() {
  return {ipc::Code::bad_input, "an engine's answer does not fit its items",
          "is it of another version?"};
}

static Result<std::vector<ItemResult>> parse_lines(std::string_view text, size_t count, char end) {
  std::vector<ItemResult> results(count);
  for (auto& result : results) {
    const size_t length = text.find(end);
    if (length == std::string_view::npos) return misfit();
    result.text = text.substr(0, length);
    text.remove_prefix(length + 1);
  }
  return results;
}

Result<std::vector<ItemResult>> parse_results(const ipc::client::Reply& reply,
                                              const ipc::wire::Json& content, size_t count,
                                              char end) {
  std::string_view text = reply.buffer(0);
  if (ipc::wire::string_or(content, "form") == "lines") return parse_lines(text, count, end);
  const auto sizes = content.find("sizes");
  if (sizes == content.end() || !sizes->is_array() || sizes->size() != count) return misfit();
  std::vector<ItemResult> results(count);
  for (size_t i = 0; i < count; ++i) {
    const auto& size = (*sizes)[i];
    if (!size.is_number_unsigned() || size.get<size_t>() > text.size()) return misfit();
    results[i].text = text.substr(0, size.get<size_t>());
    text.remove_prefix(size.get<size_t>());
  }
  IPC_TRY_ASSIGN(auto failures, parse_failures(content, count));
  for (auto& [index, error] : failures) {
    results[index].failed = true;
    results[index].error = std::move(error);
  }
  return results;
}

Result<Failures> parse_failures(const ipc::wire::Json& content, size_t count) {
  Failures failures;
  const auto failed = content.find("failed");
  if (failed == content.end() || !failed->is_array()) return failures;
  for (const auto& entry : *failed) {
    const auto index = ipc::wire::int_or(entry, "index", -1);
    if (index < 0 || static_cast<size_t>(index) >= count) return misfit();
    failures.emplace_back(static_cast<size_t>(index), ipc::client::parse_remote_error(entry));
  }
  return failures;
}

static Chunk part_of(const Chunk& chunk, size_t index, size_t count, std::string bytes) {
  return {chunk.first + index, count, std::move(bytes), chunk.tries, chunk.engine, chunk.teach};
}

std::pair<Chunk, Chunk> halve(const Chunk& chunk, char separator) {
  const size_t half = chunk.count / 2;
  size_t at = 0;
  for (size_t i = 0; i < half; ++i) at = chunk.bytes.find(separator, at) + 1;
  return {part_of(chunk, 0, half, chunk.bytes.substr(0, at)),
          part_of(chunk, half, chunk.count - half, chunk.bytes.substr(at))};
}

Chunk single(const Chunk& chunk, char separator, size_t index) {
  if (chunk.count == 1) return chunk;
  const std::string_view item = ipc::cli::item_at(chunk.bytes, separator, index);
  return part_of(chunk, index, 1, std::string(item) + separator);
}

std::vector<std::string_view> items_of(const Chunk& chunk, char separator) {
  std::vector<std::string_view> items;
  items.reserve(chunk.count);
  for_each_item(chunk, separator,
                [&](std::string_view item, std::uint64_t) { items.push_back(item); });
  return items;
}

std::string whole_item(std::string_view item, const Settings& settings) {
  std::string whole(item);
  if (settings.sources.size() > 1) std::replace(whole.begin(), whole.end(), kUnit, ' ');
  return whole;
}

std::string command_of(std::string_view item, std::uint64_t number, const Settings& settings) {
  if (settings.is_shell()) return shell_command(item, number, settings);
  if (settings.pipe) return settings.expression;
  return settings.expression + " ::: " + whole_item(item, settings);
}

std::string shown(std::string_view item) {
  std::string text(item.substr(0, kShown));
  while (item.size() > kShown && !text.empty() && !ipc::is_utf8(text) &&
         (static_cast<unsigned char>(text.back()) & 0x80) != 0)
    text.pop_back();
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return "'" + text + (item.size() > kShown ? "…'" : "'");
}

}  // namespace ipmap
