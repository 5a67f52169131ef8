#include "scenarios/sweep/sweep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "fmt/format.h"
#include "scenarios/sweep/sweep_page.h"

namespace causeway::sim {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(SettingTest, IsAPathAndItsValues) {
  const absl::StatusOr<Setting> setting = ParseSetting("a.b[0]=1,2,x=y");
  ASSERT_TRUE(setting.ok());
  EXPECT_EQ(setting->path, "a.b[0]");
  EXPECT_EQ(setting->values, (std::vector<std::string>{"1", "2", "x=y"}));
}

TEST(SettingTest, WhatIsNoneIsRefused) {
  for (const char* text : {"", "a", "=1", "a=", "a=1,,2", "a=1,2,1"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseSetting(text).status())) << text;
  }
}

TEST(PointsTest, LastSettingVariesFastest) {
  const auto points = PointsOf({{"a", {"1", "2"}}, {"b", {"x", "y"}}});
  ASSERT_TRUE(points.ok());
  ASSERT_EQ(points->size(), 4u);
  EXPECT_EQ(Describe((*points)[0]), "a=1, b=x");
  EXPECT_EQ(Describe((*points)[1]), "a=1, b=y");
  EXPECT_EQ(Describe((*points)[3]), "a=2, b=y");
}

TEST(PointsTest, NoSettingsAreOnePoint) {
  const auto points = PointsOf({});
  ASSERT_TRUE(points.ok());
  EXPECT_EQ(points->size(), 1u);
}

TEST(PointsTest, SamePathTwiceIsRefused) {
  EXPECT_TRUE(absl::IsInvalidArgument(PointsOf({{"a", {"1"}}, {"a", {"2"}}}).status()));
}

TEST(RunsTest, LimitsHold) {
  EXPECT_TRUE(absl::IsInvalidArgument(RunsOf({{}}, 0, 0).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(RunsOf({{}}, 0, kSweepRunsMax + 1).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(RunsOf({{}}, UINT64_MAX, 2).status()));
  EXPECT_TRUE(RunsOf({{}}, UINT64_MAX, 1).ok());
}

// The example of a textbook: 5 values with mean 10 and standard deviation sqrt(2.5).
TEST(EstimateTest, IntervalIsStudentsT) {
  const Estimate estimate = EstimateOf({8, 9, 10, 11, 12});
  EXPECT_EQ(estimate.count, 5u);
  EXPECT_DOUBLE_EQ(estimate.mean, 10);
  EXPECT_NEAR(estimate.high - 10, 2.776 * std::sqrt(2.5 / 5), 1e-9);
  EXPECT_NEAR(10 - estimate.low, 2.776 * std::sqrt(2.5 / 5), 1e-9);
}

TEST(EstimateTest, OneValueHasNoInterval) {
  const Estimate estimate = EstimateOf({3});
  EXPECT_EQ(estimate.low, 3);
  EXPECT_EQ(estimate.high, 3);
}

TEST(EstimateTest, QuantileNeverGrowsWithTheDegrees) {
  for (std::size_t degrees = 1; degrees < 2000; ++degrees) {
    EXPECT_GE(StudentT975(degrees), StudentT975(degrees + 1));
  }
  EXPECT_GE(StudentT975(100'000), 1.96);
}

class SweepTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const ::testing::TestInfo* info = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::temp_directory_path() /
              fmt::format("causeway-sweep-{}-{}", info->name(), ::getpid());
    std::filesystem::remove_all(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  RunStore Store(const std::string& sha256 = "aa") {
    absl::StatusOr<RunStore> store = RunStore::Open(folder_.string(), "file.txtpb", sha256);
    EXPECT_TRUE(store.ok()) << store.status();
    return *store;
  }
  static std::vector<sim::Run> Runs(std::uint64_t seeds = 3) {
    return *RunsOf(*PointsOf({{"a", {"3", "1", "2"}}, {"b", {"x", "y"}}}), 1, seeds);
  }
  // y falls with a; seeds scatter it.
  static absl::StatusOr<Indicators> Make(const sim::Run& run) {
    const double a = std::stod(run.point[0].second);
    return Indicators{{"y", fmt::format("{}", 10 / a + 0.01 * static_cast<double>(run.seed))},
                      {"none", ""}};
  }
  // Where runs that were made leave a mark: they are made in other processes.
  std::size_t Made() const {
    std::size_t made = 0;
    std::error_code error;
    for ([[maybe_unused]] const auto& entry :
         std::filesystem::directory_iterator(folder_ / "made", error)) {
      made += 1;
    }
    return made;
  }
  RunFunction Marking() {
    std::filesystem::create_directories(folder_ / "made");
    return [this](const sim::Run& run) {
      std::ofstream(folder_ / "made" / fmt::format("{}-{}", Describe(run.point), run.seed));
      return Make(run);
    };
  }

  std::filesystem::path folder_;
};

TEST_F(SweepTest, RowsAreInTheOrderOfTheGridWhateverTheJobs) {
  std::string first;
  for (const std::uint32_t processes : {1U, 2U, 5U}) {
    std::filesystem::remove_all(folder_);
    const auto result = RunSweep(Store(), Runs(), Make, {.processes = processes});
    ASSERT_TRUE(result.ok());
    const std::string csv = RenderSweepCsv(result->rows);
    EXPECT_THAT(csv, HasSubstr("a,b,seed,y,none\n3,x,1,"));
    if (first.empty()) first = csv;
    EXPECT_EQ(csv, first);
  }
}

TEST_F(SweepTest, CompletedRunsAreNotMadeAgain) {
  ASSERT_TRUE(RunSweep(Store(), Runs(2), Marking(), {}).ok());
  EXPECT_EQ(Made(), 12u);
  std::filesystem::remove_all(folder_ / "made");
  const auto result = RunSweep(Store(), Runs(3), Marking(), {});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(Made(), 6u);
  EXPECT_EQ(result->found, 12u);
  EXPECT_EQ(result->rows.size(), 18u);
}

TEST_F(SweepTest, RunThatWasCutShortIsMadeAgain) {
  ASSERT_TRUE(RunSweep(Store(), Runs(1), Marking(), {}).ok());
  const std::string whole = RenderSweepCsv(RunSweep(Store(), Runs(1), Make, {})->rows);
  std::filesystem::remove_all(folder_ / "made");
  const auto file = *std::filesystem::directory_iterator(folder_ / "runs");
  std::filesystem::resize_file(file.path(), std::filesystem::file_size(file.path()) / 2);
  const auto result = RunSweep(Store(), Runs(1), Marking(), {});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(Made(), 1u);
  EXPECT_EQ(RenderSweepCsv(result->rows), whole);
}

TEST_F(SweepTest, OtherSourceIsRefusedByName) {
  Store("aa");
  const absl::StatusOr<RunStore> other = RunStore::Open(folder_.string(), "file.txtpb", "bb");
  EXPECT_TRUE(absl::IsFailedPrecondition(other.status()));
  EXPECT_THAT(std::string(other.status().message()), HasSubstr("file.txtpb changed since"));
}

TEST_F(SweepTest, FailuresNameTheirRunAndLeaveTheOthers) {
  const auto fails = [](const sim::Run& run) -> absl::StatusOr<Indicators> {
    if (run.seed == 2 && run.point[0].second == "1") return absl::InternalError("it broke");
    if (run.seed == 3 && run.point[0].second == "2") std::abort();
    return Make(run);
  };
  const auto result = RunSweep(Store(), Runs(), fails, {.processes = 2});
  ASSERT_TRUE(result.ok());
  ASSERT_EQ(result->failures.size(), 4u);
  EXPECT_EQ(result->failures[0], "a=1, b=x, seed 2: it broke");
  EXPECT_THAT(result->failures[2], HasSubstr("a=2, b=x, seed 3: the process died (signal 6)"));
  EXPECT_EQ(result->rows.size(), 14u);
}

TEST_F(SweepTest, CurveHasALineForEachOtherSettingAndAscends) {
  const auto result = RunSweep(Store(), Runs(), Make, {});
  const absl::StatusOr<Curve> curve = CurveOf(result->rows, "a", "y");
  ASSERT_TRUE(curve.ok()) << curve.status();
  ASSERT_EQ(curve->lines.size(), 2u);
  EXPECT_EQ(curve->lines[0].name, "b=x");
  ASSERT_EQ(curve->lines[0].points.size(), 3u);
  EXPECT_EQ(curve->lines[0].points[0].x.mean, 1);
  EXPECT_EQ(curve->lines[0].points[2].x.mean, 3);
  EXPECT_NEAR(curve->lines[0].points[0].y.mean, 10.02, 1e-12);
  EXPECT_LT(curve->lines[0].points[0].y.low, 10.02);
  EXPECT_THAT(RenderCurveCsv(*curve),
              HasSubstr("a,b,runs,a_mean,a_low,a_high,y_mean,y_low,y_high\n1,x,3,1,1,1,10.02"));
}

// 0, 1 and 1: a mean of 2/3 with an interval from -0.77 to 2.1.
TEST_F(SweepTest, IntervalsEndWhereTheIndicatorDoes) {
  const std::vector<sim::Run> runs = *RunsOf(*PointsOf({{"delay_s", {"1"}}}), 1, 3);
  const auto make = [](const sim::Run& run) -> absl::StatusOr<Indicators> {
    const std::string value = run.seed == 1 ? "0" : "1";
    return Indicators{{"EUR.delay", value}, {"delay_max_s", value}, {"usage", value}};
  };
  const auto result = RunSweep(Store(), runs, make, {});
  ASSERT_TRUE(result.ok()) << result.status();
  const auto of = [&](const std::string& y) {
    return CurveOf(result->rows, "delay_s", y)->lines.at(0).points.at(0).y;
  };
  EXPECT_EQ(of("EUR.delay").low, 0);
  EXPECT_EQ(of("EUR.delay").high, 1);
  EXPECT_EQ(of("delay_max_s").low, 0);
  EXPECT_GT(of("delay_max_s").high, 2);
  EXPECT_LT(of("usage").low, -0.7);
  EXPECT_GT(of("usage").high, 2);
}

TEST_F(SweepTest, CurveRunsAlongTheSettingOfItsAxisThoughItIsNotTheFirst) {
  const std::vector<sim::Run> runs =
      *RunsOf(*PointsOf({{"b", {"x", "w"}}, {"a", {"3", "1", "2"}}}), 1, 2);
  const auto make = [](const sim::Run& run) -> absl::StatusOr<Indicators> {
    return Indicators{{"y", run.point[1].second}};
  };
  const auto result = RunSweep(Store(), runs, make, {});
  ASSERT_TRUE(result.ok()) << result.status();
  const absl::StatusOr<Curve> curve = CurveOf(result->rows, "a", "y");
  ASSERT_TRUE(curve.ok()) << curve.status();
  ASSERT_EQ(curve->lines.size(), 2u);
  EXPECT_EQ(curve->lines[0].name, "b=x");
  EXPECT_EQ(curve->lines[1].name, "b=w");
  ASSERT_EQ(curve->lines[0].points.size(), 3u);
  EXPECT_EQ(curve->lines[0].points[1].x.mean, 2);
}

TEST_F(SweepTest, AxisMustBeThereAndBeANumber) {
  const auto result = RunSweep(Store(), Runs(1), Make, {});
  EXPECT_THAT(std::string(CurveOf(result->rows, "z", "y").status().message()),
              HasSubstr("no setting or indicator z; there are a, b, y, none"));
  EXPECT_THAT(std::string(CurveOf(result->rows, "b", "y").status().message()),
              HasSubstr("which is no number"));
  EXPECT_TRUE(CurveOf(result->rows, "a", "none")->lines.empty());
}

TEST_F(SweepTest, PageHasTheCurveAndTheCommand) {
  const auto result = RunSweep(Store(), Runs(), Make, {});
  const Curve curve = *CurveOf(result->rows, "a", "y");
  const SweepDescription description = {.name = "some",
                                        .description = "",
                                        .sha256 = "aa",
                                        .text = "name: \"<some>\"",
                                        .command = "causeway-sim sweep file.txtpb",
                                        .unit = "USD",
                                        .x_label = "a label (ms)",
                                        .settings = {{"a", {"3", "1", "2"}}},
                                        .first_seed = 1,
                                        .seeds = 3};
  const std::string html = page::RenderPage(SweepPage(description, *result, curve));
  EXPECT_THAT(html, HasSubstr("Student&#39;s t over seeds"));
  EXPECT_THAT(html, HasSubstr("causeway-sim sweep file.txtpb"));
  EXPECT_THAT(html, HasSubstr("name: &quot;&lt;some&gt;&quot;"));
  EXPECT_THAT(html, HasSubstr("1 to 3"));
  EXPECT_THAT(html, HasSubstr("y over a label (ms)"));
}

TEST_F(SweepTest, AxesOfAStudySayWhatAlphaAndDelayAre) {
  const auto result = RunSweep(Store(), Runs(), Make, {});
  Curve curve = *CurveOf(result->rows, "a", "y");
  curve.x = "liquidity";
  curve.y = "delay";
  SweepDescription description;
  description.settings = {{"liquidity", {"1", "2", "3"}}};
  EXPECT_THAT(page::RenderPage(SweepPage(description, *result, curve)),
              AllOf(HasSubstr("liquidity ALPHA = (L-LB)/(UB-LB)"), HasSubstr("delay (0 to 1)")));
  // Of scenarios it is an amount.
  description.settings = {{"a", {"1", "2", "3"}}};
  description.unit = "USD";
  EXPECT_THAT(page::RenderPage(SweepPage(description, *result, curve)),
              HasSubstr("liquidity (USD)"));
}

TEST_F(SweepTest, AxesOfAmountsSayWhatTheyAreIn) {
  const auto result = RunSweep(Store(), Runs(), Make, {});
  Curve curve = *CurveOf(result->rows, "a", "y");
  SweepDescription description;
  description.unit = "USD";
  const auto page_of = [&](const std::string& x, const std::string& y) {
    curve.x = x;
    curve.y = y;
    return page::RenderPage(SweepPage(description, *result, curve));
  };
  EXPECT_THAT(page_of("lower_bound", "EUR.credit_charge"),
              AllOf(HasSubstr("lower bound (USD)"), HasSubstr("EUR.credit charge (EUR)")));
  EXPECT_THAT(page_of("EUR.usage", "EUR.delay"),
              AllOf(HasSubstr("EUR.delay (0 to 1)"), HasSubstr("Liquidity-delay curve")));
  description.unit_of_currencies = "USD";  // a study whose amounts are all stated in one
  EXPECT_THAT(page_of("EUR.liquidity_used", "EUR.delay"), HasSubstr("EUR.liquidity used (USD)"));
  // The same word as a setting is no amount.
  description.settings = {{"banks.lower_bound", {"1"}}};
  EXPECT_THAT(page_of("banks.lower_bound", "y"), Not(HasSubstr("banks.lower bound (")));
}

}  // namespace
}  // namespace causeway::sim
