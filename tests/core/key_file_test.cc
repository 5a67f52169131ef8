#include "settlement/core/key_file.h"

#include <gtest/gtest.h>

#include <string>

namespace causeway::core {
namespace {

constexpr SuiteId kBuiltIn[] = {SuiteId::kEd25519Sha256, SuiteId::kP256Sha256};

// RFC 8410 section 10.3.
constexpr char kPublishedEd25519[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
    "-----END PRIVATE KEY-----\n";
constexpr char kPublishedEd25519Public[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
    "-----END PUBLIC KEY-----\n";

// The same P-256 key made by the openssl command, in two forms.
constexpr char kSec1P256[] =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "MHcCAQEEIHVhxSFfiohbzJnPo1DFQcYdMpEIVXrLSTjLxjyexLCvoAoGCCqGSM49\n"
    "AwEHoUQDQgAEIeXyABmv4MjXZMlqTyjmzfWPIe9rI4m0feRF9E59mQ9CEBUvY4he\n"
    "wBSEe6g9+6zeNCz1puwDqS9VyCOgOc66PQ==\n"
    "-----END EC PRIVATE KEY-----\n";
constexpr char kCompressedP256Public[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgADIeXyABmv4MjXZMlqTyjmzfWPIe9r\n"
    "I4m0feRF9E59mQ8=\n"
    "-----END PUBLIC KEY-----\n";

absl::StatusCode DecodeCode(std::string_view pem, std::string_view passphrase) {
  return DecodePrivateKeyPem(pem, passphrase).status().code();
}

TEST(PrivateKeyPemTest, EncryptedKeysRoundTrip) {
  for (const SuiteId suite : kBuiltIn) {
    const auto signer = *GenerateKey(suite);
    const auto pem = EncodePrivateKeyPem(*signer, "correct horse");
    ASSERT_TRUE(pem.ok()) << pem.status();
    EXPECT_TRUE(pem->starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
    const auto back = DecodePrivateKeyPem(*pem, "correct horse");
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ((*back)->public_key(), signer->public_key());
    EXPECT_TRUE((*Verifier::Create(signer->public_key()))->Verify("m", *(*back)->Sign("m")));
  }
}

TEST(PrivateKeyPemTest, EncryptionIsSaltedAnew) {
  const auto signer = *GenerateKey(SuiteId::kEd25519Sha256);
  EXPECT_NE(*EncodePrivateKeyPem(*signer, "p"), *EncodePrivateKeyPem(*signer, "p"));
}

TEST(PrivateKeyPemTest, WrongPassphraseIsUnauthenticated) {
  const std::string pem = *EncodePrivateKeyPem(*GenerateKey(SuiteId::kP256Sha256).value(), "right");
  EXPECT_EQ(DecodeCode(pem, "wrong"), absl::StatusCode::kUnauthenticated);
}

TEST(PrivateKeyPemTest, MissingOrNeedlessPassphraseIsAFailedPrecondition) {
  const auto signer = *GenerateKey(SuiteId::kP256Sha256);
  EXPECT_EQ(DecodeCode(*EncodePrivateKeyPem(*signer, "p"), ""),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(DecodeCode(*EncodePrivateKeyPem(*signer, ""), "p"),
            absl::StatusCode::kFailedPrecondition);
}

TEST(PrivateKeyPemTest, UnencryptedKeysRoundTrip) {
  for (const SuiteId suite : kBuiltIn) {
    const auto signer = *GenerateKey(suite);
    const std::string pem = *EncodePrivateKeyPem(*signer, "");
    EXPECT_TRUE(pem.starts_with("-----BEGIN PRIVATE KEY-----\n"));
    EXPECT_EQ((*DecodePrivateKeyPem(pem, ""))->public_key(), signer->public_key());
  }
}

TEST(PrivateKeyPemTest, ReadsAndWritesThePublishedEd25519Key) {
  const auto signer = DecodePrivateKeyPem(kPublishedEd25519, "");
  ASSERT_TRUE(signer.ok()) << signer.status();
  EXPECT_EQ(*EncodePrivateKeyPem(**signer, ""), kPublishedEd25519);
  EXPECT_EQ(*EncodePublicKeyPem((*signer)->public_key()), kPublishedEd25519Public);
}

TEST(PrivateKeyPemTest, ReadsTheOlderEcForm) {
  const auto signer = DecodePrivateKeyPem(kSec1P256, "");
  ASSERT_TRUE(signer.ok()) << signer.status();
  EXPECT_EQ((*signer)->public_key(), *DecodePublicKeyPem(kCompressedP256Public));
}

TEST(PrivateKeyPemTest, RefusesWhatIsNoKeyFile) {
  std::string damaged = kPublishedEd25519;
  damaged[40] = damaged[40] == 'A' ? 'B' : 'A';
  for (const std::string& bad :
       {std::string(), std::string("no pem"), std::string(kPublishedEd25519Public), damaged,
        std::string(kKeyFileBytesMax + 1, ' ')}) {
    EXPECT_EQ(DecodeCode(bad, ""), absl::StatusCode::kInvalidArgument) << bad;
  }
}

TEST(PrivateKeyPemTest, RefusesAPublicPartThatIsAnotherKeys) {
  constexpr std::string_view kBegin = "-----BEGIN PRIVATE KEY-----\n";
  constexpr std::string_view kEnd = "-----END PRIVATE KEY-----\n";
  const auto signer = *GenerateKey(SuiteId::kP256Sha256);
  const auto other = *GenerateKey(SuiteId::kP256Sha256);
  std::string base64 = *EncodePrivateKeyPem(*signer, "");
  base64 = base64.substr(kBegin.size(), base64.size() - kBegin.size() - kEnd.size());
  std::erase(base64, '\n');
  std::string der = *FromBase64(base64);
  // Both encodings end in the 65 bytes of the public point.
  der.replace(der.size() - 65, 65, other->public_key().bytes.substr(91 - 65));
  base64 = ToBase64(der);
  std::string pem(kBegin);
  for (std::size_t i = 0; i < base64.size(); i += 64) pem += base64.substr(i, 64) + "\n";
  EXPECT_EQ(DecodeCode(pem.append(kEnd), ""), absl::StatusCode::kInvalidArgument);
}

TEST(PrivateKeyPemTest, RefusesPassphrasesBeyondTheLimit) {
  const auto signer = *GenerateKey(SuiteId::kEd25519Sha256);
  EXPECT_TRUE(absl::IsInvalidArgument(
      EncodePrivateKeyPem(*signer, std::string(kPassphraseBytesMax + 1, 'p')).status()));
}

TEST(PublicKeyPemTest, KeysRoundTrip) {
  for (const SuiteId suite : kBuiltIn) {
    const PublicKey key = (*GenerateKey(suite))->public_key();
    const auto back = DecodePublicKeyPem(*EncodePublicKeyPem(key));
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(*back, key);
  }
}

TEST(PublicKeyPemTest, CompressedPointBecomesCanonical) {
  const auto key = DecodePublicKeyPem(kCompressedP256Public);
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_EQ(key->bytes.size(), 91U);
  EXPECT_TRUE(Verifier::Create(*key).ok());
}

TEST(PublicKeyPemTest, RefusesOtherBlocksAndBadKeys) {
  EXPECT_TRUE(absl::IsInvalidArgument(DecodePublicKeyPem(kPublishedEd25519).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(DecodePublicKeyPem("").status()));
  EXPECT_TRUE(
      absl::IsInvalidArgument(EncodePublicKeyPem({SuiteId::kP256Sha256, "no key"}).status()));
  EXPECT_TRUE(absl::IsUnimplemented(EncodePublicKeyPem({SuiteId::kSm2Sm3, "key"}).status()));
}

TEST(PublicKeyPemTest, RefusesAnotherCurve) {
  // secp256k1, made by the openssl command.
  EXPECT_TRUE(absl::IsInvalidArgument(
      DecodePublicKeyPem("-----BEGIN PUBLIC KEY-----\n"
                         "MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEyG5I0zvyPmSpco2PknTzMGztUfbA8XRw\n"
                         "zNcK/b9ZnQ7qCgyrHh7vsbNp0PPo+QRVvtIM7FjMrgRH+cTUzD5hjA==\n"
                         "-----END PUBLIC KEY-----\n")
          .status()));
}

}  // namespace
}  // namespace causeway::core
