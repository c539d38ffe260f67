// SPDX-License-Identifier: BSD-3-Clause
// One input on its engines, at a terminal: Ctrl-C, questions, leaving it.
#include "cmd/ipconsole/run.hpp"

#include <poll.h>

#include <optional>

#include "cmd/ipconsole/signals.hpp"

namespace ipconsole {
namespace {

using ipc::Result;
using ipc::Status;
using ipc::client::Outcome;
using ipc::console::Answer;
using ipc::console::Cell;
using ipc::console::Question;
using ipc::console::Ran;
using ipc::console::text_in;
using ipc::wire::Json;

class Run : public ipc::console::CellEvents {
 public:
  Run(const ipc::console::Work& work, const RunHooks& hooks, View& view, ipc::cli::Streams& streams)
      : work_(work), hooks_(hooks), view_(view), streams_(streams), cell_(work.connection, *this) {
    if (!hooks_.keys) return;
    silence_.emplace();
    auto& loop = work_.connection.loop();
    loop.on_fd(keys_fd(), POLLIN, [this](short) { take_pressed(take_keys()); });
    loop.on_fd(end_fd(), POLLIN, [this](short) {
      cell_.end();
      work_.connection.loop().remove_fd(end_fd());
    });
  }
  ~Run() override {
    if (!hooks_.keys) return;
    work_.connection.loop().remove_fd(keys_fd());
    work_.connection.loop().remove_fd(end_fd());
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  Result<Ran> go() { return cell_.run(work_.engines, work_.request); }

  void stream(int engine, bool is_stderr, std::string_view bytes) override {
    view_.stream(engine, is_stderr, bytes);
  }

  void message(const ipc::client::Output& output, const Json& content) override {
    const auto data = content.find("data");
    if (data == content.end() || !data->is_object()) return;
    const auto number = static_cast<int>(ipc::wire::int_or(content, "execution_count", 0));
    if (output.type == "execute_result") return view_.result(output.engine, number, *data);
    if (output.type == "display_data") view_.display(output.engine, *data);
  }

  void reply(const ipc::client::Reply& reply) override {
    if (reply.outcome == Outcome::ok) return take_pages(reply.engine, reply.content());
    view_.error(reply.engine, reply.error());
  }

  void errors_gathered() override { view_.print_errors(); }

  Answer ask(const Question& question) override {
    view_.break_line();
    streams_.out.flush();
    if (!hooks_.ask) return {Answer::Kind::end, ""};
    auto line = hooks_.ask(question.engine, question.prompt, question.hidden);
    if (line.kind == Editor::Line::Kind::text) return {Answer::Kind::text, std::move(line.text)};
    if (line.kind == Editor::Line::Kind::end) return {Answer::Kind::end, ""};
    // The second Ctrl-C leaves it running, as elsewhere.
    if (!cell_.interrupted()) return {Answer::Kind::cancelled, ""};
    cell_.leave();
    return {Answer::Kind::none, ""};
  }

  Status check() override { return streams_.out.status(); }

 private:
  void take_pressed(const Pressed& pressed) {
    if (pressed.interrupt && !cell_.interrupted())
      cell_.interrupt();
    else if (pressed.interrupt || pressed.quit)
      cell_.leave();
  }

  // What IPython shows of `%magic?` and the like.
  void take_pages(int engine, const Json& content) {
    const auto payload = content.is_object() ? content.find("payload") : content.end();
    if (payload == content.end() || !payload->is_array()) return;
    for (const auto& item : *payload)
      if (item.is_object() && item.contains("data"))
        view_.stream(engine, false, text_in(item["data"], "text/plain") + "\n");
  }

  const ipc::console::Work& work_;
  const RunHooks& hooks_;
  View& view_;
  ipc::cli::Streams& streams_;
  Cell cell_;
  std::optional<NoEcho> silence_;
};

}  // namespace

Result<Ran> run(const ipc::console::Work& work, const RunHooks& hooks, View& view,
                ipc::cli::Streams& streams) {
  Result<Ran> ran = Run(work, hooks, view, streams).go();
  const Status shown = view.finish();
  if (ran && !shown) return shown.error();
  return ran;
}

}  // namespace ipconsole
