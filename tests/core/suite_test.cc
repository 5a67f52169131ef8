#include "settlement/core/suite.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "settlement/core/hash.h"

namespace causeway::core {
namespace {

std::string Bytes(std::string_view hex) { return *FromHex(hex); }

// RFC 8032 section 7.1, test 3.
constexpr char kSeed[] = "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7";
constexpr char kEd25519Key[] = "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025";
constexpr char kEd25519Signature[] =
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
    "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a";

// RFC 6979 section A.2.5: P-256, SHA-256, message "sample".
constexpr char kP256Key[] =
    "3059301306072a8648ce3d020106082a8648ce3d03010703420004"
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
constexpr char kP256Signature[] =
    "3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
    "022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";

PublicKey Ed25519Key() { return {SuiteId::kEd25519Sha256, Bytes(kEd25519Key)}; }
PublicKey P256Key() { return {SuiteId::kP256Sha256, Bytes(kP256Key)}; }

absl::StatusCode CreateCode(const PublicKey& key) { return Verifier::Create(key).status().code(); }

TEST(SuiteNameTest, NamesRoundTrip) {
  for (const SuiteId suite :
       {SuiteId::kEd25519Sha256, SuiteId::kP256Sha256, SuiteId::kSm2Sm3, SuiteId::kModelled}) {
    EXPECT_EQ(ParseSuiteName(SuiteName(suite)), suite);
    EXPECT_EQ(SuiteFromNumber(static_cast<std::uint8_t>(suite)), suite);
  }
  EXPECT_EQ(SuiteName(SuiteId::kP256Sha256), "p256-sha256");
}

TEST(SuiteNameTest, UnknownNamesAndNumbersAreNoSuite) {
  EXPECT_EQ(ParseSuiteName("unknown"), std::nullopt);
  EXPECT_EQ(ParseSuiteName("Ed25519-SHA256"), std::nullopt);
  EXPECT_EQ(SuiteFromNumber(0), std::nullopt);
  EXPECT_EQ(SuiteFromNumber(4), std::nullopt);
}

TEST(KeyIdTest, IsTheDigestOfSuiteNumberAndKey) {
  EXPECT_EQ(KeyIdOf(Ed25519Key()), Sha256("\x01" + Bytes(kEd25519Key)));
  EXPECT_EQ(KeyIdOf(P256Key()), Sha256("\x02" + Bytes(kP256Key)));
}

TEST(Ed25519Test, SignerFromSeedMatchesPublishedVector) {
  const auto signer = Ed25519SignerFromSeed(Bytes(kSeed));
  ASSERT_TRUE(signer.ok()) << signer.status();
  EXPECT_EQ((*signer)->public_key(), Ed25519Key());
  EXPECT_EQ((*signer)->key_id(), KeyIdOf(Ed25519Key()));
  const auto signature = (*signer)->Sign(Bytes("af82"));
  ASSERT_TRUE(signature.ok()) << signature.status();
  EXPECT_EQ(ToHex(*signature), kEd25519Signature);
}

TEST(Ed25519Test, SeedMustHave32Bytes) {
  EXPECT_TRUE(absl::IsInvalidArgument(Ed25519SignerFromSeed("short").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Ed25519SignerFromSeed(std::string(33, 'x')).status()));
}

TEST(VerifierTest, AcceptsPublishedSignatures) {
  const auto ed25519 = Verifier::Create(Ed25519Key());
  ASSERT_TRUE(ed25519.ok()) << ed25519.status();
  EXPECT_TRUE((*ed25519)->Verify(Bytes("af82"), Bytes(kEd25519Signature)));
  EXPECT_EQ((*ed25519)->public_key(), Ed25519Key());
  EXPECT_EQ((*ed25519)->key_id(), KeyIdOf(Ed25519Key()));
  const auto p256 = Verifier::Create(P256Key());
  ASSERT_TRUE(p256.ok()) << p256.status();
  EXPECT_TRUE((*p256)->Verify("sample", Bytes(kP256Signature)));
}

TEST(VerifierTest, RefusesEveryChangedBit) {
  const auto ed25519 = *Verifier::Create(Ed25519Key());
  const auto p256 = *Verifier::Create(P256Key());
  const std::string ed25519_good = Bytes(kEd25519Signature);
  for (std::size_t i = 0; i < ed25519_good.size(); ++i) {
    std::string bad = ed25519_good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    EXPECT_FALSE(ed25519->Verify(Bytes("af82"), bad)) << "byte " << i;
  }
  const std::string p256_good = Bytes(kP256Signature);
  for (std::size_t i = 0; i < p256_good.size(); ++i) {
    std::string bad = p256_good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    EXPECT_FALSE(p256->Verify("sample", bad)) << "byte " << i;
  }
  EXPECT_FALSE(ed25519->Verify(Bytes("af83"), ed25519_good));
  EXPECT_FALSE(p256->Verify("sample ", p256_good));
}

TEST(VerifierTest, ADigestVerifiesAsItsMessageDoes) {
  const auto p256 = *Verifier::Create(P256Key());
  const std::string good = Bytes(kP256Signature);
  EXPECT_TRUE(p256->VerifySha256(Sha256("sample"), good));
  EXPECT_FALSE(p256->VerifySha256(Sha256("sample "), good));
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    EXPECT_FALSE(p256->VerifySha256(Sha256("sample"), bad)) << "byte " << i;
  }
  EXPECT_FALSE(p256->VerifySha256(Sha256("sample"), ""));
  const OpenSslSignatureVerifier verifier;
  EXPECT_TRUE(verifier.VerifySha256(P256Key(), Sha256("sample"), good));
  EXPECT_FALSE(verifier.VerifySha256({SuiteId::kP256Sha256, "no key"}, Sha256("sample"), good));
}

TEST(VerifierTest, RefusesSignaturesOfWrongLength) {
  const auto ed25519 = *Verifier::Create(Ed25519Key());
  const auto p256 = *Verifier::Create(P256Key());
  EXPECT_FALSE(ed25519->Verify(Bytes("af82"), ""));
  EXPECT_FALSE(ed25519->Verify(Bytes("af82"), Bytes(kEd25519Signature) + '\0'));
  EXPECT_FALSE(ed25519->Verify(Bytes("af82"), Bytes(kEd25519Signature).substr(0, 63)));
  EXPECT_FALSE(p256->Verify("sample", ""));
  EXPECT_FALSE(p256->Verify("sample", Bytes(kP256Signature) + '\0'));
}

TEST(VerifierTest, RefusesEd25519KeysOfWrongLengthOrSmallOrder) {
  EXPECT_EQ(CreateCode({SuiteId::kEd25519Sha256, std::string(31, 'k')}),
            absl::StatusCode::kInvalidArgument);
  for (const char* point : {"0100000000000000000000000000000000000000000000000000000000000000",
                            "0000000000000000000000000000000000000000000000000000000000000080",
                            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
                            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"}) {
    EXPECT_EQ(CreateCode({SuiteId::kEd25519Sha256, Bytes(point)}),
              absl::StatusCode::kInvalidArgument)
        << point;
  }
}

TEST(VerifierTest, RefusesP256KeysThatAreNotCanonical) {
  const std::string good = Bytes(kP256Key);
  const std::string compressed =
      Bytes("3039301306072a8648ce3d020106082a8648ce3d03010703220003") + good.substr(27, 32);
  std::string hybrid = good;
  hybrid[26] = '\x07';
  std::string off_curve = good;
  off_curve.back() = static_cast<char>(off_curve.back() ^ 1);
  std::string other_curve = good;
  other_curve[22] = '\x06';
  for (const std::string& bad : {std::string(), compressed, hybrid, off_curve, other_curve,
                                 good + '\0', good.substr(0, 90), good.substr(26)}) {
    EXPECT_EQ(CreateCode({SuiteId::kP256Sha256, bad}), absl::StatusCode::kInvalidArgument)
        << ToHex(bad);
  }
}

TEST(VerifierTest, ReservedSuitesSayThatTheyAreNotBuiltIn) {
  const absl::Status sm2 = Verifier::Create({SuiteId::kSm2Sm3, "key"}).status();
  EXPECT_TRUE(absl::IsUnimplemented(sm2));
  EXPECT_NE(sm2.message().find("suite sm2-sm3 is reserved but not built in"),
            absl::string_view::npos);
  EXPECT_EQ(CreateCode({SuiteId::kModelled, "key"}), absl::StatusCode::kUnimplemented);
  EXPECT_TRUE(absl::IsUnimplemented(GenerateKey(SuiteId::kSm2Sm3).status()));
  EXPECT_TRUE(absl::IsUnimplemented(GenerateKey(SuiteId::kModelled).status()));
}

TEST(GenerateKeyTest, GeneratedKeysSignAndDiffer) {
  for (const SuiteId suite : {SuiteId::kEd25519Sha256, SuiteId::kP256Sha256}) {
    const auto signer = GenerateKey(suite);
    const auto other = GenerateKey(suite);
    ASSERT_TRUE(signer.ok() && other.ok()) << signer.status() << other.status();
    EXPECT_EQ((*signer)->public_key().suite, suite);
    EXPECT_NE((*signer)->public_key(), (*other)->public_key());
    const std::string signature = *(*signer)->Sign("message");
    EXPECT_TRUE((*Verifier::Create((*signer)->public_key()))->Verify("message", signature));
    EXPECT_FALSE((*Verifier::Create((*other)->public_key()))->Verify("message", signature));
  }
}

TEST(SoftwareSignerTest, SignsTheEmptyMessage) {
  for (const SuiteId suite : {SuiteId::kEd25519Sha256, SuiteId::kP256Sha256}) {
    const auto signer = *GenerateKey(suite);
    const auto signature = signer->Sign("");
    ASSERT_TRUE(signature.ok()) << signature.status();
    EXPECT_TRUE((*Verifier::Create(signer->public_key()))->Verify("", *signature));
  }
}

TEST(OpenSslSignatureVerifierTest, VerifiesBothSuitesAndRefusesBadKeys) {
  const OpenSslSignatureVerifier verifier;
  for (int pass = 0; pass < 2; ++pass) {  // parsed the first time, remembered the second
    EXPECT_TRUE(verifier.Verify(Ed25519Key(), Bytes("af82"), Bytes(kEd25519Signature)));
    EXPECT_TRUE(verifier.Verify(P256Key(), "sample", Bytes(kP256Signature)));
    EXPECT_FALSE(verifier.Verify(P256Key(), Bytes("af82"), Bytes(kEd25519Signature)));
    EXPECT_FALSE(verifier.Verify({SuiteId::kP256Sha256, "no key"}, "sample", "signature"));
    EXPECT_FALSE(verifier.Verify({SuiteId::kModelled, "key"}, "sample", "signature"));
  }
}

TEST(OpenSslSignatureVerifierTest, SameBytesUnderAnotherSuiteAreAnotherKey) {
  const OpenSslSignatureVerifier verifier;
  ASSERT_TRUE(verifier.Verify(Ed25519Key(), Bytes("af82"), Bytes(kEd25519Signature)));
  EXPECT_FALSE(verifier.Verify({SuiteId::kP256Sha256, Bytes(kEd25519Key)}, Bytes("af82"),
                               Bytes(kEd25519Signature)));
}

TEST(OpenSslSignatureVerifierTest, ForgettingKeysChangesNoAnswer) {
  const OpenSslSignatureVerifier verifier(/*capacity=*/2);
  std::vector<std::unique_ptr<SoftwareSigner>> signers;
  for (char i = 0; i < 5; ++i) {
    signers.push_back(*Ed25519SignerFromSeed(std::string(32, static_cast<char>('a' + i))));
  }
  for (int pass = 0; pass < 3; ++pass) {
    for (const auto& signer : signers) {
      EXPECT_TRUE(verifier.Verify(signer->public_key(), "m", *signer->Sign("m")));
    }
  }
}

TEST(OpenSslSignatureVerifierTest, ServesSeveralThreads) {
  const OpenSslSignatureVerifier verifier(/*capacity=*/3);
  std::vector<std::unique_ptr<SoftwareSigner>> signers;
  for (char i = 0; i < 6; ++i) {
    signers.push_back(*Ed25519SignerFromSeed(std::string(32, static_cast<char>('a' + i))));
  }
  std::vector<std::thread> threads;
  std::vector<int> verified(4, 0);
  for (std::size_t t = 0; t < verified.size(); ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < 60; ++i) {
        const SoftwareSigner& signer = *signers[(i + t) % signers.size()];
        if (verifier.Verify(signer.public_key(), "m", *signer.Sign("m"))) ++verified[t];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(verified, std::vector<int>(4, 60));
}

}  // namespace
}  // namespace causeway::core
