#include "scenarios/load/account_choice.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace causeway::load {
namespace {

TEST(ZipfSampler, DrawsEachRankAsOftenAsItsWeightSays) {
  constexpr std::uint64_t kRanks = 10;
  constexpr int kDraws = 400'000;
  for (const double exponent : {0.5, 0.99, 1.0, 1.3, 3.0}) {
    const ZipfSampler zipf(kRanks, exponent);
    core::RandomStream random(1, "zipf");
    std::vector<double> counts(kRanks + 1);
    for (int i = 0; i < kDraws; ++i) counts[zipf.Sample(random)] += 1;
    EXPECT_EQ(counts[0], 0);
    double weights = 0;
    for (std::uint64_t rank = 1; rank <= kRanks; ++rank) {
      weights += std::pow(static_cast<double>(rank), -exponent);
    }
    for (std::uint64_t rank = 1; rank <= kRanks; ++rank) {
      const double expected = std::pow(static_cast<double>(rank), -exponent) / weights * kDraws;
      EXPECT_NEAR(counts[rank], expected, 5 * std::sqrt(expected) + 1)
          << "rank " << rank << " of exponent " << exponent;
    }
  }
}

TEST(ZipfSampler, StaysInRangeForManyRanks) {
  constexpr std::uint64_t kRanks = 10'000'000;
  const ZipfSampler zipf(kRanks, 0.8);
  core::RandomStream random(2, "zipf");
  std::uint64_t highest = 0;
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t rank = zipf.Sample(random);
    ASSERT_GE(rank, 1u);
    ASSERT_LE(rank, kRanks);
    highest = std::max(highest, rank);
  }
  EXPECT_GT(highest, kRanks / 2);
}

TEST(ZipfSampler, OneRankIsAlwaysThatOne) {
  const ZipfSampler zipf(1, 1.2);
  core::RandomStream random(3, "zipf");
  for (int i = 0; i < 100; ++i) EXPECT_EQ(zipf.Sample(random), 1u);
}

TEST(AccountChoice, UniformReachesAllAlike) {
  constexpr std::uint64_t kAccounts = 50;
  const AccountChoice choice(kAccounts, 0);
  core::RandomStream random(4, "accounts");
  std::vector<int> counts(kAccounts);
  for (int i = 0; i < 100'000; ++i) counts[choice.Choose(random)] += 1;
  for (const int count : counts) EXPECT_NEAR(count, 2000, 250);
}

TEST(AccountChoice, ZipfHasHotAccountsAndReachesAll) {
  for (const std::uint64_t accounts : {2u, 7u, 100u, 128u}) {
    const AccountChoice choice(accounts, 1.1);
    core::RandomStream random(5, "accounts");
    std::vector<int> counts(accounts);
    for (int i = 0; i < 200'000; ++i) counts[choice.Choose(random)] += 1;
    const auto [low, high] = std::minmax_element(counts.begin(), counts.end());
    EXPECT_GT(*low, 0);
    EXPECT_GT(*high, *low * 3 / 2);
  }
}

TEST(AccountChoice, SameSeedSameAccounts) {
  const AccountChoice choice(1000, 0.9);
  core::RandomStream left(6, "accounts");
  core::RandomStream right(6, "accounts");
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(choice.Choose(left), choice.Choose(right));
}

}  // namespace
}  // namespace causeway::load
