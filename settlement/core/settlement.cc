#include "settlement/core/settlement.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "fmt/format.h"
#include "settlement/core/check.h"
#include "settlement/core/decision_checkpoint.h"
#include "settlement/core/envelope.h"
#include "settlement/core/hash.h"

namespace causeway::core {
namespace {

constexpr std::string_view kSettlementDomain = "causeway/settlement/v1\n";
constexpr std::string_view kVoteLeafDomain = "causeway/vote/v1\n";
constexpr std::string_view kListVoteLeafDomain = "causeway/list-vote/v1\n";
constexpr std::string_view kListVoteHashDomain = "causeway/list-vote-hash/v1\n";
constexpr std::string_view kVotesDomain = "causeway/votes/v1\n";
constexpr std::string_view kVoteHashDomain = "causeway/vote-hash/v1\n";
constexpr std::uint8_t kFormatVersion = 1;
constexpr std::uint8_t kListVoteVersion = 2;

absl::Status CheckEnd(std::string_view what, const Reader& reader) {
  if (reader.Done()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      reader.ok() ? fmt::format("{} has {} bytes too many", what, reader.remaining())
                  : fmt::format("{} ends too early", what));
}

void WriteHashes(const std::vector<Hash256>& hashes, Writer& writer) {
  writer.U32(static_cast<std::uint32_t>(hashes.size()));
  for (const Hash256& hash : hashes) writer.Hash(hash);
}

absl::StatusOr<std::vector<Hash256>> ReadHashes(std::string_view field, std::size_t count_max,
                                                Reader& reader) {
  const std::size_t count = reader.U32();
  std::vector<Hash256> hashes;
  if (!reader.ok()) return hashes;
  if (count > count_max) {
    return absl::InvalidArgumentError(
        fmt::format("{}: has {} hashes; the most is {}", field, count, count_max));
  }
  for (std::size_t i = 0; i < count && reader.ok(); ++i) hashes.push_back(reader.Hash());
  return hashes;
}

absl::Status CheckVote(const Vote& vote) {
  if (vote.index >= vote.statement.count) {
    return absl::InvalidArgumentError(
        fmt::format("vote: index: is {}; must be below the count of votes, {}", vote.index,
                    vote.statement.count));
  }
  const std::size_t size = vote.statement.signature.size();
  if (size == 0 || size > kSignatureBytesMax) {
    return absl::InvalidArgumentError(
        fmt::format("vote: signature: has {} bytes; must have 1 to {}", size, kSignatureBytesMax));
  }
  return absl::OkStatus();
}

absl::Status CheckDecisionRecord(const DecisionRecord& record, std::uint8_t verdict) {
  constexpr auto kAbort = static_cast<std::uint8_t>(Verdict::kAbort);
  if (verdict == 0 || verdict > kAbort) {
    return absl::InvalidArgumentError(
        fmt::format("decision record: verdict: is {}; must be 1 or 2", verdict));
  }
  if ((verdict == kAbort) != record.vote_hashes.empty()) {
    return absl::InvalidArgumentError(
        verdict == kAbort ? "decision record: vote_hashes: an abort has none"
                          : "decision record: vote_hashes: a commit has one for each ledger");
  }
  return absl::OkStatus();
}

Rejection Reject(Outcome outcome, std::string rule, std::string message) {
  Rejection rejection;
  rejection.outcome = outcome;
  rejection.rule = std::move(rule);
  rejection.message = std::move(message);
  return rejection;
}

Rejection BadCertificate(std::string rule, std::string message) {
  return Reject(Outcome::kBadCertificate, std::move(rule), std::move(message));
}

Rejection Accepted() { return Reject(Outcome::kAccepted, "", ""); }

bool IsAccepted(const Rejection& rejection) { return rejection.outcome == Outcome::kAccepted; }

// That the record is what its bytes say, for that settlement and under that policy.
Rejection CheckRecord(const CompleteSettlement& completion, const SettlementPolicy& policy) {
  const Certificate& certificate = completion.certificate;
  const absl::StatusOr<DecisionRecord> record = DecodeDecisionRecord(certificate.record_bytes);
  if (!record.ok() || *record != certificate.record) {
    return BadCertificate("record", record.ok() ? "record differs from its bytes"
                                                : std::string(record.status().message()));
  }
  if (record->settlement_id != completion.settlement_id) {
    return BadCertificate(
        "record.settlement_id",
        fmt::format("record decides settlement {}; the completion is of {}",
                    record->settlement_id.ToHex(), completion.settlement_id.ToHex()));
  }
  if (record->policy_hash != policy.hash) {
    return BadCertificate("record.policy_hash",
                          fmt::format("record is under policy {}; must be {}",
                                      record->policy_hash.ToHex(), policy.hash.ToHex()));
  }
  return Accepted();
}

// That the decision log of the policy signed a tree that contains the record, and that the policy's
// witnesses cosigned it.
Rejection CheckInclusion(const Certificate& certificate, const SettlementPolicy& policy,
                         const SignatureVerifier& verifier) {
  std::variant<Checkpoint, Rejection> verified =
      VerifyDecisionCheckpoint(certificate.checkpoint, policy, verifier);
  if (auto* refused = std::get_if<Rejection>(&verified)) return std::move(*refused);
  const Checkpoint& checkpoint = std::get<Checkpoint>(verified);
  if (!VerifyInclusion(LeafHash(certificate.record_bytes), certificate.index, checkpoint.size,
                       certificate.proof, checkpoint.root)) {
    return BadCertificate(
        "proof", fmt::format("proof does not show the record at index {} of the log of size {}",
                             certificate.index, checkpoint.size));
  }
  return Accepted();
}

// That vote `position` of a commit is the one of the ledger that the terms have there.
Rejection CheckCommitVote(const CompleteSettlement& completion, std::size_t position,
                          const TermsHeader& terms, const SettlementPolicy& policy,
                          const SignatureVerifier& verifier) {
  const Certificate& certificate = completion.certificate;
  const Vote& vote = certificate.votes[position];
  const LedgerOrigin& ledger = terms.ledgers[position].ledger;
  const auto field = [position](std::string_view name) {
    return fmt::format("votes[{}].{}", position, name);
  };
  if (vote.statement.ledger != ledger) {
    return Reject(Outcome::kVotesMissing, field("ledger"),
                  fmt::format("vote {} is of ledger '{}'; the terms have '{}' there", position,
                              vote.statement.ledger.text(), ledger.text()));
  }
  if (vote.settlement_id != completion.settlement_id) {
    return Reject(Outcome::kVotesMissing, field("settlement_id"),
                  fmt::format("vote {} is for settlement {}; must be {}", position,
                              vote.settlement_id.ToHex(), completion.settlement_id.ToHex()));
  }
  if (vote.listed.size() != terms.list_count) {
    return Reject(Outcome::kVotesMissing, field("listed"),
                  fmt::format("vote {} is on {} listed settlements; the terms have {}", position,
                              vote.listed.size(), terms.list_count));
  }
  if (absl::Status verified = VerifyVote(vote, policy, verifier); !verified.ok()) {
    return Reject(Outcome::kVotesMissing, field("statement"), std::string(verified.message()));
  }
  if (VoteHash(vote) != certificate.record.vote_hashes[position]) {
    return BadCertificate(fmt::format("record.vote_hashes[{}]", position),
                          fmt::format("record carries another vote than vote {}", position));
  }
  return Accepted();
}

Rejection CheckCommit(const CompleteSettlement& completion, const SettlementPolicy& policy,
                      const TermsHeader* terms, const SignatureVerifier& verifier) {
  const Certificate& certificate = completion.certificate;
  if (terms == nullptr) {
    return Reject(Outcome::kVotesMissing, "terms",
                  "a commit cannot be verified without the terms of the settlement");
  }
  if (certificate.record.decided > terms->deadline) {
    return BadCertificate(
        "record.decided",
        fmt::format("record commits at {}, past the deadline {}",
                    certificate.record.decided.ToString(), terms->deadline.ToString()));
  }
  const std::size_t needed = terms->ledgers.size();
  const auto count_fault = [needed](Outcome outcome, std::string_view field, std::size_t count) {
    Rejection rejection =
        Reject(outcome, std::string(field),
               fmt::format("{}: there are {}; the terms have {} ledgers", field, count, needed));
    rejection.actual = static_cast<std::int64_t>(count);
    rejection.required = static_cast<std::int64_t>(needed);
    return rejection;
  };
  if (certificate.votes.size() != needed) {
    return count_fault(Outcome::kVotesMissing, "votes", certificate.votes.size());
  }
  if (certificate.record.vote_hashes.size() != needed) {
    return count_fault(Outcome::kVotesMissing, "record.vote_hashes",
                       certificate.record.vote_hashes.size());
  }
  for (std::size_t i = 0; i < needed; ++i) {
    Rejection vote = CheckCommitVote(completion, i, *terms, policy, verifier);
    if (!IsAccepted(vote)) return vote;
  }
  return Accepted();
}

MerkleTree TreeOf(std::span<const std::string> legs) {
  MerkleTree tree;
  for (const std::string& leg : legs) tree.Append(LeafHash(leg));
  return tree;
}

}  // namespace

const TermsLedger* TermsHeader::Find(const LedgerOrigin& ledger) const {
  for (const TermsLedger& candidate : ledgers) {
    if (candidate.ledger == ledger) return &candidate;
  }
  return nullptr;
}

std::uint32_t TermsHeader::LegCount() const {
  std::uint32_t count = 0;
  for (const TermsLedger& ledger : ledgers) count += ledger.leg_count;
  return count;
}

Hash256 SettlementIdOf(std::string_view terms_bytes) {
  Sha256Hasher hasher;
  return hasher.Update(kSettlementDomain).Update(terms_bytes).Finish();
}

std::string VoteLeaf(const Hash256& settlement_id, std::uint64_t hold, const PositionSet& listed) {
  Writer writer;
  writer.Raw(listed.empty() ? kVoteLeafDomain : kListVoteLeafDomain);
  writer.Hash(settlement_id).U64(hold);
  if (!listed.empty()) writer.U32(listed.size()).Raw(listed.bits());
  return std::move(writer).Take();
}

std::string VoteStatementText(const VoteStatement& statement) {
  Writer writer;
  writer.Raw(kVotesDomain).Sized(statement.ledger.text()).Hash(statement.genesis_hash);
  writer.U64(statement.count).Hash(statement.root);
  return std::move(writer).Take();
}

absl::StatusOr<std::vector<Vote>> SignVotes(const LedgerOrigin& ledger, const Hash256& genesis_hash,
                                            std::span<const Hold> holds, const Signer& signer) {
  if (holds.empty()) return absl::InvalidArgumentError("votes: there are none to sign");
  MerkleTree tree;
  for (const Hold& hold : holds) {
    tree.Append(LeafHash(VoteLeaf(hold.settlement_id, hold.leaf, hold.listed)));
  }
  VoteStatement statement{ledger, genesis_hash, tree.size(), tree.Root(), ""};
  absl::StatusOr<std::string> signature = signer.Sign(VoteStatementText(statement));
  if (!signature.ok()) return signature.status();
  statement.signature = *std::move(signature);

  std::vector<Vote> votes;
  votes.reserve(holds.size());
  for (const Hold& hold : holds) {
    const std::uint64_t index = votes.size();
    absl::StatusOr<std::vector<Hash256>> proof = tree.InclusionProof(index, tree.size());
    CW_CHECK(proof.ok(), "every vote is in the tree that was just built");
    votes.push_back(
        Vote{hold.settlement_id, hold.leaf, hold.listed, index, *std::move(proof), statement});
  }
  return votes;
}

absl::StatusOr<std::vector<Vote>> SignVotes(
    const LedgerOrigin& ledger, const Hash256& genesis_hash,
    std::span<const std::pair<Hash256, std::uint64_t>> holds, const Signer& signer) {
  std::vector<Hold> single;
  single.reserve(holds.size());
  for (const auto& [settlement_id, leaf] : holds) single.push_back({settlement_id, leaf, {}});
  return SignVotes(ledger, genesis_hash, single, signer);
}

std::string EncodeVote(const Vote& vote) {
  Writer writer;
  writer.U8(vote.listed.empty() ? kFormatVersion : kListVoteVersion);
  writer.Hash(vote.settlement_id).U64(vote.hold);
  if (!vote.listed.empty()) writer.U32(vote.listed.size()).Sized(vote.listed.bits());
  writer.U64(vote.index);
  WriteHashes(vote.proof, writer);
  writer.Sized(vote.statement.ledger.text()).Hash(vote.statement.genesis_hash);
  writer.U64(vote.statement.count).Hash(vote.statement.root).Sized(vote.statement.signature);
  return std::move(writer).Take();
}

absl::StatusOr<Vote> DecodeVote(std::string_view bytes) {
  Reader reader(bytes);
  const std::uint8_t version = reader.U8();
  if (reader.ok() && version != kFormatVersion && version != kListVoteVersion) {
    return absl::InvalidArgumentError(
        fmt::format("vote: version: is {}; this program reads {} and "
                    "{}",
                    version, kFormatVersion, kListVoteVersion));
  }
  Vote vote;
  vote.settlement_id = reader.Hash();
  vote.hold = reader.U64();
  if (version == kListVoteVersion) {
    const std::uint32_t count = reader.U32();
    std::optional<PositionSet> listed = PositionSet::FromBits(count, reader.Sized());
    if (reader.ok() && (count == 0 || !listed.has_value())) {
      return absl::InvalidArgumentError(fmt::format(
          "vote: listed: must be a bit for each of {} settlements, 1 or more, and zeros after them",
          count));
    }
    if (listed.has_value()) vote.listed = *std::move(listed);
  }
  vote.index = reader.U64();
  absl::StatusOr<std::vector<Hash256>> proof = ReadHashes("vote: proof", kProofHashesMax, reader);
  if (!proof.ok()) return proof.status();
  vote.proof = *std::move(proof);
  const std::string_view ledger = reader.Sized();
  vote.statement.genesis_hash = reader.Hash();
  vote.statement.count = reader.U64();
  vote.statement.root = reader.Hash();
  const std::string_view signature = reader.Sized();
  if (absl::Status end = CheckEnd("vote", reader); !end.ok()) return end;
  vote.statement.signature = signature;
  absl::StatusOr<LedgerOrigin> origin = LedgerOrigin::Parse(ledger);
  if (!origin.ok()) {
    return absl::InvalidArgumentError(
        fmt::format("vote: ledger: {}", std::string(origin.status().message())));
  }
  vote.statement.ledger = *origin;
  if (absl::Status checked = CheckVote(vote); !checked.ok()) return checked;
  return vote;
}

Hash256 VoteHash(const Vote& vote) {
  Writer writer;
  writer.Raw(vote.listed.empty() ? kVoteHashDomain : kListVoteHashDomain);
  writer.Sized(vote.statement.ledger.text());
  writer.Hash(vote.statement.genesis_hash).Hash(vote.settlement_id).U64(vote.hold);
  if (!vote.listed.empty()) writer.U32(vote.listed.size()).Raw(vote.listed.bits());
  return Sha256(writer.bytes());
}

absl::Status VerifyVote(const Vote& vote, const SettlementPolicy& policy,
                        const SignatureVerifier& verifier) {
  const VoteStatement& statement = vote.statement;
  const PolicyLedger* ledger = policy.Find(statement.ledger);
  if (ledger == nullptr) {
    return absl::NotFoundError(fmt::format("vote is of ledger '{}', which the policy does not name",
                                           statement.ledger.text()));
  }
  if (ledger->genesis_hash != statement.genesis_hash) {
    return absl::InvalidArgumentError(
        fmt::format("vote of '{}' names genesis {}; the policy has {}", statement.ledger.text(),
                    statement.genesis_hash.ToHex(), ledger->genesis_hash.ToHex()));
  }
  if (!VerifyInclusion(LeafHash(VoteLeaf(vote.settlement_id, vote.hold, vote.listed)), vote.index,
                       statement.count, vote.proof, statement.root)) {
    return absl::InvalidArgumentError(fmt::format(
        "vote of '{}': the proof does not lead to the signed root", statement.ledger.text()));
  }
  if (!verifier.Verify(ledger->key, VoteStatementText(statement), statement.signature)) {
    return absl::UnauthenticatedError(
        fmt::format("vote of '{}': the signature is not of the ledger's key in the policy",
                    statement.ledger.text()));
  }
  return absl::OkStatus();
}

std::string_view VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kNone:
      return "none";
    case Verdict::kCommit:
      return "commit";
    case Verdict::kAbort:
      return "abort";
  }
  return "unknown";
}

std::string EncodeDecisionRecord(const DecisionRecord& record) {
  Writer writer;
  writer.U8(kLeafDecision).U8(kFormatVersion).Hash(record.settlement_id);
  writer.U8(static_cast<std::uint8_t>(record.verdict)).Hash(record.policy_hash);
  writer.I64(record.decided.micros());
  WriteHashes(record.vote_hashes, writer);
  return std::move(writer).Take();
}

absl::StatusOr<DecisionRecord> DecodeDecisionRecord(std::string_view bytes) {
  Reader reader(bytes);
  const std::uint8_t kind = reader.U8();
  const std::uint8_t version = reader.U8();
  if (reader.ok() && (kind != kLeafDecision || version != kFormatVersion)) {
    return absl::InvalidArgumentError(
        fmt::format("decision record: kind and version: are {} and {}; must be {} and {}", kind,
                    version, kLeafDecision, kFormatVersion));
  }
  DecisionRecord record;
  record.settlement_id = reader.Hash();
  const std::uint8_t verdict = reader.U8();
  record.policy_hash = reader.Hash();
  record.decided = LedgerTime::FromMicros(reader.I64());
  absl::StatusOr<std::vector<Hash256>> hashes =
      ReadHashes("decision record: vote_hashes", kSettlementLedgersMax, reader);
  if (!hashes.ok()) return hashes.status();
  record.vote_hashes = *std::move(hashes);
  if (absl::Status end = CheckEnd("decision record", reader); !end.ok()) return end;
  if (absl::Status checked = CheckDecisionRecord(record, verdict); !checked.ok()) return checked;
  record.verdict = static_cast<Verdict>(verdict);
  return record;
}

Rejection VerifyCertificate(const CompleteSettlement& completion, const SettlementPolicy& policy,
                            const TermsHeader* terms, const SignatureVerifier& verifier) {
  if (terms != nullptr && terms->settlement_id != completion.settlement_id) {
    return Reject(Outcome::kSettlementConflict, "terms.settlement_id",
                  fmt::format("completion is of settlement {}; the terms are of {}",
                              completion.settlement_id.ToHex(), terms->settlement_id.ToHex()));
  }
  if (terms != nullptr && terms->policy_hash != policy.hash) {
    return Reject(Outcome::kSettlementConflict, "terms.policy_hash",
                  fmt::format("terms are under policy {}; the completion is judged under {}",
                              terms->policy_hash.ToHex(), policy.hash.ToHex()));
  }
  Rejection record = CheckRecord(completion, policy);
  if (!IsAccepted(record)) return record;
  Rejection inclusion = CheckInclusion(completion.certificate, policy, verifier);
  if (!IsAccepted(inclusion)) return inclusion;
  if (completion.certificate.record.verdict == Verdict::kAbort) return Accepted();
  return CheckCommit(completion, policy, terms, verifier);
}

void VerifyCertificateAhead(const Certificate& certificate, const SettlementPolicy& policy,
                            const SignatureVerifier& verifier) {
  const auto checkpoint = VerifyDecisionCheckpoint(certificate.checkpoint, policy, verifier);
  if (!std::holds_alternative<Checkpoint>(checkpoint)) return;
  if (certificate.record.verdict != Verdict::kCommit) return;
  for (const Vote& vote : certificate.votes) {
    if (!VerifyVote(vote, policy, verifier).ok()) return;
  }
}

Hash256 LegsRoot(std::span<const std::string> legs) { return TreeOf(legs).Root(); }

std::vector<Hash256> LegProof(std::span<const std::string> legs, std::size_t index) {
  CW_CHECK(index < legs.size(), "a proof is asked for a leg that is there");
  absl::StatusOr<std::vector<Hash256>> proof = TreeOf(legs).InclusionProof(index, legs.size());
  CW_CHECK(proof.ok(), "every leg is in the tree that was just built");
  return *std::move(proof);
}

}  // namespace causeway::core
