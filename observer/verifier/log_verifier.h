// The part of verification that all logs share: leaves in order, their Merkle tree, and the signed
// checkpoints that the log shows to anybody. Pure; not synchronised.
#ifndef CAUSEWAY_OBSERVER_VERIFIER_LOG_VERIFIER_H_
#define CAUSEWAY_OBSERVER_VERIFIER_LOG_VERIFIER_H_

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "observer/verifier/finding.h"
#include "settlement/core/bytes.h"
#include "settlement/core/checkpoint.h"
#include "settlement/core/merkle.h"
#include "settlement/core/suite.h"

namespace causeway::observer {

// A proof as a log gave it; absent when nobody gave one.
using GivenProof = std::optional<std::vector<core::Hash256>>;

class LogVerifier {
 public:
  // `verifier` must outlive this.
  LogVerifier(std::string origin, const core::SignatureVerifier& verifier)
      : origin_(std::move(origin)), verifier_(&verifier) {}

  // The key that signs the log's checkpoints: known from the policy or from the genesis.
  void SetKey(core::PublicKey key) { key_ = std::move(key); }
  const std::optional<core::PublicKey>& key() const { return key_; }

  // Whether `checkpoint` is the log's signed statement of exactly the tree that the leaves of the
  // next batch make, and no checkpoint that was shown before contradicts it. If so, Commit may
  // append them; else a finding, with `batch` among the evidence. SetKey must have been called.
  std::optional<Finding> Stage(std::span<const std::string> leaves, std::string_view checkpoint,
                               std::string_view batch);
  // Appends what the last Stage found good.
  void Commit();

  // A checkpoint of this log that somebody showed: a certificate, a peer, the log itself. With the
  // tree of the leaves it is compared now; one that is ahead is compared by `proof` if given,
  // and once the leaves are there. InvalidArgument or Unauthenticated when it is not a checkpoint
  // that this log signed: then it says nothing about the log. FailedPrecondition before SetKey.
  absl::StatusOr<std::optional<Finding>> OnCheckpoint(std::string_view note,
                                                      const GivenProof& proof);
  // The checkpoint that the log itself gave as its latest just now; empty when it says that it has
  // none, which it may before the first leaf. As above; besides, a checkpoint that does not verify,
  // or that is behind what was verified, is a finding. So is one that is behind a checkpoint which
  // was shown before the previous OnHead: the evidence has both notes, that one first. The caller
  // asks the log for a head only when it has handed in the one before, so that the log had signed
  // whatever was shown until then before it was asked; and takes no batch of the log meanwhile.
  std::optional<Finding> OnHead(std::string_view note, const GivenProof& proof);

  const std::string& origin() const { return origin_; }
  std::uint64_t size() const { return tree_.size(); }
  core::Hash256 root() const { return tree_.Root(); }
  const core::MerkleTree& tree() const { return tree_; }
  // The signed note of the last batch appended; empty before the first.
  const std::string& checkpoint() const { return checkpoint_; }

  Finding MakeFinding(FindingKind kind, std::string message) const;

 private:
  absl::StatusOr<core::Checkpoint> Open(std::string_view note) const;
  absl::Status CheckSigned(const core::SignedCheckpoint& checkpoint) const;
  Finding Fork(const core::MerkleTree& tree, const std::string& ours, std::string_view note,
               const core::Checkpoint& other) const;
  std::optional<Finding> CompareStaged() const;
  std::optional<Finding> CompareAhead(std::string_view note, const core::Checkpoint& other,
                                      const GivenProof& proof);

  std::string origin_;
  const core::SignatureVerifier* verifier_;
  std::optional<core::PublicKey> key_;
  core::MerkleTree tree_;          // for roots and proofs at earlier sizes
  core::MerkleFrontier frontier_;  // the same leaves, cheap to copy and try
  std::string checkpoint_;
  std::vector<core::Hash256> staged_;
  core::MerkleFrontier staged_frontier_;  // with them
  std::string staged_checkpoint_;
  struct Shown {
    std::string note;
    std::uint64_t heads = 0;  // that had been handed in before
  };
  std::optional<Finding> FindWithheld(std::string_view note, std::uint64_t head_size) const;

  // Checkpoints ahead of the leaves: by size and root. As many as the log signed, at most.
  std::map<std::uint64_t, std::map<core::Hash256, Shown>> ahead_;
  std::uint64_t heads_ = 0;
};

}  // namespace causeway::observer

#endif  // CAUSEWAY_OBSERVER_VERIFIER_LOG_VERIFIER_H_
