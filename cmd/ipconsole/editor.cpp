// SPDX-License-Identifier: BSD-3-Clause
// The line being typed: libedit, with colours, several lines, completion and the history.
#include "cmd/ipconsole/editor.hpp"

#include <histedit.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cwchar>

#include "cmd/ipconsole/overlay.hpp"
#include "cmd/ipconsole/signals.hpp"
#include "libipc/util/fd.hpp"

namespace ipconsole {
namespace {

// Typed by nobody, bound to what libedit itself does at the end of a line.
constexpr const char* kAccept = "\x1d";
constexpr const char* kPasteEnd = "\x1b[201~";
constexpr size_t kShown = 200;  // completions

}  // namespace

struct Editor::Impl {
  Impl(EditorHooks h, Recall r) : hooks(std::move(h)), recall(std::move(r)) {}

  EditorHooks hooks;
  Recall recall;
  EditLine* edit = nullptr;
  ::History* past = nullptr;
  HistEvent event{};
  std::string prompt;
  bool cancelled = false, ended = false;
  bool colours = false;
  std::string painted;

  static Impl& of(EditLine* edit) {
    void* data = nullptr;
    ::el_get(edit, EL_CLIENTDATA, &data);
    return *static_cast<Impl*>(data);
  }

  std::string text() const {
    const LineInfo* line = ::el_line(edit);
    return {line->buffer, line->lastchar};
  }
  size_t cursor() const {
    const LineInfo* line = ::el_line(edit);
    return static_cast<size_t>(line->cursor - line->buffer);
  }
  static size_t width() {
    struct winsize size {};
    return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
  }
  static size_t height() {
    struct winsize size {};
    return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : 24;
  }

  void set_up();
  void define_keys();
  void bind(const char* key, const char* function) {
    ::el_set(edit, EL_BIND, key, function, nullptr);
  }
  void define(const char* name, unsigned char (*function)(EditLine*, int)) {
    ::el_set(edit, EL_ADDFN, name, name, function);
  }
  void remember(const std::string& line) { ::history(past, &event, H_ENTER, line.c_str()); }

  int get(wchar_t* into);
  void paint();
  void move_to(size_t byte);
  bool move_line(int direction);
  unsigned char enter();
  unsigned char complete();
  unsigned char paste();
  void show(const std::vector<std::string>& matches) const;
};

// -- keys

unsigned char Editor::Impl::enter() {
  const std::string code = text();
  const Language language = hooks.language();
  if (is_complete(code, language)) {
    ::el_push(edit, kAccept);
    return CC_NORM;
  }
  const std::string more = "\n" + next_indent(code.substr(0, cursor()), language);
  ::el_insertstr(edit, more.c_str());
  return CC_REFRESH;
}

unsigned char Editor::Impl::complete() {
  const std::string before = text().substr(0, cursor());
  const size_t start = before.find_last_of('\n') + 1;
  if (before.find_first_not_of(" \t", start) == std::string::npos) {
    ::el_insertstr(edit, "    ");
    return CC_REFRESH;
  }
  Completion found = hooks.complete(before);
  if (found.matches.empty() || found.from > before.size()) return CC_REFRESH_BEEP;
  const std::string word = before.substr(found.from), common = common_start(found.matches);
  if (common.size() > word.size() && common.starts_with(word)) {
    ::el_insertstr(edit, common.substr(word.size()).c_str());
    return CC_REFRESH;
  }
  if (found.matches.size() == 1) {
    if (common == word) return CC_REFRESH_BEEP;
    wchar_t wide[256];
    const size_t count = std::mbstowcs(wide, word.c_str(), 255);
    ::el_deletestr(edit, static_cast<int>(count == static_cast<size_t>(-1) ? 0 : count));
    ::el_insertstr(edit, common.c_str());
    return CC_REFRESH;
  }
  show(found.matches);
  painted.clear();
  return CC_REDISPLAY;
}

void Editor::Impl::show(const std::vector<std::string>& matches) const {
  std::vector<std::string> some(matches.begin(),
                                matches.begin() + std::min(matches.size(), kShown));
  std::string list = "\n" + in_columns(some, width());
  if (matches.size() > kShown)
    list += "… and " + std::to_string(matches.size() - kShown) + " more\n";
  (void)ipc::write_all(STDOUT_FILENO, list);
}

// What a terminal hands over as pasted is text, whatever keys are in it.
unsigned char Editor::Impl::paste() {
  std::string pasted;
  wchar_t c = 0;
  while (!pasted.ends_with(kPasteEnd) && get(&c) == 1) {
    char bytes[MB_LEN_MAX];
    std::mbstate_t state{};
    const size_t count = std::wcrtomb(bytes, c == L'\r' ? L'\n' : c, &state);
    if (count != static_cast<size_t>(-1)) pasted.append(bytes, count);
  }
  if (pasted.ends_with(kPasteEnd)) pasted.resize(pasted.size() - std::strlen(kPasteEnd));
  ::el_insertstr(edit, pasted.c_str());
  return CC_REFRESH;
}

void Editor::Impl::move_to(size_t byte) {
  const std::string code = text();
  const auto chars = [](std::string_view bytes) {
    return std::count_if(bytes.begin(), bytes.end(), [](char c) {
      return MB_CUR_MAX == 1 || (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    });
  };
  const std::string_view view = code;
  ::el_cursor(edit,
              static_cast<int>(chars(view.substr(0, byte)) - chars(view.substr(0, cursor()))));
}

// Within an input of several lines; false where there is no line in that direction.
bool Editor::Impl::move_line(int direction) {
  const std::string code = text();
  const size_t at = cursor();
  const size_t start = at == 0 ? 0 : code.rfind('\n', at - 1) + 1;
  const size_t column = at - start;
  if (direction < 0) {
    if (start == 0) return false;
    const size_t before = start < 2 ? 0 : code.rfind('\n', start - 2) + 1;
    move_to(std::min(before + column, start - 1));
    return true;
  }
  const size_t end = code.find('\n', at);
  if (end == std::string::npos) return false;
  move_to(std::min(end + 1 + column, std::min(code.find('\n', end + 1), code.size())));
  return true;
}

// -- characters

int Editor::Impl::get(wchar_t* into) {
  std::mbstate_t state{};
  while (true) {
    if (ended) return 0;
    std::fflush(stdout);
    struct pollfd ready = {STDIN_FILENO, POLLIN, 0};
    if (::poll(&ready, 1, 0) == 0) {
      paint();
      if (!hooks.wait()) return ended = true, 0;
      const Pressed pressed = take_keys();
      if (pressed.resized) ::el_resize(edit), painted.clear();
      continue;
    }
    char byte = 0;
    const ssize_t count = ::read(STDIN_FILENO, &byte, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return ended = true, 0;
    const size_t length = std::mbrtowc(into, &byte, 1, &state);
    if (length == static_cast<size_t>(-2)) continue;
    if (length == static_cast<size_t>(-1)) *into = L'?';
    if (length == 0) *into = 0;
    return 1;
  }
}

// libedit knows no colours: once it waits, what it shows is written over with the same text.
void Editor::Impl::paint() {
  if (!colours) return;
  const std::string code = text();
  const std::string now = code + '\0' + std::to_string(cursor());
  if (now == painted) return;
  painted = now;
  const std::string bytes = overlay({code, cursor(), prompt.size(), width(), height()},
                                    spans(code, hooks.language()), code);
  if (!bytes.empty()) (void)ipc::write_all(STDOUT_FILENO, bytes);
}

// -- setting up

void Editor::Impl::set_up() {
  edit = ::el_init("ipconsole", stdin, stdout, stderr);
  past = ::history_init();
  if (edit == nullptr || past == nullptr) return;
  ::history(past, &event, H_SETSIZE, 10000);
  for (const auto& line : recall.inputs()) remember(line);
  ::el_set(edit, EL_CLIENTDATA, this);
  ::el_set(edit, EL_HIST, ::history, past);
  ::el_set(edit, EL_EDITOR, "emacs");
  ::el_set(edit, EL_SIGNAL, 0);
  ::el_source(edit, nullptr);
  ::el_set(
      edit, EL_PROMPT, +[](EditLine* e) { return const_cast<char*>(of(e).prompt.c_str()); });
  ::el_set(
      edit, EL_GETCFN, +[](EditLine* e, wchar_t* c) { return of(e).get(c); });
  // Ctrl-C and Ctrl-backslash are keys while a line is typed.
  ::el_set(edit, EL_SETTY, "-d", "-isig", nullptr);
  define_keys();
}

void Editor::Impl::define_keys() {
  define("ip-enter", [](EditLine* e, int) { return of(e).enter(); });
  define("ip-complete", [](EditLine* e, int) { return of(e).complete(); });
  define("ip-paste", [](EditLine* e, int) { return of(e).paste(); });
  define("ip-newline", [](EditLine* e, int) -> unsigned char {
    ::el_insertstr(e, "\n");
    return CC_REFRESH;
  });
  define("ip-cancel", [](EditLine* e, int) -> unsigned char {
    of(e).cancelled = true;
    ::el_push(e, kAccept);
    return CC_NORM;
  });
  define("ip-stop", [](EditLine* e, int) -> unsigned char {
    ::el_set(e, EL_PREP_TERM, 0);
    ::raise(SIGTSTP);
    ::el_set(e, EL_PREP_TERM, 1);
    of(e).painted.clear();
    return CC_REDISPLAY;
  });
  define("ip-end", [](EditLine* e, int) -> unsigned char {
    if (of(e).text().empty()) return CC_EOF;
    if (of(e).cursor() == of(e).text().size()) return CC_REFRESH_BEEP;
    ::el_cursor(e, 1);
    ::el_deletestr(e, 1);
    return CC_REFRESH;
  });
  define("ip-older", [](EditLine* e, int) -> unsigned char {
    if (of(e).move_line(-1)) return CC_CURSOR;
    const std::string* line = of(e).recall.older(of(e).text());
    if (line == nullptr) return CC_REFRESH_BEEP;
    ::el_replacestr(e, line->c_str());
    of(e).move_to(line->size());
    return CC_REFRESH;
  });
  define("ip-newer", [](EditLine* e, int) -> unsigned char {
    if (of(e).move_line(1)) return CC_CURSOR;
    const std::string* line = of(e).recall.newer(of(e).text());
    if (line == nullptr) return CC_REFRESH_BEEP;
    ::el_replacestr(e, line->c_str());
    of(e).move_to(line->size());
    return CC_REFRESH;
  });
  for (const auto& [key, function] :
       std::initializer_list<std::pair<const char*, const char*>>{{kAccept, "ed-newline"},
                                                                  {"^M", "ip-enter"},
                                                                  {"^J", "ip-enter"},
                                                                  {"\\e^M", "ip-newline"},
                                                                  {"^C", "ip-cancel"},
                                                                  {"^Z", "ip-stop"},
                                                                  {"^D", "ip-end"},
                                                                  {"^I", "ip-complete"},
                                                                  {"\\e[A", "ip-older"},
                                                                  {"\\eOA", "ip-older"},
                                                                  {"^P", "ip-older"},
                                                                  {"\\e[B", "ip-newer"},
                                                                  {"\\eOB", "ip-newer"},
                                                                  {"^N", "ip-newer"},
                                                                  {"^R", "em-inc-search-prev"},
                                                                  {"\\e[200~", "ip-paste"},
                                                                  {"\\e[1~", "ed-move-to-beg"},
                                                                  {"\\e[4~", "ed-move-to-end"},
                                                                  {"\\e[H", "ed-move-to-beg"},
                                                                  {"\\e[F", "ed-move-to-end"},
                                                                  {"\\e[3~", "ed-delete-next-char"},
                                                                  {"^W", "ed-delete-prev-word"}})
    bind(key, function);
}

Editor::Editor(EditorHooks hooks, Recall recall)
    : impl_(std::make_unique<Impl>(std::move(hooks), std::move(recall))) {
  std::setlocale(LC_CTYPE, "");
  if (MB_CUR_MAX == 1) std::setlocale(LC_CTYPE, "C.UTF-8");
  const char* term = std::getenv("TERM");
  const bool dumb = term == nullptr || std::strcmp(term, "dumb") == 0;
  const char* no_colour = std::getenv("NO_COLOR");
  impl_->colours = !dumb && (no_colour == nullptr || *no_colour == '\0');
  impl_->set_up();
}

Editor::~Editor() {
  if (impl_->edit != nullptr) ::el_end(impl_->edit);
  if (impl_->past != nullptr) ::history_end(impl_->past);
}

Editor::Line Editor::read(const std::string& prompt) {
  if (impl_->edit == nullptr) return {Line::Kind::end, ""};
  impl_->prompt = prompt;
  impl_->cancelled = false;
  impl_->painted.clear();
  impl_->recall.reset();
  if (impl_->colours) (void)ipc::write_all(STDOUT_FILENO, "\x1b[?2004h");
  int count = 0;
  const char* line = ::el_gets(impl_->edit, &count);
  if (impl_->colours) (void)ipc::write_all(STDOUT_FILENO, "\x1b[?2004l");
  if (line == nullptr || count <= 0) return {Line::Kind::end, ""};
  if (impl_->cancelled) return {Line::Kind::cancelled, ""};
  std::string text(line, static_cast<size_t>(count));
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  if (!text.empty()) {
    impl_->recall.add(text);
    impl_->remember(text);
  }
  return {Line::Kind::text, text};
}

// What was pending stays.
static void set_echo(bool on) {
  struct termios modes {};
  if (::tcgetattr(STDIN_FILENO, &modes) != 0) return;
  modes.c_lflag = on ? modes.c_lflag | ECHO : modes.c_lflag & ~static_cast<tcflag_t>(ECHO);
  ::tcsetattr(STDIN_FILENO, TCSANOW, &modes);
}

NoEcho::NoEcho() {
  set_echo(false);
}
NoEcho::~NoEcho() {
  set_echo(true);
}

Editor::Line Editor::ask(const std::string& prompt, bool hidden) {
  (void)ipc::write_all(STDOUT_FILENO, prompt);
  if (!hidden) set_echo(true);
  Line line;
  bool over = false;
  while (!over) {
    struct pollfd ready = {STDIN_FILENO, POLLIN, 0};
    if (::poll(&ready, 1, 0) <= 0) {
      if (!impl_->hooks.wait()) line.kind = Line::Kind::end, over = true;
      if (take_keys().interrupt) line.kind = Line::Kind::cancelled, over = true;
      continue;
    }
    char byte = 0;
    const ssize_t count = ::read(STDIN_FILENO, &byte, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) line.kind = Line::Kind::end;
    over = count <= 0 || byte == '\n';
    if (!over) line.text += byte;
  }
  set_echo(false);
  if (hidden || line.kind != Line::Kind::text) (void)ipc::write_all(STDOUT_FILENO, "\n");
  return line;
}

std::string common_start(const std::vector<std::string>& words) {
  if (words.empty()) return "";
  std::string start = words[0];
  for (const auto& word : words) {
    const auto differ = std::mismatch(start.begin(), start.end(), word.begin(), word.end());
    start.erase(differ.first, start.end());
  }
  while (!start.empty() && (static_cast<unsigned char>(start.back()) & 0x80) != 0) start.pop_back();
  return start;
}

std::string in_columns(const std::vector<std::string>& words, size_t width) {
  size_t widest = 0;
  for (const auto& word : words) widest = std::max(widest, word.size());
  const size_t columns = std::max<size_t>(1, (width + 1) / (widest + 2));
  const size_t rows = (words.size() + columns - 1) / columns;
  std::string text;
  for (size_t row = 0; row < rows; ++row) {
    for (size_t i = row; i < words.size(); i += rows) {
      text += words[i];
      if (i + rows < words.size()) text.append(widest + 2 - words[i].size(), ' ');
    }
    text += '\n';
  }
  return text;
}

}  // namespace ipconsole
