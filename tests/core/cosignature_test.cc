#include "settlement/core/cosignature.h"

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "settlement/core/bytes.h"
#include "settlement/core/checkpoint.h"
#include "settlement/core/merkle.h"
#include "tests/vectors/read_vector.h"

namespace causeway::core {
namespace {

class CosignatureTest : public ::testing::Test {
 protected:
  // RFC 8032 seed 20 21 ... 3f; that of the log in the same vector is 00 01 ... 1f.
  static std::unique_ptr<SoftwareSigner> SignerFrom(unsigned char first) {
    std::string seed;
    for (unsigned char i = 0; i < 32; ++i) seed.push_back(static_cast<char>(first + i));
    return *Ed25519SignerFromSeed(seed);
  }

  const std::unique_ptr<SoftwareSigner> witness_ = SignerFrom(0x20);
  const std::string name_ = "hkma.example/witness";
  const OpenSslSignatureVerifier verifier_;
  const std::string text_ =
      CheckpointText({"bridge.example/decisions", 2, NodeHash(LeafHash("a"), LeafHash("b")), {}});
};

TEST_F(CosignatureTest, TheMessageIsHeaderTimeAndTheWholeText) {
  EXPECT_EQ(CosignatureText("log\n1\nroot=\n", 1679315147),
            "cosignature/v1\ntime 1679315147\nlog\n1\nroot=\n");
}

TEST_F(CosignatureTest, ItVerifiesAndTellsItsTime) {
  const auto line = Cosign(text_, name_, *witness_, 1'679'315'147);
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->signature.size(), 72U);
  EXPECT_EQ(*CosignatureSeconds(*line), 1'679'315'147U);
  EXPECT_TRUE(VerifyCosignature(text_, *line, name_, witness_->public_key(), verifier_).ok());
}

TEST_F(CosignatureTest, ItsKeyIdIsNotThatOfALogsSignature) {
  EXPECT_NE(CosignatureKeyId(name_, witness_->public_key()),
            NoteKeyId(name_, witness_->public_key()));
}

TEST_F(CosignatureTest, GoldenNoteIsMadeByteForByte) {
  const nlohmann::json vector = nlohmann::json::parse(testing::ReadVector("cosignature.json"));
  const auto witness = *Ed25519SignerFromSeed(*FromHex(vector["seed"].get<std::string>()));
  EXPECT_EQ(ToHex(witness->public_key().bytes), vector["public_key"].get<std::string>());
  const std::uint64_t seconds = vector["seconds"];
  SignedCheckpoint note = *ParseCheckpoint(vector["checkpoint"].get<std::string>());
  const std::string text = CheckpointText(note.checkpoint);
  EXPECT_EQ(CosignatureText(text, seconds), vector["message"].get<std::string>());
  note.signatures.push_back(*Cosign(text, vector["name"].get<std::string>(), *witness, seconds));
  EXPECT_EQ(FormatCheckpoint(note), vector["cosigned"].get<std::string>());
}

// The example in c2sp.org/tlog-cosignature. It publishes no keys, so that only its form can be
// compared.
TEST_F(CosignatureTest, ThePublishedExampleHasThisForm) {
  const auto parsed = ParseCheckpoint(testing::ReadVector("checkpoint-cosigned.note"));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  const auto seconds = CosignatureSeconds(parsed->signatures[1]);
  ASSERT_TRUE(seconds.ok()) << seconds.status();
  EXPECT_EQ(*seconds, 1'679'315'147U);
}

TEST_F(CosignatureTest, AnotherTextTimeNameOrKeyDoesNotVerify) {
  const NoteSignature line = *Cosign(text_, name_, *witness_, 7);
  const PublicKey& key = witness_->public_key();
  EXPECT_TRUE(absl::IsUnauthenticated(
      VerifyCosignature(text_ + "extension\n", line, name_, key, verifier_)));
  NoteSignature later = line;
  later.signature[7] = 8;
  EXPECT_TRUE(absl::IsUnauthenticated(VerifyCosignature(text_, later, name_, key, verifier_)));
  EXPECT_TRUE(
      absl::IsNotFound(VerifyCosignature(text_, line, "bot.example/witness", key, verifier_)));
  EXPECT_TRUE(absl::IsNotFound(
      VerifyCosignature(text_, line, name_, SignerFrom(0x40)->public_key(), verifier_)));
}

TEST_F(CosignatureTest, ALogsSignatureIsNoCosignature) {
  const SignedCheckpoint note =
      *ParseCheckpoint(*SignCheckpoint({name_, 0, EmptyRoot(), {}}, name_, *witness_));
  EXPECT_TRUE(
      absl::IsNotFound(VerifyCosignature(CheckpointText(note.checkpoint), note.signatures[0], name_,
                                         witness_->public_key(), verifier_)));
}

TEST_F(CosignatureTest, OneLineTravelsAlone) {
  const NoteSignature line = *Cosign(text_, name_, *witness_, 7);
  const std::string text = FormatNoteSignature(line);
  const auto parsed = ParseNoteSignature(text);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(*parsed, line);
  for (const std::string& wrong : {std::string(), text.substr(0, text.size() - 1), text + "\n",
                                   text + text, std::string("hkma.example/witness AAAA\n")}) {
    EXPECT_FALSE(ParseNoteSignature(wrong).ok()) << wrong;
  }
}

TEST_F(CosignatureTest, TimesAndLengthsThatCannotBeAreRefused) {
  EXPECT_FALSE(Cosign(text_, name_, *witness_, kCosignatureSecondsMax + 1).ok());
  EXPECT_FALSE(Cosign(text_, "a name", *witness_, 1).ok());
  NoteSignature line = *Cosign(text_, name_, *witness_, kCosignatureSecondsMax);
  EXPECT_TRUE(CosignatureSeconds(line).ok());
  line.signature[0] = '\x80';
  EXPECT_FALSE(CosignatureSeconds(line).ok());
  line.signature.resize(8);
  EXPECT_FALSE(CosignatureSeconds(line).ok());
  EXPECT_TRUE(absl::IsUnauthenticated(
      VerifyCosignature(text_, line, name_, witness_->public_key(), verifier_)));
}

}  // namespace
}  // namespace causeway::core
