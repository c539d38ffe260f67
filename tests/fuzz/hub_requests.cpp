// SPDX-License-Identifier: BSD-3-Clause
// Fuzz target: what a client asks the hub. The first byte chooses the request, the rest is its
// content.
#include "libipc/hub/accounts.hpp"
#include "libipc/hub/queries.hpp"
#include "libipc/hub/waits.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

using namespace ipc::hub;

/// A hub's books: two engines, a task that is done and one that is not.
struct Books {
  Registry registry;
  std::unique_ptr<Store> store = make_memory_store(16);
  Accounts accounts{registry, *store, [](std::string_view) {}};

  Books() {
    for (const char* uuid : {"u0", "u1"}) {
      (void)registry.request(uuid, {}, {{"pid", 7}}, ipc::TimePoint());
      registry.admit(uuid);
    }
    for (const char* id : {"s_0", "s_1"}) {
      const std::string header = R"({"msg_id": ")" + std::string(id) +
                                 R"(", "msg_type": "apply_request", "session": "s"})";
      ipc::net::MessageEvent request;
      request.client = "c";
      request.view.header = header;
      request.view.parent = request.view.metadata = request.view.content = "{}";
      request.task = {id, "apply_request", "", "", ""};
      ipc::net::Frames buffers;
      accounts.task_request(request, buffers);
    }
    accounts.task_assigned("s_0", "u0");
    ipc::net::MessageEvent reply;
    reply.engine = "u0";
    reply.view.header = R"({"msg_id": "e_0", "msg_type": "apply_reply", "session": "e"})";
    reply.view.parent = R"({"msg_id": "s_0", "msg_type": "apply_request", "session": "s"})";
    reply.view.metadata = R"({"status": "ok", "engine": "u0"})";
    reply.view.content = R"({"status": "ok"})";
    reply.task = {"s_0", "apply_reply", "", "ok", ""};
    ipc::net::Frames buffers;
    accounts.task_reply(reply, buffers);
  }
};

void run(std::string_view input) {
  static Books books;
  if (input.empty()) return;
  const auto content = ipc::wire::parse_json(input.substr(1));
  if (!content || !content->is_object()) return;
  Answer answer;
  switch (input[0] & 7) {
    case 0:
      answer = queue_answer(books.accounts, books.registry, *content, 1);
      break;
    case 1:
      answer = load_answer(books.accounts, books.registry, *content);
      break;
    case 2:
      answer = result_answer(books.accounts, *content);
      break;
    case 3:
      answer = history_answer(books.accounts);
      break;
    case 4: {
      Books others;
      answer = purge_answer(others.accounts, others.registry, *content);
      break;
    }
    case 5:
      answer = db_answer(books.accounts, *content);
      break;
    default: {
      std::vector<std::string> ids;
      if (content->contains("msg_ids")) read_ids((*content)["msg_ids"], ids);
      answer = error_answer("hub_error", "E", list_repr(*content));
    }
  }
  (void)ipc::wire::dump_json(answer.content);
}

const ipkit_fuzz::Registered registered("hub_requests", run);

}  // namespace
