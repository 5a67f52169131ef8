#include "scenarios/page/timeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace causeway::page {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Le;

TEST(TimelineTest, ValueHoldsUntilTheNextChange) {
  const Series series = Timeline("q", {{3000, -1}, {1000, 2}, {1000, 1}}, 0, 5000);
  EXPECT_THAT(series.x, ElementsAre(0, 1, 3, 5));  // milliseconds
  EXPECT_THAT(series.y, ElementsAre(0, 3, 2, 2));
}

TEST(TimelineTest, ChangesBeforeTheBeginCountAndAfterTheEndDoNot) {
  const Series series = Timeline("q", {{-5, 4}, {6000, 1}}, 0, 5000);
  EXPECT_THAT(series.y, ElementsAre(4, 4));
}

TEST(TimelineTest, NothingIsALineAtZero) {
  EXPECT_THAT(Timeline("q", {}, 0, 5000).y, ElementsAre(0, 0));
}

TEST(TimelineTest, WhatGoesBackToNothingIsNothing) {
  const Series series = Timeline("q", {{1, 0.1}, {2, 0.2}, {3, -0.3}}, 0, 4);
  EXPECT_EQ(series.y.back(), 0);
}

TEST(TimelineTest, ManyChangesKeepTheHighestOfEachInterval) {
  std::vector<Change> changes;
  for (int i = 0; i < 100'000; ++i) {
    changes.push_back({10 * i, 1});
    changes.push_back({10 * i + 5, -1});
  }
  changes.push_back({500'001, 7});  // a spike of 2 microseconds
  changes.push_back({500'003, -7});
  const Series series = Timeline("q", changes, 0, 1'000'000);
  EXPECT_EQ(series.x.size(), kTimelinePointsMax + 1);
  EXPECT_EQ(series.x.size(), series.y.size());
  EXPECT_EQ(*std::max_element(series.y.begin(), series.y.end()), 8);
  EXPECT_EQ(series.y.back(), 0);
}

TEST(DistributionTest, RisesFromZeroToAll) {
  const Series series = Distribution("d", {1, 2, 2, 4}, 1e-6);
  EXPECT_THAT(series.x, ElementsAre(1, 1, 2, 4));
  EXPECT_THAT(series.y, ElementsAre(0, 25, 75, 100));
}

TEST(DistributionTest, ValuesBelowTheLeastAreDrawnThere) {
  const Series series = Distribution("d", {0, 0, 1}, 0.5);
  EXPECT_THAT(series.x, ElementsAre(0.5, 0.5, 1));
  EXPECT_NEAR(series.y[1], 200.0 / 3, 1e-9);
}

TEST(DistributionTest, ManyValuesMakeFewPoints) {
  std::vector<double> values;
  for (int i = 1; i <= 100'000; ++i) values.push_back(i);
  const Series series = Distribution("d", values, 1e-6);
  EXPECT_EQ(series.x.size(), 401u);
  EXPECT_EQ(series.y.back(), 100);
  EXPECT_THAT(series.y, Each(Le(100)));
}

TEST(DistributionTest, NothingHasNoPoints) { EXPECT_TRUE(Distribution("d", {}, 1).x.empty()); }

}  // namespace
}  // namespace causeway::page
