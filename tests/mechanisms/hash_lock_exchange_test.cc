// The two traders of an exchange by hash time-locks, step by step.
#include "scenarios/mechanisms/hash_lock_exchange.h"

#include <gtest/gtest.h>

#include "settlement/core/hash.h"

namespace causeway::sim {
namespace {

using core::Duration;
using core::InstructionStatus;
using core::Outcome;
using Role = HashLockTrader::Role;

const core::LedgerTime kStart = core::LedgerTime::FromMicros(1'000'000'000'000);
const PlannedHtlc kTerms = {.first_timeout = Duration::FromMinutes(60),
                            .second_timeout = Duration::FromMinutes(20),
                            .claim_margin = Duration::FromMinutes(5)};
const core::Hash256 kSecret = core::Sha256("secret");
const core::Rejection kAccepted = {.outcome = Outcome::kAccepted};

core::LedgerTime At(std::int64_t minutes) { return kStart + Duration::FromMinutes(minutes); }
SeenLock Locked(core::LedgerTime expires) {
  return {.status = InstructionStatus::kPrepared, .as_agreed = true, .expires = expires};
}

// A party whose own lock is there until minute 60.
HashLockTrader LockedParty(bool withholds = false) {
  HashLockTrader party(Role::kParty, kTerms, kStart, withholds, kSecret);
  EXPECT_EQ(party.Next(kStart), TraderStep::kLock);
  EXPECT_EQ(party.expires(), At(60));
  party.OnLocked(kAccepted);
  return party;
}

// A counterparty whose own lock is there from minute 1 to 21.
HashLockTrader LockedCounterparty() {
  HashLockTrader counterparty(Role::kCounterparty, kTerms, kStart, false, {});
  EXPECT_EQ(counterparty.Next(kStart), TraderStep::kWatchOther);
  counterparty.OnSeenOther(Locked(At(60)));
  EXPECT_EQ(counterparty.Next(At(1)), TraderStep::kLock);
  EXPECT_EQ(counterparty.expires(), At(21));
  counterparty.OnLocked(kAccepted);
  return counterparty;
}

TEST(HashLockPartyTest, ClaimsWhatItSeesLockedAndIsDoneWhenItsOwnIsClaimed) {
  HashLockTrader party = LockedParty();
  EXPECT_EQ(party.Next(At(1)), TraderStep::kWatchOther);
  party.OnSeenOther(Locked(At(21)));
  EXPECT_EQ(party.Next(At(1)), TraderStep::kClaim);
  party.OnClaimed(kAccepted);
  EXPECT_EQ(party.Next(At(1)), TraderStep::kWatchOwn);
  party.OnSeenOwn({.status = InstructionStatus::kSettled});
  EXPECT_EQ(party.Next(At(2)), TraderStep::kEnd);
  EXPECT_EQ(party.failure().outcome, Outcome::kAccepted);
}

TEST(HashLockPartyTest, DoesNotClaimWhatIsNotAsAgreedOrTooLateToBeSure) {
  HashLockTrader party = LockedParty();
  SeenLock other = Locked(At(21));
  other.as_agreed = false;
  party.OnSeenOther(other);
  EXPECT_EQ(party.Next(At(1)), TraderStep::kWatchOther);
  party.OnSeenOther(Locked(At(21)));
  EXPECT_EQ(party.Next(At(17)), TraderStep::kWatchOther);
  EXPECT_EQ(party.Next(At(16)), TraderStep::kClaim);
}

TEST(HashLockPartyTest, TakesItsOwnBackWhenTheCounterpartyNeverLocks) {
  HashLockTrader party = LockedParty();
  EXPECT_EQ(party.Next(At(60)), TraderStep::kWatchOther);
  EXPECT_EQ(party.Next(At(61)), TraderStep::kRefund);
  party.OnRefunded(kAccepted);
  EXPECT_EQ(party.Next(At(61)), TraderStep::kEnd);
  EXPECT_EQ(party.failure().outcome, Outcome::kLockExpired);
}

// A party whose clock is ahead asks too early. It used to watch the counterparty's lock from then
// on, and never asked again.
TEST(HashLockPartyTest, LooksAndAsksAgainWhenItsClockWasAhead) {
  HashLockTrader party = LockedParty();
  EXPECT_EQ(party.Next(At(61)), TraderStep::kRefund);
  party.OnRefunded({.outcome = Outcome::kLockNotExpired});
  EXPECT_EQ(party.Next(At(61)), TraderStep::kWatchOwn);
  party.OnSeenOwn(Locked(At(60)));
  EXPECT_EQ(party.Next(At(62)), TraderStep::kRefund);
  party.OnRefunded(kAccepted);
  EXPECT_EQ(party.Next(At(62)), TraderStep::kEnd);
}

TEST(HashLockPartyTest, HasTheOptionToWalkAway) {
  HashLockTrader party = LockedParty(/*withholds=*/true);
  party.OnSeenOther(Locked(At(21)));
  EXPECT_EQ(party.Next(At(2)), TraderStep::kWatchOther);
  EXPECT_EQ(party.Next(At(61)), TraderStep::kRefund);
}

TEST(HashLockPartyTest, TakesBothWhenTheCounterpartyDoesNotComeInTime) {
  HashLockTrader party = LockedParty();
  party.OnSeenOther(Locked(At(21)));
  party.OnClaimed(kAccepted);
  EXPECT_EQ(party.Next(At(60)), TraderStep::kWatchOwn);
  EXPECT_EQ(party.Next(At(61)), TraderStep::kRefund);
  party.OnRefunded(kAccepted);
  EXPECT_EQ(party.Next(At(61)), TraderStep::kEnd);
  EXPECT_TRUE(party.has_claimed());
}

TEST(HashLockPartyTest, LooksBeforeItAsksForItsMoneyAgain) {
  HashLockTrader party = LockedParty();
  party.OnSeenOther(Locked(At(21)));
  party.OnClaimed(kAccepted);
  EXPECT_EQ(party.Next(At(61)), TraderStep::kRefund);
  party.OnRefunded({.outcome = Outcome::kWrongInstructionState});
  EXPECT_EQ(party.Next(At(61)), TraderStep::kWatchOwn);
  party.OnSeenOwn({.status = InstructionStatus::kSettled});
  EXPECT_EQ(party.Next(At(61)), TraderStep::kEnd);
}

TEST(HashLockPartyTest, EndsWhenItsLockIsRejected) {
  HashLockTrader party(Role::kParty, kTerms, kStart, false, kSecret);
  party.Next(kStart);
  party.OnLocked({.outcome = Outcome::kInsufficientFunds});
  EXPECT_EQ(party.Next(At(1)), TraderStep::kEnd);
  EXPECT_EQ(party.failure().outcome, Outcome::kInsufficientFunds);
}

TEST(HashLockCounterpartyTest, ClaimsWithTheSecretThatItReads) {
  HashLockTrader counterparty = LockedCounterparty();
  EXPECT_EQ(counterparty.Next(At(2)), TraderStep::kWatchOwn);
  counterparty.OnSeenOwn({.status = InstructionStatus::kSettled, .secret = kSecret});
  EXPECT_EQ(counterparty.Next(At(2)), TraderStep::kClaim);
  EXPECT_EQ(counterparty.secret(), kSecret);
  counterparty.OnClaimed(kAccepted);
  EXPECT_EQ(counterparty.Next(At(2)), TraderStep::kEnd);
}

TEST(HashLockCounterpartyTest, LosesWhenItComesTooLate) {
  HashLockTrader counterparty = LockedCounterparty();
  counterparty.OnSeenOwn({.status = InstructionStatus::kSettled, .secret = kSecret});
  counterparty.OnClaimed({.outcome = Outcome::kLockExpired});
  EXPECT_EQ(counterparty.Next(At(70)), TraderStep::kEnd);
  EXPECT_FALSE(counterparty.has_claimed());
  EXPECT_EQ(counterparty.failure().outcome, Outcome::kLockExpired);
}

TEST(HashLockCounterpartyTest, TakesItsOwnBackWhenThePartyWalksAway) {
  HashLockTrader counterparty = LockedCounterparty();
  EXPECT_EQ(counterparty.Next(At(21)), TraderStep::kWatchOwn);
  EXPECT_EQ(counterparty.Next(At(22)), TraderStep::kRefund);
  counterparty.OnRefunded(kAccepted);
  EXPECT_EQ(counterparty.Next(At(22)), TraderStep::kEnd);
}

TEST(HashLockCounterpartyTest, DoesNotLockWithoutTimeToClaimAfterwards) {
  HashLockTrader counterparty(Role::kCounterparty, kTerms, kStart, false, {});
  counterparty.OnSeenOther(Locked(At(60)));
  // Its own lock would last until minute 56, and leave less than the margin.
  EXPECT_EQ(counterparty.Next(At(36)), TraderStep::kEnd);
  EXPECT_EQ(counterparty.failure().outcome, Outcome::kPastDeadline);
}

TEST(HashLockCounterpartyTest, DoesNotLockAgainstALockThatWasNotAgreed) {
  HashLockTrader counterparty(Role::kCounterparty, kTerms, kStart, false, {});
  SeenLock other = Locked(At(60));
  other.as_agreed = false;
  counterparty.OnSeenOther(other);
  EXPECT_EQ(counterparty.Next(At(1)), TraderStep::kEnd);
}

TEST(HashLockCounterpartyTest, GivesUpWhenThePartyNeverLocks) {
  HashLockTrader counterparty(Role::kCounterparty, kTerms, kStart, false, {});
  EXPECT_EQ(counterparty.Next(At(60)), TraderStep::kWatchOther);
  EXPECT_EQ(counterparty.Next(At(61)), TraderStep::kEnd);
}

}  // namespace
}  // namespace causeway::sim
