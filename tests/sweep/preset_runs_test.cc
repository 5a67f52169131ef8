#include "scenarios/sweep/preset_runs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "fmt/format.h"
#include "scenarios/sweep/sweep.h"

namespace causeway::sim {
namespace {

using ::testing::HasSubstr;

std::string PresetPath(const std::string& name) {
  return CAUSEWAY_SOURCE_DIR "/scenarios/studies/" + name;
}

PresetRuns ChapsDay() {
  absl::StatusOr<PresetRuns> runs = PresetRuns::Load(PresetPath("chaps-day.txtpb"));
  EXPECT_TRUE(runs.ok()) << runs.status();
  return *std::move(runs);
}

// A day of a few payments, with these settings besides.
Point SmallDay(Point more) {
  Point point = {{"streams[0].payments_per_day", "300"}, {"streams[1].payments_per_day", "300"}};
  point.insert(point.end(), more.begin(), more.end());
  return point;
}

std::string Value(const Indicators& indicators, const std::string& name) {
  for (const auto& [key, value] : indicators) {
    if (key == name) return value;
  }
  ADD_FAILURE() << name;
  return "";
}

TEST(PresetRunsTest, SweepOptionsAndFieldsOfTheFile) {
  const PresetRuns runs = ChapsDay();
  EXPECT_EQ(runs.name(), "chaps-day");
  EXPECT_EQ(runs.seed(), 2023U);
  const auto one = runs.Make({SmallDay({{"liquidity", "1"}}), 1});
  const auto scarce = runs.Make({SmallDay({{"settlement.liquidity", "0.01"}}), 1});
  const auto fewer = runs.Make({SmallDay({{"streams[*].value_max", "1000"}}), 1});
  ASSERT_TRUE(one.ok() && scarce.ok() && fewer.ok()) << one.status() << scarce.status();
  EXPECT_EQ(Value(*one, "submitted"), "600");
  EXPECT_EQ(Value(*one, "delay"), "0.000000");
  EXPECT_NE(Value(*scarce, "delay"), "0.000000");
  EXPECT_EQ(Value(*scarce, "value_submitted"), Value(*one, "value_submitted"));
  EXPECT_NE(Value(*fewer, "value_submitted"), Value(*one, "value_submitted"));
}

TEST(PresetRunsTest, DrawAnotherDayFromAnotherSeed) {
  const PresetRuns runs = ChapsDay();
  const auto first = runs.Make({SmallDay({}), 1});
  const auto again = runs.Make({SmallDay({}), 1});
  const auto second = runs.Make({SmallDay({}), 2});
  ASSERT_TRUE(first.ok() && again.ok() && second.ok());
  EXPECT_EQ(*first, *again);
  EXPECT_NE(Value(*first, "value_submitted"), Value(*second, "value_submitted"));
}

TEST(PresetRunsTest, GiveALiquidityDelayCurveWithBands) {
  const PresetRuns runs = ChapsDay();
  std::vector<SweepRow> rows;
  for (const char* alpha : {"0.05", "0.5"}) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
      Point point = SmallDay({});
      point.insert(point.begin(), {"liquidity", alpha});
      const sim::Run run = {point, seed};
      const auto made = runs.Make(run);
      ASSERT_TRUE(made.ok()) << made.status();
      rows.push_back({run, *made});
    }
  }
  const auto curve = CurveOf(rows, "liquidity", "delay");
  ASSERT_TRUE(curve.ok()) << curve.status();
  ASSERT_EQ(curve->lines.size(), 1U);
  const CurvePoint& scarce = curve->lines[0].points[0];
  const CurvePoint& more = curve->lines[0].points[1];
  EXPECT_EQ(scarce.y.count, 4U);
  EXPECT_LT(scarce.y.low, scarce.y.mean);
  EXPECT_GT(scarce.y.mean, more.y.mean);
}

TEST(PresetRunsTest, TellWhichSettingIsWrongBeforeTheFirstRun) {
  const PresetRuns runs = ChapsDay();
  const auto message = [&](Point point) {
    return std::string(runs.Check({std::move(point)}).message());
  };
  EXPECT_EQ(message(SmallDay({{"liquidity", "0.5"}})), "");
  EXPECT_THAT(message({{"streams[5].value_max", "1"}}), HasSubstr("streams[5].value_max"));
  EXPECT_THAT(message({{"bank.count", "1"}}), HasSubstr("Study has no field 'bank'"));
  EXPECT_THAT(message({{"banks.count", "1"}}),
              HasSubstr("with banks.count=1: there must be 2 to 100000 banks"));
  EXPECT_THAT(message({{"liquidity", "much"}}), HasSubstr("liquidity: "));
  EXPECT_THAT(message({{"normal-bypass", "yes"}}), HasSubstr("with normal-bypass=yes: "));
  EXPECT_THAT(message({{"seed", "1"}}), HasSubstr("swept by --seeds"));
  EXPECT_TRUE(absl::IsNotFound(PresetRuns::Load("/nonexistent.txtpb").status()));
}

// The mean of an indicator over three seeds of a preset.
double MeanOf(const PresetRuns& runs, const Point& point, const std::string& indicator) {
  double sum = 0;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const auto made = runs.Make({point, seed});
    EXPECT_TRUE(made.ok()) << made.status();
    if (made.ok()) sum += std::stod(Value(*made, indicator));
  }
  return sum / 3;
}

PresetRuns PresetNamed(const std::string& name) {
  absl::StatusOr<PresetRuns> runs = PresetRuns::Load(PresetPath(name));
  EXPECT_TRUE(runs.ok()) << runs.status();
  return *std::move(runs);
}

// docs/validation.md: about 20% observed (Davey and Gray 2014), about 30% simulated (Denbee and
// McLafferty 2013), and nearly the same with every algorithm and with none.
TEST(ValidationTest, TwoStreamsOnRestrictedLiquiditySaveAFifthToAThirdInChaps) {
  const PresetRuns runs = PresetNamed("chaps-lsm-2013.txtpb");
  const double matched = MeanOf(runs, {}, "liquidity_saved");
  EXPECT_NEAR(matched, 0.20, 0.06);
  EXPECT_NEAR(MeanOf(runs, {{"lsm", "none"}}, "liquidity_saved"), matched, 0.01);
  EXPECT_NEAR(MeanOf(runs, {{"liquidity", "0.4"}}, "liquidity_saved"), 0.30, 0.08);
  EXPECT_EQ(MeanOf(runs, {{"release-threshold", "0"}}, "liquidity_saved"), 0);
}

// docs/validation.md: 25% of value, 27% simulated (RBA RDP 2012-05), with sub-limits.
TEST(ValidationTest, BilateralOffsetSettlesAQuarterOfValueInRitsWithSubLimits) {
  const PresetRuns runs = PresetNamed("rits-day.txtpb");
  EXPECT_NEAR(MeanOf(runs, {}, "offset_share"), 0.26, 0.06);
  EXPECT_LT(MeanOf(runs, {{"release-threshold", "0"}}, "offset_share"), 0.08);
}

}  // namespace
}  // namespace causeway::sim
