// SPDX-License-Identifier: BSD-3-Clause
// ipconsole: engines at a prompt.
#include <unistd.h>

#include "cmd/ipconsole/session.hpp"
#include "cmd/ipconsole/signals.hpp"
#include "libipc/cli/code.hpp"
#include "libipc/cli/connect.hpp"
#include "libipc/cli/program.hpp"
#include "libipc/cli/signals.hpp"

namespace {

using namespace ipconsole;
using ipc::Result;
using ipc::Status;
using ipc::cli::Arguments;
using ipc::cli::Command;
using ipc::cli::complain;
using ipc::cli::Streams;

constexpr int kRecalled = 5000;

Command command() {
  Command c;
  c.name = "ipconsole";
  c.synopsis = {"[-t SET] [--kernel NAME | --sh] [--save FILE]", "[options] < SCRIPT"};
  c.summary =
      "Engines at a prompt: what is typed runs on all of them, and what they print and give\n"
      "comes back with their numbers. %help there says more.";
  c.examples = {
      {"ipconsole", "all engines; %targets 0-3 for others"},
      {"ipconsole -t 0", "one of them, without labels"},
      {"ipconsole --sh", "their shells"},
      {"ipconsole --save day.html", "keep what is typed, printed and plotted"},
      {"printf 'x = 6\\nprint(x * 7)\\n' | ipconsole", "a script, input by input"},
  };
  c.options = {
      {0, "save", "FILE", "at the end keep the session: .html with its plots, .py the inputs"},
      {0, "no-history", "", "neither read nor keep the inputs of sessions"},
  };
  c.common = ipc::cli::kCluster | ipc::cli::kTargets | ipc::cli::kKernel;
  return c;
}

/// Keeps a session in the file of --save.
int finish(const Session& session, const Arguments& arguments, int status) {
  const auto path = arguments.get("save");
  if (!path) return status;
  const Status saved = session.transcript().save(*path);
  if (!saved) complain(saved.error().text());
  return saved ? status : static_cast<int>(saved.error().code);
}

// Inputs of a script: each as long as it is open. The first that fails ends it, as in a shell
// with -e, and says so by the exit status.
Result<int> run_script(Session& session) {
  IPC_TRY_ASSIGN(std::string text, ipc::cli::read_stdin("a script"));
  for (const auto& input : ipc::console::inputs_in(text, session.language())) {
    IPC_TRY(session.take(input));
    if (session.failed()) return 1;
    if (session.left()) break;
  }
  return 0;
}

void remark(const std::string& text) {
  complain(text);
}

int converse(Session& session, const Arguments& arguments, Streams& streams) {
  std::optional<History> history;
  std::vector<std::string> earlier;
  if (!arguments.has("no-history")) {
    if (auto opened = History::open(ipc::console::history_path())) {
      history = *std::move(opened);
      if (const auto found = history->find("", kRecalled))
        for (const auto& entry : *found) earlier.push_back(entry.text);
      session.set_history(&*history);
    } else {
      remark(opened.error().text());
    }
  }
  EditorHooks hooks;
  hooks.language = [&] { return session.language(); };
  hooks.complete = [&](std::string_view code) { return session.complete(code); };
  hooks.wait = [&] { return session.wait_for_key(); };
  Editor editor(std::move(hooks), Recall(std::move(earlier)));
  session.set_asker(
      [&](const std::string& prompt, bool hidden) { return editor.ask(prompt, hidden); });
  while (!session.left() && ipc::cli::noted_signal() == 0) {
    const auto line = editor.read(session.prompt());
    if (line.kind == Editor::Line::Kind::end) break;
    if (line.kind == Editor::Line::Kind::cancelled) continue;
    if (history)
      if (const Status kept = history->add(line.text); !kept) remark(kept.error().text());
    const Status done = session.take(line.text);
    if (ipc::cli::noted_signal() != 0) break;
    if (!done) remark(done.error().text());
  }
  if (!session.left()) streams.out.write("\n");
  streams.out.write(session.farewell());
  streams.out.flush();
  return 0;
}

Result<int> body(const Arguments& arguments) {
  if (!arguments.operands.empty())
    return ipc::Error{ipc::Code::usage, "'" + arguments.operands[0] + "' is too much",
                      "code is typed at the prompt, or: ipexec CODE"};
  if (const auto path = arguments.get("save"))
    if (!path->ends_with(".html") && !path->ends_with(".htm") && !path->ends_with(".py"))
      return ipc::Error{ipc::Code::usage, "--save " + *path + ": what is to be kept?",
                        "end the name with .html (with plots) or .py (inputs)"};
  const bool console = ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1;
  Streams streams;
  Session session(arguments, streams, console);
  if (!console) {
    IPC_TRY(session.start());
    const auto status = run_script(session);
    const int saved = finish(session, arguments, 0);
    if (!status) return status.error();
    return saved != 0 ? saved : *status;
  }
  const ipc::cli::Interrupts interrupts;
  catch_keys(interrupts.fd());
  IPC_TRY(session.start());
  return finish(session, arguments, converse(session, arguments, streams));
}

}  // namespace

int main(int argc, char** argv) {
  ipc::cli::run_program(command(), argc, argv, body);
}
