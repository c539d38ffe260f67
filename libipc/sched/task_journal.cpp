// SPDX-License-Identifier: BSD-3-Clause
// The task channel with a journal: tasks that outlive the controller's process.
#include <utility>

#include "libipc/sched/journal.hpp"
#include "libipc/sched/task_relay.hpp"
#include "libipc/wire/errors.hpp"

namespace ipc::sched {

using net::EventKind;

void TaskRelay::restore(Journal& journal) {
  std::vector<Journal::Task> tasks;  // what becomes of them changes the journal
  journal_ = &journal;
  engines_.set_journal(&journal);
  journal.restore(
      [this](Journal::End&& end) {
        net::Incoming request, reply;
        request.frames = std::move(end.request);
        reply.frames = std::move(end.reply);
        restore_end(end.id, end.engine, end.ok, request, reply);
      },
      [&](Journal::Task&& task) { tasks.push_back(std::move(task)); });
  for (auto& task : tasks) {
    net::Incoming message;
    message.frames = std::move(task.frames);
    if (renew(message)) restore_task(message, task.engine);
  }
  // Behind the engines' and the clients' messages, before the hub's events.
  loop_.at_turn_end([this] { journal_->commit(); });
  loop_.after(Duration{0}, [this] { arm(); });
}

// Finds the parts of a message that an earlier controller took, and signs it if our key is another
// one.
bool TaskRelay::renew(net::Incoming& message) {
  if (message.frames.empty() || !message.locate()) return false;
  if (maker_.signer().verify(message.view)) return true;
  const auto& view = message.view;
  message.frames[view.identities.size() + 1] =
      net::Frame(maker_.signer().sign(view.header, view.parent, view.metadata, view.content));
  return message.locate();
}

void TaskRelay::restore_end(std::string_view id, std::string_view engine, bool ok,
                            net::Incoming& request, net::Incoming& reply) {
  queue_.ended(id, engine, ok);
  const bool has_reply = renew(reply);
  const auto header = has_reply && renew(request) ? header_parser_.header(request.view.header)
                                                  : Result<wire::Header>(Error{});
  tap_.add(EventKind::task_known, {id, header ? "" : ok ? "ok" : "error"});
  if (header)
    tap_.add_message(EventKind::task_request, request.views[0], "", request.view, request.frames,
                     {id, header->msg_type, header->date, "", ""});
  if (!has_reply) return;
  const auto answer = header_parser_.header(reply.view.header);
  const ReplyFacts facts = read_reply(metadata_parser_, reply.view.metadata);
  if (answer)
    tap_.add_message(EventKind::task_kept, reply.views[0], engine, reply.view, reply.frames,
                     {id, answer->msg_type, answer->date,
                      facts.has_status ? facts.status : "error", facts.started});
}

void TaskRelay::restore_task(net::Incoming& message, std::string_view engine) {
  const auto header = header_parser_.header(message.view.header);
  if (!header) return;
  tap_.add_message(EventKind::task_request, message.views[0], "", message.view, message.frames,
                   {header->msg_id, header->msg_type, header->date, "", ""});
  bool is_ours = false;
  auto conditions =
      read_conditions(other_parser_, message.view.metadata, header->msg_type, is_ours);
  if (engine.empty())
    queue_.submit(header->msg_id, message.frames, std::move(conditions), loop_.now(), is_ours);
  else
    queue_.resume(header->msg_id, message.frames, std::move(conditions), engine, loop_.now(),
                  is_ours);
}

void TaskRelay::waits(const Job& job) {
  if (journal_ != nullptr) journal_->wait(job.id);
}

// False: it came before, from a client that has found us again, or it cannot be kept.
bool TaskRelay::keep(const net::Incoming& message, const wire::Header& header) {
  const auto state = journal_->state(header.msg_id);
  if (state == Journal::State::ended) answer_again(message, header);
  if (state != Journal::State::unknown) return false;
  const auto kept = journal_->accept(header.msg_id, message.frames);
  if (!kept)
    answer_error(message.views[0], message.view.header, "NotAccepted",
                 "the task cannot be kept on disk and was refused: " + kept.error().text() +
                     "; tasks that were accepted go on");
  return static_cast<bool>(kept);
}

void TaskRelay::answer_again(const net::Incoming& message, const wire::Header& header) {
  net::Incoming reply;
  reply.frames = journal_->reply(header.msg_id);
  if (!renew(reply))
    return answer_error(message.views[0], message.view.header, "ResultNotKept",
                        "the task has ended, and its reply was lost with an earlier controller; "
                        "perhaps it is in the records: ipresult job:" +
                            std::string(header.msg_id));
  reply.frames[0] = message.frames[0].share();
  to_clients_.add(reply.frames);
}

void TaskRelay::answer_error(std::string_view client, std::string_view request,
                             std::string_view ename, const std::string& why) {
  const auto header = header_parser_.header(request);
  if (!header) return;
  complaints_.warning("task channel: " + why);
  auto frames = maker_.sign({&client, 1}, maker_.message(wire::reply_type(header->msg_type),
                                                         request, R"({"status": "error"})",
                                                         wire::error_content(ename, why)));
  to_clients_.add(frames);
}

// As its client gets it.
void TaskRelay::note_reply(const Reply& reply) {
  auto& frames = reply.message.frames;
  const std::string engine(frames[0].view());
  std::swap(frames[0], frames[1]);
  journal_->finish(reply.id, engine, reply.facts.ok, frames);
  std::swap(frames[0], frames[1]);
}

}  // namespace ipc::sched
