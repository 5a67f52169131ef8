#include "settlement/core/settlement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "settlement/core/checkpoint.h"
#include "settlement/core/cosignature.h"
#include "settlement/core/hash.h"
#include "settlement/core/remembering_verifier.h"
#include "tests/core/mutation.h"
#include "tests/vectors/read_vector.h"

namespace causeway::core {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::unique_ptr<SoftwareSigner> NewSigner(char fill) {
  return *Ed25519SignerFromSeed(std::string(32, fill));
}

nlohmann::json Vector(const std::string& name) {
  return nlohmann::json::parse(testing::ReadVector(name));
}

std::string Bytes(const nlohmann::json& hex) { return *FromHex(hex.get<std::string>()); }

// A committed settlement over two ledgers, with everything that proves it.
class SettlementTest : public ::testing::Test {
 protected:
  SettlementTest() {
    policy_.hash = Sha256("policy");
    policy_.decision_log = *LedgerOrigin::Parse("bridge.example/decisions");
    policy_.decision_log_key = log_->public_key();
    policy_.ledgers = {{hkd_, Sha256("hkd"), hkd_key_->public_key()},
                       {thb_, Sha256("thb"), thb_key_->public_key()}};
    terms_.settlement_id = SettlementIdOf("terms");
    terms_.policy_hash = policy_.hash;
    terms_.deadline = LedgerTime::FromMicros(1000);
    terms_.ledgers = {{thb_, 2}, {hkd_, 1}};
    completion_.settlement_id = terms_.settlement_id;
    Certificate& certificate = completion_.certificate;
    certificate.votes = {VoteOf(thb_, Sha256("thb"), *thb_key_),
                         VoteOf(hkd_, Sha256("hkd"), *hkd_key_)};
    certificate.record.settlement_id = terms_.settlement_id;
    certificate.record.verdict = Verdict::kCommit;
    certificate.record.policy_hash = policy_.hash;
    certificate.record.decided = LedgerTime::FromMicros(1000);
    for (const Vote& vote : certificate.votes) {
      certificate.record.vote_hashes.push_back(VoteHash(vote));
    }
    Publish();
  }

  Vote VoteOf(const LedgerOrigin& ledger, const Hash256& genesis, const Signer& signer) const {
    const std::vector<std::pair<Hash256, std::uint64_t>> holds = {
        {Sha256("other"), 5}, {terms_.settlement_id, 7}, {Sha256("third"), 9}};
    return (*SignVotes(ledger, genesis, holds, signer))[1];
  }

  // Puts the record into a decision log of three and proves it.
  void Publish(const std::string& origin = "bridge.example/decisions") {
    Certificate& certificate = completion_.certificate;
    certificate.record_bytes = EncodeDecisionRecord(certificate.record);
    MerkleTree tree;
    tree.Append(LeafHash("first"));
    tree.Append(LeafHash(certificate.record_bytes));
    tree.Append(LeafHash("third"));
    certificate.index = 1;
    certificate.proof = *tree.InclusionProof(1, 3);
    certificate.checkpoint = *SignCheckpoint({origin, 3, tree.Root(), {}}, origin, *log_);
  }

  void MakeAbort() {
    completion_.certificate.record.verdict = Verdict::kAbort;
    completion_.certificate.record.vote_hashes.clear();
    completion_.certificate.votes.clear();
    Publish();
  }

  Rejection Verify() const { return VerifyCertificate(completion_, policy_, &terms_, verifier_); }

  void ExpectRejected(Outcome outcome, const std::string& rule) const {
    const Rejection rejection = Verify();
    EXPECT_EQ(OutcomeName(rejection.outcome), OutcomeName(outcome)) << rejection.message;
    EXPECT_EQ(rejection.rule, rule);
    EXPECT_FALSE(rejection.message.empty());
  }

  const std::unique_ptr<SoftwareSigner> log_ = NewSigner('l');
  const std::unique_ptr<SoftwareSigner> hkd_key_ = NewSigner('h');
  const std::unique_ptr<SoftwareSigner> thb_key_ = NewSigner('t');
  const LedgerOrigin hkd_ = *LedgerOrigin::Parse("hkma.example/hkd");
  const LedgerOrigin thb_ = *LedgerOrigin::Parse("bot.example/thb");
  const OpenSslSignatureVerifier verifier_;
  SettlementPolicy policy_;
  TermsHeader terms_;
  CompleteSettlement completion_;
};

// Counts the signatures that it is asked about.
class CountingVerifier final : public SignatureVerifier {
 public:
  bool Verify(const PublicKey& key, std::string_view message,
              std::string_view signature) const override {
    ++asked;
    return verifier_.Verify(key, message, signature);
  }
  bool VerifySha256(const PublicKey& key, const Hash256& digest,
                    std::string_view signature) const override {
    ++asked;
    return verifier_.VerifySha256(key, digest, signature);
  }
  mutable int asked = 0;

 private:
  const OpenSslSignatureVerifier verifier_;
};

TEST_F(SettlementTest, WhatIsVerifiedAheadIsNotVerifiedAgain) {
  const auto counting = std::make_shared<CountingVerifier>();
  const RememberingVerifier remembering(counting);
  VerifyCertificateAhead(completion_.certificate, policy_, remembering);
  EXPECT_EQ(counting->asked, 3);  // the checkpoint and two votes
  EXPECT_EQ(VerifyCertificate(completion_, policy_, &terms_, remembering).outcome,
            Outcome::kAccepted);
  EXPECT_EQ(counting->asked, 3);
}

TEST_F(SettlementTest, AheadOfACheckpointThatIsNotGoodNoVoteIsVerified) {
  CountingVerifier counting;
  policy_.decision_log_key = hkd_key_->public_key();
  VerifyCertificateAhead(completion_.certificate, policy_, counting);
  EXPECT_EQ(counting.asked, 0);
}

TEST_F(SettlementTest, ACommitWithAllVotesIsAccepted) {
  EXPECT_EQ(Verify().outcome, Outcome::kAccepted);
}

TEST_F(SettlementTest, AnAbortNeedsNeitherVotesNorTerms) {
  MakeAbort();
  EXPECT_EQ(Verify().outcome, Outcome::kAccepted);
  EXPECT_EQ(VerifyCertificate(completion_, policy_, nullptr, verifier_).outcome,
            Outcome::kAccepted);
}

TEST_F(SettlementTest, AnAbortPastTheDeadlineIsAccepted) {
  terms_.deadline = LedgerTime::FromMicros(1);
  MakeAbort();
  EXPECT_EQ(Verify().outcome, Outcome::kAccepted);
}

TEST_F(SettlementTest, ACommitWithoutTermsIsNotVerifiable) {
  const Rejection rejection = VerifyCertificate(completion_, policy_, nullptr, verifier_);
  EXPECT_EQ(rejection.outcome, Outcome::kVotesMissing);
  EXPECT_EQ(rejection.rule, "terms");
}

TEST_F(SettlementTest, ACommitPastTheDeadlineIsRefused) {
  terms_.deadline = LedgerTime::FromMicros(999);
  ExpectRejected(Outcome::kBadCertificate, "record.decided");
}

TEST_F(SettlementTest, ARecordThatDiffersFromItsBytesIsRefused) {
  completion_.certificate.record.decided = LedgerTime::FromMicros(1);
  ExpectRejected(Outcome::kBadCertificate, "record");
}

TEST_F(SettlementTest, ARecordForAnotherSettlementIsRefused) {
  completion_.settlement_id = terms_.settlement_id = Sha256("another");
  ExpectRejected(Outcome::kBadCertificate, "record.settlement_id");
}

TEST_F(SettlementTest, ARecordUnderAnotherPolicyIsRefused) {
  completion_.certificate.record.policy_hash = Sha256("another");
  Publish();
  ExpectRejected(Outcome::kBadCertificate, "record.policy_hash");
}

TEST_F(SettlementTest, TermsOfAnotherSettlementOrPolicyConflict) {
  terms_.settlement_id = Sha256("another");
  ExpectRejected(Outcome::kSettlementConflict, "terms.settlement_id");
  terms_.settlement_id = completion_.settlement_id;
  terms_.policy_hash = Sha256("another");
  ExpectRejected(Outcome::kSettlementConflict, "terms.policy_hash");
}

TEST_F(SettlementTest, ACheckpointThatDoesNotParseIsRefused) {
  completion_.certificate.checkpoint += "x";
  ExpectRejected(Outcome::kBadCertificate, "checkpoint");
}

TEST_F(SettlementTest, ACheckpointOfAnotherLogIsRefused) {
  Publish("bridge.example/other");
  ExpectRejected(Outcome::kBadCertificate, "checkpoint.origin");
}

TEST_F(SettlementTest, ACheckpointByAnotherKeyIsRefused) {
  policy_.decision_log_key = hkd_key_->public_key();
  ExpectRejected(Outcome::kBadCertificate, "checkpoint.signature");
}

TEST_F(SettlementTest, AProofThatDoesNotLeadToTheRootIsRefused) {
  completion_.certificate.index = 0;
  ExpectRejected(Outcome::kBadCertificate, "proof");
  completion_.certificate.index = 3;
  ExpectRejected(Outcome::kBadCertificate, "proof");
  completion_.certificate.index = 1;
  completion_.certificate.proof.pop_back();
  ExpectRejected(Outcome::kBadCertificate, "proof");
}

TEST_F(SettlementTest, ARecordThatIsNotInTheLogIsRefused) {
  completion_.certificate.record.decided = LedgerTime::FromMicros(5);
  completion_.certificate.record_bytes = EncodeDecisionRecord(completion_.certificate.record);
  ExpectRejected(Outcome::kBadCertificate, "proof");
}

TEST_F(SettlementTest, ACommitThatLacksAVoteIsRefused) {
  completion_.certificate.votes.pop_back();
  ExpectRejected(Outcome::kVotesMissing, "votes");
  EXPECT_EQ(Verify().actual, 1);
  EXPECT_EQ(Verify().required, 2);
}

TEST_F(SettlementTest, ACommitWhoseRecordLacksAVoteHashIsRefused) {
  completion_.certificate.record.vote_hashes.pop_back();
  Publish();
  ExpectRejected(Outcome::kVotesMissing, "record.vote_hashes");
}

TEST_F(SettlementTest, VotesStandInTheOrderOfTheTerms) {
  std::swap(completion_.certificate.votes[0], completion_.certificate.votes[1]);
  ExpectRejected(Outcome::kVotesMissing, "votes[0].ledger");
}

TEST_F(SettlementTest, OneLedgersVoteDoesNotStandInForAnothers) {
  completion_.certificate.votes[1] = completion_.certificate.votes[0];
  ExpectRejected(Outcome::kVotesMissing, "votes[1].ledger");
}

TEST_F(SettlementTest, AVoteForAnotherSettlementIsRefused) {
  completion_.certificate.votes[1].settlement_id = Sha256("other");
  ExpectRejected(Outcome::kVotesMissing, "votes[1].settlement_id");
}

TEST_F(SettlementTest, AVoteByAKeyThatThePolicyDoesNotNameIsRefused) {
  completion_.certificate.votes[1] = VoteOf(hkd_, Sha256("hkd"), *thb_key_);
  ExpectRejected(Outcome::kVotesMissing, "votes[1].statement");
}

TEST_F(SettlementTest, AVoteThatTheRecordDoesNotCarryIsRefused) {
  const std::vector<std::pair<Hash256, std::uint64_t>> holds = {{terms_.settlement_id, 8}};
  completion_.certificate.votes[1] = (*SignVotes(hkd_, Sha256("hkd"), holds, *hkd_key_))[0];
  ExpectRejected(Outcome::kBadCertificate, "record.vote_hashes[1]");
}

TEST_F(SettlementTest, ACertificateNeedsTheCosignaturesThatThePolicyNeeds) {
  const auto witness = NewSigner('w');
  policy_.witnesses = {{"witness.example", witness->public_key()}};
  policy_.witnesses_needed = 1;
  ExpectRejected(Outcome::kBadCertificate, "checkpoint.cosignatures");
  SignedCheckpoint note = *ParseCheckpoint(completion_.certificate.checkpoint);
  note.signatures.push_back(
      *Cosign(CheckpointText(note.checkpoint), "witness.example", *witness, 5));
  completion_.certificate.checkpoint = FormatCheckpoint(note);
  EXPECT_EQ(Verify().outcome, Outcome::kAccepted);
}

TEST_F(SettlementTest, VerifyVoteNamesWhatIsWrong) {
  const Vote good = completion_.certificate.votes[0];
  EXPECT_TRUE(VerifyVote(good, policy_, verifier_).ok());
  Vote vote = good;
  vote.statement.ledger = *LedgerOrigin::Parse("else.example/x");
  EXPECT_TRUE(absl::IsNotFound(VerifyVote(vote, policy_, verifier_)));
  vote = good;
  vote.statement.genesis_hash = Sha256("test ledger");
  EXPECT_TRUE(absl::IsInvalidArgument(VerifyVote(vote, policy_, verifier_)));
  vote = good;
  ++vote.hold;
  EXPECT_TRUE(absl::IsInvalidArgument(VerifyVote(vote, policy_, verifier_)));
  vote = good;
  vote.statement.signature.back() ^= 1;
  EXPECT_TRUE(absl::IsUnauthenticated(VerifyVote(vote, policy_, verifier_)));
}

TEST_F(SettlementTest, OneSignatureCoversAllVotesOfABatch) {
  std::vector<std::pair<Hash256, std::uint64_t>> holds;
  for (std::uint64_t i = 0; i < 9; ++i) holds.emplace_back(Sha256(std::to_string(i)), 10 * i);
  const std::vector<Vote> votes = *SignVotes(hkd_, Sha256("hkd"), holds, *hkd_key_);
  ASSERT_THAT(votes, SizeIs(9));
  for (std::size_t i = 0; i < votes.size(); ++i) {
    EXPECT_EQ(votes[i].settlement_id, holds[i].first);
    EXPECT_EQ(votes[i].hold, holds[i].second);
    EXPECT_EQ(votes[i].statement.signature, votes[0].statement.signature);
    EXPECT_TRUE(VerifyVote(votes[i], policy_, verifier_).ok());
  }
  EXPECT_TRUE(absl::IsInvalidArgument(
      SignVotes(hkd_, Sha256("hkd"), std::span<const Hold>(), *hkd_key_).status()));
}

TEST_F(SettlementTest, VoteHashDoesNotDependOnTheSignature) {
  const std::vector<std::pair<Hash256, std::uint64_t>> alone = {{terms_.settlement_id, 7}};
  const Vote repeated = (*SignVotes(thb_, Sha256("thb"), alone, *thb_key_))[0];
  EXPECT_EQ(VoteHash(repeated), VoteHash(completion_.certificate.votes[0]));
  Vote other = repeated;
  other.hold = 8;
  EXPECT_NE(VoteHash(other), VoteHash(repeated));
}

TEST(VoteTest, GoldenBytes) {
  const nlohmann::json vector = Vector("vote.json");
  const Vote first = *DecodeVote(Bytes(vector["votes"][0]["encoded"]));
  EXPECT_EQ(ToHex(VoteStatementText(first.statement)), vector["statement"].get<std::string>());
  SettlementPolicy policy;
  policy.ledgers = {
      {first.statement.ledger, first.statement.genesis_hash, NewSigner('\x01')->public_key()}};
  for (const auto& row : vector["votes"]) {
    const Vote vote = *DecodeVote(Bytes(row["encoded"]));
    EXPECT_EQ(VoteHash(vote).ToHex(), row["vote_hash"].get<std::string>());
    EXPECT_EQ(VerifyVote(vote, policy, OpenSslSignatureVerifier()).ok(),
              vote.statement.ledger == first.statement.ledger);
    testing::ExpectOneEncoding(Bytes(row["encoded"]), DecodeVote, EncodeVote);
  }
}

TEST(VoteTest, SignVotesWritesTheGoldenBytes) {
  const nlohmann::json vector = Vector("vote.json");
  std::vector<Vote> golden;
  std::vector<std::pair<Hash256, std::uint64_t>> holds;
  for (std::size_t i = 0; i < 3; ++i) {
    golden.push_back(*DecodeVote(Bytes(vector["votes"][i]["encoded"])));
    holds.emplace_back(golden[i].settlement_id, golden[i].hold);
  }
  const VoteStatement& statement = golden[0].statement;
  const std::vector<Vote> votes =
      *SignVotes(statement.ledger, statement.genesis_hash, holds, *NewSigner('\x01'));
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(ToHex(EncodeVote(votes[i])), vector["votes"][i]["encoded"].get<std::string>());
  }
}

TEST(VoteTest, LimitsAreHeld) {
  Vote vote = *DecodeVote(Bytes(Vector("vote.json")["votes"][0]["encoded"]));
  const auto fault = [&vote] {
    return std::string(DecodeVote(EncodeVote(vote)).status().message());
  };
  vote.proof.resize(kProofHashesMax + 1);
  EXPECT_THAT(fault(), HasSubstr("proof: has 129 hashes; the most is 128"));
  vote.proof.clear();
  vote.index = vote.statement.count;
  EXPECT_THAT(fault(), HasSubstr("index: is 3; must be below"));
  vote.index = 0;
  vote.statement.signature.clear();
  EXPECT_THAT(fault(), HasSubstr("signature: has 0 bytes"));
  vote.statement.signature = "s";
  vote.statement.ledger = LedgerOrigin{};
  EXPECT_THAT(fault(), HasSubstr("vote: ledger"));
}

TEST(DecisionRecordTest, GoldenBytes) {
  const nlohmann::json vector = Vector("decision-log.json");
  const std::string abort = Bytes(vector["records"][0]);
  const std::string commit = Bytes(vector["records"][1]);
  EXPECT_EQ(DecodeDecisionRecord(abort)->verdict, Verdict::kAbort);
  EXPECT_THAT(DecodeDecisionRecord(abort)->vote_hashes, IsEmpty());
  EXPECT_EQ(DecodeDecisionRecord(commit)->verdict, Verdict::kCommit);
  EXPECT_THAT(DecodeDecisionRecord(commit)->vote_hashes, SizeIs(2));
  testing::ExpectOneEncoding(abort, DecodeDecisionRecord, EncodeDecisionRecord);
  testing::ExpectOneEncoding(commit, DecodeDecisionRecord, EncodeDecisionRecord);
}

TEST(DecisionRecordTest, RefusesWhatIsNoDecision) {
  DecisionRecord record;
  const auto fault = [&record] {
    return std::string(DecodeDecisionRecord(EncodeDecisionRecord(record)).status().message());
  };
  EXPECT_THAT(fault(), HasSubstr("verdict: is 0; must be 1 or 2"));
  record.verdict = Verdict::kCommit;
  EXPECT_THAT(fault(), HasSubstr("a commit has one for each ledger"));
  record.vote_hashes.resize(1);
  record.verdict = Verdict::kAbort;
  EXPECT_THAT(fault(), HasSubstr("an abort has none"));
  record.verdict = Verdict::kCommit;
  record.vote_hashes.resize(kSettlementLedgersMax + 1);
  EXPECT_THAT(fault(), HasSubstr("vote_hashes: has 17 hashes; the most is 16"));
}

TEST(TermsTest, SettlementIdIsTheHashOfDomainAndBytes) {
  EXPECT_EQ(SettlementIdOf("terms"), Sha256("causeway/settlement/v1\nterms"));
  const nlohmann::json vector = Vector("terms.json");
  EXPECT_EQ(SettlementIdOf(Bytes(vector["terms"])).ToHex(),
            vector["settlement_id"].get<std::string>());
}

TEST(TermsTest, LegsAreProvenToTheRoot) {
  const nlohmann::json vector = Vector("terms.json");
  std::vector<std::string> legs;
  for (const auto& row : vector["legs"]) legs.push_back(Bytes(row["leg"]));
  const Hash256 root = LegsRoot(legs);
  EXPECT_EQ(root.ToHex(), vector["legs_root"].get<std::string>());
  for (std::size_t i = 0; i < legs.size(); ++i) {
    const std::vector<Hash256> proof = LegProof(legs, i);
    EXPECT_TRUE(VerifyInclusion(LeafHash(legs[i]), i, legs.size(), proof, root));
    ASSERT_EQ(proof.size(), vector["legs"][i]["proof"].size());
    for (std::size_t j = 0; j < proof.size(); ++j) {
      EXPECT_EQ(proof[j].ToHex(), vector["legs"][i]["proof"][j].get<std::string>());
    }
  }
}

TEST(TermsTest, FindsLedgersAndCountsLegs) {
  TermsHeader terms;
  terms.ledgers = {{*LedgerOrigin::Parse("a.example/x"), 2},
                   {*LedgerOrigin::Parse("b.example/y"), 3}};
  EXPECT_EQ(terms.LegCount(), 5U);
  ASSERT_NE(terms.Find(*LedgerOrigin::Parse("b.example/y")), nullptr);
  EXPECT_EQ(terms.Find(*LedgerOrigin::Parse("b.example/y"))->leg_count, 3U);
  EXPECT_EQ(terms.Find(*LedgerOrigin::Parse("c.example/z")), nullptr);
}

TEST(ReceiptTest, TheVectorVerifiesOffline) {
  const nlohmann::json receipt = Vector("receipt.json");
  const SignedCheckpoint checkpoint = *ParseCheckpoint(receipt["checkpoint"].get<std::string>());
  EXPECT_TRUE(VerifyCheckpoint(checkpoint, "hkma.example/hkd", NewSigner('\x01')->public_key(),
                               OpenSslSignatureVerifier())
                  .ok());
  for (const std::string part : {"entry", "batch_header"}) {
    std::vector<Hash256> proof;
    for (const auto& hash : receipt[part + "_proof"]) {
      proof.push_back(*Hash256::FromHex(hash.get<std::string>()));
    }
    EXPECT_TRUE(VerifyInclusion(LeafHash(Bytes(receipt[part])),
                                receipt[part + "_index"].get<std::uint64_t>(),
                                checkpoint.checkpoint.size, proof, checkpoint.checkpoint.root))
        << part;
  }
}

}  // namespace
}  // namespace causeway::core
