// Linked payments: both or neither, held against the exact solver and plain enumeration on small
// random queues.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "settlement/liquidity/exact.h"
#include "tests/liquidity/random_queue.h"

namespace causeway::liquidity {
namespace {

constexpr Features kFeatures = {.reservations = true, .limits = true, .credit = true};
constexpr std::size_t kQueueMax = 10;
constexpr std::uint64_t kQueues = 1500;

// A system in which about half of the payments have a partner, some of which never come.
struct LinkedCase {
  LinkedCase(std::uint64_t seed, Discipline discipline, Algorithm algorithm)
      : random(seed, "links"), system(DrawSystem(random, discipline, kFeatures)) {
    system.rules.links_settle_together = true;
    for (BankTerms& bank : system.banks) bank.holding_limit.reset();
    Optimisation optimisation;
    optimisation.algorithm = algorithm;
    system.rules.optimisations.push_back(optimisation);
    engine.emplace(CreateOrDie(system));
    std::vector<std::uint32_t> open;
    const std::uint64_t payments = 4 + random.Uniform(12);
    for (std::uint64_t i = 0; i < payments && engine->queued_count() < kQueueMax; ++i) {
      PaymentOrder order = DrawOrder(random, system.banks.size());
      if (random.Bernoulli(1, 2)) {
        if (!open.empty() && random.Bernoulli(2, 3)) {
          order.link = open.back();
          open.pop_back();
        } else {
          order.link = next_link++;
          open.push_back(order.link);
        }
      }
      engine->Submit(At(static_cast<std::int64_t>(i)), order, effects);
      links.push_back(order.link);
    }
    engine->CheckInvariants();
  }

  // Of each payment the time and the set in which it settled.
  std::map<PaymentId, std::pair<core::LedgerTime, std::uint32_t>> Settlements() const {
    std::map<PaymentId, std::pair<core::LedgerTime, std::uint32_t>> settled;
    for (const Effect& effect : effects) {
      if (effect.kind == EffectKind::kSettled) settled[effect.payment] = {effect.time, effect.set};
    }
    return settled;
  }
  void ExpectBothOrNeither() const {
    const auto settled = Settlements();
    for (PaymentId p = 0; p < links.size(); ++p) {
      for (PaymentId q = 0; q < links.size() && links[p] != 0; ++q) {
        if (p == q || links[p] != links[q]) continue;
        ASSERT_EQ(settled.count(p), settled.count(q));
        if (settled.count(p) > 0) {
          EXPECT_EQ(settled.at(p), settled.at(q));
        }
      }
      const bool alone = std::count(links.begin(), links.end(), links[p]) == 1;
      if (links[p] != 0 && alone) {
        EXPECT_EQ(settled.count(p), 0U);
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
  std::uint32_t next_link = 1;
  std::vector<std::uint32_t> links;  // by payment
};

class LinkedQueues : public ::testing::TestWithParam<Discipline> {};

TEST_P(LinkedQueues, SettleBothPaymentsOfALinkInOneInstantOrNeither) {
  std::size_t pairs = 0;
  for (std::uint64_t seed = 0; seed < kQueues; ++seed) {
    for (const Algorithm algorithm :
         {Algorithm::kBechSoramaki, Algorithm::kExact, Algorithm::kAllOrNothing}) {
      LinkedCase each(seed, GetParam(), algorithm);
      each.engine->RunOptimisation(At(1000), 0, each.effects);
      each.engine->CheckInvariants();
      each.ExpectBothOrNeither();
      if (HasFatalFailure()) FAIL() << "seed " << seed;
      for (const auto& [payment, how] : each.Settlements()) {
        pairs += each.links[payment] != 0 ? 1U : 0U;
      }
    }
  }
  EXPECT_GT(pairs, kQueues);  // they do settle
}

INSTANTIATE_TEST_SUITE_P(Disciplines, LinkedQueues,
                         ::testing::Values(Discipline::kFifo, Discipline::kFifoBypass,
                                           Discipline::kDeferred),
                         [](const auto& each) {
                           std::string name(Name(each.param));
                           name.erase(std::remove(name.begin(), name.end(), '-'), name.end());
                           return name;
                         });

TEST(Links, WhateverIsCoveredAloneIsReleased) {
  for (std::uint64_t seed = 0; seed < 2 * kQueues; ++seed) {
    const Discipline discipline = seed % 2 == 0 ? Discipline::kFifo : Discipline::kFifoBypass;
    LinkedCase each(seed, discipline, Algorithm::kBechSoramaki);
    ASSERT_FALSE(each.AnyCouldBeReleased()) << "seed " << seed;
    // And after money has come.
    const auto bank = static_cast<BankIndex>(each.random.Uniform(each.system.banks.size()));
    each.engine->ChangeBalance(At(500), bank, core::Amount::FromMinor(20), each.effects);
    ASSERT_FALSE(each.AnyCouldBeReleased()) << "seed " << seed;
    each.ExpectBothOrNeither();
  }
}

TEST(Links, BechSoramakiFindsTheLargestSetWhereTheOrderIsKept) {
  std::size_t found = 0;
  for (std::uint64_t seed = 0; seed < kQueues; ++seed) {
    LinkedCase each(seed, Discipline::kFifo, Algorithm::kBechSoramaki);
    const Problem before = each.engine->QueueAsProblem();
    const Selection best = SolveExactly(before);
    each.effects.clear();
    each.engine->RunOptimisation(At(1000), 0, each.effects);
    Selection settled(before.payments.size(), false);
    for (const Effect& effect : each.effects) {
      if (effect.kind != EffectKind::kSettled || effect.cause != Cause::kMultilateralRun) continue;
      for (std::size_t i = 0; i < before.payments.size(); ++i) {
        if (before.payments[i].id == effect.payment) settled[i] = true;
      }
    }
    ASSERT_TRUE(IsFeasible(before, settled)) << "seed " << seed;
    ASSERT_EQ(settled, best) << "seed " << seed;
    found += CountOf(best) > 0 ? 1U : 0U;
  }
  EXPECT_GT(found, kQueues / 20);
}

TEST(Links, DiagnosisTellsGridlockFromDeadlock) {
  for (std::uint64_t seed = 0; seed < kQueues; ++seed) {
    for (const Discipline discipline : {Discipline::kFifo, Discipline::kFifoBypass}) {
      LinkedCase each(seed, discipline, Algorithm::kBechSoramaki);
      if (each.engine->queued_count() == 0) continue;
      const bool any = AnyFeasible(each.engine->QueueAsProblem());
      ASSERT_EQ(each.engine->Diagnose(), any ? QueueState::kGridlock : QueueState::kDeadlock)
          << "seed " << seed;
    }
  }
}

// A leg that waits for its partner holds up what stands behind it where the order is kept, and does
// not where later ones may pass.
TEST(Links, ALegThatWaitsBlocksItsQueueWithFifoOnly) {
  for (const bool bypass : {false, true}) {
    RandomSystem system;
    system.rules.discipline = bypass ? Discipline::kFifoBypass : Discipline::kFifo;
    system.rules.links_settle_together = true;
    system.banks.resize(4);
    for (BankTerms& bank : system.banks) bank.balance = core::Amount::FromMinor(10);
    Engine engine = CreateOrDie(system);
    Engine::Effects effects;
    const auto submit = [&](std::int64_t time, BankIndex from, BankIndex to, std::uint32_t link) {
      PaymentOrder order;
      order.sender = from;
      order.receiver = to;
      order.amount = core::Amount::FromMinor(5);
      order.link = link;
      return engine.Submit(At(time), order, effects);
    };
    const PaymentId leg = submit(1, 0, 1, 7);
    const PaymentId behind = submit(2, 0, 1, 0);
    EXPECT_EQ(engine.Payment(leg).state, PaymentState::kQueued);
    EXPECT_EQ(engine.Payment(behind).state,
              bypass ? PaymentState::kSettled : PaymentState::kQueued);
    const PaymentId other = submit(3, 2, 3, 7);
    EXPECT_EQ(engine.Payment(leg).state, PaymentState::kSettled);
    EXPECT_EQ(engine.Payment(other).state, PaymentState::kSettled);
    EXPECT_EQ(engine.Payment(behind).state, PaymentState::kSettled);
    const PaymentId third = submit(4, 2, 3, 7);
    EXPECT_EQ(engine.Payment(third).state, PaymentState::kRejected);
    EXPECT_EQ(effects.back().refusal, Refusal::kLinkComplete);
  }
}

// A PvP ring over two currencies that only settles as a whole: banks 0 to 2 in one, 3 to 5 in the
// other.
TEST(Links, RingOfTradesSettlesTogether) {
  RandomSystem system;
  system.rules.discipline = Discipline::kFifo;
  system.rules.links_settle_together = true;
  Optimisation optimisation;
  optimisation.algorithm = Algorithm::kBechSoramaki;
  system.rules.optimisations.push_back(optimisation);
  system.banks.resize(6);
  Engine engine = CreateOrDie(system);
  Engine::Effects effects;
  std::int64_t time = 0;
  const auto trade = [&](BankIndex seller, BankIndex buyer, std::uint32_t link) {
    for (const auto& [from, to] : {std::pair(seller, buyer), std::pair(buyer + 3, seller + 3)}) {
      PaymentOrder order;
      order.sender = static_cast<BankIndex>(from);
      order.receiver = static_cast<BankIndex>(to);
      order.amount = core::Amount::FromMinor(100);
      order.link = link;
      engine.Submit(At(++time), order, effects);
    }
  };
  trade(0, 1, 1);
  trade(1, 2, 2);
  EXPECT_EQ(engine.RunOptimisation(At(++time), 0, effects), 0U);
  EXPECT_EQ(engine.Diagnose(), QueueState::kDeadlock);
  trade(2, 0, 3);
  EXPECT_EQ(engine.Diagnose(), QueueState::kGridlock);
  EXPECT_EQ(engine.RunOptimisation(At(++time), 0, effects), 6U);
}

TEST(Links, RulesThatDoNotKnowThemAreRefused) {
  Rules rules;
  rules.links_settle_together = true;
  EXPECT_TRUE(CheckRules(rules).ok());
  const auto message = [](const Rules& wrong) { return std::string(CheckRules(wrong).message()); };
  Rules changed = rules;
  changed.discipline = Discipline::kPriority;
  EXPECT_EQ(message(changed), "links_settle_together: not with the discipline priority");
  for (const Algorithm algorithm :
       {Algorithm::kBilateral, Algorithm::kBilateralSingle, Algorithm::kGreedy, Algorithm::kCycle,
        Algorithm::kPartial, Algorithm::kMultiple}) {
    changed = rules;
    changed.optimisations.emplace_back();
    changed.optimisations.back().algorithm = algorithm;
    EXPECT_NE(message(changed).find("does not know links"), std::string::npos) << Name(algorithm);
  }
  changed = rules;
  changed.entry_offset = EntryOffset::kHeads;
  EXPECT_EQ(message(changed), "links_settle_together: not with offsetting at entry");
  changed = rules;
  changed.splitting.part_min = core::Amount::FromMinor(1);
  EXPECT_EQ(message(changed), "links_settle_together: not with splitting");
  RandomSystem system;
  system.rules = rules;
  system.banks.resize(2);
  system.banks[1].holding_limit = core::Amount::FromMinor(5);
  EXPECT_FALSE(Engine::Create(system.rules, system.banks, {}, At(0)).ok());
}

}  // namespace
}  // namespace causeway::liquidity
