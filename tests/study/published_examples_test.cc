// Small examples that others have published with their figures, run by this program. Each names
// where the figures stand; docs/validation.md lists them, and those that were looked for in vain.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "scenarios/study/indicators.h"
#include "scenarios/study/options.h"
#include "scenarios/study/runner.h"

namespace causeway::study {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;

// A day from 08:00 to 18:00 in whole units.
class PublishedExample {
 public:
  // Accounts with these balances, and no credit but what WithCredit gives.
  explicit PublishedExample(const std::vector<std::int64_t>& balances) {
    input_.name = "published";
    input_.minor_digits = 0;
    for (std::size_t i = 0; i < balances.size(); ++i) {
      const std::string id = fmt::format("bank{}", i);
      input_.accounts.push_back({id, id, balances[i]});
    }
    input_.days = {"1"};
    options_.opens = 8 * kHourUs;
    options_.closes = 18 * kHourUs;
  }
  PublishedExample& WithCredit(const std::vector<std::int64_t>& limits) {
    for (std::size_t i = 0; i < limits.size(); ++i) input_.accounts[i].credit_limit = limits[i];
    return *this;
  }
  // In the order of time.
  Payment& Pays(AccountIndex from, AccountIndex to, std::int64_t amount, int hour, int minute = 0) {
    input_.payments.push_back({amount, hour * kHourUs + minute * kMinuteUs, from, to});
    input_.rows.push_back(static_cast<std::uint32_t>(input_.payments.size()));
    return input_.payments.back();
  }
  void Set(const std::string& option, const std::string& value) {
    const absl::Status set = SetOption(options_, option, value, 0);
    EXPECT_TRUE(set.ok()) << option << " " << set;
  }
  // Everything waits, and `algorithm` runs over all that does.
  void NothingButRunsOf(const std::string& algorithm) {
    Set("queue", "deferred");
    Set("lsm", algorithm);
  }
  RunResult Run() const {
    absl::StatusOr<RunResult> result = RunStudy(input_, options_);
    EXPECT_TRUE(result.ok()) << result.status();
    return *std::move(result);
  }
  Indicators Compute() const { return ComputeIndicators(input_, Run()); }

 private:
  Input input_;
  RunOptions options_;
};

std::vector<std::int64_t> ClosingBalances(const RunResult& result) {
  std::vector<std::int64_t> balances;
  for (const AccountDay& day : result.account_days) balances.push_back(day.closing);
  return balances;
}

auto SettledTogether() {
  return AllOf(Field(&PaymentResult::status, Status::kSettled), Field(&PaymentResult::set, 1U));
}
auto Unsettled() { return Field(&PaymentResult::status, Status::kUnsettled); }

// Oracle Financial Services Liquidity Risk Measurement and Management, User Guide 8.0.8.0.0, 16.1.2
// (tables 15-1 and 15-2) and 16.1.8 (tables 15-8 and 15-9): eight payments of a bank, of which 223
// for a customer bank, 99 and 45 by a time of day and 108 to a net retail system; what the bank
// receives; and the throughput of tool C(i). The largest positions of A(i) follow from table 15-2:
// +299 at 10:00 and -138 at 15:00.
TEST(PublishedExamples, OfOracleHasItsThroughputAndPositions) {
  PublishedExample day({138, 1'000});  // what UB comes to, and everybody else
  day.Pays(1, 0, 223, 9);
  day.Pays(0, 1, 19, 9, 30);
  day.Pays(1, 0, 95, 10);
  day.Pays(0, 1, 223, 10, 15).for_customer = true;
  day.Pays(0, 1, 99, 10, 45).time_specific = true;
  day.Pays(0, 1, 108, 11).time_specific = true;
  day.Pays(1, 0, 400, 12);
  day.Pays(1, 0, 22, 12, 35);
  day.Pays(0, 1, 10, 14);
  day.Pays(1, 0, 5, 14, 5);
  day.Pays(0, 1, 45, 14, 20).time_specific = true;
  day.Pays(0, 1, 379, 15);
  day.Pays(1, 0, 102, 15, 30);
  day.Pays(0, 1, 11, 17);
  const AccountIndicators bank = day.Compute().accounts[0];
  EXPECT_EQ(bank.sent, 894);  // total (a) of table 15-9
  EXPECT_EQ(bank.received, 847);
  EXPECT_EQ(bank.largest_inflow, 299);
  EXPECT_EQ(bank.usage, 138);
  EXPECT_EQ(bank.bounds.upper, 138);
  EXPECT_EQ(bank.available, 138);
  EXPECT_EQ(bank.for_customers.value, 223);
  EXPECT_EQ(bank.time_specific.value, 99 + 108 + 45);
  // Table 15-9, hour by hour, in hundredths of a per cent.
  const std::pair<std::size_t, std::int64_t> published[] = {{8, 0},     {9, 213},   {10, 5022},
                                                            {11, 5022}, {12, 5022}, {13, 5134},
                                                            {14, 9877}, {15, 9877}, {16, 10'000}};
  for (const auto& [hour, share] : published) {
    ASSERT_TRUE(bank.throughput[hour].has_value());
    EXPECT_EQ((*bank.throughput[hour] + 50) / 100, share) << hour;
  }
}

// PSSimPy, test_basic_sim.py: balances 200, 750 and 1,000, credit of 50 and then 110 drawn by
// the first. PSSimPy lends into the balance, which ends at 0 with 160 owed; here it ends at -160.
TEST(PublishedExamples, OfPssimpyEndsWithItsBalancesAndCredit) {
  PublishedExample day({200, 750, 1'000});
  day.WithCredit({160, 0, 0});
  day.Pays(0, 1, 250, 8, 50);
  day.Pays(1, 2, 100, 9);
  day.Pays(0, 2, 110, 9, 15);
  const RunResult result = day.Run();
  EXPECT_THAT(result.payments, Each(Field(&PaymentResult::status, Status::kSettled)));
  EXPECT_THAT(ClosingBalances(result), ElementsAre(0 - 160, 900, 1'210));
  EXPECT_EQ(result.account_days[0].peak_credit, 50 + 110);
}

// PSSimPy, txn_collateral_example.py and the file of processed transactions beside it: a ring
// of three without money, of which all three payments fail there. Offsetting settles them.
TEST(PublishedExamples, OfPssimpysRingFailsWithoutOffsettingAndSettlesWithIt) {
  PublishedExample day({0, 0, 0});
  day.Pays(0, 1, 1, 8);
  day.Pays(1, 2, 1, 8);
  day.Pays(2, 0, 1, 8);
  EXPECT_THAT(day.Run().payments, Each(Unsettled()));
  day.Set("lsm", "bech-soramaki");
  EXPECT_THAT(day.Run().payments, Each(SettledTogether()));
}

// SimCash, backend/tests/test_lsm.rs (test_bilateral_offset_asymmetric) and
// test_lsm_t2_compliant.rs (test_bilateral_offset_unequal_amounts_unchanged).
TEST(PublishedExamples, OfSimcashOffsetTwoUnequalPayments) {
  PublishedExample asymmetric({200'000, 100'000});
  PublishedExample unequal({200'000, 0});
  for (PublishedExample* day : {&asymmetric, &unequal}) {
    day->NothingButRunsOf("bilateral");
    day->Pays(0, 1, 500'000, 9);
    day->Pays(1, 0, 300'000, 9);
  }
  EXPECT_THAT(ClosingBalances(asymmetric.Run()), ElementsAre(0, 300'000));
  EXPECT_THAT(ClosingBalances(unequal.Run()), ElementsAre(0, 200'000));
}

// SimCash, test_lsm.rs (test_bilateral_offset_multiple_transactions,
// test_bilateral_offset_no_pairs).
TEST(PublishedExamples, OfSimcashOffsetThreePaymentsEachWayAndNoneOneWay) {
  PublishedExample both_ways({0, 0});
  both_ways.NothingButRunsOf("bilateral");
  for (int i = 0; i < 3; ++i) both_ways.Pays(0, 1, 200'000, 9);
  for (int i = 0; i < 3; ++i) both_ways.Pays(1, 0, 200'000, 9);
  EXPECT_THAT(both_ways.Run().payments, Each(SettledTogether()));
  PublishedExample one_way({100'000, 0, 0});
  one_way.NothingButRunsOf("bilateral");
  one_way.Pays(0, 1, 200'000, 9);
  one_way.Pays(1, 2, 200'000, 9);
  EXPECT_THAT(one_way.Run().payments, Each(Unsettled()));
}

// SimCash, test_lsm_t2_compliant.rs (test_cycle_unequal_amounts_t2_compliant,
// test_cycle_insufficient_liquidity_fails_atomically, test_cycle_net_outflow_covered_by_credit):
// the second bank needs 300,000 net, and has it, lacks it, or may draw it.
TEST(PublishedExamples, OfSimcashSettleARingOfUnequalPaymentsOnlyAsAWhole) {
  const auto ring = [](std::int64_t balance, std::int64_t credit) {
    PublishedExample day({0, balance, 0});
    day.WithCredit({500'000, credit, 200'000});
    day.NothingButRunsOf("cycle");
    day.Pays(0, 1, 500'000, 9);
    day.Pays(1, 2, 800'000, 9);
    day.Pays(2, 0, 700'000, 9);
    return day;
  };
  const RunResult covered = ring(300'000, 0).Run();
  EXPECT_THAT(covered.payments, Each(SettledTogether()));
  EXPECT_THAT(ClosingBalances(covered), ElementsAre(200'000, 0, 100'000));
  EXPECT_EQ(ring(300'000, 0).Compute().days[0].settled_in_cycles.value, 2'000'000);
  const RunResult short_of_money = ring(200'000, 0).Run();
  EXPECT_THAT(short_of_money.payments, Each(Unsettled()));
  EXPECT_THAT(ClosingBalances(short_of_money), ElementsAre(0, 200'000, 0));
  EXPECT_EQ(ring(0, 300'000).Run().account_days[1].closing, -300'000);
}

// SimCash, test_lsm_t2_compliant.rs (test_four_agent_cycle_unequal) and test_lsm.rs
// (test_four_bank_ring_lsm_resolves_gridlock).
TEST(PublishedExamples, OfSimcashSettleRingsOfFourBanks) {
  PublishedExample unequal({100'000, 200'000, 0, 100'000});
  PublishedExample equal({100'000, 100'000, 100'000, 100'000});
  const std::vector<std::int64_t> amounts = {1'000'000, 1'200'000, 800'000, 900'000};
  for (AccountIndex bank = 0; bank < 4; ++bank) {
    unequal.Pays(bank, (bank + 1) % 4, amounts[bank], 9);
    equal.Pays(bank, (bank + 1) % 4, 500'000, 9);
  }
  for (PublishedExample* day : {&unequal, &equal}) day->NothingButRunsOf("cycle");
  EXPECT_THAT(ClosingBalances(unequal.Run()), ElementsAre(0, 0, 400'000, 0));
  EXPECT_EQ(unequal.Compute().days[0].settled.value, 3'900'000);
  EXPECT_THAT(equal.Run().payments, Each(SettledTogether()));
  EXPECT_THAT(ClosingBalances(equal.Run()), Each(100'000));
}

// SimCash, test_rtgs_settlement.rs (test_settlement_with_credit_limit,
// test_insufficient_liquidity_returns_error): 300,000 and a line of 500,000.
TEST(PublishedExamples, OfSimcashDrawACreditLineAndNoMore) {
  const auto pay = [](std::int64_t amount) {
    PublishedExample day({300'000, 0});
    day.WithCredit({500'000, 0});
    day.Pays(0, 1, amount, 9);
    return day.Run();
  };
  EXPECT_THAT(ClosingBalances(pay(600'000)), ElementsAre(-300'000, 600'000));
  EXPECT_THAT(ClosingBalances(pay(900'000)), ElementsAre(300'000, 0));
}

// SimCash, test_rtgs_settlement.rs (test_partial_settlement_divisible_transaction,
// test_full_settlement_after_partial): 300,000 of 1,000,000 at once, the rest out of a receipt.
TEST(PublishedExamples, OfSimcashSplitAPaymentByWhatIsThere) {
  PublishedExample day({300'000, 0, 700'000});
  day.Set("split-part-min", "1");
  day.Pays(0, 1, 1'000'000, 9);
  day.Pays(2, 0, 700'000, 10);
  const RunResult result = day.Run();
  ASSERT_EQ(result.parts.size(), 1U);
  EXPECT_EQ(result.parts[0].amount, 300'000);
  EXPECT_EQ(result.payments[0].settled, 10 * kHourUs);
  EXPECT_THAT(ClosingBalances(result), ElementsAre(0, 1'000'000, 0));
}

}  // namespace
}  // namespace causeway::study
