#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "settlement/codec/codec.h"
#include "settlement/core/hash.h"
#include "settlement/core/merkle.h"
#include "tests/codec/expect.h"
#include "tests/codec/sample.h"
#include "tests/vectors/read_vector.h"

namespace causeway::codec {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

nlohmann::json Vector(const std::string& name) {
  return nlohmann::json::parse(causeway::testing::ReadVector(name));
}

std::string Bytes(const nlohmann::json& hex) { return *core::FromHex(hex.get<std::string>()); }

template <typename Message>
struct Change {
  std::function<void(Message&)> change;
  std::string fault;  // beginning with the path
};

template <typename Message, typename Decode>
void ExpectFaults(const Message& good, Decode decode, const std::vector<Change<Message>>& changes) {
  ASSERT_EQ(FaultOf(good, decode), "ok");
  for (const Change<Message>& change : changes) {
    Message bad = good;
    change.change(bad);
    EXPECT_THAT(FaultOf(bad, decode), StartsWith(change.fault));
  }
}

TEST(TermsCodecTest, GoldenBytes) {
  const nlohmann::json vector = Vector("terms.json");
  const std::string bytes = Bytes(vector["terms"]);
  const core::TermsHeader terms = *DecodeTerms(bytes);
  EXPECT_EQ(terms.settlement_id.ToHex(), vector["settlement_id"].get<std::string>());
  EXPECT_EQ(terms.policy_hash.ToHex(), vector["policy_hash"].get<std::string>());
  EXPECT_EQ(terms.LegCount(), 3U);
  EXPECT_EQ(terms.quote_id, "Q-1");
  EXPECT_EQ(EncodeTerms(terms), bytes);
  for (std::size_t i = 0; i < vector["legs"].size(); ++i) {
    const std::string leg = Bytes(vector["legs"][i]["leg"]);
    EXPECT_EQ(EncodeLeg(*DecodeLeg(leg)), leg);
    std::vector<core::Hash256> proof;
    for (const auto& hash : vector["legs"][i]["proof"]) {
      proof.push_back(*core::Hash256::FromHex(hash.get<std::string>()));
    }
    EXPECT_TRUE(core::VerifyInclusion(core::LeafHash(leg), i, 3, proof, terms.legs_root));
  }
}

TEST(TermsCodecTest, RoundTripAndUnknownFields) {
  ExpectRoundTrip(sample::Terms().SerializeAsString(), DecodeTerms, EncodeTerms);
  ExpectUnknownFieldsRefused(sample::Terms(), DecodeTerms);
}

TEST(TermsCodecTest, FieldsAreChecked) {
  ExpectFaults<v1::TermsHeader>(
      sample::Terms(), DecodeTerms,
      {{[](auto& t) { t.clear_policy_hash(); }, "policy_hash: has 0 bytes; must have 32"},
       {[](auto& t) { t.set_deadline_us(0); }, "deadline_us: is 0"},
       {[](auto& t) { t.clear_ledgers(); }, "ledgers: has 0 elements; must have 1 to 16"},
       {[](auto& t) {
          for (int i = 0; i < 15; ++i) t.add_ledgers();
        },
        "ledgers: has 17 elements"},
       {[](auto& t) { t.mutable_ledgers(0)->set_ledger("UPPER"); }, "ledgers[0].ledger: "},
       {[](auto& t) { t.mutable_ledgers()->SwapElements(0, 1); },
        "ledgers[1].ledger: ledgers must be sorted"},
       {[](auto& t) { t.mutable_ledgers(1)->set_ledger(t.ledgers(0).ledger()); },
        "ledgers[1].ledger: ledgers must be sorted"},
       {[](auto& t) { t.mutable_ledgers(1)->set_leg_count(0); }, "ledgers[1].leg_count: is 0"},
       {[](auto& t) { t.mutable_ledgers(1)->set_leg_count(1023); },
        "ledgers: have 1025 legs in all; the most is 1024"},
       {[](auto& t) {
          t.mutable_ledgers(0)->set_leg_count(0xFFFFFFFF);
          t.mutable_ledgers(1)->set_leg_count(2);
        },
        "ledgers: have 4294967297 legs"},
       {[](auto& t) { t.clear_legs_root(); }, "legs_root: has 0 bytes"},
       {[](auto& t) { t.set_nonce("short"); }, "nonce: has 5 bytes; must have 16"},
       {[](auto& t) { t.set_quote_id(std::string(65, 'q')); }, "quote_id: has 65 characters"}});
}

TEST(LegCodecTest, RoundTripAndUnknownFields) {
  ExpectRoundTrip(sample::Leg().SerializeAsString(), DecodeLeg, EncodeLeg);
  ExpectUnknownFieldsRefused(sample::Leg(), DecodeLeg);
}

TEST(LegCodecTest, FieldsAreChecked) {
  ExpectFaults<v1::Leg>(
      sample::Leg(), DecodeLeg,
      {{[](auto& l) { l.set_salt("short"); }, "salt: has 5 bytes; must have 16"},
       {[](auto& l) { l.clear_ledger(); }, "ledger: "},
       {[](auto& l) { l.clear_instructing_party(); }, "instructing_party: "},
       {[](auto& l) { l.clear_instruction_id(); }, "instruction_id: "},
       {[](auto& l) { l.clear_uetr(); }, "uetr: "},
       {[](auto& l) { l.clear_debtor_account(); }, "debtor_account: "},
       {[](auto& l) { l.clear_creditor_account(); }, "creditor_account: "},
       {[](auto& l) { l.clear_amount(); }, "amount: is missing"},
       {[](auto& l) { l.mutable_amount()->clear_currency(); }, "amount.currency: "},
       {[](auto& l) { l.set_private_data_hash("x"); }, "private_data_hash: has 1 bytes"},
       {[](auto& l) { l.set_approvals(1, "lower"); }, "approvals[1]: "},
       {[](auto& l) { l.set_approvals(1, "BETA"); }, "approvals[1]: stands in the list twice"},
       {[](auto& l) {
          for (int i = 0; i < 15; ++i) l.add_approvals("X" + std::to_string(i));
        },
        "approvals: has 17 elements"}});
}

TEST(PolicyCodecTest, GoldenBytes) {
  const nlohmann::json vector = Vector("terms.json");
  const std::string bytes = Bytes(vector["policy"]);
  const core::SettlementPolicy policy = *DecodePolicy(bytes);
  EXPECT_EQ(policy.hash.ToHex(), vector["policy_hash"].get<std::string>());
  EXPECT_THAT(policy.ledgers, SizeIs(2));
  EXPECT_EQ(EncodePolicy(policy), bytes);
}

TEST(PolicyCodecTest, RoundTripAndUnknownFields) {
  ExpectRoundTrip(sample::Policy().SerializeAsString(), DecodePolicy, EncodePolicy);
  ExpectUnknownFieldsRefused(sample::Policy(), DecodePolicy);
}

TEST(PolicyCodecTest, FieldsAreChecked) {
  ExpectFaults<v1::SettlementPolicy>(
      sample::Policy(), DecodePolicy,
      {{[](auto& p) { p.clear_decision_log(); }, "decision_log: "},
       {[](auto& p) { p.clear_decision_log_key(); }, "decision_log_key: is missing"},
       {[](auto& p) { p.mutable_decision_log_key()->set_key("x"); }, "decision_log_key.key: "},
       {[](auto& p) { p.clear_ledgers(); }, "ledgers: has 0 elements"},
       {[](auto& p) { p.mutable_ledgers(0)->clear_ledger(); }, "ledgers[0].ledger: "},
       {[](auto& p) { p.mutable_ledgers(0)->clear_genesis_hash(); }, "ledgers[0].genesis_hash: "},
       {[](auto& p) { p.mutable_ledgers(0)->clear_key(); }, "ledgers[0].key: is missing"},
       {[](auto& p) { *p.add_ledgers() = p.ledgers(0); },
        "ledgers[1].ledger: stands in the list twice"}});
}

v1::SettlementPolicy WitnessedPolicy() {
  v1::SettlementPolicy policy = sample::Policy();
  for (const char fill : {'a', 'b', 'c', 'd'}) {
    v1::PolicyWitness* witness = policy.add_witnesses();
    witness->set_name(std::string("witness.example/") + fill);
    *witness->mutable_key() = sample::Key(fill);
  }
  policy.set_witnesses_needed(3);
  policy.set_witnesses_faulty_max(1);
  return policy;
}

TEST(PolicyCodecTest, WitnessesRoundTrip) {
  const std::string bytes = WitnessedPolicy().SerializeAsString();
  ExpectRoundTrip(bytes, DecodePolicy, EncodePolicy);
  const core::SettlementPolicy policy = *DecodePolicy(bytes);
  ASSERT_THAT(policy.witnesses, SizeIs(4));
  EXPECT_EQ(policy.witnesses[1].name, "witness.example/b");
  EXPECT_EQ(policy.witnesses_needed, 3U);
  EXPECT_EQ(policy.witnesses_faulty_max, 1U);
}

TEST(PolicyCodecTest, WitnessesAreChecked) {
  ExpectFaults<v1::SettlementPolicy>(
      WitnessedPolicy(), DecodePolicy,
      {{[](auto& p) { p.set_witnesses_needed(2); },
        "witnesses_needed: with 4 witnesses, witnesses_needed 2"},
       {[](auto& p) { p.set_witnesses_needed(4); },
        "witnesses_needed: with 4 witnesses, witnesses_needed 4"},
       {[](auto& p) { p.set_witnesses_needed(0); },
        "witnesses_needed: with 4 witnesses, witnesses_needed 0"},
       {[](auto& p) { p.clear_witnesses(); },
        "witnesses_needed: with 0 witnesses, witnesses_needed 3"},
       {[](auto& p) { p.mutable_witnesses(0)->clear_key(); }, "witnesses[0].key: is missing"},
       {[](auto& p) { p.mutable_witnesses(0)->mutable_key()->set_key("x"); },
        "witnesses[0].key.key: "},
       {[](auto& p) { p.mutable_witnesses(2)->clear_name(); }, "witnesses[2].name: "},
       {[](auto& p) { *p.mutable_witnesses(3) = p.witnesses(0); },
        "witnesses[3].name: witness.example/a stands in the list twice"}});
}

TEST(GenesisCodecTest, GoldenBytes) {
  const nlohmann::json vector = Vector("entry.json");
  const std::string bytes = Bytes(vector["genesis"]);
  const core::Genesis genesis = *DecodeGenesis(bytes);
  EXPECT_EQ(genesis.hash.ToHex(), vector["genesis_hash"].get<std::string>());
  EXPECT_EQ(genesis.bytes, bytes);
  EXPECT_EQ(genesis.central_bank.keys.size(), 2U);
  EXPECT_EQ(EncodeGenesis(genesis), bytes);
}

TEST(GenesisCodecTest, RoundTripAndUnknownFields) {
  ExpectRoundTrip(sample::Genesis().SerializeAsString(), DecodeGenesis, EncodeGenesis);
  ExpectUnknownFieldsRefused(sample::Genesis(), DecodeGenesis);
}

TEST(GenesisCodecTest, FieldsAreChecked) {
  ExpectFaults<v1::Genesis>(
      sample::Genesis(), DecodeGenesis,
      {{[](auto& g) { g.clear_ledger(); }, "ledger: "},
       {[](auto& g) { g.set_currency("XXX"); }, "currency: "},
       {[](auto& g) { g.clear_ledger_key(); }, "ledger_key: is missing"},
       {[](auto& g) { g.clear_central_bank(); }, "central_bank: is missing"},
       {[](auto& g) { g.mutable_central_bank()->clear_country(); }, "central_bank.country: "},
       {[](auto& g) { g.clear_liability_account(); }, "liability_account: "},
       {[](auto& g) { g.clear_suites(); }, "suites: has 0 elements"},
       {[](auto& g) { g.set_suites(0, v1::SUITE_UNSPECIFIED); }, "suites[0]: is 0"},
       {[](auto& g) { g.set_suites(1, v1::SUITE_ED25519_SHA256); }, "suites[1]: stands in"},
       {[](auto& g) { g.set_business_date("today"); }, "business_date: "},
       {[](auto& g) { g.set_approvers_needed(1); }, "approvers_needed: is 1; must be 2 to 64"},
       {[](auto& g) { g.clear_created_us(); }, "created_us: is 0"}});
}

TEST(CompletionCodecTest, GoldenBytesVerify) {
  const nlohmann::json vector = Vector("decision-log.json");
  const std::string bytes = Bytes(vector["completion"]);
  const core::CompleteSettlement completion = *DecodeCompletion(bytes);
  EXPECT_EQ(EncodeCompletion(completion), bytes);
  const core::TermsHeader terms = *DecodeTerms(Bytes(Vector("terms.json")["terms"]));
  const core::SettlementPolicy policy = *DecodePolicy(Bytes(Vector("terms.json")["policy"]));
  const core::Rejection rejection =
      core::VerifyCertificate(completion, policy, &terms, core::OpenSslSignatureVerifier());
  EXPECT_EQ(rejection.outcome, core::Outcome::kAccepted) << rejection.message;
}

TEST(CompletionCodecTest, RoundTripAndUnknownFields) {
  ExpectRoundTrip(sample::Completion().SerializeAsString(), DecodeCompletion, EncodeCompletion);
  ExpectUnknownFieldsRefused(sample::Completion(), DecodeCompletion);
}

TEST(CompletionCodecTest, FieldsAreChecked) {
  ExpectFaults<v1::Completion>(
      sample::Completion(), DecodeCompletion,
      {{[](auto& c) { c.clear_settlement_id(); }, "settlement_id: has 0 bytes"},
       {[](auto& c) { c.clear_certificate(); }, "certificate: is missing"},
       {[](auto& c) { c.mutable_certificate()->clear_record(); }, "certificate.record: "},
       {[](auto& c) { c.mutable_certificate()->set_proof(0, "x"); },
        "certificate.proof[0]: has 1 bytes"},
       {[](auto& c) {
          for (int i = 0; i < 128; ++i) c.mutable_certificate()->add_proof(sample::HashBytes('p'));
        },
        "certificate.proof: has 129 elements"},
       {[](auto& c) { c.mutable_certificate()->clear_checkpoint(); },
        "certificate.checkpoint: has 0 bytes"},
       {[](auto& c) { c.mutable_certificate()->set_votes(0, "x"); }, "certificate.votes[0]: "},
       {[](auto& c) {
          for (int i = 0; i < 16; ++i) c.mutable_certificate()->add_votes("x");
        },
        "certificate.votes: has 17 elements"}});
}

}  // namespace
}  // namespace causeway::codec
