// Worked cases of trades, payment versus payment, over several currencies.
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>

#include "tests/liquidity/linked_case.h"

namespace causeway::liquidity {
namespace {

// Banks 0, 1 and 2 have accounts of euros, dollars and yen, and no money.
constexpr BankIndex kEuro = 0;
constexpr BankIndex kDollar = 3;
constexpr BankIndex kYen = 6;

class Trades {
 public:
  Trades(Discipline discipline, Algorithm algorithm,
         EntryOffset entry_offset = EntryOffset::kNone) {
    RandomSystem system;
    system.rules.discipline = discipline;
    system.rules.links_settle_together = true;
    system.rules.entry_offset = entry_offset;
    if (algorithm != Algorithm::kNone) {
      system.rules.optimisations.emplace_back().algorithm = algorithm;
    }
    system.banks.resize(9);
    engine_.emplace(CreateOrDie(system));
  }

  // `one` sells an amount of a currency to `other` for an amount of another one.
  void Add(BankIndex one, BankIndex other, BankIndex sold, std::int64_t amount, BankIndex bought,
           std::int64_t counter_amount) {
    ++links_;
    Pay(one + sold, other + sold, amount);
    Pay(other + bought, one + bought, counter_amount);
  }
  std::uint32_t Run() { return engine_->RunOptimisation(At(++time_), 0, effects_); }
  const Engine& engine() const { return *engine_; }

 private:
  void Pay(BankIndex from, BankIndex to, std::int64_t amount) {
    engine_->Submit(At(++time_), {from, to, Minor(amount), Priority::kNormal, links_}, effects_);
  }

  std::optional<Engine> engine_;
  Engine::Effects effects_;
  std::int64_t time_ = 0;
  std::uint32_t links_ = 0;
};

// The ring of docs/liquidity.md: all four trades settle together without money, no three would.
TEST(RingOfTradesOverThreeCurrencies, IsSettledByEveryAlgorithmOfMoreThanTwoBanks) {
  for (const Discipline discipline :
       {Discipline::kFifo, Discipline::kFifoBypass, Discipline::kPriority, Discipline::kDeferred}) {
    for (const Algorithm algorithm : kSettlingAlgorithms) {
      const bool of_two =
          algorithm == Algorithm::kBilateral || algorithm == Algorithm::kBilateralSingle;
      Trades trades(discipline, algorithm);
      trades.Add(0, 1, kEuro, 100, kDollar, 110);
      trades.Add(0, 2, kDollar, 110, kYen, 15'000);
      trades.Add(0, 1, kYen, 15'000, kEuro, 100);
      EXPECT_EQ(trades.Run(), 0U) << Name(discipline) << " " << Name(algorithm);
      EXPECT_EQ(trades.engine().Diagnose(), QueueState::kDeadlock);
      trades.Add(2, 1, kDollar, 110, kYen, 15'000);
      EXPECT_EQ(trades.engine().Diagnose(), QueueState::kGridlock);
      EXPECT_EQ(trades.Run(), of_two ? 0U : 8U) << Name(discipline) << " " << Name(algorithm);
    }
  }
}

TEST(TradeAndItsReverse, AreSettledByEveryAlgorithm) {
  for (const Discipline discipline :
       {Discipline::kFifo, Discipline::kFifoBypass, Discipline::kPriority, Discipline::kDeferred}) {
    for (const Algorithm algorithm : kSettlingAlgorithms) {
      Trades trades(discipline, algorithm);
      trades.Add(0, 1, kEuro, 100, kDollar, 110);
      EXPECT_EQ(trades.Run(), 0U);
      trades.Add(1, 0, kEuro, 100, kDollar, 110);
      EXPECT_EQ(trades.Run(), 4U) << Name(discipline) << " " << Name(algorithm);
    }
  }
}

TEST(TradeAndItsReverse, SettleAtEntryOfTheSecond) {
  for (const EntryOffset how : {EntryOffset::kHeads, EntryOffset::kSingle}) {
    for (const Discipline discipline :
         {Discipline::kFifo, Discipline::kFifoBypass, Discipline::kPriority}) {
      Trades trades(discipline, Algorithm::kNone, how);
      trades.Add(0, 1, kEuro, 100, kDollar, 110);
      EXPECT_EQ(trades.engine().queued_count(), 2U);
      trades.Add(1, 0, kEuro, 100, kDollar, 110);
      EXPECT_EQ(trades.engine().queued_count(), 0U) << Name(discipline);
    }
  }
}

}  // namespace
}  // namespace causeway::liquidity
