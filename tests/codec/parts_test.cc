#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "settlement/codec/codec.h"
#include "tests/codec/expect.h"
#include "tests/codec/sample.h"

namespace causeway::codec {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

template <typename Message>
std::string Fault(const Message& message) {
  const auto value = FromProto(message);
  return value.ok() ? "ok" : std::string(value.status().message());
}

TEST(EnvelopeCodecTest, MakesARoundTrip) {
  const core::Envelope envelope =
      *core::SignEnvelope(core::kCommandPayloadType, "payload", *sample::NewSigner('a'));
  v1::Envelope message;
  ToProto(envelope, &message);
  EXPECT_EQ(*FromProto(message), envelope);
}

TEST(EnvelopeCodecTest, FieldsAreChecked) {
  v1::Envelope message;
  ToProto(*core::SignEnvelope("type", "payload", *sample::NewSigner('a')), &message);
  v1::Envelope bad = message;
  bad.mutable_signatures(0)->set_key_id("x");
  EXPECT_THAT(Fault(bad), StartsWith("signatures[0].key_id: has 1 bytes"));
  bad = message;
  bad.mutable_signatures(0)->clear_signature();
  EXPECT_THAT(Fault(bad), HasSubstr("has 0 bytes"));
  bad = message;
  *bad.add_signatures() = message.signatures(0);
  EXPECT_THAT(Fault(bad), HasSubstr("signed twice"));
  bad = message;
  for (int i = 0; i < 16; ++i) bad.add_signatures();
  EXPECT_THAT(Fault(bad), StartsWith("signatures: has 17 elements"));
  bad = message;
  bad.clear_payload_type();
  EXPECT_THAT(Fault(bad), HasSubstr("payload type"));
}

TEST(KeyCodecTest, BothSuitesMakeARoundTrip) {
  for (const core::SuiteId suite : {core::SuiteId::kEd25519Sha256, core::SuiteId::kP256Sha256}) {
    const core::PublicKey key = (*core::GenerateKey(suite))->public_key();
    v1::PublicKey message;
    ToProto(key, &message);
    EXPECT_EQ(*FromProto(message), key);
  }
}

TEST(KeyCodecTest, AModelledKeyIsReadAsOne) {
  // Simulations register such keys; no live program can verify with one.
  const core::PublicKey key{core::SuiteId::kModelled, "model 7"};
  v1::PublicKey message;
  ToProto(key, &message);
  EXPECT_EQ(*FromProto(message), key);
  EXPECT_FALSE(core::OpenSslSignatureVerifier().Verify(key, "message", "signature"));
}

TEST(MoneyCodecTest, MakesARoundTrip) {
  const core::Money money{*core::Currency::Parse("AED"), core::Amount::FromMinor(-7)};
  v1::Money message;
  ToProto(money, &message);
  EXPECT_EQ(*FromProto(message), money);
  message.set_currency("aed");
  EXPECT_THAT(Fault(message), StartsWith("currency: "));
}

TEST(ProvenLegCodecTest, MakesARoundTrip) {
  const core::ProvenLeg leg = *FromProto(sample::ProvenLeg());
  EXPECT_EQ(leg.leg.id.text(), "SWAP-7");
  v1::ProvenLeg message;
  ToProto(leg, &message);
  EXPECT_EQ(message.SerializeAsString(), sample::ProvenLeg().SerializeAsString());
}

TEST(ProvenLegCodecTest, FieldsAreChecked) {
  v1::ProvenLeg bad = sample::ProvenLeg();
  bad.set_leg("\xff");
  EXPECT_THAT(Fault(bad), StartsWith("leg: the bytes are not a well-formed causeway.v1.Leg"));
  bad = sample::ProvenLeg();
  bad.set_index(1024);
  EXPECT_THAT(Fault(bad), StartsWith("index: is 1024; must be below 1024"));
  bad = sample::ProvenLeg();
  bad.set_proof(1, "x");
  EXPECT_THAT(Fault(bad), StartsWith("proof[1]: has 1 bytes"));
}

TEST(CertificateCodecTest, MakesARoundTrip) {
  const v1::Certificate good = sample::Completion().certificate();
  v1::Certificate message;
  ToProto(*FromProto(good), &message);
  EXPECT_EQ(message.SerializeAsString(), good.SerializeAsString());
}

TEST(RejectionCodecTest, MakesARoundTripWithASentenceForPeople) {
  const core::Rejection rejection{core::Outcome::kInsufficientFunds, 5, 9, "rule v1", ""};
  v1::Rejection message;
  ToProto(rejection, &message);
  EXPECT_EQ(message.outcome(), v1::OUTCOME_INSUFFICIENT_FUNDS);
  EXPECT_EQ(message.message(), core::Describe(rejection));
  core::Rejection expected = rejection;
  expected.message = message.message();
  EXPECT_EQ(FromProto(message), expected);
}

TEST(RejectionCodecTest, AcceptedHasNoMessage) {
  v1::Rejection message;
  ToProto(core::Rejection{core::Outcome::kAccepted, 0, 0, "", ""}, &message);
  EXPECT_EQ(message.message(), "");
}

// A ledger that refused and gave this outcome made the bridge's queue end a trade as settled.
TEST(RejectionCodecTest, ARefusalThatSaysAcceptedIsNone) {
  v1::Rejection message;
  message.set_outcome(v1::OUTCOME_ACCEPTED);
  message.set_message("all is well");
  EXPECT_EQ(FromProto(message).outcome, core::Outcome::kMalformed);
  EXPECT_EQ(FromProto(message).message, "all is well");
}

TEST(RejectionCodecTest, AnOutcomeOfANewerNodeStaysARefusal) {
  v1::Rejection message;
  for (const int number : {0, 250, 70000, -1}) {
    message.set_outcome(static_cast<v1::Outcome>(number));
    EXPECT_EQ(FromProto(message).outcome, core::Outcome::kMalformed) << number;
  }
}

TEST(OutcomeNumbersTest, AreThoseOfTheApi) {
  const auto* names = v1::Outcome_descriptor();
  for (int i = 0; i < names->value_count(); ++i) {
    const auto* value = names->value(i);
    if (value->number() == 0) continue;
    const auto outcome = core::OutcomeFromNumber(static_cast<std::uint16_t>(value->number()));
    ASSERT_TRUE(outcome.has_value()) << value->name();
    EXPECT_EQ("OUTCOME_" + std::string(core::OutcomeName(*outcome)), value->name());
  }
}

TEST(ReferenceCodecTest, MakesARoundTrip) {
  const core::InstructionKey key{*core::ParticipantId::Parse("ALPHA"),
                                 core::ActionKind::kSettlementLeg,
                                 *core::InstructionId::Parse("I-1")};
  v1::InstructionReference message;
  ToProto(key, &message);
  EXPECT_EQ(*FromProto(message), key);
  message.set_kind(v1::ACTION_KIND_UNSPECIFIED);
  EXPECT_THAT(Fault(message), StartsWith("kind: is 0"));
}

TEST(HashFromTest, NamesTheField) {
  EXPECT_EQ(HashFrom(sample::HashBytes('h'), "root")->view(), sample::HashBytes('h'));
  EXPECT_THAT(std::string(HashFrom("x", "root").status().message()),
              StartsWith("root: has 1 bytes; must have 32"));
}

// Who refuses does not decide how much others keep of it: a message of 128 MiB once was kept in
// every place where a reason is.
TEST(RejectionCodecTest, LongTextsAreCutBetweenCharacters) {
  v1::Rejection message;
  message.set_outcome(v1::OUTCOME_INSUFFICIENT_FUNDS);
  std::string text = "xx";
  while (text.size() < (std::size_t{1} << 20)) text += "\u20ac";  // 3 bytes each
  message.set_message(text);
  message.set_rule(text);
  const core::Rejection read = FromProto(message);
  EXPECT_EQ(read.message, text.substr(0, 2 + 340 * 3));  // one more would be 1,025 bytes
  EXPECT_EQ(read.rule, read.message);
  message.set_message("short \u20ac");
  EXPECT_EQ(FromProto(message).message, "short \u20ac");
}

}  // namespace
}  // namespace causeway::codec
