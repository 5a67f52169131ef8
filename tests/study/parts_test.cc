#include "scenarios/study/parts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "scenarios/study/folder.h"
#include "scenarios/study/output.h"

namespace causeway::study {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Two currencies: a euro ring that only settles together, dollars that all settle at once.
constexpr char kTwoAccounts[] =
    "id,owner,balance,currency\nea,A,0,EUR\nua,A,50,USD\neb,B,0,EUR\nub,B,0,USD\nec,C,0,EUR\n";
constexpr char kTwoPayments[] =
    "sender,recipient,amount,time,link\nea,eb,10,09:00,t\nua,ub,20,09:00,\nub,ua,11,09:30,t\n"
    "eb,ec,10,10:00,\nec,ea,10,10:05,\n";

Input Read(std::map<std::string, std::string> files) {
  FolderResult folder = ReadFolder(MemoryFolder(std::move(files)), 2);
  EXPECT_TRUE(folder.problems.empty()) << folder.problems.ToString();
  folder.input.name = "two";
  return std::move(folder.input);
}

Input TwoCurrencies() {
  return Read({{"accounts.csv", kTwoAccounts}, {"payments.csv", kTwoPayments}});
}

std::vector<Part> PartsOf(Input input, const RunOptions& options) {
  absl::StatusOr<std::vector<Part>> parts = RunParts(std::move(input), options);
  EXPECT_TRUE(parts.ok()) << parts.status();
  return *std::move(parts);
}

RunOptions WithOffsetting() {
  RunOptions options;
  options.lsm = {liquidity::Algorithm::kBechSoramaki};
  return options;
}

TEST(Parts, OfOneCurrencyAreTheStudyItself) {
  const Input input = Read({{"accounts.csv", "id,balance\na,1\nb,0\n"},
                            {"payments.csv", "sender,recipient,amount,time\na,b,1,10:00\n"}});
  const std::vector<Part> parts = PartsOf(input, {});
  ASSERT_EQ(parts.size(), 1U);
  EXPECT_EQ(parts[0].currency, "");
  EXPECT_EQ(parts[0].indicators.days[0].settled.value, 100);
}

TEST(Parts, OfSeveralCurrenciesAddNothingUpOverThem) {
  const std::vector<Part> parts = PartsOf(TwoCurrencies(), WithOffsetting());
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(parts[0].currency, "EUR");
  EXPECT_EQ(parts[0].indicators.days[0].settled.value, 3000);
  EXPECT_EQ(parts[0].indicators.days[0].settled_multilaterally.value, 3000);
  EXPECT_EQ(parts[0].indicators.days[0].liquidity, 0);
  EXPECT_EQ(parts[1].currency, "USD");
  EXPECT_EQ(parts[1].indicators.days[0].settled_immediately.value, 3100);
  EXPECT_EQ(parts[1].indicators.days[0].liquidity, 5000);
  EXPECT_EQ(parts[1].indicators.days[0].queue_peak_value, 0);
}

TEST(Parts, AreTheSameAsEachCurrencyAlone) {
  RunOptions options = WithOffsetting();
  options.opens = 8 * kHourUs;
  options.closes = 18 * kHourUs;
  const std::vector<Part> parts = PartsOf(TwoCurrencies(), options);
  const std::vector<Part> euros = PartsOf(
      Read({{"accounts.csv", "id,owner,balance\nea,A,0\neb,B,0\nec,C,0\n"},
            {"payments.csv",
             "sender,recipient,amount,time\nea,eb,10,09:00\neb,ec,10,10:00\nec,ea,10,10:05\n"}}),
      options);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(parts[0].result.payments[i].settled, euros[0].result.payments[i].settled);
  }
  EXPECT_EQ(parts[0].indicators.days[0].delay, euros[0].indicators.days[0].delay);
  EXPECT_EQ(parts[0].indicators.days[0].usage, euros[0].indicators.days[0].usage);
  EXPECT_EQ(parts[0].result.samples.size(), euros[0].result.samples.size());
}

TEST(Parts, MeasureLinksAcrossCurrencies) {
  const std::vector<Part> parts = PartsOf(TwoCurrencies(), WithOffsetting());
  // The dollar leg settled at 09:30, the euro leg in the run of 10:15.
  EXPECT_EQ(parts[1].indicators.days[0].linked.value, 1100);
  EXPECT_EQ(parts[1].indicators.days[0].pvp_share, 0);
  EXPECT_EQ(parts[1].indicators.days[0].principal_at_risk_peak, 1100);
  EXPECT_EQ(parts[1].indicators.days[0].principal_at_risk_hours, 750'000);
  EXPECT_EQ(parts[0].indicators.days[0].principal_at_risk_peak, 0);
}

constexpr char kPvpAccounts[] =
    "id,owner,balance,currency\nea,A,10,EUR\nua,A,0,USD\neb,B,0,EUR\nub,B,20,USD\n";

TEST(Parts, OfPvpTogetherSettleBothLegsInOneInstant) {
  const Input input = Read({{"accounts.csv", kPvpAccounts},
                            {"payments.csv",
                             "sender,recipient,amount,time,link\nea,eb,10,09:00,t\n"
                             "eb,ea,3,09:10,\nub,ua,20,11:00,t\n"}});
  RunOptions options;
  const std::vector<Part> measured = PartsOf(input, options);
  EXPECT_EQ(measured[0].indicators.days[0].pvp_share, 0);
  EXPECT_EQ(measured[0].indicators.days[0].principal_at_risk_hours, 2'000'000);
  options.pvp_together = true;
  const std::vector<Part> together = PartsOf(input, options);
  for (const Part& part : together) {
    EXPECT_EQ(part.result.payments[0].settled, 11 * kHourUs) << part.currency;
    EXPECT_EQ(part.indicators.days[0].pvp_share, 1'000'000);
    EXPECT_EQ(part.indicators.days[0].principal_at_risk_peak, 0);
  }
  // What stood without the leg's euros settles once they have come.
  EXPECT_EQ(together[0].result.payments[1].settled, 11 * kHourUs);
  EXPECT_EQ(together[0].indicators.days[0].queue_peak_value, 1300);
  EXPECT_EQ(together[1].indicators.days[0].queue_peak_value, 0);
  EXPECT_EQ(together[0].indicators.days[0].offset_share, 0);
}

TEST(Parts, OfPvpTogetherNeedTwoPaymentsOfADayWithEachLink) {
  RunOptions options;
  options.pvp_together = true;
  const auto message = [&](const std::string& payments) {
    return std::string(
        RunParts(Read({{"accounts.csv", kPvpAccounts},
                       {"payments.csv", "sender,recipient,amount,day,time,link\n" + payments}}),
                 options)
            .status()
            .message());
  };
  EXPECT_EQ(message("ea,eb,1,1,09:00,t\n"),
            "pvp together: row 1 of the payments has a link that no other one has: expected two "
            "payments with each link");
  EXPECT_THAT(message("ea,eb,1,1,09:00,t\nub,ua,1,2,09:00,t\n"), HasSubstr("of another day"));
  EXPECT_THAT(message("ea,eb,1,1,09:00,t\nub,ua,1,1,09:00,t\nub,ua,1,1,09:00,t\n"),
              HasSubstr("row 3 of the payments has the link of row 1 and of another one"));
}

TEST(Parts, OfPvpTogetherRefuseRulesByWhichLegsCouldNotStayTogether) {
  RunOptions options;
  options.pvp_together = true;
  options.queue = liquidity::Discipline::kImmediate;
  EXPECT_THAT(CheckOptions(options).ToString(),
              HasSubstr("pvp together: links_settle_together: not with the discipline immediate: "
                        "the payment of a link that comes first must wait for the other"));
}

// A trade and its reverse, between two banks without money, by whatever offsets them.
TEST(Parts, OfPvpTogetherSettleByEveryAlgorithm) {
  const Input input = Read({{"accounts.csv",
                             "id,owner,balance,currency\nea,A,0,EUR\n"
                             "eb,B,0,EUR\nua,A,0,USD\nub,B,0,USD\n"},
                            {"payments.csv",
                             "sender,recipient,amount,time,link\nea,eb,10,09:00,t\n"
                             "ub,ua,11,09:00,t\neb,ea,10,10:00,r\nua,ub,11,10:00,r\n"}});
  for (const liquidity::Algorithm algorithm :
       {liquidity::Algorithm::kBilateral, liquidity::Algorithm::kBilateralSingle,
        liquidity::Algorithm::kGreedy, liquidity::Algorithm::kCycle, liquidity::Algorithm::kPartial,
        liquidity::Algorithm::kMultiple}) {
    RunOptions options;
    options.pvp_together = true;
    options.queue = liquidity::Discipline::kPriority;
    options.lsm = {algorithm};
    for (const Part& part : PartsOf(input, options)) {
      EXPECT_EQ(part.indicators.days[0].pvp_share, 1'000'000) << Name(algorithm);
      EXPECT_EQ(part.indicators.days[0].offset_share, 1'000'000) << Name(algorithm);
    }
  }
}

TEST(Parts, RefuseAnAmountThatWouldBeOfSeveralCurrencies) {
  RunOptions options;
  options.liquidity_total = 100;
  EXPECT_THAT(RunParts(TwoCurrencies(), options).status().ToString(),
              HasSubstr("liquidity-total is an amount of one currency"));
}

TEST(Parts, HaveChangesOfTheirOwnAccountsAndPayments) {
  Input input = Read({{"accounts.csv", kTwoAccounts},
                      {"payments.csv", kTwoPayments},
                      {"changes.csv",
                       "time,change,account,value,payment\n"
                       "09:10,add-balance,eb,5,\n09:20,cancel,,,1\n"
                       "09:40,take-balance,ua,1,\n"}});
  const std::vector<Part> parts = PartsOf(std::move(input), {});
  ASSERT_EQ(parts[0].result.changes.size(), 2U);
  EXPECT_TRUE(parts[0].result.changes[1].made);
  EXPECT_EQ(parts[0].result.payments[0].status, Status::kCancelled);
  ASSERT_EQ(parts[1].result.changes.size(), 1U);
  EXPECT_EQ(parts[1].result.account_days[0].added, -100);
}

TEST(Parts, TellTheirCurrencyInTheSummary) {
  EXPECT_THAT(RenderSummary(PartsOf(TwoCurrencies(), {})),
              HasSubstr("two, USD: 2 accounts, 2 pay"));
}

}  // namespace
}  // namespace causeway::study
