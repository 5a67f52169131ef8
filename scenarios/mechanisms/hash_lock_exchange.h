// An exchange by two hash time-locks, without a coordinator: the party locks what it pays under the
// hash of a secret that it alone knows, until T1; the counterparty, once it sees that lock, locks
// what it pays under the same hash, until T2 before T1; the party claims with the secret, which the
// counterparty then reads on that ledger and claims with in its turn. What nobody claimed in time
// goes back to its payer.
//
// Each trader is a pure state machine, and watches the ledgers: what it does next is a function of
// what it has seen and of its clock. It does what is in its own interest, and no more: once its
// lock has expired it takes the money back, even when it has claimed the other's.
//
// What this leaves open is the mechanism's, not a fault of the code. From the counterparty's lock
// to T2 the party may go through with the exchange or not, as the price moves: a free option. And a
// counterparty that does not come between the party's claim and T1 has paid and is not paid.
#ifndef CAUSEWAY_SCENARIOS_MECHANISMS_HASH_LOCK_EXCHANGE_H_
#define CAUSEWAY_SCENARIOS_MECHANISMS_HASH_LOCK_EXCHANGE_H_

#include <cstdint>
#include <optional>

#include "scenarios/spec/planned_mechanism.h"
#include "settlement/core/bytes.h"
#include "settlement/core/ledger.h"
#include "settlement/core/outcome.h"
#include "settlement/core/time.h"

namespace causeway::sim {

// What a trader knows of a lock from reading the ledger.
struct SeenLock {
  core::InstructionStatus status =
      core::InstructionStatus::kNone;  // of FundsLock; kNone: not there
  // It is what was agreed: accounts, amount, hash.
  bool as_agreed = false;
  core::LedgerTime expires;
  core::Hash256 secret;
};

// What a trader does next. After each it tells the machine what came of it, and asks again.
enum class TraderStep : std::uint8_t {
  kLock,        // its own funds, until expires()
  kWatchOwn,    // reads its own lock, after a pause
  kWatchOther,  // reads the other's, after a pause
  kClaim,       // the other's lock, with secret()
  kRefund,      // its own
  kEnd,
};

class HashLockTrader {
 public:
  enum class Role : std::uint8_t { kParty, kCounterparty };

  // `secret` of the party; zero for the counterparty, who learns it. One that withholds does not do
  // the second half of its part: a party never claims, a counterparty never locks.
  HashLockTrader(Role role, const PlannedHtlc& terms, core::LedgerTime started, bool withholds,
                 const core::Hash256& secret);

  TraderStep Next(core::LedgerTime now);
  // Of its own lock, fixed when it first locks.
  core::LedgerTime expires() const { return *expires_; }
  const core::Hash256& secret() const { return secret_; }

  // What the ledger made of its requests: kAccepted or why not.
  void OnLocked(const core::Rejection& outcome);
  void OnClaimed(const core::Rejection& outcome);
  void OnRefunded(const core::Rejection& outcome);
  void OnSeenOwn(const SeenLock& lock);
  void OnSeenOther(const SeenLock& lock) { other_ = lock; }

  bool has_claimed() const { return claimed_; }
  // Why it did not come to the exchange; kAccepted while nothing is known to be wrong.
  const core::Rejection& failure() const { return failure_; }

 private:
  TraderStep NextOfParty(core::LedgerTime now);
  TraderStep NextOfCounterparty(core::LedgerTime now);
  // Its own lock has expired, and may be there still.
  bool MayRefund(core::LedgerTime now) const;
  TraderStep Lock(core::LedgerTime now, core::Duration timeout);

  Role role_;
  PlannedHtlc terms_;
  core::LedgerTime started_;
  bool withholds_;
  core::Hash256 secret_;
  std::optional<core::LedgerTime> expires_;
  bool locked_ = false;  // and the lock is not known to have ended
  bool own_ended_ = false;
  bool look_first_ = false;  // before it asks for its money again
  bool claimed_ = false;
  SeenLock other_;
  core::Rejection failure_{.outcome = core::Outcome::kAccepted};
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_MECHANISMS_HASH_LOCK_EXCHANGE_H_
