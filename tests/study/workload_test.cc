#include "scenarios/study/workload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

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

std::string PresetText(const std::string& name) {
  std::ifstream file(CAUSEWAY_SOURCE_DIR "/scenarios/studies/" + name);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(Workload, IsTheSameForTheSameSeedAndAnotherForAnother) {
  Workload workload = SmallWorkload();
  const Input first = *DrawWorkload(workload);
  const Input second = *DrawWorkload(workload);
  const auto same = [](const Payment& a, const Payment& b) {
    return a.amount == b.amount && a.due == b.due && a.sender == b.sender &&
           a.recipient == b.recipient;
  };
  EXPECT_TRUE(std::equal(first.payments.begin(), first.payments.end(), second.payments.begin(),
                         second.payments.end(), same));
  workload.seed = 8;
  const Input other = *DrawWorkload(workload);
  EXPECT_FALSE(std::equal(first.payments.begin(), first.payments.end(), other.payments.begin(),
                          other.payments.end(), same));
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

TEST(Preset, AllOfThemAreSoundAndDescribed) {
  for (const char* name : {"t2-day", "chaps-day", "fedwire-day", "fx-day-2025", "liquidity-squeeze",
                           "bank-default", "rits-day"}) {
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

TEST(Preset, ReportsAllThatIsWrongWithIt) {
  ProblemList problems;
  EXPECT_FALSE(ParsePreset("# proto-message: Study\nname: 5\nnonsense: 1\n", "x.txtpb",
                           std::nullopt, problems)
                   .ok());
  EXPECT_THAT(problems.ToString(), HasSubstr("x.txtpb:2:7"));
  ProblemList meaning;
  EXPECT_FALSE(ParsePreset("name: \"x\" opens: \"25:00\" settlement { queue: \"lifo\" "
                           "liquidity: \"much\" } behaviours { first_bank: 2 last_bank: 1 }",
                           "x.txtpb", std::nullopt, meaning)
                   .ok());
  EXPECT_EQ(meaning.count(), 4U) << meaning.ToString();
}

}  // namespace
}  // namespace causeway::study
