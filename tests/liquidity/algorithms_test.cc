// What each algorithm promises (docs/liquidity.md), held against the exact solver and against plain
// enumeration, on small random queues.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "settlement/core/offsetting.h"
#include "settlement/liquidity/exact.h"
#include "tests/liquidity/random_queue.h"

namespace causeway::liquidity {
namespace {

constexpr Features kAllFeatures = {.reservations = true, .limits = true, .credit = true};

// A system with payments in its queue, an algorithm that may be run on it, and the queue before.
struct Case {
  explicit Case(std::uint64_t seed, Discipline discipline, Algorithm algorithm,
                Features features = kAllFeatures, bool normal_bypass = false)
      : random(seed, "algorithms"), system(DrawSystem(random, discipline, features)) {
    system.rules.normal_bypass = normal_bypass;
    Optimisation optimisation;
    optimisation.algorithm = algorithm;
    optimisation.counter_payments_max = 3;
    system.rules.optimisations.push_back(optimisation);
    engine.emplace(CreateOrDie(system));
    const std::uint64_t payments = 6 + random.Uniform(14);
    for (std::uint64_t i = 0; i < payments && engine->queued_count() < 12; ++i) {
      engine->Submit(At(static_cast<std::int64_t>(i)), DrawOrder(random, system.banks.size()),
                     effects);
    }
    before = engine->QueueAsProblem();
    effects.clear();
  }

  void Run() {
    for (BankIndex bank = 0; bank < engine->banks(); ++bank) {
      balances.push_back(engine->Balance(bank).minor());
    }
    settled = engine->RunOptimisation(At(1000), 0, effects);
    engine->CheckInvariants();
    for (const Effect& effect : effects) {
      if (effect.kind == EffectKind::kSettled && effect.set > 0) {
        sets[effect.set].push_back(effect.payment);
      }
    }
  }

  // Books the effects again, set by set, and sees that no bank ever lacks funds.
  void ExpectNoOverdraftAtAnyInstant() const {
    ExpectCoveredAtAnyInstant(balances, effects, *engine);
  }

  Selection SelectionOf(const std::vector<PaymentId>& payments) const {
    Selection selection;
    for (const ProblemPayment& payment : before.payments) {
      selection.push_back(std::find(payments.begin(), payments.end(), payment.id) !=
                          payments.end());
    }
    return selection;
  }

  Selection FirstSet() const {
    return SelectionOf(sets.empty() ? std::vector<PaymentId>() : sets.begin()->second);
  }

  core::RandomStream random;
  RandomSystem system;
  std::optional<Engine> engine;
  Engine::Effects effects;
  Problem before;
  std::vector<std::int64_t> balances;
  std::uint32_t settled = 0;
  std::map<std::uint32_t, std::vector<PaymentId>> sets;
};

constexpr std::uint64_t kSeeds = 1500;

TEST(BechSoramaki, SettlesTheBestSetThatKeepsTheOrderOfEveryQueue) {
  for (const Discipline discipline : {Discipline::kFifo, Discipline::kPriority}) {
    int nonempty = 0;
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
      Case run(seed, discipline, Algorithm::kBechSoramaki);
      const Selection best = SolveExactly(run.before);
      run.Run();
      ASSERT_EQ(run.FirstSet(), best) << "seed " << seed;
      ASSERT_LE(run.sets.size(), 1U);
      ASSERT_EQ(run.settled, CountOf(best));
      run.ExpectNoOverdraftAtAnyInstant();
      nonempty += run.settled > 0 ? 1 : 0;
    }
    EXPECT_GT(nonempty, 100);
  }
}

// What a ledger's own queue selects (docs/protocols/queue.md), on the queue of an engine.
Selection SelectAsALedgerDoes(const Problem& problem) {
  std::vector<core::OffsettingAccount> accounts;
  for (const ProblemBank& bank : problem.banks) accounts.push_back({bank.funds.minor(), {}});
  std::vector<std::size_t> in_order(problem.payments.size());
  for (std::size_t i = 0; i < in_order.size(); ++i) in_order[i] = i;
  std::stable_sort(in_order.begin(), in_order.end(), [&](std::size_t left, std::size_t right) {
    return problem.payments[left].place < problem.payments[right].place;
  });
  std::vector<core::OffsettingPayment> payments;
  for (const std::size_t i : in_order) {
    const ProblemPayment& payment = problem.payments[i];
    payments.push_back({payment.sender, payment.receiver, payment.amount});
  }
  const std::vector<bool> selected = core::SelectByBechSoramaki(accounts, payments, true);
  Selection selection(problem.payments.size());
  for (std::size_t i = 0; i < in_order.size(); ++i) selection[in_order[i]] = selected[i];
  return selection;
}

TEST(BechSoramaki, EngineSettlesWhatTheQueueOfALedgerWould) {
  for (const Discipline discipline :
       {Discipline::kFifo, Discipline::kPriority, Discipline::kDeferred}) {
    int nonempty = 0;
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
      Case run(seed, discipline, Algorithm::kBechSoramaki, {.credit = true});
      const Selection selected = SelectAsALedgerDoes(run.before);
      run.Run();
      ASSERT_EQ(selected, run.FirstSet()) << "seed " << seed;
      nonempty += CountOf(selected) > 0 ? 1 : 0;
    }
    EXPECT_GT(nonempty, 50);
  }
}

TEST(BechSoramaki, LeavesNothingThatCouldBeReleasedAlone) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Case run(seed, Discipline::kPriority, Algorithm::kBechSoramaki);
    run.Run();
    for (const Effect& effect : run.effects) ASSERT_NE(effect.cause, Cause::kQueueRelease);
    ASSERT_NE(run.engine->Diagnose(), QueueState::kGridlock);
  }
}

// The same algorithm with the bank that drops drawn by lot each time.
Selection DropInRandomOrder(const Problem& problem, core::RandomStream& random) {
  Selection selection(problem.payments.size(), true);
  while (true) {
    std::vector<std::size_t> droppable;
    for (BankIndex bank = 0; bank < problem.banks.size(); ++bank) {
      std::optional<std::size_t> last;
      for (std::size_t i = 0; i < problem.payments.size(); ++i) {
        if (!selection[i] || problem.payments[i].sender != bank) continue;
        if (!last || problem.payments[i].place > problem.payments[*last].place) last = i;
      }
      if (last && !MeetsItsConditions(problem, selection, bank)) droppable.push_back(*last);
    }
    if (droppable.empty()) return selection;
    selection[droppable[random.Uniform(droppable.size())]] = false;
  }
}

TEST(BechSoramaki, SettlesTheSameWhateverTheOrderInWhichBanksDrop) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Case run(seed, Discipline::kPriority, Algorithm::kBechSoramaki);
    run.Run();
    for (int order = 0; order < 4; ++order) {
      ASSERT_EQ(DropInRandomOrder(run.before, run.random), run.FirstSet()) << "seed " << seed;
    }
  }
}

// Where only funds bind, a run takes a shorter way; a holding limit that nobody can reach makes it
// take the general one.
TEST(BechSoramaki, SettlesTheSameWhereOnlyFundsBindAsByTheGeneralWay) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    core::RandomStream random(seed, "only funds bind");
    RandomSystem system = DrawSystem(
        random, seed % 2 == 0 ? Discipline::kFifo : Discipline::kPriority, {.credit = true});
    system.rules.optimisations = {{.algorithm = Algorithm::kBechSoramaki}};
    Engine plain = CreateOrDie(system);
    system.banks[0].holding_limit = Minor(kTotalMinorMax);
    Engine general = CreateOrDie(system);
    Engine::Effects of_plain;
    Engine::Effects of_general;
    for (int i = 1; i <= 14; ++i) {
      const PaymentOrder order = DrawOrder(random, system.banks.size());
      plain.Submit(At(i), order, of_plain);
      general.Submit(At(i), order, of_general);
    }
    plain.RunOptimisation(At(20), 0, of_plain);
    general.RunOptimisation(At(20), 0, of_general);
    ASSERT_EQ(of_plain, of_general) << "seed " << seed;
    plain.CheckInvariants();
  }
}

TEST(BechSoramaki, SettlesSomeSetThatFitsWherePayeesMayHoldNoMore) {
  int less_than_best = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Case run(seed, Discipline::kFifo, Algorithm::kBechSoramaki, {.holding_limits = true});
    run.Run();
    ASSERT_TRUE(IsFeasible(run.before, run.FirstSet())) << "seed " << seed;
    run.ExpectNoOverdraftAtAnyInstant();
    const Selection best = SolveExactly(run.before);
    less_than_best += ValueOf(run.before, run.FirstSet()) < ValueOf(run.before, best) ? 1 : 0;
  }
  EXPECT_GT(less_than_best, 0);  // the guarantee does end there
}

TEST(BechSoramaki, SettlesSomeSetThatFitsWherePaymentsMayPass) {
  int less_than_best = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Case run(seed, Discipline::kFifoBypass, Algorithm::kBechSoramaki);
    run.Run();
    ASSERT_TRUE(IsFeasible(run.before, run.FirstSet())) << "seed " << seed;
    const Selection best = SolveExactly(run.before);
    less_than_best += ValueOf(run.before, run.FirstSet()) < ValueOf(run.before, best) ? 1 : 0;
  }
  EXPECT_GT(less_than_best, 0);
}

TEST(AllOrNothing, SettlesEverythingOrNothing) {
  int all = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Case run(seed, Discipline::kPriority, Algorithm::kAllOrNothing);
    const bool fits = IsFeasible(run.before, Selection(run.before.payments.size(), true));
    run.Run();
    ASSERT_EQ(run.settled, fits ? run.before.payments.size() : 0) << "seed " << seed;
    run.ExpectNoOverdraftAtAnyInstant();
    all += run.settled > 0 ? 1 : 0;
  }
  EXPECT_GT(all, 5);
}

TEST(Partial, SettlesWhatBechSoramakiSettles) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Case partial(seed, Discipline::kPriority, Algorithm::kPartial);
    Case bech_soramaki(seed, Discipline::kPriority, Algorithm::kBechSoramaki);
    partial.Run();
    bech_soramaki.Run();
    ASSERT_EQ(partial.sets, bech_soramaki.sets) << "seed " << seed;
  }
}

TEST(Multiple, LeavesNoSetThatKeepsTheOrderOfEveryQueue) {
  int bilateral = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Case run(seed, Discipline::kPriority, Algorithm::kMultiple);
    run.Run();
    ASSERT_FALSE(AnyFeasible(run.engine->QueueAsProblem())) << "seed " << seed;
    run.ExpectNoOverdraftAtAnyInstant();
    for (const Effect& effect : run.effects) {
      bilateral += effect.cause == Cause::kBilateralQueue ? 1 : 0;
    }
  }
  EXPECT_GT(bilateral, 100);
}

TEST(Greedy, SettlesASetThatNoFurtherPaymentCouldJoin) {
  int nonempty = 0;
  for (const Discipline discipline : {Discipline::kFifoBypass, Discipline::kDeferred}) {
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
      Case run(seed, discipline, Algorithm::kGreedy);
      run.Run();
      Selection set = run.FirstSet();
      ASSERT_TRUE(IsFeasible(run.before, set)) << "seed " << seed;
      run.ExpectNoOverdraftAtAnyInstant();
      for (std::size_t i = 0; i < set.size(); ++i) {
        if (set[i]) continue;
        set[i] = true;
        ASSERT_FALSE(IsFeasible(run.before, set)) << "seed " << seed << ", payment " << i;
        set[i] = false;
      }
      nonempty += CountOf(set) > 0 ? 1 : 0;
    }
  }
  EXPECT_GT(nonempty, 500);
}

TEST(Exact, SettlesTheBestSet) {
  for (const Discipline discipline : {Discipline::kFifo, Discipline::kFifoBypass}) {
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
      const Features all = {
          .reservations = true, .limits = true, .holding_limits = true, .credit = true};
      Case run(seed, discipline, Algorithm::kExact, all);
      run.Run();
      ASSERT_EQ(run.FirstSet(), SolveExactly(run.before)) << "seed " << seed;
      run.ExpectNoOverdraftAtAnyInstant();
    }
  }
}

// The payments at the head of a queue that go to one bank.
std::vector<std::size_t> LeadingTo(const Problem& problem, BankIndex from, BankIndex to) {
  std::vector<std::size_t> queue;
  for (std::size_t i = 0; i < problem.payments.size(); ++i) {
    if (problem.payments[i].sender == from) queue.push_back(i);
  }
  std::sort(queue.begin(), queue.end(), [&](std::size_t left, std::size_t right) {
    return problem.payments[left].place < problem.payments[right].place;
  });
  std::size_t count = 0;
  while (count < queue.size() && problem.payments[queue[count]].receiver == to) ++count;
  queue.resize(count);
  return queue;
}

bool AnyPairOfHeadsFits(const Problem& problem) {
  for (BankIndex one = 0; one < problem.banks.size(); ++one) {
    for (BankIndex other = one + 1; other < problem.banks.size(); ++other) {
      const std::vector<std::size_t> there = LeadingTo(problem, one, other);
      const std::vector<std::size_t> back = LeadingTo(problem, other, one);
      for (std::size_t i = 1; i <= there.size(); ++i) {
        for (std::size_t j = 1; j <= back.size(); ++j) {
          Selection set(problem.payments.size(), false);
          for (std::size_t k = 0; k < i; ++k) set[there[k]] = true;
          for (std::size_t k = 0; k < j; ++k) set[back[k]] = true;
          if (IsFeasible(problem, set)) return true;
        }
      }
    }
  }
  return false;
}

TEST(Bilateral, LeavesNoTwoBanksWhoseHeadsOffset) {
  int nonempty = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Case run(seed, Discipline::kPriority, Algorithm::kBilateral);
    const bool any = AnyPairOfHeadsFits(run.before);
    run.Run();
    ASSERT_EQ(run.settled > 0, any) << "seed " << seed;
    ASSERT_FALSE(AnyPairOfHeadsFits(run.engine->QueueAsProblem())) << "seed " << seed;
    run.ExpectNoOverdraftAtAnyInstant();
    nonempty += any ? 1 : 0;
  }
  EXPECT_GT(nonempty, 50);
}

// The first payment, in the order of arrival, that goes with counter-payments; and with which.
Selection FirstWithCounterPayments(const Problem& problem, std::uint32_t counters_max) {
  const Selection none(problem.payments.size(), false);
  for (std::size_t first = 0; first < problem.payments.size(); ++first) {
    const ProblemPayment& payment = problem.payments[first];
    Selection set = none;
    set[first] = true;
    std::uint32_t looked_at = 0;
    for (std::size_t i = 0; i < problem.payments.size() && looked_at < counters_max; ++i) {
      const ProblemPayment& counter = problem.payments[i];
      if (counter.sender != payment.receiver || counter.receiver != payment.sender) continue;
      ++looked_at;
      set[i] = true;
      if (IsFeasible(problem, set)) return set;
      if (!MeetsItsConditions(problem, set, payment.receiver)) set[i] = false;
    }
  }
  return none;
}

TEST(BilateralSingle, SettlesTheOldestPaymentThatItsOldestCounterPaymentsCarry) {
  int nonempty = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Case run(seed, Discipline::kFifoBypass, Algorithm::kBilateralSingle);
    const Selection expected = FirstWithCounterPayments(run.before, 3);
    run.Run();
    ASSERT_EQ(run.FirstSet(), expected) << "seed " << seed;
    run.ExpectNoOverdraftAtAnyInstant();
    nonempty += CountOf(expected) > 0 ? 1 : 0;
  }
  EXPECT_GT(nonempty, 100);
}

// Whether a ring of the given payments, at most one between each two banks, fits; by enumeration.
bool AnyRingFits(const Problem& problem, const std::vector<std::size_t>& edges,
                 std::vector<std::size_t>& path, BankIndex begin) {
  const BankIndex at = path.empty() ? begin : problem.payments[path.back()].receiver;
  if (!path.empty() && at == begin) {
    Selection set(problem.payments.size(), false);
    for (const std::size_t edge : path) set[edge] = true;
    return IsFeasible(problem, set);
  }
  for (const std::size_t edge : edges) {
    const ProblemPayment& payment = problem.payments[edge];
    const bool seen = std::any_of(path.begin(), path.end(), [&](std::size_t other) {
      return problem.payments[other].sender == payment.sender;
    });
    if (payment.sender != at || seen) continue;
    path.push_back(edge);
    const bool fits = AnyRingFits(problem, edges, path, begin);
    path.pop_back();
    if (fits) return true;
  }
  return false;
}

bool AnyRingFits(const Problem& problem, bool heads_only) {
  std::map<std::pair<BankIndex, BankIndex>, std::size_t> first;
  for (std::size_t i = 0; i < problem.payments.size(); ++i) {
    const ProblemPayment& payment = problem.payments[i];
    const auto key = std::pair(payment.sender, heads_only ? 0 : payment.receiver);
    const auto found = first.find(key);
    const bool before = found != first.end() &&
                        (!heads_only || problem.payments[found->second].place < payment.place);
    if (!before) first[key] = i;
  }
  std::vector<std::size_t> edges;
  for (const auto& [key, edge] : first) edges.push_back(edge);
  for (BankIndex begin = 0; begin < problem.banks.size(); ++begin) {
    std::vector<std::size_t> path;
    if (AnyRingFits(problem, edges, path, begin)) return true;
  }
  return false;
}

TEST(Cycle, LeavesNoRingOfHeads) {
  int nonempty = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Case run(seed, Discipline::kPriority, Algorithm::kCycle);
    const bool any = AnyRingFits(run.before, /*heads_only=*/true);
    run.Run();
    ASSERT_EQ(run.settled > 0, any) << "seed " << seed;
    ASSERT_FALSE(AnyRingFits(run.engine->QueueAsProblem(), /*heads_only=*/true)) << "seed " << seed;
    run.ExpectNoOverdraftAtAnyInstant();
    nonempty += any ? 1 : 0;
  }
  EXPECT_GT(nonempty, 50);
}

TEST(Cycle, LeavesNoRingOfOldestPaymentsWherePaymentsMayPass) {
  int nonempty = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    Case run(seed, Discipline::kFifoBypass, Algorithm::kCycle);
    const bool any = AnyRingFits(run.before, /*heads_only=*/false);
    run.Run();
    ASSERT_EQ(run.settled > 0, any) << "seed " << seed;
    ASSERT_FALSE(AnyRingFits(run.engine->QueueAsProblem(), /*heads_only=*/false))
        << "seed " << seed;
    run.ExpectNoOverdraftAtAnyInstant();
    nonempty += any ? 1 : 0;
  }
  EXPECT_GT(nonempty, 50);
}

// The figures of docs/liquidity.md: run this test with --gtest_output=json:FILE to see them.
TEST(Algorithms, SettleSharesOfWhatTheExactOneSettles) {
  const auto value_by = [](Algorithm algorithm, bool exact) {
    std::int64_t value = 0;
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
      Case run(seed, Discipline::kFifoBypass, algorithm, Features{});
      if (exact) {
        value += ValueOf(run.before, SolveExactly(run.before)).minor();
        continue;
      }
      run.Run();
      for (const Effect& effect : run.effects) {
        value += effect.kind == EffectKind::kSettled ? effect.amount.minor() : 0;
      }
    }
    return value;
  };
  const std::int64_t best = value_by(Algorithm::kExact, /*exact=*/true);
  for (const Algorithm algorithm :
       {Algorithm::kBilateral, Algorithm::kBilateralSingle, Algorithm::kBechSoramaki,
        Algorithm::kGreedy, Algorithm::kCycle, Algorithm::kAllOrNothing, Algorithm::kMultiple}) {
    const std::int64_t value = value_by(algorithm, /*exact=*/false);
    EXPECT_GT(value, 0);
    RecordProperty("permille_of_best_" + std::string(Name(algorithm)),
                   std::to_string(value * 1000 / best));
  }
}

TEST(Diagnose, TellsGridlockFromDeadlock) {
  struct Kind {
    Discipline discipline;
    bool normal_bypass;
  };
  for (const Kind kind : {Kind{Discipline::kFifo, false}, Kind{Discipline::kFifoBypass, false},
                          Kind{Discipline::kPriority, false}, Kind{Discipline::kPriority, true}}) {
    std::map<QueueState, int> states;
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
      const Features all = {
          .reservations = true, .limits = true, .holding_limits = true, .credit = true};
      Case run(seed, kind.discipline, Algorithm::kDiagnose, all, kind.normal_bypass);
      const QueueState expected = run.before.payments.empty() ? QueueState::kEmpty
                                  : AnyFeasible(run.before)   ? QueueState::kGridlock
                                                              : QueueState::kDeadlock;
      ASSERT_EQ(run.engine->Diagnose(), expected) << "seed " << seed;
      ++states[expected];
    }
    EXPECT_GT(states[QueueState::kGridlock], 50);
    EXPECT_GT(states[QueueState::kDeadlock], 50);
  }
}

}  // namespace
}  // namespace causeway::liquidity
