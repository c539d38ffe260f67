// SPDX-License-Identifier: BSD-3-Clause
// A console's state: its cluster, its targets, and what was left running.
#include "libipc/console/console.hpp"

#include <algorithm>

#include "libipc/cli/connect.hpp"
#include "libipc/cli/groups.hpp"
#include "libipc/cli/jobs.hpp"
#include "libipc/client/jobs.hpp"
#include "libipc/util/idset.hpp"
#include "libipc/util/text.hpp"

namespace ipc::console {

using client::Connection;

namespace {

// Somebody waits with a key pressed.
constexpr auto kCompletionLimit = seconds(3);
constexpr auto kHelpLimit = seconds(5);
constexpr auto kTellLimit = seconds(2);

// Names that `%name` runs.
std::vector<std::string> our_programs() {
  return {"ipapply",  "ipcancel",  "ipclear",   "ipcluster", "ipdag",     "ipexec",
          "ipgather", "iphistory", "ipls",      "ipmap",     "ipprofile", "ippull",
          "ippush",   "ipresult",  "ipscatter", "ipstat",    "ipsubmit",  "ipwait"};
}

// Ours, with the host's before the last two.
std::vector<Magic> all_magics(std::vector<Magic> own) {
  std::vector<Magic> all(magics().begin(), magics().end());
  all.insert(all.end() - 2, own.begin(), own.end());
  return all;
}

}  // namespace

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

Console::Console(const Arguments& arguments, Host& host, std::vector<Magic> magics, bool talks)
    : arguments_(arguments),
      host_(host),
      magics_(all_magics(std::move(magics))),
      talks_(talks),
      kernel_(cli::chosen_kernel(arguments)),
      choice_(cli::target_choice(arguments)),
      programs_(our_programs()) {}

Console::~Console() {
  close(here_);
  close(connection_);
}

// What was left running goes on.
void Console::close(std::unique_ptr<Connection>& connection) {
  if (connection == nullptr) return;
  host_.leaving(*connection);
  connection->forget_all();
  connection.reset();
}

Status Console::open(const Arguments& arguments, std::unique_ptr<Connection>& into) {
  IPC_TRY_ASSIGN(into, cli::connect(arguments));
  host_.entering(*into);
  return {};
}

Status Console::start() {
  IPC_TRY_ASSIGN(const auto options, cli::connection_options(arguments_));
  path_ = options.path;
  IPC_TRY_ASSIGN(engines_, choose(choice_, false));
  return {};
}

Status Console::look() {
  if (path_.empty()) return start();
  IPC_TRY_ASSIGN(engines_, choose(choice_, true));
  return {};
}

// A controller that is gone may have a successor by now.
Result<const client::EngineTable*> Console::table(bool refresh) {
  if (connection_ != nullptr && refresh) {
    host_.entering(*connection_);
    const auto fresh = connection_->refresh_engines();
    if (fresh || fresh.error().code != Code::no_controller) return fresh;
    close(connection_);
  }
  if (connection_ == nullptr) IPC_TRY(open(arguments_, connection_));
  const auto known = connection_->engines();
  if (!known && known.error().code == Code::no_controller) close(connection_);
  return known;
}

Result<std::vector<int>> Console::choose(const cli::TargetChoice& choice, bool refresh) {
  IPC_TRY_ASSIGN(const client::EngineTable* engines_known, table(refresh));
  if (engines_known->engines.empty()) return connection_->no_engines();
  IPC_TRY_ASSIGN(auto engines, cli::select_engines(arguments_, choice, *engines_known));
  IPC_TRY(client::require_kernel(*engines_known, engines, kernel_));
  const auto* first = engines_known->find(engines.front());
  const bool is_python = first->language.empty() || !first->is_ipkit();
  language_ = kernel_ == "sh" ? Language::shell
              : !kernel_.empty() && kernel_ != "python"
                  ? Language::other
                  : language_of(is_python ? "python" : first->language);
  return engines;
}

std::string Console::name() const {
  if (here_ != nullptr) return "here";
  return format_idset(engines_) + (kernel_.empty() ? "" : "/" + kernel_);
}

const client::EngineInfo* Console::first() const {
  if (connection_ == nullptr || engines_.empty()) return nullptr;
  const auto known = connection_->engines();
  return known ? (*known)->find(engines_.front()) : nullptr;
}

client::Request Console::request_for(int engine, const std::string& code, bool shell) {
  Connection& to = *connection();
  const auto known = to.engines();
  const auto* info = known ? (*known)->find(engine) : nullptr;
  const bool is_ours = info != nullptr && info->is_ipkit();
  client::Request request;
  request.type = "execute_request";
  // Engines of ipyparallel have no shell beside their Python, but IPython's own `!`.
  const std::string text = shell && !is_ours ? "!" + code : code;
  request.content = wire::dump_json({{"code", text},
                                     {"silent", manner_.silent},
                                     {"store_history", manner_.history},
                                     {"user_expressions", manner_.expressions},
                                     {"stop_on_error", false},
                                     {"allow_stdin", is_ours && manner_.may_ask}});
  request.kernel = shell && is_ours ? "sh" : kernel_;
  request.directed = true;
  return request;
}

Status Console::execute(const std::string& shown, const std::string& code, bool shell,
                        const std::vector<int>& engines) {
  Connection& to = *connection();
  if (!is_utf8(code)) return Error{Code::bad_input, "the code is not UTF-8", ""};
  host_.entering(to);
  const auto ran = host_.run({to, engines, here_ != nullptr ? "here" : format_idset(engines), shown,
                              [&](int engine) { return request_for(engine, code, shell); }});
  if (!ran) return ran.error();
  last_ = ran->ids;
  if (ran->left.empty()) return {};
  host_.say("left running: " + cli::job_word(ran->left[0]) + (ran->left.size() > 1 ? " …" : "") +
            " (%jobs, %result, %cancel)\n");
  jobs_.push_back({ran->left, engines, code});
  return {};
}

Status Console::run_code(const Input& input, const std::string& shown) {
  const bool shell = input.kind == Input::Kind::shell && kernel_ != "sh";
  if (here_ != nullptr) return execute(shown, input.text, shell, {0});
  IPC_TRY_ASSIGN(engines_, choose(choice_, true));
  return execute(shown, input.text, shell, engines_);
}

Status Console::take(const std::string& text, const Manner& manner) {
  failed_ = false;
  manner_ = manner;
  const Input input = read_input(text, programs_, magics_);
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
  if (!done && done.error().code == Code::no_controller) close(connection_);
  return done;
}

// -- what the kernel is asked

// Without a value: it took too long.
Result<std::optional<client::Reply>> Console::ask_first(client::Request request, Duration limit) {
  Connection& to = *connection();
  host_.entering(to);
  std::optional<client::Reply> answer;
  IPC_TRY_ASSIGN(const auto id, to.send(here_ != nullptr ? 0 : engines_.front(), std::move(request),
                                        [&](client::Reply&& reply) { answer = std::move(reply); }));
  const Status waited = to.wait([&] { return answer.has_value(); }, Clock::now() + limit);
  if (waited) return answer;
  to.forget(id);
  to.cancel({id});
  if (waited.error().code != Code::timed_out) return waited.error();
  return std::optional<client::Reply>();
}

Completion Console::complete(std::string_view before) {
  Completion found;
  found.to = before.size();
  const size_t start = before.find_first_not_of(" \t\n");
  if (start != std::string_view::npos && before[start] == '%' &&
      before.find_first_of(" \t\n", start) == std::string_view::npos) {
    found.from = start;
    for (const auto& magic : magics_)
      if (("%" + std::string(magic.name)).starts_with(before.substr(start)))
        found.matches.push_back("%" + std::string(magic.name));
    for (const auto& program : programs_)
      if (("%" + program).starts_with(before.substr(start))) found.matches.push_back("%" + program);
    return found;
  }
  if (connection() == nullptr || engines_.empty()) return found;
  const bool shell = start != std::string_view::npos && before[start] == '!' && kernel_ != "sh";
  const size_t skipped = shell ? start + 1 : 0;
  const std::string code(before.substr(skipped));
  client::Request request;
  request.type = "complete_request";
  request.content = wire::dump_json({{"code", code}, {"cursor_pos", characters(code)}});
  request.kernel = shell ? "sh" : kernel_;
  const auto answer = ask_first(std::move(request), kCompletionLimit);
  if (!answer || !*answer || (*answer)->outcome != client::Outcome::ok) return found;
  const auto content = (*answer)->content();
  if (!content.is_object()) return found;
  found.from = skipped + byte_of(code, static_cast<size_t>(std::max<int64_t>(
                                           0, wire::int_or(content, "cursor_start", 0))));
  const auto matches = content.find("matches");
  if (matches != content.end() && matches->is_array())
    for (const auto& match : *matches)
      if (match.is_string()) found.matches.push_back(match);
  return found;
}

Result<wire::Json> Console::inspect(const std::string& code, size_t cursor, int level) {
  if (here_ == nullptr) {
    IPC_TRY_ASSIGN(engines_, choose(choice_, true));
  }
  client::Request request;
  request.type = "inspect_request";
  request.content =
      wire::dump_json({{"code", code}, {"cursor_pos", cursor}, {"detail_level", level}});
  request.kernel = kernel_;
  const int engine = here_ != nullptr ? 0 : engines_.front();
  IPC_TRY_ASSIGN(const auto answer, ask_first(std::move(request), kHelpLimit));
  if (!answer)
    return Error{Code::timed_out, "engine " + std::to_string(engine) + " is busy",
                 "ask another one: %targets"};
  if (answer->outcome != client::Outcome::ok)
    return Error{Code::failed, client::summary(answer->error()), ""};
  return answer->content();
}

Status Console::help(const Input& input) {
  if (language_ == Language::shell && here_ == nullptr) {
    Input ask = input;
    ask.kind = Input::Kind::code;
    const std::string word = shell_quote(input.text);
    ask.text = "type -- " + word + " && { help -- " + word + " 2>/dev/null || :; }";
    return run_code(ask, input.text + "?");
  }
  IPC_TRY_ASSIGN(const auto content,
                 inspect(input.text, characters(input.text), input.source ? 1 : 0));
  const auto data =
      content.is_object() && content.contains("data") ? content["data"] : wire::Json::object();
  const std::string text = text_in(data, "text/plain");
  if (text.empty())
    return Error{Code::failed,
                 "engine " + std::to_string(here_ != nullptr ? 0 : engines_.front()) +
                     " knows no '" + input.text + "'",
                 ""};
  host_.show_help(text);
  return {};
}

std::string Console::farewell() {
  std::vector<std::string> ids;
  for (const auto& job : jobs_) ids.insert(ids.end(), job.ids.begin(), job.ids.end());
  if (ids.empty() || connection_ == nullptr) return "";
  const auto states = client::job_states(*connection_, ids, Clock::now() + seconds(2));
  if (!states || states->pending.empty()) return "";
  std::string text = "still running, and goes on:";
  for (const auto& id : states->pending) text += " " + cli::job_word(id);
  return text + "\n";
}

void Console::tell_engines(const std::string& type) {
  if (connection_ == nullptr) return;
  host_.entering(*connection_);
  size_t open = 0;
  for (const int engine : engines_) {
    client::Request request;
    request.type = type;
    request.kernel = type == "clear_request" ? kernel_ : "";
    const auto sent =
        connection_->control(engine, std::move(request), [&open](client::Reply&&) { --open; });
    if (sent) ++open;
  }
  // Whatever ends the wait, nothing is left to be done.
  (void)connection_->wait([&] { return open == 0; }, Clock::now() + kTellLimit);
  connection_->forget_all();
}

}  // namespace ipc::console
