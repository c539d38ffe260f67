// SPDX-License-Identifier: BSD-3-Clause
// A console's state: its cluster, its targets, what was typed and what was left running.
#include "cmd/ipconsole/session.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>

#include "cmd/ipconsole/signals.hpp"
#include "libipc/cli/connect.hpp"
#include "libipc/cli/groups.hpp"
#include "libipc/cli/jobs.hpp"
#include "libipc/cli/signals.hpp"
#include "libipc/client/jobs.hpp"
#include "libipc/util/idset.hpp"
#include "libipc/util/text.hpp"

namespace ipconsole {

using ipc::Code;
using ipc::Error;
using ipc::Result;
using ipc::Status;
using ipc::client::Connection;

namespace {

// Somebody waits with a key pressed.
constexpr auto kCompletionLimit = ipc::seconds(3);
constexpr auto kHelpLimit = ipc::seconds(5);

bool has_colours() {
  const char* const none = std::getenv("NO_COLOR");
  const char* const term = std::getenv("TERM");
  return ::isatty(STDOUT_FILENO) == 1 && (none == nullptr || *none == '\0') && term != nullptr &&
         std::string_view(term) != "dumb";
}

// Names that `%name` runs.
std::vector<std::string> our_programs() {
  return {"ipapply",  "ipcancel",  "ipclear",   "ipcluster", "ipdag",     "ipexec",
          "ipgather", "iphistory", "ipls",      "ipmap",     "ipprofile", "ippull",
          "ippush",   "ipresult",  "ipscatter", "ipstat",    "ipsubmit",  "ipwait"};
}

std::string now_text() {
  const std::time_t now = std::time(nullptr);
  struct tm parts {};
  ::localtime_r(&now, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts)};
}

size_t characters(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

size_t byte_of(std::string_view text, size_t character) {
  size_t at = 0;
  for (; at < text.size(); ++at) {
    if ((static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) continue;
    if (character-- == 0) break;
  }
  return at;
}

}  // namespace

Session::Session(const Arguments& arguments, ipc::cli::Streams& streams, bool console)
    : arguments_(arguments),
      streams_(streams),
      console_(console),
      colours_(console && has_colours()),
      kernel_(ipc::cli::chosen_kernel(arguments)),
      choice_(ipc::cli::target_choice(arguments)),
      programs_(our_programs()) {}

Session::~Session() {
  // What was left running goes on.
  for (auto* connection : {connection_.get(), here_.get()})
    if (connection != nullptr) connection->forget_all();
}

Status Session::open(const Arguments& arguments, std::unique_ptr<Connection>& into) {
  IPC_TRY_ASSIGN(into, ipc::cli::connect(arguments));
  streams_.flush_each_turn(into->loop());
  return {};
}

Status Session::start() {
  IPC_TRY_ASSIGN(const auto options, ipc::cli::connection_options(arguments_));
  path_ = options.path;
  IPC_TRY(open(arguments_, connection_));
  IPC_TRY_ASSIGN(engines_, choose(choice_, false));
  return {};
}

Result<std::vector<int>> Session::choose(const ipc::cli::TargetChoice& choice, bool refresh) {
  if (connection_ == nullptr) {
    IPC_TRY(open(arguments_, connection_));
  } else if (refresh) {
    IPC_TRY(connection_->refresh_engines());
  }
  IPC_TRY_ASSIGN(const ipc::client::EngineTable* table, connection_->engines());
  if (table->engines.empty()) return connection_->no_engines();
  IPC_TRY_ASSIGN(auto engines, ipc::cli::select_engines(arguments_, choice, *table));
  IPC_TRY(ipc::client::require_kernel(*table, engines, kernel_));
  const auto* first = table->find(engines.front());
  const bool is_python = first->language.empty() || !first->is_ipkit();
  language_ = kernel_ == "sh" ? Language::shell
              : !kernel_.empty() && kernel_ != "python"
                  ? Language::other
                  : language_of(is_python ? "python" : first->language);
  return engines;
}

std::string Session::prompt() const {
  if (here_ != nullptr) return "here> ";
  return ipc::format_idset(engines_) + (kernel_.empty() ? "" : "/" + kernel_) + "> ";
}

bool Session::wait_for_key() {
  Connection* connection = here_ != nullptr ? here_.get() : connection_.get();
  if (connection == nullptr) {
    struct pollfd ready[] = {
        {STDIN_FILENO, POLLIN, 0}, {keys_fd(), POLLIN, 0}, {end_fd(), POLLIN, 0}};
    ::poll(ready, 3, 1000);
    return ipc::cli::noted_signal() == 0;
  }
  auto& loop = connection->loop();
  for (const int fd : {STDIN_FILENO, keys_fd(), end_fd()}) loop.on_fd(fd, POLLIN, [](short) {});
  loop.turn(ipc::seconds(1));
  for (const int fd : {STDIN_FILENO, keys_fd(), end_fd()}) loop.remove_fd(fd);
  return ipc::cli::noted_signal() == 0;
}

ViewOptions Session::view_options(size_t engines) const {
  return {console_, engines > 1 && !arguments_.has("no-label"), colours_,
          arguments_.has("verbose")};
}

ipc::client::Request Session::request_for(int engine, const std::string& code, bool shell) {
  Connection& connection = here_ != nullptr ? *here_ : *connection_;
  const auto table = connection.engines();
  const auto* info = table ? (*table)->find(engine) : nullptr;
  const bool is_ours = info != nullptr && info->is_ipkit();
  ipc::client::Request request;
  request.type = "execute_request";
  // Engines of ipyparallel have no shell beside their Python, but IPython's own `!`.
  const std::string text = shell && !is_ours ? "!" + code : code;
  const bool shows = console_ || arguments_.has("save");
  request.content = R"({"code":)" + ipc::json_quote(text) + R"(,"silent":)" +
                    (shows ? "false" : "true") + R"(,"store_history":)" +
                    (console_ ? "true" : "false") +
                    R"(,"user_expressions":{},"stop_on_error":false,"allow_stdin":)" +
                    (is_ours && ask_ ? "true" : "false") + "}";
  request.kernel = shell && is_ours ? "sh" : kernel_;
  request.directed = true;
  return request;
}

Status Session::execute(const std::string& shown, const std::string& code, bool shell,
                        const std::vector<int>& engines) {
  Connection& connection = here_ != nullptr ? *here_ : *connection_;
  if (!ipc::is_utf8(code)) return Error{Code::bad_input, "the code is not UTF-8", ""};
  transcript_.begin(now_text(), here_ != nullptr ? "here" : ipc::format_idset(engines), shown);
  View view(view_options(engines.size()), engines, streams_, transcript_);
  RunHooks hooks;
  hooks.request = [&](int engine) { return request_for(engine, code, shell); };
  hooks.keys = console_;
  const bool several = engines.size() > 1;
  if (ask_)
    hooks.ask = [&](int engine, const std::string& prompt, bool hidden) {
      return ask_((several ? std::to_string(engine) + ": " : "") + prompt, hidden);
    };
  auto ran = run(connection, engines, hooks, view, streams_);
  failed_ = view.failed();
  if (!ran) return ran.error();
  last_ = ran->ids;
  if (ran->left.empty()) return {};
  streams_.out.write("left running: " + ipc::cli::job_word(ran->left[0]) +
                     (ran->left.size() > 1 ? " …" : "") + " (%jobs, %result, %cancel)\n");
  streams_.out.flush();
  jobs_.push_back({std::move(ran->left), engines, code});
  return {};
}

Status Session::run_code(const Input& input, const std::string& shown) {
  const bool shell = input.kind == Input::Kind::shell && kernel_ != "sh";
  if (here_ != nullptr) return execute(shown, input.text, shell, {0});
  IPC_TRY_ASSIGN(engines_, choose(choice_, true));
  return execute(shown, input.text, shell, engines_);
}

Status Session::take(const std::string& text) {
  failed_ = false;
  const Input input = read_input(text, programs_);
  Status done;
  switch (input.kind) {
    case Input::Kind::empty:
      return {};
    case Input::Kind::mistake:
      return Error{Code::usage, input.text, "%help lists what there is"};
    case Input::Kind::help:
      done = help(input);
      break;
    case Input::Kind::magic:
      done = do_magic(input, text);
      break;
    case Input::Kind::program:
      done = do_program(input.name, input.text);
      break;
    default:
      done = run_code(input, text);
  }
  if (!done && done.error().code == Code::no_controller) connection_.reset();
  return done;
}

// -- what the kernel is asked

Completion Session::complete(std::string_view before) {
  Completion found;
  const size_t start = before.find_first_not_of(" \t\n");
  if (start != std::string_view::npos && before[start] == '%' &&
      before.find_first_of(" \t\n", start) == std::string_view::npos) {
    found.from = start;
    for (const auto& magic : magics())
      if (("%" + std::string(magic.name)).starts_with(before.substr(start)))
        found.matches.push_back("%" + std::string(magic.name));
    for (const auto& program : programs_)
      if (("%" + program).starts_with(before.substr(start))) found.matches.push_back("%" + program);
    return found;
  }
  Connection* connection = here_ != nullptr ? here_.get() : connection_.get();
  if (connection == nullptr || engines_.empty()) return found;
  const bool shell = start != std::string_view::npos && before[start] == '!' && kernel_ != "sh";
  const size_t skipped = shell ? start + 1 : 0;
  const std::string code(before.substr(skipped));
  ipc::client::Request request;
  request.type = "complete_request";
  request.content = ipc::wire::dump_json({{"code", code}, {"cursor_pos", characters(code)}});
  request.kernel = shell ? "sh" : kernel_;
  std::optional<ipc::wire::Json> content;
  bool over = false;
  const auto id = connection->send(here_ != nullptr ? 0 : engines_.front(), std::move(request),
                                   [&](ipc::client::Reply&& reply) {
                                     over = true;
                                     if (reply.outcome == ipc::client::Outcome::ok)
                                       content = reply.content();
                                   });
  if (!id) return found;
  (void)connection->wait([&] { return over; }, ipc::Clock::now() + kCompletionLimit);
  if (!over) {
    connection->forget(*id);
    connection->cancel({*id});
  }
  if (!content || !content->is_object()) return found;
  found.from = skipped + byte_of(code, static_cast<size_t>(std::max<int64_t>(
                                           0, ipc::wire::int_or(*content, "cursor_start", 0))));
  const auto matches = content->find("matches");
  if (matches != content->end() && matches->is_array())
    for (const auto& match : *matches)
      if (match.is_string()) found.matches.push_back(match);
  return found;
}

Status Session::help(const Input& input) {
  if (language_ == Language::shell && here_ == nullptr) {
    Input ask = input;
    ask.kind = Input::Kind::code;
    const std::string word = ipc::shell_quote(input.text);
    ask.text = "type -- " + word + " && { help -- " + word + " 2>/dev/null || :; }";
    return run_code(ask, input.text + "?");
  }
  if (here_ == nullptr) {
    IPC_TRY_ASSIGN(engines_, choose(choice_, true));
  }
  Connection& connection = here_ != nullptr ? *here_ : *connection_;
  ipc::client::Request request;
  request.type = "inspect_request";
  request.content = ipc::wire::dump_json({{"code", input.text},
                                          {"cursor_pos", characters(input.text)},
                                          {"detail_level", input.source ? 1 : 0}});
  request.kernel = kernel_;
  std::optional<ipc::client::Reply> answer;
  const int engine = here_ != nullptr ? 0 : engines_.front();
  IPC_TRY_ASSIGN(const auto id,
                 connection.send(engine, std::move(request),
                                 [&](ipc::client::Reply&& reply) { answer = std::move(reply); }));
  const Status waited =
      connection.wait([&] { return answer.has_value(); }, ipc::Clock::now() + kHelpLimit);
  if (!waited) {
    connection.forget(id);
    connection.cancel({id});
    if (waited.error().code != Code::timed_out) return waited;
    return Error{Code::timed_out, "engine " + std::to_string(engine) + " is busy",
                 "ask another one: %targets"};
  }
  if (answer->outcome != ipc::client::Outcome::ok)
    return Error{Code::failed, ipc::client::summary(answer->error()), ""};
  const auto content = answer->content();
  const auto data =
      content.is_object() && content.contains("data") ? content["data"] : ipc::wire::Json::object();
  const std::string text = text_in(data, "text/plain");
  if (text.empty())
    return Error{Code::failed,
                 "engine " + std::to_string(engine) + " knows no '" + input.text + "'", ""};
  streams_.out.write(text + (text.ends_with('\n') ? "" : "\n"));
  streams_.out.flush();
  return {};
}

std::string Session::farewell() {
  std::vector<std::string> ids;
  for (const auto& job : jobs_) ids.insert(ids.end(), job.ids.begin(), job.ids.end());
  if (ids.empty() || connection_ == nullptr) return "";
  const auto states =
      ipc::client::job_states(*connection_, ids, ipc::Clock::now() + ipc::seconds(2));
  if (!states || states->pending.empty()) return "";
  std::string text = "still running, and goes on:";
  for (const auto& id : states->pending) text += " " + ipc::cli::job_word(id);
  return text + "\n";
}

}  // namespace ipconsole
