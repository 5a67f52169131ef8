#include "settlement/core/envelope.h"

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "settlement/core/hash.h"
#include "tests/vectors/read_vector.h"

namespace causeway::core {
namespace {

constexpr char kType[] = "application/vnd.causeway.test.v1";

std::unique_ptr<SoftwareSigner> NewSigner(char fill) {
  return *Ed25519SignerFromSeed(std::string(32, fill));
}

class EnvelopeTest : public ::testing::Test {
 protected:
  KeyResolver Resolver() const {
    return [this](const KeyId& key_id) -> const PublicKey* {
      for (const Signer* signer : {alice_.get(), bob_.get()}) {
        if (signer->key_id() == key_id) return &signer->public_key();
      }
      return nullptr;
    };
  }

  Envelope SignedByBoth() const {
    const std::vector<const Signer*> signers = {alice_.get(), bob_.get()};
    return *SignEnvelope(kType, "payload", signers);
  }

  const std::unique_ptr<SoftwareSigner> alice_ = NewSigner('a');
  const std::unique_ptr<SoftwareSigner> bob_ = NewSigner('b');
  const std::unique_ptr<SoftwareSigner> stranger_ = NewSigner('s');
  const OpenSslSignatureVerifier verifier_;
};

TEST(PreAuthEncodingTest, MatchesTheDsseExample) {
  EXPECT_EQ(PreAuthEncoding("http://example.com/HelloWorld", "hello world"),
            "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
  EXPECT_EQ(PreAuthEncoding("", ""), "DSSEv1 0  0 ");
}

TEST(PreAuthEncodingTest, LengthsCountBytesAndPayloadIsVerbatim) {
  const std::string payload("\0\n\xff", 3);
  EXPECT_EQ(PreAuthEncoding("\xc3\xa9", payload), "DSSEv1 2 \xc3\xa9 3 " + payload);
}

TEST_F(EnvelopeTest, PayloadHashIsTheDigestOfWhatIsSigned) {
  const Envelope envelope = SignedByBoth();
  EXPECT_EQ(PayloadHash(envelope), Sha256(PreAuthEncoding(kType, "payload")));
}

TEST_F(EnvelopeTest, PayloadHashDoesNotDependOnSignatures) {
  EXPECT_EQ(PayloadHash(SignedByBoth()), PayloadHash(*SignEnvelope(kType, "payload", *stranger_)));
}

TEST_F(EnvelopeTest, PayloadHashTellsTypeFromPayload) {
  EXPECT_NE(PayloadHash({"a", "b c", {}}), PayloadHash({"a b", "c", {}}));
}

TEST_F(EnvelopeTest, AllSignersAreReportedInOrder) {
  const auto signed_by = VerifyAll(SignedByBoth(), Resolver(), verifier_);
  ASSERT_TRUE(signed_by.ok()) << signed_by.status();
  EXPECT_EQ(*signed_by, (std::vector<KeyId>{alice_->key_id(), bob_->key_id()}));
}

TEST_F(EnvelopeTest, SecondApproverJoinsLater) {
  Envelope envelope = *SignEnvelope(kType, "payload", *alice_);
  ASSERT_TRUE(AddSignature(envelope, *bob_).ok());
  EXPECT_EQ(envelope, SignedByBoth());
}

TEST_F(EnvelopeTest, SuitesMayMixInOneEnvelope) {
  const auto p256 = *GenerateKey(SuiteId::kP256Sha256);
  Envelope envelope = *SignEnvelope(kType, "payload", *alice_);
  ASSERT_TRUE(AddSignature(envelope, *p256).ok());
  const auto resolve = [&](const KeyId& id) {
    return id == p256->key_id() ? &p256->public_key() : &alice_->public_key();
  };
  EXPECT_TRUE(VerifyAll(envelope, resolve, verifier_).ok());
}

TEST_F(EnvelopeTest, AKeySignsOnce) {
  Envelope envelope = *SignEnvelope(kType, "payload", *alice_);
  const Envelope before = envelope;
  EXPECT_TRUE(absl::IsAlreadyExists(AddSignature(envelope, *alice_)));
  EXPECT_EQ(envelope, before);
  const std::vector<const Signer*> twice = {alice_.get(), alice_.get()};
  EXPECT_TRUE(absl::IsInvalidArgument(SignEnvelope(kType, "payload", twice).status()));
}

TEST_F(EnvelopeTest, OneUnknownKeyRefusesTheWhole) {
  Envelope envelope = SignedByBoth();
  ASSERT_TRUE(AddSignature(envelope, *stranger_).ok());
  EXPECT_TRUE(absl::IsUnauthenticated(VerifyAll(envelope, Resolver(), verifier_).status()));
}

TEST_F(EnvelopeTest, OneWrongSignatureRefusesTheWhole) {
  Envelope envelope = SignedByBoth();
  envelope.signatures[1].signature = envelope.signatures[0].signature;
  EXPECT_TRUE(absl::IsUnauthenticated(VerifyAll(envelope, Resolver(), verifier_).status()));
}

TEST_F(EnvelopeTest, ChangedPayloadOrTypeIsRefused) {
  Envelope payload = SignedByBoth();
  payload.payload += " ";
  EXPECT_TRUE(absl::IsUnauthenticated(VerifyAll(payload, Resolver(), verifier_).status()));
  Envelope type = SignedByBoth();
  type.payload_type += "2";
  EXPECT_TRUE(absl::IsUnauthenticated(VerifyAll(type, Resolver(), verifier_).status()));
}

TEST_F(EnvelopeTest, NoSignatureIsNotEnough) {
  EXPECT_TRUE(
      absl::IsUnauthenticated(VerifyAll({kType, "payload", {}}, Resolver(), verifier_).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(
      SignEnvelope(kType, "payload", std::span<const Signer* const>()).status()));
}

TEST_F(EnvelopeTest, LimitsAreKept) {
  const auto refused = [](const Envelope& envelope) {
    return absl::IsInvalidArgument(CheckEnvelope(envelope));
  };
  EXPECT_TRUE(refused({"", "p", {}}));
  EXPECT_FALSE(refused({std::string(kPayloadTypeBytesMax, 't'), "", {}}));
  EXPECT_TRUE(refused({std::string(kPayloadTypeBytesMax + 1, 't'), "", {}}));
  EXPECT_FALSE(refused({"t", std::string(kPayloadBytesMax, 'p'), {}}));
  EXPECT_TRUE(refused({"t", std::string(kPayloadBytesMax + 1, 'p'), {}}));
  EXPECT_TRUE(refused({"t", "p", {{alice_->key_id(), ""}}}));
  EXPECT_TRUE(refused({"t", "p", {{alice_->key_id(), std::string(kSignatureBytesMax + 1, 's')}}}));
  Envelope crowded{"t", "p", {}};
  for (std::size_t i = 0; i < kSignaturesPerEnvelopeMax; ++i) {
    crowded.signatures.push_back({Sha256(std::to_string(i)), "s"});
  }
  EXPECT_FALSE(refused(crowded));
  EXPECT_TRUE(absl::IsInvalidArgument(AddSignature(crowded, *alice_)));
  crowded.signatures.push_back({Sha256("more"), "s"});
  EXPECT_TRUE(refused(crowded));
}

TEST_F(EnvelopeTest, EncodingRoundTrips) {
  const Envelope envelope = SignedByBoth();
  const auto back = DecodeEnvelope(EncodeEnvelope(envelope));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, envelope);
}

TEST_F(EnvelopeTest, EncodingMatchesTheGoldenBytes) {
  const auto vector = nlohmann::json::parse(::causeway::testing::ReadVector("envelope.json"));
  const auto first = *Ed25519SignerFromSeed(*FromHex(vector["seeds"][0].get<std::string>()));
  const auto second = *Ed25519SignerFromSeed(*FromHex(vector["seeds"][1].get<std::string>()));
  const std::vector<const Signer*> signers = {first.get(), second.get()};
  const Envelope envelope = *SignEnvelope(vector["payload_type"].get<std::string>(),
                                          vector["payload"].get<std::string>(), signers);
  EXPECT_EQ(first->key_id().ToHex(), vector["key_ids"][0].get<std::string>());
  EXPECT_EQ(PayloadHash(envelope).ToHex(), vector["payload_hash"].get<std::string>());
  EXPECT_EQ(ToHex(EncodeEnvelope(envelope)), vector["encoded"].get<std::string>());
}

TEST_F(EnvelopeTest, DecoderRefusesEveryTruncationAndAnyTail) {
  const std::string bytes = EncodeEnvelope(SignedByBoth());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_TRUE(absl::IsInvalidArgument(DecodeEnvelope(bytes.substr(0, size)).status())) << size;
  }
  EXPECT_TRUE(absl::IsInvalidArgument(DecodeEnvelope(bytes + '\0').status()));
}

TEST_F(EnvelopeTest, WhatDecodesEncodesToTheSameBytes) {
  const std::string bytes = EncodeEnvelope(SignedByBoth());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (const int flip : {1, 0x80}) {
      std::string changed = bytes;
      changed[i] = static_cast<char>(changed[i] ^ flip);
      const auto decoded = DecodeEnvelope(changed);
      if (!decoded.ok()) continue;
      EXPECT_EQ(EncodeEnvelope(*decoded), changed) << "byte " << i;
    }
  }
}

TEST_F(EnvelopeTest, DecoderRefusesRepeatedKeysAndOtherVersions) {
  Envelope envelope = SignedByBoth();
  std::string bytes = EncodeEnvelope(envelope);
  const std::size_t second = bytes.find(std::string(bob_->key_id().view()));
  ASSERT_NE(second, std::string::npos);
  std::string repeated = bytes;
  repeated.replace(second, 32, alice_->key_id().view());
  EXPECT_TRUE(absl::IsInvalidArgument(DecodeEnvelope(repeated).status()));
  bytes[0] = 2;
  EXPECT_TRUE(absl::IsInvalidArgument(DecodeEnvelope(bytes).status()));
}

TEST(EnvelopeDeathTest, EncodingOutsideTheLimitsStopsTheProcess) {
  EXPECT_DEATH(EncodeEnvelope({"", "payload", {}}), "within the limits");
}

}  // namespace
}  // namespace causeway::core
