// One feature of the engine a test, and the worked cases of docs/liquidity.md.
#include "settlement/liquidity/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/liquidity/random_queue.h"

namespace causeway::liquidity {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr BankIndex kA = 0;
constexpr BankIndex kB = 1;
constexpr BankIndex kC = 2;

// Banks A, B, C with balances; one optimisation, run by hand.
struct Bench {
  explicit Bench(std::vector<std::int64_t> balances, Discipline discipline = Discipline::kFifo,
                 Algorithm algorithm = Algorithm::kBechSoramaki) {
    rules.discipline = discipline;
    rules.tell_queued = false;
    rules.optimisations.push_back({.algorithm = algorithm});
    for (const std::int64_t balance : balances) {
      banks.push_back(BankTerms{.balance = Minor(balance)});
    }
  }

  Engine& engine() {
    if (!created) created.emplace(*Engine::Create(rules, banks, limits, At(0)));
    return *created;
  }

  PaymentId Pay(BankIndex from, BankIndex to, std::int64_t amount,
                Priority priority = Priority::kNormal) {
    return engine().Submit(engine().now(), {from, to, Minor(amount), priority}, effects);
  }

  std::vector<PaymentId> Run() {
    effects.clear();
    engine().RunOptimisation(engine().now(), 0, effects);
    return Settled();
  }

  std::vector<PaymentId> Settled() const {
    std::vector<PaymentId> settled;
    for (const Effect& effect : effects) {
      if (effect.kind == EffectKind::kSettled) settled.push_back(effect.payment);
    }
    return settled;
  }

  std::int64_t Balance(BankIndex bank) { return engine().Balance(bank).minor(); }

  Rules rules;
  std::vector<BankTerms> banks;
  std::vector<BilateralLimit> limits;
  std::optional<Engine> created;
  Engine::Effects effects;
};

// The worked cases.

void PayRing(Bench& bench) {
  bench.Pay(kA, kB, 10);
  bench.Pay(kB, kC, 10);
  bench.Pay(kC, kA, 10);
}

TEST(Ring, OfThreeBanksIsSolvedByMultilateralOffsettingOnly) {
  for (const Algorithm solves :
       {Algorithm::kBechSoramaki, Algorithm::kAllOrNothing, Algorithm::kPartial,
        Algorithm::kMultiple, Algorithm::kCycle, Algorithm::kGreedy, Algorithm::kExact}) {
    Bench bench({0, 0, 0}, Discipline::kFifo, solves);
    PayRing(bench);
    EXPECT_EQ(bench.engine().Diagnose(), QueueState::kGridlock);
    EXPECT_THAT(bench.Run(), ElementsAre(0, 1, 2)) << Name(solves);
    EXPECT_EQ(bench.effects[0].set, bench.effects[2].set);
  }
  for (const Algorithm fails : {Algorithm::kBilateral, Algorithm::kBilateralSingle}) {
    Bench bench({0, 0, 0}, Discipline::kFifo, fails);
    PayRing(bench);
    EXPECT_THAT(bench.Run(), IsEmpty()) << Name(fails);
  }
}

void PayBlockedHead(Bench& bench) {
  bench.Pay(kA, kB, 100);
  bench.Pay(kA, kC, 10);
  bench.Pay(kC, kA, 10);
}

TEST(BlockedHead, IsWhereTheExactAnswerBeatsBechSoramaki) {
  Bench bech_soramaki({0, 0, 0}, Discipline::kFifoBypass, Algorithm::kBechSoramaki);
  PayBlockedHead(bech_soramaki);
  EXPECT_THAT(bech_soramaki.Run(), IsEmpty());
  Bench exact({0, 0, 0}, Discipline::kFifoBypass, Algorithm::kExact);
  PayBlockedHead(exact);
  EXPECT_THAT(exact.Run(), ElementsAre(1, 2));
  Bench greedy({0, 0, 0}, Discipline::kFifoBypass, Algorithm::kGreedy);
  PayBlockedHead(greedy);
  EXPECT_THAT(greedy.Run(), ElementsAre(1, 2));
  // Where the order is kept there is no better answer: the queues are in deadlock.
  Bench fifo({0, 0, 0});
  PayBlockedHead(fifo);
  EXPECT_EQ(fifo.engine().Diagnose(), QueueState::kDeadlock);
}

TEST(Deadlock, IsSolvedByNothingButMoney) {
  for (int algorithm = 1; algorithm < kAlgorithms; ++algorithm) {
    Bench bench({3, 3, 0}, Discipline::kFifo, static_cast<Algorithm>(algorithm));
    bench.Pay(kA, kB, 10);
    bench.Pay(kB, kC, 15);
    EXPECT_EQ(bench.engine().Diagnose(), QueueState::kDeadlock);
    EXPECT_THAT(bench.Run(), IsEmpty()) << Name(static_cast<Algorithm>(algorithm));
    bench.engine().ChangeBalance(At(1), kA, Minor(7), bench.effects);
    EXPECT_THAT(bench.Settled(), ElementsAre(0));
  }
}

TEST(Target2Sequence, GoesOnToTheNextAlgorithmOnlyWhenOneSettlesNothing) {
  Bench bench({0, 0, 0});
  bench.rules.optimisations.clear();
  for (const Algorithm algorithm :
       {Algorithm::kAllOrNothing, Algorithm::kPartial, Algorithm::kMultiple}) {
    Optimisation optimisation;
    optimisation.algorithm = algorithm;
    optimisation.first = At(100);
    optimisation.every = core::Duration::FromMicros(100);
    optimisation.only_if_previous_settled_nothing = algorithm != Algorithm::kAllOrNothing;
    bench.rules.optimisations.push_back(optimisation);
  }
  PayRing(bench);
  bench.engine().AdvanceTo(At(100), bench.effects);
  EXPECT_THAT(bench.Settled(), ElementsAre(0, 1, 2));
  EXPECT_EQ(bench.effects.front().algorithm, Algorithm::kAllOrNothing);
  EXPECT_EQ(bench.effects.back().algorithm, Algorithm::kAllOrNothing);
  bench.effects.clear();
  PayRing(bench);
  bench.Pay(kA, kB, 1);  // cannot settle with the ring, so not all can
  bench.engine().AdvanceTo(At(200), bench.effects);
  EXPECT_THAT(bench.Settled(), ElementsAre(3, 4, 5));
  EXPECT_EQ(bench.effects.front().kind, EffectKind::kRun);
  EXPECT_EQ(bench.effects.back().algorithm, Algorithm::kPartial);
}

// Features.

TEST(Engine, RejectsAtOnceWhatIsNotCoveredWhereThereIsNoQueue) {
  Bench bench({5, 0}, Discipline::kImmediate);
  bench.Pay(kA, kB, 6);
  ASSERT_EQ(bench.effects.size(), 1U);
  EXPECT_EQ(bench.effects[0].kind, EffectKind::kRejected);
  EXPECT_EQ(bench.effects[0].refusal, Refusal::kUncovered);
  bench.Pay(kA, kB, 5);
  EXPECT_EQ(bench.effects[1].kind, EffectKind::kSettled);
}

TEST(Engine, RefusesMalformedPaymentsByName) {
  Bench bench({5, 0});
  bench.Pay(kA, kA, 1);
  bench.Pay(kA, 7, 1);
  bench.Pay(kA, kB, 0);
  bench.engine().Close(At(5), bench.effects);
  bench.Pay(kA, kB, 1);
  std::vector<Refusal> refusals;
  for (const Effect& effect : bench.effects) refusals.push_back(effect.refusal);
  EXPECT_THAT(refusals, ElementsAre(Refusal::kSameBank, Refusal::kUnknownBank,
                                    Refusal::kAmountNotPositive, Refusal::kClosed));
}

TEST(Engine, RefusesValueThatItCouldNotAddUp) {
  Bench bench({0, 0});
  bench.Pay(kA, kB, kTotalMinorMax);
  bench.Pay(kA, kB, 1);
  EXPECT_EQ(bench.effects.back().refusal, Refusal::kTotalTooLarge);
}

TEST(Engine, LendsCollateralLessItsHaircutRoundedDown) {
  Bench bench({0, 0});
  bench.banks[kA].collateral = Minor(999);
  bench.banks[kA].haircut_basis_points = 1'000;
  EXPECT_EQ(bench.engine().Bank(kA).credit_line, Minor(899));
  bench.Pay(kA, kB, 899);
  bench.Pay(kA, kB, 1);
  EXPECT_EQ(bench.Balance(kA), -899);
  EXPECT_EQ(bench.engine().queued_count(), 1U);
  EXPECT_EQ(bench.engine().SetCredit(At(1), kA, Minor(998), 1'000, Minor(0), bench.effects),
            Refusal::kUncovered);
  EXPECT_EQ(bench.engine().SetCredit(At(1), kA, Minor(999), 1'000, Minor(1), bench.effects),
            Refusal::kNone);
  EXPECT_THAT(bench.Settled(), ElementsAre(0, 1));
}

TEST(Engine, ChargesDrawnCreditByTime) {
  Bench bench({0, 0});
  bench.banks[kA].uncollateralised_credit = Minor(1'000'000);
  bench.rules.credit_price_ppm_per_day = 100;
  bench.Pay(kA, kB, 1'000'000);
  const auto hours = [](std::int64_t count) { return At(count * 3'600'000'000); };
  bench.engine().AdvanceTo(hours(12), bench.effects);
  EXPECT_EQ(bench.engine().Bank(kA).credit_charge, Minor(50));
  bench.engine().Submit(hours(12), {kB, kA, Minor(1'000'000)}, bench.effects);
  bench.engine().AdvanceTo(hours(24), bench.effects);
  EXPECT_EQ(bench.engine().Bank(kA).credit_charge, Minor(50));
  EXPECT_EQ(bench.engine().Bank(kA).peak_credit, Minor(1'000'000));
}

TEST(Engine, KeepsReservationsForUrgentAndHighPayments) {
  Bench bench({10, 0}, Discipline::kPriority);
  bench.banks[kA].reserved_urgent = Minor(4);
  bench.banks[kA].reserved_high = Minor(3);
  bench.Pay(kA, kB, 4);                   // of 10, only 3 are free
  bench.Pay(kA, kB, 6, Priority::kHigh);  // 6 are, beside the urgent reservation
  EXPECT_THAT(bench.Settled(), ElementsAre(1));
  EXPECT_EQ(bench.engine().Bank(kA).reserved_high, Minor(0));
  bench.Pay(kA, kB, 3, Priority::kUrgent);
  EXPECT_THAT(bench.Settled(), ElementsAre(1, 2));
  EXPECT_EQ(bench.engine().Bank(kA).reserved_urgent, Minor(1));
}

TEST(Engine, LetsUrgentPaymentsGoBeforeOthersThatCameEarlier) {
  Bench bench({0, 0}, Discipline::kPriority);
  bench.Pay(kA, kB, 5);
  bench.Pay(kA, kB, 5, Priority::kHigh);
  bench.Pay(kA, kB, 5, Priority::kUrgent);
  bench.engine().ChangeBalance(At(1), kA, Minor(15), bench.effects);
  EXPECT_THAT(bench.Settled(), ElementsAre(2, 1, 0));
}

TEST(Engine, KeepsABilateralLimitUntilTheOtherPaysBack) {
  Bench bench({100, 100});
  bench.limits.push_back({kA, kB, Minor(10)});
  bench.Pay(kA, kB, 8);
  bench.Pay(kA, kB, 5);
  EXPECT_THAT(bench.Settled(), ElementsAre(0));
  bench.Pay(kB, kA, 3);
  EXPECT_THAT(bench.Settled(), ElementsAre(0, 2, 1));
}

TEST(Engine, CountsAgainstTheMultilateralLimitAllWithoutABilateralOne) {
  Bench bench({100, 100, 100});
  bench.banks[kA].multilateral_limit = Minor(10);
  bench.limits.push_back({kA, kB, Minor(50)});
  bench.Pay(kA, kB, 40);
  bench.Pay(kA, kC, 10);
  bench.Pay(kA, kC, 1);
  EXPECT_THAT(bench.Settled(), ElementsAre(0, 1));
  EXPECT_EQ(bench.engine().SetMultilateralLimit(At(1), kA, Minor(11), bench.effects),
            Refusal::kNone);
  EXPECT_THAT(bench.Settled(), ElementsAre(0, 1, 2));
}

TEST(Engine, HoldsBackWhatThePayeeMayNotHold) {
  Bench bench({10, 5, 0});
  bench.banks[kB].holding_limit = Minor(10);
  bench.Pay(kA, kB, 6);
  EXPECT_THAT(bench.Settled(), IsEmpty());
  bench.Pay(kB, kC, 1);
  EXPECT_THAT(bench.Settled(), ElementsAre(1, 0));
}

TEST(Engine, SettlesPartsOfWhatMayBeSplit) {
  Bench bench({7, 0});
  bench.rules.splitting = {Minor(20), Minor(5), Minor(0)};
  const PaymentId payment = bench.Pay(kA, kB, 20);
  ASSERT_EQ(bench.effects.size(), 1U);
  EXPECT_EQ(bench.effects[0].kind, EffectKind::kPartSettled);
  EXPECT_EQ(bench.effects[0].amount, Minor(7));
  EXPECT_EQ(bench.engine().Payment(payment).unsettled, Minor(13));
  bench.engine().ChangeBalance(At(1), kA, Minor(4), bench.effects);  // less than the least part
  EXPECT_EQ(bench.effects.size(), 1U);
  bench.engine().ChangeBalance(At(2), kA, Minor(9), bench.effects);
  EXPECT_EQ(bench.effects.back().kind, EffectKind::kSettled);
  EXPECT_EQ(bench.effects.back().amount, Minor(13));
  EXPECT_EQ(bench.engine().Payment(payment).order.amount, Minor(20));
}

TEST(Engine, ReleasesOutOfReceiptsOnlyWhereReleaseIsReceiptReactive) {
  Bench bench({100, 100});
  bench.rules.release = Release::kReceiptReactive;
  bench.rules.receipt_window = core::Duration::FromMinutes(60);
  bench.Pay(kA, kB, 8);
  bench.Pay(kB, kA, 5, Priority::kUrgent);
  EXPECT_THAT(bench.Settled(), ElementsAre(1));
  bench.Pay(kB, kA, 4, Priority::kUrgent);
  EXPECT_THAT(bench.Settled(), ElementsAre(1, 2, 0));
}

TEST(Engine, KeepsTheThresholdWhereReleaseIsBalanceReactive) {
  Bench bench({10, 0});
  bench.rules.release = Release::kBalanceReactive;
  bench.banks[kA].release_threshold = Minor(4);
  bench.Pay(kA, kB, 7);
  bench.Pay(kA, kB, 7, Priority::kUrgent);
  EXPECT_THAT(bench.Settled(), IsEmpty());  // the order is kept
  bench.engine().SetReleaseThreshold(At(1), kA, Minor(3), bench.effects);
  EXPECT_THAT(bench.Settled(), ElementsAre(0));
}

TEST(Engine, OffsetsAtEntryAgainstTheHeadOfThePayeesQueue) {
  Bench bench({0, 2});
  bench.rules.entry_offset = EntryOffset::kHeads;
  bench.Pay(kA, kB, 10);
  bench.Pay(kB, kA, 12);
  EXPECT_THAT(bench.Settled(), ElementsAre(0, 1));
  EXPECT_EQ(bench.effects[0].cause, Cause::kBilateralEntry);
  EXPECT_EQ(bench.Balance(kA), 2);
}

TEST(Engine, OffsetsAtEntryAgainstPaymentsFurtherBackWhereOrderIsNotKept) {
  Bench bench({0, 0, 0}, Discipline::kFifoBypass);
  bench.rules.entry_offset = EntryOffset::kSingle;
  bench.Pay(kA, kC, 50);
  bench.Pay(kA, kB, 4);
  bench.Pay(kA, kB, 6);
  bench.Pay(kB, kA, 10);
  EXPECT_THAT(bench.Settled(), ElementsAre(1, 2, 3));
}

TEST(Engine, LooksForCounterPaymentsOnlyOfWhatHasWaited) {
  Bench bench({0, 0}, Discipline::kFifoBypass, Algorithm::kBilateralSingle);
  bench.rules.optimisations[0].wait_min = core::Duration::FromMinutes(1);
  bench.Pay(kA, kB, 10);
  bench.Pay(kB, kA, 10);
  bench.engine().RunOptimisation(At(59'999'999), 0, bench.effects);
  EXPECT_THAT(bench.Settled(), IsEmpty());
  bench.engine().RunOptimisation(At(60'000'000), 0, bench.effects);
  EXPECT_THAT(bench.Settled(), ElementsAre(0, 1));
}

TEST(Engine, LooksAtNoMoreCounterPaymentsThanTheRulesSay) {
  for (const std::uint32_t counters : {2U, 3U}) {
    Bench bench({0, 0}, Discipline::kFifoBypass, Algorithm::kBilateralSingle);
    bench.rules.optimisations[0].counter_payments_max = counters;
    bench.Pay(kA, kB, 9);
    for (int i = 0; i < 3; ++i) bench.Pay(kB, kA, 3);
    bench.Run();
    EXPECT_EQ(bench.engine().queued_count(), counters == 3 ? 0U : 4U);
  }
}

TEST(Engine, RunsOptimisationsAtTheirTimes) {
  Bench bench({0, 0, 0});
  bench.rules.optimisations[0].first = At(500);
  bench.rules.optimisations[0].every = core::Duration::FromMicros(1000);
  PayRing(bench);
  bench.engine().Submit(At(499), {kA, kB, Minor(3)}, bench.effects);
  EXPECT_THAT(bench.Settled(), IsEmpty());
  bench.engine().Submit(At(2000), {kA, kB, Minor(3)}, bench.effects);
  EXPECT_THAT(bench.Settled(), ElementsAre(0, 1, 2));
  EXPECT_EQ(bench.effects[0].time, At(500));
  EXPECT_EQ(bench.effects.back().time, At(1500));  // another run, as something waited still
}

TEST(Engine, ExpiresWhatWaitsWhenTheDayEnds) {
  Bench bench({0, 0});
  bench.Pay(kA, kB, 3);
  bench.engine().Close(At(10), bench.effects);
  ASSERT_EQ(bench.effects.size(), 1U);
  EXPECT_EQ(bench.effects[0].kind, EffectKind::kExpired);
  EXPECT_EQ(bench.engine().Payment(0).state, PaymentState::kExpired);
  EXPECT_EQ(bench.engine().Cancel(At(11), 0, bench.effects), Refusal::kClosed);
}

TEST(Engine, ReleasesTheNextPaymentWhenTheOneBeforeIsCancelled) {
  Bench bench({3, 0});
  bench.Pay(kA, kB, 5);
  bench.Pay(kA, kB, 3);
  EXPECT_EQ(bench.engine().Cancel(At(1), 0, bench.effects), Refusal::kNone);
  EXPECT_THAT(bench.Settled(), ElementsAre(1));
  EXPECT_EQ(bench.engine().Cancel(At(1), 1, bench.effects), Refusal::kNotQueued);
  EXPECT_EQ(bench.engine().Cancel(At(1), 9, bench.effects), Refusal::kUnknownPayment);
}

TEST(Engine, SaysWhenADiagnosisWouldTakeTooLong) {
  Bench bench({5, 0}, Discipline::kFifoBypass);
  bench.Pay(kB, kA, 241);
  for (int i = 0; i < 40; ++i) {
    bench.Pay(kA, kB, 6);
    bench.Pay(kB, kA, 240);
  }
  // One of 240 would go with all of 6, but dropping the last never finds it behind the 241.
  EXPECT_EQ(bench.engine().Diagnose(), QueueState::kUndecided);
}

TEST(Create, NamesTheFieldThatIsWrong) {
  const auto error = [](const Rules& rules, const std::vector<BankTerms>& banks) {
    return std::string(Engine::Create(rules, banks, {}, At(0)).status().message());
  };
  const std::vector<BankTerms> two(2);
  Rules rules;
  rules.normal_bypass = true;
  EXPECT_THAT(error(rules, two), testing::HasSubstr("normal_bypass"));
  rules = Rules();
  rules.optimisations.push_back({.algorithm = Algorithm::kNone});
  EXPECT_THAT(error(rules, two), testing::HasSubstr("optimisations[0]: algorithm"));
  rules = Rules();
  rules.splitting.threshold = Minor(5);
  EXPECT_THAT(error(rules, two), testing::HasSubstr("splitting.part_min"));
  std::vector<BankTerms> indebted = two;
  indebted[1].balance = Minor(-1);
  EXPECT_THAT(error(Rules(), indebted), testing::HasSubstr("banks[1]: balance"));
  EXPECT_THAT(error(Rules(), {}), testing::HasSubstr("banks"));
}

}  // namespace
}  // namespace causeway::liquidity
