// SPDX-License-Identifier: BSD-3-Clause
// One input on its engines: requests out, everything in; questions, interrupts, leaving it.
#include "libipc/console/cell.hpp"

namespace ipc::console {

using client::Connection;
using client::Outcome;
using client::Output;
using client::Reply;

namespace {

// Errors wait this long for equal ones of other engines.
constexpr auto kGather = seconds(1);
// For a cancel to leave, when this program has to end.
constexpr auto kLastWord = milliseconds(500);

}  // namespace

Cell::Cell(Connection& connection, CellEvents& events) : connection_(connection), events_(events) {
  connection_.on_output([this](const Output& output) { take_output(output); });
}

Cell::~Cell() {
  for (const auto& id : open_) connection_.forget(id);
  connection_.on_output({});
  if (gathering_ != 0) connection_.loop().cancel(gathering_);
}

Result<Ran> Cell::run(const std::vector<int>& engines,
                      const std::function<client::Request(int)>& request) {
  for (const int engine : engines) {
    IPC_TRY_ASSIGN(std::string id, connection_.send(engine, request(engine),
                                                    [this](Reply&& reply) { take(reply); }));
    open_.insert(id);
    ran_.ids.push_back(std::move(id));
  }
  while (!open_.empty() && !leave_) {
    const auto over = [this] {
      return open_.empty() || leave_ || ends_ || !questions_.empty() || !events_.check();
    };
    if (const Status waited = connection_.wait(over); !waited) return give_up(waited.error());
    if (ends_) return give_up({Code::failed, "interrupted", ""});
    if (const Status checked = events_.check(); !checked) return give_up(checked.error());
    if (!questions_.empty()) ask();
  }
  ran_.left.assign(open_.begin(), open_.end());
  return std::move(ran_);
}

void Cell::interrupt() {
  interrupted_ = true;
  connection_.cancel({open_.begin(), open_.end()});
}

Error Cell::give_up(const Error& error) {
  connection_.cancel({open_.begin(), open_.end()});
  // Our own end must not overtake it. Whatever ends the wait, nothing is left to be done.
  (void)connection_.wait([this] { return open_.empty(); }, Clock::now() + kLastWord);
  return error;
}

void Cell::take_output(const Output& output) {
  if (!open_.contains(std::string(output.id))) return;
  if (output.type == "stream")
    return events_.stream(output.engine, output.is_stderr(), output.data());
  const auto content = output.content();
  if (!content.is_object()) return;
  if (output.type != "input_request") return events_.message(output, content);
  questions_.push_back({output.engine, std::string(output.id), wire::string_or(content, "prompt"),
                        wire::bool_or(content, "password", false)});
}

void Cell::take(const Reply& reply) {
  open_.erase(reply.id);
  std::erase_if(questions_, [&](const Question& one) { return one.id == reply.id; });
  events_.reply(reply);
  if (reply.outcome == Outcome::ok || gathering_ != 0) return;
  gathering_ = connection_.loop().after(kGather, [this] {
    gathering_ = 0;
    events_.errors_gathered();
  });
}

void Cell::ask() {
  const Question question = questions_.front();
  questions_.pop_front();
  const Answer answer = events_.ask(question);
  if (answer.kind == Answer::Kind::cancelled) return interrupt();
  if (answer.kind == Answer::Kind::none || !open_.contains(question.id)) return;
  client::Request request;
  request.type = "answer_request";
  wire::Json content = {{"msg_id", question.id}};
  if (answer.kind == Answer::Kind::text) content["value"] = answer.text;
  request.content = wire::dump_json(content);
  // One that came too late has nobody to be told.
  (void)connection_.control(question.engine, std::move(request), {});
}

std::string text_in(const wire::Json& data, const char* mime) {
  if (!data.is_object()) return "";
  const auto found = data.find(mime);
  if (found == data.end()) return "";
  if (found->is_string()) return *found;
  std::string text;
  if (found->is_array())
    for (const auto& line : *found)
      if (line.is_string()) text += line.get_ref<const std::string&>();
  return text;
}

}  // namespace ipc::console
