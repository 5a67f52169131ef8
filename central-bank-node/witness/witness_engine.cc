#include "central-bank-node/witness/witness_engine.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>
#include <variant>

#include "absl/container/flat_hash_set.h"
#include "fmt/format.h"
#include "settlement/codec/codec.h"
#include "settlement/codec/decision_check.h"
#include "settlement/core/check.h"
#include "settlement/core/cosignature.h"
#include "settlement/core/hash.h"

namespace causeway::witness {
namespace {

std::string Text(const absl::Status& status) { return std::string(status.message()); }

// Whoever may ask may show a note, and each line of a key that is known costs a verification.
bool HasRepeatedKey(const core::SignedCheckpoint& checkpoint) {
  std::set<std::pair<std::string_view, std::uint32_t>> keys;
  return !std::all_of(checkpoint.signatures.begin(), checkpoint.signatures.end(),
                      [&](const core::NoteSignature& line) {
                        return keys.emplace(line.key_name, line.key_id).second;
                      });
}

}  // namespace

// A batch that is verified and waits for the write.
struct WitnessEngine::StagedBatch {
  store::Block block;
  std::string note;
  core::SignedCheckpoint checkpoint;
  std::vector<core::Hash256> ids;
  core::MerkleFrontier before;  // so that it can be dropped again
  std::size_t request = 0;
};

// What one call of Handle has gathered.
struct WitnessEngine::Staging {
  core::MerkleFrontier frontier;
  std::vector<StagedBatch> batches;
  absl::flat_hash_set<core::Hash256> taken;  // of `batches`
  std::optional<Evidence> evidence;
  std::string seen;  // as seen_, with what this call brought
  std::vector<Answer> answers;
  std::size_t request = 0;  // that is being taken

  void Refuse(Refusal refusal, std::string message) {
    Answer& answer = answers[request];
    if (answer.refusal != Refusal::kNone) return;
    answer.refusal = refusal;
    answer.message = std::move(message);
  }
};

bool WitnessEngine::refusing() const {
  if (!evidence_.has_value()) return false;
  if (evidence_->kind == EvidenceKind::kStateLost) {
    return evidence_->key == options_.signer->key_id();
  }
  return policies_.latest().epoch <= evidence_->epoch;
}

bool WitnessEngine::IsSigned(const core::SignedCheckpoint& checkpoint) const {
  return checkpoint.checkpoint.origin == policies_.decision_log().text() &&
         core::VerifyCheckpoint(checkpoint, policies_.decision_log().text(),
                                policies_.decision_log_key(), verifier_)
             .ok();
}

absl::StatusOr<core::DecisionBatch> WitnessEngine::ReadBatch(std::uint64_t number) const {
  const absl::StatusOr<store::Block> block = journal_->Read(number);
  if (!block.ok()) return block.status();
  return core::DecodeDecisionBatch(block->body);
}

// The root when the log had `size` records, which this witness holds. At the end of a batch its
// checkpoint tells it; elsewhere the log has signed nothing that this witness was sent, and it is
// made anew from the records.
absl::StatusOr<core::Hash256> WitnessEngine::RootAt(std::uint64_t size) const {
  if (size == frontier_.size()) return frontier_.Root();
  if (size == 0) return core::EmptyRoot();
  const absl::StatusOr<std::uint64_t> last = journal_->FindBlock(size - 1);
  if (!last.ok()) return last.status();
  const absl::StatusOr<core::DecisionBatch> batch = ReadBatch(*last);
  if (!batch.ok()) return batch.status();
  if (batch->first_index + batch->decided.size() == size) {
    const absl::StatusOr<core::SignedCheckpoint> note = core::ParseCheckpoint(batch->checkpoint);
    if (!note.ok()) return note.status();
    return note->checkpoint.root;
  }
  core::MerkleFrontier frontier;
  for (std::uint64_t number = 0; number <= *last; ++number) {
    const absl::StatusOr<core::DecisionBatch> each = ReadBatch(number);
    if (!each.ok()) return each.status();
    for (const core::DecidedSettlement& decided : each->decided) {
      if (frontier.size() < size) frontier.Append(core::LeafHash(decided.record));
    }
  }
  return frontier.Root();
}

absl::StatusOr<bool> WitnessEngine::IsDecided(const core::Hash256& id) const {
  const std::uint64_t fingerprint = FingerprintOf(id);
  const absl::StatusOr<std::uint64_t> newest = options_.ids->FindNewest(fingerprint);
  if (!newest.ok()) return newest.status();
  if (*newest == store::kNoLeaf) return false;
  // Two ids may share a fingerprint: the records tell.
  const absl::StatusOr<std::vector<std::uint64_t>> leaves =
      options_.ids->Find(store::KeyFamily::kInstruction, fingerprint);
  if (!leaves.ok()) return leaves.status();
  for (const std::uint64_t leaf : *leaves) {
    const absl::StatusOr<std::uint64_t> number = journal_->FindBlock(leaf);
    if (!number.ok()) return number.status();
    const absl::StatusOr<core::DecisionBatch> batch = ReadBatch(*number);
    if (!batch.ok()) return batch.status();
    const absl::StatusOr<core::DecisionRecord> record =
        core::DecodeDecisionRecord(batch->decided[leaf - batch->first_index].record);
    if (!record.ok()) return record.status();
    if (record->settlement_id == id) return true;
  }
  return false;
}

absl::StatusOr<std::vector<Answer>> WitnessEngine::Handle(std::span<const Request> requests,
                                                          std::uint64_t seconds) {
  Staging staging;
  staging.frontier = frontier_;
  staging.seen = seen_;
  staging.answers.resize(requests.size());
  // What others saw comes first: every record that is taken is compared with it.
  for (staging.request = 0; staging.request < requests.size(); ++staging.request) {
    const std::string& known = requests[staging.request].known;
    if (known.empty()) continue;
    if (absl::Status status = TakeKnown(known, staging); !status.ok()) return status;
  }
  for (staging.request = 0; staging.request < requests.size(); ++staging.request) {
    const Request& request = requests[staging.request];
    if (absl::Status status = TakeBatches(request.batches, staging); !status.ok()) return status;
  }
  DropUnsigned(staging);
  if (absl::Status status = Write(staging); !status.ok()) return status;
  if (absl::Status status = Sign(requests, seconds, staging); !status.ok()) return status;
  return std::move(staging.answers);
}

absl::Status WitnessEngine::TakeBatches(std::span<const std::string> batches,
                                        Staging& staging) const {
  for (const std::string& bytes : batches) {
    if (staging.evidence.has_value() || refusing()) break;  // Sign says so
    if (absl::Status status = TakeBatch(bytes, staging); !status.ok()) return status;
    if (staging.answers[staging.request].refusal != Refusal::kNone) break;
  }
  return absl::OkStatus();
}

void WitnessEngine::Accuse(EvidenceKind kind, std::string message, std::string_view ours,
                           std::string_view theirs, std::string_view batch,
                           Staging& staging) const {
  // The first is enough, and there is no end to what a faulty log may send. But that the key lost
  // its state outweighs what a later epoch of the policy settles.
  const Evidence* const first = staging.evidence.has_value() ? &*staging.evidence
                                : refusing()                 ? &*evidence_
                                                             : nullptr;
  const bool outweighs = first != nullptr && kind == EvidenceKind::kStateLost &&
                         first->kind != EvidenceKind::kStateLost;
  if (first != nullptr && !outweighs) return;
  staging.evidence = Evidence{kind,
                              policies_.latest().epoch,
                              options_.signer->key_id(),
                              std::move(message),
                              std::string(ours),
                              std::string(theirs),
                              std::string(batch)};
}

absl::Status WitnessEngine::TakeKnown(std::string_view note, Staging& staging) const {
  const absl::StatusOr<core::SignedCheckpoint> theirs = core::ParseCheckpoint(note);
  if (theirs.ok() && HasRepeatedKey(*theirs)) {
    staging.Refuse(Refusal::kMalformed, "known: has two signature lines of one key");
    return absl::OkStatus();
  }
  if (!theirs.ok() || !IsSigned(*theirs)) {
    staging.Refuse(Refusal::kMalformed,
                   theirs.ok() ? fmt::format("known: is not signed by the decision log {}",
                                             policies_.decision_log().text())
                               : fmt::format("known: {}", Text(theirs.status())));
    return absl::OkStatus();
  }
  const core::Checkpoint& checkpoint = theirs->checkpoint;
  const std::string text = core::CheckpointText(checkpoint);
  const bool own = std::any_of(
      theirs->signatures.begin(), theirs->signatures.end(), [&](const core::NoteSignature& line) {
        return core::VerifyCosignature(text, line, options_.name, public_key(), *options_.verifier)
            .ok();
      });
  bool held = checkpoint.size <= frontier_.size();
  if (held) {
    const absl::StatusOr<core::Hash256> root = RootAt(checkpoint.size);
    if (!root.ok()) return root.status();
    held = *root == checkpoint.root;
  }
  if (own && !held) {
    Accuse(
        EvidenceKind::kStateLost,
        fmt::format("This witness's key cosigned size {} and root {}, which it does not hold: it "
                    "has {} records. What it wrote is lost, or its key is used elsewhere. The "
                    "key must not sign again.",
                    checkpoint.size, checkpoint.root.ToHex(), frontier_.size()),
        checkpoint_, note, "", staging);
    return absl::OkStatus();
  }
  return Compare(*theirs, note, "", staging);
}

// `theirs` bears the log's signature. What is ahead of what is held is kept until the records come.
absl::Status WitnessEngine::Compare(const core::SignedCheckpoint& theirs, std::string_view note,
                                    std::string_view batch, Staging& staging) const {
  const core::Checkpoint& checkpoint = theirs.checkpoint;
  if (checkpoint.size > frontier_.size()) {
    const absl::StatusOr<core::SignedCheckpoint> seen = core::ParseCheckpoint(staging.seen);
    if (!seen.ok() || seen->checkpoint.size < checkpoint.size) {
      staging.seen = note;
    } else if (seen->checkpoint.size == checkpoint.size &&
               seen->checkpoint.root != checkpoint.root) {
      Accuse(EvidenceKind::kForkedLog,
             fmt::format("The log signed two trees of size {}: with root {} and with root {}.",
                         checkpoint.size, seen->checkpoint.root.ToHex(), checkpoint.root.ToHex()),
             staging.seen, note, batch, staging);
    }
    return absl::OkStatus();
  }
  const absl::StatusOr<core::Hash256> root = RootAt(checkpoint.size);
  if (!root.ok()) return root.status();
  if (*root != checkpoint.root) {
    Accuse(
        EvidenceKind::kForkedLog,
        fmt::format("The log signed size {} with root {}; this witness was shown a log with root "
                    "{} there, and has size {} now.",
                    checkpoint.size, checkpoint.root.ToHex(), root->ToHex(), frontier_.size()),
        checkpoint_, note, batch, staging);
  }
  return absl::OkStatus();
}

absl::Status WitnessEngine::TakeBatch(std::string_view bytes, Staging& staging) const {
  const absl::StatusOr<core::DecisionBatch> batch = core::DecodeDecisionBatch(bytes);
  if (!batch.ok()) {
    staging.Refuse(Refusal::kMalformed, Text(batch.status()));
    return absl::OkStatus();
  }
  const std::uint64_t next = journal_->block_count() + staging.batches.size();
  if (batch->number > next) {
    staging.Refuse(Refusal::kGap,
                   fmt::format("batch {} was sent; batch {} is next", batch->number, next));
    return absl::OkStatus();
  }
  if (batch->number < next) return TakeOld(*batch, bytes, staging);
  return TakeNew(*batch, bytes, staging);
}

// A batch whose place is taken: the same again, or a second history.
absl::Status WitnessEngine::TakeOld(const core::DecisionBatch& batch, std::string_view bytes,
                                    Staging& staging) const {
  const std::uint64_t held = journal_->block_count();
  if (batch.number >= held) {
    if (staging.batches[batch.number - held].block.body == bytes) return absl::OkStatus();
    staging.Refuse(Refusal::kMalformed,
                   fmt::format("batch {} was sent twice at once, with other bytes", batch.number));
    return absl::OkStatus();
  }
  const absl::StatusOr<store::Block> block = journal_->Read(batch.number);
  if (!block.ok()) return block.status();
  if (block->body == bytes) return absl::OkStatus();
  const absl::StatusOr<core::SignedCheckpoint> theirs = core::ParseCheckpoint(batch.checkpoint);
  if (theirs.ok() && IsSigned(*theirs)) {
    if (absl::Status status = Compare(*theirs, batch.checkpoint, bytes, staging); !status.ok()) {
      return status;
    }
  }
  staging.Refuse(Refusal::kMalformed,
                 fmt::format("batch {} differs from the one that is held", batch.number));
  return absl::OkStatus();
}

absl::Status WitnessEngine::TakeNew(const core::DecisionBatch& batch, std::string_view bytes,
                                    Staging& staging) const {
  absl::StatusOr<core::SignedCheckpoint> note = core::ParseCheckpoint(batch.checkpoint);
  if (!note.ok() || batch.first_index != staging.frontier.size()) {
    staging.Refuse(Refusal::kMalformed, fmt::format("batch {}: {}", batch.number,
                                                    note.ok() ? "its first index does not follow"
                                                              : Text(note.status())));
    return absl::OkStatus();
  }
  StagedBatch staged;
  staged.before = staging.frontier;
  staged.request = staging.request;
  staged.checkpoint = *std::move(note);
  staged.note = batch.checkpoint;
  staged.block = {batch.number, batch.first_index, static_cast<std::uint32_t>(batch.decided.size()),
                  std::string(bytes)};
  core::MerkleFrontier frontier = staging.frontier;
  const absl::StatusOr<core::SignedCheckpoint> seen = core::ParseCheckpoint(staging.seen);
  bool as_seen = true;
  for (const core::DecidedSettlement& decided : batch.decided) {
    frontier.Append(core::LeafHash(decided.record));
    if (seen.ok() && seen->checkpoint.size == frontier.size()) {
      as_seen = seen->checkpoint.root == frontier.Root();
    }
  }
  const core::Checkpoint& checkpoint = staged.checkpoint.checkpoint;
  if (checkpoint.origin != policies_.decision_log().text() || checkpoint.size != frontier.size() ||
      checkpoint.root != frontier.Root()) {
    staging.Refuse(Refusal::kMalformed, fmt::format("batch {}: its checkpoint is not that of its "
                                                    "records",
                                                    batch.number));
    return absl::OkStatus();
  }
  if (!as_seen) {
    AccuseSigner(EvidenceKind::kForkedLog,
                 fmt::format("The log had signed size {} with root {}; the records that it sent "
                             "make another tree there.",
                             seen->checkpoint.size, seen->checkpoint.root.ToHex()),
                 staging.seen, staged, staging);
    return absl::OkStatus();
  }
  const absl::StatusOr<bool> valid = TakeRecords(batch, staged, staging);
  if (!valid.ok()) return valid.status();
  if (!*valid) return absl::OkStatus();
  staging.taken.insert(staged.ids.begin(), staged.ids.end());
  staging.frontier = std::move(frontier);
  staging.batches.push_back(std::move(staged));
  return absl::OkStatus();
}

// A batch that no honest log signs, if it is signed; else nobody is to blame but its sender.
void WitnessEngine::AccuseSigner(EvidenceKind kind, std::string message, std::string_view ours,
                                 const StagedBatch& staged, Staging& staging) const {
  if (IsSigned(staged.checkpoint)) {
    Accuse(kind, std::move(message), ours, staged.note, staged.block.body, staging);
  } else {
    staging.Refuse(Refusal::kMalformed, message + " The decision log did not sign it.");
  }
}

absl::StatusOr<bool> WitnessEngine::TakeRecords(const core::DecisionBatch& batch,
                                                StagedBatch& staged, Staging& staging) const {
  absl::flat_hash_set<core::Hash256> here;
  for (std::size_t i = 0; i < batch.decided.size(); ++i) {
    const auto checked = codec::CheckDecision(batch.decided[i], policies_, verifier_);
    if (const auto* fault = std::get_if<codec::DecisionFault>(&checked)) {
      std::string message = fmt::format("Record {} {}.", batch.first_index + i, fault->message);
      using Kind = codec::DecisionFault::Kind;
      if (fault->kind == Kind::kRecord) {
        AccuseSigner(EvidenceKind::kInvalidRecord, std::move(message), checkpoint_, staged,
                     staging);
      } else {
        staging.Refuse(
            fault->kind == Kind::kUnknownPolicy ? Refusal::kUnknownPolicy : Refusal::kMalformed,
            std::move(message));
      }
      return false;
    }
    const core::Hash256& id = std::get<codec::CheckedDecision>(checked).record.settlement_id;
    bool again = !here.insert(id).second || staging.taken.contains(id);
    if (!again) {
      const absl::StatusOr<bool> before = IsDecided(id);
      if (!before.ok()) return before.status();
      again = *before;
    }
    if (again) {
      AccuseSigner(EvidenceKind::kInvalidRecord,
                   fmt::format("Record {} decides settlement {} a second time.",
                               batch.first_index + i, id.ToHex()),
                   checkpoint_, staged, staging);
      return false;
    }
    staged.ids.push_back(id);
  }
  return true;
}

// The log's signature on the last checkpoint covers all batches before it, so that it alone is
// verified; what comes after the last one that is signed is not taken.
void WitnessEngine::DropUnsigned(Staging& staging) const {
  while (!staging.batches.empty() && !IsSigned(staging.batches.back().checkpoint)) {
    StagedBatch& last = staging.batches.back();
    Answer& answer = staging.answers[last.request];
    answer.refusal = Refusal::kMalformed;
    answer.message = fmt::format("batch {}: its checkpoint is not signed by the decision log {}",
                                 last.block.number, policies_.decision_log().text());
    staging.frontier = last.before;
    staging.batches.pop_back();
  }
}

absl::Status WitnessEngine::Write(Staging& staging) {
  std::vector<store::Block> blocks;
  for (StagedBatch& staged : staging.batches) blocks.push_back(std::move(staged.block));
  std::vector<store::MetaWrite> meta;
  if (!blocks.empty()) meta.push_back({kFrontierKey, staging.frontier.Encode()});
  if (staging.seen != seen_) meta.push_back({kSeenKey, staging.seen});
  if (staging.evidence.has_value()) {
    meta.push_back({kEvidenceKey, EncodeEvidence(*staging.evidence)});
  }
  if (meta.empty()) return absl::OkStatus();
  if (absl::Status status = journal_->Append(blocks, meta); !status.ok()) return status;

  frontier_ = staging.frontier;
  seen_ = staging.seen;
  if (staging.evidence.has_value()) evidence_ = std::move(staging.evidence);
  std::uint64_t leaf = journal_->record_count();
  for (const StagedBatch& staged : staging.batches) leaf -= staged.ids.size();
  options_.ids->MarkDurable(journal_->record_count());
  for (const StagedBatch& staged : staging.batches) {
    std::vector<std::uint64_t> fingerprints;
    for (const core::Hash256& id : staged.ids) fingerprints.push_back(FingerprintOf(id));
    options_.ids->Insert(store::KeyFamily::kInstruction, fingerprints, leaf);
    leaf += staged.ids.size();
    if (absl::Status status = options_.ids->EndBatch(leaf); !status.ok()) return status;
    checkpoint_ = staged.note;
  }
  CW_CHECK(leaf == frontier_.size(), "tree and journal hold the same records");
  return absl::OkStatus();
}

// Everything that is signed here is durable.
absl::Status WitnessEngine::Sign(std::span<const Request> requests, std::uint64_t seconds,
                                 Staging& staging) {
  const bool refuses = refusing();
  for (const StagedBatch& staged : staging.batches) {
    if (refuses) break;
    absl::StatusOr<core::NoteSignature> line =
        core::Cosign(core::CheckpointText(staged.checkpoint.checkpoint), options_.name,
                     *options_.signer, seconds);
    if (!line.ok()) return line.status();
    staging.answers[staged.request].cosigned.push_back(
        {staged.checkpoint.checkpoint.size, *std::move(line)});
  }
  std::string latest;  // signed when it is first asked for
  for (std::size_t i = 0; i < requests.size(); ++i) {
    Answer& answer = staging.answers[i];
    answer.batches = journal_->block_count();
    answer.size = frontier_.size();
    if (refuses) {
      answer.refusal = Refusal::kRefusing;
      answer.message = evidence_->message;
      continue;
    }
    if (!requests[i].batches.empty() || checkpoint_.empty()) continue;
    if (latest.empty()) {
      absl::StatusOr<core::SignedCheckpoint> note = core::ParseCheckpoint(checkpoint_);
      if (!note.ok()) return note.status();
      absl::StatusOr<core::NoteSignature> line = core::Cosign(
          core::CheckpointText(note->checkpoint), options_.name, *options_.signer, seconds);
      if (!line.ok()) return line.status();
      note->signatures.push_back(*std::move(line));
      latest = core::FormatCheckpoint(*note);
    }
    answer.checkpoint = latest;
  }
  return absl::OkStatus();
}

}  // namespace causeway::witness
