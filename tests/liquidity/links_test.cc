// Linked payments: both or neither, held against the exact solver and plain enumeration on small
// random queues.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "settlement/liquidity/exact.h"
#include "tests/liquidity/linked_case.h"

namespace causeway::liquidity {
namespace {

constexpr std::uint64_t kLinkedSeeds = 1500;

TEST(Links, WhateverIsCoveredAloneIsReleased) {
  const std::vector<LinkedKind> kinds = {
      {.discipline = Discipline::kFifo},
      {.discipline = Discipline::kFifoBypass},
      {.discipline = Discipline::kPriority},
      {.discipline = Discipline::kPriority, .normal_bypass = true},
      {.discipline = Discipline::kFifoBypass, .features = {.holding_limits = true}}};
  for (std::uint64_t seed = 0; seed < kinds.size() * kLinkedSeeds; ++seed) {
    LinkedCase each(seed, kinds[seed % kinds.size()], Algorithm::kBechSoramaki);
    ASSERT_FALSE(each.AnyCouldBeReleased()) << "seed " << seed;
    // And after money has come.
    const auto bank = static_cast<BankIndex>(each.random.Uniform(each.system.banks.size()));
    each.engine->ChangeBalance(At(500), bank, core::Amount::FromMinor(20), each.effects);
    ASSERT_FALSE(each.AnyCouldBeReleased()) << "seed " << seed;
    each.ExpectBothOrNeither();
  }
}

TEST(Links, DiagnosisTellsGridlockFromDeadlock) {
  for (std::uint64_t seed = 0; seed < kLinkedSeeds; ++seed) {
    for (const LinkedKind& kind :
         {LinkedKind{.discipline = Discipline::kFifo},
          LinkedKind{.discipline = Discipline::kFifoBypass},
          LinkedKind{.discipline = Discipline::kPriority},
          LinkedKind{.discipline = Discipline::kPriority, .normal_bypass = true},
          LinkedKind{.discipline = Discipline::kFifo, .features = {.holding_limits = true}}}) {
      LinkedCase each(seed, kind, Algorithm::kBechSoramaki);
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

// Each payer gives its leg a priority of its own, and uses what it has reserved for that.
TEST(Links, ALegUsesTheReservationOfItsOwnPriority) {
  for (const Priority priority : {Priority::kNormal, Priority::kHigh, Priority::kUrgent}) {
    RandomSystem system;
    system.rules.discipline = Discipline::kPriority;
    system.rules.links_settle_together = true;
    system.banks.resize(4);
    system.banks[0].balance = system.banks[2].balance = Minor(10);
    system.banks[0].reserved_urgent = Minor(4);
    system.banks[0].reserved_high = Minor(3);
    Engine engine = CreateOrDie(system);
    Engine::Effects effects;
    engine.Submit(At(1), {0, 1, Minor(6), priority, 1}, effects);
    engine.Submit(At(2), {2, 3, Minor(10), Priority::kNormal, 1}, effects);
    // Normal payments may use 3, high ones 6, urgent ones 10.
    EXPECT_EQ(engine.queued_count(), priority == Priority::kNormal ? 2U : 0U);
    EXPECT_EQ(engine.Bank(0).reserved_high, priority == Priority::kHigh ? Minor(0) : Minor(3));
    EXPECT_EQ(engine.Bank(0).reserved_urgent, priority == Priority::kUrgent ? Minor(0) : Minor(4));
  }
}

// A leg holds up what is less urgent in its payer's queue, and no more.
TEST(Links, ALegThatWaitsBlocksWhatIsLessUrgent) {
  RandomSystem system;
  system.rules.discipline = Discipline::kPriority;
  system.rules.links_settle_together = true;
  system.banks.resize(3);
  for (BankTerms& bank : system.banks) bank.balance = Minor(20);
  Engine engine = CreateOrDie(system);
  Engine::Effects effects;
  engine.Submit(At(1), {0, 1, Minor(5), Priority::kHigh, 1}, effects);
  const PaymentId normal = engine.Submit(At(2), {0, 1, Minor(1), Priority::kNormal, 0}, effects);
  const PaymentId urgent = engine.Submit(At(3), {0, 1, Minor(1), Priority::kUrgent, 0}, effects);
  EXPECT_EQ(engine.Payment(normal).state, PaymentState::kQueued);
  EXPECT_EQ(engine.Payment(urgent).state, PaymentState::kSettled);
  engine.Submit(At(4), {2, 1, Minor(5), Priority::kNormal, 1}, effects);
  EXPECT_EQ(engine.queued_count(), 0U);
}

TEST(Links, RulesByWhichTheyCouldNotStayTogetherAreRefused) {
  Rules rules;
  rules.links_settle_together = true;
  const auto message = [](const Rules& wrong) { return std::string(CheckRules(wrong).message()); };
  Rules changed = rules;
  changed.discipline = Discipline::kImmediate;
  EXPECT_EQ(message(changed),
            "links_settle_together: not with the discipline immediate: the payment of a link that "
            "comes first must wait for the other, and there is no queue");
  changed = rules;
  changed.splitting.part_min = core::Amount::FromMinor(1);
  EXPECT_EQ(message(changed),
            "links_settle_together: not with splitting: a part of a payment would have to settle "
            "with a part of the other at the same rate, and whole minor units seldom have one");
}

TEST(Links, AllOtherRulesKnowThem) {
  for (const Discipline discipline :
       {Discipline::kFifo, Discipline::kFifoBypass, Discipline::kPriority, Discipline::kDeferred}) {
    Rules rules;
    rules.links_settle_together = true;
    rules.discipline = discipline;
    for (int algorithm = 1; algorithm < kAlgorithms; ++algorithm) {
      rules.optimisations.emplace_back().algorithm = static_cast<Algorithm>(algorithm);
    }
    EXPECT_TRUE(CheckRules(rules).ok()) << Name(discipline);
    if (discipline == Discipline::kDeferred) continue;
    rules.entry_offset = EntryOffset::kHeads;
    EXPECT_TRUE(CheckRules(rules).ok()) << Name(discipline);
  }
}

}  // namespace
}  // namespace causeway::liquidity
