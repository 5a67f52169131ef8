// What came out of a run, simulated or live: what reports are made of. Plain values.
#ifndef CAUSEWAY_SCENARIOS_SPEC_RUN_RESULT_H_
#define CAUSEWAY_SCENARIOS_SPEC_RUN_RESULT_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/spec/plan.h"
#include "scenarios/study/results.h"
#include "settlement/core/amount.h"
#include "settlement/core/bytes.h"
#include "settlement/core/ids.h"
#include "settlement/core/outcome.h"
#include "settlement/core/rate.h"
#include "settlement/core/time.h"

namespace causeway::sim {

// How an action ended.
enum class ActionStatus : std::uint8_t {
  kPending = 0,   // did not end: the run was cut short
  kSettled = 1,   // for a day phase or set-up: done
  kRejected = 2,  // rejected by a ledger, or refused
  kAborted = 3,   // a settlement that the decision record aborted
  kSkipped = 4,   // nothing to do: a redemption of nothing
  kVanished = 5,  // its client is gone: nobody knows how it ended
  kHalfDone = 6,  // one has paid and is not paid: where the mechanism cannot exclude it
  kQueued = 7,    // a payment that waits for funds; when the run has ended: that still does
  kExpired = 8,   // one that still did when its day closed
  kWithheld = 9,  // a payment that its payer kept back until its ledger cut off
};
std::string_view ActionStatusName(ActionStatus status);

// Money that an action moved, or would have moved.
struct ActionLeg {
  LedgerIndex ledger = 0;
  core::Amount amount;
};

struct ActionResult {
  ActionIndex action = 0;
  ActionStatus status = ActionStatus::kPending;
  core::Rejection rejection;    // kAccepted unless rejected or aborted
  std::vector<ActionLeg> legs;  // one; two for swap (sell, buy) and pvp (party, counterparty)
  // Of a payment that did not settle as a whole: what of it did, in parts.
  core::Amount settled_in_parts;
  core::Uetr uetr;              // nil: none
  core::Hash256 settlement_id;  // of the last attempt; zero: none
  std::uint32_t attempts = 0;   // 1, more when a settlement was tried again
  // Of a settlement list: how many settlements are in it, and how many of them settled. `legs` then
  // sums up those that settled.
  std::uint32_t list_count = 0;
  std::uint32_t list_settled = 0;
  core::LedgerTime started;
  core::LedgerTime ended;  // of a payment that was queued: when it left the queue
};

// What became by `time` of a payment that waited for funds when its action ended, by the record of
// its ledger; and how far it came, where it settles in parts.
void FollowQueued(core::InstructionStatus status, core::LedgerTime time,
                  const std::optional<core::SettledParts>& parts, ActionResult& action);

struct AccountResult {
  ParticipantIndex participant = 0;
  core::AccountAddress address;
  core::Amount available;
  core::Amount held;
};

struct LedgerResult {
  LedgerIndex ledger = 0;
  std::string state_root;               // 64 hexadecimal digits
  std::string log_root;                 // of its Merkle tree, 64 hexadecimal digits
  std::uint64_t log_size = 0;           // leaves
  core::Amount in_circulation;          // by the ledger: minus the balance of its liability account
  std::vector<AccountResult> accounts;  // by participant
  core::Amount fees;                    // on the central bank's own account, where it has one
};

// What the independent observer found.
struct ObserverResult {
  bool ran = false;
  // Every log verified up to the size that its operator reports, the same state roots, no alert.
  bool verified = false;
  std::uint64_t settlements_settled = 0;
  std::uint64_t settlements_aborted = 0;
  std::uint64_t settlements_open = 0;
  std::vector<std::string> alerts;
  std::uint64_t alerts_all_or_none = 0;  // of them, those that a settlement is not all or none
};

// What the mechanism cost and risked (docs/mechanisms.md), in minor units of the ledger's currency.
struct MechanismCurrency {
  LedgerIndex ledger = 0;
  core::Amount locked_max;  // reserved by settlements and spent by nobody
  std::int64_t locked_amount_seconds = 0;
  core::Amount locked_at_end;
  core::Amount liquidity_needed;  // of all accounts, to settle as it did
};
// Values in minor units of the plan's value currency; zero without one.
struct MechanismResult {
  std::vector<MechanismCurrency> currencies;  // by ledger index
  core::Amount principal_at_risk_max;         // paid away, and the counter-value not yet got
  std::int64_t principal_at_risk_value_seconds = 0;
  core::Amount principal_lost;  // the same, when the run ended
  std::uint64_t exchanges_half_done = 0;
  // With hash time-locks, the party's option to go through with the exchange or not.
  struct Option {
    core::Amount value;      // of what the counterparty locked
    core::Duration granted;  // until that lock expires
    core::Duration held;     // until the party used it, or it expired
  };
  std::vector<Option> options;  // in the order in which they began
};

// What a run of a settlement queue found among the trades that waited. A gridlock: some could
// settle together. A deadlock: none could, only money helps.
enum class SettlementQueueState : std::uint8_t {
  kGridlock,
  kDeadlock,
  kUndecided,  // none was found, in any order, and there are too many to look at all
};
std::string_view SettlementQueueStateName(SettlementQueueState state);

struct SettlementQueueRun {
  core::LedgerTime at;
  SettlementQueueState state = SettlementQueueState::kUndecided;
  std::uint32_t waiting = 0;  // after what could settle alone had
  core::Amount waiting_value;
  std::uint32_t found =
      0;  // of them, selected first; not carried out with SettlementSelection::kNone
  core::Amount found_value;
  // The most value, in the order that the selection keeps or in any; nothing for a longer queue
  // than PlannedSettlementQueue::exact_max.
  std::optional<core::Amount> exact_value;
  std::uint32_t selections = 0;  // above 1 when balances had changed or members did not sign
  std::uint32_t settled = 0;
  core::Amount settled_value;
};

// What settled and what accounts would have had to hold for it at the beginning, all together, in
// minor units of the ledger's currency.
struct SettlementQueueCurrency {
  LedgerIndex ledger = 0;
  core::Amount settled;
  core::Amount needed_one_by_one;  // each when it came, by itself
  core::Amount needed_as_settled;  // in the order and the sets in which they did
  core::Amount needed_together;    // all at once: no order of settlement needs less
};

// Values in minor units of the plan's value currency; without one, or without a rate, each trade
// counts 1.
struct SettlementQueueResult {
  std::uint64_t settled_alone = 0;
  core::Amount settled_alone_value;
  std::uint64_t settled_together = 0;
  core::Amount settled_together_value;
  std::uint64_t sets = 0;
  std::uint64_t waited = 0;     // trades that ever did
  std::uint64_t returned = 0;   // when their time was over
  std::uint64_t withdrawn = 0;  // by their parties
  std::vector<SettlementQueueRun> runs;
  std::vector<SettlementQueueCurrency> currencies;  // by ledger index
  // What waited from this time on.
  struct Level {
    core::LedgerTime at;
    std::uint32_t waiting = 0;
    core::Amount value;
  };
  std::vector<Level> levels;
};

// What settled on a ledger, as its log has it: a payment between two participants, or the leg of a
// settlement that one pays another.
struct Booking {
  LedgerIndex ledger = 0;
  core::LedgerTime time;  // of the batch
  ParticipantIndex from = 0;
  ParticipantIndex to = 0;
  core::Amount amount;
  std::optional<ActionIndex> payment;  // which; nothing of a leg
  core::Hash256 settlement_id;         // of a leg; else zero
  bool waited = false;                 // in the ledger's queue
  // Payments that left the queue together have one number from 1 up; 0: alone.
  std::uint32_t set = 0;
  bool part = false;      // of a payment whose rest waited on
  std::string algorithm;  // that settled the set, such as "bech-soramaki"
};

// What an account has drawn of its credit line from then on: how far its available balance is below
// zero, so that what is held counts. By what the ledger booked, one after another within a batch,
// and not within a set.
struct CreditUse {
  LedgerIndex ledger = 0;
  core::LedgerTime time;  // of the batch
  ParticipantIndex participant = 0;
  core::Amount drawn;
  core::Amount charge;  // for drawn credit, when that is what was booked; else zero
};

// The queue of a ledger: how long it was in which state, as it stood after each batch.
struct LedgerQueueResult {
  LedgerIndex ledger = 0;
  std::uint64_t waiting_max = 0;
  core::Amount waiting_value_max;
  std::uint64_t gridlocks = 0;  // how often it came about
  std::uint64_t deadlocks = 0;
  core::Duration in_gridlock;
  core::Duration gridlock_longest;
  core::Duration in_deadlock;
  core::Duration deadlock_longest;
  core::Duration undecided;
  // How payments settled, by themselves or in payment batches: "at-once", "alone" (out of the
  // queue), or the algorithm that its entry names, of offsetting at entry with "-entry" behind it.
  // By name.
  struct Settled {
    std::uint64_t count = 0;  // of payments, by how the last of them settled
    std::uint64_t parts = 0;  // that settled before the rest of their payments
    core::Amount value;       // of both
  };
  std::map<std::string, Settled> settled;
  // From each time on, until the next one.
  struct Level {
    core::LedgerTime at;
    std::uint32_t waiting = 0;
    core::Amount value;
    liquidity::QueueState state = liquidity::QueueState::kEmpty;
  };
  std::vector<Level> levels;
};

// An automated market maker at the end of the run.
struct PoolResult {
  std::size_t venue = 0;  // place in PlannedBridge::venues
  core::Amount base;      // what settled trades made of its reserves
  core::Amount quote;
  std::optional<core::Rate> price_scale;    // of a hybrid curve
  std::optional<core::Rate> price_average;  // of dealt prices, where the scale follows them
};

struct RunResult {
  std::string mode;                   // "simulated" or "live"
  std::vector<ActionResult> actions;  // by action index
  std::vector<LedgerResult> ledgers;  // by ledger index
  std::uint64_t decisions = 0;        // records in the decision log
  std::string decision_log_root;      // 64 hexadecimal digits; empty without a bridge
  ObserverResult observer;
  std::optional<MechanismResult> mechanism;               // of a simulated run that was measured
  std::optional<SettlementQueueResult> settlement_queue;  // of that mechanism
  std::vector<LedgerQueueResult> ledger_queues;  // of ledgers that have one, when it was measured
  std::vector<PoolResult> pools;                 // of a simulated run, by venue
  std::vector<Booking> bookings;  // in the order in which they came about; when it was measured
  // The same, of accounts whose terms give them credit, whenever what is drawn changes.
  std::vector<CreditUse> credit_uses;
  // What did not hold, one sentence each, beside the observer's alerts: settlements that are not
  // all or none (open, or ended in two ways), and every other invariant.
  std::vector<std::string> all_or_none_breaches;
  std::vector<std::string> other_breaches;
  // The trace (docs/formats/trace.md): batches of every log as they are in the journals, in the
  // order of Plan::ledgers, then the decision log's.
  struct LogTrace {
    std::string origin;
    std::string genesis;  // exact bytes; for the decision log, of its settlement policy
    std::vector<std::string> batches;
  };
  std::vector<LogTrace> logs;
};

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SPEC_RUN_RESULT_H_
