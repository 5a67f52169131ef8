#include "fx-bridge/liquidity/pvp_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "settlement/core/prng.h"

namespace causeway::fx_liquidity {
namespace {

using testing::HasSubstr;

core::Amount Minor(std::int64_t minor) { return core::Amount::FromMinor(minor); }

constexpr CurrencyIndex kEur = 0;
constexpr CurrencyIndex kUsd = 1;
constexpr CurrencyIndex kJpy = 2;
constexpr std::uint32_t kCurrencies = 3;

// Banks with an account of each currency: account = bank * 3 + currency.
PvpQueue QueueOfBanks(std::uint32_t banks) {
  PvpQueue queue;
  queue.currencies = kCurrencies;
  for (std::uint32_t i = 0; i < banks * kCurrencies; ++i) {
    queue.accounts.push_back({i % kCurrencies, Minor(0)});
  }
  return queue;
}

Leg PayLeg(std::uint32_t from, std::uint32_t to, CurrencyIndex currency, std::int64_t amount) {
  return {from * kCurrencies + currency, to * kCurrencies + currency, Minor(amount)};
}

// `one` sells an amount of a currency to `other` for an amount of another one.
void AddSwap(PvpQueue& queue, std::uint32_t one, std::uint32_t other, CurrencyIndex sold,
             std::int64_t amount, CurrencyIndex bought, std::int64_t counter_amount) {
  queue.Add({PayLeg(one, other, sold, amount), PayLeg(other, one, bought, counter_amount)},
            Minor(amount));
}

constexpr std::uint32_t kA = 0;
constexpr std::uint32_t kB = 1;
constexpr std::uint32_t kC = 2;

PvpQueue RingOverThreeCurrencies() {
  PvpQueue queue = QueueOfBanks(3);
  AddSwap(queue, kA, kB, kEur, 100, kUsd, 110);
  AddSwap(queue, kA, kC, kUsd, 110, kJpy, 15'000);
  AddSwap(queue, kA, kB, kJpy, 15'000, kEur, 100);
  AddSwap(queue, kC, kB, kUsd, 110, kJpy, 15'000);
  return queue;
}

TEST(PvpRing, OverThreeCurrenciesSettlesWithoutAnyFunds) {
  const PvpQueue queue = RingOverThreeCurrencies();
  ASSERT_TRUE(CheckQueue(queue).ok());
  EXPECT_EQ(Diagnose(queue, Order::kKept), QueueState::kGridlock);
  EXPECT_EQ(LargestSet(queue), Selection(4, true));
  // No three of the four would do.
  for (std::size_t left_out = 0; left_out < 4; ++left_out) {
    Selection set(4, true);
    set[left_out] = false;
    EXPECT_FALSE(IsFeasible(queue, set, Order::kFree));
  }
}

TEST(PvpRing, SavesAllThatSettlingOneByOneWouldNeed) {
  const PvpQueue queue = RingOverThreeCurrencies();
  const std::vector<Saving> savings = SavingsOf(queue, Selection(4, true));
  ASSERT_EQ(savings.size(), kCurrencies);
  EXPECT_EQ(savings[kEur].settled, Minor(200));
  EXPECT_EQ(savings[kEur].needed_one_by_one, Minor(100));     // A, until B pays it back
  EXPECT_EQ(savings[kUsd].needed_one_by_one, Minor(110));     // B
  EXPECT_EQ(savings[kJpy].needed_one_by_one, Minor(15'000));  // C
  for (const Saving& saving : savings) EXPECT_EQ(saving.needed_together, Minor(0));
}

TEST(PvpLegs, StayTogetherWhenOneOfThemIsNotCovered) {
  PvpQueue queue = QueueOfBanks(2);
  queue.accounts[kA * kCurrencies + kEur].funds = Minor(100);
  AddSwap(queue, kA, kB, kEur, 100, kUsd, 110);  // B has no dollars
  EXPECT_EQ(LargestSet(queue), Selection(1, false));
  EXPECT_EQ(GreedySet(queue), Selection(1, false));
  EXPECT_EQ(Diagnose(queue, Order::kFree), QueueState::kDeadlock);
}

TEST(PvpLegs, HoldUpWhatStandsBehindThemInAnyCurrency) {
  PvpQueue queue = QueueOfBanks(3);
  queue.accounts[kA * kCurrencies + kEur].funds = Minor(100);
  queue.accounts[kB * kCurrencies + kUsd].funds = Minor(10);
  queue.accounts[kC * kCurrencies + kJpy].funds = Minor(10);
  AddSwap(queue, kA, kB, kEur, 1, kUsd, 110);  // B lacks dollars
  AddSwap(queue, kA, kC, kEur, 1, kJpy, 10);   // behind it in A's euro queue
  EXPECT_EQ(LargestSet(queue), (Selection{false, false}));
  EXPECT_EQ(GreedySet(queue), (Selection{false, true}));
}

PvpQueue DrawQueue(core::RandomStream& random) {
  const auto banks = static_cast<std::uint32_t>(2 + random.Uniform(3));
  PvpQueue queue = QueueOfBanks(banks);
  for (Account& account : queue.accounts) account.funds = Minor(random.UniformInRange(0, 9));
  const std::uint64_t settlements = random.Uniform(11);
  for (std::uint64_t i = 0; i < settlements; ++i) {
    std::vector<Leg> legs;
    const std::uint64_t count = 1 + random.Uniform(3);
    for (std::uint64_t leg = 0; leg < count; ++leg) {
      const auto from = static_cast<std::uint32_t>(random.Uniform(banks));
      const auto step = static_cast<std::uint32_t>(1 + random.Uniform(banks - 1));
      const auto currency = static_cast<CurrencyIndex>(random.Uniform(kCurrencies));
      const std::int64_t amount = random.UniformInRange(1, 12);
      legs.push_back(PayLeg(from, (from + step) % banks, currency, amount));
    }
    queue.Add(legs, Minor(random.UniformInRange(0, 9)));
  }
  return queue;
}

Selection BestOfAll(const PvpQueue& queue, Order order) {
  Selection best(queue.size(), false);
  for (std::uint32_t bits = 0; bits < (1U << queue.size()); ++bits) {
    Selection candidate(queue.size());
    for (std::uint32_t i = 0; i < queue.size(); ++i) candidate[i] = (bits >> i) % 2 == 1;
    if (!IsFeasible(queue, candidate, order)) continue;
    const auto rank = [&](const Selection& of) {
      return std::tuple(ValueOf(queue, of), CountOf(of), of);
    };
    if (rank(candidate) > rank(best)) best = candidate;
  }
  return best;
}

constexpr std::uint64_t kSeeds = 1500;

TEST(SolveExactly, FindsTheBestOfAllSets) {
  for (const Order order : {Order::kFree, Order::kKept}) {
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
      core::RandomStream random(seed, "pvp-exact");
      const PvpQueue queue = DrawQueue(random);
      ASSERT_TRUE(CheckQueue(queue).ok());
      ASSERT_EQ(SolveExactly(queue, order), BestOfAll(queue, order)) << "seed " << seed;
    }
  }
}

TEST(LargestSet, IsTheBestSetThatKeepsTheOrder) {
  int nonempty = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    core::RandomStream random(seed, "pvp-largest");
    PvpQueue queue = DrawQueue(random);
    const Selection largest = LargestSet(queue);
    ASSERT_TRUE(IsFeasible(queue, largest, Order::kKept)) << "seed " << seed;
    // At any prices: with every settlement worth something, equal values make no tie.
    for (core::Amount& value : queue.values) value = Minor(random.UniformInRange(1, 9));
    ASSERT_EQ(SolveExactly(queue, Order::kKept), largest) << "seed " << seed;
    nonempty += CountOf(largest) > 0 ? 1 : 0;
  }
  EXPECT_GT(nonempty, 300);
}

TEST(LargestSet, ContainsEverySetThatKeepsTheOrder) {
  for (std::uint64_t seed = 0; seed < kSeeds / 3; ++seed) {
    core::RandomStream random(seed, "pvp-contains");
    const PvpQueue queue = DrawQueue(random);
    const Selection largest = LargestSet(queue);
    for (std::uint32_t bits = 0; bits < (1U << queue.size()); ++bits) {
      Selection candidate(queue.size());
      for (std::uint32_t i = 0; i < queue.size(); ++i) candidate[i] = (bits >> i) % 2 == 1;
      if (!IsFeasible(queue, candidate, Order::kKept)) continue;
      for (std::uint32_t i = 0; i < queue.size(); ++i) {
        ASSERT_LE(candidate[i], largest[i]) << "seed " << seed;
      }
    }
  }
}

// The same algorithm, plainly, with the account that drops drawn by lot.
Selection DropInRandomOrder(const PvpQueue& queue, core::RandomStream& random) {
  Selection set(queue.size(), true);
  while (true) {
    std::vector<std::int64_t> left;
    for (const Account& account : queue.accounts) left.push_back(account.funds.minor());
    std::vector<std::optional<std::uint32_t>> last(queue.accounts.size());
    std::vector<bool> passed_over(queue.accounts.size(), false);
    for (std::uint32_t i = 0; i < queue.size(); ++i) {
      const auto begin = queue.legs.begin() + queue.first_legs[i];
      const auto end = queue.legs.begin() + queue.first_legs[i + 1];
      if (set[i] && std::any_of(begin, end, [&](const Leg& l) { return passed_over[l.payer]; })) {
        set[i] = false;  // stands behind one that was dropped
      }
      for (auto leg = begin; leg != end; ++leg) {
        if (!set[i]) {
          passed_over[leg->payer] = true;
          continue;
        }
        last[leg->payer] = i;
        left[leg->payer] -= leg->amount.minor();
        left[leg->payee] += leg->amount.minor();
      }
    }
    std::vector<std::uint32_t> droppable;
    for (std::size_t account = 0; account < left.size(); ++account) {
      if (left[account] < 0) droppable.push_back(*last[account]);
    }
    if (droppable.empty()) return set;
    set[droppable[random.Uniform(droppable.size())]] = false;
  }
}

TEST(LargestSet, IsTheSameWhateverTheOrderInWhichAccountsDrop) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    core::RandomStream random(seed, "pvp-order");
    const PvpQueue queue = DrawQueue(random);
    for (int order = 0; order < 4; ++order) {
      ASSERT_EQ(DropInRandomOrder(queue, random), LargestSet(queue)) << "seed " << seed;
    }
  }
}

// A day's queue of swaps among banks that have little: what settling it in sets spares.
TEST(LargestSet, OfALongQueueNeedsLessTogetherThanOneByOne) {
  core::RandomStream random(1, "pvp-long");
  constexpr std::uint32_t kBanks = 40;
  PvpQueue queue = QueueOfBanks(kBanks);
  for (Account& account : queue.accounts) account.funds = Minor(20'000);
  for (int i = 0; i < 20'000; ++i) {
    const auto one = static_cast<std::uint32_t>(random.Uniform(kBanks));
    const auto step = static_cast<std::uint32_t>(1 + random.Uniform(kBanks - 1));
    const auto sold = static_cast<CurrencyIndex>(random.Uniform(kCurrencies));
    const auto other = static_cast<CurrencyIndex>(1 + random.Uniform(kCurrencies - 1));
    const std::int64_t amount = random.UniformInRange(1, 1'000);
    AddSwap(queue, one, (one + step) % kBanks, sold, amount, (sold + other) % kCurrencies, amount);
  }
  ASSERT_TRUE(CheckQueue(queue).ok());
  const Selection largest = LargestSet(queue);
  ASSERT_TRUE(IsFeasible(queue, largest, Order::kKept));
  EXPECT_GT(CountOf(largest), 5'000U);
  for (const Saving& saving : SavingsOf(queue, largest)) {
    EXPECT_LT(saving.needed_together, saving.needed_one_by_one);
    EXPECT_LT(saving.needed_one_by_one, saving.settled);
  }
  RecordProperty("settled", std::to_string(CountOf(largest)));
  const Saving euros = SavingsOf(queue, largest)[kEur];
  RecordProperty("euros_one_by_one", std::to_string(euros.needed_one_by_one.minor()));
  RecordProperty("euros_together", std::to_string(euros.needed_together.minor()));
}

TEST(GreedySet, IsCoveredAndCannotBeJoined) {
  std::int64_t greedy_value = 0;
  std::int64_t best_value = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    core::RandomStream random(seed, "pvp-greedy");
    const PvpQueue queue = DrawQueue(random);
    Selection set = GreedySet(queue);
    ASSERT_TRUE(IsFeasible(queue, set, Order::kFree)) << "seed " << seed;
    greedy_value += ValueOf(queue, set).minor();
    best_value += ValueOf(queue, SolveExactly(queue, Order::kFree)).minor();
    for (std::uint32_t i = 0; i < queue.size(); ++i) {
      if (set[i]) continue;
      set[i] = true;
      ASSERT_FALSE(IsFeasible(queue, set, Order::kFree)) << "seed " << seed;
      set[i] = false;
    }
  }
  EXPECT_LE(greedy_value, best_value);
  EXPECT_GE(greedy_value * 10, best_value * 8);
  RecordProperty("greedy_value", std::to_string(greedy_value));
  RecordProperty("best_value", std::to_string(best_value));
}

TEST(Diagnose, TellsGridlockFromDeadlock) {
  int gridlocks = 0;
  int deadlocks = 0;
  for (const Order order : {Order::kFree, Order::kKept}) {
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
      core::RandomStream random(seed, "pvp-diagnose");
      const PvpQueue queue = DrawQueue(random);
      if (queue.size() == 0) {
        ASSERT_EQ(Diagnose(queue, order), QueueState::kEmpty);
        continue;
      }
      const bool any = CountOf(BestOfAll(queue, order)) > 0;
      ASSERT_EQ(Diagnose(queue, order), any ? QueueState::kGridlock : QueueState::kDeadlock);
      ++(any ? gridlocks : deadlocks);
    }
  }
  EXPECT_GT(gridlocks, 100);
  EXPECT_GT(deadlocks, 100);
}

TEST(CheckQueue, NamesWhatIsWrong) {
  const auto error = [](const PvpQueue& queue) { return std::string(CheckQueue(queue).message()); };
  PvpQueue mixed = QueueOfBanks(2);
  mixed.Add({Leg{0, 4, Minor(1)}}, Minor(1));
  EXPECT_THAT(error(mixed), HasSubstr("settlements[0]: the accounts of a leg are of two"));
  PvpQueue itself = QueueOfBanks(2);
  itself.Add({Leg{1, 1, Minor(1)}}, Minor(1));
  EXPECT_THAT(error(itself), HasSubstr("to itself"));
  PvpQueue empty = QueueOfBanks(2);
  empty.Add({}, Minor(1));
  EXPECT_THAT(error(empty), HasSubstr("legs"));
  PvpQueue indebted = QueueOfBanks(2);
  indebted.accounts[3].funds = Minor(-1);
  EXPECT_THAT(error(indebted), HasSubstr("accounts[3]"));
}

}  // namespace
}  // namespace causeway::fx_liquidity
