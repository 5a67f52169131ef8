// Hash time-locks: lock, claim, refund, and who may do what when.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/core/ledger_fixture.h"

namespace causeway::core {
namespace {

class LedgerLockTest : public LedgerFixture {
 protected:
  LockFunds LockOf(std::int64_t minor_units) {
    return {.debtor = Address("ALPHA"),
            .creditor = Address("BETA"),
            .amount = Hkd(minor_units),
            .hash_lock = Sha256(secret_.view()),
            .expires = now_ + Duration::FromHours(1),
            .uetr = SomeUetr(9)};
  }
  const FundsLock& Lock(std::string_view id) const {
    return *ledger_->FindLock({Party("ALPHA"), ActionKind::kLockFunds, Id(id)});
  }
  ItemResult Claim(const std::string& party, const Hash256& secret) {
    return By(party, ClaimLock{Party("ALPHA"), Id("L-1"), secret});
  }
  ItemResult Refund(const std::string& party) { return By(party, RefundLock{Id("L-1")}); }

  Hash256 secret_ = Sha256("a secret");
};

TEST_F(LedgerLockTest, LockReservesForThePayee) {
  ExpectAccepted(By("ALPHA", LockOf(700), "L-1"));
  EXPECT_EQ(Available("ALPHA"), 99'300);
  EXPECT_EQ(Held("ALPHA"), 700);
  EXPECT_EQ(Account("BETA").incoming_reserved.minor(), 700);
  EXPECT_EQ(Lock("L-1").status, InstructionStatus::kPrepared);
  EXPECT_TRUE(Lock("L-1").secret.IsZero());
}

TEST_F(LedgerLockTest, ClaimWithTheSecretPaysAndShowsIt) {
  ExpectAccepted(By("ALPHA", LockOf(700), "L-1"));
  ExpectAccepted(Claim("BETA", secret_));
  EXPECT_EQ(Held("ALPHA"), 0);
  EXPECT_EQ(Available("BETA"), 700);
  EXPECT_TRUE(Account("BETA").incoming_reserved.IsZero());
  EXPECT_EQ(Lock("L-1").status, InstructionStatus::kSettled);
  EXPECT_EQ(Lock("L-1").secret, secret_);
  ExpectRejected(Claim("BETA", secret_), Outcome::kWrongInstructionState);
  EXPECT_EQ(Available("BETA"), 700);
}

TEST_F(LedgerLockTest, ClaimMakesAnEntryOfItsOwnAndOneOfTheLock) {
  ExpectAccepted(By("ALPHA", LockOf(700), "L-1"));
  const BatchResult result = Apply(
      {Admitted(MakeCommand("BETA", ClaimLock{Party("ALPHA"), Id("L-1"), secret_}), {"BETA"})});
  ASSERT_EQ(result.entries.size(), 2U);
  EXPECT_EQ(result.entries[0].instruction.kind, ActionKind::kClaimLock);
  EXPECT_TRUE(result.entries[0].postings.empty());
  EXPECT_EQ(result.entries[1].instruction.kind, ActionKind::kLockFunds);
  EXPECT_EQ(result.entries[1].status, InstructionStatus::kSettled);
  EXPECT_EQ(result.entries[1].postings.size(), 2U);
}

TEST_F(LedgerLockTest, OnlyThePayeeClaimsAndOnlyWithTheSecret) {
  ExpectAccepted(By("ALPHA", LockOf(700), "L-1"));
  ExpectRejected(Claim("ALPHA", secret_), Outcome::kNotAccountOwner);
  ExpectRejected(Claim("BETA", Sha256("another")), Outcome::kWrongSecret);
  EXPECT_EQ(Held("ALPHA"), 700);
}

TEST_F(LedgerLockTest, ExpiryDividesClaimFromRefundToTheMicrosecond) {
  ExpectAccepted(By("ALPHA", LockOf(700), "L-1"));
  now_ = now_ + Duration::FromHours(1);
  ExpectRejected(Refund("ALPHA"), Outcome::kLockNotExpired);
  now_ = now_ + Duration::FromMicros(1);
  ExpectRejected(Claim("BETA", secret_), Outcome::kLockExpired);
  ExpectAccepted(Refund("ALPHA"));
  EXPECT_EQ(Available("ALPHA"), 100'000);
  EXPECT_TRUE(Account("BETA").incoming_reserved.IsZero());
  EXPECT_EQ(Lock("L-1").status, InstructionStatus::kExpired);
  ExpectRejected(Refund("ALPHA"), Outcome::kWrongInstructionState);
}

TEST_F(LedgerLockTest, OnlyThePayerTakesItBack) {
  ExpectAccepted(By("ALPHA", LockOf(700), "L-1"));
  now_ = now_ + Duration::FromHours(2);
  ExpectRejected(Refund("BETA"), Outcome::kWrongInstructionState);
  EXPECT_EQ(Held("ALPHA"), 700);
}

TEST_F(LedgerLockTest, LockOutlivesFreezeAndCutOff) {
  ExpectAccepted(By("ALPHA", LockOf(700), "L-1"));
  ExpectAccepted(ByCentralBank(SetFreeze{Address("ALPHA"), true, "order 7"}));
  ExpectAccepted(ByCentralBank(SetFreeze{Address("BETA"), true, "order 7"}));
  ExpectRejected(ByCentralBank(CloseAccount{Address("BETA")}), Outcome::kAccountNotEmpty);
  ExpectAccepted(ByCentralBank(SetDayPhase{genesis_.business_date, DayPhase::kCutOff}));
  ExpectAccepted(Claim("BETA", secret_));
  EXPECT_EQ(Available("BETA"), 700);
}

TEST_F(LedgerLockTest, LockThatCannotBeKeptIsRejected) {
  ExpectRejected(By("ALPHA", LockOf(100'001)), Outcome::kInsufficientFunds);
  ExpectRejected(By("BETA", LockOf(1)), Outcome::kNotAccountOwner);
  ExpectRejected(By("ALPHA", LockOf(0)), Outcome::kAmountNotPositive);
  LockFunds lock = LockOf(1);
  lock.expires = now_;
  ExpectRejected(By("ALPHA", lock), Outcome::kInvalidField);
  lock.expires = now_ + Duration::FromHours(7 * 24) + Duration::FromMicros(1);
  ExpectRejected(By("ALPHA", lock), Outcome::kInvalidField);
  lock = LockOf(1);
  lock.creditor = lock.debtor;
  ExpectRejected(By("ALPHA", lock), Outcome::kSameAccount);
  EXPECT_EQ(Held("ALPHA"), 0);
}

// Locks that had ended stayed for ever, and in the end no snapshot could hold them.
TEST_F(LedgerLockTest, APartyHasSoManyLocksAndThoseThatEndedADayAgoAreForgotten) {
  for (int i = 0; i < 1024; ++i) {
    ExpectAccepted(By("ALPHA", LockOf(1), "L-" + std::to_string(i)));
  }
  ExpectRejected(By("ALPHA", LockOf(1), "TOO-MANY"), Outcome::kLimitExceeded);
  now_ = now_ + Duration::FromHours(2);
  ExpectAccepted(By("ALPHA", RefundLock{Id("L-1")}));
  ExpectRejected(By("ALPHA", LockOf(1), "TOO-SOON"), Outcome::kLimitExceeded);
  now_ = now_ + Duration::FromHours(24);
  ExpectAccepted(By("ALPHA", LockOf(1), "L-NEW"));
  EXPECT_EQ(ledger_->FindLock({Party("ALPHA"), ActionKind::kLockFunds, Id("L-1")}), nullptr);
  EXPECT_EQ(Lock("L-2").status, InstructionStatus::kPrepared);
  EXPECT_EQ(KnownState({Party("ALPHA"), ActionKind::kLockFunds, Id("L-1")}).status,
            InstructionStatus::kExpired);
}

// The text named settlements and redemptions only.
TEST_F(LedgerLockTest, AnOrderThatNeedsLockedFundsIsToldThatALockHoldsThem) {
  ExpectAccepted(By("ALPHA", LockOf(700)));
  const ItemResult refused = ByCentralBank(
      OperatorOverride{Address("ALPHA"), Address("BETA"), Hkd(99'301), "judgment 12"});
  ExpectRejected(refused, Outcome::kFundsHeld);
  EXPECT_NE(Describe(refused.instructions[0].rejection).find("hash time-lock"), std::string::npos);
}

TEST_F(LedgerLockTest, TheEntryThatEndsALockBearsItsReference) {
  ExpectAccepted(By("ALPHA", LockOf(700), "L-1"));
  const BatchResult result = Apply(
      {Admitted(MakeCommand("BETA", ClaimLock{Party("ALPHA"), Id("L-1"), secret_}), {"BETA"})});
  ASSERT_EQ(result.entries.size(), 2U);
  EXPECT_EQ(result.entries[1].uetr, SomeUetr(9));
}

TEST_F(LedgerLockTest, StateRootAndSnapshotHoldLocks) {
  const Hash256 before = ledger_->StateRoot();
  ExpectAccepted(By("ALPHA", LockOf(700), "L-1"));
  ExpectAccepted(By("ALPHA", LockOf(50), "L-2"));
  ExpectAccepted(Claim("BETA", secret_));
  EXPECT_NE(ledger_->StateRoot(), before);
  std::vector<std::string> parts;
  ledger_->StartSnapshot();
  for (std::string part = ledger_->NextSnapshotPart(); !part.empty();
       part = ledger_->NextSnapshotPart()) {
    parts.push_back(std::move(part));
  }
  std::size_t next = 0;
  auto restored = Ledger::Restore(genesis_, nullptr, [&]() -> absl::StatusOr<std::string> {
    if (next == parts.size()) return absl::OutOfRangeError("no more parts");
    return parts[next++];
  });
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ((*restored)->StateRoot(), ledger_->StateRoot());
  const FundsLock* lock =
      (*restored)->FindLock({Party("ALPHA"), ActionKind::kLockFunds, Id("L-1")});
  ASSERT_NE(lock, nullptr);
  EXPECT_EQ(lock->secret, secret_);
}

}  // namespace
}  // namespace causeway::core
