// Sweeps of scenarios whose payments are those of a study.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "fmt/format.h"
#include "scenarios/sweep/scenario_runs.h"

namespace causeway::sim {
namespace {

constexpr char kSweptStudy[] = R"(# proto-message: Study
name: "small" seed: 1 opens: "08:00" closes: "17:00" decimals: 2
banks { count: 8 core: 3 mean_degree: 3 degree_exponent_milli: 2100 }
streams {
  name: "payments" payments_per_day: 200
  values { median: "5000.00" sigma_milli: 1000 } value_max: "5000000.00"
  profile { from: "08:00" to: "16:00" weight: 1 }
}
settlement { liquidity: "1" }
)";
constexpr char kSweptScenario[] =
    R"(name: "swept" seed: 1 concurrent: true modelled_signatures: true
calendar { first_date: "2024-01-08" last_date: "2024-01-08" opens: "08:00" cuts_off: "17:00" }
ledgers {
  ledger: "eu.example/eur" currency: "EUR" central_bank: "ECB" country: "DE"
  payments_from { name: "day" study: "small.txtpb" }
}
)";

class StudyPaymentsSweepTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              fmt::format("causeway-study-payments-{}", ::getpid());
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ / "small.txtpb") << kSweptStudy;
    std::ofstream(folder_ / "swept.txtpb") << kSweptScenario;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static int Settled(const ScenarioRuns& runs, const std::string& liquidity) {
    const absl::StatusOr<Indicators> made =
        runs.Make({.point = {{"ledgers[0].payments_from[0].liquidity", liquidity}}, .seed = 1});
    EXPECT_TRUE(made.ok()) << made.status();
    for (const auto& [name, value] : *made) {
      if (name == "settled") return std::stoi(value);
    }
    return -1;
  }

  std::filesystem::path folder_;
};

TEST_F(StudyPaymentsSweepTest, LiquidityOfTheirAccountsIsASetting) {
  const absl::StatusOr<ScenarioRuns> runs = ScenarioRuns::Load(folder_ / "swept.txtpb");
  ASSERT_TRUE(runs.ok()) << runs.status();
  const int scarce = Settled(*runs, "0");
  EXPECT_GT(scarce, 0);
  EXPECT_LT(scarce, 200);
  EXPECT_EQ(Settled(*runs, "1"), 200);
}

// Runs that are kept of one study are not taken for those of another.
TEST_F(StudyPaymentsSweepTest, DigestChangesWithTheStudy) {
  const absl::StatusOr<ScenarioRuns> before = ScenarioRuns::Load(folder_ / "swept.txtpb");
  ASSERT_TRUE(before.ok());
  std::ofstream(folder_ / "small.txtpb", std::ios::app) << "# as it was\n";
  const absl::StatusOr<ScenarioRuns> after = ScenarioRuns::Load(folder_ / "swept.txtpb");
  ASSERT_TRUE(after.ok());
  EXPECT_NE(before->digest(), after->digest());
  EXPECT_EQ(before->plan().source_sha256, after->plan().source_sha256);
}

}  // namespace
}  // namespace causeway::sim
