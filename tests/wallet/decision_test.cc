#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "settlement/client/bridge_client.h"
#include "settlement/codec/codec.h"
#include "settlement/core/bytes.h"
#include "settlement/core/hash.h"
#include "tests/vectors/read_vector.h"

namespace causeway::client {
namespace {

std::string Bytes(const nlohmann::json& hex) { return *core::FromHex(hex.get<std::string>()); }

class DecisionTest : public ::testing::Test {
 protected:
  DecisionTest() {
    const auto terms = nlohmann::json::parse(testing::ReadVector("terms.json"));
    const auto log = nlohmann::json::parse(testing::ReadVector("decision-log.json"));
    policy_ = Bytes(terms["policy"]);
    terms_ = Bytes(terms["terms"]);
    const core::CompleteSettlement completion = *codec::DecodeCompletion(Bytes(log["completion"]));
    view_.settlement_id = completion.settlement_id;
    view_.certificate = completion.certificate;
  }

  SettlementView view_;
  std::string policy_;
  std::string terms_;
};

TEST_F(DecisionTest, AGoodCertificateVerifies) {
  const absl::Status status = VerifyDecision(view_, policy_, terms_);
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(DecisionTest, SaysThatThereIsNoneYet) {
  view_.certificate.reset();
  EXPECT_TRUE(absl::IsFailedPrecondition(VerifyDecision(view_, policy_, terms_)));
}

TEST_F(DecisionTest, SaysWhatDoesNotHold) {
  view_.certificate->votes.pop_back();
  const absl::Status status = VerifyDecision(view_, policy_, terms_);
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_NE(std::string(status.message()).find("certificate: votes: "), std::string::npos)
      << status;
}

// Under another policy the certificate is of another settlement: terms name their policy.
TEST_F(DecisionTest, TheReadersOwnPolicyCounts) {
  core::SettlementPolicy policy = *codec::DecodePolicy(policy_);
  policy.witnesses = {
      {"w", (*core::Ed25519SignerFromSeed(core::Sha256("w").view()))->public_key()}};
  policy.witnesses_needed = 1;
  EXPECT_FALSE(VerifyDecision(view_, codec::EncodePolicy(policy), terms_).ok());
}

}  // namespace
}  // namespace causeway::client
