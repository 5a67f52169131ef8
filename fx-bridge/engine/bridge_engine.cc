#include "fx-bridge/engine/bridge_engine.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "fx-bridge/engine/pending.h"
#include "settlement/codec/codec.h"
#include "settlement/core/check.h"
#include "settlement/core/checkpoint.h"
#include "settlement/core/settlement_list.h"

namespace causeway::bridge {
namespace {

core::Rejection NoAnswer(std::string_view why) {
  return {.outcome = core::Outcome::kUnavailable, .message = std::string(why)};
}

}  // namespace

core::Item ItemOf(LedgerRequest request) {
  if (request.kind == RequestKind::kComplete) {
    return codec::MakeCompletionItem(std::move(request.completion));
  }
  if (request.terms.payload_type == core::kSettlementListPayloadType) {
    return codec::MakePrepareItem(std::move(request.terms), std::move(request.part));
  }
  return codec::MakePrepareItem(std::move(request.terms), request.legs);
}

std::size_t BridgeEngine::OpenSettlement::Bytes() const {
  std::size_t bytes = terms.payload.size();
  for (const std::string& leg : legs) bytes += leg.size();
  return bytes;
}

void BridgeEngine::AddListTo(SettlementView& view, const core::TermsHeader& header,
                             const core::PositionSet& committed) {
  view.list_count = header.list_count;
  if (header.is_list()) view.list_committed = committed;
}

// Of a list that is decided; of none for an abort, and for a single settlement.
core::PositionSet BridgeEngine::CommittedOf(const core::TermsHeader& header,
                                            const std::vector<std::string>& votes) {
  if (!header.is_list()) return {};
  std::vector<core::Vote> decoded;
  for (const std::string& bytes : votes) {
    absl::StatusOr<core::Vote> vote = core::DecodeVote(bytes);
    CW_CHECK(vote.ok(), "the decision log holds votes that decode");
    decoded.push_back(*std::move(vote));
  }
  return core::CommittedBy(decoded, header.list_count)
      .value_or(core::PositionSet(header.list_count));
}

void BridgeEngine::VerifyAhead(const core::Envelope& terms) const {
  if (!core::CheckEnvelope(terms).ok()) return;
  const std::string message = core::PreAuthEncoding(terms.payload_type, terms.payload);
  for (const core::Signature& signature : terms.signatures) {
    const core::PublicKey* key = options_.keys->Find(signature.key_id);
    if (key != nullptr) verifier_->Verify(*key, message, signature.signature);
  }
}

void BridgeEngine::VerifyVoteAhead(const std::string& bytes) const {
  const absl::StatusOr<core::Vote> vote = core::DecodeVote(bytes);
  if (!vote.ok()) return;
  // Which policy its settlement is under only the engine's thread knows; in most the ledger is the
  // same.
  for (const core::SettlementPolicy& policy : policies_.all()) {
    if (core::VerifyVote(*vote, policy, *verifier_).ok()) return;
  }
}

void BridgeEngine::AddOpen(const core::Hash256& id, OpenSettlement settlement) {
  open_.emplace(id, std::move(settlement));
}

core::LedgerTime BridgeEngine::Clamp(core::LedgerTime now) {
  latest_ = std::max(latest_, now);
  return latest_;
}

absl::StatusOr<bool> BridgeEngine::IsKnown(const core::Hash256& id) const {
  if (open_.contains(id) || finished_.contains(id)) return true;
  const auto decided = decided_.Find(id);
  if (!decided.ok()) return decided.status();
  return decided->has_value();
}

void BridgeEngine::OnPrepareReply(
    core::LedgerTime now, const core::Hash256& id, const core::LedgerOrigin& ledger,
    const std::variant<std::string, core::Rejection>& vote_or_refusal) {
  now = Clamp(now);
  if (const auto* refusal = std::get_if<core::Rejection>(&vote_or_refusal)) {
    coordinator_.OnPrepareRefused(now, id, ledger, *refusal);
    return;
  }
  const std::string& bytes = std::get<std::string>(vote_or_refusal);
  const absl::StatusOr<core::Vote> vote = core::DecodeVote(bytes);
  const auto place = open_.find(id);
  const core::SettlementPolicy* policy =
      place == open_.end() ? nullptr : policies_.Find(place->second.header.policy_hash);
  const bool valid = vote.ok() && policy != nullptr && vote->settlement_id == id &&
                     vote->statement.ledger == ledger &&
                     vote->listed.size() == place->second.header.list_count &&
                     core::VerifyVote(*vote, *policy, *verifier_).ok();
  if (valid) {
    coordinator_.OnPrepared(now, id, ledger, {core::VoteHash(*vote), bytes});
  } else {
    coordinator_.OnFailed(now, RequestKind::kPrepare, id, ledger,
                          NoAnswer("its vote does not verify"));
  }
}

void BridgeEngine::OnCompleteReply(
    core::LedgerTime now, const core::Hash256& id, const core::LedgerOrigin& ledger,
    const std::variant<core::InstructionStatus, core::Rejection>& status_or_refusal) {
  now = Clamp(now);
  const auto place = open_.find(id);
  if (place == open_.end()) return;
  // Measured against the record, not against the state: an answer to what was asked before a
  // restart may come while the certificate is being collected again.
  const core::Verdict verdict = place->second.verdict;
  bool done = false;
  bool against = false;
  if (const auto* status = std::get_if<core::InstructionStatus>(&status_or_refusal)) {
    const bool settled = *status == core::InstructionStatus::kSettled;
    const bool released = *status == core::InstructionStatus::kAborted ||
                          *status == core::InstructionStatus::kRejected;
    done = verdict == core::Verdict::kCommit ? settled : released;
    against = verdict == core::Verdict::kCommit ? released : settled;
  } else {
    against =
        std::get<core::Rejection>(status_or_refusal).outcome == core::Outcome::kSettlementConflict;
  }
  if (against) ++contradictions_;
  if (done) {
    coordinator_.OnCompleted(now, id, ledger);
    Finish(coordinator_.TakeFinished());
  } else {
    const auto* refusal = std::get_if<core::Rejection>(&status_or_refusal);
    coordinator_.OnFailed(now, RequestKind::kComplete, id, ledger,
                          refusal != nullptr
                              ? *refusal
                              : NoAnswer(against ? "it says the opposite of the decision"
                                                 : "it has not carried out the decision"));
  }
}

void BridgeEngine::OnSendFailed(core::LedgerTime now, RequestKind kind, const core::Hash256& id,
                                const core::LedgerOrigin& ledger, std::string_view why) {
  coordinator_.OnFailed(Clamp(now), kind, id, ledger, NoAnswer(why));
}

void BridgeEngine::OnWitnessAnswer(core::LedgerTime now, std::string_view witness,
                                   const core::WitnessAnswer& answer) {
  const absl::Status status = certifier_.OnAnswer(
      Clamp(now), witness, answer, [this](std::uint64_t size) { return tree_.RootAt(size); });
  if (!status.ok() && rolled_back_.ok()) rolled_back_ = status;
}

void BridgeEngine::OnWitnessFailed(core::LedgerTime now, std::string_view witness) {
  certifier_.OnFailed(Clamp(now), witness);
}

void BridgeEngine::Tick(core::LedgerTime now) {
  now = Clamp(now);
  coordinator_.Tick(now);
  certifier_.Tick(now);
}

std::optional<core::LedgerTime> BridgeEngine::next_timer() const {
  const std::optional<core::LedgerTime> certifier = certifier_.next_timer();
  const std::optional<core::LedgerTime> coordinator = coordinator_.next_timer();
  if (!certifier.has_value() || !coordinator.has_value()) {
    return certifier.has_value() ? certifier : coordinator;
  }
  return std::min(*certifier, *coordinator);
}

void BridgeEngine::Finish(std::vector<SettlementView> finished) {
  for (SettlementView& view : finished) {
    const core::Hash256 id = view.settlement_id;
    const auto open = open_.find(id);
    AddListTo(view, open->second.header, open->second.committed);
    open_.erase(open);
    removals_.push_back(id);
    if (finished_order_.size() == kFinishedViewsMax) {
      finished_.erase(finished_order_.front());
      finished_order_.pop_front();
    }
    finished_order_.push_back(id);
    finished_.emplace(id, std::move(view));
  }
}

absl::Status BridgeEngine::Flush(core::LedgerTime now) {
  now = Clamp(now);
  if (!rolled_back_.ok()) return rolled_back_;
  const bool decides = certifier_.MayDecide();
  do {
    std::vector<pvp::Judgement> judgements;
    if (decides) {
      std::size_t bytes = 0;
      const auto fills = [this, &bytes](const pvp::Judgement& judgement) {
        bytes += open_.find(judgement.settlement_id)->second.terms.payload.size();
        for (const pvp::VerifiedVote& vote : judgement.votes) bytes += vote.bytes.size();
        return bytes >= kDecisionBatchBytesMax;
      };
      judgements = coordinator_.Judge(now, kDecisionsPerBatchMax, fills);
    }
    if (absl::Status status = Write(now, judgements); !status.ok()) return status;
  } while (decides && coordinator_.HasRipe());
  ReleaseCertified(now);
  Release();
  return absl::OkStatus();
}

absl::Status BridgeEngine::Write(core::LedgerTime now, std::span<const pvp::Judgement> judgements) {
  std::vector<store::Block> blocks;
  if (!judgements.empty()) {
    absl::StatusOr<store::Block> block = MakeBlock(now, judgements);
    if (!block.ok()) return block.status();
    blocks.push_back(*std::move(block));
  }
  const std::vector<store::MetaWrite> meta = TakeMeta(!blocks.empty());
  if (blocks.empty() && meta.empty()) return absl::OkStatus();
  if (absl::Status status = journal_->Append(blocks, meta); !status.ok()) return status;
  std::set<core::Hash256> policies;
  std::vector<core::Hash256> ids;
  for (const pvp::Judgement& judgement : judgements) {
    const core::Hash256& id = judgement.settlement_id;
    const OpenSettlement& settlement = open_.find(id)->second;
    coordinator_.OnDecided(now, id);
    uncertified_.emplace(settlement.record_index, id);
    policies.insert(settlement.header.policy_hash);
    ids.push_back(id);
  }
  if (!ids.empty()) {
    absl::Status added = decided_.Add(ids, blocks.front().first_index);
    if (!added.ok()) return added;
  }
  if (!blocks.empty()) {
    certifier_.OnDurable(now, journal_->block_count(), tree_.size(), checkpoint_,
                         std::vector<core::Hash256>(policies.begin(), policies.end()));
  }
  return absl::OkStatus();
}

// All records below the certified checkpoint of their policy.
void BridgeEngine::ReleaseCertified(core::LedgerTime now) {
  if (certifier_.Certify()) certified_unsaved_ = true;
  for (auto place = uncertified_.begin(); place != uncertified_.end();) {
    const core::Hash256 id = place->second;
    const core::Hash256& policy = open_.find(id)->second.header.policy_hash;
    if (place->first < certifier_.certified(policy).size) {
      coordinator_.OnCertified(now, id);
      place = uncertified_.erase(place);
    } else if (policies_.all().size() == 1) {
      break;  // those that follow are above it too
    } else {
      ++place;
    }
  }
}

absl::StatusOr<store::Block> BridgeEngine::MakeBlock(core::LedgerTime now,
                                                     std::span<const pvp::Judgement> judgements) {
  core::DecisionBatch batch;
  batch.number = journal_->block_count();
  batch.first_index = tree_.size();
  batch.time = now;
  for (const pvp::Judgement& judgement : judgements) {
    const core::Hash256& id = judgement.settlement_id;
    OpenSettlement& settlement = open_.find(id)->second;
    core::DecisionRecord record;
    record.settlement_id = id;
    record.verdict = judgement.verdict;
    record.policy_hash = settlement.header.policy_hash;
    record.decided = now;
    core::DecidedSettlement decided;
    for (const pvp::VerifiedVote& vote : judgement.votes) {
      record.vote_hashes.push_back(vote.hash);
      decided.votes.push_back(vote.bytes);
    }
    if (judgement.verdict == core::Verdict::kAbort) {
      settlement.rejection = judgement.rejection;
      unsaved_.insert(id);
    } else {
      CW_CHECK(now <= settlement.header.deadline, "no commit is written past its deadline");
      CW_CHECK(record.vote_hashes.size() == settlement.header.ledgers.size(),
               "a commit carries a vote of every ledger in the terms");
    }
    orders_.Remove(id);  // in the same write
    decided.record = core::EncodeDecisionRecord(record);
    decided.terms = settlement.terms.payload;
    const auto before = decided_.Find(id);
    if (!before.ok()) return before.status();
    CW_CHECK(settlement.record.empty() && !before->has_value(),
             "the first record of an id is the only one");
    settlement.record_index = tree_.size();
    tree_.Append(core::LeafHash(decided.record));
    settlement.verdict = judgement.verdict;
    settlement.record = decided.record;
    settlement.votes = decided.votes;
    settlement.committed = CommittedOf(settlement.header, decided.votes);
    batch.decided.push_back(std::move(decided));
  }
  absl::StatusOr<std::string> note =
      core::SignCheckpoint({policies_.decision_log().ToString(), tree_.size(), tree_.Root(), {}},
                           policies_.decision_log().text(), *options_.signer);
  if (!note.ok()) return note.status();
  checkpoint_ = *std::move(note);
  batch.checkpoint = checkpoint_;
  store::Block block;
  block.number = batch.number;
  block.first_index = batch.first_index;
  block.count = static_cast<std::uint32_t>(batch.decided.size());
  block.body = core::EncodeDecisionBatch(batch);
  return block;
}

std::vector<store::MetaWrite> BridgeEngine::TakeMeta(bool writes_anyway) {
  std::vector<store::MetaWrite> meta = orders_.TakeMeta();
  for (const core::Hash256& id : unsaved_) {
    const auto place = open_.find(id);
    if (place == open_.end()) continue;
    const OpenSettlement& settlement = place->second;
    meta.push_back({PendingKey(id), EncodePending({settlement.submitted, settlement.terms,
                                                   settlement.legs, settlement.rejection})});
  }
  unsaved_.clear();
  // A removal is no news to anybody: it rides with other writes instead of costing a sync.
  if (writes_anyway || !meta.empty() || removals_.size() >= kRemovalsWaitingMax) {
    for (const core::Hash256& id : removals_) meta.push_back({PendingKey(id), std::nullopt});
    removals_.clear();
    // Witnesses can be asked again for their cosignatures: that is no reason to sync either.
    for (const core::SettlementPolicy& policy : policies_.all()) {
      const std::string& note = certifier_.certified(policy.hash).note;
      if (!certified_unsaved_ || policy.witnesses_needed == 0 || note.empty()) continue;
      meta.push_back({kCertifiedPrefix + policy.hash.ToHex(), note});
    }
    certified_unsaved_ = false;
  }
  return meta;
}

void BridgeEngine::Release() {
  for (const pvp::Request& request : coordinator_.TakeRequests()) {
    // What was asked before a decision or a last answer came is not worth sending any more.
    const auto place = open_.find(request.settlement_id);
    if (place == open_.end()) continue;
    const bool decided = !place->second.record.empty();
    if (decided != (request.kind == RequestKind::kComplete)) continue;
    absl::StatusOr<LedgerRequest> made = MakeRequest(request);
    if (made.ok()) {
      requests_.push_back(*std::move(made));
    } else {
      OnSendFailed(latest_, request.kind, request.settlement_id, request.ledger,
                   std::string(made.status().message()));
    }
  }
  for (const core::Hash256& id : coordinator_.TakeChanged()) changed_.insert(id);
}

// An error where the log cannot be read: the certificate of what was decided long ago needs it.
absl::StatusOr<LedgerRequest> BridgeEngine::MakeRequest(const pvp::Request& request) {
  OpenSettlement& settlement = open_.find(request.settlement_id)->second;
  LedgerRequest made;
  made.kind = request.kind;
  made.ledger = request.ledger;
  made.settlement_id = request.settlement_id;
  made.attempt = request.attempt;
  if (request.kind == RequestKind::kPrepare) {
    FillPrepare(settlement, made);
    return made;
  }
  if (settlement.completion.empty()) {
    core::CompleteSettlement completion;
    completion.settlement_id = request.settlement_id;
    absl::StatusOr<core::Certificate> certificate =
        MakeCertificateOf(settlement.record_index, settlement.record, settlement.votes);
    if (!certificate.ok()) return certificate.status();
    completion.certificate = *std::move(certificate);
    settlement.completion = codec::EncodeCompletion(completion);
  }
  made.completion = settlement.completion;
  return made;
}

void BridgeEngine::FillPrepare(const OpenSettlement& settlement, LedgerRequest& request) const {
  request.terms.payload_type = settlement.terms.payload_type;
  request.terms.payload = settlement.terms.payload;
  for (const core::Signature& signature : settlement.terms.signatures) {
    const bool wanted = std::any_of(
        settlement.required.begin(), settlement.required.end(),
        [&](const pvp::RequiredSigner& signer) {
          return signer.ledger == request.ledger &&
                 options_.keys->SignsFor(signature.key_id, signer.participant, signer.ledger);
        });
    if (wanted) request.terms.signatures.push_back(signature);
  }
  if (settlement.header.is_list()) {
    const std::vector<core::TermsLedger>& ledgers = settlement.header.ledgers;
    for (std::size_t i = 0; i < ledgers.size(); ++i) {
      if (ledgers[i].ledger == request.ledger) request.part = settlement.legs[i];
    }
    return;
  }
  core::MerkleTree legs;
  for (const std::string& leg : settlement.legs) legs.Append(core::LeafHash(leg));
  for (std::size_t i = 0; i < settlement.legs.size(); ++i) {
    if (settlement.decoded_legs[i].ledger != request.ledger) continue;
    auto proof = legs.InclusionProof(i, legs.size());
    CW_CHECK(proof.ok(), "a leg is in the tree of its settlement");
    core::ProvenLeg proven;
    proven.bytes = settlement.legs[i];
    proven.leg = settlement.decoded_legs[i];
    proven.index = static_cast<std::uint32_t>(i);
    proven.proof = *std::move(proof);
    request.legs.push_back(std::move(proven));
  }
}

absl::StatusOr<core::Certificate> BridgeEngine::MakeCertificateOf(
    std::uint64_t index, const std::string& record, const std::vector<std::string>& votes) const {
  core::Certificate certificate;
  certificate.record_bytes = record;
  absl::StatusOr<core::DecisionRecord> decoded = core::DecodeDecisionRecord(record);
  CW_CHECK(decoded.ok(), "the decision log holds records that decode");
  certificate.record = *std::move(decoded);
  certificate.index = index;
  const pvp::CertifiedCheckpoint& certified = certifier_.certified(certificate.record.policy_hash);
  if (index >= certified.size) {
    return absl::NotFoundError(
        fmt::format("record {} is decided, and waits for the cosignatures of witnesses", index));
  }
  auto proof = tree_.InclusionProof(index, certified.size);
  if (!proof.ok()) return proof.status();
  certificate.proof = *std::move(proof);
  certificate.checkpoint = certified.note;
  for (const std::string& bytes : votes) {
    absl::StatusOr<core::Vote> vote = core::DecodeVote(bytes);
    CW_CHECK(vote.ok(), "the decision log holds votes that decode");
    certificate.votes.push_back(*std::move(vote));
  }
  return certificate;
}

absl::StatusOr<core::DecidedSettlement> BridgeEngine::ReadDecided(std::uint64_t index) const {
  const auto holds = [index](const core::DecisionBatch& batch) {
    return index >= batch.first_index && index - batch.first_index < batch.decided.size();
  };
  if (!last_read_.has_value() || !holds(*last_read_)) {
    const absl::StatusOr<std::uint64_t> number = journal_->FindBlock(index);
    if (!number.ok()) return number.status();
    const absl::StatusOr<store::Block> block = journal_->Read(*number);
    if (!block.ok()) return block.status();
    absl::StatusOr<core::DecisionBatch> batch = core::DecodeDecisionBatch(block->body);
    if (!batch.ok()) return batch.status();
    if (!holds(*batch)) {
      return absl::DataLossError(
          fmt::format("decision log: block {} does not hold record {}", *number, index));
    }
    last_read_ = *std::move(batch);
  }
  return last_read_->decided[index - last_read_->first_index];
}

absl::StatusOr<core::Hash256> BridgeEngine::ReadId(std::uint64_t index) const {
  const absl::StatusOr<core::DecidedSettlement> decided = ReadDecided(index);
  if (!decided.ok()) return decided.status();
  const absl::StatusOr<core::DecisionRecord> record = core::DecodeDecisionRecord(decided->record);
  if (!record.ok()) return record.status();
  return record->settlement_id;
}

// For proofs at the places of old records.
absl::StatusOr<std::vector<core::Hash256>> BridgeEngine::LeafHashes(std::uint64_t first,
                                                                    std::uint64_t count) const {
  std::vector<core::Hash256> hashes;
  while (hashes.size() < count) {
    const std::uint64_t next = first + hashes.size();
    const absl::StatusOr<std::uint64_t> number = journal_->FindBlock(next);
    if (!number.ok()) return number.status();
    const absl::StatusOr<store::Block> block = journal_->Read(*number);
    if (!block.ok()) return block.status();
    const absl::StatusOr<core::DecisionBatch> batch = core::DecodeDecisionBatch(block->body);
    if (!batch.ok()) return batch.status();
    if (next < batch->first_index || next >= batch->first_index + batch->decided.size()) {
      return absl::DataLossError(
          fmt::format("decision log: block {} does not hold record {}", *number, next));
    }
    for (std::uint64_t i = next - batch->first_index;
         i < batch->decided.size() && hashes.size() < count; ++i) {
      hashes.push_back(core::LeafHash(batch->decided[i].record));
    }
  }
  return hashes;
}

absl::StatusOr<core::Certificate> BridgeEngine::MakeCertificate(const core::Hash256& id) const {
  const auto open = open_.find(id);
  if (open != open_.end() && !open->second.record.empty()) {
    return MakeCertificateOf(open->second.record_index, open->second.record, open->second.votes);
  }
  const auto place = decided_.Find(id);
  if (!place.ok()) return place.status();
  if (!place->has_value()) {
    return absl::NotFoundError(fmt::format("settlement {} has no decision", id.ToHex()));
  }
  const absl::StatusOr<core::DecidedSettlement> decided = ReadDecided(**place);
  if (!decided.ok()) return decided.status();
  return MakeCertificateOf(**place, decided->record, decided->votes);
}

std::variant<SettlementView, core::Rejection> BridgeEngine::Look(const core::Hash256& id) const {
  if (auto view = coordinator_.Find(id)) {
    const OpenSettlement& open = open_.find(id)->second;
    AddListTo(*view, open.header, open.committed);
    return *std::move(view);
  }
  const auto finished = finished_.find(id);
  if (finished != finished_.end()) return finished->second;
  const auto place = decided_.Find(id);
  if (!place.ok()) {
    return NoAnswer(fmt::format("whether settlement {} is decided cannot be read: {}", id.ToHex(),
                                std::string(place.status().message())));
  }
  if (!place->has_value()) {
    return core::Rejection{.outcome = core::Outcome::kNotFound,
                           .message = fmt::format("settlement {} is not known here", id.ToHex())};
  }
  absl::StatusOr<SettlementView> view = ReadView(id, **place);
  if (view.ok()) return *std::move(view);
  return NoAnswer(fmt::format(
      "settlement {} is decided, by record {} of the decision log, which cannot be read: {}",
      id.ToHex(), **place, std::string(view.status().message())));
}

// Complete long ago: the log tells what there is to know.
absl::StatusOr<SettlementView> BridgeEngine::ReadView(const core::Hash256& id,
                                                      std::uint64_t index) const {
  const absl::StatusOr<core::DecidedSettlement> decided = ReadDecided(index);
  if (!decided.ok()) return decided.status();
  const absl::StatusOr<core::DecisionRecord> record = core::DecodeDecisionRecord(decided->record);
  if (!record.ok()) return record.status();
  const bool commit = record->verdict == core::Verdict::kCommit;
  SettlementView view;
  view.settlement_id = id;
  view.state = commit ? SettlementState::kSettled : SettlementState::kAborted;
  view.decided = record->decided;
  if (const auto header = codec::DecodeTerms(decided->terms); header.ok()) {
    view.deadline = header->deadline;
    AddListTo(view, *header, CommittedOf(*header, decided->votes));
    for (const core::TermsLedger& ledger : header->ledgers) {
      view.ledgers.push_back({ledger.ledger, commit, true});
    }
  }
  return view;
}

std::optional<SettlementView> BridgeEngine::Find(const core::Hash256& id) const {
  auto view = Look(id);
  if (auto* known = std::get_if<SettlementView>(&view)) return std::move(*known);
  return std::nullopt;
}

std::vector<SettlementView> BridgeEngine::ListOpen() const { return coordinator_.ListOpen(); }

std::vector<LedgerRequest> BridgeEngine::TakeRequests() { return std::exchange(requests_, {}); }

std::vector<core::Hash256> BridgeEngine::TakeChanged() {
  std::vector<core::Hash256> changed(changed_.begin(), changed_.end());
  changed_.clear();
  return changed;
}

absl::StatusOr<std::string> BridgeEngine::ReadBatchBytes(std::uint64_t number) const {
  absl::StatusOr<store::Block> block = journal_->Read(number);
  if (!block.ok()) return block.status();
  return std::move(block->body);
}

absl::StatusOr<std::uint64_t> BridgeEngine::FindBatch(std::uint64_t index) const {
  return journal_->FindBlock(index);
}

}  // namespace causeway::bridge
