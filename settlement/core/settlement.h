// Payment versus payment: terms, votes, decision records and certificates, and their verification.
// docs/protocols/pvp.md tells how they are used; formats in docs/formats/{vote,decision-log}.md.
// Pure functions and values; any thread.
#ifndef CAUSEWAY_SETTLEMENT_CORE_SETTLEMENT_H_
#define CAUSEWAY_SETTLEMENT_CORE_SETTLEMENT_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "settlement/core/bytes.h"
#include "settlement/core/command.h"
#include "settlement/core/merkle.h"
#include "settlement/core/outcome.h"
#include "settlement/core/position_set.h"
#include "settlement/core/suite.h"

namespace causeway::core {

inline constexpr std::size_t kSettlementLegsMax = 1024;
inline constexpr std::size_t kSettlementLedgersMax = 16;
// How far ahead of ledger time the deadline of terms may lie.
inline constexpr Duration kDeadlineAheadMax = Duration::FromHours(7 * 24);

struct TermsLedger {
  LedgerOrigin ledger;
  std::uint32_t leg_count = 0;
  friend bool operator==(const TermsLedger&, const TermsLedger&) = default;
};

// The legs of a settlement list on one ledger (settlement_list.h).
struct ListPart {
  ParticipantId payer;  // of all of them; signs the list
  Hash256 hash;         // ListPartHash
  friend bool operator==(const ListPart&, const ListPart&) = default;
};

// What payers sign. `settlement_id` is SettlementIdOf the exact bytes.
struct TermsHeader {
  Hash256 settlement_id;
  Hash256 policy_hash;
  LedgerTime deadline;
  std::vector<TermsLedger> ledgers;  // sorted by origin, each once
  Hash256 legs_root;
  std::string nonce;     // 16 bytes
  std::string quote_id;  // may be empty
  // Of a settlement list: how many settlements are in it, and a part for each of `ledgers`. Then
  // legs_root and quote_id are empty. 0 and none for a single settlement.
  std::uint32_t list_count = 0;
  std::vector<ListPart> parts;

  bool is_list() const { return list_count != 0; }
  const TermsLedger* Find(const LedgerOrigin& ledger) const;
  std::uint32_t LegCount() const;
};

// SHA-256("causeway/settlement/v1\n" || terms bytes).
Hash256 SettlementIdOf(std::string_view terms_bytes);

struct Leg {
  std::string salt;  // 16 bytes
  LedgerOrigin ledger;
  ParticipantId party;  // the payer
  InstructionId id;
  Uetr uetr;
  AccountAddress debtor;
  AccountAddress creditor;
  Money amount;
  Hash256 private_data_hash;
  std::vector<ParticipantId> approvals;
};

struct ProvenLeg {
  std::string bytes;  // exact; LeafHash of it is in the tree
  Leg leg;
  std::uint32_t index = 0;
  std::vector<Hash256> proof;
};

// A request to reserve all legs of a settlement on one ledger.
struct PrepareSettlement {
  TermsHeader terms;
  std::vector<ProvenLeg> legs;
};

// A ledger's statement that it holds what a settlement needs. One signature covers all votes that
// became durable together: the statement signs the RFC 6962 root over the vote leaves.
struct VoteStatement {
  LedgerOrigin ledger;
  Hash256 genesis_hash;
  std::uint64_t count = 0;  // votes under the root, 1 or more
  Hash256 root;
  std::string signature;  // by the ledger's key, over VoteStatementText
};
struct Vote {
  Hash256 settlement_id;
  std::uint64_t hold = 0;  // leaf index of the entry that reserved the first leg, or the list's
  // Of a settlement list: which of its settlements are held. Empty for a single settlement.
  PositionSet listed;
  std::uint64_t index = 0;
  std::vector<Hash256> proof;
  VoteStatement statement;
};
// The vote leaf: "causeway/vote/v1\n", settlement id, hold; for a list "causeway/list-vote/v1\n",
// settlement id, hold, and the set (count and bits).
std::string VoteLeaf(const Hash256& settlement_id, std::uint64_t hold,
                     const PositionSet& listed = {});
// What a ledger signs: "causeway/votes/v1\n", then the fields of the statement but the signature.
std::string VoteStatementText(const VoteStatement& statement);
// What a vote is given for.
struct Hold {
  Hash256 settlement_id;
  std::uint64_t leaf = 0;
  PositionSet listed;
};
// Signs one statement for all of them; the votes come in their order.
absl::StatusOr<std::vector<Vote>> SignVotes(const LedgerOrigin& ledger, const Hash256& genesis_hash,
                                            std::span<const Hold> holds, const Signer& signer);
// For single settlements alone: (settlement id, hold).
absl::StatusOr<std::vector<Vote>> SignVotes(
    const LedgerOrigin& ledger, const Hash256& genesis_hash,
    std::span<const std::pair<Hash256, std::uint64_t>> holds, const Signer& signer);
std::string EncodeVote(const Vote& vote);
absl::StatusOr<Vote> DecodeVote(std::string_view bytes);
// SHA-256 of the encoded vote leaf with ledger and genesis: what a commit record carries. The same
// for every signature over the same hold, so that a repeated vote does not change a record.
Hash256 VoteHash(const Vote& vote);
// Whether the ledger that the policy names signed exactly this vote.
absl::Status VerifyVote(const Vote& vote, const SettlementPolicy& policy,
                        const SignatureVerifier& verifier);

enum class Verdict : std::uint8_t { kNone = 0, kCommit = 1, kAbort = 2 };
std::string_view VerdictName(Verdict verdict);

// The first byte of a decision record: no leaf of a ledger begins with it.
inline constexpr std::uint8_t kLeafDecision = 4;

// A leaf of the decision log. The first record for a settlement id is the decision.
struct DecisionRecord {
  Hash256 settlement_id;
  Verdict verdict = Verdict::kNone;
  Hash256 policy_hash;
  LedgerTime decided;
  // For a commit: VoteHash of one vote per ledger in the terms, in the order of the terms.
  std::vector<Hash256> vote_hashes;

  friend bool operator==(const DecisionRecord&, const DecisionRecord&) = default;
};
std::string EncodeDecisionRecord(const DecisionRecord& record);
absl::StatusOr<DecisionRecord> DecodeDecisionRecord(std::string_view bytes);

// A record, the proof that the decision log holds it, and the votes behind a commit.
struct Certificate {
  std::string record_bytes;
  DecisionRecord record;
  std::uint64_t index = 0;
  std::vector<Hash256> proof;
  std::string checkpoint;  // signed note
  std::vector<Vote> votes;
};

struct CompleteSettlement {
  Hash256 settlement_id;
  Certificate certificate;
};

// Accepted, or why the certificate does not decide `settlement_id`: the record is for that id and
// policy, a checkpoint that counts (VerifyDecisionCheckpoint: signed by the decision log, cosigned
// by the witnesses that the policy needs) contains it, and with `terms` given (a ledger that
// prepared it) a commit has a valid vote of every ledger in the terms. Without terms only an abort
// can be verified.
Rejection VerifyCertificate(const CompleteSettlement& completion, const SettlementPolicy& policy,
                            const TermsHeader* terms, const SignatureVerifier& verifier);
// Asks a verifier that remembers for every signature that VerifyCertificate would ask it for, up to
// the first that is not good: what that costs is then paid, perhaps by another thread.
void VerifyCertificateAhead(const Certificate& certificate, const SettlementPolicy& policy,
                            const SignatureVerifier& verifier);

// Legs in their order: their root and proofs, as a proposer of terms needs them.
Hash256 LegsRoot(std::span<const std::string> legs);
std::vector<Hash256> LegProof(std::span<const std::string> legs, std::size_t index);

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_SETTLEMENT_H_
