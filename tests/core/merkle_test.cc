#include "settlement/core/merkle.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "settlement/core/hash.h"
#include "tests/vectors/read_vector.h"

namespace causeway::core {
namespace {

constexpr std::uint64_t kSizesMax = 70;

using Proof = std::vector<Hash256>;
using Leaves = std::span<const Hash256>;

// The definitions of RFC 6962 section 2.1, word for word and as slow.
std::size_t Split(std::size_t size) {
  std::size_t k = 1;
  while (k * 2 < size) k *= 2;
  return k;
}

Hash256 NaiveRoot(Leaves leaves) {
  if (leaves.empty()) return EmptyRoot();
  if (leaves.size() == 1) return leaves[0];
  const std::size_t k = Split(leaves.size());
  return NodeHash(NaiveRoot(leaves.first(k)), NaiveRoot(leaves.subspan(k)));
}

Proof NaivePath(std::size_t index, Leaves leaves) {
  if (leaves.size() == 1) return {};
  const std::size_t k = Split(leaves.size());
  Proof proof =
      index < k ? NaivePath(index, leaves.first(k)) : NaivePath(index - k, leaves.subspan(k));
  proof.push_back(NaiveRoot(index < k ? leaves.subspan(k) : leaves.first(k)));
  return proof;
}

Proof NaiveSubproof(std::size_t old_size, Leaves leaves, bool whole) {
  if (old_size == leaves.size()) return whole ? Proof{} : Proof{NaiveRoot(leaves)};
  const std::size_t k = Split(leaves.size());
  Proof proof = old_size <= k ? NaiveSubproof(old_size, leaves.first(k), whole)
                              : NaiveSubproof(old_size - k, leaves.subspan(k), false);
  proof.push_back(NaiveRoot(old_size <= k ? leaves.subspan(k) : leaves.first(k)));
  return proof;
}

std::vector<Hash256> SampleLeaves(std::uint64_t count) {
  std::vector<Hash256> leaves;
  for (std::uint64_t i = 0; i < count; ++i) leaves.push_back(LeafHash(std::to_string(i)));
  return leaves;
}

MerkleTree TreeOf(const std::vector<Hash256>& leaves) {
  MerkleTree tree;
  for (const Hash256& leaf : leaves) tree.Append(leaf);
  return tree;
}

Hash256 Hash(const nlohmann::json& hex) { return *Hash256::FromHex(hex.get<std::string>()); }

Proof Hashes(const nlohmann::json& list) {
  Proof proof;
  for (const auto& hex : list) proof.push_back(Hash(hex));
  return proof;
}

class PublishedVectorsTest : public ::testing::Test {
 protected:
  PublishedVectorsTest() {
    for (const auto& leaf : vectors_["leaves"]) {
      tree_.Append(LeafHash(*FromHex(leaf.get<std::string>())));
    }
  }
  Hash256 PublishedRoot(std::uint64_t size) const { return Hash(vectors_["roots"][size - 1]); }

  const nlohmann::json vectors_ =
      nlohmann::json::parse(::causeway::testing::ReadVector("rfc6962.json"));
  MerkleTree tree_;
};

TEST_F(PublishedVectorsTest, RootsMatch) {
  EXPECT_EQ(EmptyRoot(), Hash(vectors_["empty_root"]));
  EXPECT_EQ(MerkleTree().Root(), EmptyRoot());
  EXPECT_EQ(MerkleFrontier().Root(), EmptyRoot());
  MerkleFrontier frontier;
  for (std::uint64_t size = 1; size <= 8; ++size) {
    frontier.Append(*tree_.Leaf(size - 1));
    EXPECT_EQ(frontier.Root(), PublishedRoot(size));
    EXPECT_EQ(*tree_.RootAt(size), PublishedRoot(size));
  }
  EXPECT_EQ(tree_.Root(), PublishedRoot(8));
}

TEST_F(PublishedVectorsTest, InclusionProofsMatch) {
  for (const auto& vector : vectors_["inclusion"]) {
    const auto index = vector["leaf_index"].get<std::uint64_t>();
    const auto size = vector["tree_size"].get<std::uint64_t>();
    const Proof proof = Hashes(vector["proof"]);
    EXPECT_EQ(*tree_.InclusionProof(index, size), proof) << vector;
    EXPECT_TRUE(VerifyInclusion(*tree_.Leaf(index), index, size, proof, PublishedRoot(size)));
  }
}

TEST_F(PublishedVectorsTest, ConsistencyProofsMatch) {
  for (const auto& vector : vectors_["consistency"]) {
    const auto old_size = vector["old_size"].get<std::uint64_t>();
    const auto new_size = vector["new_size"].get<std::uint64_t>();
    const Proof proof = Hashes(vector["proof"]);
    EXPECT_EQ(*tree_.ConsistencyProof(old_size, new_size), proof) << vector;
    EXPECT_TRUE(VerifyConsistency(old_size, new_size, PublishedRoot(old_size),
                                  PublishedRoot(new_size), proof));
  }
}

TEST(MerkleTreeTest, RootsMatchTheDefinitionAtEverySize) {
  const std::vector<Hash256> leaves = SampleLeaves(kSizesMax);
  const MerkleTree tree = TreeOf(leaves);
  MerkleFrontier frontier;
  for (std::uint64_t size = 0; size <= kSizesMax; ++size) {
    const Hash256 expected = NaiveRoot(Leaves(leaves).first(size));
    EXPECT_EQ(*tree.RootAt(size), expected) << size;
    EXPECT_EQ(frontier.Root(), expected) << size;
    EXPECT_EQ(frontier.size(), size);
    if (size < kSizesMax) frontier.Append(leaves[size]);
  }
}

TEST(MerkleTreeTest, InclusionProofsMatchTheDefinitionAndVerify) {
  const std::vector<Hash256> leaves = SampleLeaves(kSizesMax);
  const MerkleTree tree = TreeOf(leaves);
  for (std::uint64_t size = 1; size <= kSizesMax; ++size) {
    const Hash256 root = *tree.RootAt(size);
    for (std::uint64_t index = 0; index < size; ++index) {
      const Proof proof = *tree.InclusionProof(index, size);
      ASSERT_EQ(proof, NaivePath(index, Leaves(leaves).first(size))) << index << " in " << size;
      ASSERT_TRUE(VerifyInclusion(leaves[index], index, size, proof, root));
    }
  }
}

TEST(MerkleTreeTest, ConsistencyProofsMatchTheDefinitionAndVerify) {
  const std::vector<Hash256> leaves = SampleLeaves(kSizesMax);
  const MerkleTree tree = TreeOf(leaves);
  for (std::uint64_t new_size = 0; new_size <= kSizesMax; ++new_size) {
    for (std::uint64_t old_size = 0; old_size <= new_size; ++old_size) {
      const Proof proof = *tree.ConsistencyProof(old_size, new_size);
      if (old_size > 0) {
        ASSERT_EQ(proof, NaiveSubproof(old_size, Leaves(leaves).first(new_size), true))
            << old_size << " to " << new_size;
      }
      ASSERT_TRUE(VerifyConsistency(old_size, new_size, *tree.RootAt(old_size),
                                    *tree.RootAt(new_size), proof));
    }
  }
}

TEST(MerkleTreeTest, ProofsStayWithinTheBound) {
  EXPECT_LE(TreeOf(SampleLeaves(kSizesMax)).ConsistencyProof(33, kSizesMax)->size(),
            kProofHashesMax);
}

TEST(MerkleTreeTest, ATreeThatKeepsOnlyHighLevelsGivesTheSameProofs) {
  const std::vector<Hash256> leaves = SampleLeaves(75);
  for (int lowest_level = 1; lowest_level <= 5; ++lowest_level) {
    MerkleTree full;
    MerkleTree small(lowest_level, [&](std::uint64_t first, std::uint64_t count) {
      EXPECT_LE(first + count, full.size());
      return std::vector<Hash256>(leaves.begin() + static_cast<std::ptrdiff_t>(first),
                                  leaves.begin() + static_cast<std::ptrdiff_t>(first + count));
    });
    for (const Hash256& leaf : leaves) {
      full.Append(leaf);
      small.Append(leaf);
      ASSERT_EQ(small.size(), full.size());
      ASSERT_EQ(small.Root(), full.Root());
    }
    for (std::uint64_t size = 1; size <= leaves.size(); ++size) {
      EXPECT_EQ(*small.RootAt(size), *full.RootAt(size));
      EXPECT_EQ(*small.ConsistencyProof(size, leaves.size()),
                *full.ConsistencyProof(size, leaves.size()));
      for (std::uint64_t index = 0; index < size; ++index) {
        ASSERT_EQ(*small.InclusionProof(index, size), *full.InclusionProof(index, size))
            << "level " << lowest_level << ", leaf " << index << " of " << size;
      }
    }
    EXPECT_EQ(*small.Leaf(3), leaves[3]);
  }
}

TEST(MerkleTreeTest, ProofsOfRecentLeavesAskForNone) {
  constexpr std::uint64_t kRecent = 3;
  constexpr int kLowestLevel = 3;
  const std::vector<Hash256> leaves = SampleLeaves(150);
  std::uint64_t asked_to = 0;
  MerkleTree full;
  MerkleTree small(
      kLowestLevel,
      [&](std::uint64_t first, std::uint64_t count) {
        asked_to = std::max(asked_to, first + count);
        return std::vector<Hash256>(leaves.begin() + static_cast<std::ptrdiff_t>(first),
                                    leaves.begin() + static_cast<std::ptrdiff_t>(first + count));
      },
      kRecent);
  for (const Hash256& leaf : leaves) {
    full.Append(leaf);
    small.Append(leaf);
    const std::uint64_t size = full.size();
    ASSERT_EQ(small.Root(), full.Root());
    asked_to = 0;
    for (std::uint64_t index = 0; index < size; ++index) {
      ASSERT_EQ(*small.InclusionProof(index, size), *full.InclusionProof(index, size))
          << "leaf " << index << " of " << size;
    }
    EXPECT_LE(asked_to + (kRecent << kLowestLevel), std::max(size, kRecent << kLowestLevel));
  }
  EXPECT_GT(asked_to, 0u);
  for (std::uint64_t size = 1; size <= leaves.size(); ++size) {
    EXPECT_EQ(*small.RootAt(size), *full.RootAt(size));
    EXPECT_EQ(*small.ConsistencyProof(size, leaves.size()),
              *full.ConsistencyProof(size, leaves.size()));
  }
}

TEST(MerkleTreeTest, LeavesAppendedTogetherGiveTheSameTreeAsOneByOne) {
  const std::vector<Hash256> leaves = SampleLeaves(1500);
  for (const int lowest_level : {0, 3, 9}) {
    const auto source = [&](std::uint64_t first, std::uint64_t count) {
      return std::vector<Hash256>(leaves.begin() + static_cast<std::ptrdiff_t>(first),
                                  leaves.begin() + static_cast<std::ptrdiff_t>(first + count));
    };
    MerkleTree together(lowest_level, source);
    MerkleTree alone(lowest_level, source);
    std::size_t next = 0;
    // Within a slice, up to its end, over several, and none.
    for (const std::size_t count : {1u, 200u, 55u, 256u, 0u, 700u, 3u, 285u}) {
      const std::span<const Hash256> some = std::span(leaves).subspan(next, count);
      together.Append(some);
      for (const Hash256& leaf : some) alone.Append(leaf);
      next += count;
      ASSERT_EQ(together.size(), next);
      ASSERT_EQ(together.Root(), alone.Root()) << "level " << lowest_level << ", size " << next;
    }
    ASSERT_EQ(next, leaves.size());
    for (std::uint64_t index = 0; index < leaves.size(); index += 7) {
      ASSERT_EQ(*together.InclusionProof(index, next), *alone.InclusionProof(index, next));
    }
    MerkleFrontier frontier;
    for (const Hash256& leaf : leaves) frontier.Append(leaf);
    EXPECT_EQ(together.Root(), frontier.Root());
  }
}

TEST(MerkleTreeTest, SaysWhatItsLeafSourceSays) {
  MerkleTree tree(2, [](std::uint64_t, std::uint64_t) -> absl::StatusOr<std::vector<Hash256>> {
    return absl::DataLossError("damaged");
  });
  for (const Hash256& leaf : SampleLeaves(9)) tree.Append(leaf);
  EXPECT_EQ(tree.InclusionProof(1, 9).status(), absl::DataLossError("damaged"));
  EXPECT_EQ(tree.ConsistencyProof(3, 9).status(), absl::DataLossError("damaged"));
}

TEST(MerkleTreeTest, ArgumentsBeyondTheTreeAreOutOfRange) {
  const MerkleTree tree = TreeOf(SampleLeaves(5));
  EXPECT_TRUE(absl::IsOutOfRange(tree.RootAt(6).status()));
  EXPECT_TRUE(absl::IsOutOfRange(tree.Leaf(5).status()));
  EXPECT_TRUE(absl::IsOutOfRange(tree.InclusionProof(0, 0).status()));
  EXPECT_TRUE(absl::IsOutOfRange(tree.InclusionProof(3, 3).status()));
  EXPECT_TRUE(absl::IsOutOfRange(tree.InclusionProof(0, 6).status()));
  EXPECT_TRUE(absl::IsOutOfRange(tree.ConsistencyProof(4, 3).status()));
  EXPECT_TRUE(absl::IsOutOfRange(tree.ConsistencyProof(1, 6).status()));
}

TEST(VerifyInclusionTest, RefusesEveryCorruption) {
  const std::vector<Hash256> leaves = SampleLeaves(40);
  const MerkleTree tree = TreeOf(leaves);
  for (std::uint64_t size = 1; size <= 40; ++size) {
    const Hash256 root = *tree.RootAt(size);
    for (std::uint64_t index = 0; index < size; ++index) {
      const Hash256& leaf = leaves[index];
      const Proof good = *tree.InclusionProof(index, size);
      for (std::uint64_t wrong = 0; wrong < 45; ++wrong) {
        if (wrong == index) continue;
        ASSERT_FALSE(VerifyInclusion(leaf, wrong, size, good, root));
      }
      ASSERT_FALSE(VerifyInclusion(leaf, index, index, good, root));
      ASSERT_FALSE(VerifyInclusion(leaf, index, size * 2, good, root));
      ASSERT_FALSE(VerifyInclusion(LeafHash("other"), index, size, good, root));
      ASSERT_FALSE(VerifyInclusion(leaf, index, size, good, EmptyRoot()));
      Proof longer = good;
      longer.push_back(root);
      ASSERT_FALSE(VerifyInclusion(leaf, index, size, longer, root));
      for (std::size_t i = 0; i < good.size(); ++i) {
        Proof changed = good;
        changed[i].bytes[0] ^= 8;
        ASSERT_FALSE(VerifyInclusion(leaf, index, size, changed, root));
      }
      if (!good.empty()) {
        ASSERT_FALSE(VerifyInclusion(leaf, index, size, Leaves(good).first(good.size() - 1), root));
        ASSERT_FALSE(VerifyInclusion(leaf, index, size, Leaves(good).subspan(1), root));
      }
    }
  }
}

TEST(VerifyInclusionTest, NothingIsInAnEmptyTree) {
  EXPECT_FALSE(VerifyInclusion(EmptyRoot(), 0, 0, {}, EmptyRoot()));
}

TEST(VerifyInclusionTest, ExtremeArgumentsAreHarmless) {
  const Proof proof(kProofHashesMax, EmptyRoot());
  EXPECT_FALSE(VerifyInclusion(EmptyRoot(), UINT64_MAX - 1, UINT64_MAX, proof, EmptyRoot()));
  EXPECT_FALSE(VerifyInclusion(EmptyRoot(), UINT64_MAX, UINT64_MAX, proof, EmptyRoot()));
  EXPECT_FALSE(VerifyConsistency(UINT64_MAX - 1, UINT64_MAX, EmptyRoot(), EmptyRoot(), proof));
}

TEST(VerifyConsistencyTest, RefusesEveryCorruption) {
  const MerkleTree tree = TreeOf(SampleLeaves(40));
  for (std::uint64_t new_size = 2; new_size <= 40; ++new_size) {
    for (std::uint64_t old_size = 1; old_size < new_size; ++old_size) {
      const Hash256 old_root = *tree.RootAt(old_size);
      const Hash256 new_root = *tree.RootAt(new_size);
      const Proof good = *tree.ConsistencyProof(old_size, new_size);
      const auto verify = [&](std::uint64_t from, std::uint64_t to, Leaves proof) {
        return VerifyConsistency(from, to, old_root, new_root, proof);
      };
      ASSERT_FALSE(verify(old_size - 1, new_size, good));
      ASSERT_FALSE(verify(old_size + 1, new_size, good));
      ASSERT_FALSE(verify(old_size, new_size * 2, good));
      ASSERT_FALSE(verify(new_size, old_size, good));
      ASSERT_FALSE(verify(old_size, new_size, {}));
      ASSERT_FALSE(VerifyConsistency(old_size, new_size, new_root, old_root, good));
      ASSERT_FALSE(VerifyConsistency(old_size, new_size, LeafHash("x"), new_root, good));
      ASSERT_FALSE(VerifyConsistency(old_size, new_size, old_root, LeafHash("x"), good));
      for (const Hash256& extra : {old_root, new_root, good.front()}) {
        Proof longer = good;
        longer.push_back(extra);
        ASSERT_FALSE(verify(old_size, new_size, longer));
        longer = good;
        longer.insert(longer.begin(), extra);
        ASSERT_FALSE(verify(old_size, new_size, longer));
      }
      ASSERT_FALSE(verify(old_size, new_size, Leaves(good).first(good.size() - 1)));
      for (std::size_t i = 0; i < good.size(); ++i) {
        Proof changed = good;
        changed[i].bytes[0] ^= 16;
        ASSERT_FALSE(verify(old_size, new_size, changed));
      }
    }
  }
}

TEST(MerkleTreeTest, IsMadeAgainFromItsSubtreesAndTheLeavesAfterThem) {
  for (const int level : {0, 2, 5}) {
    std::vector<Hash256> leaves;
    const auto source = [&](std::uint64_t first, std::uint64_t count) {
      const auto begin = leaves.begin() + static_cast<std::ptrdiff_t>(first);
      return std::vector<Hash256>(begin, begin + static_cast<std::ptrdiff_t>(count));
    };
    MerkleTree tree(level, source);
    for (int i = 0; i < 150; ++i) {
      leaves.push_back(LeafHash(std::to_string(i)));
      tree.Append(leaves.back());
    }
    for (std::uint64_t size = 0; size <= leaves.size(); ++size) {
      MerkleTree again(level, source);
      again.AppendSubtrees(tree.SubtreeRoots(size));
      while (again.size() < size) again.Append(leaves[again.size()]);
      EXPECT_EQ(again.Root(), *tree.RootAt(size)) << level << " " << size;
      while (again.size() < leaves.size()) again.Append(leaves[again.size()]);
      EXPECT_EQ(again.Root(), tree.Root()) << level << " " << size;
      if (size == 0) continue;
      EXPECT_EQ(*again.InclusionProof(size - 1, 150), *tree.InclusionProof(size - 1, 150));
    }
  }
}

TEST(VerifyConsistencyTest, EqualSizesNeedEqualRootsAndNoProof) {
  const Hash256 a = LeafHash("a");
  const Hash256 b = LeafHash("b");
  EXPECT_TRUE(VerifyConsistency(1, 1, a, a, {}));
  EXPECT_FALSE(VerifyConsistency(1, 1, a, b, {}));
  EXPECT_FALSE(VerifyConsistency(1, 1, a, a, Proof{a}));
}

TEST(VerifyConsistencyTest, EveryTreeExtendsTheEmptyOne) {
  const Hash256 root = LeafHash("a");
  EXPECT_TRUE(VerifyConsistency(0, 0, EmptyRoot(), EmptyRoot(), {}));
  EXPECT_TRUE(VerifyConsistency(0, 1, EmptyRoot(), root, {}));
  EXPECT_FALSE(VerifyConsistency(0, 1, root, root, {})) << "not the empty tree's root";
  EXPECT_FALSE(VerifyConsistency(0, 0, root, root, {}));
  EXPECT_FALSE(VerifyConsistency(0, 1, EmptyRoot(), root, Proof{root}));
}

TEST(MerkleFrontierTest, EncodingRoundTripsAtEverySize) {
  MerkleFrontier frontier;
  for (const Hash256& leaf : SampleLeaves(kSizesMax)) {
    const std::string bytes = frontier.Encode();
    EXPECT_EQ(bytes.size(), 8 + 32 * static_cast<std::size_t>(std::popcount(frontier.size())));
    auto back = MerkleFrontier::Decode(bytes);
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(*back, frontier);
    frontier.Append(leaf);
    back->Append(leaf);
    EXPECT_EQ(back->Root(), frontier.Root());
  }
}

TEST(MerkleFrontierTest, EncodingMatchesTheFormatPage) {
  MerkleFrontier frontier;
  const std::vector<Hash256> leaves = SampleLeaves(3);
  for (const Hash256& leaf : leaves) frontier.Append(leaf);
  EXPECT_EQ(ToHex(frontier.Encode()),
            "0000000000000003" + NodeHash(leaves[0], leaves[1]).ToHex() + leaves[2].ToHex());
}

TEST(MerkleFrontierTest, DecoderRefusesWrongLengths) {
  MerkleFrontier frontier;
  for (const Hash256& leaf : SampleLeaves(7)) frontier.Append(leaf);
  const std::string bytes = frontier.Encode();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_TRUE(absl::IsInvalidArgument(MerkleFrontier::Decode(bytes.substr(0, size)).status()));
  }
  EXPECT_TRUE(absl::IsInvalidArgument(MerkleFrontier::Decode(bytes + '\0').status()));
}

}  // namespace
}  // namespace causeway::core
