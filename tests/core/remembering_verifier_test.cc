#include "settlement/core/remembering_verifier.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "settlement/core/hash.h"

namespace causeway::core {
namespace {

// Counts what it is asked; a signature is right when it is the message.
class CountingVerifier final : public SignatureVerifier {
 public:
  bool Verify(const PublicKey&, std::string_view message,
              std::string_view signature) const override {
    ++asked;
    return message == signature;
  }
  bool VerifySha256(const PublicKey&, const Hash256& digest,
                    std::string_view signature) const override {
    ++asked;
    return digest.view() == signature;
  }
  mutable int asked = 0;
};

class RememberingVerifierTest : public ::testing::Test {
 protected:
  std::shared_ptr<CountingVerifier> counting_ = std::make_shared<CountingVerifier>();
  RememberingVerifier verifier_{counting_, 2};
  const PublicKey key_{SuiteId::kEd25519Sha256, "key"};
};

TEST_F(RememberingVerifierTest, AsksOnceForWhatVerified) {
  EXPECT_TRUE(verifier_.Verify(key_, "m", "m"));
  EXPECT_TRUE(verifier_.Verify(key_, "m", "m"));
  EXPECT_EQ(counting_->asked, 1);
}

TEST_F(RememberingVerifierTest, TellsADigestFromAMessageOfTheSameBytes) {
  const Hash256 digest = Sha256("m");
  EXPECT_TRUE(verifier_.VerifySha256(key_, digest, digest.view()));
  EXPECT_TRUE(verifier_.VerifySha256(key_, digest, digest.view()));
  EXPECT_EQ(counting_->asked, 1);
  EXPECT_TRUE(verifier_.Verify(key_, digest.view(), digest.view()));
  EXPECT_EQ(counting_->asked, 2);
}

TEST_F(RememberingVerifierTest, DoesNotAskForWhatWasMadeHere) {
  verifier_.Remember(key_, "m", "any");
  EXPECT_TRUE(verifier_.Verify(key_, "m", "any"));
  EXPECT_FALSE(verifier_.Verify(key_, "m", "other"));
  EXPECT_EQ(counting_->asked, 1);
}

TEST_F(RememberingVerifierTest, AsksAgainForWhatDidNot) {
  EXPECT_FALSE(verifier_.Verify(key_, "m", "x"));
  EXPECT_FALSE(verifier_.Verify(key_, "m", "x"));
  EXPECT_EQ(counting_->asked, 2);
}

TEST_F(RememberingVerifierTest, AnyDifferenceIsAnotherSignature) {
  EXPECT_TRUE(verifier_.Verify(key_, "mm", "mm"));
  EXPECT_FALSE(verifier_.Verify(key_, "m", "mmm"));
  EXPECT_FALSE(verifier_.Verify(key_, "mmm", "m"));
  EXPECT_TRUE(verifier_.Verify({SuiteId::kEd25519Sha256, "other"}, "mm", "mm"));
  EXPECT_TRUE(verifier_.Verify({SuiteId::kP256Sha256, "key"}, "mm", "mm"));
  EXPECT_EQ(counting_->asked, 5);
}

TEST_F(RememberingVerifierTest, ForgetsTheOldest) {
  for (const char* message : {"a", "b", "c", "b", "c"}) {
    EXPECT_TRUE(verifier_.Verify(key_, message, message));
  }
  EXPECT_EQ(counting_->asked, 3);
  EXPECT_TRUE(verifier_.Verify(key_, "a", "a"));
  EXPECT_EQ(counting_->asked, 4);
}

}  // namespace
}  // namespace causeway::core
