#include "scenarios/sweep/scenario_runs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "fmt/format.h"
#include "tests/sim/scenario_text.h"

namespace causeway::sim {
namespace {

using ::testing::HasSubstr;

constexpr char kGenerator[] = R"(generators {
  name: "g" payments: 40 value_median: "50.00" value_sigma: "1.0"
})";

class ScenarioRunsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ =
        (std::filesystem::temp_directory_path() /
         fmt::format("causeway-runs-{}-{}.txtpb",
                     ::testing::UnitTest::GetInstance()->current_test_info()->name(), ::getpid()))
            .string();
    std::ofstream(path_) << TwoCurrenciesWith(kGenerator);
  }
  void TearDown() override { std::filesystem::remove(path_); }

  ScenarioRuns Load() {
    absl::StatusOr<ScenarioRuns> runs = ScenarioRuns::Load(path_);
    EXPECT_TRUE(runs.ok()) << runs.status();
    return *runs;
  }
  static double ValueOf(const Indicators& indicators, const std::string& name) {
    for (const auto& [key, value] : indicators) {
      if (key == name) return std::stod(value);
    }
    ADD_FAILURE() << name;
    return 0;
  }

  std::string path_;
};

TEST_F(ScenarioRunsTest, MoreMoneySettlesMore) {
  const ScenarioRuns runs = Load();
  const std::string path = "participants[*].opening_balances[*].amount";
  const auto poor = runs.Make({{{path, "20.00"}}, 1});
  const auto rich = runs.Make({{{path, "100000.00"}}, 1});
  ASSERT_TRUE(poor.ok()) << poor.status();
  ASSERT_TRUE(rich.ok()) << rich.status();
  EXPECT_EQ(ValueOf(*poor, "submitted"), 40);
  EXPECT_LT(ValueOf(*poor, "share_settled"), ValueOf(*rich, "share_settled"));
  EXPECT_LT(ValueOf(*poor, "liquidity"), ValueOf(*rich, "liquidity"));
  EXPECT_EQ(ValueOf(*poor, "settled") + ValueOf(*poor, "rejected"), 40);
  EXPECT_EQ(ValueOf(*poor, "breaches"), 0);
}

TEST_F(ScenarioRunsTest, SameRunGivesTheSameAndAnotherSeedDoesNot) {
  const ScenarioRuns runs = Load();
  EXPECT_EQ(*runs.Make({{}, 1}), *runs.Make({{}, 1}));
  EXPECT_NE(*runs.Make({{}, 1}), *runs.Make({{}, 2}));
}

TEST_F(ScenarioRunsTest, SettingsAreCheckedBeforeAnyRun) {
  const ScenarioRuns runs = Load();
  EXPECT_TRUE(runs.Check({{{"generators[0].payments", "3"}}}).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(runs.Check({{{"generators[0].payment", "3"}}})));
  const absl::Status bad = runs.Check(
      {{{"generators[0].value_median", "3"}}, {{"generators[0].value_median", "-3.00"}}});
  EXPECT_TRUE(absl::IsInvalidArgument(bad));
  EXPECT_THAT(std::string(bad.message()), HasSubstr("with generators[0].value_median=-3.00: "));
}

TEST_F(ScenarioRunsTest, SeedIsNoSetting) {
  EXPECT_THAT(std::string(Load().Check({{{"seed", "3"}}}).message()), HasSubstr("--seeds"));
}

TEST_F(ScenarioRunsTest, FileThatIsWrongIsRefused) {
  std::ofstream(path_) << "name: 3";
  EXPECT_FALSE(ScenarioRuns::Load(path_).ok());
  EXPECT_FALSE(ScenarioRuns::Load("/nonexistent.txtpb").ok());
}

}  // namespace
}  // namespace causeway::sim
