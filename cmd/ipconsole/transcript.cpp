// SPDX-License-Identifier: BSD-3-Clause
// What was typed and what came of it, to be kept in a file.
#include "cmd/ipconsole/transcript.hpp"

#include <array>

#include "libipc/cli/results.hpp"
#include "libipc/console/cell.hpp"
#include "libipc/util/file.hpp"
#include "libipc/util/idset.hpp"

namespace ipconsole {

using ipc::console::text_in;

namespace {

constexpr size_t kMostKept = 1 << 20;  // bytes of streams, per cell
constexpr std::string_view kStyle = R"(
:root { color-scheme: light dark; }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.3em; }
section { margin: 1.2em 0; }
pre { margin: .2em 0; padding: .4em .7em; overflow-x: auto; font: 13px/1.4 monospace; }
.code { background: color-mix(in srgb, CanvasText 8%, Canvas); border-radius: 4px; }
.about { font-size: .8em; opacity: .7; }
.err { border-left: 3px solid #c80; }
.error { border-left: 3px solid #c22; }
.who { font-size: .8em; opacity: .7; padding-left: .7em; }
img { max-width: 100%; background: #fff; }
iframe { width: 100%; border: 1px solid #8885; background: #fff; }
)";

std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\r':
        break;
      default:
        // Colours and the like mean nothing here.
        out += static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' ? ' ' : c;
    }
  }
  return out;
}

// Anything that is no base64 has to stay out of an attribute.
std::string image(std::string_view mime, const std::string& base64) {
  const auto bytes = ipc::cli::from_base64(base64);
  if (!bytes) return "";
  return "<img alt=\"\" src=\"data:" + std::string(mime) + ";base64," + ipc::cli::base64(*bytes) +
         "\">\n";
}

std::string bundle(const ipc::wire::Json& data) {
  for (const char* mime : {"image/png", "image/jpeg", "image/gif"})
    if (const std::string text = text_in(data, mime); !text.empty()) return image(mime, text);
  if (const std::string svg = text_in(data, "image/svg+xml"); !svg.empty())
    return image("image/svg+xml", ipc::cli::base64(svg));
  if (const std::string page = text_in(data, "text/html"); !page.empty())
    return "<iframe sandbox srcdoc=\"" + escape(page) + "\"></iframe>\n";
  return "<pre>" + escape(text_in(data, "text/plain")) + "</pre>\n";
}

std::string item_html(const Item& item) {
  std::string out = "<div class=\"who\">" + ipc::format_idset(item.engines);
  if (item.number > 0) out += " Out[" + std::to_string(item.number) + "]";
  out += "</div>\n";
  switch (item.kind) {
    case Item::Kind::out:
      return out + "<pre>" + escape(item.text) + "</pre>\n";
    case Item::Kind::err:
      return out + "<pre class=\"err\">" + escape(item.text) + "</pre>\n";
    case Item::Kind::error:
      return out + "<pre class=\"error\">" + escape(item.text) + "</pre>\n";
    default:
      return out + bundle(item.data);
  }
}

}  // namespace

std::string plain_text(const ipc::wire::Json& data) {
  std::string text = text_in(data, "text/plain");
  std::string others;
  for (const char* mime : {"image/png", "image/jpeg", "image/gif", "image/svg+xml", "text/html"})
    if (!text_in(data, mime).empty()) others += (others.empty() ? "" : ", ") + std::string(mime);
  if (others.empty()) return text;
  if (!text.empty() && text.back() != '\n') text += ' ';
  return text + "(" + others + ": %save FILE.html keeps it)";
}

void Transcript::begin(std::string when, std::string targets, std::string code) {
  cells_.push_back({std::move(when), std::move(targets), std::move(code), {}});
  kept_ = 0;
}

void Transcript::add(Item item) {
  if (cells_.empty()) return;
  auto& items = cells_.back().items;
  const bool is_stream = item.kind == Item::Kind::out || item.kind == Item::Kind::err;
  if (is_stream) {
    if (kept_ > kMostKept) return;
    kept_ += item.text.size();
    if (kept_ > kMostKept) item.text += "\n… (more was printed and is not kept)\n";
    for (auto last = items.rbegin(); last != items.rend(); ++last) {
      if (last->engines != item.engines) continue;
      if (last->kind != item.kind) break;
      last->text += item.text;
      return;
    }
  }
  items.push_back(std::move(item));
}

std::string Transcript::html(std::string_view title) const {
  std::string page = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n<title>" +
                     escape(title) + "</title>\n<style>" + std::string(kStyle) +
                     "</style></head>\n<body><h1>" + escape(title) + "</h1>\n";
  for (const auto& cell : cells_) {
    page += "<section>\n<div class=\"about\">" + escape(cell.when) + ", engines " +
            escape(cell.targets) + "</div>\n<pre class=\"code\">" + escape(cell.code) + "</pre>\n";
    for (const auto& item : cell.items) page += item_html(item);
    page += "</section>\n";
  }
  return page + "</body></html>\n";
}

std::string Transcript::script() const {
  std::string text;
  for (const auto& cell : cells_) {
    text += cell.code + "\n";
    // Blocks end with an empty line.
    if (cell.code.find('\n') != std::string::npos) text += "\n";
  }
  return text;
}

ipc::Status Transcript::save(const std::string& path) const {
  if (path.ends_with(".py")) return ipc::write_file_atomically(path, script(), 0666);
  if (path.ends_with(".html") || path.ends_with(".htm"))
    return ipc::write_file_atomically(path, html("ipconsole session"), 0666);
  return ipc::Error{ipc::Code::usage, "cannot tell from '" + path + "' what to save",
                    "end the name with .html (with plots) or .py (inputs)"};
}

}  // namespace ipconsole
