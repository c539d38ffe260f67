// SPDX-License-Identifier: BSD-3-Clause
// What kernels have begun, told by memory.
#include "libipc/engine/ledger.hpp"

#include <gtest/gtest.h>

namespace ipc::engine {
namespace {

class LedgerTest : public ::testing::Test {
 protected:
  Ledger ledger = *Ledger::make();
  unsigned page = ledger.open_page();

  void note(int count) {
    for (int i = 0; i < count; ++i) {
      ++number;
      ledger.note(page, number, "s_" + std::to_string(number));
    }
  }
  std::uint64_t number = 0;
};

TEST_F(LedgerTest, AKernelBeginsWhatIsNotRevoked) {
  Claims& claims = ledger.claims(page);
  EXPECT_TRUE(claims.begin(1));
  EXPECT_EQ(revoke(claims, 3), 1u);
  EXPECT_FALSE(claims.begin(2));
  EXPECT_FALSE(claims.begin(3));
  EXPECT_EQ(claims.begun, 1u) << "what is revoked is never said to have begun";
  EXPECT_TRUE(claims.begin(4));
}

TEST_F(LedgerTest, KnowsTheLastTaskBegun) {
  note(5);
  ledger.claims(page).begin(2);
  EXPECT_EQ(ledger.close(), "s_2");
  EXPECT_FALSE(ledger.claims(page).begin(3)) << "nothing begins any more";
}

TEST_F(LedgerTest, NothingWasBegun) {
  EXPECT_EQ(ledger.close(), "");
  note(8);
  EXPECT_EQ(ledger.close(), "");
}

TEST_F(LedgerTest, RemembersEnoughAndSaysWhenItDoesNot) {
  note(1000);
  ledger.claims(page).begin(992);
  EXPECT_EQ(ledger.close(), "s_992");
  ledger.claims(page).begun = 700;
  EXPECT_EQ(ledger.close(), std::nullopt);
}

TEST_F(LedgerTest, EveryKernelHasItsPage) {
  note(2);
  ledger.claims(page).begin(2);
  page = ledger.open_page();
  number = 0;
  note(1);
  EXPECT_EQ(ledger.claims(page).begun, 0u);
  EXPECT_EQ(ledger.close(), "s_2");
}

TEST_F(LedgerTest, AnIdThatIsTooLongIsNotTold) {
  ledger.note(page, 1, std::string(500, 'x'));
  ledger.claims(page).begin(1);
  EXPECT_EQ(ledger.close(), std::nullopt);
}

}  // namespace
}  // namespace ipc::engine
