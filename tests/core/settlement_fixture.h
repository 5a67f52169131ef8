// A small ledger with a settlement policy, for tests of settlements.
#ifndef CAUSEWAY_TESTS_CORE_SETTLEMENT_FIXTURE_H_
#define CAUSEWAY_TESTS_CORE_SETTLEMENT_FIXTURE_H_

#include <string>
#include <utility>
#include <vector>

#include "settlement/core/checkpoint.h"
#include "settlement/core/envelope.h"
#include "settlement/core/merkle.h"
#include "settlement/core/settlement.h"
#include "tests/core/ledger_fixture.h"

namespace causeway::core {

// One ledger, with a decision log that the test keeps. The other ledger of the corridor exists
// only as a key in the policy.
class SettlementFixture : public LedgerFixture {
 protected:
  void SetUp() override {
    LedgerFixture::SetUp();
    policy_ = {.hash = Sha256("policy"),
               .epoch = 1,
               .decision_log = ParseOrDie<LedgerOrigin>("bridge.example/decisions"),
               .decision_log_key = KeyNamed("bridge").public_key(),
               .ledgers = {{genesis_.ledger, genesis_.hash, genesis_.ledger_key},
                           {far_, Sha256("far"), KeyNamed("far").public_key()}}};
    ExpectAccepted(ByCentralBank(SetSettlementPolicy{policy_}));
  }

  // ALPHA pays BETA here; the far leg is only a leaf.
  PrepareSettlement MakePrepare(std::int64_t minor_units, std::string_view id) {
    const std::vector<std::string> legs = {"near leg " + std::string(id),
                                           "far leg " + std::string(id)};
    PrepareSettlement prepare;
    prepare.terms = {.settlement_id = SettlementIdOf("terms " + std::string(id)),
                     .policy_hash = policy_.hash,
                     .deadline = now_ + Duration::FromMinutes(1),
                     .ledgers = {{genesis_.ledger, 1}, {far_, 1}},
                     .legs_root = LegsRoot(legs),
                     .nonce = std::string(16, 'n')};
    prepare.legs.push_back({.bytes = legs[0],
                            .leg = {.salt = std::string(16, 's'),
                                    .ledger = genesis_.ledger,
                                    .party = Party("ALPHA"),
                                    .id = Id(id),
                                    .uetr = SomeUetr(3),
                                    .debtor = Address("ALPHA"),
                                    .creditor = Address("BETA"),
                                    .amount = Hkd(minor_units)},
                            .index = 0,
                            .proof = LegProof(legs, 0)});
    return prepare;
  }
  AdmittedItem SignedPrepare(PrepareSettlement prepare,
                             std::vector<std::string> signers = {"ALPHA"}) {
    AdmittedItem item{.body = std::move(prepare), .payload_hash = Sha256("terms bytes")};
    for (const std::string& name : signers) item.signers.push_back(KeyNamed(name).key_id());
    return item;
  }
  ItemResult Prepare(const PrepareSettlement& prepare) { return ApplyOne(SignedPrepare(prepare)); }

  Vote VoteOf(const std::string& key, const LedgerOrigin& ledger, const Hash256& genesis_hash,
              const Hash256& id, std::uint64_t hold) {
    const std::vector<std::pair<Hash256, std::uint64_t>> holds = {{id, hold}};
    return SignVotes(ledger, genesis_hash, holds, KeyNamed(key))->front();
  }
  // A certificate from a decision log that consists of this record alone.
  CompleteSettlement Decide(const PrepareSettlement& prepare, Verdict verdict,
                            bool all_votes = true) {
    CompleteSettlement completion{.settlement_id = prepare.terms.settlement_id};
    Certificate& certificate = completion.certificate;
    certificate.record = {.settlement_id = prepare.terms.settlement_id,
                          .verdict = verdict,
                          .policy_hash = policy_.hash,
                          .decided = now_};
    if (verdict == Verdict::kCommit) {
      const SettlementState* here = ledger_->FindSettlement(prepare.terms.settlement_id);
      const std::uint64_t hold = here == nullptr ? 1 : here->hold;
      certificate.votes = {
          VoteOf("ledger", genesis_.ledger, genesis_.hash, prepare.terms.settlement_id, hold),
          VoteOf("far", far_, Sha256("far"), prepare.terms.settlement_id, 9)};
      if (!all_votes) certificate.votes.pop_back();
      for (const Vote& vote : certificate.votes) {
        certificate.record.vote_hashes.push_back(VoteHash(vote));
      }
    }
    certificate.record_bytes = EncodeDecisionRecord(certificate.record);
    MerkleTree log;
    log.Append(LeafHash(certificate.record_bytes));
    const std::string origin = policy_.decision_log.ToString();
    certificate.checkpoint = *SignCheckpoint({.origin = origin, .size = 1, .root = log.Root()},
                                             origin, KeyNamed("bridge"));
    return completion;
  }
  Outcome AdmitOutcome(const CompleteSettlement& completion) {
    const Envelope envelope{.payload_type = kCompletionPayloadType, .payload = "completion"};
    const auto admitted = ledger_->Admit(envelope, completion, verifier_);
    const auto* rejection = std::get_if<Rejection>(&admitted);
    return rejection == nullptr ? Outcome::kAccepted : rejection->outcome;
  }
  // As admitted against the ledger of now.
  AdmittedItem AdmitCompletion(const CompleteSettlement& completion) {
    const Envelope envelope{.payload_type = kCompletionPayloadType, .payload = "completion"};
    auto admitted = ledger_->Admit(envelope, completion, verifier_);
    const auto* rejection = std::get_if<Rejection>(&admitted);
    EXPECT_EQ(rejection, nullptr) << Describe(*rejection);
    return rejection == nullptr ? std::get<AdmittedItem>(std::move(admitted)) : AdmittedItem{};
  }
  ItemResult Complete(const CompleteSettlement& completion) {
    return ApplyOne(AdmitCompletion(completion));
  }

  SettlementPolicy policy_;
  LedgerOrigin far_ = ParseOrDie<LedgerOrigin>("th.example/thb");
  OpenSslSignatureVerifier verifier_;
};

}  // namespace causeway::core

#endif  // CAUSEWAY_TESTS_CORE_SETTLEMENT_FIXTURE_H_
