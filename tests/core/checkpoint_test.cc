#include "settlement/core/checkpoint.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "settlement/core/merkle.h"
#include "tests/vectors/read_vector.h"

namespace causeway::core {
namespace {

using ::causeway::testing::ReadVector;

constexpr char kName[] = "hkma.example/ledger";

std::unique_ptr<SoftwareSigner> NewSigner(char fill) {
  return *Ed25519SignerFromSeed(std::string(32, fill));
}

// Key bytes as they stand in a C2SP verifier key, after the type byte.
std::string KeyOfVkey(std::string_view base64) { return FromBase64(base64)->substr(1); }

Checkpoint Sample() { return {kName, 3, LeafHash("root"), {}}; }

// A note around `text` whose one signature nobody will check.
std::string Unchecked(std::string_view text) {
  return std::string(text) + "\n\u2014 k AAAAAXNpZw==\n";
}

class CheckpointTest : public ::testing::Test {
 protected:
  const std::unique_ptr<SoftwareSigner> log_ = NewSigner('l');
  const std::unique_ptr<SoftwareSigner> other_ = NewSigner('o');
  const OpenSslSignatureVerifier verifier_;
};

TEST_F(CheckpointTest, GoldenNoteIsWrittenByteForByte) {
  std::string seed;
  for (char i = 0; i < 32; ++i) seed += i;
  const auto signer = *Ed25519SignerFromSeed(seed);
  const Hash256 root =
      *Hash256::FromHex("5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
  const auto note = SignCheckpoint({kName, 8, root, {}}, kName, *signer);
  ASSERT_TRUE(note.ok()) << note.status();
  EXPECT_EQ(*note, ReadVector("checkpoint-ed25519.note"));
}

TEST_F(CheckpointTest, GoReferenceNoteIsWrittenByteForByte) {
  const auto signer =
      *Ed25519SignerFromSeed(KeyOfVkey("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"));
  const std::string published = ReadVector("note-go.note");
  const auto parsed = ParseNote(published);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(*SignNote(parsed->text, "PeterNeumann", *signer), published);
  EXPECT_EQ(NoteKeyId("PeterNeumann", signer->public_key()), 0xc74f20a3U);
}

TEST_F(CheckpointTest, PublishedEd25519CheckpointVerifies) {
  const auto parsed = ParseCheckpoint(ReadVector("checkpoint-go-sumdb.note"));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->checkpoint.origin, "go.sum database tree");
  EXPECT_EQ(parsed->checkpoint.size, 65209736U);
  const PublicKey key{SuiteId::kEd25519Sha256,
                      KeyOfVkey("Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8")};
  EXPECT_EQ(NoteKeyId("sum.golang.org", key), 0x033de0aeU);
  const absl::Status verified = VerifyCheckpoint(*parsed, "sum.golang.org", key, verifier_);
  EXPECT_TRUE(verified.ok()) << verified;
}

TEST_F(CheckpointTest, PublishedP256CheckpointVerifies) {
  const auto parsed = ParseCheckpoint(ReadVector("checkpoint-rekor-p256.note"));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->checkpoint.size, 64319120U);
  EXPECT_EQ(parsed->checkpoint.extensions,
            std::vector<std::string>{"Timestamp: 1706845443714164712"});
  const PublicKey key{
      SuiteId::kP256Sha256,
      KeyOfVkey("AjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNhtmPtrWm3U1eQXBogSMdGvXwBcK5AW5i0hrZLOC96l+"
                "smGNM7nwZ4QvFK/4sueRoVj//QP22Ni4Qt9DPfkWLc=")};
  EXPECT_EQ(NoteKeyId("rekor.sigstore.dev", key), 0xc0d23d6aU);
  const absl::Status verified = VerifyCheckpoint(*parsed, "rekor.sigstore.dev", key, verifier_);
  EXPECT_TRUE(verified.ok()) << verified;
}

TEST_F(CheckpointTest, CosignaturesOfWitnessesAreKept) {
  const std::string note = ReadVector("checkpoint-cosigned.note");
  const auto parsed = ParseCheckpoint(note);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  ASSERT_EQ(parsed->signatures.size(), 2U);
  EXPECT_EQ(parsed->signatures[1].key_name, "witness.example.com/w1");
  EXPECT_EQ(parsed->signatures[1].signature.size(), 72U);
  EXPECT_EQ(FormatCheckpoint(*parsed), note);
}

TEST_F(CheckpointTest, PublishedNotesRoundTrip) {
  for (const char* name : {"checkpoint-ed25519.note", "checkpoint-go-sumdb.note",
                           "checkpoint-rekor-p256.note", "checkpoint-cosigned.note"}) {
    const std::string note = ReadVector(name);
    const auto parsed = ParseCheckpoint(note);
    ASSERT_TRUE(parsed.ok()) << name << parsed.status();
    EXPECT_EQ(FormatCheckpoint(*parsed), note) << name;
  }
}

TEST_F(CheckpointTest, BothSuitesSignAndVerify) {
  const auto p256 = *GenerateKey(SuiteId::kP256Sha256);
  for (const Signer* signer : std::vector<const Signer*>{log_.get(), p256.get()}) {
    const auto parsed = ParseCheckpoint(*SignCheckpoint(Sample(), kName, *signer));
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(parsed->checkpoint, Sample());
    EXPECT_TRUE(VerifyCheckpoint(*parsed, kName, signer->public_key(), verifier_).ok());
  }
}

TEST_F(CheckpointTest, AddedSignaturesVerifyBesideTheFirst) {
  const std::string note = *SignCheckpoint(Sample(), kName, *log_);
  const auto longer = AddNoteSignature(note, "observer.example", *other_);
  ASSERT_TRUE(longer.ok()) << longer.status();
  EXPECT_TRUE(longer->starts_with(note));
  const auto parsed = *ParseCheckpoint(*longer);
  EXPECT_TRUE(VerifyCheckpoint(parsed, kName, log_->public_key(), verifier_).ok());
  EXPECT_TRUE(VerifyCheckpoint(parsed, "observer.example", other_->public_key(), verifier_).ok());
  EXPECT_TRUE(
      absl::IsAlreadyExists(AddNoteSignature(*longer, "observer.example", *other_).status()));
}

TEST_F(CheckpointTest, SignatureOfAnotherKeyOrNameIsNotFound) {
  const auto parsed = *ParseCheckpoint(*SignCheckpoint(Sample(), kName, *log_));
  EXPECT_TRUE(absl::IsNotFound(VerifyCheckpoint(parsed, kName, other_->public_key(), verifier_)));
  EXPECT_TRUE(absl::IsNotFound(
      VerifyCheckpoint(parsed, "bot.example/ledger", log_->public_key(), verifier_)));
}

TEST_F(CheckpointTest, EveryChangedFieldIsUnauthenticated) {
  const auto good = *ParseCheckpoint(*SignCheckpoint(Sample(), kName, *log_));
  const auto refused = [&](const SignedCheckpoint& changed) {
    return absl::IsUnauthenticated(VerifyCheckpoint(changed, kName, log_->public_key(), verifier_));
  };
  SignedCheckpoint changed = good;
  changed.checkpoint.origin += "2";
  EXPECT_TRUE(refused(changed));
  changed = good;
  changed.checkpoint.size += 1;
  EXPECT_TRUE(refused(changed));
  changed = good;
  changed.checkpoint.root.bytes[31] ^= 1;
  EXPECT_TRUE(refused(changed));
  changed = good;
  changed.checkpoint.extensions.push_back("extension");
  EXPECT_TRUE(refused(changed));
}

TEST_F(CheckpointTest, AGoodLineDoesNotExcuseABadOneOfTheSameKey) {
  auto parsed = *ParseCheckpoint(*SignCheckpoint(Sample(), kName, *log_));
  parsed.signatures.push_back(parsed.signatures[0]);
  parsed.signatures[1].signature[0] = static_cast<char>(parsed.signatures[1].signature[0] ^ 1);
  EXPECT_TRUE(
      absl::IsUnauthenticated(VerifyCheckpoint(parsed, kName, log_->public_key(), verifier_)));
}

TEST_F(CheckpointTest, LinesOfUnknownKeysAreIgnored) {
  auto parsed = *ParseCheckpoint(*SignCheckpoint(Sample(), kName, *log_));
  parsed.signatures.push_back({kName, 1, "no signature at all"});
  EXPECT_TRUE(VerifyCheckpoint(parsed, kName, log_->public_key(), verifier_).ok());
}

TEST_F(CheckpointTest, ReservedSuitesHaveKeyIdsOfTheirOwn) {
  const PublicKey sm2{SuiteId::kSm2Sm3, "key"};
  const PublicKey modelled{SuiteId::kModelled, "key"};
  EXPECT_NE(NoteKeyId(kName, sm2), NoteKeyId(kName, modelled));
}

TEST_F(CheckpointTest, ExtensionsAreKeptInOrder) {
  Checkpoint checkpoint = Sample();
  checkpoint.extensions = {"first", "second \u00e9"};
  const auto parsed = ParseCheckpoint(*SignCheckpoint(checkpoint, kName, *log_));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->checkpoint, checkpoint);
}

TEST_F(CheckpointTest, EmptyTreeHasSizeZeroAndTheEmptyRoot) {
  const auto note = SignCheckpoint({kName, 0, EmptyRoot(), {}}, kName, *log_);
  ASSERT_TRUE(note.ok()) << note.status();
  EXPECT_EQ(ParseCheckpoint(*note)->checkpoint.size, 0U);
  EXPECT_TRUE(absl::IsInvalidArgument(
      SignCheckpoint({kName, 0, LeafHash("x"), {}}, kName, *log_).status()));
}

TEST_F(CheckpointTest, FieldsThatCannotBeReadBackAreNotSigned) {
  for (const char* origin : {"", "two\nlines", "tab\t", "\xff"}) {
    Checkpoint checkpoint = Sample();
    checkpoint.origin = origin;
    EXPECT_TRUE(absl::IsInvalidArgument(SignCheckpoint(checkpoint, kName, *log_).status()))
        << origin;
    checkpoint = Sample();
    checkpoint.extensions = {origin};
    EXPECT_TRUE(absl::IsInvalidArgument(SignCheckpoint(checkpoint, kName, *log_).status()))
        << origin;
  }
  Checkpoint checkpoint = Sample();
  checkpoint.extensions.assign(kCheckpointExtensionsMax + 1, "e");
  EXPECT_TRUE(absl::IsInvalidArgument(SignCheckpoint(checkpoint, kName, *log_).status()));
  checkpoint = Sample();
  checkpoint.origin = std::string(kOriginBytesMax + 1, 'o');
  EXPECT_TRUE(absl::IsInvalidArgument(SignCheckpoint(checkpoint, kName, *log_).status()));
}

TEST_F(CheckpointTest, ParserIsStrictAboutTheText) {
  const std::string root = ToBase64(LeafHash("r").view());
  ASSERT_TRUE(ParseCheckpoint(Unchecked("o\n18446744073709551615\n" + root + "\n")).ok());
  for (const std::string& text :
       {std::string("o\n"), std::string("o\n1\n"), "\n1\n" + root + "\n", "o\n\n" + root + "\n",
        "o\n01\n" + root + "\n", "o\n00\n" + root + "\n", "o\n+1\n" + root + "\n",
        "o\n-1\n" + root + "\n", "o\n1 \n" + root + "\n", "o\n0x1\n" + root + "\n",
        "o\n18446744073709551616\n" + root + "\n", "o\n0\n" + root + "\n",
        "o\n1\n" + root.substr(0, 43) + "\n", "o\n1\n" + root + "=\n", std::string("o\n1\nAAAA\n"),
        std::string("o\n1\n\n"), "o\n1\n" + root + "\n\nx\n", "o\n1\n" + root + "\r\n"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseCheckpoint(Unchecked(text)).status())) << text;
  }
}

TEST(ParseNoteTest, TextMayHaveEmptyLines) {
  const auto note = ParseNote(Unchecked("first\n\n\nlast\n"));
  ASSERT_TRUE(note.ok()) << note.status();
  EXPECT_EQ(note->text, "first\n\n\nlast\n");
}

TEST(ParseNoteTest, IsStrictAboutItsShape) {
  const std::string good = Unchecked("text\n");
  ASSERT_TRUE(ParseNote(good).ok());
  for (const std::string& note :
       {std::string(), std::string("text\n"), std::string("text\n\n"),
        good.substr(0, good.size() - 1), good + "\n", good + "x\n", "\x01" + good,
        std::string("text\n\n\u2014 k AAAAAXNpZw==\r\n"), std::string("text\n\n- k AAAAAXNpZw==\n"),
        std::string("text\n\n\u2014  AAAAAXNpZw==\n"), std::string("text\n\n\u2014 k\n"),
        std::string("text\n\n\u2014 k AAAAAQ==\n"), std::string("text\n\n\u2014 k AAAAAXNpZw\n"),
        std::string("text\n\n\u2014 k  AAAAAXNpZw==\n"),
        std::string("text\n\n\u2014 k AAAAAXNpZw== \n"),
        std::string("text\n\n\u2014 a+b AAAAAXNpZw==\n"),
        std::string("text\n\n\u2014 a\u00a0b AAAAAXNpZw==\n"),
        std::string("t\xed\xa0\x80\n\n\u2014 k AAAAAXNpZw==\n"),
        std::string("t\xc0\xaf\n\n\u2014 k AAAAAXNpZw==\n")}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseNote(note).status())) << note;
  }
}

TEST(ParseNoteTest, LimitsAreKept) {
  std::string note = Unchecked("text\n");
  const std::string line = note.substr(note.find("\u2014"));
  for (std::size_t i = 1; i < kNoteSignaturesMax; ++i) note += line;
  EXPECT_TRUE(ParseNote(note).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(ParseNote(note + line).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(
      ParseNote(Unchecked(std::string(kNoteBytesMax, 't') + "\n")).status()));
}

TEST(ParseNoteTest, WhatParsesFormatsToTheSameBytes) {
  const std::string note = ReadVector("checkpoint-ed25519.note");
  for (std::size_t i = 0; i < note.size(); ++i) {
    for (const int flip : {1, 2, 0x20, 0x80}) {
      std::string changed = note;
      changed[i] = static_cast<char>(changed[i] ^ flip);
      const auto parsed = ParseCheckpoint(changed);
      if (!parsed.ok()) continue;
      EXPECT_EQ(FormatCheckpoint(*parsed), changed) << "byte " << i;
    }
  }
}

TEST(NoteKeyNameTest, SpacesPlusAndControlCharactersAreRefused) {
  EXPECT_TRUE(CheckNoteKeyName("bank.example/\u00fc").ok());
  for (const char* name : {"", "a b", "a+b", "a\tb", "a\u2003b", "a\u3000b", "\xff"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(CheckNoteKeyName(name))) << name;
  }
  EXPECT_FALSE(CheckNoteKeyName(std::string(kNoteKeyNameBytesMax + 1, 'n')).ok());
}

}  // namespace
}  // namespace causeway::core
