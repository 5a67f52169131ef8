#include "scenarios/report/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "scenarios/report/ledger_indicators.h"
#include "scenarios/report/summary.h"
#include "tests/sim/scenario_text.h"

namespace causeway::sim {
namespace {

using ::testing::HasSubstr;

constexpr char kOnePayment[] = R"(steps { id: "p" date: "2024-01-04" time: "09:00"
  pay { from: "DE-BANK-1" to: "US-BANK-1" currency: "EUR" amount: "90.00" } })";

class ReportTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const ::testing::TestInfo* info = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::temp_directory_path() /
              (std::string("causeway-report-") + info->name() + "-" + std::to_string(::getpid()));
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text) {
    const Plan plan = Compiled(text);
    const RunResult result = Simulated(plan);
    const std::string path = (folder_ / name).string();
    const absl::Status written =
        WriteReport(plan, result, Summarise(plan, result), LedgerParts(plan, result), path);
    EXPECT_TRUE(written.ok()) << written;
    return path;
  }

  std::filesystem::path folder_;
};

Summary SummaryOf(const std::string& more) {
  const Plan plan = Compiled(TwoCurrenciesWith(more));
  return Summarise(plan, Simulated(plan));
}

TEST_F(ReportTest, JsonHasWhatProgramsRead) {
  const Plan plan = Compiled(TwoCurrenciesWith(kOnePayment));
  const RunResult result = Simulated(plan);
  const nlohmann::json report =
      nlohmann::json::parse(RenderReportJson(plan, result, Summarise(plan, result)));
  EXPECT_EQ(report["scenario"], "two-currencies");
  EXPECT_EQ(report["seed"], 7);
  EXPECT_EQ(report["mode"], "simulated");
  EXPECT_EQ(report["mechanism"], "coordinated");
  EXPECT_EQ(report["settled"], 1);
  EXPECT_EQ(report["settled_value"]["EUR"], 9000);
  EXPECT_EQ(report["settled_value"]["USD"], 0);
  EXPECT_EQ(report["settled_value_total"], 10000);  // USD, at 0.90 euro per dollar
  EXPECT_EQ(report["rejected"], 0);
  EXPECT_EQ(report["state_roots"]["eu.example/eur"], result.ledgers[0].state_root);
  EXPECT_EQ(report["observer"]["verified"], true);
  EXPECT_EQ(report["expectations_met"], true);
}

TEST_F(ReportTest, ExpectationThatIsNotMetIsSaid) {
  const Summary summary = SummaryOf(std::string(kOnePayment) + R"(
expectations { settled: 1 }
expectations { settled_value { currency: "USD" min: "100.01" } }
expectations { balance { participant: "US-BANK-1" currency: "EUR" amount: "90.00" } })");
  ASSERT_EQ(summary.expectations.size(), 3u);
  EXPECT_TRUE(summary.expectations[0].met);
  EXPECT_FALSE(summary.expectations[1].met);
  EXPECT_EQ(summary.expectations[1].actual, "100.00");
  EXPECT_TRUE(summary.expectations[2].met);
  EXPECT_FALSE(summary.expectations_met);
}

TEST_F(ReportTest, BoundsOfAValueAreInclusive) {
  EXPECT_TRUE(SummaryOf(std::string(kOnePayment) + R"(
expectations { settled_value { currency: "USD" min: "100.00" max: "100.00" } })")
                  .expectations_met);
}

TEST_F(ReportTest, MissingMoneyIsNotConserved) {
  const Plan plan = Compiled(kTwoCurrencies);
  RunResult result = Simulated(plan);
  result.ledgers[0].accounts[0].available = core::Amount::FromMinor(1);
  const Summary summary = Summarise(plan, result);
  EXPECT_FALSE(summary.conserved);
  EXPECT_FALSE(summary.currencies[0].conserved);
  EXPECT_TRUE(summary.currencies[1].conserved);
}

TEST_F(ReportTest, BreachAndAlertCountTogether) {
  const Plan plan = Compiled(TwoCurrenciesWith("expectations { breaches: 0 }"));
  RunResult result = Simulated(plan);
  result.other_breaches.push_back("something");
  result.observer.alerts.push_back("something else");
  result.all_or_none_breaches.push_back("one leg settled");
  const Summary summary = Summarise(plan, result);
  EXPECT_EQ(summary.breaches, 3u);
  EXPECT_FALSE(summary.expectations_met);
}

// An account that was not opened used to turn "every settlement all or none" false.
TEST_F(ReportTest, OnlyWhatSplitsASettlementIsAboutAllOrNone) {
  const Plan plan = Compiled(TwoCurrenciesWith("expectations { all_or_none: true }"));
  const RunResult good = Simulated(plan);
  RunResult result = good;
  result.other_breaches.push_back("account X was not opened");
  result.observer.alerts.push_back("a ledger: rolled back");
  EXPECT_TRUE(Summarise(plan, result).all_or_none);
  EXPECT_TRUE(Summarise(plan, result).expectations_met);
  const std::string json = RenderReportJson(plan, result, Summarise(plan, result));
  EXPECT_THAT(json, HasSubstr("\"all_or_none\": true"));
  EXPECT_THAT(json, HasSubstr("account X was not opened"));
  result.all_or_none_breaches.push_back("one leg settled");
  EXPECT_FALSE(Summarise(plan, result).all_or_none);
  result = good;
  result.observer.alerts_all_or_none = 1;
  EXPECT_FALSE(Summarise(plan, result).all_or_none);
  result = good;
  result.observer.settlements_open = 1;
  EXPECT_FALSE(Summarise(plan, result).all_or_none);
}

TEST_F(ReportTest, RunThatWasCutShortMeetsNothing) {
  const Plan plan = Compiled(kTwoCurrencies);
  RunResult result = Simulated(plan);
  result.actions.back().status = ActionStatus::kPending;
  EXPECT_FALSE(Summarise(plan, result).expectations_met);
}

TEST_F(ReportTest, PaymentsTableHasALineForEachPayment) {
  const Plan plan = Compiled(TwoCurrenciesWith(kOnePayment));
  const std::string csv = RenderPaymentsCsv(plan, Simulated(plan));
  EXPECT_THAT(csv, HasSubstr("p,payment,2024-01-04,2024-01-04T09:00:00.000000Z,"));
  EXPECT_THAT(csv, HasSubstr(",DE-BANK-1,US-BANK-1,EUR,90.00,,,settled,,1,"));
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 1 + 4 + 1);  // head, opening issues, payment
}

TEST_F(ReportTest, TableNamesWhatWasNotMet) {
  const Plan plan = Compiled(TwoCurrenciesWith("expectations { settled: 3 }"));
  const RunResult result = Simulated(plan);
  const std::string table = RenderTable(plan, result, Summarise(plan, result));
  EXPECT_THAT(table, HasSubstr("NOT MET  settled = 3 (was 0)"));
  EXPECT_THAT(table, HasSubstr("1,500.00"));
}

TEST_F(ReportTest, FilesOfTwoRunsAreTheSameToTheByte) {
  const std::string first = Write("first", TwoCurrenciesWith(kOnePayment));
  const std::string second = Write("second", TwoCurrenciesWith(kOnePayment));
  for (const char* name : {"report.json", "payments.csv", "balances.csv", "trace.bin"}) {
    std::ifstream a(first + "/" + name, std::ios::binary);
    std::ifstream b(second + "/" + name, std::ios::binary);
    const std::string left{std::istreambuf_iterator<char>(a), {}};
    const std::string right{std::istreambuf_iterator<char>(b), {}};
    EXPECT_FALSE(left.empty()) << name;
    EXPECT_EQ(left, right) << name;
  }
}

TEST_F(ReportTest, EqualReportsCompareEqual) {
  const std::string first = Write("first", TwoCurrenciesWith(kOnePayment));
  const absl::StatusOr<Comparison> comparison = CompareReports(first, first);
  ASSERT_TRUE(comparison.ok()) << comparison.status();
  EXPECT_TRUE(comparison->equal) << comparison->table;
}

TEST_F(ReportTest, OtherBalancesCompareDifferent) {
  const std::string first = Write("first", TwoCurrenciesWith(kOnePayment));
  const std::string second = Write("second", TwoCurrenciesWith(""));
  const absl::StatusOr<Comparison> comparison = CompareReports(first, second);
  ASSERT_TRUE(comparison.ok()) << comparison.status();
  EXPECT_FALSE(comparison->equal);
  EXPECT_THAT(comparison->table, HasSubstr("DIFFERENT"));
}

TEST_F(ReportTest, FolderWithoutReportIsRefused) {
  EXPECT_TRUE(absl::IsNotFound(CompareReports("/nonexistent", "/nonexistent").status()));
}

}  // namespace
}  // namespace causeway::sim
