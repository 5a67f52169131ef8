// What each algorithm promises with linked payments (docs/liquidity.md), held against the exact
// solver and against plain enumeration on small random queues.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "settlement/liquidity/exact.h"
#include "tests/liquidity/linked_case.h"

namespace causeway::liquidity {
namespace {

constexpr std::uint64_t kQueuesOfLinks = 1500;

// Those that leave the order of queues even where the discipline keeps it.
bool LeavesTheOrder(Algorithm algorithm) {
  return algorithm == Algorithm::kBilateralSingle || algorithm == Algorithm::kGreedy ||
         algorithm == Algorithm::kMultiple;
}

// Before its first set: in a queue out of which nothing is released.
bool SettlesSinglesFirst(Discipline discipline, Algorithm algorithm) {
  return discipline == Discipline::kDeferred && algorithm == Algorithm::kBilateralSingle;
}

std::string Identifier(std::string_view name) {
  std::string identifier(name);
  identifier.erase(std::remove(identifier.begin(), identifier.end(), '-'), identifier.end());
  return identifier;
}

class LinkedQueues : public testing::TestWithParam<std::tuple<Discipline, Algorithm>> {};

TEST_P(LinkedQueues, SettleLinksWholeAndNeverMoreThanTheExactSolver) {
  const auto [discipline, algorithm] = GetParam();
  std::size_t linked = 0;
  for (std::uint64_t seed = 0; seed < kQueuesOfLinks; ++seed) {
    LinkedKind kind = {.discipline = discipline};
    kind.normal_bypass = discipline == Discipline::kPriority && seed % 2 == 0;
    kind.features.reservations = seed % 4 < 2;
    kind.features.holding_limits = seed % 3 == 0;
    LinkedCase each(seed, kind, algorithm);
    const Engine::Effects earlier = each.effects;
    each.Run();
    each.ExpectNoOverdraftAtAnyInstant();
    Problem allowed = each.before;
    if (LeavesTheOrder(algorithm)) allowed.order = Order::kFree;
    // Without reservations, what settled set by set could have settled as one. (Urgent payments
    // alone may use what a set with normal ones must leave.)
    const Selection settled = kind.features.reservations ? each.FirstSet() : each.AllSettled();
    if (!kind.features.reservations || !SettlesSinglesFirst(discipline, algorithm)) {
      ASSERT_TRUE(IsFeasible(allowed, settled)) << "seed " << seed;
      ASSERT_LE(ValueOf(allowed, settled), ValueOf(allowed, SolveExactly(allowed)));
    }
    each.effects.insert(each.effects.begin(), earlier.begin(), earlier.end());
    each.ExpectBothOrNeither();
    if (HasFatalFailure()) FAIL() << "seed " << seed;
    for (const auto& [payment, how] : each.Settlements()) {
      linked += each.links[payment] != 0 ? 1U : 0U;
    }
  }
  EXPECT_GT(linked, kQueuesOfLinks / 10);  // they do settle
}

INSTANTIATE_TEST_SUITE_P(
    All, LinkedQueues,
    testing::Combine(testing::Values(Discipline::kFifo, Discipline::kFifoBypass,
                                     Discipline::kPriority, Discipline::kDeferred),
                     testing::ValuesIn(kSettlingAlgorithms)),
    [](const auto& each) {
      return Identifier(Name(std::get<0>(each.param))) + "_" +
             Identifier(Name(std::get<1>(each.param)));
    });

const std::vector<LinkedKind> kOrderKept = {{.discipline = Discipline::kFifo},
                                            {.discipline = Discipline::kPriority}};

TEST(LinkedBechSoramaki, FindsTheLargestSetWhereTheOrderIsKept) {
  for (const Algorithm algorithm : {Algorithm::kBechSoramaki, Algorithm::kPartial}) {
    for (const LinkedKind& kind : kOrderKept) {
      std::size_t found = 0;
      for (std::uint64_t seed = 0; seed < kQueuesOfLinks; ++seed) {
        LinkedCase each(seed, kind, algorithm);
        each.Run();
        const Selection best = SolveExactly(each.before);
        ASSERT_EQ(each.FirstSet(), best) << "seed " << seed;
        ASSERT_LE(each.Sets(/*of_algorithms_only=*/true).size(), 1U);
        found += CountOf(best) > 0 ? 1U : 0U;
      }
      EXPECT_GT(found, kQueuesOfLinks / 20);
    }
  }
}

TEST(LinkedMultiple, LeavesNoSetThatKeepsTheOrderOfEveryQueue) {
  for (const LinkedKind& kind : kOrderKept) {
    std::size_t by_pair = 0;
    for (std::uint64_t seed = 0; seed < kQueuesOfLinks; ++seed) {
      LinkedCase each(seed, kind, Algorithm::kMultiple);
      each.Run();
      ASSERT_FALSE(AnyFeasible(each.engine->QueueAsProblem())) << "seed " << seed;
      for (const Effect& effect : each.effects) {
        by_pair += effect.cause == Cause::kBilateralQueue ? 1U : 0U;
      }
    }
    EXPECT_GT(by_pair, 100U);
  }
}

// All sets that fit, but the empty one.
void ForEachFeasible(const Problem& problem, const std::function<void(const Selection&)>& visit) {
  const std::size_t count = problem.payments.size();
  for (std::uint32_t bits = 1; bits < (1U << count); ++bits) {
    Selection set(count);
    for (std::size_t i = 0; i < count; ++i) set[i] = (bits >> i) % 2 == 1;
    if (IsFeasible(problem, set)) visit(set);
  }
}

std::optional<std::size_t> PartnerIn(const Problem& problem, std::size_t of) {
  for (std::size_t i = 0; i < problem.payments.size(); ++i) {
    const bool same = problem.payments[i].link == problem.payments[of].link;
    if (i != of && same && problem.payments[of].link != 0) return i;
  }
  return std::nullopt;
}

bool IsWhole(const Problem& problem, std::size_t of) {
  return problem.payments[of].link == 0 || PartnerIn(problem, of).has_value();
}

bool GoesFromTo(const ProblemPayment& payment, BankIndex from, BankIndex to) {
  return payment.sender == from && payment.receiver == to;
}

// Between two banks, in either direction, or the partner of such a one.
bool BelongsTo(const Problem& problem, std::size_t of, BankIndex one, BankIndex other) {
  const auto is_between = [&](std::size_t i) {
    return GoesFromTo(problem.payments[i], one, other) ||
           GoesFromTo(problem.payments[i], other, one);
  };
  const std::optional<std::size_t> partner = PartnerIn(problem, of);
  return IsWhole(problem, of) && (is_between(of) || (partner && is_between(*partner)));
}

// Whether some two banks pay each other in a set of nothing but payments between the two and their
// partners; with `first_come` the set takes of each bank's such payments the first so many.
bool AnyPairOffsets(Problem problem, bool first_come) {
  if (first_come) problem.order = Order::kFree;
  bool any = false;
  ForEachFeasible(problem, [&](const Selection& set) {
    for (std::size_t first = 0; first < set.size() && !any; ++first) {
      if (!set[first]) continue;
      const BankIndex one = problem.payments[first].sender;
      const BankIndex other = problem.payments[first].receiver;
      bool offsets = false;
      bool all_belong = true;
      bool in_order = true;
      for (std::size_t i = 0; i < set.size(); ++i) {
        const bool belongs = BelongsTo(problem, i, one, other);
        if (set[i]) {
          offsets = offsets || GoesFromTo(problem.payments[i], other, one);
          all_belong = all_belong && belongs;
          continue;
        }
        for (std::size_t j = i + 1; j < set.size() && belongs; ++j) {
          const bool same_bank = problem.payments[j].sender == problem.payments[i].sender;
          if (set[j] && same_bank) in_order = false;
        }
      }
      any = offsets && all_belong && (in_order || !first_come);
    }
  });
  return any;
}

TEST(LinkedBilateral, LeavesNoTwoBanksThatOffset) {
  for (const LinkedKind& kind : kOrderKept) {
    std::size_t with_links = 0;
    for (std::uint64_t seed = 0; seed < kQueuesOfLinks; ++seed) {
      LinkedCase each(seed, kind, Algorithm::kBilateral);
      each.Run();
      if (AnyPairOffsets(each.before, /*first_come=*/false)) {
        ASSERT_GT(each.settled, 0U) << "seed " << seed;
        for (const auto& [set, payments] : each.Sets(/*of_algorithms_only=*/true)) {
          for (const PaymentId payment : payments) with_links += each.links[payment] != 0 ? 1 : 0;
        }
      }
      ASSERT_FALSE(AnyPairOffsets(each.engine->QueueAsProblem(), /*first_come=*/false))
          << "seed " << seed;
    }
    EXPECT_GT(with_links, 20U);
  }
}

TEST(LinkedBilateral, LeavesNoTwoBanksWhoseFirstPaymentsOffsetWherePaymentsMayPass) {
  std::size_t nonempty = 0;
  for (std::uint64_t seed = 0; seed < kQueuesOfLinks; ++seed) {
    LinkedCase each(seed, {.discipline = Discipline::kFifoBypass}, Algorithm::kBilateral);
    each.Run();
    const bool any = AnyPairOffsets(each.before, /*first_come=*/true);
    ASSERT_TRUE(!any || each.settled > 0) << "seed " << seed;
    ASSERT_FALSE(AnyPairOffsets(each.engine->QueueAsProblem(), /*first_come=*/true))
        << "seed " << seed;
    nonempty += any ? 1U : 0U;
  }
  EXPECT_GT(nonempty, 50U);
}

TEST(LinkedGreedy, SettlesASetThatNoFurtherPaymentAndNoFurtherPairCouldJoin) {
  std::size_t nonempty = 0;
  for (const Discipline discipline : {Discipline::kFifoBypass, Discipline::kDeferred}) {
    for (std::uint64_t seed = 0; seed < kQueuesOfLinks; ++seed) {
      LinkedCase each(seed, {.discipline = discipline}, Algorithm::kGreedy);
      each.Run();
      const Selection set = each.FirstSet();
      ASSERT_TRUE(IsFeasible(each.before, set)) << "seed " << seed;
      for (std::size_t i = 0; i < set.size(); ++i) {
        if (set[i]) continue;
        Selection joined = set;
        joined[i] = true;
        if (const auto partner = PartnerIn(each.before, i)) joined[*partner] = true;
        ASSERT_FALSE(IsFeasible(each.before, joined)) << "seed " << seed << ", payment " << i;
      }
      nonempty += CountOf(set) > 0 ? 1U : 0U;
    }
  }
  EXPECT_GT(nonempty, 500U);
}

void Take(const Problem& problem, std::size_t payment, Selection& set) {
  set[payment] = true;
  if (const auto partner = PartnerIn(problem, payment)) set[*partner] = true;
}

bool AllFitWho(const Problem& problem, const Selection& set, const Selection& pay) {
  for (std::size_t i = 0; i < set.size(); ++i) {
    if (pay[i] && !MeetsItsConditions(problem, set, problem.payments[i].sender)) return false;
  }
  return true;
}

// `first` with up to so many of its payee's payments to its payer, oldest first, each with its
// partner; those by which somebody who pays them were short are passed over.
std::optional<Selection> WithCounterPayments(const Problem& problem, std::size_t first,
                                             std::uint32_t counters_max) {
  const Selection none(problem.payments.size(), false);
  if (!IsWhole(problem, first)) return std::nullopt;
  Selection set = none;
  Take(problem, first, set);
  std::uint32_t looked_at = 0;
  for (std::size_t i = 0; i < none.size() && looked_at < counters_max; ++i) {
    const ProblemPayment& payment = problem.payments[first];
    if (!GoesFromTo(problem.payments[i], payment.receiver, payment.sender) || set[i]) continue;
    ++looked_at;
    if (!IsWhole(problem, i)) continue;
    Selection counter = none;
    Take(problem, i, counter);
    Selection more = set;
    Take(problem, i, more);
    if (IsFeasible(problem, more)) return more;
    if (AllFitWho(problem, more, counter)) set = more;
  }
  return std::nullopt;
}

TEST(LinkedBilateralSingle, SettlesTheOldestThatItsOldestCounterPaymentsCarry) {
  std::size_t with_links = 0;
  for (std::uint64_t seed = 0; seed < kQueuesOfLinks; ++seed) {
    LinkedCase each(seed, {.discipline = Discipline::kFifoBypass}, Algorithm::kBilateralSingle);
    each.Run();
    std::optional<Selection> expected;
    for (std::size_t i = 0; i < each.before.payments.size() && !expected; ++i) {
      expected = WithCounterPayments(each.before, i, 3);
    }
    const Selection none(each.before.payments.size(), false);
    ASSERT_EQ(each.FirstSet(), expected.value_or(none)) << "seed " << seed;
    for (std::size_t i = 0; i < none.size() && expected; ++i) {
      with_links += (*expected)[i] && each.before.payments[i].link != 0 ? 1U : 0U;
    }
  }
  EXPECT_GT(with_links, 100U);
}

// Of two that come at entry, the new one and its partner if it has one, the first that offsets.
std::optional<Selection> OffsetAtEntry(const Problem& problem, EntryOffset how) {
  const std::size_t last = problem.payments.size() - 1;
  if (!IsWhole(problem, last)) return std::nullopt;
  std::vector<std::size_t> tried = {last};
  if (const auto partner = PartnerIn(problem, last)) tried.push_back(*partner);
  // What came must be next by the discipline: as if there were money for all.
  Problem rich = problem;
  for (ProblemBank& bank : rich.banks) bank = {.funds = Minor(1'000'000)};
  rich.bilateral_rooms.clear();
  Selection alone(last + 1, false);
  Take(problem, last, alone);
  if (!IsFeasible(rich, alone)) return std::nullopt;
  for (const std::size_t first : tried) {
    if (how == EntryOffset::kSingle) {
      Problem free = problem;
      free.order = Order::kFree;
      if (const auto found = WithCounterPayments(free, first, 3)) return found;
      continue;
    }
    const ProblemPayment& payment = problem.payments[first];
    std::vector<std::size_t> heads;
    for (std::size_t i = 0; i <= last; ++i) {
      if (problem.payments[i].sender == payment.receiver && !alone[i]) heads.push_back(i);
    }
    std::sort(heads.begin(), heads.end(), [&](std::size_t left, std::size_t right) {
      return problem.payments[left].place < problem.payments[right].place;
    });
    Selection set = alone;
    int looked_at = 0;
    for (const std::size_t head : heads) {
      if (set[head]) continue;
      if (problem.payments[head].receiver != payment.sender || looked_at++ == 3) break;
      if (!IsWhole(problem, head)) break;
      Take(problem, head, set);
      if (IsFeasible(problem, set)) return set;
    }
  }
  return std::nullopt;
}

TEST(LinkedEntry, OffsetsWithTheFewestHeadsOrTheOldestCounterPayments) {
  for (const EntryOffset how : {EntryOffset::kHeads, EntryOffset::kSingle}) {
    std::size_t found = 0;
    std::size_t with_links = 0;
    for (std::uint64_t seed = 0; seed < 4 * kQueuesOfLinks; ++seed) {
      const std::array<Discipline, 3> disciplines = {Discipline::kFifo, Discipline::kFifoBypass,
                                                     Discipline::kPriority};
      LinkedCase each(seed, {.discipline = disciplines[seed % 3], .entry_offset = how},
                      Algorithm::kBechSoramaki);
      Problem before = each.engine->QueueAsProblem();
      const PaymentOrder order = each.DrawLinkedOrder();
      each.effects.clear();
      const PaymentId payment = each.Submit(order);
      // Behind all of its sender's, but those of lower priority.
      std::uint64_t place = 0;
      for (ProblemPayment& other : before.payments) {
        other.place *= 2;
        const bool behind =
            disciplines[seed % 3] == Discipline::kPriority && other.priority > order.priority;
        if (other.sender == order.sender && !behind) place = std::max(place, other.place + 1);
      }
      before.payments.push_back(
          {payment, order.sender, order.receiver, order.amount, order.priority, place, order.link});
      const bool released = !each.effects.empty() &&
                            each.engine->Payment(payment).state == PaymentState::kSettled &&
                            std::any_of(each.effects.begin(), each.effects.end(), [&](auto& e) {
                              return e.payment == payment && e.kind == EffectKind::kSettled &&
                                     e.algorithm == Algorithm::kNone;
                            });
      if (released) continue;
      each.before = before;
      const std::optional<Selection> expected = OffsetAtEntry(before, how);
      const Selection none(before.payments.size(), false);
      ASSERT_EQ(each.FirstSet(), expected.value_or(none)) << "seed " << seed;
      found += expected ? 1U : 0U;
      for (std::size_t i = 0; i < none.size() && expected; ++i) {
        with_links += (*expected)[i] && before.payments[i].link != 0 ? 1U : 0U;
      }
    }
    EXPECT_GT(found, 50U);
    EXPECT_GT(with_links, 20U);
  }
}

// Which payments of a queue stand for it in rings: of each bank the head, or of each pair of banks
// the oldest that is whole.
std::vector<std::size_t> RingPayments(const Problem& problem, bool heads_only) {
  std::vector<std::size_t> chosen;
  for (std::size_t i = 0; i < problem.payments.size(); ++i) {
    const ProblemPayment& payment = problem.payments[i];
    bool first = heads_only || IsWhole(problem, i);
    for (std::size_t j = 0; j < problem.payments.size(); ++j) {
      const ProblemPayment& other = problem.payments[j];
      if (heads_only) {
        first = first && !(other.sender == payment.sender && other.place < payment.place);
      } else {
        const bool older = j < i && GoesFromTo(other, payment.sender, payment.receiver);
        first = first && !(older && IsWhole(problem, j));
      }
    }
    if (first) chosen.push_back(i);
  }
  return chosen;
}

// Calls `visit` with every ring of the given payments.
void ForEachRing(const Problem& problem, const std::vector<std::size_t>& edges,
                 std::vector<std::size_t>& path, BankIndex begin,
                 const std::function<void(const std::vector<std::size_t>&)>& visit) {
  const BankIndex at = path.empty() ? begin : problem.payments[path.back()].receiver;
  if (!path.empty() && at == begin) return visit(path);
  for (const std::size_t edge : edges) {
    const ProblemPayment& payment = problem.payments[edge];
    const bool seen = std::any_of(path.begin(), path.end(), [&](std::size_t other) {
      return problem.payments[other].sender == payment.sender;
    });
    if (payment.sender != at || seen) continue;
    path.push_back(edge);
    ForEachRing(problem, edges, path, begin, visit);
    path.pop_back();
  }
}

// The way that heads lead from the payee of a payment back to its payer; empty: none.
std::vector<std::size_t> WayBack(const Problem& problem, std::size_t payment) {
  const std::vector<std::size_t> heads = RingPayments(problem, /*heads_only=*/true);
  std::vector<std::size_t> way;
  BankIndex at = problem.payments[payment].receiver;
  while (at != problem.payments[payment].sender) {
    const auto head = std::find_if(heads.begin(), heads.end(), [&](std::size_t i) {
      return problem.payments[i].sender == at && IsWhole(problem, i);
    });
    if (head == heads.end() || way.size() > heads.size()) return {};
    way.push_back(*head);
    at = problem.payments[*head].receiver;
  }
  return way;
}

// A ring of heads with all that it takes: partners, and for a partner whose payer is short the way
// back, which brings partners again.
bool CompletedRingFits(const Problem& problem, const std::vector<std::size_t>& ring) {
  Selection set(problem.payments.size(), false);
  Selection in_rings = set;
  for (const std::size_t i : ring) {
    if (!IsWhole(problem, i)) return false;
    Take(problem, i, set);
    in_rings[i] = true;
  }
  bool grew = true;
  while (grew) {
    grew = false;
    std::vector<std::size_t> open;
    for (std::size_t i = 0; i < set.size(); ++i) {
      const bool short_of = !MeetsItsConditions(problem, set, problem.payments[i].sender);
      if (set[i] && !in_rings[i] && short_of) open.push_back(i);
    }
    for (const std::size_t i : open) {
      const std::vector<std::size_t> way = WayBack(problem, i);
      if (way.empty()) return false;
      in_rings[i] = grew = true;
      for (const std::size_t step : way) {
        Take(problem, step, set);
        in_rings[step] = true;
      }
    }
  }
  return IsFeasible(problem, set);
}

// Whether any ring fits: of heads, completed; of oldest payments, with its partners.
bool AnyLinkedRingFits(const Problem& problem, bool heads_only) {
  bool any = false;
  for (BankIndex begin = 0; begin < problem.banks.size(); ++begin) {
    std::vector<std::size_t> path;
    ForEachRing(problem, RingPayments(problem, heads_only), path, begin,
                [&](const std::vector<std::size_t>& ring) {
                  Selection set(problem.payments.size(), false);
                  for (const std::size_t i : ring) Take(problem, i, set);
                  any = any || IsFeasible(problem, set) ||
                        (heads_only && CompletedRingFits(problem, ring));
                });
  }
  return any;
}

TEST(LinkedCycle, LeavesNoRingOfHeadsThatFitsWithAllThatItTakes) {
  for (const LinkedKind& kind : kOrderKept) {
    std::size_t nonempty = 0;
    for (std::uint64_t seed = 0; seed < kQueuesOfLinks; ++seed) {
      LinkedCase each(seed, kind, Algorithm::kCycle);
      each.Run();
      const bool any = AnyLinkedRingFits(each.before, /*heads_only=*/true);
      ASSERT_EQ(each.settled > 0, any) << "seed " << seed;
      ASSERT_FALSE(AnyLinkedRingFits(each.engine->QueueAsProblem(), /*heads_only=*/true))
          << "seed " << seed;
      nonempty += any ? 1U : 0U;
    }
    EXPECT_GT(nonempty, 30U);
  }
}

TEST(LinkedCycle, LeavesNoRingOfOldestPaymentsThatFitsWithItsPartnersWherePaymentsMayPass) {
  std::size_t nonempty = 0;
  for (std::uint64_t seed = 0; seed < kQueuesOfLinks; ++seed) {
    LinkedCase each(seed, {.discipline = Discipline::kFifoBypass}, Algorithm::kCycle);
    each.Run();
    const bool any = AnyLinkedRingFits(each.before, /*heads_only=*/false);
    ASSERT_TRUE(!any || each.settled > 0) << "seed " << seed;
    ASSERT_FALSE(AnyLinkedRingFits(each.engine->QueueAsProblem(), /*heads_only=*/false))
        << "seed " << seed;
    nonempty += any ? 1U : 0U;
  }
  EXPECT_GT(nonempty, 50U);
}

// The figures of docs/liquidity.md: run this test with --gtest_output=json:FILE to see them.
TEST(LinkedAlgorithms, SettleSharesOfWhatTheExactOneSettles) {
  const LinkedKind kind = {.discipline = Discipline::kFifoBypass, .features = {}};
  std::int64_t best = 0;
  for (std::uint64_t seed = 0; seed < kQueuesOfLinks; ++seed) {
    const LinkedCase each(seed, kind, Algorithm::kExact);
    const Problem problem = each.engine->QueueAsProblem();
    best += ValueOf(problem, SolveExactly(problem)).minor();
  }
  for (const Algorithm algorithm : kSettlingAlgorithms) {
    std::int64_t value = 0;
    for (std::uint64_t seed = 0; seed < kQueuesOfLinks; ++seed) {
      LinkedCase each(seed, kind, algorithm);
      each.Run();
      value += ValueOf(each.before, each.AllSettled()).minor();
    }
    EXPECT_GT(value, 0) << Name(algorithm);
    EXPECT_LE(value, best) << Name(algorithm);
    RecordProperty("permille_of_best_" + Identifier(Name(algorithm)),
                   std::to_string(value * 1000 / best));
  }
}

}  // namespace
}  // namespace causeway::liquidity
