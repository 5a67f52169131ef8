#include "settlement/liquidity/exact.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>
#include <vector>

#include "tests/liquidity/random_queue.h"

namespace causeway::liquidity {
namespace {

Problem DrawProblem(core::RandomStream& random, Order order) {
  Problem problem;
  problem.order = order;
  problem.limits_bind_normal_only = random.Bernoulli(1, 2);
  const std::uint64_t banks = 2 + random.Uniform(3);
  for (std::uint64_t i = 0; i < banks; ++i) {
    ProblemBank& bank = problem.banks.emplace_back();
    bank.funds = Minor(random.UniformInRange(0, 8));
    if (random.Bernoulli(1, 3)) bank.reserved_urgent = Minor(random.UniformInRange(0, 5));
    if (random.Bernoulli(1, 3)) bank.reserved_high = Minor(random.UniformInRange(0, 5));
    if (random.Bernoulli(1, 5)) bank.receipts_left = Minor(random.UniformInRange(0, 5));
    if (random.Bernoulli(1, 5)) bank.room_to_hold = Minor(random.UniformInRange(0, 9));
    if (random.Bernoulli(1, 5)) bank.multilateral_room = Minor(random.UniformInRange(0, 9));
  }
  if (random.Bernoulli(1, 2)) problem.bilateral_rooms.push_back({0, 1, Minor(4)});
  const std::uint64_t payments = random.Uniform(10);
  for (std::uint64_t i = 0; i < payments; ++i) {
    const PaymentOrder order_drawn = DrawOrder(random, problem.banks.size());
    // A queue by priority, in each the order of arrival.
    const std::uint64_t place = 100 * static_cast<std::uint64_t>(order_drawn.priority) + i;
    problem.payments.push_back({static_cast<PaymentId>(i), order_drawn.sender, order_drawn.receiver,
                                order_drawn.amount, order_drawn.priority, place});
  }
  return problem;
}

// All sets, one after another; the best by the words of the header.
Selection BestOfAll(const Problem& problem) {
  const std::size_t count = problem.payments.size();
  Selection best(count, false);
  for (std::uint32_t bits = 1; bits < (1U << count); ++bits) {
    Selection candidate(count);
    for (std::size_t i = 0; i < count; ++i) candidate[i] = (bits >> i) % 2 == 1;
    if (!IsFeasible(problem, candidate)) continue;
    const auto rank = [&](const Selection& of) {
      return std::tuple(ValueOf(problem, of), CountOf(of), of);  // true sorts after false
    };
    if (rank(candidate) > rank(best)) best = candidate;
  }
  return best;
}

TEST(SolveExactly, FindsTheBestOfAllSets) {
  for (const Order order : {Order::kFree, Order::kKept, Order::kNormalFree}) {
    int nonempty = 0;
    for (std::uint64_t seed = 0; seed < 700; ++seed) {
      core::RandomStream random(seed, "exact");
      const Problem problem = DrawProblem(random, order);
      const Selection best = BestOfAll(problem);
      ASSERT_EQ(SolveExactly(problem), best) << "seed " << seed;
      ASSERT_EQ(AnyFeasible(problem), CountOf(best) > 0) << "seed " << seed;
      nonempty += CountOf(best) > 0 ? 1 : 0;
    }
    EXPECT_GT(nonempty, 100);
  }
}

TEST(SolveExactly, PrefersMorePaymentsOfTheSameValueAndThenEarlierOnes) {
  Problem problem;
  problem.banks.resize(2);
  problem.banks[0].funds = Minor(10);
  const auto add = [&](std::int64_t amount) {
    problem.payments.push_back({0, 0, 1, Minor(amount), Priority::kNormal, 0});
  };
  add(10);
  add(4);
  add(6);
  add(6);
  EXPECT_EQ(SolveExactly(problem), (Selection{false, true, true, false}));
}

}  // namespace
}  // namespace causeway::liquidity
