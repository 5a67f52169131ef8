#include "settlement/core/merkle.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "fmt/format.h"
#include "settlement/core/check.h"
#include "settlement/core/hash.h"

namespace causeway::core {
namespace {

// The largest power of two below `size`, which is at least 2: where RFC 6962 splits a tree.
std::uint64_t SplitOf(std::uint64_t size) { return std::bit_floor(size - 1); }

}  // namespace

Hash256 LeafHash(std::string_view data) {
  // The prefix and the data are hashed in two parts: data may be large, and copying costs more.
  thread_local Sha256Hasher hasher;
  return hasher.Update(std::string_view("\x00", 1)).Update(data).Finish();
}

Hash256 NodeHash(const Hash256& left, const Hash256& right) {
  std::array<char, 1 + 2 * sizeof(left.bytes)> message;
  message[0] = '\x01';
  std::memcpy(message.data() + 1, left.bytes.data(), left.bytes.size());
  std::memcpy(message.data() + 1 + left.bytes.size(), right.bytes.data(), right.bytes.size());
  return Sha256({message.data(), message.size()});
}

Hash256 EmptyRoot() { return Sha256({}); }

void MerkleFrontier::Append(const Hash256& leaf_hash) {
  Hash256 hash = leaf_hash;
  // Each trailing one bit of the size is a complete subtree as large as what we hold.
  for (std::uint64_t rest = size_; (rest & 1) != 0; rest >>= 1) {
    hash = NodeHash(peaks_.back(), hash);
    peaks_.pop_back();
  }
  peaks_.push_back(hash);
  ++size_;
  CW_CHECK(peaks_.size() == static_cast<std::size_t>(std::popcount(size_)),
           "a frontier has one subtree for each bit of its size");
}

Hash256 MerkleFrontier::Root() const {
  if (peaks_.empty()) return EmptyRoot();
  Hash256 root = peaks_.back();
  for (std::size_t i = peaks_.size() - 1; i-- > 0;) root = NodeHash(peaks_[i], root);
  return root;
}

std::string MerkleFrontier::Encode() const {
  Writer writer;
  writer.U64(size_);
  for (const Hash256& peak : peaks_) writer.Hash(peak);
  return std::move(writer).Take();
}

absl::StatusOr<MerkleFrontier> MerkleFrontier::Decode(std::string_view bytes) {
  Reader reader(bytes);
  MerkleFrontier frontier;
  frontier.size_ = reader.U64();
  const int count = std::popcount(frontier.size_);
  for (int i = 0; i < count && reader.ok(); ++i) frontier.peaks_.push_back(reader.Hash());
  if (!reader.Done()) {
    return absl::InvalidArgumentError(
        fmt::format("Merkle frontier has {} bytes; a tree of {} leaves has {}", bytes.size(),
                    frontier.size_, 8 + 32 * count));
  }
  return frontier;
}

void MerkleTree::Append(const Hash256& leaf_hash) {
  Hash256 hash = leaf_hash;
  for (std::size_t level = 0;; ++level) {
    if (levels_.size() == level) levels_.emplace_back();
    std::vector<Hash256>& nodes = levels_[level];
    nodes.push_back(hash);
    if (nodes.size() % 2 != 0) return;
    hash = NodeHash(nodes[nodes.size() - 2], nodes.back());
  }
}

// Precondition: begin < end <= size(), and begin is a multiple of the smallest power of two that is
// not below end - begin, as all ranges are that RFC 6962 splits a tree into.
Hash256 MerkleTree::RangeRoot(std::uint64_t begin, std::uint64_t end) const {
  // From the smallest complete subtree at the right edge to the largest.
  const std::uint64_t width = end - begin;
  Hash256 root;
  bool first = true;
  for (std::uint64_t rest = width; rest != 0; rest &= rest - 1) {
    const auto level = static_cast<std::size_t>(std::countr_zero(rest));
    const std::uint64_t start = begin + (rest & (rest - 1));
    const Hash256& node = levels_[level][start >> level];
    root = first ? node : NodeHash(node, root);
    first = false;
  }
  return root;
}

Hash256 MerkleTree::Root() const { return size() == 0 ? EmptyRoot() : RangeRoot(0, size()); }

absl::StatusOr<Hash256> MerkleTree::RootAt(std::uint64_t tree_size) const {
  if (tree_size > size()) {
    return absl::OutOfRangeError(
        fmt::format("root asked at tree size {}; the tree has {} leaves", tree_size, size()));
  }
  return tree_size == 0 ? EmptyRoot() : RangeRoot(0, tree_size);
}

absl::StatusOr<Hash256> MerkleTree::Leaf(std::uint64_t index) const {
  if (index >= size()) {
    return absl::OutOfRangeError(
        fmt::format("leaf {} asked; the tree has {} leaves", index, size()));
  }
  return levels_[0][index];
}

absl::StatusOr<std::vector<Hash256>> MerkleTree::InclusionProof(std::uint64_t index,
                                                                std::uint64_t tree_size) const {
  if (index >= tree_size || tree_size > size()) {
    return absl::OutOfRangeError(
        fmt::format("inclusion of leaf {} asked at tree size {}; the tree has {} leaves, and the "
                    "leaf must be below the tree size",
                    index, tree_size, size()));
  }
  // PATH(m, D[n]) of RFC 9162 section 2.1.3.1, walked from the root down.
  std::vector<Hash256> proof;
  std::uint64_t begin = 0;
  std::uint64_t end = tree_size;
  while (end - begin > 1) {
    const std::uint64_t middle = begin + SplitOf(end - begin);
    if (index < middle) {
      proof.push_back(RangeRoot(middle, end));
      end = middle;
    } else {
      proof.push_back(RangeRoot(begin, middle));
      begin = middle;
    }
  }
  std::reverse(proof.begin(), proof.end());
  return proof;
}

absl::StatusOr<std::vector<Hash256>> MerkleTree::ConsistencyProof(std::uint64_t old_size,
                                                                  std::uint64_t new_size) const {
  if (old_size > new_size || new_size > size()) {
    return absl::OutOfRangeError(
        fmt::format("consistency asked from tree size {} to {}; sizes must ascend and the tree has "
                    "{} leaves",
                    old_size, new_size, size()));
  }
  std::vector<Hash256> proof;
  if (old_size == 0 || old_size == new_size) return proof;
  // SUBPROOF(m, D[n], b) of RFC 9162 section 2.1.4.1, walked from the root down.
  std::uint64_t begin = 0;
  std::uint64_t end = new_size;
  while (old_size != end) {
    const std::uint64_t middle = begin + SplitOf(end - begin);
    if (old_size <= middle) {
      proof.push_back(RangeRoot(middle, end));
      end = middle;
    } else {
      proof.push_back(RangeRoot(begin, middle));
      begin = middle;
    }
  }
  // A verifier knows the old tree's root already when the walk ended on the whole of it.
  if (begin != 0) proof.push_back(RangeRoot(begin, end));
  std::reverse(proof.begin(), proof.end());
  return proof;
}

bool VerifyInclusion(const Hash256& leaf_hash, std::uint64_t index, std::uint64_t tree_size,
                     std::span<const Hash256> proof, const Hash256& root) {
  if (index >= tree_size) return false;
  std::uint64_t node = index;          // fn of the RFC
  std::uint64_t last = tree_size - 1;  // sn
  Hash256 hash = leaf_hash;
  for (const Hash256& sibling : proof) {
    if (last == 0) return false;
    if ((node & 1) != 0 || node == last) {
      hash = NodeHash(sibling, hash);
      while ((node & 1) == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      hash = NodeHash(hash, sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  return last == 0 && hash == root;
}

bool VerifyConsistency(std::uint64_t old_size, std::uint64_t new_size, const Hash256& old_root,
                       const Hash256& new_root, std::span<const Hash256> proof) {
  if (old_size > new_size) return false;
  if (old_size == 0 && old_root != EmptyRoot()) return false;
  if (old_size == new_size) return proof.empty() && old_root == new_root;
  if (old_size == 0) return proof.empty();
  if (proof.empty()) return false;
  std::uint64_t node = old_size - 1;  // fn of the RFC
  std::uint64_t last = new_size - 1;  // sn
  while ((node & 1) != 0) {
    node >>= 1;
    last >>= 1;
  }
  // An old tree that is one complete subtree is not in the proof: its root is where we begin.
  const bool old_root_is_start = std::has_single_bit(old_size);
  Hash256 old_hash = old_root_is_start ? old_root : proof.front();
  Hash256 new_hash = old_hash;
  for (const Hash256& sibling : proof.subspan(old_root_is_start ? 0 : 1)) {
    if (last == 0) return false;
    if ((node & 1) != 0 || node == last) {
      old_hash = NodeHash(sibling, old_hash);
      new_hash = NodeHash(sibling, new_hash);
      while ((node & 1) == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      new_hash = NodeHash(new_hash, sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  return last == 0 && old_hash == old_root && new_hash == new_root;
}

}  // namespace causeway::core
