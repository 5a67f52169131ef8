#include "scenarios/study/runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <numeric>
#include <sstream>

#include "fmt/format.h"
#include "scenarios/study/indicators.h"
#include "scenarios/study/options.h"
#include "scenarios/study/output.h"
#include "settlement/core/prng.h"

namespace causeway::study {
namespace {

using liquidity::Algorithm;
using liquidity::Cause;
using liquidity::Discipline;

Input InputOf(std::vector<std::int64_t> balances, std::vector<Payment> payments,
              std::size_t days = 1) {
  Input input;
  input.name = "test";
  for (std::size_t i = 0; i < balances.size(); ++i) {
    const std::string id = fmt::format("bank{}", i);
    input.accounts.push_back({id, id, balances[i]});
  }
  input.payments = std::move(payments);
  input.rows.resize(input.payments.size());
  std::iota(input.rows.begin(), input.rows.end(), 1);
  for (std::size_t day = 1; day <= days; ++day) input.days.push_back(std::to_string(day));
  return input;
}

RunResult RunOf(const Input& input, RunOptions options) {
  options.opens = options.opens.value_or(8 * kHourUs);
  options.closes = options.closes.value_or(18 * kHourUs);
  absl::StatusOr<RunResult> result = RunStudy(input, options);
  EXPECT_TRUE(result.ok()) << result.status();
  return *std::move(result);
}

// Any day of payments among ten banks.
Input DrawnDay(std::uint64_t seed, std::size_t payments) {
  core::RandomStream stream(seed, "runner_test");
  std::vector<Payment> drawn;
  for (std::size_t i = 0; i < payments; ++i) {
    Payment payment;
    payment.due = stream.UniformInRange(8 * kHourUs, 18 * kHourUs - 1);
    payment.amount = stream.NextLogNormal(1000, 2000) + 1;
    payment.sender = static_cast<AccountIndex>(stream.Uniform(10));
    payment.recipient = static_cast<AccountIndex>((payment.sender + 1 + stream.Uniform(9)) % 10);
    drawn.push_back(payment);
  }
  std::sort(drawn.begin(), drawn.end(),
            [](const Payment& a, const Payment& b) { return a.due < b.due; });
  return InputOf(std::vector<std::int64_t>(10, 0), std::move(drawn));
}

TEST(Runner, SettlesWhatIsCoveredAndReleasesTheRestWhenMoneyComes) {
  const Input input = InputOf({100, 0}, {{40, 9 * kHourUs, 1, 0}, {50, 10 * kHourUs, 0, 1}});
  const RunResult result = RunOf(input, {});
  EXPECT_EQ(result.payments[0].settled, 10 * kHourUs);
  EXPECT_EQ(result.payments[0].cause, Cause::kQueueRelease);
  EXPECT_EQ(result.payments[1].cause, Cause::kImmediate);
  EXPECT_EQ(result.account_days[0].closing, 90);
  EXPECT_EQ(result.account_days[1].closing, 10);
}

TEST(Runner, RunsABusinessDayOverMidnight) {
  const Input input = InputOf(
      {10, 0},
      {{10, 42 * kHourUs, 0, 1}, {4, 43 * kHourUs, 1, 0}, {7, kDaySpanUs + 21 * kHourUs, 1, 0}}, 2);
  RunOptions options;
  options.opens = 21 * kHourUs;
  options.closes = 43 * kHourUs;
  const RunResult result = RunOf(input, options);
  EXPECT_EQ(result.payments[0].settled, 42 * kHourUs);
  EXPECT_EQ(result.payments[1].status, Status::kLate);
  EXPECT_EQ(result.payments[2].settled, kDaySpanUs + 21 * kHourUs);
  const Indicators indicators = ComputeIndicators(input, result);
  EXPECT_EQ(indicators.days[0].throughput[40], 0);
  EXPECT_EQ(indicators.days[0].throughput[41], 1'000'000);
  EXPECT_EQ(indicators.days[0].half_settled_at, 42 * kHourUs);
  std::ostringstream out;
  WritePaymentsCsv(input, result, out);
  EXPECT_NE(out.str().find(",1,42:00:00,42:00:00,"), std::string::npos) << out.str();
}

TEST(Runner, SettlesARingWithoutMoneyInTheFirstRunAfterIt) {
  const Input input =
      InputOf({0, 0, 0},
              {{7, 9 * kHourUs, 0, 1}, {7, 9 * kHourUs, 1, 2}, {7, 9 * kHourUs + kMinuteUs, 2, 0}});
  RunOptions options;
  options.lsm = {Algorithm::kBechSoramaki};
  options.lsm_every = 20 * kMinuteUs;
  const RunResult result = RunOf(input, options);
  for (const PaymentResult& payment : result.payments) {
    EXPECT_EQ(payment.settled, 9 * kHourUs + 20 * kMinuteUs);
    EXPECT_EQ(payment.set, 1U);
    EXPECT_EQ(payment.cause, Cause::kMultilateralRun);
  }
}

TEST(Runner, RunsOnceMoreAtTheCloseWhateverTheInterval) {
  const TimeUs late = 18 * kHourUs - kMinuteUs;
  const Input input = InputOf({0, 0}, {{7, late, 0, 1}, {7, late, 1, 0}});
  RunOptions options;
  options.lsm = {Algorithm::kBechSoramaki};
  options.lsm_every = 7 * kMinuteUs;
  EXPECT_EQ(RunOf(input, options).payments[1].settled, 18 * kHourUs);
}

TEST(Runner, TellsWhatWasUnsettledLateAndEarly) {
  const Input input =
      InputOf({10, 0}, {{5, 6 * kHourUs, 0, 1}, {50, 9 * kHourUs, 0, 1}, {1, 18 * kHourUs, 1, 0}});
  const RunResult result = RunOf(input, {});
  EXPECT_EQ(result.payments[0].settled, 8 * kHourUs);
  EXPECT_EQ(result.payments[1].status, Status::kUnsettled);
  EXPECT_EQ(result.payments[2].status, Status::kLate);
}

TEST(Runner, RefusesWhatIsNotCoveredWithoutAQueue) {
  const Input input = InputOf({10, 0}, {{50, 9 * kHourUs, 0, 1}});
  RunOptions options;
  options.queue = Discipline::kImmediate;
  EXPECT_EQ(RunOf(input, options).payments[0].status, Status::kRejected);
}

TEST(Runner, CarriesBalancesFromDayToDay) {
  const Input input =
      InputOf({10, 0}, {{10, 9 * kHourUs, 0, 1}, {4, kDaySpanUs + 9 * kHourUs, 1, 0}}, 2);
  const RunResult result = RunOf(input, {});
  EXPECT_EQ(result.account_days[2 + 1].opening, 10);
  EXPECT_EQ(result.account_days[2 + 1].closing, 6);
  EXPECT_EQ(result.payments[1].settled, kDaySpanUs + 9 * kHourUs);
}

TEST(Runner, SettlesEverythingWhenDueOnTheUpperBoundAndByTheCloseOnTheLower) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Input input = DrawnDay(seed, 500);
    RunOptions options;
    options.alpha = *ParseAlpha("1");
    const RunResult ample = RunOf(input, options);
    for (std::size_t i = 0; i < input.payments.size(); ++i) {
      ASSERT_EQ(ample.payments[i].settled, input.payments[i].due) << "seed " << seed;
    }
    options.alpha = *ParseAlpha("0");
    options.lsm = {Algorithm::kBechSoramaki};
    const RunResult scarce = RunOf(input, options);
    EXPECT_EQ(scarce.settlement_order.size(), input.payments.size()) << "seed " << seed;
    const DayIndicators day = ComputeIndicators(input, scarce).days[0];
    EXPECT_EQ(day.usage, 0);
    EXPECT_EQ(ComputeIndicators(input, ample).days[0].usage, 1'000'000);
  }
}

TEST(Runner, NeverTakesABalanceBelowZeroAndKeepsTheSumOfMoney) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Input input = DrawnDay(seed, 500);
    RunOptions options;
    options.alpha = *ParseAlpha("0.1");
    options.queue = seed % 2 == 0 ? Discipline::kFifo : Discipline::kFifoBypass;
    options.lsm = {Algorithm::kBilateral, Algorithm::kBechSoramaki};
    const RunResult result = RunOf(input, options);
    const Indicators indicators = ComputeIndicators(input, result);
    std::int64_t opening = 0;
    std::int64_t closing = 0;
    for (std::size_t i = 0; i < input.accounts.size(); ++i) {
      EXPECT_LE(indicators.accounts[i].usage, result.account_days[i].opening) << "seed " << seed;
      EXPECT_EQ(result.account_days[i].closing - result.account_days[i].opening,
                indicators.accounts[i].received - indicators.accounts[i].sent);
      opening += result.account_days[i].opening;
      closing += result.account_days[i].closing;
    }
    EXPECT_EQ(opening, closing);
  }
}

TEST(Runner, EndowsEachAccountWithALineBetweenItsBoundsRoundedDown) {
  // Bounds of bank0: lower 10, upper 100. 10 + 0.333 x 90 = 39.97.
  const Input input = InputOf({5, 5}, {{100, 9 * kHourUs, 0, 1}, {90, 10 * kHourUs, 1, 0}});
  RunOptions options;
  options.alpha = *ParseAlpha("0.333");
  EXPECT_EQ(RunOf(input, options).account_days[0].opening, 39);
}

// bank0 and bank1 are A's. A's bounds are 40 (150 out, 110 in) and 150: with ALPHA = 0.5 it has 95.
// Those of bank0 are 100 and 100, of bank1 0 and 50: so bank0 gets the 40, and bank1 the 55 above.
TEST(Runner, EndowsABankOnceAndSplitsThatOverItsAccounts) {
  Input input = InputOf({0, 0, 0}, {{100, 9 * kHourUs, 0, 2},
                                    {50, 10 * kHourUs, 1, 2},
                                    {60, 11 * kHourUs, 2, 1},
                                    {50, 12 * kHourUs, 2, 1}});
  input.accounts[0].owner = input.accounts[1].owner = "A";
  RunOptions options;
  options.alpha = *ParseAlpha("0.5");
  const RunResult result = RunOf(input, options);
  EXPECT_EQ(result.account_days[0].opening, 40);
  EXPECT_EQ(result.account_days[1].opening, 55);
  EXPECT_EQ(result.account_days[2].opening, 0);
  EXPECT_EQ(ComputeIndicators(input, result).days[0].usage, 500'000);
  options.alpha = std::nullopt;
  options.liquidity_total = 100;  // of the 60 above the bounds A's part is 150 / 260
  const RunResult total = RunOf(input, options);
  EXPECT_EQ(total.account_days[0].opening, 40);
  EXPECT_EQ(total.account_days[1].opening, 34);
  EXPECT_EQ(total.account_days[2].opening, 25);
}

TEST(Runner, SamplesTheQueueFromTheOpeningToTheClose) {
  const Input input = InputOf({0, 0}, {{7, 9 * kHourUs, 0, 1}, {3, 17 * kHourUs, 1, 0}});
  RunOptions options;
  options.sample_every = 4 * kHourUs;
  RunResult result = RunOf(input, options);
  std::erase_if(result.samples, [](const QueueSample& sample) { return sample.between; });
  ASSERT_EQ(result.samples.size(), 4U);  // 08:00, 12:00, 16:00, 18:00
  EXPECT_EQ(result.samples[0].queued_count, 0U);
  EXPECT_EQ(result.samples[1].queued_value, 7);
  EXPECT_EQ(result.samples[1].state, liquidity::QueueState::kDeadlock);
  EXPECT_EQ(result.samples[3].time, 18 * kHourUs);
  EXPECT_EQ(result.samples[3].queued_count, 2U);
}

// A ring without money, complete at 09:20, that the run of 09:30 settles. Sampled every quarter of
// an hour, just after each run of as many minutes, it once had no gridlock, and a longest queue of
// two.
TEST(Runner, SeesAGridlockThatEveryRunEndsAndTheQueueBeforeIt) {
  const Input input = InputOf({0, 0, 0}, {{100, 9 * kHourUs, 0, 1},
                                          {100, 9 * kHourUs + 10 * kMinuteUs, 1, 2},
                                          {100, 9 * kHourUs + 20 * kMinuteUs, 2, 0}});
  for (const TimeUs every : {1 * kMinuteUs, 15 * kMinuteUs, 120 * kMinuteUs}) {
    RunOptions options;
    options.lsm = {Algorithm::kBechSoramaki};
    options.sample_every = every;
    const DayIndicators day = ComputeIndicators(input, RunOf(input, options)).days[0];
    EXPECT_EQ(day.queue_peak_count, 3U);
    EXPECT_EQ(day.queue_peak_value, 300);
    ASSERT_EQ(day.episodes.size(), 2U);
    EXPECT_EQ(day.deadlock_us, 20 * kMinuteUs);
    EXPECT_TRUE(day.episodes[1].gridlock);
    EXPECT_EQ(day.episodes[1].from, 9 * kHourUs + 20 * kMinuteUs);
    EXPECT_EQ(day.episodes[1].to, 9 * kHourUs + 30 * kMinuteUs);
  }
}

// On days of few payments the state is looked at after each, so that samples tell nothing more.
TEST(Runner, FindsTheSameGridlocksHoweverOftenTheQueueIsSampled) {
  RunOptions options;
  options.lsm = {Algorithm::kBechSoramaki};
  options.alpha = *ParseAlpha("0.2");
  const Input input = DrawnDay(4, 400);
  std::vector<DayIndicators> days;
  for (const TimeUs every : {1 * kMinuteUs, 15 * kMinuteUs, 240 * kMinuteUs}) {
    options.sample_every = every;
    days.push_back(ComputeIndicators(input, RunOf(input, options)).days[0]);
  }
  EXPECT_GT(days[0].gridlock_us, 0);
  for (const DayIndicators& day : days) {
    EXPECT_EQ(day.episodes.size(), days[0].episodes.size());
    EXPECT_EQ(day.gridlock_us, days[0].gridlock_us);
    EXPECT_EQ(day.deadlock_us, days[0].deadlock_us);
    EXPECT_EQ(day.queue_peak_count, days[0].queue_peak_count);
    EXPECT_EQ(day.queue_peak_value, days[0].queue_peak_value);
  }
}

TEST(Runner, KeepsDaysApartThatCloseAtMidnight) {
  const Input input = InputOf({0, 9}, {{7, 23 * kHourUs, 0, 1}, {3, kDaySpanUs + 1, 1, 0}}, 2);
  RunOptions options;
  options.opens = 0;
  options.closes = kDayUs;
  options.sample_every = 12 * kHourUs;
  RunResult result = RunOf(input, options);
  std::erase_if(result.samples, [](const QueueSample& sample) { return sample.between; });
  ASSERT_EQ(result.samples.size(), 6U);  // 00:00, 12:00 and 24:00 of both days
  EXPECT_EQ(result.samples[2].queued_count, 1U);
  EXPECT_EQ(result.samples[2].day, 0U);
  const Indicators indicators = ComputeIndicators(input, result);
  EXPECT_EQ(indicators.days[0].queue_peak_count, 1U);
  EXPECT_EQ(indicators.days[1].queue_peak_count, 0U);
  const std::string folder = ::testing::TempDir() + "study_midnight";
  ASSERT_TRUE(WriteResults(input, result, indicators, {}, folder).ok());
  std::ifstream queue(folder + "/queue.csv");
  const std::string text{std::istreambuf_iterator<char>(queue), std::istreambuf_iterator<char>()};
  EXPECT_NE(text.find("\n1,24:00:00,1,0.07,deadlock\n2,00:00:00,0,0.00,empty\n"), std::string::npos)
      << text;
}

TEST(Runner, RefusesOptionsThatMeanNothing) {
  const Input input = InputOf({0, 0}, {});
  RunOptions options;
  options.opens = 9 * kHourUs;
  options.closes = 9 * kHourUs;
  EXPECT_FALSE(RunStudy(input, options).ok());
  EXPECT_FALSE(RunStudy(Input{}, {}).ok());
  options = {};
  options.lsm_every = 0;
  EXPECT_FALSE(RunStudy(input, options).ok());
  options = {};
  options.alpha = *ParseAlpha("1000.5");
  EXPECT_TRUE(RunStudy(input, options).ok());
  options.alpha = *ParseAlpha("1001");
  EXPECT_FALSE(RunStudy(input, options).ok());
}

TEST(Output, ListsEachPaymentWithItsTimesAndCause) {
  Input input = InputOf({100, 0}, {{4050, 9 * kHourUs, 1, 0}, {50, 10 * kHourUs, 0, 1}});
  std::ostringstream out;
  WritePaymentsCsv(input, RunOf(input, {}), out);
  EXPECT_EQ(out.str(),
            "id,row,day,due,submitted,sender,recipient,amount,priority,status,settled,cause,"
            "algorithm,set,order\n"
            "1,1,1,09:00:00,09:00:00,bank1,bank0,40.50,normal,unsettled,,,,,\n"
            "2,2,1,10:00:00,10:00:00,bank0,bank1,0.50,normal,settled,10:00:00,immediate,,,1\n");
  std::ostringstream balances;
  WriteBalancesCsv(input, RunOf(input, {}), balances);
  EXPECT_EQ(
      balances.str(),
      "day,account,owner,opening,closing,credit_limit,peak_credit,credit_charge,added\n"
      "1,bank0,bank0,1.00,0.50,0.00,0.00,0.00,0.00\n1,bank1,bank1,0.00,0.50,0.00,0.00,0.00,0.00\n");
}

// Both settle at 10:00, the later one first: which of bank1's positions was its lowest could not be
// told from the times.
TEST(Output, TellsTheOrderInWhichPaymentsOfOneInstantSettled) {
  const Input input = InputOf({0, 0, 70}, {{70, 9 * kHourUs, 1, 0}, {70, 10 * kHourUs, 2, 1}});
  std::ostringstream out;
  WritePaymentsCsv(input, RunOf(input, {}), out);
  EXPECT_NE(out.str().find("settled,10:00:00,queue-release,,,2\n"), std::string::npos) << out.str();
  EXPECT_NE(out.str().find("settled,10:00:00,immediate,,,1\n"), std::string::npos) << out.str();
}

TEST(Options, ReadWhatAPersonTypesAndListWhatTheyKnow) {
  EXPECT_EQ(*ParseDiscipline("fifo-bypass"), Discipline::kFifoBypass);
  EXPECT_EQ(*ParseMinutes("0.5"), 30'000'000);
  EXPECT_EQ(*ParseBoundary("24:00"), kDayUs);
  EXPECT_EQ(ParseAlgorithm("magic").status().message(),
            "\"magic\": expected one of none, bilateral, bilateral-single, bech-soramaki, greedy, "
            "cycle, all-or-nothing, partial, multiple, exact");
  for (const char* bad : {"", "0", "0.001", "1441", "x"})
    EXPECT_FALSE(ParseMinutes(bad).ok()) << bad;
}

}  // namespace
}  // namespace causeway::study
