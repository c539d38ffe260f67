// SPDX-License-Identifier: BSD-3-Clause
// The terminal: what iptop shows, and the keys pressed.
#include "cmd/iptop/screen.hpp"

#define NCURSES_NOMACROS 1  // they have names such as clear
#include <curses.h>
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <cstdio>

namespace iptop {

namespace {

// Lines above the rows, and below them.
constexpr size_t kAbove = 4, kBelow = 1;

constexpr const char* kKeys =
    "q quit  s sort  r reverse  / filter  i interrupt  K kill  f follow  ? help";

constexpr const char* kHelp[] = {
    "up down PgUp PgDn Home End   choose an engine",
    "s  S         sort by the next column, by the one before",
    "r            the other way round",
    "/            show engines with this text in host, state or task; Enter ends it",
    "Esc          no filter; back from what is followed, from this",
    "i            interrupt the task that the chosen engine runs",
    "K            kill its kernel: what it runs and its names are lost",
    "f  Enter     follow the output of the chosen engine",
    "q  Ctrl-C    end",
    "",
    "memory: of the engine and all processes below it; age: how long its task runs",
    "'-': not known. Engines of ipyparallel's do not tell.",
};

std::string padded(std::string text, size_t width, bool right) {
  // Characters, not bytes.
  size_t length = 0;
  for (const char c : text) length += (c & 0xc0) != 0x80 ? 1 : 0;
  const std::string blanks(width > length ? width - length : 0, ' ');
  return right ? blanks + text : text + blanks;
}

// No more than `width` characters; control characters become `?`.
std::string fitted(const std::string& text, size_t width) {
  std::string out;
  size_t length = 0;
  for (const char c : text) {
    if ((c & 0xc0) != 0x80 && length++ >= width) break;
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte == 0x7f ? '?' : c;
  }
  return out;
}

std::string cell(const std::string& text, size_t width, bool right) {
  return padded(fitted(text, width), width, right) + " ";
}

std::string columns(const std::array<std::string, 9>& cells) {
  return cell(cells[0], 5, true) + cell(cells[1], 12, false) + cell(cells[2], 5, false) +
         cell(cells[3], 5, true) + cell(cells[4], 5, true) + cell(cells[5], 4, true) +
         cell(cells[6], 6, true) + cell(cells[7], 5, true) + cell(cells[8], 5, true);
}

std::string rate_text(double rate) {
  char text[32];
  std::snprintf(text, sizeof text, rate < 99.95 ? "%.1f" : "%.0f", rate);
  return text;
}

std::string first_line(const Totals& totals, const View& view) {
  std::string text = "iptop  " + view.where;
  if (totals.uptime) text += ", up " + short_time(*totals.uptime);
  if (totals.rss) text += ", " + short_bytes(*totals.rss);
  return text;
}

std::string second_line(const Totals& totals) {
  return "engines " + std::to_string(totals.engines) + " (" + std::to_string(totals.busy) +
         " busy)  waiting " + short_count(totals.waiting) + "  at engines " +
         short_count(totals.running) + "  done " + short_count(totals.completed) + "  failed " +
         short_count(totals.failed) + "  " + rate_text(totals.rate) + "/s";
}

std::string third_line(const View& view) {
  if (!view.message.empty()) return view.message;
  if (view.editing) return "filter: " + view.filter + "_";
  std::string text = "sorted by " + key_names()[static_cast<size_t>(view.key)];
  if (view.reverse) text += ", reversed";
  if (!view.filter.empty())
    text += "  filter: " + view.filter + " (" + std::to_string(view.order.size()) + ")";
  return text;
}

void put(int line, const std::string& text, attr_t attributes = A_NORMAL) {
  if (line >= LINES) return;
  attrset(attributes);
  const std::string fit = fitted(text, static_cast<size_t>(COLS));
  mvaddstr(line, 0,
           padded(fit, attributes == A_NORMAL ? 0 : static_cast<size_t>(COLS), false).c_str());
  attrset(A_NORMAL);
}

void draw_rows(const Model& model, const View& view, ipc::TimePoint now, size_t place) {
  put(kAbove - 1, heading(static_cast<size_t>(COLS)), A_REVERSE);
  for (size_t i = 0; i < place && view.top + i < view.order.size(); ++i) {
    const int id = view.order[view.top + i];
    const Row* row = model.find(id);
    if (row == nullptr) continue;
    const attr_t attributes = id == view.selected    ? A_REVERSE
                              : row->state == "busy" ? A_BOLD
                                                     : A_NORMAL;
    put(static_cast<int>(kAbove + i), row_text(*row, now, static_cast<size_t>(COLS)), attributes);
  }
}

void draw_output(const View& view, size_t place) {
  put(kAbove - 1, "output of engine " + std::to_string(*view.followed) + "  (Esc: back)",
      A_REVERSE);
  const size_t skip = view.output.size() > place ? view.output.size() - place : 0;
  for (size_t i = skip; i < view.output.size(); ++i)
    put(static_cast<int>(kAbove + i - skip), view.output[i]);
}

}  // namespace

std::string heading(size_t width) {
  return fitted(
      columns({"id", "host", "state", "queue", "done", "fail", "rate/s", "mem", "age"}) + "task",
      width);
}

std::string row_text(const Row& row, ipc::TimePoint now, size_t width) {
  return fitted(columns({std::to_string(row.id), row.host.empty() ? "-" : row.host, row.state,
                         short_count(row.queue), short_count(row.completed),
                         short_count(row.failed), rate_text(row.rate), short_bytes(row.memory),
                         row.task_id.empty() ? "-" : short_time(row.age(now))}) +
                    row.task,
                width);
}

ipc::Result<std::unique_ptr<Screen>> Screen::open() {
  std::setlocale(LC_CTYPE, "");
  if (newterm(nullptr, stdout, stdin) == nullptr)
    return ipc::Error{ipc::Code::usage, "this terminal is not known here",
                      "set TERM, or give --once"};
  cbreak();
  noecho();
  nonl();
  keypad(stdscr, TRUE);
  nodelay(stdscr, TRUE);
  set_escdelay(50);
  curs_set(0);
  return std::unique_ptr<Screen>(new Screen);
}

Screen::~Screen() {
  endwin();
}

size_t Screen::place() const {
  return std::max<size_t>(static_cast<size_t>(LINES), kAbove + kBelow + 1) - kAbove - kBelow;
}

void Screen::draw(const Model& model, const View& view, ipc::TimePoint now) {
  const Totals totals = model.totals();
  erase();
  put(0, first_line(totals, view), A_BOLD);
  put(1, second_line(totals));
  put(2, third_line(view), view.message.empty() ? A_NORMAL : A_BOLD);
  if (view.help)
    for (size_t i = 0; i < std::size(kHelp); ++i) put(static_cast<int>(kAbove + i), kHelp[i]);
  else if (view.followed)
    draw_output(view, place());
  else
    draw_rows(model, view, now, place());
  put(LINES - 1, kKeys);
  refresh();
}

int Screen::key() {
  return getch();
}

}  // namespace iptop
