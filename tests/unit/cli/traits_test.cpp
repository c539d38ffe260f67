// SPDX-License-Identifier: BSD-3-Clause
// Names of traits: what is meant, and what may be meant.
#include "libipc/cli/traits.hpp"

#include <gtest/gtest.h>

namespace ipc::cli {
namespace {

const TraitNames kKnown = {"Engine",
                           {"OldEngine", "Application"},
                           {"Engine.id", "Engine.location", "Heart.period"},
                           {"Shell"}};

TEST(Traits, AreFoundByEveryNameOfTheirClass) {
  EXPECT_EQ(*resolve_trait(kKnown, "Engine.id"), "Engine.id");
  EXPECT_EQ(*resolve_trait(kKnown, "OldEngine.id"), "Engine.id");
  EXPECT_EQ(*resolve_trait(kKnown, "Application.location"), "Engine.location");
  EXPECT_EQ(*resolve_trait(kKnown, "Heart.period"), "Heart.period");
  EXPECT_EQ(*resolve_trait(kKnown, "Shell.whatever"), "Shell.whatever");
}

TEST(Traits, UnknownOnesAreUsageErrorsWithWhatMayBeMeant) {
  const auto complaint = [](const std::string& name) {
    const auto found = resolve_trait(kKnown, name);
    EXPECT_FALSE(found) << name;
    EXPECT_EQ(found.error().code, Code::usage);
    return found.error().text();
  };
  EXPECT_EQ(complaint("Engine.locatoin"),
            "Engine has no trait locatoin; did you mean Engine.location?");
  EXPECT_EQ(complaint("OldEngine.locatoin"),
            "Engine has no trait locatoin; did you mean Engine.location?");
  EXPECT_EQ(complaint("Heart.nothing_near"), "Heart has no trait nothing_near; see --help-all");
  EXPECT_EQ(complaint("Engin.id"), "unknown class Engin; did you mean Engine?");
  EXPECT_EQ(complaint("Kitchen.sink"), "unknown class Kitchen");
}

TEST(Traits, AreShownWithTheirLastValue) {
  const TraitValues values = {{"Engine.id", "1"},
                              {"OldEngine.id", "2"},
                              {"Heart.period", "it's"},
                              {"Nothing.x", "1"},
                              {"Engine.location", "True"}};
  EXPECT_EQ(traits_as_text(kKnown, values),
            "Engine\n  .id = 2\n  .location = True\nHeart\n  .period = \"it's\"\n");
  EXPECT_EQ(traits_as_json(kKnown, {{"Engine.id", "2"}, {"Heart.period", "x"}}),
            "{\n \"Engine\": {\n  \"id\": 2\n },\n \"Heart\": {\n  \"period\": \"x\"\n }\n}\n");
}

TEST(Traits, FlagsWithAValueAreTraits) {
  constexpr std::pair<std::string_view, std::string_view> kFlags[] = {{"--log", "--Engine.log"}};
  using Words = std::vector<std::string>;
  EXPECT_EQ(spell_as_traits({"--log", "--log=False", "--log", "True", "True"}, kFlags),
            (Words{"--log", "--Engine.log=False", "--Engine.log=True", "True"}));
  EXPECT_EQ(spell_as_traits({"--other", "True", "--logs=1"}, kFlags),
            (Words{"--other", "True", "--logs=1"}));
}

}  // namespace
}  // namespace ipc::cli
