#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <variant>

#include "scenarios/report/report.h"
#include "scenarios/report/summary.h"
#include "tests/sim/scenario_text.h"

namespace causeway::sim {
namespace {

std::string Swap(const std::string& time, const std::string& more) {
  return "steps { date: \"2024-01-04\" time: \"" + time + "\" swap { " + more + " } }\n";
}
std::string SellEur(const std::string& time, const std::string& amount, const std::string& venue) {
  return Swap(time,
              "taker: \"DE-BANK-1\" sell_currency: \"EUR\" buy_currency: \"USD\" "
              "sell_amount: \"" +
                  amount + "\" venue: \"" + venue + "\"");
}
constexpr char kPool[] = R"(venues { name: "pool" pool {
  participant: "DEALER" base: "EUR" quote: "USD" base_amount: "500.00" quote_amount: "500.00"
  constant_product { fee_ppm: 3000 } } }
)";

// The posted rate of kTwoCurrencies with more fields in it.
std::string WithRate(const std::string& fields, const std::string& more) {
  std::string text = TwoCurrenciesWith(more);
  const std::string place = "ask: \"1.20\"";
  text.insert(text.find(place) + place.size(), " " + fields);
  return text;
}

TEST(VenuesTest, TheScenarioOfVenuesEndsAsItSays) {
  const absl::StatusOr<Plan> plan = LoadScenario(ScenarioPath("fx-venues"));
  ASSERT_TRUE(plan.ok()) << plan.status();
  const RunResult result = Simulated(*plan);
  const Summary summary = Summarise(*plan, result);
  EXPECT_TRUE(summary.expectations_met) << RenderTable(*plan, result, summary);
  EXPECT_TRUE(result.observer.verified);
}

TEST(VenuesTest, TheBoardAppliesTiersAndLargestAmounts) {
  const Plan plan =
      Compiled(WithRate("tiers { base_amount_from: \"100.00\" bid: \"1.00\" ask: \"1.30\" } "
                        "base_amount_max: \"200.00\"",
                        SellEur("09:00", "99.00", "") + SellEur("09:01", "100.00", "") +
                            SellEur("09:02", "200.01", "")));
  const RunResult result = Simulated(plan);
  EXPECT_EQ(BalanceOf(plan, result, "DE-BANK-1", "USD"), 10'890 + 10'000);
  EXPECT_EQ(ResultOf(plan, result, "step-0003").rejection.outcome, core::Outcome::kNoRate);
}

TEST(VenuesTest, APostedRateEndsWithItsValidity) {
  const Plan plan = Compiled(WithRate("valid_until: \"2024-01-04T09:30:00Z\"",
                                      SellEur("09:00", "1.00", "") + SellEur("10:00", "1.00", "")));
  const RunResult result = Simulated(plan);
  EXPECT_EQ(ResultOf(plan, result, "step-0001").status, ActionStatus::kSettled);
  EXPECT_EQ(ResultOf(plan, result, "step-0002").rejection.outcome, core::Outcome::kNoRate);
}

TEST(VenuesTest, APoolPaysByItsReserves) {
  const Plan plan = Compiled(TwoCurrenciesWith(kPool + SellEur("09:00", "100.00", "pool")));
  const RunResult result = Simulated(plan);
  // floor(50,000 * 9,970 / 59,970)
  EXPECT_EQ(BalanceOf(plan, result, "DE-BANK-1", "USD"), 8'312);
}

std::string HybridText(const std::string& more) {
  return R"(venues { name: "pool" pool {
  participant: "DEALER" base: "EUR" quote: "USD" base_amount: "500.00" quote_amount: "500.00"
  hybrid { amplification: "54" gamma: "0.000145" price_scale: "1.00" mid_fee_ppm: 20000
           out_fee_ppm: 30000 fee_gamma: "0.00023" )" +
         more + "} } }\n";
}

// One buys euros and pays the fee again and again; another pays it going the other way.
std::string BuysMostly() {
  std::string text;
  for (int hour = 9; hour < 16; ++hour) {
    const std::string at = (hour < 10 ? "0" : "") + std::to_string(hour);
    text += Swap(at + ":00",
                 "taker: \"US-BANK-1\" sell_currency: \"USD\" buy_currency: \"EUR\" "
                 "sell_amount: \"40.00\" venue: \"pool\"");
    text += SellEur(at + ":30", "20.00", "pool");
  }
  return text;
}

TEST(VenuesTest, APriceScaleMovesOnlyWhereTheFileLetsIt) {
  const auto euros = [](const std::string& more) {
    const Plan plan = Compiled(TwoCurrenciesWith(HybridText(more) + BuysMostly()));
    return BalanceOf(plan, Simulated(plan), "US-BANK-1", "EUR");
  };
  // By the reference of tests/vectors/make_peg_vectors.py.
  EXPECT_EQ(euros(""), 21'732);
  EXPECT_EQ(euros("moving_scale { step: \"0.01\" } "), 21'754);
  // Nothing is ever earned that would pay for a move.
  EXPECT_EQ(euros("moving_scale { step: \"0.01\" extra_profit: \"0.9\" } "), 21'732);
}

TEST(VenuesTest, TheReportHasThePriceScaleInTheEnd) {
  const Plan plan =
      Compiled(TwoCurrenciesWith(HybridText("moving_scale { step: \"0.01\" } ") + BuysMostly()));
  const RunResult result = Simulated(plan);
  ASSERT_EQ(result.pools.size(), 1U);
  ASSERT_TRUE(result.pools[0].price_scale.has_value());
  const nlohmann::json report =
      nlohmann::json::parse(RenderReportJson(plan, result, Summarise(plan, result)));
  const nlohmann::json& pool = report["pools"]["pool"];
  EXPECT_EQ(pool["price_scale"], result.pools[0].price_scale->ToString());
  EXPECT_NE(pool["price_scale"], pool["price_scale_at_begin"]);
  EXPECT_FALSE(pool["price_average"].is_null());
  EXPECT_EQ(pool["base_amount"], result.pools[0].base.minor());
  const Plan still = Compiled(TwoCurrenciesWith(HybridText("") + BuysMostly()));
  const RunResult unmoved = Simulated(still);
  const auto& curve =
      std::get<PlannedHybridCurve>(std::get<PlannedPool>(still.bridge->venues[0].what).curve);
  EXPECT_EQ(unmoved.pools[0].price_scale->ToString(), curve.price_scale.ToString());
  EXPECT_FALSE(unmoved.pools[0].price_average.has_value());
}

TEST(VenuesTest, WithoutANameTheBestVenueIsTaken) {
  const std::string venues = std::string(kPool) + "venues { name: \"rfq\" rfq {} }\n";
  const Plan plan = Compiled(TwoCurrenciesWith(venues + SellEur("09:00", "100.00", "")));
  EXPECT_EQ(BalanceOf(plan, Simulated(plan), "DE-BANK-1", "USD"), 11'000);
}

TEST(VenuesTest, AnAbortedTradeLeavesThePoolAsItWas) {
  // DE-BANK-2 has no euro.
  const std::string poor = Swap("09:00",
                                "taker: \"DE-BANK-2\" sell_currency: \"EUR\" buy_currency: \"USD\" "
                                "sell_amount: \"300.00\" venue: \"pool\"");
  const Plan plan = Compiled(TwoCurrenciesWith(kPool + poor + SellEur("09:05", "100.00", "pool")));
  const RunResult result = Simulated(plan);
  EXPECT_EQ(ResultOf(plan, result, "step-0001").status, ActionStatus::kAborted);
  EXPECT_EQ(BalanceOf(plan, result, "DE-BANK-1", "USD"), 8'312);
}

TEST(VenuesTest, AMarketOutlivesABridgeThatStops) {
  std::string text = TwoCurrenciesWith(kPool);
  for (int i = 0; i < 8; ++i) text += SellEur("09:0" + std::to_string(i), "20.00", "pool");
  text +=
      "faults { date: \"2024-01-04\" time: \"09:00\" duration_ms: 420000 "
      "crash { nodes: \"BRIDGE\" point: CRASH_POINT_IN_WRITE times: 30 down_ms_max: 4000 } }\n";
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CompileOptions options;
    options.seed = seed;
    const Plan plan = Compiled(text, options);
    const RunResult result = Simulated(plan);
    EXPECT_TRUE(result.all_or_none_breaches.empty()) << seed;
    EXPECT_TRUE(result.other_breaches.empty()) << seed;
    // The pool never loses: euro times dollars, less the 500.00 of each that it began with.
    const auto eur = static_cast<std::uint64_t>(BalanceOf(plan, result, "DEALER", "EUR"));
    const auto usd = static_cast<std::uint64_t>(BalanceOf(plan, result, "DEALER", "USD"));
    EXPECT_GE(eur * usd, 50'000U * 50'000U) << seed;
  }
}

TEST(VenuesTest, RefusesVenuesThatContradict) {
  const auto finding = [](const std::string& more) {
    const std::vector<Finding> findings = Findings(TwoCurrenciesWith(more));
    return findings.empty() ? std::string("none") : findings.front().message;
  };
  EXPECT_EQ(finding(std::string(kPool) + kPool), "a venue \"pool\" exists already");
  EXPECT_EQ(finding("venues { name: \"x\" }"), "a venue must be one of rfq, book, pool");
  EXPECT_EQ(finding(SellEur("09:00", "1.00", "nowhere")), "venue \"nowhere\" is not among venues");
  EXPECT_EQ(finding("venues { name: \"x\" rfq { dealers: \"US-BANK-1\" } }"),
            "participant US-BANK-1 has no rates in fx_providers");
  const std::string book = "venues { name: \"x\" book { base: \"EUR\" quote: \"USD\" ";
  EXPECT_EQ(finding(book + "orders { participant: \"DEALER\" buys: true price: \"1.1\" "
                           "base_amount: \"1\" } orders { participant: \"US-BANK-1\" "
                           "price: \"1.1\" base_amount: \"1\" } } }"),
            "price 1.1 crosses an order of the other side before it");
  const auto moving = [&](const std::string& fields) {
    return finding(HybridText("moving_scale { " + fields + " } "));
  };
  EXPECT_EQ(moving("step: \"0.01\" half_life_s: 604801"), "half_life_s: at most 604800");
  EXPECT_EQ(moving("step: \"1.1\""),
            "\"1.1\": must be above zero and at most 1.000000000000000000");
  EXPECT_EQ(moving("step: \"0.1\" extra_profit: \"1\""),
            "\"1\": must be above zero and at most 0.999999999999999999");
}

}  // namespace
}  // namespace causeway::sim
