#include "observer/verifier/log_verifier.h"

#include "fmt/format.h"
#include "settlement/core/check.h"

namespace causeway::observer {
namespace {

std::string Text(const absl::Status& status) { return std::string(status.message()); }

std::string Describe(const core::Checkpoint& checkpoint) {
  return fmt::format("size {} and root {}", checkpoint.size, checkpoint.root.ToHex());
}

std::string Join(const std::vector<core::Hash256>& hashes) {
  std::string bytes;
  for (const core::Hash256& hash : hashes) bytes += hash.view();
  return bytes;
}

}  // namespace

Finding LogVerifier::MakeFinding(FindingKind kind, std::string message) const {
  Finding finding;
  finding.kind = kind;
  finding.origin = origin_;
  finding.message = std::move(message);
  if (!checkpoint_.empty()) finding.evidence.push_back({kEvidenceVerifiedCheckpoint, checkpoint_});
  return finding;
}

// Whether it is of this log, and signed by it.
absl::Status LogVerifier::CheckSigned(const core::SignedCheckpoint& checkpoint) const {
  if (!key_.has_value()) {
    return absl::FailedPreconditionError(
        fmt::format("the key of log '{}' is not known before its genesis", origin_));
  }
  if (checkpoint.checkpoint.origin != origin_) {
    return absl::InvalidArgumentError(fmt::format("checkpoint is of log '{}'; must be of '{}'",
                                                  checkpoint.checkpoint.origin, origin_));
  }
  return core::VerifyCheckpoint(checkpoint, origin_, *key_, *verifier_);
}

// The checkpoint in `note`, signed by this log.
absl::StatusOr<core::Checkpoint> LogVerifier::Open(std::string_view note) const {
  absl::StatusOr<core::SignedCheckpoint> opened = core::ParseCheckpoint(note);
  if (!opened.ok()) return opened.status();
  if (absl::Status is_signed = CheckSigned(*opened); !is_signed.ok()) return is_signed;
  return std::move(opened->checkpoint);
}

std::optional<Finding> LogVerifier::Stage(std::span<const std::string> leaves,
                                          std::string_view checkpoint, std::string_view batch) {
  staged_.clear();
  const auto finding_of = [&](FindingKind kind, std::string message) {
    Finding finding = MakeFinding(kind, std::move(message));
    finding.evidence.push_back({kEvidenceOtherCheckpoint, std::string(checkpoint)});
    finding.evidence.push_back({kEvidenceBatch, std::string(batch)});
    return finding;
  };
  const absl::StatusOr<core::SignedCheckpoint> parsed = core::ParseCheckpoint(checkpoint);
  if (!parsed.ok() || parsed->checkpoint.origin != origin_) {
    return finding_of(
        FindingKind::kMalformedBatch,
        fmt::format("The checkpoint of the batch after leaf {} is not one of this log: {}.", size(),
                    parsed.ok() ? fmt::format("it names '{}'", parsed->checkpoint.origin)
                                : Text(parsed.status())));
  }
  const core::Checkpoint& claimed = parsed->checkpoint;
  if (const absl::Status is_signed = CheckSigned(*parsed); !is_signed.ok()) {
    return finding_of(FindingKind::kBadSignature,
                      fmt::format("The checkpoint of the batch after leaf {} is not signed by the "
                                  "log's key: {}.",
                                  size(), Text(is_signed)));
  }
  core::MerkleFrontier& frontier = staged_frontier_;
  frontier = frontier_;
  staged_.reserve(leaves.size());
  for (const std::string& leaf : leaves) {
    staged_.push_back(core::LeafHash(leaf));
    frontier.Append(staged_.back());
  }
  if (claimed.size != frontier.size() || claimed.root != frontier.Root()) {
    Finding finding = finding_of(
        FindingKind::kRootMismatch,
        fmt::format("The log signed {}; the leaves that it showed make size {} and root {}.",
                    Describe(claimed), frontier.size(), frontier.Root().ToHex()));
    finding.evidence.push_back({kEvidenceRootOfLeaves, std::string(frontier.Root().view())});
    return finding;
  }
  staged_checkpoint_ = checkpoint;
  return CompareStaged();
}

// Checkpoints that were shown before the leaves were there.
std::optional<Finding> LogVerifier::CompareStaged() const {
  if (ahead_.empty()) return std::nullopt;
  core::MerkleFrontier frontier = frontier_;
  for (const core::Hash256& leaf : staged_) {
    frontier.Append(leaf);
    const auto at_size = ahead_.find(frontier.size());
    if (at_size == ahead_.end()) continue;
    for (const auto& [root, shown] : at_size->second) {
      if (root == frontier.Root()) continue;
      core::MerkleTree tree = tree_;
      for (const core::Hash256& hash : staged_) tree.Append(hash);
      core::Checkpoint other;
      other.origin = origin_;
      other.size = at_size->first;
      other.root = root;
      return Fork(tree, staged_checkpoint_, shown.note, other);
    }
  }
  return std::nullopt;
}

void LogVerifier::Commit() {
  tree_.Append(staged_);
  frontier_ = staged_frontier_;
  staged_.clear();
  checkpoint_ = std::move(staged_checkpoint_);
  staged_checkpoint_.clear();
  ahead_.erase(ahead_.begin(), ahead_.upper_bound(size()));
  CW_CHECK(tree_.size() == frontier_.size(), "tree and frontier hold the same leaves");
}

// `other` is not ahead of `tree`, whose checkpoint is `ours`, and contradicts it.
Finding LogVerifier::Fork(const core::MerkleTree& tree, const std::string& ours,
                          std::string_view note, const core::Checkpoint& other) const {
  const absl::StatusOr<core::Hash256> root = tree.RootAt(other.size);
  const absl::StatusOr<std::vector<core::Hash256>> proof =
      tree.ConsistencyProof(other.size, tree.size());
  CW_CHECK(root.ok() && proof.ok(), "the other checkpoint is within the tree");
  Finding finding;
  finding.kind = FindingKind::kForkedLog;
  finding.origin = origin_;
  finding.message = fmt::format(
      "The log signed {} for one reader; the log that was verified has root {} there. "
      "Both checkpoints bear its signature, and they cannot both be true.",
      Describe(other), root->ToHex());
  finding.evidence = {{kEvidenceVerifiedCheckpoint, ours},
                      {kEvidenceOtherCheckpoint, std::string(note)},
                      {kEvidenceVerifiedRoot, std::string(root->view())},
                      {kEvidenceConsistencyProof, Join(*proof)}};
  return finding;
}

std::optional<Finding> LogVerifier::CompareAhead(std::string_view note,
                                                 const core::Checkpoint& other,
                                                 const GivenProof& proof) {
  if (proof.has_value() &&
      !core::VerifyConsistency(size(), other.size, root(), other.root, *proof)) {
    Finding finding = MakeFinding(
        FindingKind::kForkedLog,
        fmt::format("The log signed {}, and its proof does not show that this extends the size {} "
                    "and root {} that were verified.",
                    Describe(other), size(), root().ToHex()));
    finding.evidence.push_back({kEvidenceOtherCheckpoint, std::string(note)});
    finding.evidence.push_back({kEvidenceConsistencyProof, Join(*proof)});
    return finding;
  }
  std::map<core::Hash256, Shown>& roots = ahead_[other.size];
  roots.emplace(other.root, Shown{std::string(note), heads_});
  if (roots.size() == 1) return std::nullopt;
  // Two of them contradict each other, whatever the leaves will be.
  Finding finding;
  finding.kind = FindingKind::kForkedLog;
  finding.origin = origin_;
  finding.message =
      fmt::format("The log signed two checkpoints of size {} with different roots: {} and {}.",
                  other.size, roots.begin()->first.ToHex(), roots.rbegin()->first.ToHex());
  finding.evidence = {{kEvidenceVerifiedCheckpoint, roots.begin()->second.note},
                      {kEvidenceOtherCheckpoint, roots.rbegin()->second.note}};
  return finding;
}

absl::StatusOr<std::optional<Finding>> LogVerifier::OnCheckpoint(std::string_view note,
                                                                 const GivenProof& proof) {
  const absl::StatusOr<core::Checkpoint> other = Open(note);
  if (!other.ok()) return other.status();
  if (other->size > size()) return CompareAhead(note, *other, proof);
  const absl::StatusOr<core::Hash256> own = tree_.RootAt(other->size);
  CW_CHECK(own.ok(), "the other checkpoint is within the tree");
  if (*own == other->root) return std::optional<Finding>();
  return Fork(tree_, checkpoint_, note, *other);
}

// The log gives as its latest what is behind a checkpoint that it had signed for somebody else:
// nothing that it shows will ever come to be compared with that.
std::optional<Finding> LogVerifier::FindWithheld(std::string_view note,
                                                 std::uint64_t head_size) const {
  for (auto at_size = ahead_.rbegin(); at_size != ahead_.rend(); ++at_size) {
    if (at_size->first <= head_size) break;
    for (const auto& [root, shown] : at_size->second) {
      // Known when the head before this one came, thus before this one was asked for.
      if (shown.heads + 1 >= heads_) continue;
      Finding finding;
      finding.kind = FindingKind::kLogRolledBack;
      finding.origin = origin_;
      finding.message = fmt::format(
          "The log {} as its latest; it had signed size {} before, which this observer was not "
          "shown. It lost or withholds {} leaves.",
          note.empty() ? "gave no checkpoint"
                       : fmt::format("gave a checkpoint of size {}", head_size),
          at_size->first, at_size->first - head_size);
      finding.evidence = {{kEvidenceVerifiedCheckpoint, shown.note}};
      if (!note.empty()) finding.evidence.push_back({kEvidenceOtherCheckpoint, std::string(note)});
      return finding;
    }
  }
  return std::nullopt;
}

std::optional<Finding> LogVerifier::OnHead(std::string_view note, const GivenProof& proof) {
  if (!key_.has_value()) return std::nullopt;
  if (note.empty() && size() == 0) {
    ++heads_;
    return FindWithheld(note, 0);
  }
  absl::StatusOr<std::optional<Finding>> found = OnCheckpoint(note, proof);
  if (!found.ok()) {
    Finding finding = MakeFinding(
        FindingKind::kBadSignature,
        fmt::format("What the log gave as its latest checkpoint is not one that it signed: {}.",
                    Text(found.status())));
    finding.evidence.push_back({kEvidenceOtherCheckpoint, std::string(note)});
    return finding;
  }
  if (found->has_value()) return *std::move(found);
  ++heads_;
  const std::uint64_t head_size = core::ParseCheckpoint(note)->checkpoint.size;
  if (head_size >= size()) return FindWithheld(note, head_size);
  Finding finding = MakeFinding(
      FindingKind::kLogRolledBack,
      fmt::format("The log gave a checkpoint of size {} as its latest; it had signed size {} "
                  "before. It lost or withdrew {} leaves.",
                  head_size, size(), size() - head_size));
  finding.evidence.push_back({kEvidenceOtherCheckpoint, std::string(note)});
  return finding;
}

}  // namespace causeway::observer
