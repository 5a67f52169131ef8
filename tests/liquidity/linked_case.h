// Small random queues with linked payments, for the tests of both.
#ifndef CAUSEWAY_TESTS_LIQUIDITY_LINKED_CASE_H_
#define CAUSEWAY_TESTS_LIQUIDITY_LINKED_CASE_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "tests/liquidity/random_queue.h"

namespace causeway::liquidity {

inline constexpr std::size_t kLinkedQueueMax = 10;
inline constexpr std::array<Algorithm, 9> kSettlingAlgorithms = {
    Algorithm::kBilateral, Algorithm::kBilateralSingle, Algorithm::kBechSoramaki,
    Algorithm::kGreedy,    Algorithm::kCycle,           Algorithm::kAllOrNothing,
    Algorithm::kPartial,   Algorithm::kMultiple,        Algorithm::kExact};

struct LinkedKind {
  Discipline discipline = Discipline::kFifo;
  bool normal_bypass = false;
  Features features = {.reservations = true, .limits = true, .credit = true};
  EntryOffset entry_offset = EntryOffset::kNone;
};

// A system in which about half of the payments have a partner, some of which never come.
struct LinkedCase {
  LinkedCase(std::uint64_t seed, LinkedKind kind, Algorithm algorithm)
      : random(seed, "links"), system(DrawSystem(random, kind.discipline, kind.features)) {
    system.rules.links_settle_together = true;
    system.rules.normal_bypass = kind.normal_bypass;
    system.rules.entry_offset = kind.entry_offset;
    system.rules.entry_counter_payments_max = 3;
    Optimisation optimisation;
    optimisation.algorithm = algorithm;
    optimisation.counter_payments_max = 3;
    system.rules.optimisations.push_back(optimisation);
    engine.emplace(CreateOrDie(system));
    const std::uint64_t payments = 4 + random.Uniform(12);
    for (std::uint64_t i = 0; i < payments && engine->queued_count() < kLinkedQueueMax; ++i) {
      Submit(DrawLinkedOrder());
    }
    engine->CheckInvariants();
  }

  PaymentOrder DrawLinkedOrder() {
    PaymentOrder order = DrawOrder(random, system.banks.size());
    if (!random.Bernoulli(1, 2)) return order;
    if (!open.empty() && random.Bernoulli(2, 3)) {
      order.link = open.back();
      open.pop_back();
    } else {
      order.link = next_link++;
      open.push_back(order.link);
    }
    return order;
  }
  PaymentId Submit(const PaymentOrder& order) {
    links.push_back(order.link);
    return engine->Submit(At(static_cast<std::int64_t>(links.size())), order, effects);
  }
  // Runs the algorithm on the queue as it stands, and forgets the effects before.
  void Run() {
    for (BankIndex bank = 0; bank < engine->banks(); ++bank) {
      balances.push_back(engine->Balance(bank).minor());
    }
    before = engine->QueueAsProblem();
    effects.clear();
    settled = engine->RunOptimisation(At(1000), 0, effects);
    engine->CheckInvariants();
  }
  Selection SelectionOf(const std::vector<PaymentId>& payments) const {
    Selection selection;
    for (const ProblemPayment& payment : before.payments) {
      selection.push_back(std::find(payments.begin(), payments.end(), payment.id) !=
                          payments.end());
    }
    return selection;
  }
  // What settled since the run began, by set; in the order of sets.
  std::map<std::uint32_t, std::vector<PaymentId>> Sets(bool of_algorithms_only) const {
    std::map<std::uint32_t, std::vector<PaymentId>> sets;
    for (const Effect& effect : effects) {
      if (effect.kind != EffectKind::kSettled || effect.set == 0) continue;
      if (of_algorithms_only && effect.algorithm == Algorithm::kNone) continue;
      sets[effect.set].push_back(effect.payment);
    }
    return sets;
  }
  Selection FirstSet() const {
    const auto sets = Sets(/*of_algorithms_only=*/true);
    return SelectionOf(sets.empty() ? std::vector<PaymentId>() : sets.begin()->second);
  }
  Selection AllSettled() const {
    std::vector<PaymentId> all;
    for (const Effect& effect : effects) {
      if (effect.kind == EffectKind::kSettled) all.push_back(effect.payment);
    }
    return SelectionOf(all);
  }
  // Books the run's effects again, set by set, and sees that no bank ever lacks funds.
  void ExpectNoOverdraftAtAnyInstant() const {
    ExpectCoveredAtAnyInstant(balances, effects, *engine);
  }

  // Of each payment the time and the set in which it settled.
  std::map<PaymentId, std::pair<core::LedgerTime, std::uint32_t>> Settlements() const {
    std::map<PaymentId, std::pair<core::LedgerTime, std::uint32_t>> how;
    for (const Effect& effect : effects) {
      if (effect.kind == EffectKind::kSettled) how[effect.payment] = {effect.time, effect.set};
    }
    return how;
  }
  void ExpectBothOrNeither() const {
    const auto how = Settlements();
    for (PaymentId p = 0; p < links.size(); ++p) {
      for (PaymentId q = 0; q < links.size() && links[p] != 0; ++q) {
        if (p == q || links[p] != links[q]) continue;
        ASSERT_EQ(how.count(p), how.count(q));
        if (how.count(p) > 0) {
          EXPECT_EQ(how.at(p), how.at(q));
        }
      }
      const bool alone = std::count(links.begin(), links.end(), links[p]) == 1;
      if (links[p] != 0 && alone) {
        EXPECT_EQ(how.count(p), 0U);
      }
    }
  }
  // Whether any payment, or any two, could settle by themselves.
  bool AnyCouldBeReleased() const {
    const Problem problem = engine->QueueAsProblem();
    const std::size_t size = problem.payments.size();
    for (std::size_t i = 0; i < size; ++i) {
      for (std::size_t j = i; j < size; ++j) {
        // Two that have nothing to do with each other are no release.
        if (i != j && (problem.payments[i].link == 0 ||
                       problem.payments[i].link != problem.payments[j].link)) {
          continue;
        }
        Selection selection(size, false);
        selection[i] = selection[j] = true;
        if (IsFeasible(problem, selection)) return true;
      }
    }
    return false;
  }

  core::RandomStream random;
  RandomSystem system;
  std::optional<Engine> engine;
  Engine::Effects effects;
  Problem before;
  std::vector<std::int64_t> balances;
  std::uint32_t settled = 0;
  std::uint32_t next_link = 1;
  std::vector<std::uint32_t> open;   // links with one payment
  std::vector<std::uint32_t> links;  // by payment
};

}  // namespace causeway::liquidity

#endif  // CAUSEWAY_TESTS_LIQUIDITY_LINKED_CASE_H_
