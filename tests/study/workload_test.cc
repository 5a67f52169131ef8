#include "scenarios/study/workload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include "fmt/format.h"
#include "scenarios/study/folder.h"
#include "scenarios/study/indicators.h"
#include "scenarios/study/output.h"
#include "scenarios/study/parts.h"
#include "scenarios/study/preset.h"

namespace causeway::study {
namespace {

using ::testing::HasSubstr;

Workload SmallWorkload() {
  Workload workload;
  workload.name = "small";
  workload.seed = 7;
  workload.banks = {.count = 200, .core = 5, .mean_degree = 10, .reciprocity_milli = 500};
  Stream stream;
  stream.name = "payments";
  stream.payments_per_day = 20'000;
  stream.values = {{1, 501'405, 3950}};
  stream.value_max = 1'000'000'000'000;
  stream.profile = {{8 * kHourUs, 12 * kHourUs, 3}, {12 * kHourUs, 18 * kHourUs, 1}};
  workload.streams = {stream};
  return workload;
}

bool SamePayments(const Input& first, const Input& second) {
  return std::equal(first.payments.begin(), first.payments.end(), second.payments.begin(),
                    second.payments.end(), [](const Payment& a, const Payment& b) {
                      return a.amount == b.amount && a.due == b.due && a.sender == b.sender &&
                             a.recipient == b.recipient && a.priority == b.priority &&
                             a.for_customer == b.for_customer;
                    });
}

std::string PresetText(const std::string& name) {
  std::ifstream file(CAUSEWAY_SOURCE_DIR "/scenarios/studies/" + name);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(Workload, IsTheSameForTheSameSeedAndAnotherForAnother) {
  Workload workload = SmallWorkload();
  const Input first = *DrawWorkload(workload);
  const Input second = *DrawWorkload(workload);
  EXPECT_TRUE(SamePayments(first, second));
  workload.seed = 8;
  EXPECT_FALSE(SamePayments(first, *DrawWorkload(workload)));
}

TEST(Workload, LeavesAStreamAsItWasWhenAnotherIsAdded) {
  Workload workload = SmallWorkload();
  const Input before = *DrawWorkload(workload);
  workload.streams.push_back(workload.streams.front());
  workload.streams.back().name = "more";
  workload.streams.back().priority = liquidity::Priority::kUrgent;
  const Input after = *DrawWorkload(workload);
  std::vector<std::int64_t> first;
  std::vector<std::int64_t> second;
  for (const Payment& payment : before.payments) first.push_back(payment.amount);
  for (const Payment& payment : after.payments) {
    if (payment.priority == liquidity::Priority::kNormal) second.push_back(payment.amount);
  }
  EXPECT_EQ(first, second);
}

TEST(Workload, DrawsTheSameUnderAnotherNameThatStatesTheSameStreams) {
  Workload workload = SmallWorkload();
  const Input before = *DrawWorkload(workload);
  workload.name = "other";
  const Input renamed = *DrawWorkload(workload);
  EXPECT_FALSE(SamePayments(before, renamed));
  workload.draws_as = "small";
  EXPECT_TRUE(SamePayments(before, *DrawWorkload(workload)));
}

TEST(Workload, MakesAShareUrgentAndChangesNothingElse) {
  Workload workload = SmallWorkload();
  const Input plain = *DrawWorkload(workload);
  workload.streams[0].urgent_milli = 250;
  const Input input = *DrawWorkload(workload);
  std::size_t urgent = 0;
  for (PaymentIndex i = 0; i < input.payments.size(); ++i) {
    EXPECT_EQ(input.payments[i].amount, plain.payments[i].amount);
    EXPECT_EQ(input.payments[i].recipient, plain.payments[i].recipient);
    urgent += input.payments[i].priority == liquidity::Priority::kUrgent ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(urgent) / 20'000, 0.25, 0.0092);  // three standard deviations
}

TEST(Workload, DrawsValuesThatMeetTheQuantilesTheyWereFittedTo) {
  const Input input = *DrawWorkload(SmallWorkload());
  std::size_t small = 0;
  std::size_t large = 0;
  for (const Payment& payment : input.payments) {
    small += payment.amount < 5'000'000 ? 1 : 0;
    large += payment.amount > 100'000'000 ? 1 : 0;
  }
  // 72% and 9% (ECB); three standard deviations of 20,000 draws are 1.0 and 0.6 points.
  EXPECT_NEAR(static_cast<double>(small) / 20'000, 0.72, 0.0105);
  EXPECT_NEAR(static_cast<double>(large) / 20'000, 0.09, 0.0065);
}

TEST(Workload, FollowsItsProfile) {
  const Input input = *DrawWorkload(SmallWorkload());
  const auto mornings =
      std::count_if(input.payments.begin(), input.payments.end(),
                    [](const Payment& payment) { return payment.due < 12 * kHourUs; });
  EXPECT_NEAR(static_cast<double>(mornings) / 20'000, 0.75, 0.01);
  EXPECT_TRUE(std::is_sorted(input.payments.begin(), input.payments.end(),
                             [](const Payment& a, const Payment& b) { return a.due < b.due; }));
}

TEST(Workload, DrawsBurstsOfTheWantedMeanSize) {
  Workload workload = SmallWorkload();
  workload.streams[0].burst_size = 20;
  workload.streams[0].profile = {{8 * kHourUs, 18 * kHourUs, 1}};
  const Input input = *DrawWorkload(workload);
  // Payments within half a minute of the one before: nearly all of those in bursts.
  std::set<TimeUs> minutes;
  for (const Payment& payment : input.payments) minutes.insert(payment.due / kMinuteUs);
  Workload single = SmallWorkload();
  single.streams[0].profile = workload.streams[0].profile;
  std::set<TimeUs> single_minutes;
  const Input spread = *DrawWorkload(single);
  for (const Payment& payment : spread.payments) single_minutes.insert(payment.due / kMinuteUs);
  EXPECT_EQ(single_minutes.size(), 600U);  // 33 a minute: none of 600 is empty
  // About 1,000 bursts over 600 minutes, each in one or two of them: many stay empty.
  EXPECT_LT(minutes.size(), 590U);
}

TEST(Topology, LinksTheCoreFullyAndFallsOffHeavilyTailed) {
  const Workload workload = SmallWorkload();
  const Topology topology = DrawTopology(workload);
  for (AccountIndex a = 0; a < 5; ++a) {
    for (AccountIndex b = 0; b < 5; ++b) {
      if (a == b) continue;
      const auto& banks = topology.partners[a].banks;
      EXPECT_TRUE(std::binary_search(banks.begin(), banks.end(), b)) << a << " " << b;
    }
  }
  std::size_t links = 0;
  for (std::size_t bank = 0; bank < 200; ++bank) {
    const auto& banks = topology.partners[bank].banks;
    EXPECT_FALSE(banks.empty());
    EXPECT_FALSE(std::binary_search(banks.begin(), banks.end(), static_cast<AccountIndex>(bank)));
    links += banks.size();
  }
  EXPECT_GT(topology.partners[0].banks.size(), 20 * topology.partners[150].banks.size());
  EXPECT_NEAR(static_cast<double>(links) / 200, 10, 4);
}

// As in Fedwire, where a fifth of the links go both ways, and those between large banks do. (Among
// so few banks chance alone makes a third.)
TEST(Topology, GivesItsHeaviestLinksTheirWayBackUpToTheWantedShare) {
  Workload workload = SmallWorkload();
  for (const std::uint32_t wanted : {350U, 500U, 1000U}) {
    workload.banks.reciprocity_milli = wanted;
    const Topology topology = DrawTopology(workload);
    double all = 0;
    double both_ways = 0;
    double weight = 0;
    double weight_both_ways = 0;
    for (AccountIndex from = 0; from < 200; ++from) {
      for (const AccountIndex to : topology.partners[from].banks) {
        const auto& back = topology.partners[to].banks;
        const bool goes_back = std::binary_search(back.begin(), back.end(), from);
        const double of =
            static_cast<double>(topology.weights[from]) * static_cast<double>(topology.weights[to]);
        all += 1;
        weight += of;
        both_ways += goes_back ? 1 : 0;
        weight_both_ways += goes_back ? of : 0;
      }
    }
    EXPECT_NEAR(both_ways / all, wanted / 1000.0, 0.01) << wanted;
    EXPECT_GT(weight_both_ways / weight, 0.6) << wanted;
    EXPECT_NEAR(all / 200, 10, 2.5) << wanted;
  }
}

TEST(ForeignExchange, LinksTheLegsThatSettleGrossOrTogetherAndNetsTheOthers) {
  Workload workload = SmallWorkload();
  workload.streams.clear();
  ForeignExchange& fx = workload.foreign_exchange;
  fx.trades_per_day = 3000;
  fx.values = {1, 100'000, 1000};
  fx.value_max = 100'000'000;
  fx.currencies = {{"EUR", {7 * kHourUs, 18 * kHourUs, 1}},
                   {"USD", {13 * kHourUs, 23 * kHourUs, 1}}};
  fx.pairs = {{0, 1, 1}};
  fx.pvp_milli = 300;
  fx.netted_milli = 600;
  fx.pvp_window = {7 * kHourUs, 9 * kHourUs, 1};
  const Input input = *DrawWorkload(workload);
  EXPECT_EQ(input.accounts.size(), 400U);
  EXPECT_EQ(input.accounts[1].id, "B0001.USD");
  std::map<std::uint32_t, std::vector<const Payment*>> links;
  std::size_t net = 0;
  for (std::size_t i = 0; i < input.payments.size(); ++i) {
    const Payment& payment = input.payments[i];
    EXPECT_EQ(payment.sender % 2, payment.recipient % 2);  // one currency
    if (input.links[i] == 0) {
      ++net;
    } else {
      links[input.links[i]].push_back(&payment);
    }
  }
  EXPECT_NEAR(static_cast<double>(links.size()), 1200, 100);
  EXPECT_LT(net, 2U * 1800);
  EXPECT_GT(net, 0U);
  for (const auto& [link, legs] : links) {
    ASSERT_EQ(legs.size(), 2U);
    EXPECT_EQ(legs[0]->amount, legs[1]->amount);
    EXPECT_NE(legs[0]->sender % 2, legs[1]->sender % 2);
  }
}

Preset PresetOfFile(const std::string& name) {
  ProblemList problems;
  absl::StatusOr<Preset> preset = ParsePreset(PresetText(name), name, std::nullopt, problems);
  EXPECT_TRUE(preset.ok()) << problems.ToString();
  return *std::move(preset);
}

TEST(Preset, AllOfThemAreSoundAndDescribed) {
  for (const char* name : {"t2-day", "chaps-day", "fedwire-day", "fx-day-2022", "fx-day-2025",
                           "liquidity-squeeze", "bank-default", "rits-day", "chaps-lsm-2013"}) {
    const std::string text = PresetText(std::string(name) + ".txtpb");
    ASSERT_TRUE(IsPreset(text)) << name;
    ProblemList problems;
    absl::StatusOr<Preset> preset = ParsePreset(text, name, std::nullopt, problems);
    ASSERT_TRUE(preset.ok()) << problems.ToString();
    EXPECT_EQ(preset->workload.name, name);
    EXPECT_FALSE(preset->description.empty());
    for (Stream& stream : preset->workload.streams) stream.payments_per_day = 100;
    if (preset->workload.foreign_exchange.trades_per_day > 0) {
      preset->workload.foreign_exchange.trades_per_day = 100;
    }
    const absl::StatusOr<Input> input = DrawWorkload(preset->workload);
    ASSERT_TRUE(input.ok()) << name << ": " << input.status();
    EXPECT_TRUE(RunStudy(*input, preset->options).ok()) << name;
  }
}

// Published figures of a survey: turnover of the six pairs in US dollars, and in thousandths how
// much of it settles payment versus payment and netted.
struct PublishedExchange {
  const char* preset;
  double turnover;
  double pvp;
  double netted;
  std::array<double, 6> pairs;  // of all turnover; in the order of the preset
};

void ExpectPublishedFigures(const PublishedExchange& of) {
  const Preset preset = PresetOfFile(of.preset);
  const ForeignExchange& fx = preset.workload.foreign_exchange;
  const Input input = *DrawWorkload(preset.workload);
  const auto currencies = static_cast<AccountIndex>(fx.currencies.size());
  // Of trades whose legs are there one by one: their pairs, from the two legs that have one link.
  std::map<std::uint32_t, std::set<std::size_t>> traded;
  for (std::size_t i = 0; i < input.payments.size(); ++i) {
    if (input.links[i] != 0) traded[input.links[i]].insert(input.payments[i].sender % currencies);
  }
  double sum = 0;
  for (const double share : of.pairs) sum += share;
  ASSERT_EQ(fx.pairs.size(), of.pairs.size());
  for (std::size_t p = 0; p < fx.pairs.size(); ++p) {
    const std::set<std::size_t> pair = {fx.pairs[p].base, fx.pairs[p].quote};
    const auto count = std::count_if(traded.begin(), traded.end(),
                                     [&](const auto& trade) { return trade.second == pair; });
    EXPECT_NEAR(static_cast<double>(count) / static_cast<double>(traded.size()), of.pairs[p] / sum,
                0.005)
        << of.preset << " " << p;
  }
  const RunResult result = *RunStudy(input, preset.options);
  const DayIndicators day = ComputeIndicators(input, result).days.front();
  EXPECT_EQ(day.settled.count, day.submitted.count);
  const double one_by_one = 2 * of.turnover * (1 - of.netted / 1000);  // both legs
  EXPECT_NEAR(static_cast<double>(day.linked.value) / 100 / one_by_one, 1, 0.05) << of.preset;
  const double pvp_share = static_cast<double>(*day.pvp_share) / 1e6;
  EXPECT_NEAR(pvp_share, of.pvp / (1000 - of.netted), 0.02) << of.preset;
  // What settles leg by leg is exposed, and nothing else.
  EXPECT_GT(day.principal_at_risk_peak, 0);
  EXPECT_LT(static_cast<double>(day.principal_at_risk_peak),
            static_cast<double>(day.linked.value) * (1 - pvp_share) / 2);
}

TEST(Preset, SaysWhatItsAmountsAreStatedIn) {
  Preset preset = PresetOfFile("fx-day-2025.txtpb");
  preset.workload.foreign_exchange.trades_per_day = 10;
  const absl::StatusOr<Input> input = DrawWorkload(preset.workload);
  ASSERT_TRUE(input.ok()) << input.status();
  for (const CurrencyShare& share : SplitByCurrency(*input)) {
    EXPECT_EQ(UnitOfAmounts(share.input), "USD");
  }
  std::string text = PresetText("t2-day.txtpb");
  text.replace(text.find("\"EUR\""), 5, "\"E R\"");
  ProblemList problems;
  EXPECT_FALSE(ParsePreset(text, "p", std::nullopt, problems).ok());
  EXPECT_NE(problems.ToString().find("currency \"E R\": expected 1 to 16"), std::string::npos);
}

TEST(Preset, OfForeignExchangeHasThePublishedTurnoverPairsAndWaysToSettle) {
  ExpectPublishedFigures({.preset = "fx-day-2025.txtpb",
                          .turnover = 9.6e12 * 0.554,
                          .pvp = 360,
                          .netted = 540,
                          .pairs = {21.2, 14.3, 9.0, 8.2, 1.5, 1.2}});
  ExpectPublishedFigures({.preset = "fx-day-2022.txtpb",
                          .turnover = 7.5e12 * 0.557,
                          .pvp = 500,
                          .netted = 186,
                          .pairs = {22.7, 13.5, 9.5, 6.6, 1.4, 2.0}});
}

// Five banks, one stream for customers and one that is not.
Workload WithCustomers() {
  Workload workload = SmallWorkload();
  workload.banks = {.count = 5, .core = 5, .mean_degree = 4, .reciprocity_milli = 1000};
  workload.streams[0].payments_per_day = 2000;
  workload.streams.push_back(workload.streams[0]);
  workload.streams[1].name = "customers";
  workload.streams[1].for_customer = true;
  workload.customers = {.per_bank = 3, .credit_line = 90'000, .secured = true, .committed = false};
  return workload;
}

TEST(Customers, AreNamedByPaymentsOfTheirStreamsAndByNoOthers) {
  const Input input = *DrawWorkload(WithCustomers());
  ASSERT_EQ(input.customers.size(), 15U);
  ASSERT_EQ(input.sender_customers.size(), input.payments.size());
  ASSERT_EQ(input.recipient_customers.size(), input.payments.size());
  std::set<std::uint32_t> seen;
  for (std::size_t i = 0; i < input.payments.size(); ++i) {
    const Payment& payment = input.payments[i];
    const std::uint32_t from = input.sender_customers[i];
    const std::uint32_t to = input.recipient_customers[i];
    EXPECT_EQ(from == kNone, !payment.for_customer);
    EXPECT_EQ(to == kNone, !payment.for_customer);
    if (!payment.for_customer) continue;
    EXPECT_EQ(input.customers[from].account, payment.sender);
    EXPECT_EQ(input.customers[to].account, payment.recipient);
    seen.insert(from);
    seen.insert(to);
  }
  EXPECT_EQ(seen.size(), 15U);
}

TEST(Customers, HaveLinesByTheWeightOfTheirBank) {
  const Workload workload = WithCustomers();
  const Topology topology = DrawTopology(workload);
  const Input input = *DrawWorkload(workload);
  for (const CustomerLine& line : input.customers) {
    const double weight = static_cast<double>(topology.weights[line.account]) /
                          static_cast<double>(topology.weights[0]);
    EXPECT_NEAR(static_cast<double>(line.credit_line), 90'000 * weight, 1.0);
    EXPECT_TRUE(line.secured);
    EXPECT_FALSE(line.committed);
  }
}

TEST(Customers, LeavePaymentsAsTheyWere) {
  Workload without = WithCustomers();
  without.customers = {};
  const Input input = *DrawWorkload(without);
  EXPECT_TRUE(input.sender_customers.empty());
  EXPECT_TRUE(SamePayments(input, *DrawWorkload(WithCustomers())));
}

TEST(Customers, AreReadBackFromTheFolderThatIsWritten) {
  const Input drawn = *DrawWorkload(WithCustomers());
  const std::string folder = ::testing::TempDir() + "causeway-customers";
  ASSERT_TRUE(WriteInputFolder(drawn, folder).ok());
  const FolderResult read = ReadFolder(DiskFolder(folder), drawn.minor_digits);
  std::filesystem::remove_all(folder);
  EXPECT_EQ(read.problems.ToString(), "");
  EXPECT_TRUE(SamePayments(drawn, read.input));
  EXPECT_EQ(read.input.sender_customers, drawn.sender_customers);
  EXPECT_EQ(read.input.recipient_customers, drawn.recipient_customers);
  ASSERT_EQ(read.input.customers.size(), drawn.customers.size());
  for (std::size_t i = 0; i < drawn.customers.size(); ++i) {
    EXPECT_EQ(read.input.customers[i].customer, drawn.customers[i].customer);
    EXPECT_EQ(read.input.customers[i].credit_line, drawn.customers[i].credit_line);
  }
}

TEST(Customers, ThatNobodyCouldPayForAreRefused) {
  const auto refused = [](const auto& change) {
    Workload workload = WithCustomers();
    change(workload);
    return std::string(CheckWorkload(workload).message());
  };
  EXPECT_THAT(refused([](Workload& w) { w.streams.pop_back(); }),
              HasSubstr("customers: no stream is for_customer"));
  EXPECT_THAT(refused([](Workload& w) { w.customers.per_bank = 1001; }),
              HasSubstr("customers: at most 1,000 of each bank"));
  EXPECT_THAT(refused([](Workload& w) { w.foreign_exchange.trades_per_day = 1; }),
              HasSubstr("customers: not with foreign exchange"));
}

// BCBS 248 B(ii) of a preset: what its customers draw at most, of their lines.
TEST(Customers, OfThePresetsDrawOnTheirLines) {
  for (const char* name : {"chaps-day", "bank-default", "chaps-lsm-2013", "rits-day"}) {
    const Preset preset = PresetOfFile(std::string(name) + ".txtpb");
    const Input input = *DrawWorkload(preset.workload);
    const Indicators all = ComputeIndicators(input, *RunStudy(input, preset.options));
    ASSERT_EQ(all.customers.size(), 10 * input.accounts.size()) << name;
    std::size_t over = 0;
    for (std::size_t i = 0; i < all.customers.size(); ++i) {
      over += all.customers[i].peak > input.customers[i].credit_line ? 1 : 0;
    }
    EXPECT_GT(over, 0U) << name;
    EXPECT_LT(over, all.customers.size() / 8) << name;
    for (const AccountIndicators& account : all.accounts) {
      EXPECT_GT(account.customer_lines, 0) << name;
      EXPECT_GT(account.customer_lines_use, 0) << name;
    }
  }
}

TEST(Preset, OfTheDefaultHasThePaymentsOfTheDayWithoutIt) {
  const Preset with = PresetOfFile("bank-default.txtpb");
  const Preset without = PresetOfFile("chaps-day.txtpb");
  EXPECT_TRUE(SamePayments(*DrawWorkload(with.workload), *DrawWorkload(without.workload)));
  EXPECT_TRUE(with.options.behaviours != nullptr);
  EXPECT_TRUE(without.options.behaviours == nullptr);
}

TEST(Preset, OfTheDefaultHasItForAllDaysThatFollow) {
  Preset preset = PresetOfFile("bank-default.txtpb");
  preset.workload.days = 2;
  for (Stream& stream : preset.workload.streams) stream.payments_per_day = 3000;
  const Input input = *DrawWorkload(preset.workload);
  const RunResult result = *RunStudy(input, preset.options);
  int before = 0;
  int after = 0;
  for (PaymentIndex i = 0; i < input.payments.size(); ++i) {
    if (input.payments[i].sender != 0) continue;
    const bool defaulted = input.payments[i].due >= 11 * kHourUs;
    (defaulted ? after : before) += 1;
    EXPECT_EQ(result.payments[i].status == Status::kWithheld, defaulted) << i;
  }
  EXPECT_GT(before, 100);
  EXPECT_GT(after, 2 * before);
}

// An agent more changes what it does itself, and no draw of anybody else.
TEST(Preset, WithAnAgentMoreLeavesAllOtherDrawsAsTheyWere) {
  const std::string head =
      "# proto-message: Study\nname: \"agents\" seed: 5 opens: \"08:00\" closes: \"18:00\" "
      "decimals: 2 banks { count: 6 core: 6 mean_degree: 2 degree_exponent_milli: 2100 } "
      "streams { name: \"s\" payments_per_day: 2000 values { median: \"10\" sigma_milli: 500 } "
      "value_max: \"1000\" profile { from: \"08:00\" to: \"17:00\" weight: 1 } } "
      "settlement { liquidity: \"1\" } behaviours { first_bank: 2 last_bank: 2 withhold { from: "
      "\"09:00\" to: \"16:00\" probability_milli: 300 } }";
  const auto run = [](const std::string& text) {
    ProblemList problems;
    const absl::StatusOr<Preset> preset = ParsePreset(text, "x", std::nullopt, problems);
    EXPECT_TRUE(preset.ok()) << problems.ToString();
    const Input input = *DrawWorkload(preset->workload);
    return std::pair(input, *RunStudy(input, preset->options));
  };
  const auto [input, before] = run(head);
  const auto [same, after] =
      run(head +
          " behaviours { first_bank: 1 last_bank: 1 defaults { at: \"12:00\" } } behaviours { "
          "first_bank: 3 last_bank: 3 withhold { from: \"09:00\" to: \"17:00\" "
          "probability_milli: 500 } }");
  EXPECT_TRUE(SamePayments(input, same));
  int withheld = 0;
  for (PaymentIndex i = 0; i < input.payments.size(); ++i) {
    if (input.payments[i].sender == 0 || input.payments[i].sender == 2) continue;
    EXPECT_EQ(before.payments[i].submitted, after.payments[i].submitted) << i;
    withheld += before.payments[i].submitted != input.payments[i].due ? 1 : 0;
  }
  EXPECT_GT(withheld, 0);
}

// Payments more, before and after it in the file and between its own in time, leave what an agent
// does with each of its own as it was.
TEST(Preset, WithAStreamMoreLeavesTheDrawsOfAnAgentAsTheyWere) {
  const auto stream = [](const std::string& name, int payments) {
    return fmt::format(
        "streams {{ name: \"{}\" payments_per_day: {} values {{ median: \"10\" sigma_milli: 500 }} "
        "value_max: \"1000\" profile {{ from: \"08:00\" to: \"17:00\" weight: 1 }} }} ",
        name, payments);
  };
  // Which payments of bank 2 in the stream "s" are kept back, by their number in it.
  const auto kept = [&](const std::string& streams) {
    ProblemList problems;
    const absl::StatusOr<Preset> preset = ParsePreset(
        "# proto-message: Study\nname: \"agents\" seed: 5 days: 2 opens: \"08:00\" closes: "
        "\"18:00\" decimals: 2 banks { count: 6 core: 6 mean_degree: 2 degree_exponent_milli: 2100 "
        "} settlement { liquidity: \"1\" } behaviours { first_bank: 2 last_bank: 2 withhold { "
        "from: "
        "\"09:00\" to: \"16:00\" probability_milli: 300 } } " +
            streams,
        "x", std::nullopt, problems);
    EXPECT_TRUE(preset.ok()) << problems.ToString();
    const Input input = *DrawWorkload(preset->workload);
    const RunResult result = *RunStudy(input, preset->options);
    std::map<std::uint64_t, bool> kept_back;
    for (PaymentIndex i = 0; i < input.payments.size(); ++i) {
      const PaymentName name = input.NameOf(i);
      if (input.payments[i].sender != 1 || name.text != "s") continue;
      kept_back[name.number] = result.payments[i].submitted != input.payments[i].due;
    }
    return kept_back;
  };
  const auto alone = kept(stream("s", 2000));
  EXPECT_GT(std::count_if(alone.begin(), alone.end(), [](const auto& each) { return each.second; }),
            100);
  EXPECT_EQ(kept(stream("more", 1000) + stream("s", 2000)), alone);
  EXPECT_EQ(kept(stream("s", 2000) + stream("more", 1000)), alone);
}

TEST(Preset, NeedsTheTimesOfItsAgents) {
  const auto problems = [](const std::string& behaviour) {
    ProblemList found;
    EXPECT_FALSE(ParsePreset("name: \"x\" banks { count: 5 } behaviours { first_bank: 1 last_bank: "
                             "1 " +
                                 behaviour + " }",
                             "x.txtpb", std::nullopt, found)
                     .ok());
    return found.ToString();
  };
  EXPECT_EQ(problems("defaults {}"),
            "x.txtpb: behaviours[0].defaults.at: expected a time of day such as 09:05\n");
  EXPECT_EQ(problems("defaults { at: \"12:00\" day: \"monday\" }"),
            "x.txtpb: behaviours[0].defaults.day \"monday\": expected one of the days, 1 to 366\n");
  EXPECT_THAT(problems("withhold { from: \"09:00\" }"),
              HasSubstr("behaviours[0].withhold.to: expected a time of day"));
}

TEST(Preset, IsCheckedAsAWholeAndNamesItsFields) {
  const std::string text = PresetText("chaps-day.txtpb");
  const auto problems = [&](const std::string& more) {
    ProblemList found;
    EXPECT_FALSE(ParsePreset(text + more, "x", std::nullopt, found).ok()) << more;
    return found.ToString();
  };
  const auto with = [&](const std::string& option) {
    std::string changed = text;
    const std::size_t at = changed.rfind("settlement { ") + std::string("settlement { ").size();
    ProblemList found;
    EXPECT_FALSE(ParsePreset(changed.insert(at, option), "x", std::nullopt, found).ok()) << option;
    return found.ToString();
  };
  EXPECT_THAT(with("reserve_urgent: \"half\" "),
              HasSubstr("settlement.reserve_urgent \"half\": expected a share"));
  EXPECT_THAT(with("normal_bypass: \"yes\" "), HasSubstr("normal-bypass is for queue priority"));
  EXPECT_THAT(problems("streams { name: \"interbank\" values { median: \"x\" } value_max: \"1\" }"),
              HasSubstr("streams[2].values[0].median \"x\": expected a decimal number"));
  EXPECT_THAT(problems("days: 400"), HasSubstr("there must be 1 to 366 days"));
}

TEST(Preset, ReportsAllThatIsWrongWithIt) {
  ProblemList problems;
  EXPECT_FALSE(ParsePreset("# proto-message: Study\nname: 5\nnonsense: 1\n", "x.txtpb",
                           std::nullopt, problems)
                   .ok());
  EXPECT_THAT(problems.ToString(), HasSubstr("x.txtpb:2:7"));
  ProblemList meaning;
  EXPECT_FALSE(ParsePreset("name: \"x\" opens: \"50:00\" settlement { queue: \"lifo\" "
                           "liquidity: \"much\" } behaviours { first_bank: 2 last_bank: 1 }",
                           "x.txtpb", std::nullopt, meaning)
                   .ok());
  EXPECT_EQ(meaning.count(), 5U) << meaning.ToString();
}

}  // namespace
}  // namespace causeway::study
