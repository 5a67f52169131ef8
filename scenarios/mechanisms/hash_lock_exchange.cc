#include "scenarios/mechanisms/hash_lock_exchange.h"

#include <algorithm>

#include "settlement/core/check.h"

namespace causeway::sim {
namespace {

// Clocks differ: a refund that comes too early is rejected, and costs a try.
constexpr core::Duration kRefundAfterExpiry = core::Duration::FromSeconds(1);

bool IsAccepted(const core::Rejection& outcome) {
  return outcome.outcome == core::Outcome::kAccepted;
}

}  // namespace

HashLockTrader::HashLockTrader(Role role, const PlannedHtlc& terms, core::LedgerTime started,
                               bool withholds, const core::Hash256& secret)
    : role_(role), terms_(terms), started_(started), withholds_(withholds), secret_(secret) {}

TraderStep HashLockTrader::Next(core::LedgerTime now) {
  return role_ == Role::kParty ? NextOfParty(now) : NextOfCounterparty(now);
}

bool HashLockTrader::MayRefund(core::LedgerTime now) const {
  return locked_ && !own_ended_ && !look_first_ && now > *expires_ + kRefundAfterExpiry;
}

TraderStep HashLockTrader::Lock(core::LedgerTime now, core::Duration timeout) {
  if (!expires_) expires_ = now + timeout;
  return TraderStep::kLock;
}

TraderStep HashLockTrader::NextOfParty(core::LedgerTime now) {
  if (!locked_) {
    return IsAccepted(failure_) ? Lock(now, terms_.first_timeout) : TraderStep::kEnd;
  }
  if (own_ended_) return TraderStep::kEnd;
  if (MayRefund(now)) return TraderStep::kRefund;
  if (claimed_ || look_first_) return TraderStep::kWatchOwn;
  const bool in_time = now + terms_.claim_margin <= other_.expires;
  const bool there = other_.status == core::InstructionStatus::kPrepared && other_.as_agreed;
  if (there && in_time && !withholds_ && IsAccepted(failure_)) return TraderStep::kClaim;
  return TraderStep::kWatchOther;
}

TraderStep HashLockTrader::NextOfCounterparty(core::LedgerTime now) {
  if (claimed_ || !IsAccepted(failure_)) {
    if (!locked_ || own_ended_) return TraderStep::kEnd;
    return MayRefund(now) ? TraderStep::kRefund : TraderStep::kWatchOwn;
  }
  if (!locked_) {
    const core::Duration least = terms_.second_timeout + terms_.claim_margin;
    const bool late = now > started_ + terms_.first_timeout ||
                      (other_.status != core::InstructionStatus::kNone &&
                       (!other_.as_agreed || other_.expires < now + least ||
                        other_.status != core::InstructionStatus::kPrepared));
    // Once the request is out, the lock may be there: it has to be asked for until it is known.
    if (expires_) return TraderStep::kLock;
    if (late || withholds_) {
      failure_ = {.outcome = core::Outcome::kPastDeadline, .rule = "no exchange of locks in time"};
      return TraderStep::kEnd;
    }
    if (other_.status == core::InstructionStatus::kNone) return TraderStep::kWatchOther;
    return Lock(now, terms_.second_timeout);
  }
  // The secret is out: the own lock was claimed.
  if (own_ended_ && !secret_.IsZero()) return TraderStep::kClaim;
  if (own_ended_) return TraderStep::kEnd;
  return MayRefund(now) ? TraderStep::kRefund : TraderStep::kWatchOwn;
}

void HashLockTrader::OnLocked(const core::Rejection& outcome) {
  locked_ = IsAccepted(outcome);
  if (!locked_) failure_ = outcome;
}

void HashLockTrader::OnClaimed(const core::Rejection& outcome) {
  claimed_ = IsAccepted(outcome);
  if (!claimed_) failure_ = outcome;
}

void HashLockTrader::OnRefunded(const core::Rejection& outcome) {
  // It was too early by the ledger's clock, or too late: what there is to see tells.
  look_first_ = !IsAccepted(outcome);
  if (look_first_) return;
  own_ended_ = true;
  if (IsAccepted(failure_) && !claimed_) {
    failure_ = {.outcome = core::Outcome::kLockExpired, .rule = "nobody claimed it in time"};
  }
}

void HashLockTrader::OnSeenOwn(const SeenLock& lock) {
  look_first_ = false;
  if (lock.status == core::InstructionStatus::kNone ||
      lock.status == core::InstructionStatus::kPrepared) {
    return;
  }
  own_ended_ = true;
  if (lock.status == core::InstructionStatus::kSettled && role_ == Role::kCounterparty) {
    secret_ = lock.secret;
  }
}

}  // namespace causeway::sim
