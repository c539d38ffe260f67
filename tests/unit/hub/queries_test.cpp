// SPDX-License-Identifier: BSD-3-Clause
// What the hub answers to whoever asks again and again: changes only.
#include "libipc/hub/queries.hpp"

#include <gtest/gtest.h>

namespace ipc::hub {
namespace {

using wire::Json;

struct Books {
  Registry registry;
  std::unique_ptr<Store> store = make_empty_store();
  Accounts accounts{registry, *store, [](std::string_view) {}};

  void add(const char* uuid) {
    ASSERT_TRUE(registry.request(uuid, {}, nullptr, {}));
    accounts.engine_added(registry.admit(uuid)->id);
  }
  Json ask(Json more) {
    Json question = {{"targets", nullptr}};
    question.update(more);
    return queue_answer(accounts, registry, question, 0).content;
  }
  Json ask_since(const Json& version) { return ask({{"ipkit", true}, {"since", version}}); }
};

TEST(Queries, ChangesSinceAnAnswer) {
  Books books;
  books.add("a");
  books.add("b");
  const Json first = books.ask_since(0);
  EXPECT_EQ(first["ipkit"]["engines"].size(), 2u);
  EXPECT_EQ(first["ipkit"]["engines"]["0"]["state"], "idle");
  const Json second = books.ask_since(first["ipkit"]["version"]);
  EXPECT_TRUE(second["ipkit"]["engines"].empty());
  EXPECT_FALSE(second.contains("0"));
  EXPECT_EQ(second["ipkit"]["version"], first["ipkit"]["version"]);
  books.add("c");
  const Json third = books.ask_since(second["ipkit"]["version"]);
  EXPECT_EQ(third["ipkit"]["engines"].size(), 1u);
  EXPECT_TRUE(third["ipkit"]["engines"].contains("2"));
}

TEST(Queries, AnEngineThatWentIsAChange) {
  Books books;
  books.add("a");
  const Json version = books.ask_since(0)["ipkit"]["version"];
  books.accounts.stranded(*books.registry.remove(0, "left", 0));
  EXPECT_EQ(books.ask_since(version)["ipkit"]["engines"]["0"]["state"], "gone");
}

TEST(Queries, WhoDoesNotAskForChangesGetsAll) {
  Books books;
  books.add("a");
  EXPECT_TRUE(books.ask(Json::object()).contains("0"));
  EXPECT_TRUE(books.ask({{"since", 99}}).contains("0"));
  EXPECT_TRUE(books.ask({{"ipkit", true}}).contains("0"));
  EXPECT_TRUE(books.ask({{"ipkit", true}, {"since", "text"}}).contains("0"));
  EXPECT_TRUE(books.ask({{"ipkit", true}, {"since", -3}}).contains("0"));
}

}  // namespace
}  // namespace ipc::hub
