// A witness of a decision log: a pure state machine, driven live by ../runtime and in virtual time
// by the simulator. Batches of the log go in; cosignatures of its checkpoints come out. It cosigns
// a checkpoint only when
//   - it holds every record of that tree durably, in its own journal, before it signs;
//   - the tree begins with every tree that it cosigned before;
//   - every record is one that the authority could make under a policy that it was given
//     (codec::CheckDecision), by the record's bytes and what came with it, never by a clock;
//   - no settlement is decided twice, in all of the log's history.
// Requests may be lost, repeated and reordered: answers tell how far it is. docs/protocols/pvp.md,
// "Witnesses", has the protocol.
//
// What contradicts all this and bears the log's signature is evidence: it is made durable, and the
// witness signs nothing more until it is opened with a policy of a later epoch, by which its
// operator says that the matter is settled. One whose own key signed what it does not hold
// (kStateLost) never signs again under that key.
//
// Thread-compatible: one caller at a time.
#ifndef CAUSEWAY_CENTRAL_BANK_NODE_WITNESS_WITNESS_ENGINE_H_
#define CAUSEWAY_CENTRAL_BANK_NODE_WITNESS_WITNESS_ENGINE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "central-bank-node/witness/evidence.h"
#include "settlement/core/checkpoint.h"
#include "settlement/core/decision_batch.h"
#include "settlement/core/merkle.h"
#include "settlement/core/policy_set.h"
#include "settlement/core/remembering_verifier.h"
#include "settlement/core/witness_messages.h"
#include "settlement/store/fingerprint.h"
#include "settlement/store/journal.h"
#include "settlement/store/key_index.h"

namespace causeway::witness {

inline constexpr char kJournalKind[] = "witness";
// Its metadata; docs/formats/witness.md.
inline constexpr char kFrontierKey[] = "frontier";
inline constexpr char kSeenKey[] = "seen";
inline constexpr char kEvidenceKey[] = "evidence";

using core::Cosigned;
using Answer = core::WitnessAnswer;
using Refusal = core::WitnessRefusal;
using Request = core::WitnessRequest;

class WitnessEngine {
 public:
  struct Options {
    // The exact bytes of every policy that records of the log may name. At least one of them names
    // this witness, with this key.
    std::vector<std::string> policies;
    std::string name;
    std::shared_ptr<const core::Signer> signer;
    std::shared_ptr<const core::SignatureVerifier> verifier;
    // Where decided ids are found again: opened with as many durable leaves as the journal has
    // records. store::MemoryKeyIndex or store::KeyRuns.
    std::unique_ptr<store::KeyIndex> ids;
    store::FingerprintKey fingerprint_key{};  // secret, of this witness
  };

  // The identity of the journal that belongs to that log.
  static store::JournalIdentity JournalIdentityOf(const core::LedgerOrigin& decision_log);

  // InvalidArgument names the option that is wrong; `ids` may still be missing. Before the journal
  // is created, so that a mistake leaves nothing behind.
  static absl::Status Check(const Options& options, const core::PolicySet& policies);

  // Goes on with what the journal holds. InvalidArgument names the option that is wrong;
  // FailedPrecondition when the journal's last checkpoint is not signed by the policies' key;
  // DataLoss with the place when it contradicts itself.
  static absl::StatusOr<std::unique_ptr<WitnessEngine>> Open(
      Options options, std::unique_ptr<store::Journal> journal);

  // Takes requests in their order: verifies, makes all that is new durable as one write, and signs
  // as of `seconds` since 1970. One answer for each request, in their order. On an error the
  // process must exit without answering: what is durable is unknown.
  absl::StatusOr<std::vector<Answer>> Handle(std::span<const Request> requests,
                                             std::uint64_t seconds);

  const std::string& name() const { return options_.name; }
  const core::PublicKey& public_key() const { return options_.signer->public_key(); }
  const core::PolicySet& policies() const { return policies_; }
  std::uint64_t batches() const { return journal_->block_count(); }
  std::uint64_t size() const { return frontier_.size(); }
  core::Hash256 root() const { return frontier_.Root(); }
  // Of the last batch: the log's signed note. Empty before the first.
  const std::string& checkpoint() const { return checkpoint_; }
  // What was found, also when a later epoch lets it sign again. Nothing if nothing was.
  const std::optional<Evidence>& evidence() const { return evidence_; }
  // Whether it signs nothing because of it.
  bool refusing() const;

 private:
  struct StagedBatch;
  struct Staging;

  WitnessEngine(Options options, core::PolicySet policies, std::unique_ptr<store::Journal> journal);
  absl::Status Resume();
  absl::Status ResumeIds();
  absl::Status ResumeEvidence();
  std::uint64_t FingerprintOf(const core::Hash256& id) const { return fingerprint_(id.view()); }
  absl::StatusOr<bool> IsDecided(const core::Hash256& id) const;
  absl::StatusOr<core::DecisionBatch> ReadBatch(std::uint64_t number) const;
  absl::StatusOr<core::Hash256> RootAt(std::uint64_t size) const;
  bool IsSigned(const core::SignedCheckpoint& checkpoint) const;

  // Each of these stages what is good and notes in `staging` what is not. Errors are of the
  // journal.
  absl::Status TakeBatches(std::span<const std::string> batches, Staging& staging) const;
  absl::Status TakeKnown(std::string_view note, Staging& staging) const;
  absl::Status TakeBatch(std::string_view bytes, Staging& staging) const;
  absl::Status TakeOld(const core::DecisionBatch& batch, std::string_view bytes,
                       Staging& staging) const;
  absl::Status TakeNew(const core::DecisionBatch& batch, std::string_view bytes,
                       Staging& staging) const;
  absl::Status Compare(const core::SignedCheckpoint& theirs, std::string_view note,
                       std::string_view batch, Staging& staging) const;
  void DropUnsigned(Staging& staging) const;
  // Whether all records of the batch are valid and new.
  absl::StatusOr<bool> TakeRecords(const core::DecisionBatch& batch, StagedBatch& staged,
                                   Staging& staging) const;
  void Accuse(EvidenceKind kind, std::string message, std::string_view ours,
              std::string_view theirs, std::string_view batch, Staging& staging) const;
  void AccuseSigner(EvidenceKind kind, std::string message, std::string_view ours,
                    const StagedBatch& staged, Staging& staging) const;

  absl::Status Write(Staging& staging);
  absl::Status Sign(std::span<const Request> requests, std::uint64_t seconds, Staging& staging);

  Options options_;
  core::PolicySet policies_;
  core::RememberingVerifier verifier_;
  store::KeyFingerprinter fingerprint_;
  std::unique_ptr<store::Journal> journal_;
  core::MerkleFrontier frontier_;
  std::string checkpoint_;
  // The largest checkpoint of the log that anybody showed, beyond what is held; empty: none.
  std::string seen_;
  std::optional<Evidence> evidence_;
};

}  // namespace causeway::witness

#endif  // CAUSEWAY_CENTRAL_BANK_NODE_WITNESS_WITNESS_ENGINE_H_
