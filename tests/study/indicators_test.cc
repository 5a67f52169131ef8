#include "scenarios/study/indicators.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenarios/study/banks.h"

namespace causeway::study {
namespace {

using liquidity::Cause;
using ::testing::ElementsAre;

// Days of three accounts a, b, c that open at 08:00 and close at 18:00.
class Study {
 public:
  explicit Study(std::size_t days = 1) {
    input_.accounts = {{"a", "A"}, {"b", "B"}, {"c", "C"}};
    for (std::size_t day = 1; day <= days; ++day) input_.days.push_back(std::to_string(day));
    result_.opens = 8 * kHourUs;
    result_.closes = 18 * kHourUs;
    result_.account_days.resize(3 * days);
  }
  Payment& Add(AccountIndex from, AccountIndex to, std::int64_t amount, TimeUs due) {
    input_.payments.push_back({amount, due, from, to});
    result_.payments.push_back({due});
    return input_.payments.back();
  }
  void Settled(PaymentIndex payment, TimeUs at, Cause cause, std::uint32_t set = 0) {
    PaymentResult& out = result_.payments[payment];
    out.status = Status::kSettled;
    out.settled = at;
    out.cause = cause;
    out.set = set;
    result_.settlement_order.push_back(payment);
  }
  Indicators Compute() const { return ComputeIndicators(input_, result_); }

  Input input_;
  RunResult result_;
};

TEST(Ratio, RoundsToMillionthsHalfToEven) {
  EXPECT_EQ(RatioOf(1, 3), 333'333);
  EXPECT_EQ(RatioOf(2, 3), 666'667);
  EXPECT_EQ(RatioOf(1, 2'000'000), 0);
  EXPECT_EQ(RatioOf(3, 2'000'000), 2);
  EXPECT_EQ(RatioOf(-1, 3), -333'333);
  EXPECT_EQ(RatioOf(1, 0), std::nullopt);
  EXPECT_EQ(RatioOf(__int128{1} << 120, __int128{1} << 121), 500'000);
}

// a pays b 100, b pays a 60, c pays a 50 and then a pays c 20: a ends at -100+60+50-20 = -10 and
// was at -100 at its lowest; b ends at +40 and was never below 0; c ends at -30, lowest -50.
TEST(Bounds, AreTheNetOfTheDayAndTheLowestRunningPosition) {
  Study study;
  study.Add(0, 1, 100, 9 * kHourUs);
  study.Add(1, 0, 60, 10 * kHourUs);
  study.Add(2, 0, 50, 11 * kHourUs);
  study.Add(0, 2, 20, 12 * kHourUs);
  const std::vector<Bounds> bounds = BoundsOf(study.input_, study.result_.closes);
  EXPECT_EQ(bounds[0].lower, 10);
  EXPECT_EQ(bounds[0].upper, 100);
  EXPECT_EQ(bounds[1].lower, 0);
  EXPECT_EQ(bounds[1].upper, 0);
  EXPECT_EQ(bounds[2].lower, 30);
  EXPECT_EQ(bounds[2].upper, 50);
}

TEST(Bounds, LeaveOutWhatComesAfterTheClose) {
  Study study;
  study.Add(0, 1, 100, 18 * kHourUs);
  EXPECT_EQ(BoundsOf(study.input_, study.result_.closes)[0].upper, 0);
}

// Value 100 waits 2 of 8 hours, value 300 waits none of 4: (100 x 2 + 0) / (100 x 8 + 300 x 4) =
// 0.1; on average an hour.
TEST(Delay, WeighsQueueTimeByValueAgainstTheTimeToTheClose) {
  Study study;
  study.Add(0, 1, 100, 10 * kHourUs);
  study.Add(0, 1, 300, 14 * kHourUs);
  study.Settled(0, 12 * kHourUs, Cause::kQueueRelease);
  study.Settled(1, 14 * kHourUs, Cause::kImmediate);
  const DayIndicators day = study.Compute().days[0];
  EXPECT_EQ(day.delay, 100'000);
  EXPECT_EQ(day.mean_delay_us, kHourUs);
  EXPECT_EQ(day.longest_delay_us, 2 * kHourUs);
}

// 100 settles at once and has 8 hours to the close; 100 never settles and accrues its 4 hours:
// 400 / (800 + 400) = 1/3.
TEST(Delay, AccruesToTheCloseForWhatDoesNotSettle) {
  Study study;
  study.Add(0, 1, 100, 10 * kHourUs);
  study.Add(0, 1, 100, 14 * kHourUs);
  study.Settled(0, 10 * kHourUs, Cause::kImmediate);
  const DayIndicators day = study.Compute().days[0];
  EXPECT_EQ(day.delay, 333'333);
  EXPECT_EQ(day.mean_delay_us, 2 * kHourUs);
  EXPECT_EQ(day.unsettled.count, 1U);
  EXPECT_EQ(day.unsettled.value, 100);
}

TEST(Delay, LeavesOutWhatWasRefusedOrLate) {
  Study study;
  study.Add(0, 1, 100, 10 * kHourUs);
  study.Add(0, 1, 7, 19 * kHourUs);
  study.result_.payments[0].status = Status::kRejected;
  study.result_.payments[1].status = Status::kLate;
  const DayIndicators day = study.Compute().days[0];
  EXPECT_EQ(day.delay, std::nullopt);
  EXPECT_EQ(day.rejected.value, 100);
  EXPECT_EQ(day.late.value, 7);
  EXPECT_EQ(day.submitted.count, 1U);
}

// UB 100 and LB 40 of a alone (100 out, 60 in); L = 70: (70 - 40) / (100 - 40) = 0.5. Turnover
// 160/70.
TEST(Usage, IsTheShareOfTheWayFromTheLowerToTheUpperBound) {
  Study study;
  study.Add(0, 1, 100, 9 * kHourUs);
  study.Add(1, 0, 60, 10 * kHourUs);
  study.result_.account_days[0].opening = 50;
  study.result_.account_days[0].credit_limit = 20;
  study.Settled(0, 10 * kHourUs, Cause::kBilateralQueue, 1);
  study.Settled(1, 10 * kHourUs, Cause::kBilateralQueue, 1);
  const DayIndicators day = study.Compute().days[0];
  EXPECT_EQ(day.liquidity, 70);
  EXPECT_EQ(day.usage, 500'000);
  EXPECT_EQ(day.turnover, 2'285'714);
  EXPECT_EQ(day.liquidity_used, 40);
  EXPECT_EQ(day.used_usage, 0);
  EXPECT_EQ(day.offset_share, 1'000'000);
}

TEST(Usage, IsZeroWhereBothBoundsAreTheLiquidityAndUndefinedWhereItIsNot) {
  Study study;
  study.Add(0, 1, 100, 9 * kHourUs);
  study.result_.account_days[0].opening = 100;
  EXPECT_EQ(study.Compute().days[0].usage, 0);
  study.result_.account_days[0].opening = 101;
  EXPECT_EQ(study.Compute().days[0].usage, std::nullopt);
}

// 100 at 09:30, 200 at 12:00 and 100 at 15:00: a quarter by 10:00, three quarters by 12:00.
TEST(Throughput, CountsTheShareOfSettledValueByTheEndOfEachHour) {
  Study study;
  study.Add(0, 1, 100, 9 * kHourUs + 30 * kMinuteUs);
  study.Add(1, 0, 200, 12 * kHourUs);
  study.Add(2, 0, 100, 15 * kHourUs);
  study.Settled(0, 9 * kHourUs + 30 * kMinuteUs, Cause::kImmediate);
  study.Settled(1, 12 * kHourUs, Cause::kImmediate);
  study.Settled(2, 15 * kHourUs, Cause::kImmediate);
  const Indicators indicators = study.Compute();
  const DayIndicators& day = indicators.days[0];
  EXPECT_EQ(day.throughput[8], 0);
  EXPECT_EQ(day.throughput[9], 250'000);
  EXPECT_EQ(day.throughput[11], 750'000);
  EXPECT_EQ(day.throughput[23], 1'000'000);
  EXPECT_EQ(day.half_settled_at, 12 * kHourUs);
  EXPECT_EQ(day.three_quarters_settled_at, 12 * kHourUs);
  EXPECT_EQ(indicators.accounts[0].throughput[9], 1'000'000);
  EXPECT_EQ(indicators.accounts[1].throughput[9], 0);
}

// Senders' shares of 1/4, 1/2, 1/4: 1/16 + 1/4 + 1/16 = 3/8.
TEST(Herfindahl, SumsTheSquaresOfTheSendersShares) {
  Study study;
  study.Add(0, 1, 100, 9 * kHourUs);
  study.Add(1, 0, 200, 9 * kHourUs);
  study.Add(2, 0, 100, 9 * kHourUs);
  for (PaymentIndex i = 0; i < 3; ++i) study.Settled(i, 9 * kHourUs, Cause::kImmediate);
  EXPECT_EQ(study.Compute().days[0].herfindahl, 375'000);
}

TEST(OneHour, CountsWhatSettlesWithinSixtyMinutesOfItsDueTime) {
  Study study;
  study.Add(0, 1, 100, 9 * kHourUs);
  study.Add(0, 1, 300, 9 * kHourUs);
  study.Settled(0, 10 * kHourUs, Cause::kQueueRelease);
  study.Settled(1, 10 * kHourUs + 1, Cause::kQueueRelease);
  const DayIndicators day = study.Compute().days[0];
  EXPECT_EQ(day.one_hour_count, 500'000);
  EXPECT_EQ(day.one_hour_value, 250'000);
}

// Gridlock from 10:00 to 10:30, deadlock from then to the close, with a sample every 15 minutes.
TEST(Episodes, LastFromTheFirstSampleInAStateToTheFirstInAnother) {
  using liquidity::QueueState;
  Study study;
  const TimeUs quarter = 15 * kMinuteUs;
  study.result_.samples = {{10 * kHourUs - quarter, 0, 0, QueueState::kEmpty},
                           {10 * kHourUs, 2, 50, QueueState::kGridlock},
                           {10 * kHourUs + quarter, 4, 40, QueueState::kGridlock},
                           {10 * kHourUs + 2 * quarter, 1, 10, QueueState::kDeadlock},
                           {18 * kHourUs, 1, 10, QueueState::kDeadlock}};
  const DayIndicators day = study.Compute().days[0];
  ASSERT_EQ(day.episodes.size(), 2U);
  EXPECT_TRUE(day.episodes[0].gridlock);
  EXPECT_EQ(day.episodes[0].to, 10 * kHourUs + 2 * quarter);
  EXPECT_EQ(day.gridlock_us, 2 * quarter);
  EXPECT_EQ(day.deadlock_us, 7 * kHourUs + 2 * quarter);
  EXPECT_EQ(day.queue_peak_count, 4U);
  EXPECT_EQ(day.queue_peak_value, 50);
}

// a pays 100, receives 30 from b and 90 from c (its largest payer), of which the 30 are for
// customers, and pays 50. Positions out: 100, 70, -20, 30. Without c: 100, 70, 120. Without
// receipts for customers: 100, 10, 60. Alone: 150.
TEST(Bcbs248, FollowsUsageAlsoUnderStress) {
  Study study;
  study.Add(0, 1, 100, 9 * kHourUs).time_specific = true;
  study.Add(1, 0, 30, 10 * kHourUs).for_customer = true;
  study.Add(2, 0, 90, 11 * kHourUs);
  study.Add(0, 2, 50, 12 * kHourUs).for_customer = true;
  study.Add(0, 2, 5, 13 * kHourUs).time_specific = true;
  for (PaymentIndex i = 0; i < 4; ++i) {
    study.Settled(i, study.input_.payments[i].due, Cause::kImmediate);
  }
  study.result_.account_days[0].opening = 200;
  study.result_.account_days[0].credit_limit = 99;
  const AccountIndicators a = study.Compute().accounts[0];
  EXPECT_EQ(a.usage, 100);
  EXPECT_EQ(a.largest_inflow, 20);
  EXPECT_EQ(a.available, 299);
  EXPECT_EQ(a.submitted, 155);
  EXPECT_EQ(a.sent, 150);
  EXPECT_EQ(a.received, 120);
  EXPECT_EQ(a.time_specific.value, 105);
  EXPECT_EQ(a.time_specific_missed.count, 1U);
  EXPECT_EQ(a.for_customers.value, 50);
  EXPECT_EQ(a.customer_usage, 20);  // 30 came in before 50 went out
  EXPECT_EQ(a.own_stress_usage, 150);
  EXPECT_EQ(a.own_stress_available, 200);
  EXPECT_EQ(a.counterparty_stress_usage, 120);
  EXPECT_EQ(a.customer_stress_usage, 100);
  EXPECT_EQ(a.market_stress_available, 269);  // 200 + 99 - 30, of 29.7
}

TEST(Bcbs248, LooksAtPositionsBetweenSetsAndNotWithinThem) {
  Study study;
  study.Add(0, 1, 100, 9 * kHourUs);
  study.Add(1, 0, 100, 9 * kHourUs);
  study.Settled(0, 10 * kHourUs, Cause::kMultilateralRun, 1);
  study.Settled(1, 10 * kHourUs, Cause::kMultilateralRun, 1);
  EXPECT_EQ(study.Compute().accounts[0].usage, 0);
}

// a's usage on four days: 10, 40, 20, 31; average 25.25.
TEST(Bcbs248, TellsTheThreeLargestOfAllDaysAndTheAverage) {
  Study study(4);
  const std::int64_t amounts[] = {10, 40, 20, 31};
  for (PaymentIndex day = 0; day < 4; ++day) {
    const TimeUs at = day * kDaySpanUs + 9 * kHourUs;
    study.Add(0, 1, amounts[day], at);
    study.Settled(day, at, Cause::kImmediate);
    study.result_.account_days[day * 3].opening = 100 + day;
  }
  const AccountMonth month = study.Compute().months[0];
  EXPECT_THAT(month.usage.three, ElementsAre(40, 31, 20));
  EXPECT_EQ(month.usage.average, 25);
  EXPECT_THAT(month.available.three, ElementsAre(100, 101, 102));
  EXPECT_EQ(month.available.average, 102);  // 101.5, to even
}

// a: 30 of 70 received on the first day; available 150 (90 + 40 by collateral + 20) and 120.
TEST(Bcbs248, TellsOfAMonthBothPositionsGrossPaymentsAndWhatIsAvailableByConstituents) {
  Study study(2);
  study.Add(1, 0, 70, 9 * kHourUs);
  study.Add(0, 1, 40, 10 * kHourUs);
  study.Add(1, 0, 5, kDaySpanUs + 9 * kHourUs);
  for (PaymentIndex i = 0; i < 3; ++i) {
    study.Settled(i, study.input_.payments[i].due, Cause::kImmediate);
  }
  AccountDay* const days = study.result_.account_days.data();
  days[0] = {.opening = 90, .closing = 120, .credit_limit = 60, .collateral_credit = 40};
  days[3] = {.opening = 120, .closing = 125, .credit_limit = 0, .collateral_credit = 0};
  const AccountMonth month = study.Compute().months[0];
  EXPECT_THAT(month.usage.three, ElementsAre(0, 0));
  EXPECT_THAT(month.largest_inflow.three, ElementsAre(70, 5));
  EXPECT_THAT(month.sent.three, ElementsAre(40, 0));
  EXPECT_THAT(month.received.three, ElementsAre(70, 5));
  EXPECT_EQ(month.received.average, 38);  // 37.5, to even
  EXPECT_THAT(month.available.three, ElementsAre(120, 150));
  EXPECT_THAT(month.available_balance.three, ElementsAre(120, 90));
  EXPECT_THAT(month.available_collateral.three, ElementsAre(0, 40));
  EXPECT_THAT(month.available_credit.three, ElementsAre(0, 20));
  EXPECT_EQ(month.available_balance.average, 105);
}

// Due by 10:00: one in time, one an hour late, one never.
TEST(Bcbs248, CountsATimeSpecificPaymentThatSettlesAfterItsTimeAsMissed) {
  Study study(2);
  for (const std::int64_t amount : {40, 30, 20}) {
    study.Add(0, 1, amount, 9 * kHourUs).time_specific = true;
  }
  study.Add(0, 1, 10, 9 * kHourUs).time_specific = true;  // by the close
  study.input_.settle_by = {10 * kHourUs, 10 * kHourUs, 10 * kHourUs, kNoTime};
  study.Settled(0, 10 * kHourUs, Cause::kQueueRelease);
  study.Settled(1, 11 * kHourUs, Cause::kQueueRelease);
  study.Settled(3, 12 * kHourUs, Cause::kQueueRelease);
  const Indicators all = study.Compute();
  EXPECT_EQ(all.accounts[0].time_specific.value, 100);
  EXPECT_EQ(all.accounts[0].time_specific_missed.count, 2U);
  EXPECT_EQ(all.accounts[0].time_specific_missed.value, 50);
  EXPECT_THAT(all.months[0].time_specific_missed.three, ElementsAre(50, 0));
  EXPECT_EQ(all.months[0].time_specific_missed.average, 25);
}

TEST(Bcbs248, LosesTheStatedPartOfCreditInMarketWideStress) {
  Study study;
  study.result_.account_days[0].opening = 200;
  study.result_.account_days[0].credit_limit = 99;
  study.result_.stress_credit_loss_basis_points = 5050;
  EXPECT_EQ(study.Compute().accounts[0].market_stress_available, 249);  // 299 - 50, of 49.995
}

// c pays a most on the first day, b on the second, and nobody on the third. a pays 50 on each.
TEST(Bcbs248, LosesTheLargestPayerOfTheDayInCounterpartyStress) {
  Study study(3);
  const auto settle = [&](AccountIndex from, AccountIndex to, std::int64_t amount, TimeUs day,
                          TimeUs hour) {
    const TimeUs at = day * kDaySpanUs + hour * kHourUs;
    study.Add(from, to, amount, at);
    study.Settled(static_cast<PaymentIndex>(study.input_.payments.size() - 1), at,
                  Cause::kImmediate);
  };
  settle(1, 0, 10, 0, 9);
  settle(2, 0, 30, 0, 10);
  settle(0, 1, 50, 0, 11);
  settle(1, 0, 20, 1, 9);
  settle(2, 0, 5, 1, 10);
  settle(0, 1, 50, 1, 11);
  settle(0, 1, 50, 2, 11);
  const Indicators all = study.Compute();
  EXPECT_EQ(all.accounts[0].usage, 10);
  EXPECT_EQ(all.accounts[0].counterparty_stress_usage, 40);  // without the 30 of c
  EXPECT_EQ(all.accounts[3].usage, 25);
  EXPECT_EQ(all.accounts[3].counterparty_stress_usage, 45);  // without the 20 of b
  EXPECT_EQ(all.accounts[6].counterparty_stress_usage, 50);
  EXPECT_THAT(all.months[0].counterparty_stress_usage.three, ElementsAre(50, 45, 40));
}

// Of the 40 of b a part of 25 settled on the first day, which makes b the largest payer of that
// day; c pays more on the second.
TEST(Bcbs248, CountsPartsForTheLargestPayerOfTheDay) {
  Study study(2);
  study.Add(1, 0, 40, 9 * kHourUs);
  study.Add(2, 0, 20, 10 * kHourUs);
  study.Add(0, 1, 45, 12 * kHourUs);
  study.Add(2, 0, 90, kDaySpanUs + 9 * kHourUs);
  study.result_.parts = {{9 * kHourUs, 25, 0, 0, Cause::kImmediate}};
  study.result_.settled_in_parts = {25, 0, 0, 0};
  study.Settled(1, 10 * kHourUs, Cause::kImmediate);
  study.Settled(2, 12 * kHourUs, Cause::kImmediate);
  study.Settled(3, kDaySpanUs + 9 * kHourUs, Cause::kImmediate);
  EXPECT_EQ(study.Compute().accounts[0].counterparty_stress_usage, 25);  // 45 less the 20 of c
}

TEST(Months, HaveTheStressScenarios) {
  Study study(2);
  study.Add(0, 1, 40, 9 * kHourUs);
  study.Add(0, 1, 70, kDaySpanUs + 9 * kHourUs);
  study.Settled(0, 9 * kHourUs, Cause::kImmediate);
  study.Settled(1, kDaySpanUs + 9 * kHourUs, Cause::kImmediate);
  study.result_.account_days[0].opening = 90;
  study.result_.account_days[0].credit_limit = 10;
  study.result_.account_days[3].opening = 50;
  study.result_.account_days[3].credit_limit = 30;
  const AccountMonth month = study.Compute().months[0];
  EXPECT_THAT(month.own_stress_usage.three, ElementsAre(70, 40));
  EXPECT_THAT(month.own_stress_available.three, ElementsAre(50, 90));
  EXPECT_THAT(month.counterparty_stress_usage.three, ElementsAre(70, 40));
  EXPECT_THAT(month.customer_stress_usage.three, ElementsAre(70, 40));
  EXPECT_THAT(month.market_stress_available.three, ElementsAre(71, 97));
  EXPECT_EQ(month.market_stress_available.average, 84);
}

// The owner A has a and b, c is C's. A pays 100 from a and gets them back at b: with all of its
// accounts it needs 100 until then, and nothing by the end of the day.
class TwoAccountsOfOneBank : public ::testing::Test {
 protected:
  TwoAccountsOfOneBank() {
    study_.input_.accounts[1].owner = "A";
    study_.Add(0, 2, 100, 9 * kHourUs);
    study_.Add(2, 1, 100, 10 * kHourUs);
    study_.Add(1, 0, 30, 11 * kHourUs);  // within A
    study_.result_.account_days[0].opening = 100;
    study_.result_.account_days[0].credit_limit = 10;
    study_.result_.account_days[0].collateral_credit = 10;
    study_.result_.account_days[1].opening = 7;
    study_.result_.account_days[1].credit_limit = 20;
    for (PaymentIndex i = 0; i < 3; ++i) {
      study_.Settled(i, study_.input_.payments[i].due, Cause::kImmediate);
    }
  }
  Study study_;
};

TEST_F(TwoAccountsOfOneBank, AreOneWhereLiquidityIsMeasured) {
  const Indicators all = study_.Compute();
  EXPECT_EQ(all.accounts[0].bounds.lower, 70);
  EXPECT_EQ(all.accounts[0].bounds.upper, 100);
  EXPECT_EQ(all.accounts[1].bounds.lower, 0);
  ASSERT_EQ(all.OfBanks().size(), 2U);
  const AccountIndicators& bank = all.OfBanks()[0];
  EXPECT_EQ(bank.bounds.lower, 0);
  EXPECT_EQ(bank.bounds.upper, 100);
  EXPECT_EQ(bank.usage, 100);
  EXPECT_EQ(bank.largest_inflow, 0);
  EXPECT_EQ(bank.available, 137);
  EXPECT_EQ(bank.available_balance, 107);
  EXPECT_EQ(bank.available_collateral, 10);
  EXPECT_EQ(bank.available_credit, 20);
  EXPECT_EQ(bank.market_stress_available, 128);  // of the credit of 30 it loses 9
  const DayIndicators& day = all.days[0];
  EXPECT_EQ(day.lower_bound, 0);
  EXPECT_EQ(day.upper_bound, 100);
  EXPECT_EQ(day.liquidity, 137);
  EXPECT_EQ(day.liquidity_used, 100);
}

TEST_F(TwoAccountsOfOneBank, PayNothingToTheBankThatTheyAreOf) {
  study_.result_.targets = {{12 * kHourUs, 500'000}};
  const Indicators all = study_.Compute();
  const AccountIndicators& bank = all.OfBanks()[0];
  EXPECT_EQ(bank.sent, 100);
  EXPECT_EQ(bank.sent_count, 1U);
  EXPECT_EQ(bank.received, 100);
  EXPECT_EQ(bank.submitted, 100);
  EXPECT_EQ(bank.own_stress_usage, 100);
  EXPECT_EQ(bank.throughput[9], 1'000'000);
  EXPECT_EQ(all.days[0].settled.value, 230);  // the payment itself did settle
  EXPECT_EQ(all.days[0].herfindahl, 500'000);
  ASSERT_EQ(all.targets.size(), 3U);  // of all, of A and of C
  EXPECT_EQ(all.targets[1].share, 1'000'000);
}

TEST_F(TwoAccountsOfOneBank, HaveOneMonth) {
  study_.input_.customers = {{0, "X", 50, true, false}, {1, "Y", 80, false, true}};
  study_.input_.sender_customers = {0, kNone, kNone};
  const Indicators all = study_.Compute();
  ASSERT_EQ(all.months.size(), 2U);
  EXPECT_THAT(all.months[0].usage.three, ElementsAre(100));
  EXPECT_THAT(all.months[0].customer_lines.three, ElementsAre(80, 50));
  EXPECT_THAT(all.months[0].customer_lines_use.three, ElementsAre(100));
  EXPECT_EQ(all.OfBanks()[0].customer_lines, 130);
}

// The 500 are no receipts that a counterparty could fail to pay.
TEST_F(TwoAccountsOfOneBank, AreNoCounterpartiesOfOneAnother) {
  study_.Add(1, 0, 500, 12 * kHourUs);
  study_.Settled(3, 12 * kHourUs, Cause::kImmediate);
  study_.Add(0, 2, 10, 13 * kHourUs);
  study_.Settled(4, 13 * kHourUs, Cause::kImmediate);
  EXPECT_EQ(study_.Compute().OfBanks()[0].counterparty_stress_usage, 110);
}

TEST(Banks, AccountsWithoutAnOwnerAreBanksOfTheirOwn) {
  Input input;
  input.accounts = {{"a", ""}, {"b", ""}, {"c", "C"}, {"d", "C"}};
  const Ownership banks(input);
  ASSERT_EQ(banks.size(), 3U);
  EXPECT_EQ(banks[0].owner, "a");
  EXPECT_THAT(banks[2].accounts, ElementsAre(2, 3));
  EXPECT_EQ(banks.Of(3), 2U);
  EXPECT_FALSE(banks.HaveOneAccountEach());
}

TEST(Banks, SplitAllOfWhatTheyHaveByWeight) {
  EXPECT_THAT(SplitByWeight(10, {1, 1, 1}), ElementsAre(3, 3, 4));
  EXPECT_THAT(SplitByWeight(100, {0, 30, 10}), ElementsAre(0, 75, 25));
  EXPECT_THAT(SplitByWeight(5, {0, 0}), ElementsAre(5, 0));
  EXPECT_THAT(SplitByWeight(7, {9}), ElementsAre(7));
}

// Two linked pairs: 100 against 80 in one instant; 50 paid at 10:00 against 60 at 12:00, so 50 are
// at risk for two hours: 180 of 290 together, 100 value-hours over 290.
TEST(Linked, TellsWhatSettledTogetherAndThePrincipalAtRisk) {
  Study study;
  study.Add(0, 1, 100, 9 * kHourUs);
  study.Add(1, 0, 80, 9 * kHourUs);
  study.Add(0, 2, 50, 9 * kHourUs);
  study.Add(2, 0, 60, 9 * kHourUs);
  study.input_.links = {1, 1, 2, 2};
  study.Settled(0, 9 * kHourUs, Cause::kImmediate);
  study.Settled(1, 9 * kHourUs, Cause::kImmediate);
  study.Settled(2, 10 * kHourUs, Cause::kQueueRelease);
  study.Settled(3, 12 * kHourUs, Cause::kQueueRelease);
  const DayIndicators day = study.Compute().days[0];
  EXPECT_EQ(day.linked.value, 290);
  EXPECT_EQ(day.pvp_share, 620'690);
  EXPECT_EQ(day.principal_at_risk_peak, 50);
  EXPECT_EQ(day.principal_at_risk_hours, 344'828);
}

// The other leg comes after the close: what was paid against it is at risk for the eight hours to
// the close, and 100 of the 300 that settled settled with all of their link.
TEST(Linked, CountALateLegAsOneThatDidNotSettle) {
  Study study;
  study.Add(0, 1, 100, 9 * kHourUs);
  study.Add(0, 1, 200, 10 * kHourUs);
  study.Add(1, 0, 150, 18 * kHourUs);
  study.input_.links = {1, 2, 2};
  study.Settled(0, 9 * kHourUs, Cause::kImmediate);
  study.Settled(1, 10 * kHourUs, Cause::kImmediate);
  study.result_.payments[2].status = Status::kLate;
  const DayIndicators day = study.Compute().days[0];
  EXPECT_EQ(day.linked.count, 2U);
  EXPECT_EQ(day.linked.value, 300);
  EXPECT_EQ(day.pvp_share, 333'333);
  EXPECT_EQ(day.principal_at_risk_peak, 200);
  EXPECT_EQ(day.principal_at_risk_hours, 5'333'333);
}

// It was 1, all of the upper bound, on a day on which payments only waited.
TEST(LiquiditySaved, IsNotDefinedWhereNothingSettled) {
  Study study;
  study.Add(0, 1, 100, 9 * kHourUs);
  EXPECT_EQ(study.Compute().days[0].upper_bound, 100);
  EXPECT_EQ(study.Compute().days[0].liquidity_saved, std::nullopt);
}

TEST(Flows, SumWhatEachAccountPaidEachOther) {
  Study study;
  study.Add(2, 0, 5, 9 * kHourUs);
  study.Add(0, 1, 7, 9 * kHourUs);
  study.Add(2, 0, 6, 9 * kHourUs);
  study.Add(0, 2, 1, 9 * kHourUs);  // never settles
  for (PaymentIndex i = 0; i < 3; ++i) study.Settled(i, 9 * kHourUs, Cause::kImmediate);
  const std::vector<Flow> flows = study.Compute().flows;
  ASSERT_EQ(flows.size(), 2U);
  EXPECT_EQ(flows[0].recipient, 1U);
  EXPECT_EQ(flows[1].settled.value, 11);
  EXPECT_EQ(flows[1].settled.count, 2U);
}

// X has a line of 50: 40 are paid for it, 30 received, and 60 paid; Y draws 10 when X has drawn 10.
TEST(Customers, DrawOfTheirLinesWhatIsPaidForThemBeyondWhatWasReceived) {
  Study study(2);
  study.input_.customers = {{0, "X", 50, true, false}, {0, "Y", 100, false, false}};
  study.Add(0, 1, 40, 9 * kHourUs);
  study.Add(1, 0, 30, 10 * kHourUs);
  study.Add(0, 1, 10, 11 * kHourUs);
  study.Add(0, 1, 60, 12 * kHourUs);
  study.Add(0, 1, 5, kDaySpanUs + 9 * kHourUs);
  study.input_.sender_customers = {0, kNone, 1, 0, 0};
  study.input_.recipient_customers = {kNone, 0, kNone, kNone, kNone};
  for (PaymentIndex i = 0; i < 4; ++i) {
    study.Settled(i, study.input_.payments[i].due, Cause::kImmediate);
  }
  study.Settled(4, kDaySpanUs + 9 * kHourUs, Cause::kImmediate);
  const Indicators all = study.Compute();
  ASSERT_EQ(all.customers.size(), 4U);
  EXPECT_EQ(all.customers[0].peak, 70);  // over its line
  EXPECT_EQ(all.customers[1].peak, 10);
  EXPECT_EQ(all.customers[2].peak, 5);
  EXPECT_EQ(all.accounts[0].customer_lines, 150);
  EXPECT_EQ(all.accounts[0].customer_lines_use, 80);
  EXPECT_EQ(all.accounts[3].customer_lines_use, 5);
  EXPECT_THAT(all.months[0].customer_lines.three, ElementsAre(100, 50));
  EXPECT_THAT(all.months[0].customer_lines_use.three, ElementsAre(80, 5));
  EXPECT_THAT(all.months[0].customer_lines_peak_use.three, ElementsAre(10, 70));  // of Y, X
  EXPECT_EQ(all.months[0].customer_lines_peak_use.average, 40);
  EXPECT_THAT(all.months[0].customer_lines_secured.three, ElementsAre(0, 50));
  EXPECT_THAT(all.months[0].customer_lines_committed.three, ElementsAre(0, 0));
}

TEST(Months, HaveTimeSpecificObligationsAndThroughputOfTheDays) {
  Study study(2);
  study.Add(0, 1, 40, 9 * kHourUs).time_specific = true;
  study.Add(0, 1, 60, 11 * kHourUs);
  study.Add(0, 1, 10, kDaySpanUs + 9 * kHourUs);
  study.Settled(0, 9 * kHourUs, Cause::kImmediate);
  study.Settled(1, 11 * kHourUs, Cause::kImmediate);
  study.Settled(2, kDaySpanUs + 9 * kHourUs, Cause::kImmediate);
  const AccountMonth month = study.Compute().months[0];
  EXPECT_THAT(month.time_specific.three, ElementsAre(40, 0));
  EXPECT_EQ(month.time_specific.average, 20);
  EXPECT_THAT(month.throughput[9].three, ElementsAre(1'000'000, 400'000));
  EXPECT_EQ(month.throughput[9].average, 700'000);
}

}  // namespace
}  // namespace causeway::study
