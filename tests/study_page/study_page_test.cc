#include "scenarios/study_page/study_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>

#include "scenarios/study/folder.h"
#include "scenarios/study/runner.h"

namespace causeway::study {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// A pays 60 at 09:00 and 50 at 10:00 and has 100: the second waits until B pays 20 at 11:00.
struct Ran {
  Input input;
  RunResult result;
  Indicators indicators;
};
Ran RanOf(const std::string& name_of_a = "A") {
  const std::map<std::string, std::string> files = {
      {"banks.csv", "name\nX\nY\n"},
      {"accounts.csv", "id,owner,balance,posted_collateral\n" + name_of_a + ",X,100,0\nB,Y,0,0\n"},
      {"transactions.csv", "sender_account,recipient_account,amount,day,time\n" + name_of_a +
                               ",B,60,1,09:00\n" + name_of_a + ",B,50,1,10:00\nB," + name_of_a +
                               ",20,1,11:00\n"}};
  FolderResult folder = ReadFolder(MemoryFolder(files), 2);
  EXPECT_TRUE(folder.problems.empty()) << folder.problems.ToString();
  Ran ran{.input = std::move(folder.input), .result = {}, .indicators = {}};
  ran.input.name = "small";
  const absl::StatusOr<RunResult> result = RunStudy(ran.input, {});
  EXPECT_TRUE(result.ok()) << result.status();
  ran.result = *result;
  ran.indicators = ComputeIndicators(ran.input, ran.result);
  return ran;
}

std::string HtmlOf(const Ran& ran) {
  return page::RenderPage(StudyPage(ran.input, ran.result, ran.indicators,
                                    {"a subtitle", {{"queue", "fifo"}}, "the command", ""}));
}

TEST(StudyPlotsTest, LiquidityInUseIsWhatWasPaidMoreThanReceived) {
  const Ran ran = RanOf();
  const auto plot = std::get<page::XyPlot>(LiquidityInUsePlot(ran.input, ran.result).what);
  // 60 from 09:00; at 11:00 first 40, then, with the payment that waited, 90.
  EXPECT_THAT(plot.series[0].y, ElementsAre(60, 90, 90));
}

TEST(StudyPlotsTest, WhatWaitsLiesBetweenDueAndSettled) {
  const Ran ran = RanOf();
  const auto plot = std::get<page::XyPlot>(CumulativeValuePlot(ran.input, ran.result).what);
  EXPECT_THAT(plot.series[0].y, ElementsAre(60, 110, 130, 130));
  EXPECT_THAT(plot.series[1].y, ElementsAre(60, 130, 130));
}

TEST(StudyPlotsTest, FlowsAreTheLargestFirst) {
  const Ran ran = RanOf();
  const auto plot = std::get<page::BarPlot>(LargestFlowsPlot(ran.input, ran.indicators).what);
  EXPECT_THAT(plot.categories, ElementsAre("A → B", "B → A"));
  EXPECT_THAT(plot.values[0], ElementsAre(110, 20));
}

TEST(StudyPlotsTest, QueueTimeIsFromDueToSettled) {
  const Ran ran = RanOf();
  const auto plot = std::get<page::XyPlot>(QueueTimePlot(ran.input, ran.result).what);
  EXPECT_EQ(plot.series[0].x.back(), 3600);
  EXPECT_EQ(plot.series[0].y.back(), 100);
}

TEST(StudyPlotsTest, AxesOfAmountsSayTheirCurrency) {
  Ran ran = RanOf();
  const auto unit = [&] {
    return std::get<page::XyPlot>(CumulativeValuePlot(ran.input, ran.result).what).y.unit;
  };
  EXPECT_EQ(unit(), "");
  ran.input.currencies = {"EUR"};
  EXPECT_EQ(unit(), "EUR");
  EXPECT_EQ(std::get<page::NetworkPlot>(FlowNetworkPlot(ran.input, ran.indicators).what).unit,
            "EUR");
  ran.input.stated_in = "USD";
  EXPECT_EQ(unit(), "USD");
  EXPECT_EQ(std::get<page::XyPlot>(QueueSamplesPlot(ran.input, ran.result, false).what).y.unit, "");
}

// LB 90, UB 110 and 100 of liquidity; 50 of 130 wait an hour.
TEST(StudyPageTest, SaysWhichPointOfTheCurveADayIs) {
  EXPECT_THAT(HtmlOf(RanOf()), AllOf(HasSubstr("one point of the liquidity-delay curve"),
                                     HasSubstr("liquidity at 0.500000 of the way")));
}

TEST(StudyPageTest, HasIndicatorsOptionsAndTheCommand) {
  const std::string html = HtmlOf(RanOf());
  EXPECT_THAT(html, HasSubstr("<td>liquidity</td><td class=\"n\">100.00</td>"));
  EXPECT_THAT(html, HasSubstr("<td>queue</td><td>fifo</td>"));
  EXPECT_THAT(html, HasSubstr("the command"));
  EXPECT_THAT(html, HasSubstr("all hold"));
}

// Two days on which 50 wait at the close, which the second day's opening once took off.
TEST(StudyPlotsTest, NothingWaitsOvernight) {
  const std::map<std::string, std::string> files = {
      {"accounts.csv", "id,balance\na,0\nb,0\n"},
      {"payments.csv",
       "sender,recipient,amount,day,time\na,b,50,1,16:00\na,b,50,2,10:00\nb,a,50,2,11:30\n"}};
  Input input = ReadFolder(MemoryFolder(files), 0).input;
  RunOptions options;
  options.opens = 9 * kHourUs;
  options.closes = 17 * kHourUs;
  const absl::StatusOr<RunResult> result = RunStudy(input, options);
  ASSERT_TRUE(result.ok());
  const auto plot = std::get<page::XyPlot>(QueueSamplesPlot(input, *result, true).what);
  // Eight opening hours a day: from 16:00 on the first day to its close, then nothing until 10:00.
  const double hour_ms = 3'600'000;
  const auto waiting_at = [&](double hours) {
    const auto& x = plot.series[0].x;
    const auto after = std::upper_bound(x.begin(), x.end(), hours * hour_ms);
    return plot.series[0].y[static_cast<std::size_t>(after - x.begin()) - 1];
  };
  EXPECT_EQ(waiting_at(6.9), 0);
  EXPECT_EQ(waiting_at(7.9), 50);
  EXPECT_EQ(waiting_at(8), 0);
  EXPECT_EQ(waiting_at(8.9), 0);
  EXPECT_EQ(waiting_at(9), 50);
  EXPECT_EQ(waiting_at(10.5), 100);
  EXPECT_EQ(plot.series[0].x.back(), 16 * hour_ms);
  EXPECT_EQ(plot.x.scale, page::Scale::kDays);
  EXPECT_THAT(plot.x.hours.days, ElementsAre("1", "2"));
  const auto value = std::get<page::XyPlot>(CumulativeValuePlot(input, *result).what);
  EXPECT_THAT(value.series[0].x,
              ElementsAre(0, 7 * hour_ms, 9 * hour_ms, 10.5 * hour_ms, 16 * hour_ms));
}

// The row for cycles was missing.
TEST(StudyPageTest, KindsOfSettlementAddUpToWhatSettled) {
  using liquidity::Cause;
  Ran ran = RanOf();
  ran.input.payments.clear();
  ran.result.payments.clear();
  const std::vector<Cause> causes = {Cause::kImmediate,       Cause::kQueueRelease,
                                     Cause::kBilateralEntry,  Cause::kBilateralQueue,
                                     Cause::kMultilateralRun, Cause::kCycle};
  ran.result.settlement_order.clear();
  for (const Cause cause : causes) {
    ran.result.settlement_order.push_back(static_cast<PaymentIndex>(ran.input.payments.size()));
    ran.input.payments.push_back({100, 9 * kHourUs, 0, 1});
    ran.result.payments.push_back({.submitted = 9 * kHourUs,
                                   .settled = 9 * kHourUs,
                                   .status = Status::kSettled,
                                   .cause = cause});
  }
  ran.indicators = ComputeIndicators(ran.input, ran.result);
  const page::Page page = StudyPage(ran.input, ran.result, ran.indicators, {"", {}, "", ""});
  const auto section = std::find_if(page.sections.begin(), page.sections.end(),
                                    [](const auto& each) { return each.heading == "Indicators"; });
  std::map<std::string, int> counts;
  for (const auto& row : std::get<page::Table>(section->content[0]).rows) {
    counts[row[0]] = std::atoi(row[1].c_str());
  }
  EXPECT_EQ(counts["settled"], 6);
  EXPECT_EQ(counts["settled at entry"] + counts["settled from the queue"] +
                counts["settled bilaterally"] + counts["settled multilaterally"] +
                counts["settled in cycles"],
            6);
}

// It was one vertical line at a second, on an axis to ten.
TEST(StudyPageTest, SaysThatNoPaymentWaitedRatherThanDrawThat) {
  Ran ran = RanOf();
  EXPECT_THAT(HtmlOf(ran), HasSubstr("id=\"plot-delay\""));
  for (std::size_t i = 0; i < ran.result.payments.size(); ++i) {
    ran.result.payments[i].settled = ran.input.payments[i].due;
  }
  EXPECT_THAT(HtmlOf(ran), Not(HasSubstr("id=\"plot-delay\"")));
  EXPECT_THAT(HtmlOf(ran), HasSubstr("All 3 payments that settled did so within a second"));
}

TEST(StudyPageTest, SaysOfANegativeUsageThatItIsLessThanTheLowerBound) {
  Ran ran = RanOf();
  ran.indicators.days[0].usage = -238'095;
  EXPECT_THAT(HtmlOf(ran), HasSubstr("-0.238095: less than the lower bound"));
}

TEST(StudyPageTest, MoneyThatIsMissingIsSaid) {
  Ran ran = RanOf();
  ran.result.account_days[0].closing -= 1;
  EXPECT_THAT(HtmlOf(ran), HasSubstr("BROKEN"));
}

TEST(StudyPageTest, NamesStayNames) {
  const std::string html = HtmlOf(RanOf("</script><script>alert(1)</script>"));
  EXPECT_THAT(html, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;alert"));
}

}  // namespace
}  // namespace causeway::study
