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
  static std::string TextOf(const Indicators& indicators, const std::string& name) {
    for (const auto& [key, value] : indicators) {
      if (key == name) return value;
    }
    ADD_FAILURE() << name;
    return "";
  }
  static double ValueOf(const Indicators& indicators, const std::string& name) {
    const std::string text = TextOf(indicators, name);
    if (!text.empty()) return std::stod(text);
    ADD_FAILURE() << name << " is empty";
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

// Whatever settles at once: what does not must count, or scarce money would look fast.
TEST_F(ScenarioRunsTest, DelayFallsWithLiquidity) {
  const ScenarioRuns runs = Load();
  const std::string path = "participants[*].opening_balances[*].amount";
  const auto poor = runs.Make({{{path, "20.00"}}, 1});
  const auto rich = runs.Make({{{path, "100000.00"}}, 1});
  ASSERT_TRUE(poor.ok() && rich.ok());
  ASSERT_LT(ValueOf(*poor, "share_settled"), ValueOf(*rich, "share_settled"));
  EXPECT_GT(ValueOf(*poor, "delay"), ValueOf(*rich, "delay") + 0.1);
}

TEST_F(ScenarioRunsTest, SameRunGivesTheSameAndAnotherSeedDoesNot) {
  const ScenarioRuns runs = Load();
  EXPECT_EQ(*runs.Make({{}, 1}), *runs.Make({{}, 1}));
  EXPECT_NE(*runs.Make({{}, 1}), *runs.Make({{}, 2}));
}

// The ring of pvp-gridlock.txtpb, which only a selection settles.
TEST_F(ScenarioRunsTest, SelectionsOfASettlementQueueShowWhatTheySave) {
  const absl::StatusOr<ScenarioRuns> runs = ScenarioRuns::Load(ScenarioPath("pvp-gridlock"));
  ASSERT_TRUE(runs.ok()) << runs.status();
  const std::string path = "mechanism_terms.settlement_queue.selection";
  const Indicators none = *runs->Make({{{path, "SETTLEMENT_SELECTION_NONE"}}, 1});
  EXPECT_EQ(TextOf(none, "settled_together"), "0");
  EXPECT_EQ(TextOf(none, "value_settled_together"), "0.00");
  EXPECT_EQ(TextOf(none, "needed_one_by_one"), "0.00");
  EXPECT_EQ(TextOf(none, "liquidity_saved"), "");  // nothing settled
  for (const char* selection : {"SETTLEMENT_SELECTION_LARGEST", "SETTLEMENT_SELECTION_GREEDY",
                                "SETTLEMENT_SELECTION_EXACT"}) {
    const Indicators one = *runs->Make({{{path, selection}}, 1});
    EXPECT_EQ(TextOf(one, "settled"), "4") << selection;
    EXPECT_EQ(TextOf(one, "settled_together"), "4");
    EXPECT_EQ(TextOf(one, "sets"), "1");
    EXPECT_EQ(TextOf(one, "waited"), "5");
    EXPECT_EQ(TextOf(one, "returned"), "1");
    EXPECT_EQ(TextOf(one, "gridlocks"), "1");
    EXPECT_EQ(TextOf(one, "needed_one_by_one"), "3006666.67");
    EXPECT_EQ(TextOf(one, "needed_as_settled"), "52222.22");
    EXPECT_EQ(TextOf(one, "needed_together"), "52222.22");
    EXPECT_NEAR(ValueOf(one, "liquidity_saved"), 0.98263, 0.00001);
    EXPECT_EQ(TextOf(one, "share_of_optimum"), "1");
  }
}

TEST_F(ScenarioRunsTest, RunsWithoutASettlementQueueLeaveItsColumnsEmpty) {
  const absl::StatusOr<ScenarioRuns> runs = ScenarioRuns::Load(ScenarioPath("pvp-gridlock"));
  ASSERT_TRUE(runs.ok()) << runs.status();
  const Indicators queue = *runs->Make({{}, 1});
  const Indicators singly = *runs->Make({{{"mechanism", "MECHANISM_COORDINATED"}}, 1});
  ASSERT_EQ(queue.size(), singly.size());
  for (std::size_t i = 0; i < queue.size(); ++i) EXPECT_EQ(queue[i].first, singly[i].first);
  for (const char* name :
       {"settled_together", "gridlocks", "needed_as_settled", "liquidity_saved"}) {
    EXPECT_EQ(TextOf(singly, name), "") << name;
  }
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
