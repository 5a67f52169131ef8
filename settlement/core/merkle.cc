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

// Leaves of a tree that keeps all are appended in slices of 2^kSliceLevel: their levels fit the
// nearest cache.
constexpr std::size_t kSliceLevel = 8;
constexpr std::size_t kPairsAtOnce = 16;
constexpr std::size_t kNodeMessageBytes = 1 + 2 * sizeof(Hash256::bytes);

void WriteNode(const Hash256& left, const Hash256& right, char* message) {
  message[0] = '\x01';
  std::memcpy(message + 1, left.bytes.data(), left.bytes.size());
  std::memcpy(message + 1 + left.bytes.size(), right.bytes.data(), right.bytes.size());
}

// nodes[i] is the node above children[2 * i] and children[2 * i + 1].
void HashPairs(std::span<const Hash256> children, std::span<Hash256> nodes) {
  Sha256Messages<kNodeMessageBytes, kPairsAtOnce> messages;
  for (std::size_t done = 0; done < nodes.size(); done += kPairsAtOnce) {
    const std::size_t count = std::min(kPairsAtOnce, nodes.size() - done);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t left = 2 * (done + i);
      WriteNode(children[left], children[left + 1], messages.at(i));
    }
    messages.Hash(nodes.subspan(done, count));
  }
}

}  // namespace

Hash256 LeafHash(std::string_view data) {
  // The prefix and the data are hashed in two parts: data may be large, and copying costs more.
  return Sha256Hasher().Update(std::string_view("\x00", 1)).Update(data).Finish();
}

Hash256 NodeHash(const Hash256& left, const Hash256& right) {
  Sha256Messages<kNodeMessageBytes, 1> message;
  WriteNode(left, right, message.at(0));
  Hash256 node;
  message.Hash({&node, 1});
  return node;
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

MerkleTree::MerkleTree(int lowest_level, LeafSource leaves, std::uint64_t recent)
    : lowest_level_(static_cast<std::size_t>(lowest_level)),
      leaves_(std::move(leaves)),
      recent_(recent) {
  CW_CHECK(lowest_level >= 0 && lowest_level < 64, "a level of the tree");
  CW_CHECK(lowest_level == 0 || leaves_ != nullptr, "who keeps less has it from elsewhere");
}

void MerkleTree::Append(std::span<const Hash256> leaf_hashes) {
  const std::size_t slice = std::size_t{1} << (lowest_level_ == 0 ? kSliceLevel : lowest_level_);
  while (!leaf_hashes.empty()) {
    const std::size_t room = slice - static_cast<std::size_t>(size_ % slice);
    const std::size_t count = std::min(room, leaf_hashes.size());
    AppendSlice(leaf_hashes.first(count));
    leaf_hashes = leaf_hashes.subspan(count);
  }
}

// Level by level. The leaves do not go beyond the end of a subtree of 2^lowest_level_ leaves.
void MerkleTree::AppendSlice(std::span<const Hash256> leaf_hashes) {
  // Below lowest_level_ the nodes of earlier subtrees are not kept.
  const auto dropped_at = [&](std::size_t level) {
    return level < lowest_level_ ? dropped_ << (lowest_level_ - level) : 0;
  };
  size_ += leaf_hashes.size();
  if (levels_.empty()) levels_.resize(1);
  levels_[0].insert(levels_[0].end(), leaf_hashes.begin(), leaf_hashes.end());
  for (std::size_t level = 0; size_ >> (level + 1) != 0; ++level) {
    if (levels_.size() <= level + 1) levels_.resize(level + 2);
    std::vector<Hash256>& nodes = levels_[level + 1];
    const std::size_t present = nodes.size();
    const std::size_t wanted = (size_ >> (level + 1)) - dropped_at(level + 1);
    if (wanted == present) break;
    const std::size_t first_child = 2 * (present + dropped_at(level + 1)) - dropped_at(level);
    nodes.resize(wanted);
    HashPairs(std::span(levels_[level]).subspan(first_child), std::span(nodes).subspan(present));
  }
  if (lowest_level_ == 0 || (size_ & ((std::uint64_t{1} << lowest_level_) - 1)) != 0) return;
  // Many at a time: what stays moves to the front.
  const std::uint64_t complete = size_ >> lowest_level_;
  if (complete - dropped_ > 2 * recent_) DropBelow(complete - recent_);
}

void MerkleTree::DropBelow(std::uint64_t subtrees) {
  for (std::size_t level = 0; level < lowest_level_ && level < levels_.size(); ++level) {
    std::vector<Hash256>& nodes = levels_[level];
    const std::uint64_t count = (subtrees - dropped_) << (lowest_level_ - level);
    nodes.erase(nodes.begin(), nodes.begin() + static_cast<std::ptrdiff_t>(
                                                   std::min<std::uint64_t>(count, nodes.size())));
  }
  dropped_ = subtrees;
}

// The last node of `level` as of size_, and those above it that it completes.
void MerkleTree::AppendNode(std::size_t level, Hash256 hash) {
  for (;; ++level) {
    if (levels_.size() <= level) levels_.resize(level + 1);
    std::vector<Hash256>& nodes = levels_[level];
    nodes.push_back(hash);
    if (((size_ >> level) & 1) != 0) return;
    hash = NodeHash(nodes[nodes.size() - 2], nodes.back());
  }
}

std::vector<Hash256> MerkleTree::SubtreeRoots(std::uint64_t tree_size) const {
  CW_CHECK(tree_size <= size_, "subtrees of leaves that are there");
  if (levels_.size() <= lowest_level_) return {};
  const auto begin = levels_[lowest_level_].begin();
  return {begin, begin + static_cast<std::ptrdiff_t>(tree_size >> lowest_level_)};
}

void MerkleTree::AppendSubtrees(std::span<const Hash256> roots) {
  const std::uint64_t leaves = std::uint64_t{1} << lowest_level_;
  CW_CHECK(size_ % leaves == 0, "subtrees begin where one ends");
  if (roots.empty()) return;
  for (const Hash256& root : roots) {
    size_ += leaves;
    AppendNode(lowest_level_, root);
  }
  // Nothing is known of what is below these roots.
  if (lowest_level_ > 0) DropBelow(size_ >> lowest_level_);
}

absl::StatusOr<Hash256> MerkleTree::Node(std::size_t level, std::uint64_t position,
                                         Chunks& chunks) const {
  if (level >= lowest_level_) return levels_[level][position];
  const std::size_t height = lowest_level_ - level;  // of the chunk above the node
  const std::uint64_t chunk = position >> height;
  const std::uint64_t place = position - (chunk << height);
  if (chunk >= dropped_) return levels_[level][position - (dropped_ << height)];
  std::vector<std::vector<Hash256>>& levels = chunks[chunk];
  if (levels.empty()) {
    const std::uint64_t count = std::uint64_t{1} << lowest_level_;
    absl::StatusOr<std::vector<Hash256>> leaves = leaves_(chunk << lowest_level_, count);
    if (!leaves.ok()) return leaves.status();
    CW_CHECK(leaves->size() == count, "the source gives what was asked");
    levels.push_back(*std::move(leaves));
    while (levels.size() < lowest_level_) {
      const std::vector<Hash256>& below = levels.back();
      std::vector<Hash256> nodes;
      for (std::size_t i = 0; i + 1 < below.size(); i += 2) {
        nodes.push_back(NodeHash(below[i], below[i + 1]));
      }
      levels.push_back(std::move(nodes));
    }
  }
  return levels[level][place];
}

// Precondition: begin < end <= size(), and begin is a multiple of the smallest power of two that is
// not below end - begin, as all ranges are that RFC 6962 splits a tree into.
absl::StatusOr<Hash256> MerkleTree::RangeRoot(std::uint64_t begin, std::uint64_t end,
                                              Chunks& chunks) const {
  // From the smallest complete subtree at the right edge to the largest.
  const std::uint64_t width = end - begin;
  Hash256 root;
  bool first = true;
  for (std::uint64_t rest = width; rest != 0; rest &= rest - 1) {
    const auto level = static_cast<std::size_t>(std::countr_zero(rest));
    const std::uint64_t start = begin + (rest & (rest - 1));
    const absl::StatusOr<Hash256> node = Node(level, start >> level, chunks);
    if (!node.ok()) return node.status();
    root = first ? *node : NodeHash(*node, root);
    first = false;
  }
  return root;
}

Hash256 MerkleTree::Root() const {
  if (size_ == 0) return EmptyRoot();
  Chunks none;
  const absl::StatusOr<Hash256> root = RangeRoot(0, size_, none);
  // The complete subtrees at the right edge are those that are always kept.
  CW_CHECK(root.ok(), "the root of now needs no leaf source");
  return *root;
}

absl::StatusOr<Hash256> MerkleTree::RootAt(std::uint64_t tree_size) const {
  if (tree_size > size()) {
    return absl::OutOfRangeError(
        fmt::format("root asked at tree size {}; the tree has {} leaves", tree_size, size()));
  }
  if (tree_size == 0) return EmptyRoot();
  Chunks chunks;
  return RangeRoot(0, tree_size, chunks);
}

absl::StatusOr<Hash256> MerkleTree::Leaf(std::uint64_t index) const {
  if (index >= size()) {
    return absl::OutOfRangeError(
        fmt::format("leaf {} asked; the tree has {} leaves", index, size()));
  }
  Chunks chunks;
  return Node(0, index, chunks);
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
  Chunks chunks;
  const auto add = [&](std::uint64_t from, std::uint64_t to) {
    absl::StatusOr<Hash256> root = RangeRoot(from, to, chunks);
    if (root.ok()) proof.push_back(*root);
    return root.status();
  };
  std::uint64_t begin = 0;
  std::uint64_t end = tree_size;
  while (end - begin > 1) {
    const std::uint64_t middle = begin + SplitOf(end - begin);
    const bool left = index < middle;
    if (absl::Status added = left ? add(middle, end) : add(begin, middle); !added.ok()) {
      return added;
    }
    (left ? end : begin) = middle;
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
  Chunks chunks;
  const auto add = [&](std::uint64_t from, std::uint64_t to) {
    absl::StatusOr<Hash256> root = RangeRoot(from, to, chunks);
    if (root.ok()) proof.push_back(*root);
    return root.status();
  };
  // SUBPROOF(m, D[n], b) of RFC 9162 section 2.1.4.1, walked from the root down.
  std::uint64_t begin = 0;
  std::uint64_t end = new_size;
  while (old_size != end) {
    const std::uint64_t middle = begin + SplitOf(end - begin);
    const bool left = old_size <= middle;
    if (absl::Status added = left ? add(middle, end) : add(begin, middle); !added.ok()) {
      return added;
    }
    (left ? end : begin) = middle;
  }
  // A verifier knows the old tree's root already when the walk ended on the whole of it.
  if (begin != 0) {
    if (absl::Status added = add(begin, end); !added.ok()) return added;
  }
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
