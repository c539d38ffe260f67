// SPDX-License-Identifier: BSD-3-Clause
// How many items ipmap puts into a request.
#include <gtest/gtest.h>

#include "cmd/ipmap/results.hpp"

namespace ipmap {
namespace {

// Answers of items that take `per_item` seconds each, `way` seconds away, two requests under way.
size_t settle(double per_item, double way, int answers = 30) {
  Pace pace(0);
  for (int i = 0; i < answers; ++i) {
    const size_t count = pace.items();
    const double busy = per_item * static_cast<double>(count);
    pace.measured(count, busy, way + 2 * busy);
  }
  return pace.items();
}

TEST(Pace, WorthTenMilliseconds) {
  EXPECT_NEAR(static_cast<double>(settle(1e-3, 1e-3)), 10, 1);
  EXPECT_NEAR(static_cast<double>(settle(1e-6, 1e-3)), 10000, 100);
  EXPECT_EQ(settle(1, 1e-3), 1u);
  EXPECT_EQ(settle(20e-3, 1e-3), 1u);
}

TEST(Pace, WorthTheWay) {
  // An engine far away, or a machine where each hand-over waits its turn.
  EXPECT_NEAR(static_cast<double>(settle(1e-3, 0.1)), 100, 1);
  EXPECT_NEAR(static_cast<double>(settle(1e-3, 30)), 200, 1);
  EXPECT_EQ(settle(1, 30), 1u);
}

TEST(Pace, GrowsStepByStep) {
  Pace pace(0);
  EXPECT_EQ(pace.items(), 1u);
  pace.measured(1, 1e-6, 1e-3);
  EXPECT_LE(pace.items(), 8u);
}

TEST(Pace, SlowerItemsAreFewer) {
  Pace pace(0);
  for (int i = 0; i < 10; ++i) {
    const double busy = 1e-5 * static_cast<double>(pace.items());
    pace.measured(pace.items(), busy, 2 * busy);
  }
  EXPECT_NEAR(static_cast<double>(pace.items()), 1000, 10);
  pace.measured(pace.items(), 10, 20);
  pace.measured(pace.items(), 10, 20);
  EXPECT_EQ(pace.items(), 1u);
}

TEST(Pace, Fixed) {
  Pace pace(7);
  pace.measured(7, 10, 20);
  EXPECT_EQ(pace.items(), 7u);
}

}  // namespace
}  // namespace ipmap
