// SPDX-License-Identifier: BSD-3-Clause
// Cells: on the engines, or as words to the kernel itself.
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "cmd/ipkernel/program.hpp"
#include "cmd/ipkernel/server.hpp"
#include "libipc/util/process.hpp"

namespace ipkernel {

using ipc::Code;
using ipc::Result;
using ipc::Status;
using ipc::console::Answer;
using ipc::console::Cell;
using ipc::console::Ran;

namespace {

// For a program to end by itself when the kernel does.
constexpr auto kProgramEnd = ipc::seconds(3);

// An error of ours as one of a cell.
CellError cell_error(const ipc::Error& error) {
  std::string name = "Error";
  if (error.code == Code::usage) name = "UsageError";
  if (error.code == Code::no_controller) name = "NoController";
  if (error.code == Code::no_engine || error.code == Code::not_ready) name = "NoEngine";
  const std::string text = error.text();
  return {name, text, {name + ": " + text}};
}

// The cell that is run, for who interrupts it.
class Current {
 public:
  Current(Cell*& place, Cell& cell) : place_(place) { place_ = &cell; }
  ~Current() { place_ = nullptr; }
  Current(const Current&) = delete;
  Current& operator=(const Current&) = delete;

 private:
  Cell*& place_;
};

}  // namespace

void Server::execute(const Asked& asked) {
  const Json& content = asked.content;
  ipc::console::Manner manner;
  manner.silent = ipc::wire::bool_or(content, "silent", false);
  manner.history = !manner.silent && ipc::wire::bool_or(content, "store_history", true);
  manner.may_ask = ipc::wire::bool_or(content, "allow_stdin", true);
  if (const auto wanted = content.find("user_expressions");
      wanted != content.end() && wanted->is_object())
    manner.expressions = *wanted;
  input_shown_ = manner.silent;
  counts_ = manner.history;
  stops_ = 0;
  end_ = {};
  payload_ = Json::array();
  const bool fine = run_parts(asked, manner);
  show_input();
  const std::string code = ipc::wire::string_or(content, "code");
  if (manner.history) {
    inputs_.emplace_back(number_, code);
    // Notebooks that are run by a program are not what somebody has typed.
    if (history_ != nullptr && manner.may_ask) (void)history_->add(code);
  }
  const Json reply = execute_reply(!fine);
  if (!fine && ipc::wire::bool_or(content, "stop_on_error", true)) {
    front_.drain();
    aborts_ = true;
  }
  answer(asked, "execute_reply", reply);
}

// Once for each cell.
void Server::show_input(std::optional<int> number) {
  if (std::exchange(input_shown_, true)) return;
  number_ = number.value_or(number_ + (counts_ ? 1 : 0));
  publish("execute_input",
          {{"code", ipc::wire::string_or(asked_->content, "code")}, {"execution_count", number_}});
}

// True if all parts ran to a good end.
bool Server::run_parts(const Asked& asked, const ipc::console::Manner& manner) {
  for (const auto& part : console_.parts(ipc::wire::string_or(asked.content, "code"))) {
    const Status done = console_.take(part, manner);
    if (console_.left()) {
      console_.stay();
      payload_.push_back({{"source", "ask_exit"}, {"keepkernel", true}});
    }
    if (!done && stops_ > 0) {
      show_error({"KeyboardInterrupt", "", {"KeyboardInterrupt"}});
    } else if (!done && end_.errors.empty()) {
      show_error(cell_error(done.error()));
    } else if (console_.failed() && end_.errors.empty()) {
      show_error({"ExitStatus", "the program failed", {"the program failed"}});
    }
    if (!end_.errors.empty() || ends_) return false;
  }
  return true;
}

void Server::show_error(CellError error) {
  show_input();
  publish("error", error.content());
  end_.errors.push_back(std::move(error));
}

Server::Json Server::execute_reply(bool failed) {
  Json reply = {{"status", "ok"},
                {"execution_count", number_},
                {"user_expressions", end_.expressions},
                {"payload", payload_}};
  if (!failed) return reply;
  const CellError error =
      end_.errors.empty() ? CellError{"KeyboardInterrupt", "", {}} : end_.errors.front();
  reply.update(error.content());
  reply["status"] = "error";
  return reply;
}

// What was asked for while a cell ran that failed.
void Server::abort_waiting() {
  std::deque<Asked> rest;
  for (auto& asked : waiting_) {
    if (asked.type != "execute_request") {
      rest.push_back(std::move(asked));
      continue;
    }
    state(asked, "busy");
    answer(asked, "execute_reply", {{"status", "aborted"}, {"execution_count", number_}});
    state(asked, "idle");
  }
  waiting_ = std::move(rest);
}

Result<Ran> Server::run(const ipc::console::Work& work) {
  ShownHooks hooks;
  // One engine numbers its inputs itself, and shows values by that number.
  const bool numbered = work.engines.size() == 1;
  if (!numbered) show_input();
  hooks.publish = [&](std::string_view type, const Json& content,
                      std::vector<ipc::net::Frame> buffers) {
    show_input();
    publish(type, content, std::move(buffers));
  };
  hooks.number = [&](int number) { show_input(number); };
  Cell* cell = nullptr;
  hooks.ask = [&](const ipc::console::Question& question) {
    if (!cell->is_open(question.id)) return Answer{Answer::Kind::none, ""};
    return ask(question, work.connection);
  };
  Shown shown(work.engines, std::move(hooks));
  Cell running(work.connection, shown);
  cell = &running;
  const Current current(cell_, running);
  auto ran = running.run(work.engines, work.request);
  CellEnd end = shown.finish();
  for (auto& error : end.errors) show_error(std::move(error));
  end_.expressions.update(end.expressions);
  for (auto& page : end.pages) payload_.push_back(std::move(page));
  return ran;
}

// A question to whoever sent the cell.
Answer Server::ask(const ipc::console::Question& question, Connection& connection) {
  if (!ipc::wire::bool_or(asked_->content, "allow_stdin", true)) return {Answer::Kind::end, ""};
  awaits_answer_ = true;
  answer_.reset();
  front_.ask(*asked_, {{"prompt", question.prompt}, {"password", question.hidden}});
  const int stops = stops_;
  const auto over = [&] {
    return answer_ || stops_ > stops || ends_ || !cell_->is_open(question.id);
  };
  const Status waited = connection.wait(over);
  awaits_answer_ = false;
  // The run itself finds out why.
  if (!waited || !answer_) return {Answer::Kind::none, ""};
  return *std::exchange(answer_, std::nullopt);
}

void Server::say(std::string_view text) {
  show_input();
  publish("stream", {{"name", "stdout"}, {"text", text}});
}

void Server::show_help(const std::string& text) {
  payload_.push_back({{"source", "page"}, {"start", 0}, {"data", {{"text/plain", text}}}});
}

std::string Server::help() const {
  return "CODE      runs on engines " + console_.name() +
         "; the kernel's interrupt interrupts it there\n"
         "!COMMAND  runs in the engines' shells\n"
         "NAME?     what the first engine knows of NAME; NAME?? with its source\n"
         "Out[N]    the result of that number on an engine; _N, and _ the last one\n";
}

Result<int> Server::run_program(
    const std::string& line, const std::vector<std::pair<std::string, std::string>>& environment) {
  show_input();
  IPC_TRY_ASSIGN(Program program, Program::start(line, environment));
  program_ = program.pid();
  ipc::net::Loop& loop = *current_loop_;
  for (const bool is_stderr : {false, true})
    loop.on_fd(program.fd(is_stderr), POLLIN, [&, is_stderr](short) {
      const std::string text = program.read(is_stderr);
      if (!program.is_open(is_stderr)) loop.remove_fd(program.fd(is_stderr));
      if (!text.empty())
        publish("stream", {{"name", is_stderr ? "stderr" : "stdout"}, {"text", text}});
    });
  std::optional<ipc::TimePoint> last;
  while (program.is_open(false) || program.is_open(true)) {
    loop.turn(ipc::seconds(1));
    if (ends_ && !last) last = ipc::Clock::now() + kProgramEnd;
    if (last && ipc::Clock::now() > *last) ::kill(-program_, SIGKILL);
  }
  const int status = program.wait();
  program_ = 0;
  if (status != 0 && !ends_) {
    const std::string why = ipc::describe_exit(status);
    show_error({stops_ > 0 ? "KeyboardInterrupt" : "ExitStatus", why, {why}});
  }
  return status;
}

}  // namespace ipkernel
