#include "scenarios/load/arrivals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace causeway::load {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::int64_t> TakeTimes(Arrivals& arrivals, std::size_t count) {
  std::vector<std::int64_t> times;
  while (times.size() < count) {
    const auto next = arrivals.Next();
    if (!next.has_value()) break;
    times.push_back(*next);
  }
  return times;
}

TEST(Arrivals, FixedRateIsEvenAndDoesNotDrift) {
  const auto thirds = FixedRate(3);
  EXPECT_THAT(TakeTimes(*thirds, 4), ElementsAre(0, 333'333'333, 666'666'667, 1'000'000'000));
  const auto fast = FixedRate(3'000);
  EXPECT_EQ(TakeTimes(*fast, 3'000'001).back(), 1'000'000'000'000);
}

TEST(Arrivals, StepsFollowOneAnotherWithPausesBetween) {
  const auto steps = SteppedRate({{2, 1}, {0, 1}, {4, 0.5}});
  EXPECT_THAT(TakeTimes(*steps, 100), ElementsAre(0, 500'000'000, 2'000'000'000, 2'250'000'000));
}

TEST(Arrivals, PoissonHasTheRateAndTheSpreadOfItsKind) {
  constexpr std::size_t kCount = 200'000;
  const auto poisson = PoissonRate(1000, 42);
  const auto times = TakeTimes(*poisson, kCount);
  double sum = 0;
  double squares = 0;
  std::int64_t before = 0;
  for (const std::int64_t time : times) {
    ASSERT_GE(time, before);
    const auto gap = static_cast<double>(time - before);
    sum += gap;
    squares += gap * gap;
    before = time;
  }
  const double mean = sum / kCount;
  EXPECT_NEAR(mean, 1e6, 1e4);
  // Exponential gaps spread as much as their mean.
  EXPECT_NEAR(std::sqrt(squares / kCount - mean * mean), 1e6, 2e4);
}

TEST(Arrivals, PoissonFollowsItsSeed) {
  EXPECT_EQ(TakeTimes(*PoissonRate(10, 1), 50), TakeTimes(*PoissonRate(10, 1), 50));
  EXPECT_NE(TakeTimes(*PoissonRate(10, 1), 50), TakeTimes(*PoissonRate(10, 2), 50));
}

TEST(Arrivals, ReplayEndsWithItsTrace) {
  const auto replay = Replay({0, 5, 5, 9});
  EXPECT_THAT(TakeTimes(*replay, 100), ElementsAre(0, 5, 5, 9));
  EXPECT_FALSE(replay->Next().has_value());
}

TEST(ParseSteps, ReadsRatesAndDurations) {
  const auto steps = ParseSteps("1000:10,0:2.5,2e3:1");
  ASSERT_TRUE(steps.ok()) << steps.status();
  ASSERT_EQ(steps->size(), 3u);
  EXPECT_EQ((*steps)[0].rate_per_s, 1000);
  EXPECT_EQ((*steps)[1].duration_s, 2.5);
  EXPECT_EQ((*steps)[2].rate_per_s, 2000);
}

TEST(ParseSteps, NamesWhatIsWrong) {
  for (const char* text : {"", "5", "5:", ":5", "a:1", "1:b", "-1:1", "1:0", "1:1,", "nan:1"}) {
    const auto steps = ParseSteps(text);
    if (std::string_view(text) == "1:1,") {
      EXPECT_TRUE(steps.ok());  // a comma at the end is no step
    } else {
      EXPECT_FALSE(steps.ok()) << text;
    }
  }
  EXPECT_THAT(std::string(ParseSteps("1:1,x:2").status().message()), HasSubstr("\"x:2\""));
}

TEST(Trace, ReadsWhatItWrote) {
  const std::vector<std::int64_t> times = {0, 17, 17, 4'000'000'000};
  const auto read = ParseTrace(FormatTrace(times));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, times);
}

TEST(Trace, NamesTheLineThatIsWrong) {
  EXPECT_THAT(std::string(ParseTrace("1\n# note\n\nx\n").status().message()), HasSubstr("line 4"));
  EXPECT_THAT(std::string(ParseTrace("5\n4\n").status().message()), HasSubstr("never fall"));
  EXPECT_FALSE(ParseTrace("-1\n").ok());
}

}  // namespace
}  // namespace causeway::load
