#include "scenarios/study/options.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "scenarios/study/folder.h"
#include "scenarios/study/indicators.h"
#include "scenarios/study/preset.h"
#include "scenarios/study/runner.h"

namespace causeway::study {
namespace {

using liquidity::Priority;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr TimeUs kNine = 9 * kHourUs;

// Accounts with these balances, all other terms as by default, and one day from 08:00 to 18:00.
Input DayOf(const std::vector<std::int64_t>& balances, std::vector<Payment> payments) {
  Input input;
  input.name = "test";
  input.minor_digits = 0;
  for (std::size_t i = 0; i < balances.size(); ++i) {
    const std::string id = fmt::format("bank{}", i);
    input.accounts.push_back({id, id, balances[i]});
  }
  input.payments = std::move(payments);
  input.rows.resize(input.payments.size());
  std::iota(input.rows.begin(), input.rows.end(), 1);
  input.days = {"1"};
  return input;
}

Payment Pay(AccountIndex from, AccountIndex to, std::int64_t amount, TimeUs due,
            Priority priority = Priority::kNormal) {
  return {amount, due, from, to, priority};
}

using Settings = std::vector<std::pair<std::string, std::string>>;

RunOptions OptionsOf(const Settings& settings) {
  RunOptions options;
  options.opens = 8 * kHourUs;
  options.closes = 18 * kHourUs;
  for (const auto& [name, value] : settings) {
    const absl::Status set = SetOption(options, name, value, 0);
    EXPECT_TRUE(set.ok()) << name << " " << set;
  }
  return options;
}

RunResult RunWith(const Input& input, const Settings& settings) {
  absl::StatusOr<RunResult> result = RunStudy(input, OptionsOf(settings));
  EXPECT_TRUE(result.ok()) << result.status();
  return *std::move(result);
}

// When it settled; nothing when it never did.
std::optional<TimeUs> SettledAt(const RunResult& result, PaymentIndex payment) {
  const PaymentResult& out = result.payments[payment];
  return out.status == Status::kSettled ? std::optional(out.settled) : std::nullopt;
}

TEST(Options, KeepReservedFundsForUrgentPaymentsUntilTheReservationEnds) {
  const Input input = DayOf({100, 0}, {Pay(0, 1, 60, kNine), Pay(0, 1, 70, 10 * kHourUs),
                                       Pay(0, 1, 30, 11 * kHourUs, Priority::kUrgent)});
  EXPECT_EQ(SettledAt(RunWith(input, {{"queue", "fifo-bypass"}}), 0), kNine);
  const RunResult kept = RunWith(input, {{"queue", "fifo-bypass"}, {"reserve-urgent", "0.5"}});
  EXPECT_EQ(SettledAt(kept, 0), std::nullopt);
  EXPECT_EQ(SettledAt(kept, 2), 11 * kHourUs);
  const RunResult until = RunWith(
      input, {{"queue", "fifo-bypass"}, {"reserve-urgent", "0.5"}, {"reserve-until", "10:30"}});
  EXPECT_EQ(SettledAt(until, 0), 10 * kHourUs + 30 * kMinuteUs);
}

TEST(Options, LetHighPaymentsUseWhatIsReservedForThemAndNormalOnesNot) {
  const Input input = DayOf(
      {100, 0}, {Pay(0, 1, 60, kNine, Priority::kHigh), Pay(0, 1, 60, kNine, Priority::kNormal)});
  const RunResult result = RunWith(input, {{"queue", "priority"}, {"reserve-high", "0.9"}});
  EXPECT_EQ(SettledAt(result, 0), kNine);
  EXPECT_EQ(SettledAt(result, 1), std::nullopt);
}

TEST(Options, OrderThreePriorities) {
  // Money for one at a time, at 10:00, 11:00 and 12:00.
  const Input input =
      DayOf({0, 300}, {Pay(0, 1, 10, kNine), Pay(0, 1, 10, kNine, Priority::kHigh),
                       Pay(0, 1, 10, kNine, Priority::kUrgent), Pay(1, 0, 10, 10 * kHourUs),
                       Pay(1, 0, 10, 11 * kHourUs), Pay(1, 0, 10, 12 * kHourUs)});
  const RunResult result = RunWith(input, {{"queue", "priority"}});
  EXPECT_EQ(SettledAt(result, 2), 10 * kHourUs);
  EXPECT_EQ(SettledAt(result, 1), 11 * kHourUs);
  EXPECT_EQ(SettledAt(result, 0), 12 * kHourUs);
  EXPECT_EQ(SettledAt(RunWith(input, {}), 0), 10 * kHourUs);  // fifo
}

TEST(Options, LetNormalPaymentsPassNormalOnesWithPriorities) {
  const Input input = DayOf({10, 0}, {Pay(0, 1, 50, kNine), Pay(0, 1, 5, kNine)});
  EXPECT_EQ(SettledAt(RunWith(input, {{"queue", "priority"}}), 1), std::nullopt);
  EXPECT_EQ(SettledAt(RunWith(input, {{"queue", "priority"}, {"normal-bypass", "yes"}}), 1), kNine);
}

TEST(Options, SettleNormalPaymentsOutOfReceiptsOnly) {
  const Input input = DayOf({100, 50}, {Pay(0, 1, 40, kNine), Pay(1, 0, 40, 12 * kHourUs)});
  // b has money of its own and may use none of it either: only a's receipt would help, and there
  // is none, but urgent payments use funds.
  const RunResult stuck = RunWith(input, {{"release", "receipts"}});
  EXPECT_EQ(SettledAt(stuck, 0), std::nullopt);
  Input urgent = input;
  urgent.payments[1].priority = Priority::kUrgent;
  EXPECT_EQ(SettledAt(RunWith(urgent, {{"release", "receipts"}}), 0), 12 * kHourUs);
}

TEST(Options, CountReceiptsAnewInEachWindow) {
  Input input =
      DayOf({100, 50}, {Pay(1, 0, 40, kNine, Priority::kUrgent), Pay(0, 1, 40, 11 * kHourUs)});
  EXPECT_EQ(SettledAt(RunWith(input, {{"release", "receipts"}}), 1), 11 * kHourUs);
  EXPECT_EQ(SettledAt(RunWith(input, {{"release", "receipts"}, {"receipt-window", "120"}}), 1),
            std::nullopt);
}

TEST(Options, SettleNormalPaymentsAboveAThresholdOnly) {
  const Input input = DayOf({100, 0}, {Pay(0, 1, 30, kNine), Pay(0, 1, 30, kNine)});
  const RunResult result = RunWith(input, {{"release", "balance"}, {"release-threshold", "0.5"}});
  EXPECT_EQ(SettledAt(result, 0), kNine);
  EXPECT_EQ(SettledAt(result, 1), std::nullopt);
}

TEST(Options, MakeAllPaymentsUrgentFromATimeOn) {
  const Input input = DayOf({100, 0}, {Pay(0, 1, 30, kNine), Pay(0, 1, 30, 12 * kHourUs)});
  const Settings settings = {{"queue", "priority"}, {"reserve-urgent", "1"}};
  EXPECT_EQ(SettledAt(RunWith(input, settings), 0), std::nullopt);
  Settings promoted = settings;
  promoted.emplace_back("promote-at", "11:00");
  const RunResult result = RunWith(input, promoted);
  EXPECT_EQ(SettledAt(result, 0), 11 * kHourUs);
  EXPECT_EQ(SettledAt(result, 1), 12 * kHourUs);
}

TEST(Options, SplitPaymentsAndCountTheParts) {
  const Input input = DayOf({60, 0, 100}, {Pay(0, 1, 100, kNine), Pay(2, 0, 30, 10 * kHourUs),
                                           Pay(2, 0, 30, 12 * kHourUs)});
  const RunResult whole = RunWith(input, {});
  EXPECT_EQ(SettledAt(whole, 0), 12 * kHourUs);
  const RunResult split = RunWith(input, {{"split-part-min", "20"}});
  EXPECT_EQ(SettledAt(split, 0), 12 * kHourUs);  // its last part
  ASSERT_EQ(split.parts.size(), 2U);
  EXPECT_EQ(split.parts[0].amount, 60);
  EXPECT_EQ(split.parts[0].settled, kNine);
  EXPECT_EQ(split.parts[1].amount, 30);
  EXPECT_EQ(split.parts[1].settled, 10 * kHourUs);
  const Indicators indicators = ComputeIndicators(input, split);
  const DayIndicators& day = indicators.days[0];
  EXPECT_EQ(day.settled.count, 3U);
  EXPECT_EQ(day.settled.value, 160);
  // 60 at 09:00, 90 and 30 by 10:00, and 10 and 30 by 12:00.
  EXPECT_EQ(day.throughput[8], RatioOf(60, 160));
  EXPECT_EQ(day.throughput[9], RatioOf(120, 160));
  // Σ value x queue time = 60 x 0 + 30 x 1 h + 10 x 3 h, of 100 x 9 h + 30 x 8 h + 30 x 6 h.
  EXPECT_EQ(day.delay, RatioOf(60, 900 + 240 + 180));
  EXPECT_EQ(indicators.accounts[0].usage, 60);
  EXPECT_EQ(indicators.accounts[0].sent, 100);
  EXPECT_EQ(indicators.accounts[0].sent_count, 1U);
  ASSERT_EQ(indicators.flows.size(), 2U);
  EXPECT_EQ(indicators.flows[0].settled.value, 100);
  EXPECT_EQ(indicators.flows[0].settled.count, 1U);
}

TEST(Options, SplitNoPartOverTheLargestAndNothingBelowTheThreshold) {
  const Input input = DayOf({60, 0}, {Pay(0, 1, 100, kNine)});
  EXPECT_EQ(RunWith(input, {{"split-part-min", "20"}, {"split-part-max", "25"}}).parts.size(), 2U);
  EXPECT_TRUE(RunWith(input, {{"split-part-min", "20"}, {"split-from", "101"}}).parts.empty());
  const RunResult unsettled = RunWith(input, {{"split-part-min", "20"}});
  const DayIndicators day = ComputeIndicators(input, unsettled).days[0];
  EXPECT_EQ(day.settled.count, 0U);
  EXPECT_EQ(day.settled.value, 60);
  EXPECT_EQ(day.unsettled.count, 1U);
  EXPECT_EQ(day.unsettled.value, 40);
}

TEST(Options, GiveCreditOnCollateralLessItsHaircutAtItsPrice) {
  Input input = DayOf({0, 0}, {Pay(0, 1, 80, 12 * kHourUs)});
  input.accounts[0].posted_collateral = 100;
  EXPECT_EQ(SettledAt(RunWith(input, {}), 0), std::nullopt);
  const RunResult drawn = RunWith(input, {{"credit", "collateral"}, {"credit-price", "1000000"}});
  EXPECT_EQ(SettledAt(drawn, 0), 12 * kHourUs);
  EXPECT_EQ(drawn.account_days[0].credit_limit, 100);
  EXPECT_EQ(drawn.account_days[0].peak_credit, 80);
  EXPECT_EQ(drawn.account_days[0].credit_charge, 20);  // 80 a day, for a quarter of a day
  const RunResult cut = RunWith(input, {{"credit", "collateral"}, {"haircut", "25"}});
  EXPECT_EQ(cut.account_days[0].credit_limit, 75);
  EXPECT_EQ(SettledAt(cut, 0), std::nullopt);
  input.accounts[0].haircut_basis_points = 1000;
  EXPECT_EQ(
      RunWith(input, {{"credit", "collateral"}, {"haircut", "25"}}).account_days[0].credit_limit,
      90);
}

TEST(Options, GiveAShareOfTheLiquidityAsCredit) {
  const Input input = DayOf({0, 0}, {Pay(0, 1, 80, 12 * kHourUs)});
  const RunResult result =
      RunWith(input, {{"liquidity", "1"}, {"credit-share", "0.75"}, {"credit-price", "500"}});
  EXPECT_EQ(result.account_days[0].opening, 20);
  EXPECT_EQ(result.account_days[0].credit_limit, 60);
  EXPECT_EQ(result.account_days[0].closing, -60);
  const RunResult cut =
      RunWith(input, {{"liquidity", "1"}, {"credit-share", "0.75"}, {"haircut", "10"}});
  EXPECT_EQ(cut.account_days[0].credit_limit, 54);
  EXPECT_EQ(SettledAt(cut, 0), std::nullopt);
}

TEST(Options, ShareALiquidityTotalByWhatEachIsToSend) {
  // a needs 40 at least, b nothing; of what is left of 100, a sends two thirds and b a third.
  const Input input = DayOf({0, 0}, {Pay(0, 1, 80, kNine), Pay(1, 0, 40, 10 * kHourUs)});
  const RunResult result = RunWith(input, {{"liquidity-total", "100"}});
  EXPECT_EQ(result.account_days[0].opening, 80);
  EXPECT_EQ(result.account_days[1].opening, 20);
  const absl::StatusOr<RunResult> little = RunStudy(input, OptionsOf({{"liquidity-total", "39"}}));
  EXPECT_THAT(std::string(little.status().message()),
              HasSubstr("1 minor units less than what the payments of day 1 need at least"));
}

TEST(Options, BindPaymentsByLimitsTowardsOneAndTowardsAll) {
  const Input input =
      DayOf({100, 0, 0}, {Pay(0, 1, 30, kNine), Pay(0, 2, 10, kNine), Pay(0, 2, 15, kNine),
                          Pay(0, 1, 30, 10 * kHourUs, Priority::kUrgent)});
  const RunResult one = RunWith(input, {{"queue", "fifo-bypass"}, {"bilateral-limit", "0.2"}});
  EXPECT_EQ(SettledAt(one, 0), std::nullopt);
  EXPECT_EQ(SettledAt(one, 1), kNine);
  EXPECT_EQ(SettledAt(one, 2), std::nullopt);
  EXPECT_EQ(SettledAt(one, 3), 10 * kHourUs);
  const RunResult all = RunWith(input, {{"queue", "fifo-bypass"}, {"multilateral-limit", "0.4"}});
  EXPECT_EQ(SettledAt(all, 0), kNine);
  EXPECT_EQ(SettledAt(all, 1), kNine);
  EXPECT_EQ(SettledAt(all, 2), std::nullopt);
  const RunResult bound = RunWith(
      input, {{"queue", "fifo-bypass"}, {"bilateral-limit", "0.2"}, {"limits-bind", "all"}});
  EXPECT_EQ(SettledAt(bound, 3), std::nullopt);
}

TEST(Options, LeaveAHoldingLimitOfAnAccountToItsReceipts) {
  Input input = DayOf({100, 0}, {Pay(0, 1, 30, kNine)});
  input.accounts[1].holding_limit = 20;
  EXPECT_EQ(SettledAt(RunWith(input, {}), 0), std::nullopt);
}

// Bank 0 and 1 owe each other 10, and 0 owes 2 what nobody can cover: all does not fit, the largest
// part does; and a second such pair comes while the first run is under way only by all in turn.
TEST(Options, RunTheSequenceOfTarget2OnlyAsFarAsTheFirstThatSettles) {
  const Input input =
      DayOf({0, 0, 0}, {Pay(0, 1, 10, kNine), Pay(1, 0, 10, kNine), Pay(0, 2, 99, kNine)});
  const Settings settings = {{"queue", "priority"},
                             {"normal-bypass", "yes"},
                             {"lsm", "all-or-nothing,partial,multiple"},
                             {"lsm-every", "60"},
                             {"lsm-turns", "until-settled"}};
  const RunResult once = RunWith(input, settings);
  EXPECT_EQ(once.payments[0].algorithm, liquidity::Algorithm::kPartial);
  // At 10:00: all or nothing, then partial, which settles; from 11:00 to 18:00 all three, for the
  // one that is left.
  EXPECT_EQ(once.optimisation_runs, 2U + 8U * 3U);
  Settings all = settings;
  all.back().second = "all";
  EXPECT_EQ(RunWith(input, all).optimisation_runs, 9U * 3U);
}

TEST(Options, WidenTheSearchOfTheAlgorithms) {
  std::vector<Payment> ring;
  for (AccountIndex i = 0; i < 6; ++i) ring.push_back(Pay(i, (i + 1) % 6, 10, kNine));
  const Input six = DayOf(std::vector<std::int64_t>(6, 0), ring);
  EXPECT_EQ(SettledAt(RunWith(six, {{"lsm", "cycle"}}), 0), std::nullopt);
  EXPECT_EQ(SettledAt(RunWith(six, {{"lsm", "cycle"}, {"cycle-banks", "6"}}), 0),
            kNine + 15 * kMinuteUs);
  EXPECT_EQ(SettledAt(RunWith(six, {{"lsm", "exact"}, {"exact-payments", "5"}}), 0), std::nullopt);
  EXPECT_EQ(SettledAt(RunWith(six, {{"lsm", "exact"}, {"exact-payments", "6"}}), 0),
            kNine + 15 * kMinuteUs);
  // Against 30, two payments of 15 are needed; a payment waits a minute, or as long as is said.
  const Input pair =
      DayOf({0, 0}, {Pay(0, 1, 30, kNine), Pay(1, 0, 15, kNine), Pay(1, 0, 15, kNine)});
  const Settings single = {
      {"queue", "fifo-bypass"}, {"lsm", "bilateral-single"}, {"lsm-every", "1"}};
  const auto with = [&](const char* name, const char* value) {
    Settings more = single;
    more.emplace_back(name, value);
    return SettledAt(RunWith(pair, more), 0);
  };
  EXPECT_EQ(SettledAt(RunWith(pair, single), 0), kNine + kMinuteUs);
  EXPECT_EQ(with("offset-after", "5"), kNine + 5 * kMinuteUs);
  EXPECT_EQ(with("counter-payments", "1"), std::nullopt);
}

TEST(Options, RefuseWhatTheQueueHasNoRoomFor) {
  const Input input = DayOf({0, 0}, {Pay(0, 1, 5, kNine), Pay(0, 1, 5, kNine)});
  const RunResult result = RunWith(input, {{"queue-max", "1"}});
  EXPECT_EQ(result.payments[0].status, Status::kUnsettled);
  EXPECT_EQ(result.payments[1].status, Status::kRejected);
}

TEST(Options, JudgeThroughputByTargets) {
  const Input input = DayOf(
      {100, 100}, {Pay(1, 0, 10, kNine), Pay(0, 1, 40, 11 * kHourUs), Pay(0, 1, 60, 13 * kHourUs)});
  const RunResult result = RunWith(input, {{"targets", "12:00=0.5,14:30=0.75"}});
  const Indicators indicators = ComputeIndicators(input, result);
  EXPECT_EQ(indicators.days[0].target_breaches, 1U);
  ASSERT_EQ(indicators.targets.size(), 6U);  // of all, of bank 0, of bank 1
  EXPECT_EQ(indicators.targets[0].bank, kNone);
  EXPECT_EQ(indicators.targets[0].share, RatioOf(50, 110));
  EXPECT_FALSE(indicators.targets[0].met);
  EXPECT_EQ(indicators.targets[2].share, 400'000);
  EXPECT_FALSE(indicators.targets[2].met);
  EXPECT_TRUE(indicators.targets[3].met);
  EXPECT_EQ(indicators.targets[4].share, 1'000'000);
}

TEST(Options, ThatDoNotFitTogetherAreNamed) {
  const auto message = [](const Settings& settings) {
    return std::string(CheckOptions(OptionsOf(settings)).message());
  };
  EXPECT_EQ(message({}), "");
  EXPECT_THAT(message({{"liquidity", "1"}, {"credit", "collateral"}}),
              HasSubstr("credit collateral has no effect beside liquidity"));
  EXPECT_THAT(message({{"liquidity", "1"}, {"liquidity-total", "5"}}), HasSubstr("leave out one"));
  EXPECT_THAT(message({{"credit-share", "1"}}), HasSubstr("credit-share needs liquidity"));
  EXPECT_THAT(message({{"liquidity", "1"}, {"credit-share", "1.01"}}), HasSubstr("at most 1"));
  EXPECT_THAT(message({{"haircut", "5"}}), HasSubstr("haircut needs collateral"));
  EXPECT_THAT(message({{"normal-bypass", "yes"}}), HasSubstr("queue priority"));
  EXPECT_THAT(message({{"queue", "deferred"}, {"entry-offset", "heads"}}), HasSubstr("entry"));
  EXPECT_THAT(message({{"split-from", "5"}}), HasSubstr("need split-part-min"));
  EXPECT_THAT(message({{"queue", "immediate"}, {"split-part-min", "5"}}), HasSubstr("a queue"));
  EXPECT_THAT(message({{"split-part-min", "5"}, {"split-part-max", "4"}}), HasSubstr("less than"));
  EXPECT_THAT(message({{"release-threshold", "0.5"}}), HasSubstr("needs release balance"));
  EXPECT_THAT(message({{"reserve-until", "12:00"}}), HasSubstr("needs reserve-urgent"));
}

TEST(Options, ThatHaveNoEffectAreTold) {
  const Input plain = DayOf({5, 5}, {Pay(0, 1, 5, kNine)});
  const auto told = [&plain](const Settings& settings) {
    return UnusedOptions(plain, OptionsOf(settings));
  };
  EXPECT_THAT(told({}), IsEmpty());
  EXPECT_THAT(told({{"queue", "deferred"}}), ElementsAre(HasSubstr("nothing will settle")));
  EXPECT_THAT(told({{"queue", "deferred"}, {"lsm", "bilateral"}}), IsEmpty());
  EXPECT_THAT(told({{"queue", "immediate"}, {"lsm", "bilateral"}}),
              ElementsAre(HasSubstr("lsm has no effect")));
  EXPECT_THAT(told({{"lsm", "partial"}, {"lsm-turns", "until-settled"}}),
              ElementsAre(HasSubstr("lsm-turns")));
  EXPECT_THAT(told({{"receipt-window", "30"}, {"offset-after", "5"}, {"counter-payments", "3"}}),
              ElementsAre(HasSubstr("receipt-window"), HasSubstr("offset-after"),
                          HasSubstr("counter-payments")));
  EXPECT_THAT(told({{"entry-offset", "single"}, {"counter-payments", "3"}}), IsEmpty());
  EXPECT_THAT(told({{"cycle-banks", "3"}, {"exact-payments", "9"}}),
              ElementsAre(HasSubstr("cycle-banks"), HasSubstr("exact-payments")));
  EXPECT_THAT(told({{"limits-bind", "all"}, {"credit-price", "10"}}),
              ElementsAre(HasSubstr("limits-bind"), HasSubstr("credit-price")));
  EXPECT_THAT(told({{"limits-bind", "all"}, {"bilateral-limit", "0.5"}}), IsEmpty());
  Input lines = plain;
  lines.accounts[0].credit_limit = 1;
  EXPECT_THAT(UnusedOptions(lines, OptionsOf({{"credit-price", "10"}})), IsEmpty());
}

TEST(Options, OfEveryNameRefuseWhatTheyCannotMean) {
  for (const OptionHelp& option : AllOptions()) {
    RunOptions options;
    const absl::Status wrong = SetOption(options, option.name, "nonsense!", 2);
    EXPECT_TRUE(absl::IsInvalidArgument(wrong)) << option.name;
    EXPECT_THAT(std::string(wrong.message()), HasSubstr("nonsense!")) << option.name;
    EXPECT_FALSE(option.help.empty()) << option.name;
  }
  RunOptions options;
  EXPECT_TRUE(absl::IsNotFound(SetOption(options, "queues", "fifo", 2)));
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"cycle-banks", "17"},
                                                        {"exact-payments", "29"},
                                                        {"haircut", "100.01"},
                                                        {"counter-payments", "0"},
                                                        {"targets", "14:00=0.5,12:00=0.7"},
                                                        {"targets", "12:00=1.1"}}) {
    EXPECT_FALSE(SetOption(options, name, value, 2).ok()) << name << " " << value;
  }
}

TEST(Options, TellWhatIsNotAsByDefault) {
  const auto value = [](const Facts& facts, const std::string& name) {
    for (const auto& [key, text] : facts) {
      if (key == name) return text;
    }
    return std::string("not told");
  };
  const Facts plain = FactsOf(OptionsOf({}), 2);
  EXPECT_EQ(value(plain, "queue"), "fifo");
  EXPECT_EQ(value(plain, "reserve_urgent"), "not told");
  const Facts facts =
      FactsOf(OptionsOf({{"reserve-urgent", "0.25"}, {"lsm", "partial+multiple"}}), 2);
  EXPECT_EQ(value(facts, "reserve_urgent"), "0.25");
  EXPECT_EQ(value(facts, "lsm"), "partial,multiple");
}

// Every option can stand in a preset, but for those that presets have no data for or their own
// fields.
TEST(Options, StandInPresetsUnderTheirNames) {
  const google::protobuf::Descriptor& fields = *v1::StudySettlement::descriptor();
  for (const OptionHelp& option : AllOptions()) {
    std::string name = option.name;
    std::replace(name.begin(), name.end(), '-', '_');
    const bool elsewhere = name == "opens" || name == "closes" || name == "credit";
    EXPECT_EQ(fields.FindFieldByName(name) != nullptr, !elsewhere) << name;
  }
}

TEST(Accounts, HaveTermsOfTheirOwnInTheFile) {
  const FolderResult folder = ReadFolder(
      MemoryFolder({{"accounts.csv",
                     "id,balance,posted_collateral,haircut,reserved_urgent,reserved_high,"
                     "release_threshold,holding_limit\n"
                     "a,100,50,12.5,10,20,30,1000\nb,0,,,,,,\n"},
                    {"payments.csv", "sender,recipient,amount,time\na,b,1,09:00\n"}}),
      0);
  ASSERT_TRUE(folder.problems.empty()) << folder.problems.ToString();
  const Account& a = folder.input.accounts[0];
  EXPECT_EQ(a.haircut_basis_points, 1250U);
  EXPECT_EQ(a.reserved_urgent, 10);
  EXPECT_EQ(a.reserved_high, 20);
  EXPECT_EQ(a.release_threshold, 30);
  EXPECT_EQ(a.holding_limit, 1000);
  EXPECT_EQ(folder.input.accounts[1].holding_limit, std::nullopt);
  EXPECT_EQ(folder.input.accounts[1].haircut_basis_points, std::nullopt);
  const FolderResult wrong =
      ReadFolder(MemoryFolder({{"accounts.csv", "id,balance,haircut\na,1,101\n"},
                               {"payments.csv", "sender,recipient,amount,time\n"}}),
                 0);
  EXPECT_THAT(wrong.problems.ToString(), HasSubstr("accounts.csv:2:5: haircut \"101\""));
}

}  // namespace
}  // namespace causeway::study
