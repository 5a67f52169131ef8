// The Merkle tree of a log: hashing by RFC 6962 section 2.1, proofs by RFC 9162 sections 2.1.3 and
// 2.1.4. Sizes count leaves and indices begin at 0. Leaves are given as leaf hashes, so that the
// tree never holds the data. docs/formats/merkle.md lets a stranger verify a proof.
//
// No class here is synchronised: const members may be called at once, others alone.
#ifndef CAUSEWAY_SETTLEMENT_CORE_MERKLE_H_
#define CAUSEWAY_SETTLEMENT_CORE_MERKLE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "settlement/core/bytes.h"

namespace causeway::core {

// SHA-256(0x00 || data).
Hash256 LeafHash(std::string_view data);
// SHA-256(0x01 || left || right).
Hash256 NodeHash(const Hash256& left, const Hash256& right);
// SHA-256 of the empty string: the root of a tree without leaves.
Hash256 EmptyRoot();

// A proof has at most this many hashes whatever the tree: 64 levels on either side of a split.
inline constexpr std::size_t kProofHashesMax = 128;

// What is needed to append to a log and know its root: the roots of its complete subtrees, at most
// 64 hashes whatever the size. For those who need no proofs.
class MerkleFrontier {
 public:
  void Append(const Hash256& leaf_hash);
  std::uint64_t size() const { return size_; }
  Hash256 Root() const;

  // Canonical: size (u64), then the subtree roots, largest subtree first. Decode gives
  // InvalidArgument for anything else.
  std::string Encode() const;
  static absl::StatusOr<MerkleFrontier> Decode(std::string_view bytes);

  friend bool operator==(const MerkleFrontier&, const MerkleFrontier&) = default;

 private:
  std::uint64_t size_ = 0;
  std::vector<Hash256> peaks_;  // largest subtree first: one for each bit set in size_
};

// The tree of a log, for any root and any proof at any earlier size in O(log n). Append is O(1)
// amortised.
//
// By default the whole tree is in memory, 64 bytes a leaf. With `lowest_level` above 0 it keeps
// only the roots of complete subtrees of 2^lowest_level leaves and what is above them (and the
// last, incomplete subtree), and asks `leaves` for the rest: at level 8 a quarter of a byte a leaf,
// and at most 512 leaf hashes to read for a proof. The last `recent` to 2 * `recent` complete
// subtrees it keeps as a whole all the same, so that proofs of recent leaves read nothing.
class MerkleTree {
 public:
  // The hashes of `count` leaves from `first` on, all of them appended before. Must not call the
  // tree.
  using LeafSource =
      std::function<absl::StatusOr<std::vector<Hash256>>(std::uint64_t first, std::uint64_t count)>;

  MerkleTree() = default;
  MerkleTree(int lowest_level, LeafSource leaves, std::uint64_t recent = 0);

  void Append(const Hash256& leaf_hash) { Append(std::span(&leaf_hash, 1)); }
  // Many at once cost half as much each.
  void Append(std::span<const Hash256> leaf_hashes);
  std::uint64_t size() const { return size_; }

  // The roots of the complete subtrees of 2^lowest_level leaves among the first `tree_size` leaves:
  // what to keep of a tree to make it again by AppendSubtrees, and then Append for the leaves after
  // the last of them. tree_size <= size().
  std::vector<Hash256> SubtreeRoots(std::uint64_t tree_size) const;
  // Only while size() is a multiple of 2^lowest_level.
  void AppendSubtrees(std::span<const Hash256> roots);

  Hash256 Root() const;
  // The root when the tree had `tree_size` leaves. OutOfRange when tree_size > size(). This and all
  // below: also the errors of the leaf source.
  absl::StatusOr<Hash256> RootAt(std::uint64_t tree_size) const;
  // The leaf hash at `index`. OutOfRange when index >= size().
  absl::StatusOr<Hash256> Leaf(std::uint64_t index) const;

  // That leaf `index` is in the tree of `tree_size` leaves; from the leaf's sibling upwards.
  // OutOfRange unless index < tree_size <= size().
  absl::StatusOr<std::vector<Hash256>> InclusionProof(std::uint64_t index,
                                                      std::uint64_t tree_size) const;
  // That the tree of `new_size` leaves begins with that of `old_size`. Empty for equal sizes and
  // for old_size 0. OutOfRange unless old_size <= new_size <= size().
  absl::StatusOr<std::vector<Hash256>> ConsistencyProof(std::uint64_t old_size,
                                                        std::uint64_t new_size) const;

 private:
  // The levels below lowest_level_ of the subtrees that a proof asked for.
  using Chunks = std::map<std::uint64_t, std::vector<std::vector<Hash256>>>;
  void AppendSlice(std::span<const Hash256> leaf_hashes);
  void AppendNode(std::size_t level, Hash256 hash);
  void DropBelow(std::uint64_t subtrees);
  absl::StatusOr<Hash256> Node(std::size_t level, std::uint64_t position, Chunks& chunks) const;
  absl::StatusOr<Hash256> RangeRoot(std::uint64_t begin, std::uint64_t end, Chunks& chunks) const;

  std::size_t lowest_level_ = 0;
  LeafSource leaves_;
  std::uint64_t recent_ = 0;
  std::uint64_t size_ = 0;
  // levels_[k][i] is the root of the complete subtree over leaves [i * 2^k, (i + 1) * 2^k). Below
  // lowest_level_ only for the leaves after the first dropped_ complete subtrees of that level, and
  // i counts from there.
  std::uint64_t dropped_ = 0;
  std::vector<std::vector<Hash256>> levels_;
};

// Whether `proof` shows that the tree of `tree_size` leaves with root `root` has `leaf_hash` at
// `index` (RFC 9162 section 2.1.3.2). Never aborts, whatever the arguments.
bool VerifyInclusion(const Hash256& leaf_hash, std::uint64_t index, std::uint64_t tree_size,
                     std::span<const Hash256> proof, const Hash256& root);

// Whether `proof` shows that the tree (new_size, new_root) extends the tree (old_size, old_root)
// (RFC 9162 section 2.1.4.2). Equal sizes need equal roots and an empty proof. Every tree extends
// the empty one, by an empty proof, when old_root is EmptyRoot(). Never aborts.
bool VerifyConsistency(std::uint64_t old_size, std::uint64_t new_size, const Hash256& old_root,
                       const Hash256& new_root, std::span<const Hash256> proof);

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_MERKLE_H_
