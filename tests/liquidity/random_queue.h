// Small random systems for the tests: few banks, little money, all features in reach.
#ifndef CAUSEWAY_TESTS_LIQUIDITY_RANDOM_QUEUE_H_
#define CAUSEWAY_TESTS_LIQUIDITY_RANDOM_QUEUE_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "settlement/core/prng.h"
#include "settlement/liquidity/engine.h"
#include "settlement/liquidity/problem.h"

namespace causeway::liquidity {

inline core::Amount Minor(std::int64_t minor) { return core::Amount::FromMinor(minor); }
inline core::LedgerTime At(std::int64_t micros) { return core::LedgerTime::FromMicros(micros); }

struct RandomSystem {
  Rules rules;
  std::vector<BankTerms> banks;
  std::vector<BilateralLimit> limits;
};

// What a random system may have.
struct Features {
  bool reservations = false;
  bool limits = false;
  bool holding_limits = false;
  bool credit = false;
};

inline RandomSystem DrawSystem(core::RandomStream& random, Discipline discipline,
                               Features features) {
  RandomSystem system;
  system.rules.discipline = discipline;
  system.rules.limits_bind_normal_only = random.Bernoulli(1, 2);
  const std::uint64_t banks = 2 + random.Uniform(4);
  for (std::uint64_t i = 0; i < banks; ++i) {
    BankTerms& bank = system.banks.emplace_back();
    bank.balance = Minor(random.UniformInRange(0, 12));
    if (features.credit && random.Bernoulli(1, 2)) {
      bank.uncollateralised_credit = Minor(random.UniformInRange(0, 8));
    }
    if (features.reservations && random.Bernoulli(1, 2)) {
      bank.reserved_urgent = Minor(random.UniformInRange(0, 6));
      bank.reserved_high = Minor(random.UniformInRange(0, 6));
    }
    if (features.limits && random.Bernoulli(1, 3)) {
      bank.multilateral_limit = Minor(random.UniformInRange(0, 15));
    }
    if (features.holding_limits && random.Bernoulli(1, 3)) {
      bank.holding_limit = Minor(random.UniformInRange(10, 30));
    }
    bank.release_threshold = Minor(random.UniformInRange(0, 5));
  }
  for (BankIndex i = 0; features.limits && i < banks; ++i) {
    for (BankIndex j = 0; j < banks; ++j) {
      if (i == j || !random.Bernoulli(1, 5)) continue;
      const std::int64_t limit = random.UniformInRange(0, 12);
      system.limits.push_back({i, j, Minor(limit)});
    }
  }
  return system;
}

inline PaymentOrder DrawOrder(core::RandomStream& random, std::size_t banks) {
  PaymentOrder order;
  order.sender = static_cast<BankIndex>(random.Uniform(banks));
  const auto step = static_cast<BankIndex>(1 + random.Uniform(banks - 1));
  order.receiver = static_cast<BankIndex>((order.sender + step) % banks);
  order.amount = Minor(random.UniformInRange(1, 15));
  order.priority = static_cast<Priority>(random.Uniform(kPriorities));
  return order;
}

inline Engine CreateOrDie(const RandomSystem& system) {
  return *Engine::Create(system.rules, system.banks, system.limits, At(0));
}

// Books the effects of a run again on the balances before it, set by set, and sees that no bank
// ever lacks funds.
inline void ExpectCoveredAtAnyInstant(std::vector<std::int64_t> balance,
                                      const Engine::Effects& effects, const Engine& engine) {
  std::uint32_t last_set = 0;
  const auto expect_covered = [&] {
    for (BankIndex bank = 0; bank < balance.size(); ++bank) {
      EXPECT_GE(balance[bank] + engine.Bank(bank).credit_line.minor(), 0);
    }
  };
  for (const Effect& effect : effects) {
    if (effect.kind != EffectKind::kSettled) continue;
    if (effect.set == 0 || effect.set != last_set) expect_covered();
    last_set = effect.set;
    const PaymentOrder order = engine.Payment(effect.payment).order;
    balance[order.sender] -= effect.amount.minor();
    balance[order.receiver] += effect.amount.minor();
  }
  expect_covered();
  for (BankIndex bank = 0; bank < balance.size(); ++bank) {
    EXPECT_EQ(balance[bank], engine.Balance(bank).minor());
  }
}

// The problem of one bank alone: all others may do anything.
inline bool MeetsItsConditions(Problem problem, const Selection& selection, BankIndex bank) {
  for (BankIndex other = 0; other < problem.banks.size(); ++other) {
    if (other != bank) problem.banks[other] = ProblemBank{.funds = Minor(1'000'000)};
  }
  std::vector<ProblemBilateralRoom> own;
  for (const ProblemBilateralRoom& room : problem.bilateral_rooms) {
    if (room.sender == bank) own.push_back(room);
  }
  problem.bilateral_rooms = own;
  problem.order = Order::kFree;
  return IsFeasible(problem, selection);
}

}  // namespace causeway::liquidity

#endif  // CAUSEWAY_TESTS_LIQUIDITY_RANDOM_QUEUE_H_
