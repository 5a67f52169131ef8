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
  EXPECT_EQ(TextOf(none, "needed_saved"), "");  // nothing settled
  for (const char* selection : {"SETTLEMENT_SELECTION_LARGEST", "SETTLEMENT_SELECTION_GREEDY",
                                "SETTLEMENT_SELECTION_EXACT"}) {
    const Indicators one = *runs->Make({{{path, selection}}, 1});
    EXPECT_EQ(TextOf(one, "settled"), "4") << selection;
    EXPECT_EQ(TextOf(one, "settled_together"), "4");
    EXPECT_EQ(TextOf(one, "sets"), "1");
    EXPECT_EQ(TextOf(one, "waited"), "5");
    EXPECT_EQ(TextOf(one, "returned"), "1");
    EXPECT_EQ(TextOf(one, "runs_in_gridlock"), "1");
    EXPECT_EQ(TextOf(one, "needed_one_by_one"), "3006666.67");
    EXPECT_EQ(TextOf(one, "needed_as_settled"), "52222.22");
    EXPECT_EQ(TextOf(one, "needed_together"), "52222.22");
    EXPECT_NEAR(ValueOf(one, "needed_saved"), 0.98263, 0.00001);
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
       {"settled_together", "runs_in_gridlock", "needed_as_settled", "needed_saved"}) {
    EXPECT_EQ(TextOf(singly, name), "") << name;
  }
}

// As the indicators of its ledger are (tests/sim/ledger_indicators_test.cc).
TEST_F(ScenarioRunsTest, LiquidityIsSetAgainstItsBounds) {
  const absl::StatusOr<ScenarioRuns> runs = ScenarioRuns::Load(ScenarioPath("liquidity-terms"));
  ASSERT_TRUE(runs.ok()) << runs.status();
  const Indicators run = *runs->Make({{}, 1});
  EXPECT_EQ(TextOf(run, "liquidity_value"), "3750000");
  EXPECT_EQ(TextOf(run, "lower_bound"), "1070000");
  EXPECT_EQ(TextOf(run, "upper_bound"), "1510000.01");
  EXPECT_NEAR(ValueOf(run, "usage"), 6.090909, 1e-6);
  EXPECT_EQ(TextOf(run, "offset_share"), "0");
  EXPECT_EQ(TextOf(run, "pvp_share"), "");  // nothing is linked
  EXPECT_EQ(TextOf(run, "EUR.liquidity_value"), "3750000.00");
  EXPECT_EQ(TextOf(run, "EUR.usage"), "6.090909");
  EXPECT_EQ(TextOf(run, "EUR.credit_charge"), "18.50");
}

// The ring of gridlock.txtpb settles as one set in the batch in which it came about, and what stays
// behind it is stuck.
TEST_F(ScenarioRunsTest, QueuesOfLedgersHaveGridlocksAndOffsetting) {
  const absl::StatusOr<ScenarioRuns> runs = ScenarioRuns::Load(ScenarioPath("gridlock"));
  ASSERT_TRUE(runs.ok()) << runs.status();
  const Indicators with = *runs->Make({{}, 1});
  EXPECT_EQ(TextOf(with, "offset_share"), "1");
  EXPECT_EQ(TextOf(with, "gridlocks"), "0");
  EXPECT_EQ(TextOf(with, "EUR.gridlocks"), "0");
  EXPECT_GE(ValueOf(with, "deadlocks"), 1);
  EXPECT_EQ(TextOf(with, "EUR.deadlocks"), TextOf(with, "deadlocks"));
  EXPECT_EQ(TextOf(with, "runs_in_gridlock"), "");
  const Indicators without =
      *runs->Make({{{"ledgers[0].queue.optimisation", "QUEUE_OPTIMISATION_UNSPECIFIED"}}, 1});
  EXPECT_EQ(TextOf(without, "offset_share"), "");  // nothing settled
  EXPECT_GT(ValueOf(without, "EUR.gridlock_s"), ValueOf(with, "EUR.gridlock_s") + 3600);
}

// DE-BANK-1 pays 90 euro of a trade, 100 dollars at the reference rate, and DE-BANK-2 the 45 euro
// of another; US-BANK-1 pays 100 and 50 dollars. Besides, 9 euro are paid one way.
TEST_F(ScenarioRunsTest, LedgersAreAddedUpAtTheReferenceRates) {
  const auto trade = [](const std::string& id, const std::string& party, const std::string& euro,
                        const std::string& dollars) {
    return "steps { id: \"" + id + "\" date: \"2024-01-04\" time: \"09:00\" pvp { party: \"" +
           party + "\" counterparty: \"US-BANK-1\" party_currency: \"EUR\" party_amount: \"" +
           euro + "\" counterparty_currency: \"USD\" counterparty_amount: \"" + dollars +
           "\" } }\n";
  };
  std::ofstream(path_) << TwoCurrenciesWith(
      trade("first", "DE-BANK-1", "90.00", "100.00") +
      trade("refused", "DE-BANK-2", "45.00", "50.00") +
      "steps { id: \"p\" date: \"2024-01-04\" time: \"10:00\" pay { from: \"DE-BANK-1\" to: "
      "\"DE-BANK-2\" currency: \"EUR\" amount: \"9.00\" } }\n");
  const Indicators run = *Load().Make({{}, 1});
  // Of the first day; on the others nothing is due.
  EXPECT_EQ(TextOf(run, "lower_bound"), "300");  // 99 and 36 euro, 150 dollars
  EXPECT_EQ(TextOf(run, "upper_bound"), "310");  // 99 and 45 euro, 150 dollars
  EXPECT_EQ(TextOf(run, "pvp_share"), "1");
  EXPECT_NEAR(ValueOf(run, "settlement_share"), 200.0 / 210, 1e-9);
  EXPECT_EQ(TextOf(run, "EUR.lower_bound"), "135.00");
  EXPECT_EQ(TextOf(run, "USD.lower_bound"), "150.00");
  EXPECT_EQ(TextOf(run, "EUR.pvp_share"), "1.000000");
  EXPECT_EQ(TextOf(run, "gridlocks"), "");  // no ledger has a queue
}

TEST_F(ScenarioRunsTest, NoColumnHasTheNameOfAnother) {
  const absl::StatusOr<ScenarioRuns> runs = ScenarioRuns::Load(ScenarioPath("gridlock"));
  ASSERT_TRUE(runs.ok()) << runs.status();
  std::map<std::string, int> names;
  const Indicators run = *runs->Make({{}, 1});
  for (const auto& [name, value] : run) EXPECT_EQ(++names[name], 1) << name;
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
