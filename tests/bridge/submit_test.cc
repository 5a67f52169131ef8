// What the bridge engine refuses to take on, and why.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "fx-bridge/engine/bridge_engine.h"
#include "tests/bridge/engine_fixture.h"

namespace causeway::bridge {
namespace {

using ::testing::IsEmpty;

class SubmitTest : public BridgeEngineTest {};

TEST_F(SubmitTest, RefusesTermsOfAnotherPolicy) {
  Deal deal = world_.Swap("s", At(1000));
  core::TermsHeader header = Must(codec::DecodeTerms(deal.terms.payload));
  header.policy_hash = core::Sha256("another");
  deal.terms.payload = codec::EncodeTerms(header);
  EXPECT_EQ(OutcomeOfSubmit(At(0), deal), core::Outcome::kUnknownSettlementPolicy);
}

TEST_F(SubmitTest, RefusesALedgerThatThePolicyLacks) {
  Deal deal = world_.Swap("s", At(1000));
  core::TermsHeader header = Must(codec::DecodeTerms(deal.terms.payload));
  header.ledgers[1].ledger = Origin("z.example/zzz");
  deal.terms.payload = codec::EncodeTerms(header);
  EXPECT_EQ(OutcomeOfSubmit(At(0), deal), core::Outcome::kUnknownLedger);
}

TEST_F(SubmitTest, RefusesAnAlteredLeg) {
  Deal deal = world_.Swap("s", At(1000));
  core::Leg leg = Must(codec::DecodeLeg(deal.legs[0]));
  leg.amount.amount = core::Amount::FromMinor(1);
  deal.legs[0] = codec::EncodeLeg(leg);
  EXPECT_EQ(OutcomeOfSubmit(At(0), deal), core::Outcome::kLegNotInTerms);
}

TEST_F(SubmitTest, RefusesAMissingLeg) {
  Deal deal = world_.Swap("s", At(1000));
  deal.legs.pop_back();
  EXPECT_EQ(OutcomeOfSubmit(At(0), deal), core::Outcome::kLegNotInTerms);
}

TEST_F(SubmitTest, RefusesCountsThatHideALegFromItsLedger) {
  Deal deal = world_.MakeDeal("s", At(1000), {{0, "ALPHA"}, {0, "ALPHA"}, {1, "BETA"}}, {});
  core::TermsHeader header = Must(codec::DecodeTerms(deal.terms.payload));
  header.ledgers[0].leg_count = 1;
  header.ledgers[1].leg_count = 2;
  deal.terms.payload = codec::EncodeTerms(header);
  World::Sign("ALPHA", deal.terms);
  EXPECT_EQ(OutcomeOfSubmit(At(0), deal), core::Outcome::kLegNotInTerms);
}

TEST_F(SubmitTest, RefusesALegThatDoesNotDecode) {
  Deal deal = world_.Swap("s", At(1000));
  core::TermsHeader header = Must(codec::DecodeTerms(deal.terms.payload));
  deal.legs[0] = "not a leg";
  header.legs_root = core::LegsRoot(deal.legs);
  deal.terms.payload = codec::EncodeTerms(header);
  EXPECT_EQ(OutcomeOfSubmit(At(0), deal), core::Outcome::kMalformed);
}

TEST_F(SubmitTest, RefusesTermsThatDoNotDecode) {
  Deal deal = world_.Swap("s", At(1000));
  deal.terms.payload = "not terms";
  EXPECT_EQ(OutcomeOfSubmit(At(0), deal), core::Outcome::kMalformed);
}

TEST_F(SubmitTest, RefusesAnEnvelopeOfAnotherType) {
  Deal deal = world_.Swap("s", At(1000));
  deal.terms.payload_type = core::kCommandPayloadType;
  EXPECT_EQ(OutcomeOfSubmit(At(0), deal), core::Outcome::kMalformed);
}

TEST_F(SubmitTest, RefusesASubmissionPastItsDeadline) {
  EXPECT_EQ(OutcomeOfSubmit(At(1001), world_.Swap("s", At(1000))), core::Outcome::kPastDeadline);
}

TEST_F(SubmitTest, RefusesADeadlineMoreThanAWeekAhead) {
  const core::LedgerTime deadline = At(0) + kDeadlineAheadMax + core::Duration::FromMicros(1);
  EXPECT_EQ(OutcomeOfSubmit(At(0), world_.Swap("s", deadline)), core::Outcome::kValidUntilTooFar);
}

TEST_F(SubmitTest, RefusesAnUnknownKey) {
  Deal deal = world_.Swap("s", At(1000));
  World::Sign("STRANGER", deal.terms);
  EXPECT_EQ(OutcomeOfSubmit(At(0), deal), core::Outcome::kUnknownKey);
}

TEST_F(SubmitTest, RefusesAWrongSignature) {
  Deal deal = world_.Swap("s", At(1000));
  deal.terms.signatures[1].signature[0] = static_cast<char>(~deal.terms.signatures[1].signature[0]);
  EXPECT_EQ(OutcomeOfSubmit(At(0), deal), core::Outcome::kBadSignature);
  EXPECT_EQ(StateOf(deal), SettlementState::kNone);
}

TEST_F(SubmitTest, RefusesTermsSignedByNobodyWhoIsInThem) {
  const Deal deal = world_.MakeDeal("s", At(1000), {{0, "ALPHA"}, {1, "BETA"}}, {"GAMMA"});
  EXPECT_EQ(OutcomeOfSubmit(At(0), deal), core::Outcome::kTermsNotSignedByPayer);
}

// Deals of many payers: an envelope carries 16 signatures. What could never be signed was accepted,
// and waited for its deadline.
class CrowdedDealTest : public BridgeEngineTest {
 protected:
  CrowdedDealTest() {
    for (int i = 0; i < 17; ++i) {
      names_.push_back("BANK" + std::to_string(i));
      world_.keys->Add(Party(names_.back()), KeyOf(names_.back())->public_key());
    }
    world_.keys->Add(Party(names_[0]), KeyOf("second key")->public_key());
  }
  Deal DealOf(std::size_t payer_count, const std::vector<std::string>& signers) const {
    std::vector<std::pair<std::size_t, std::string>> legs;
    for (std::size_t i = 0; i < payer_count; ++i) legs.emplace_back(i % 2, names_[i]);
    return world_.MakeDeal("crowd", At(1000), legs, signers);
  }

  std::vector<std::string> names_;
};

TEST_F(CrowdedDealTest, RefusesMoreSignersThanAnEnvelopeCarries) {
  const auto answer = Submit(At(0), DealOf(17, {names_[0]}));
  const auto& rejection = std::get<core::Rejection>(answer);
  EXPECT_EQ(rejection.outcome, core::Outcome::kMalformed);
  EXPECT_EQ(rejection.actual, 17);
  EXPECT_EQ(rejection.required, 16);
  EXPECT_NE(rejection.message.find("1 are there and 16 participants have yet to sign"),
            std::string::npos)
      << rejection.message;
  EXPECT_THAT(engine_->ListOpen(), IsEmpty());
}

TEST_F(CrowdedDealTest, SettlesWithAsManySignersAsAnEnvelopeCarries) {
  const Deal deal = DealOf(16, {names_.begin(), names_.begin() + 16});
  ASSERT_EQ(OutcomeOfSubmit(At(0), deal), core::Outcome::kAccepted);
  Run(At(1));
  EXPECT_EQ(StateOf(deal), SettlementState::kSettled);
}

TEST_F(CrowdedDealTest, ASecondKeyOfOneSignerDoesNotTakeThePlaceOfAnother) {
  EXPECT_EQ(OutcomeOfSubmit(At(0), DealOf(16, {names_[0], "second key"})),
            core::Outcome::kMalformed);
  ASSERT_EQ(OutcomeOfSubmit(At(0), DealOf(16, {names_[0]})), core::Outcome::kAccepted);
  EXPECT_EQ(OutcomeOfSubmit(At(1), DealOf(16, {"second key"})), core::Outcome::kMalformed);
  const Deal rest = DealOf(16, {names_.begin() + 1, names_.begin() + 16});
  ASSERT_EQ(OutcomeOfSubmit(At(2), rest), core::Outcome::kAccepted);
  Run(At(3));
  EXPECT_EQ(StateOf(rest), SettlementState::kSettled);
}

TEST_F(SubmitTest, RefusesALaterSubmissionWithOtherLegs) {
  Deal deal = world_.MakeDeal("s", At(1000), {{0, "ALPHA"}, {1, "BETA"}}, {"ALPHA"});
  Submit(At(0), deal);
  std::swap(deal.legs[0], deal.legs[1]);
  EXPECT_EQ(OutcomeOfSubmit(At(0), deal), core::Outcome::kLegNotInTerms);
}

}  // namespace
}  // namespace causeway::bridge
