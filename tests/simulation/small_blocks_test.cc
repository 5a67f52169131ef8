#include "scenarios/explore/small_blocks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "scenarios/explore/workers.h"

namespace causeway::sim {
namespace {

using ::testing::IsEmpty;

constexpr std::size_t kSizeMax = 2500;  // above what is kept in blocks

// Objects of all sizes, each full of its own byte.
std::vector<std::unique_ptr<std::string>> MakeAll() {
  std::vector<std::unique_ptr<std::string>> all;
  for (std::size_t size = 0; size < kSizeMax; ++size) {
    all.push_back(std::make_unique<std::string>(size, static_cast<char>(size % 251)));
  }
  return all;
}

bool AreWhole(const std::vector<std::unique_ptr<std::string>>& all) {
  for (std::size_t size = 0; size < all.size(); ++size) {
    if (*all[size] != std::string(size, static_cast<char>(size % 251))) return false;
  }
  return true;
}

// In a process of its own, which keeps its blocks until it ends.
TEST(SmallBlocksTest, ObjectsAreWholeAndThoseOfBeforeMayBeFreed) {
  std::vector<std::unique_ptr<std::string>> before = MakeAll();
  const absl::StatusOr<Outcome> outcome = RunAlone([&before] {
    Outcome said;
    UseSmallBlocks();
    std::vector<std::unique_ptr<std::string>> first = MakeAll();
    if (!AreWhole(before) || !AreWhole(first)) said.breaches.push_back("objects overlap");
    before.clear();
    first.clear();
    const std::vector<std::unique_ptr<std::string>> second = MakeAll();
    const std::vector<std::unique_ptr<std::string>> third = MakeAll();
    if (!AreWhole(second) || !AreWhole(third)) said.breaches.push_back("freed blocks overlap");
    for (const auto& object : third) {
      if (reinterpret_cast<std::uintptr_t>(object.get()) % alignof(std::max_align_t) == 0) continue;
      said.breaches.push_back("a block is not aligned");
    }
    return said;
  });
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_THAT(outcome->breaches, IsEmpty());
}

TEST(SmallBlocksTest, MoreThanOneSlabOfASizeIsMade) {
  const absl::StatusOr<Outcome> outcome = RunAlone([] {
    Outcome said;
    UseSmallBlocks();
    std::vector<std::unique_ptr<std::uint64_t>> many;
    for (std::uint64_t i = 0; i < 100'000; ++i) many.push_back(std::make_unique<std::uint64_t>(i));
    for (std::uint64_t i = 0; i < many.size(); ++i) {
      if (*many[i] == i) continue;
      said.breaches.push_back("objects overlap");
      break;
    }
    return said;
  });
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_THAT(outcome->breaches, IsEmpty());
}

}  // namespace
}  // namespace causeway::sim
