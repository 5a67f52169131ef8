#include "scenarios/study/changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "scenarios/study/folder.h"
#include "scenarios/study/indicators.h"
#include "scenarios/study/options.h"
#include "scenarios/study/runner.h"

namespace causeway::study {
namespace {

using liquidity::Refusal;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// a has 10 and owes b 30 and 5, in this order; b has nothing.
std::map<std::string, std::string> FilesWith(const std::string& changes) {
  return {{"accounts.csv", "id,balance\na,10\nb,0\n"},
          {"payments.csv", "id,sender,recipient,amount,time\np1,a,b,30,09:00\np2,a,b,5,09:10\n"},
          {"changes.csv", changes}};
}

struct Changed {
  Input input;
  RunResult result;
  TimeUs SettledAt(PaymentIndex payment) const {
    const PaymentResult& of = result.payments[payment];
    return of.status == Status::kSettled ? of.settled : -1;
  }
};

Changed RunChanges(const std::string& changes, const std::string& queue = "fifo") {
  FolderResult folder = ReadFolder(MemoryFolder(FilesWith(changes)), 0);
  EXPECT_TRUE(folder.problems.empty()) << folder.problems.ToString();
  RunOptions options;
  options.opens = 8 * kHourUs;
  options.closes = 18 * kHourUs;
  EXPECT_TRUE(SetOption(options, "queue", queue, 0).ok());
  absl::StatusOr<RunResult> result = RunStudy(folder.input, options);
  EXPECT_TRUE(result.ok()) << result.status();
  return {std::move(folder.input), *std::move(result)};
}

TEST(Changes, OfBalancesComeFromAndGoOutside) {
  const Changed added =
      RunChanges("time,change,account,value\n10:00,add-balance,a,25\n12:00,take-balance,b,35\n");
  EXPECT_EQ(added.SettledAt(0), 10 * kHourUs);
  EXPECT_EQ(added.SettledAt(1), 10 * kHourUs);
  EXPECT_EQ(added.result.account_days[0].added, 25);
  EXPECT_EQ(added.result.account_days[1].added, -35);
  EXPECT_EQ(added.result.account_days[1].closing, 0);
  const Changed refused = RunChanges("time,change,account,value\n10:00,take-balance,a,11\n");
  EXPECT_FALSE(refused.result.changes[0].made);
  EXPECT_EQ(refused.result.changes[0].refusal, Refusal::kUncovered);
  EXPECT_EQ(refused.result.account_days[0].added, 0);
}

TEST(Changes, OfCreditReservationsAndThresholdsGiveRoomAndTakeIt) {
  EXPECT_EQ(RunChanges("time,change,account,value\n10:00,credit-limit,a,20\n").SettledAt(0),
            10 * kHourUs);
  EXPECT_EQ(RunChanges("time,change,account,value\n10:00,collateral,a,20\n").SettledAt(0),
            10 * kHourUs);
  const Changed kept =
      RunChanges("time,change,account,value\n08:30,reserve-urgent,a,8\n11:00,reserve-urgent,a,0\n",
                 "fifo-bypass");
  EXPECT_EQ(kept.SettledAt(1), 11 * kHourUs);
  EXPECT_EQ(
      RunChanges("time,change,account,value\n08:30,reserve-high,a,8\n", "fifo-bypass").SettledAt(1),
      -1);
}

TEST(Changes, OfLimitsBindAndLiftThem) {
  const Changed bilateral = RunChanges(
      "time,change,account,counterparty,value\n08:30,bilateral-limit,a,b,4\n"
      "12:00,bilateral-limit,a,b,\n",
      "fifo-bypass");
  EXPECT_EQ(bilateral.SettledAt(1), 12 * kHourUs);
  const Changed multilateral = RunChanges(
      "time,change,account,value\n08:30,multilateral-limit,a,4\n13:00,multilateral-limit,a,\n",
      "fifo-bypass");
  EXPECT_EQ(multilateral.SettledAt(1), 13 * kHourUs);
  const Changed holding =
      RunChanges("time,change,account,value\n08:30,holding-limit,b,4\n14:00,holding-limit,b,\n",
                 "fifo-bypass");
  EXPECT_EQ(holding.SettledAt(1), 14 * kHourUs);
}

TEST(Changes, OfPaymentsMoveAndCancelThem) {
  const Changed cancelled = RunChanges("time,change,payment\n10:00,cancel,p1\n");
  EXPECT_EQ(cancelled.result.payments[0].status, Status::kCancelled);
  EXPECT_EQ(cancelled.SettledAt(1), 10 * kHourUs);
  const DayIndicators day = ComputeIndicators(cancelled.input, cancelled.result).days[0];
  EXPECT_EQ(day.rejected.count, 1U);
  EXPECT_EQ(day.submitted.count, 2U);
  EXPECT_EQ(day.unsettled.count, 0U);
  EXPECT_EQ(RunChanges("time,change,payment\n10:00,to-front,p2\n").SettledAt(1), 10 * kHourUs);
  EXPECT_EQ(RunChanges("time,change,payment\n10:00,to-end,p1\n").SettledAt(1), 10 * kHourUs);
  EXPECT_EQ(RunChanges("time,change,payment\n10:00,make-urgent,p2\n", "priority").SettledAt(1),
            10 * kHourUs);
}

TEST(Changes, ThatComeTooEarlyOrLateAreNotMade) {
  const Changed early = RunChanges("time,change,payment\n08:30,cancel,p1\n");
  EXPECT_FALSE(early.result.changes[0].made);
  EXPECT_EQ(early.result.payments[0].status, Status::kUnsettled);
  const Changed late = RunChanges("time,change,account,value\n19:00,add-balance,a,25\n");
  EXPECT_FALSE(late.result.changes[0].made);
  EXPECT_EQ(late.SettledAt(0), -1);
}

// The credit that a drew on the first day is a debt on the second, which needs the line.
TEST(Changes, OfTermsStandOnTheDaysThatFollow) {
  const std::map<std::string, std::string> files = {
      {"accounts.csv", "id,balance\na,0\nb,0\n"},
      {"limits.csv", "account,counterparty,amount\nb,a,5\n"},
      {"payments.csv",
       "id,sender,recipient,amount,day,time\n1,a,b,80,1,10:00\n2,b,a,10,2,10:00\n"
       "3,a,b,20,2,11:00\n4,b,a,9,3,10:00\n"},
      {"changes.csv",
       "time,day,change,account,counterparty,value\n09:00,1,credit-limit,a,,100\n"
       "09:00,1,bilateral-limit,b,a,\n11:30,2,bilateral-limit,b,a,8\n"}};
  FolderResult folder = ReadFolder(MemoryFolder(files), 0);
  ASSERT_TRUE(folder.problems.empty()) << folder.problems.ToString();
  const absl::StatusOr<RunResult> result = RunStudy(folder.input, RunOptions());
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->payments[0].status, Status::kSettled);
  EXPECT_EQ(result->payments[1].status, Status::kSettled);    // the limit of b was lifted
  EXPECT_EQ(result->payments[2].status, Status::kSettled);    // on credit
  EXPECT_EQ(result->payments[3].status, Status::kUnsettled);  // above the limit of day 2
  const AccountDay& last = result->account_days[2 * 2 + 0];
  EXPECT_EQ(last.closing, -90);
  EXPECT_EQ(last.credit_limit, 100);
}

// What was available at the start does not change with hindsight; what is drawn is what is drawn.
TEST(Changes, OfCreditCountAsAvailableFromTheNextDayOn) {
  std::map<std::string, std::string> files = FilesWith(
      "day,time,change,account,value\n1,10:00,credit-limit,a,20\n2,12:00,credit-limit,a,40\n");
  files["payments.csv"] =
      "id,sender,recipient,amount,day,time\np1,a,b,30,1,09:00\np2,b,a,5,2,09:10\n";
  FolderResult folder = ReadFolder(MemoryFolder(files), 0);
  ASSERT_TRUE(folder.problems.empty()) << folder.problems.ToString();
  RunOptions options;
  options.opens = 8 * kHourUs;
  options.closes = 18 * kHourUs;
  const absl::StatusOr<RunResult> result = RunStudy(folder.input, options);
  ASSERT_TRUE(result.ok()) << result.status();
  const Indicators indicators = ComputeIndicators(folder.input, *result);
  EXPECT_EQ(indicators.days[0].liquidity, 10);
  EXPECT_EQ(indicators.days[0].peak_credit, 20);
  EXPECT_EQ(indicators.accounts[0].available, 10);
  EXPECT_EQ(indicators.accounts[0].market_stress_available, 10);
  EXPECT_EQ(indicators.accounts[2].available, -20 + 20);
  EXPECT_EQ(indicators.accounts[2].available_credit, 20);
  EXPECT_EQ(indicators.days[1].peak_credit, 20);  // from the opening on
}

TEST(Changes, WithoutADayAreMadeOnEach) {
  std::map<std::string, std::string> files =
      FilesWith("time,day,change,account,value\n10:00,,add-balance,a,1\n09:00,2,add-balance,b,1\n");
  files["payments.csv"] = "sender,recipient,amount,time,day\na,b,1,09:00,1\na,b,1,09:00,2\n";
  const FolderResult folder = ReadFolder(MemoryFolder(files), 0);
  ASSERT_TRUE(folder.problems.empty()) << folder.problems.ToString();
  std::vector<TimeUs> times;
  for (const Change& change : folder.input.changes) times.push_back(change.time);
  EXPECT_THAT(times,
              ElementsAre(10 * kHourUs, kDaySpanUs + 9 * kHourUs, kDaySpanUs + 10 * kHourUs));
  const absl::StatusOr<RunResult> result = RunStudy(folder.input, {});
  ASSERT_TRUE(result.ok()) << result.status();
  // By then the day has closed: its hours are those around the payments.
  EXPECT_FALSE(result->changes[0].made);
}

TEST(Changes, ThatCannotBeMeantAreReportedByPlace) {
  const FolderResult folder = ReadFolder(
      MemoryFolder(FilesWith("time,change,account,payment,value\n9h,add-balance,a,,1\n"
                             "09:00,add,a,,1\n09:00,add-balance,z,,1\n09:00,add-balance,a,,\n"
                             "09:00,cancel,a,,\n09:00,bilateral-limit,a,,1\n")),
      0);
  const std::string problems = folder.problems.ToString();
  EXPECT_EQ(folder.problems.count(), 6U) << problems;
  EXPECT_THAT(problems, HasSubstr("changes.csv:2:1: time \"9h\""));
  EXPECT_THAT(problems, HasSubstr("changes.csv:3:7: change \"add\": expected one of add-balance"));
  EXPECT_THAT(problems, HasSubstr("changes.csv:4:19: account \"z\""));
  EXPECT_THAT(problems, HasSubstr("changes.csv:5:7: change \"add-balance\": expected an amount"));
  EXPECT_THAT(problems, HasSubstr("changes.csv:6:7: change \"cancel\": expected the id"));
  EXPECT_THAT(problems, HasSubstr("expected a column counterparty"));
  EXPECT_THAT(ReadFolder(MemoryFolder(FilesWith("time,change,payment\n09:00,cancel,p9\n")), 0)
                  .problems.ToString(),
              HasSubstr("changes.csv:2:14: payment \"p9\": expected the id of a payment"));
}

// Whatever else is wrong; the payment of a faulty row is no fault of the change too.
TEST(Changes, OfUnknownPaymentsAreReportedBesideOtherFaults) {
  const FolderResult folder = ReadFolder(
      MemoryFolder({{"accounts.csv", "id,balance\na,10\nb,0\n"},
                    {"payments.csv", "id,sender,recipient,amount,time\np1,a,b,0,09:00\n"},
                    {"changes.csv", "time,change,payment\n09:00,cancel,p1\n09:00,cancel,p9\n"}}),
      0);
  EXPECT_EQ(folder.problems.ToString(),
            "payments.csv:2:8: amount \"0\": expected a decimal number above 0 with at most 0 "
            "decimals\nchanges.csv:3:14: payment \"p9\": expected the id of a payment\n");
}

}  // namespace
}  // namespace causeway::study
