#include "settlement/core/offsetting.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "settlement/core/prng.h"

namespace causeway::core {
namespace {

OffsettingPayment Payment(std::uint32_t sender, std::uint32_t receiver, std::int64_t minor) {
  return {sender, receiver, Amount::FromMinor(minor)};
}

struct Case {
  std::vector<OffsettingAccount> accounts;
  std::vector<OffsettingPayment> payments;
  std::vector<OffsettingLimit> limits;
};

// What normal payments of `payer` come to, to or from all or one account, of what is selected.
absl::int128 NormalFlow(const Case& queue, const std::vector<bool>& selected, std::uint32_t payer,
                        bool out, std::uint32_t only, const std::vector<bool>& without) {
  absl::int128 flow = 0;
  for (std::size_t i = 0; i < queue.payments.size(); ++i) {
    const OffsettingPayment& payment = queue.payments[i];
    if (!selected[i] || payment.priority != PaymentPriority::kNormal) continue;
    if ((out ? payment.sender : payment.receiver) != payer) continue;
    const std::uint32_t other = out ? payment.receiver : payment.sender;
    if (only != payer ? other == only : !without[other]) flow += payment.amount.minor();
  }
  return flow;
}

// The conditions of sets in docs/liquidity.md that are not of funds alone.
bool KeepsTerms(const Case& queue, const std::vector<bool>& selected,
                const std::vector<absl::int128>& growth) {
  for (std::uint32_t i = 0; i < growth.size(); ++i) {
    const OffsettingAccount& account = queue.accounts[i];
    absl::int128 out[3] = {0, 0, 0};
    for (std::size_t j = 0; j < queue.payments.size(); ++j) {
      const OffsettingPayment& payment = queue.payments[j];
      if (selected[j] && payment.sender == i) {
        out[static_cast<int>(payment.priority)] += payment.amount.minor();
      }
    }
    const absl::int128 after = account.funds + growth[i];
    const absl::int128 urgent = std::max<absl::int128>(0, account.reserved_urgent - out[2]);
    const absl::int128 high = std::max<absl::int128>(0, account.reserved_high - out[1]);
    if (out[0] + out[1] > 0 && after < urgent) return false;
    if (out[0] > 0 && after < urgent + high + account.release_threshold) return false;
    std::vector<bool> limited(growth.size());
    for (const OffsettingLimit& limit : queue.limits) {
      if (limit.sender != i) continue;
      limited[limit.receiver] = true;
      const absl::int128 paid = NormalFlow(queue, selected, i, true, limit.receiver, {});
      const absl::int128 received = NormalFlow(queue, selected, i, false, limit.receiver, {});
      if (paid > 0 && paid - received > limit.room) return false;
    }
    if (!account.multilateral_room.has_value()) continue;
    const absl::int128 paid = NormalFlow(queue, selected, i, true, i, limited);
    const absl::int128 received = NormalFlow(queue, selected, i, false, i, limited);
    if (paid > 0 && paid - received > *account.multilateral_room) return false;
  }
  return true;
}

bool CanSettle(const Case& queue, const std::vector<bool>& selected, bool keep_order) {
  std::vector<absl::int128> growth(queue.accounts.size());
  std::vector<bool> stopped(queue.accounts.size());
  for (std::size_t i = 0; i < queue.payments.size(); ++i) {
    const OffsettingPayment& payment = queue.payments[i];
    if (!selected[i]) {
      stopped[payment.sender] = true;
      continue;
    }
    if (keep_order && stopped[payment.sender]) return false;
    growth[payment.sender] -= payment.amount.minor();
    growth[payment.receiver] += payment.amount.minor();
  }
  for (std::size_t i = 0; i < growth.size(); ++i) {
    if (queue.accounts[i].funds + growth[i] < 0) return false;
    if (queue.accounts[i].room.has_value() && growth[i] > *queue.accounts[i].room) return false;
  }
  return KeepsTerms(queue, selected, growth);
}

// Tries every set.
std::vector<bool> LargestSet(const Case& queue) {
  const std::size_t count = queue.payments.size();
  std::vector<bool> best(count);
  absl::int128 best_value = 0;
  for (std::uint32_t bits = 0; bits < (std::uint32_t{1} << count); ++bits) {
    std::vector<bool> selected(count);
    absl::int128 value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      selected[i] = (bits >> i & 1) != 0;
      if (selected[i]) value += queue.payments[i].amount.minor();
    }
    if (value > best_value && CanSettle(queue, selected, true)) {
      best = selected;
      best_value = value;
    }
  }
  return best;
}

Case Draw(RandomStream& random, bool with_room) {
  Case queue;
  const auto accounts = static_cast<std::uint32_t>(2 + random.Uniform(4));
  for (std::uint32_t i = 0; i < accounts; ++i) {
    OffsettingAccount& account = queue.accounts.emplace_back();
    account.funds = static_cast<std::int64_t>(random.Uniform(6));
    if (with_room && random.Uniform(2) == 0)
      account.room = static_cast<std::int64_t>(random.Uniform(6));
  }
  const std::uint64_t payments = random.Uniform(10);
  for (std::uint64_t i = 0; i < payments; ++i) {
    const auto sender = static_cast<std::uint32_t>(random.Uniform(accounts));
    const auto step = static_cast<std::uint32_t>(1 + random.Uniform(accounts - 1));
    const auto minor = static_cast<std::int64_t>(1 + random.Uniform(9));
    queue.payments.push_back(Payment(sender, (sender + step) % accounts, minor));
  }
  return queue;
}

Case DrawWithTerms(RandomStream& random) {
  Case queue = Draw(random, false);
  const auto small = [&random] { return static_cast<std::int64_t>(random.Uniform(5)); };
  for (std::uint32_t i = 0; i < queue.accounts.size(); ++i) {
    OffsettingAccount& account = queue.accounts[i];
    account.funds = static_cast<std::int64_t>(random.Uniform(12));
    if (random.Uniform(2) == 0) account.reserved_urgent = small();
    if (random.Uniform(2) == 0) account.reserved_high = small();
    if (random.Uniform(3) == 0) account.release_threshold = small();
    if (random.Uniform(3) == 0) account.multilateral_room = small() - 1;
    if (random.Uniform(2) == 0) {
      queue.limits.push_back(
          {i, static_cast<std::uint32_t>((i + 1) % queue.accounts.size()), small() - 1});
    }
  }
  for (OffsettingPayment& payment : queue.payments) {
    payment.priority = static_cast<PaymentPriority>(random.Uniform(3));
  }
  return queue;
}

TEST(OffsettingTest, ARingOfThreeWithoutFundsSettlesAsAWhole) {
  const std::vector<OffsettingAccount> accounts(3);
  const std::vector<OffsettingPayment> payments = {Payment(0, 1, 100), Payment(1, 2, 100),
                                                   Payment(2, 0, 100)};
  EXPECT_EQ(SelectByBechSoramaki(accounts, payments, true), std::vector<bool>({true, true, true}));
}

TEST(OffsettingTest, AShortfallDropsTheLastOfTheQueueAndWhatHungOnIt) {
  // 0 owes 1 two payments and gets one back; 2 lives on the second.
  const std::vector<OffsettingAccount> accounts(3);
  const std::vector<OffsettingPayment> payments = {Payment(0, 1, 50), Payment(0, 2, 30),
                                                   Payment(1, 0, 50), Payment(2, 1, 30)};
  EXPECT_EQ(SelectByBechSoramaki(accounts, payments, true),
            std::vector<bool>({true, false, true, false}));
}

TEST(OffsettingTest, ADeadlockSettlesNothing) {
  const std::vector<OffsettingAccount> accounts(2);
  const std::vector<OffsettingPayment> payments = {Payment(0, 1, 5), Payment(0, 1, 1)};
  EXPECT_EQ(SelectByBechSoramaki(accounts, payments, true), std::vector<bool>({false, false}));
}

TEST(OffsettingTest, RoomToHoldIsKept) {
  std::vector<OffsettingAccount> accounts(2);
  accounts[0].funds = 100;
  accounts[1].room = 40;
  const std::vector<OffsettingPayment> payments = {Payment(0, 1, 40), Payment(0, 1, 1)};
  EXPECT_EQ(SelectByBechSoramaki(accounts, payments, true), std::vector<bool>({true, false}));
}

TEST(OffsettingTest, IsTheLargestSetThatKeepsTheOrder) {
  RandomStream random(20010901, "offsetting");
  int partial = 0;
  for (int round = 0; round < 4000; ++round) {
    const Case queue = Draw(random, false);
    const std::vector<bool> selected = SelectByBechSoramaki(queue.accounts, queue.payments, true);
    ASSERT_EQ(selected, LargestSet(queue)) << "round " << round;
    const auto count = std::count(selected.begin(), selected.end(), true);
    if (count > 0 && count < static_cast<std::ptrdiff_t>(selected.size())) ++partial;
  }
  EXPECT_GT(partial, 500) << "most cases say little";
}

TEST(OffsettingTest, IsTheLargestSetThatKeepsTheTermsOfAccountsToo) {
  RandomStream random(2007, "offsetting terms");
  int partial = 0;
  int smaller = 0;
  for (int round = 0; round < 4000; ++round) {
    Case queue = DrawWithTerms(random);
    const std::vector<bool> selected =
        SelectByBechSoramaki(queue.accounts, queue.payments, true, queue.limits);
    ASSERT_EQ(selected, LargestSet(queue)) << "round " << round;
    ASSERT_TRUE(CanSettle(
        queue, SelectByBechSoramaki(queue.accounts, queue.payments, false, queue.limits), false));
    const auto count = std::count(selected.begin(), selected.end(), true);
    if (count > 0 && count < static_cast<std::ptrdiff_t>(selected.size())) ++partial;
    for (OffsettingAccount& account : queue.accounts) account = {.funds = account.funds};
    if (selected != SelectByBechSoramaki(queue.accounts, queue.payments, true)) ++smaller;
  }
  EXPECT_GT(partial, 500) << "most cases say little";
  EXPECT_GT(smaller, 500) << "terms rarely bind";
}

TEST(OffsettingTest, WithBoundsOrFreeOrderTheSetCanSettle) {
  RandomStream random(7, "offsetting");
  for (int round = 0; round < 4000; ++round) {
    const Case queue = Draw(random, true);
    for (const bool keep_order : {true, false}) {
      const std::vector<bool> selected =
          SelectByBechSoramaki(queue.accounts, queue.payments, keep_order);
      ASSERT_TRUE(CanSettle(queue, selected, keep_order)) << "round " << round;
    }
  }
}

}  // namespace
}  // namespace causeway::core
