#include "scenarios/report/run_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "scenarios/report/summary.h"
#include "scenarios/text/text.h"
#include "tests/sim/scenario_text.h"

namespace causeway::sim {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kTraffic[] = R"(
steps { id: "p" date: "2024-01-04" time: "09:00"
  pay { from: "DE-BANK-1" to: "US-BANK-1" currency: "EUR" amount: "90.00" } }
steps { id: "too-much" date: "2024-01-04" time: "09:30"
  pay { from: "DE-BANK-2" to: "US-BANK-1" currency: "EUR" amount: "9.00" } }
steps { id: "s" date: "2024-01-05" time: "10:00"
  pvp { party: "DE-BANK-1" counterparty: "US-BANK-1" party_currency: "EUR" party_amount: "45.00"
        counterparty_currency: "USD" counterparty_amount: "50.00" } })";

struct Ran {
  Plan plan;
  RunResult result;
  RunFigures figures;
};
Ran RanWith(const std::string& more) {
  Ran ran{.plan = Compiled(TwoCurrenciesWith(more)), .result = {}, .figures = {}};
  ran.result = Simulated(ran.plan);
  ran.figures = FiguresOf(ran.plan, ran.result);
  return ran;
}

TEST(RunFiguresTest, TransfersAreInTheValueCurrency) {
  const Ran ran = RanWith(kTraffic);
  EXPECT_EQ(ran.figures.unit, "USD");
  ASSERT_EQ(ran.figures.transfers.size(), 4u);            // two payments, two legs
  EXPECT_DOUBLE_EQ(ran.figures.transfers[0].value, 100);  // 90 at 0.90 euro per dollar
  EXPECT_TRUE(ran.figures.transfers[0].settled);
  EXPECT_FALSE(ran.figures.transfers[1].settled);
  EXPECT_DOUBLE_EQ(ran.figures.transfers[3].value, 50);
  EXPECT_EQ(ran.figures.transfers[2].from, ran.figures.transfers[3].to);
  EXPECT_TRUE(ran.figures.transfers[2].of_settlement);
}

TEST(RunFiguresTest, DelayIsFromDueToSettledAndOfWhatSettled) {
  const Ran ran = RanWith(kTraffic);
  const DelayFigures all = DelaysOf(ran.figures, Kinds::kAll);
  ASSERT_EQ(all.seconds.size(), 2u);
  EXPECT_GT(all.seconds[0], 0);
  EXPECT_DOUBLE_EQ(all.mean_s, (all.seconds[0] + all.seconds[1]) / 2);
  EXPECT_EQ(DelaysOf(ran.figures, Kinds::kPayments).seconds.size(), 1u);
  EXPECT_EQ(all.Percentile(50), all.seconds[0]);
  EXPECT_EQ(all.Percentile(100), all.seconds[1]);
}

// "too-much" is refused at 09:30, 7 h 40 min before its ledger closes at 17:10.
TEST(RunFiguresTest, WhatDidNotSettleIsDelayedToTheClose) {
  const Ran ran = RanWith(kTraffic);
  const double refused = 10.0 * (7 * 3600 + 40 * 60);    // USD x seconds
  const double others = 100.0 * (8 * 3600 + 10 * 60)     // "p", from 09:00
                        + 100.0 * (7 * 3600 + 10 * 60);  // both legs of "s", from 10:00
  const std::optional<double> delay = DelaysOf(ran.figures, Kinds::kAll).of_time_to_close;
  ASSERT_TRUE(delay.has_value());
  EXPECT_GT(*delay, refused / (refused + others));
  EXPECT_NEAR(*delay, refused / (refused + others), 1e-5);  // the others took milliseconds
  EXPECT_LT(*DelaysOf(ran.figures, Kinds::kSettlements).of_time_to_close, 1e-4);
}

TEST(RunFiguresTest, DelayOfNothingIsZero) {
  const DelayFigures none = DelaysOf(RunFigures(), Kinds::kAll);
  EXPECT_EQ(none.Percentile(99), 0);
  EXPECT_EQ(none.mean_s, 0);
  EXPECT_FALSE(none.of_time_to_close.has_value());
}

TEST(RunFiguresTest, LiquidityIsWhatBanksHaveTogether) {
  const Ran ran = RanWith(kTraffic);
  // 1500 euro at 0.90 and 1500 dollars.
  EXPECT_NEAR(PeakLiquidity(ran.plan, ran.result, ran.figures), 1500 / 0.9 + 1500, 0.02);
}

TEST(RunFiguresTest, HerfindahlOfTwoPayersIsTheSumOfTheirSquaredShares) {
  const Ran ran = RanWith(kTraffic);
  // DE-BANK-1 paid 100 + 50, US-BANK-1 paid 50.
  EXPECT_NEAR(HerfindahlOfPayers(ran.figures), 0.75 * 0.75 + 0.25 * 0.25, 1e-9);
}

TEST(RunPlotsTest, CorridorsAreFromCountryToCountryLargestFirst) {
  const Ran ran = RanWith(kTraffic);
  const auto plot = std::get<page::BarPlot>(CorridorPlotOf(ran.plan, ran.figures).what);
  EXPECT_EQ(plot.categories, (std::vector<std::string>{"DE → US", "US → DE"}));
  EXPECT_EQ(plot.parts, (std::vector<std::string>{"payments", "legs of PvP settlements"}));
  EXPECT_EQ(plot.values[0], (std::vector<double>{100, 0}));
  EXPECT_EQ(plot.values[1], (std::vector<double>{50, 50}));
}

TEST(RunPlotsTest, NetworkHasThoseWhoSettled) {
  const Ran ran = RanWith(kTraffic);
  const auto plot = std::get<page::NetworkPlot>(NetworkPlotOf(ran.plan, ran.figures).what);
  ASSERT_EQ(plot.nodes.size(), 2u);
  EXPECT_EQ(plot.nodes[0].name, "DE-BANK-1");
  EXPECT_EQ(plot.nodes[0].group, "DE");
  EXPECT_EQ(plot.links.size(), 2u);
}

TEST(RunPlotsTest, QueueIsEmptyAtTheEnd) {
  const Ran ran = RanWith(kTraffic);
  const auto plot = std::get<page::XyPlot>(QueueLengthPlotOf(ran.figures).what);
  EXPECT_EQ(plot.series[0].y.back(), 0);
}

TEST(RunPlotsTest, ValueIsByDayWhenThereAreSeveral) {
  const Ran ran = RanWith(kTraffic);
  const auto plot = std::get<page::XyPlot>(ValuePlotOf(ran.plan, ran.figures).what);
  EXPECT_EQ(plot.series[0].y, (std::vector<double>{100, 100, 0, 0, 0}));  // Thursday to Monday
}

TEST(RunPageTest, HasWhatAnotherNeedsToReproduceIt) {
  const Ran ran = RanWith(kTraffic);
  const std::string source = TwoCurrenciesWith(kTraffic);
  const std::string html =
      page::RenderPage(RunPage(ran.plan, ran.result, Summarise(ran.plan, ran.result), source));
  EXPECT_THAT(html, HasSubstr(ran.plan.source_sha256));
  EXPECT_THAT(html, HasSubstr("--seed 7"));
  EXPECT_THAT(html, HasSubstr(text::EscapeHtml(source)));
  EXPECT_THAT(html, HasSubstr("causeway-sim 0."));
  for (const LedgerResult& ledger : ran.result.ledgers) {
    EXPECT_THAT(html, HasSubstr(ledger.state_root));
  }
}

// Each of the three comes to 0.06 dollars, and all together to 0.17: the tile had the one, the
// table of indicators the sum of the others.
TEST(RunPageTest, ValueSettledIsTheSameEverywhere) {
  std::string payments;
  for (const char* id : {"a", "b", "c"}) {
    payments += std::string("steps { id: \"") + id +
                "\" date: \"2024-01-04\" time: \"09:00\"\n  pay { from: \"DE-BANK-1\" to: "
                "\"US-BANK-1\" currency: \"EUR\" amount: \"0.05\" } }\n";
  }
  const Ran ran = RanWith(payments);
  const std::string html =
      page::RenderPage(RunPage(ran.plan, ran.result, Summarise(ran.plan, ran.result), ""));
  EXPECT_THAT(html, HasSubstr("<dd>USD 0.17</dd>"));
  EXPECT_THAT(html, HasSubstr("0.17 USD"));
  EXPECT_THAT(html, Not(HasSubstr("0.18 USD")));
}

TEST(RunPageTest, WhatDoesNotHoldIsSaid) {
  Ran ran = RanWith(kTraffic);
  ran.result.other_breaches.push_back("a <b>breach</b>");
  const std::string html =
      page::RenderPage(RunPage(ran.plan, ran.result, Summarise(ran.plan, ran.result), ""));
  EXPECT_THAT(html, HasSubstr("a &lt;b&gt;breach&lt;/b&gt;"));
  EXPECT_THAT(html, Not(HasSubstr("<b>breach")));
}

TEST(RunPageTest, DescriptionCannotBecomeMarkup) {
  const std::string text = TwoCurrenciesWith("description: \"</script><script>alert(1)</script>\"");
  const Plan plan = Compiled(text);
  const RunResult result = Simulated(plan);
  const std::string html = page::RenderPage(RunPage(plan, result, Summarise(plan, result), text));
  EXPECT_THAT(html, Not(HasSubstr("<script>alert")));
}

TEST(RunPageTest, ScenarioWithoutTransactionsHasAPageToo) {
  const Ran ran = RanWith("");
  const std::string html =
      page::RenderPage(RunPage(ran.plan, ran.result, Summarise(ran.plan, ran.result), ""));
  EXPECT_THAT(html, HasSubstr("Network map: nothing to show."));
}

}  // namespace
}  // namespace causeway::sim
