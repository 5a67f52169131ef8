#include "settlement/core/decision_checkpoint.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "settlement/core/cosignature.h"
#include "settlement/core/hash.h"
#include "settlement/core/merkle.h"

namespace causeway::core {
namespace {

constexpr char kLog[] = "bridge.example/decisions";

std::unique_ptr<SoftwareSigner> SignerNamed(std::string_view name) {
  return *Ed25519SignerFromSeed(Sha256(name).view());
}

std::string NameOf(std::size_t witness) { return "witness.example/w" + std::to_string(witness); }

SettlementPolicy PolicyOf(std::size_t witnesses, std::uint32_t needed, std::uint32_t faulty_max) {
  SettlementPolicy policy;
  policy.decision_log = *LedgerOrigin::Parse(kLog);
  policy.decision_log_key = SignerNamed("log")->public_key();
  policy.ledgers = {{*LedgerOrigin::Parse("hkma.example/hkd"), Sha256("genesis"),
                     SignerNamed("ledger")->public_key()}};
  for (std::size_t i = 0; i < witnesses; ++i) {
    policy.witnesses.push_back({NameOf(i), SignerNamed(NameOf(i))->public_key()});
  }
  policy.witnesses_needed = needed;
  policy.witnesses_faulty_max = faulty_max;
  return policy;
}

TEST(WitnessNumbersTest, WhatIsSafeAndLiveIsTaken) {
  EXPECT_TRUE(CheckWitnesses(PolicyOf(0, 0, 0)).ok());
  EXPECT_TRUE(CheckWitnesses(PolicyOf(1, 1, 0)).ok());
  EXPECT_TRUE(CheckWitnesses(PolicyOf(3, 2, 0)).ok());
  EXPECT_TRUE(CheckWitnesses(PolicyOf(4, 3, 1)).ok());
  EXPECT_TRUE(CheckWitnesses(PolicyOf(7, 5, 2)).ok());
  EXPECT_TRUE(CheckWitnesses(PolicyOf(kPolicyWitnessesMax, 22, 10)).ok());
}

// All numbers of up to 8 witnesses, against the two rules as they stand in the header.
TEST(WitnessNumbersTest, NothingElseIsTaken) {
  for (std::uint32_t n = 0; n <= 8; ++n) {
    for (std::uint32_t k = 0; k <= 9; ++k) {
      for (std::uint32_t f = 0; f <= 9; ++f) {
        const bool none = n == 0 && k == 0 && f == 0;
        const bool good = none || (2 * k > f + n && k + f <= n);
        EXPECT_EQ(CheckWitnesses(PolicyOf(n, k, f)).ok(), good) << n << " " << k << " " << f;
        EXPECT_TRUE(!good || none || n >= 3 * f + 1);
      }
    }
  }
}

TEST(WitnessNumbersTest, TheMessageHasTheNumbers) {
  EXPECT_EQ(std::string(CheckWitnesses(PolicyOf(3, 2, 1)).message()),
            "witnesses_needed: with 3 witnesses, witnesses_needed 2 and witnesses_faulty_max 1, "
            "two histories can both be cosigned: 2 * needed - witnesses = 1 must be more than "
            "faulty = 1");
  EXPECT_EQ(std::string(CheckWitnesses(PolicyOf(4, 4, 1)).message()),
            "witnesses_needed: with 4 witnesses, witnesses_needed 4 and witnesses_faulty_max 1, "
            "faulty witnesses can keep the rest from deciding: needed must be at most witnesses - "
            "faulty = 3");
}

void ExpectFault(const SettlementPolicy& policy, const std::string& what) {
  const absl::Status status = CheckWitnesses(policy);
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_NE(std::string(status.message()).find(what), std::string::npos) << status;
}

TEST(WitnessNumbersTest, NamesAndKeysStandOnceAndForOnePurpose) {
  SettlementPolicy policy = PolicyOf(4, 3, 1);
  policy.witnesses[1].name = "w +";
  ExpectFault(policy, "witnesses[1].name: note key name");
  policy = PolicyOf(4, 3, 1);
  policy.witnesses[3].name = NameOf(0);
  ExpectFault(policy, "witnesses[3].name: witness.example/w0 stands in the list twice");
  policy = PolicyOf(4, 3, 1);
  policy.witnesses[3].key = policy.witnesses[2].key;
  ExpectFault(policy, "witnesses[3].key: is that of witnesses[2] too");
  policy = PolicyOf(4, 3, 1);
  policy.witnesses[0].key = policy.decision_log_key;
  ExpectFault(policy, "witnesses[0].key: is the decision log's");
  policy = PolicyOf(4, 3, 1);
  policy.witnesses[0].key = policy.ledgers[0].key;
  ExpectFault(policy, "witnesses[0].key: is that of ledger hkma.example/hkd");
  policy = PolicyOf(4, 3, 1);
  policy.witnesses[2].key = (*GenerateKey(SuiteId::kP256Sha256))->public_key();
  ExpectFault(policy, "witnesses[2].key: is of suite p256-sha256; a witness's key is Ed25519");
  ExpectFault(PolicyOf(kPolicyWitnessesMax + 1, 23, 10), "witnesses: there are 33");
}

class DecisionCheckpointTest : public ::testing::Test {
 protected:
  const Checkpoint checkpoint_{kLog, 2, NodeHash(LeafHash("a"), LeafHash("b")), {}};
  const std::string text_ = CheckpointText(checkpoint_);
  const OpenSslSignatureVerifier verifier_;
  SettlementPolicy policy_ = PolicyOf(4, 3, 1);

  NoteSignature By(std::size_t witness, std::uint64_t seconds = 1000) const {
    return *Cosign(text_, NameOf(witness), *SignerNamed(NameOf(witness)), seconds);
  }
  std::string Note(std::vector<NoteSignature> cosignatures, std::string_view key = "log") const {
    SignedCheckpoint note = *ParseCheckpoint(*SignCheckpoint(checkpoint_, kLog, *SignerNamed(key)));
    for (NoteSignature& line : cosignatures) note.signatures.push_back(std::move(line));
    return FormatCheckpoint(note);
  }
  void ExpectTaken(const std::string& note) const {
    const auto result = VerifyDecisionCheckpoint(note, policy_, verifier_);
    ASSERT_TRUE(std::holds_alternative<Checkpoint>(result)) << std::get<Rejection>(result).message;
    EXPECT_EQ(std::get<Checkpoint>(result), checkpoint_);
  }
  Rejection ExpectRefused(const std::string& note, const std::string& rule) const {
    const auto result = VerifyDecisionCheckpoint(note, policy_, verifier_);
    if (std::holds_alternative<Checkpoint>(result)) {
      ADD_FAILURE() << "taken, against " << rule;
      return {};
    }
    const auto& rejection = std::get<Rejection>(result);
    EXPECT_EQ(rejection.outcome, Outcome::kBadCertificate);
    EXPECT_EQ(rejection.rule, rule) << rejection.message;
    return rejection;
  }
};

TEST_F(DecisionCheckpointTest, AnyThreeOfFourCount) {
  for (std::size_t without = 0; without < 4; ++without) {
    std::vector<NoteSignature> lines;
    for (std::size_t i = 0; i < 4; ++i) {
      if (i != without) lines.push_back(By(i));
    }
    ExpectTaken(Note(lines));
  }
  ExpectTaken(Note({By(3), By(1), By(0), By(2)}));
}

TEST_F(DecisionCheckpointTest, TwoDoNotCount) {
  const Rejection rejection = ExpectRefused(Note({By(0), By(3)}), "checkpoint.cosignatures");
  EXPECT_EQ(rejection.actual, 2);
  EXPECT_EQ(rejection.required, 3);
  EXPECT_EQ(rejection.message,
            "2 of the 4 witnesses in the policy cosigned the checkpoint of size 2; must be 3 or "
            "more");
}

TEST_F(DecisionCheckpointTest, OneWitnessTwiceCountsOnce) {
  ExpectRefused(Note({By(0), By(3), By(3, 2000)}), "checkpoint.cosignatures");
  ExpectTaken(Note({By(0), By(3), By(3, 2000), By(1)}));
}

TEST_F(DecisionCheckpointTest, LinesOfOthersAreIgnored) {
  const NoteSignature stranger = *Cosign(text_, "stranger.example", *SignerNamed("stranger"), 1000);
  const NoteSignature other_key = *Cosign(text_, NameOf(2), *SignerNamed("stranger"), 1000);
  ExpectRefused(Note({By(0), By(1), stranger, other_key}), "checkpoint.cosignatures");
  ExpectTaken(Note({By(0), By(1), stranger, other_key, By(2)}));
}

TEST_F(DecisionCheckpointTest, AWrongLineUnderAKnownNameIsRefusedWhateverElseIsThere) {
  NoteSignature wrong = By(3);
  wrong.signature.back() = static_cast<char>(wrong.signature.back() ^ 1);
  ExpectRefused(Note({By(0), By(1), By(2), wrong}), "checkpoint.cosignatures");
  NoteSignature of_another_text =
      *Cosign("bridge.example/decisions\n3\n" + text_, NameOf(3), *SignerNamed(NameOf(3)), 1000);
  ExpectRefused(Note({By(0), By(1), By(2), of_another_text}), "checkpoint.cosignatures");
}

TEST_F(DecisionCheckpointTest, TheLogsOwnSignatureIsNeededToo) {
  ExpectRefused(Note({By(0), By(1), By(2)}, "another"), "checkpoint.signature");
  SignedCheckpoint note = *ParseCheckpoint(Note({By(0), By(1), By(2)}));
  note.signatures.erase(note.signatures.begin());
  ExpectRefused(FormatCheckpoint(note), "checkpoint.signature");
}

TEST_F(DecisionCheckpointTest, AWitnessSignatureOfTheLogsKindDoesNotCount) {
  std::string note = Note({By(0), By(1)});
  note = *AddNoteSignature(note, NameOf(2), *SignerNamed(NameOf(2)));
  ExpectRefused(note, "checkpoint.cosignatures");
}

TEST_F(DecisionCheckpointTest, AnotherLogAndWhatDoesNotParseAreRefused) {
  ExpectRefused("nothing", "checkpoint");
  policy_.decision_log = *LedgerOrigin::Parse("bridge.example/others");
  ExpectRefused(Note({By(0), By(1), By(2)}), "checkpoint.origin");
}

TEST_F(DecisionCheckpointTest, WithoutWitnessesTheLogsSignatureIsEnough) {
  policy_ = PolicyOf(0, 0, 0);
  ExpectTaken(Note({}));
  ExpectTaken(Note({By(0)}));
}

}  // namespace
}  // namespace causeway::core
