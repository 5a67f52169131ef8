#include "settlement/rpc/clock_guard.h"

#include <gtest/gtest.h>

namespace causeway::rpc {
namespace {

constexpr std::int64_t kDayS = 24 * 60 * 60;

ClockReading At(std::int64_t wall_s, std::int64_t running_s) {
  return {core::LedgerTime::FromMicros(wall_s * 1'000'000), core::Duration::FromSeconds(running_s)};
}
core::LedgerTime Wall(std::int64_t seconds) {
  return core::LedgerTime::FromMicros(seconds * 1'000'000);
}

TEST(ClockGuardTest, TimeThatPassesIsNoJump) {
  ClockGuard guard(At(1'000'000, 50));
  EXPECT_FALSE(guard.Check(At(1'000'001, 51)).has_value());
  // A process that was stopped for a day, or a machine that slept.
  EXPECT_FALSE(guard.Check(At(1'000'001 + kDayS, 51 + kDayS)).has_value());
}

TEST(ClockGuardTest, AClockThatIsSetToAnotherTimeHasJumped) {
  ClockGuard guard(At(1'000'000, 50));
  EXPECT_EQ(guard.Check(At(1'000'001 + 30 * kDayS, 51)), core::Duration::FromSeconds(30 * kDayS));
  EXPECT_EQ(guard.Check(At(1'000'002, 52)), core::Duration::FromSeconds(-30 * kDayS));
  EXPECT_FALSE(guard.Check(At(1'000'003, 53)).has_value());
}

TEST(ClockGuardTest, SmallStepsAndDriftAreFollowed) {
  ClockGuard guard(At(1'000'000, 0));
  for (std::int64_t i = 1; i < 10; ++i) {
    EXPECT_FALSE(guard.Check(At(1'000'000 + 60 * i, 0)).has_value());
  }
  EXPECT_TRUE(guard.Check(At(1'000'000 + 60 * 9 + 61, 0)).has_value());
}

TEST(ClockGuardTest, AClockFarFromTheLastBatchIsRefusedAtAStart) {
  const core::LedgerTime last = Wall(100 * kDayS);
  EXPECT_TRUE(CheckClockAtStart(Wall(100 * kDayS - 60), last, false).ok());
  EXPECT_TRUE(CheckClockAtStart(Wall(107 * kDayS), last, false).ok());
  for (const std::int64_t wrong : {100 * kDayS - 61, 107 * kDayS + 1}) {
    EXPECT_TRUE(absl::IsFailedPrecondition(CheckClockAtStart(Wall(wrong), last, false)));
    EXPECT_TRUE(CheckClockAtStart(Wall(wrong), last, true).ok());
  }
}

TEST(ClockGuardTest, ReadsTheClocksOfThisMachine) {
  const ClockReading first = ReadClocks();
  const ClockReading second = ReadClocks();
  EXPECT_GE(second.running, first.running);
  EXPECT_FALSE(ClockGuard(first).Check(second).has_value());
}

}  // namespace
}  // namespace causeway::rpc
