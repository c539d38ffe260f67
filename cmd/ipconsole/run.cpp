// SPDX-License-Identifier: BSD-3-Clause
// One input on its engines: requests out, everything in; Ctrl-C, questions, leaving it.
#include "cmd/ipconsole/run.hpp"

#include <poll.h>

#include <deque>
#include <optional>
#include <set>

#include "cmd/ipconsole/signals.hpp"
#include "libipc/cli/program.hpp"
#include "libipc/util/text.hpp"

namespace ipconsole {
namespace {

using ipc::Code;
using ipc::Result;
using ipc::Status;
using ipc::client::Connection;
using ipc::client::Outcome;
using ipc::client::Output;
using ipc::client::Reply;

// Errors wait this long for equal ones of other engines.
constexpr auto kGather = ipc::seconds(1);
// For a cancel to leave, when this program has to end.
constexpr auto kLastWord = ipc::milliseconds(500);

class Run {
 public:
  Run(Connection& connection, const RunHooks& hooks, View& view, ipc::cli::Streams& streams)
      : connection_(connection), hooks_(hooks), view_(view), streams_(streams) {
    connection_.on_output([this](const Output& output) { take_output(output); });
    if (!hooks_.keys) return;
    silence_.emplace();
    connection_.loop().on_fd(keys_fd(), POLLIN, [this](short) { take_pressed(take_keys()); });
    connection_.loop().on_fd(end_fd(), POLLIN, [this](short) {
      ends_ = true;
      connection_.loop().remove_fd(end_fd());
    });
  }
  ~Run() {
    for (const auto& id : open_) connection_.forget(id);
    connection_.on_output({});
    if (hooks_.keys) {
      connection_.loop().remove_fd(keys_fd());
      connection_.loop().remove_fd(end_fd());
    }
    if (gathering_ != 0) connection_.loop().cancel(gathering_);
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  Result<Ran> go(const std::vector<int>& engines) {
    for (const int engine : engines) {
      IPC_TRY_ASSIGN(std::string id, connection_.send(engine, hooks_.request(engine),
                                                      [this](Reply&& reply) { take(reply); }));
      open_.insert(id);
      ran_.ids.push_back(std::move(id));
    }
    while (!open_.empty() && !leave_) {
      const auto over = [this] {
        return open_.empty() || leave_ || ends_ || !questions_.empty() || !streams_.out.status();
      };
      if (const Status waited = connection_.wait(over); !waited) return give_up(waited.error());
      if (ends_) return give_up({Code::failed, "interrupted", ""});
      if (!streams_.out.status()) return give_up(streams_.out.status().error());
      if (!questions_.empty()) ask();
    }
    ran_.left.assign(open_.begin(), open_.end());
    return std::move(ran_);
  }

 private:
  struct Question {
    int engine = -1;
    std::string id, prompt;
    bool hidden = false;
  };

  std::vector<std::string> open() const { return {open_.begin(), open_.end()}; }

  ipc::Error give_up(const ipc::Error& error) {
    connection_.cancel(open());
    // Our own end must not overtake it. Whatever ends the wait, nothing is left to be done.
    (void)connection_.wait([this] { return open_.empty(); }, ipc::Clock::now() + kLastWord);
    return error;
  }

  void take_pressed(const Pressed& pressed) {
    if (pressed.interrupt && !interrupted_) {
      interrupted_ = true;
      connection_.cancel(open());
    } else if (pressed.interrupt || pressed.quit) {
      leave_ = true;
    }
  }

  void take_output(const Output& output) {
    if (!open_.contains(std::string(output.id))) return;
    if (output.type == "stream")
      return view_.stream(output.engine, output.is_stderr(), output.data());
    const auto content = output.content();
    if (!content.is_object()) return;
    if (output.type == "input_request") {
      questions_.push_back({output.engine, std::string(output.id),
                            ipc::wire::string_or(content, "prompt"),
                            ipc::wire::bool_or(content, "password", false)});
      return;
    }
    const auto data = content.find("data");
    if (data == content.end() || !data->is_object()) return;
    const auto number = static_cast<int>(ipc::wire::int_or(content, "execution_count", 0));
    if (output.type == "execute_result") return view_.result(output.engine, number, *data);
    if (output.type == "display_data") view_.display(output.engine, *data);
  }

  void take(const Reply& reply) {
    open_.erase(reply.id);
    std::erase_if(questions_, [&](const Question& one) { return one.id == reply.id; });
    if (reply.outcome == Outcome::ok) return take_pages(reply.engine, reply.content());
    view_.error(reply.engine, reply.error());
    if (gathering_ != 0) return;
    gathering_ = connection_.loop().after(kGather, [this] {
      gathering_ = 0;
      view_.print_errors();
    });
  }

  // What IPython shows of `%magic?` and the like.
  void take_pages(int engine, const ipc::wire::Json& content) {
    const auto payload = content.is_object() ? content.find("payload") : content.end();
    if (payload == content.end() || !payload->is_array()) return;
    for (const auto& item : *payload)
      if (item.is_object() && item.contains("data"))
        view_.stream(engine, false, text_in(item["data"], "text/plain") + "\n");
  }

  void ask() {
    const Question question = questions_.front();
    questions_.pop_front();
    view_.break_line();
    streams_.out.flush();
    const auto line = hooks_.ask ? hooks_.ask(question.engine, question.prompt, question.hidden)
                                 : Editor::Line{Editor::Line::Kind::end, ""};
    if (line.kind == Editor::Line::Kind::cancelled) return take_pressed({true, false, false});
    if (!open_.contains(question.id)) return;
    ipc::client::Request request;
    request.type = "answer_request";
    ipc::wire::Json content = {{"msg_id", question.id}};
    if (line.kind == Editor::Line::Kind::text) content["value"] = line.text;
    request.content = ipc::wire::dump_json(content);
    // One that came too late has nobody to be told.
    (void)connection_.control(question.engine, std::move(request), {});
  }

  Connection& connection_;
  const RunHooks& hooks_;
  View& view_;
  ipc::cli::Streams& streams_;
  std::set<std::string> open_;
  std::deque<Question> questions_;
  Ran ran_;
  bool interrupted_ = false, leave_ = false, ends_ = false;
  ipc::net::Loop::TimerId gathering_ = 0;
  std::optional<NoEcho> silence_;
};

}  // namespace

Result<Ran> run(Connection& connection, const std::vector<int>& engines, const RunHooks& hooks,
                View& view, ipc::cli::Streams& streams) {
  Result<Ran> ran = Run(connection, hooks, view, streams).go(engines);
  const Status shown = view.finish();
  if (ran && !shown) return shown.error();
  return ran;
}

}  // namespace ipconsole
