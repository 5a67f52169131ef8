// That a member of a settlement queue signs for a trade in one settlement only. What it signed for
// a trade before is in its own records; whether that took place, or still may, its own ledgers say,
// each of its currency. The bridge is not asked.
#ifndef CAUSEWAY_SETTLEMENT_CLIENT_SIGNED_TRADES_H_
#define CAUSEWAY_SETTLEMENT_CLIENT_SIGNED_TRADES_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "settlement/client/ledger_client.h"
#include "settlement/client/queue_member.h"
#include "settlement/core/command.h"

namespace causeway::client {

// How far a ledger's clock must be past a deadline before its not knowing the settlement counts:
// for a prepare that it took in time and has not recorded yet, and for a clock that is set back a
// little.
inline constexpr core::Duration kPastDeadlineMargin = core::Duration::FromSeconds(10);

// What was signed for a trade last.
struct SignedSettlement {
  core::Hash256 settlement_id;
  core::LedgerTime deadline;
  std::vector<core::LedgerOrigin> pays_on;  // where the member pays in it: ascending, never none
  bool settled = false;                     // a ledger said so: never sign for the trade again

  friend bool operator==(const SignedSettlement&, const SignedSettlement&) = default;
};

// The member's records, one for each trade.
class SignedTrades {
 public:
  virtual ~SignedTrades() = default;

  // Nothing when none was signed for it. An error when it cannot be told: then nothing is signed.
  virtual absl::StatusOr<std::optional<SignedSettlement>> SignedFor(
      const core::Hash256& trade) const = 0;
  // Replaces what was noted before. Durable on return.
  virtual absl::Status NoteSigned(const core::Hash256& trade,
                                  const SignedSettlement& settlement) = 0;
};

// Where a settlement stands, by the word of one ledger.
struct SettlementStanding {
  // The ledger's clock, read before it was asked for the settlement: what it does not know at a
  // time past the deadline, it will not prepare.
  core::LedgerTime now;
  // Nothing: the ledger does not know it.
  std::optional<core::InstructionStatus> status;
};

using AskLedger = std::function<absl::StatusOr<SettlementStanding>(
    const core::LedgerOrigin& ledger, const core::Hash256& settlement)>;

// Asks one ledger, as the owner of `account`, from which the settlement pays. A ledger tells
// strangers nothing of a settlement, so this makes sure first that it takes the caller for the
// owner. FailedPrecondition when it is not the ledger of `genesis_hash`, or does not.
absl::StatusOr<SettlementStanding> AskForSettlement(const LedgerClient& ledger,
                                                    const core::Hash256& genesis_hash,
                                                    const core::ParticipantId& owner,
                                                    const core::AccountAddress& account,
                                                    const core::Hash256& settlement);

enum class SignedEnd : std::uint8_t {
  kOpen = 0,        // it may take place yet: held, or still to be prepared
  kUnknown = 1,     // like kOpen, and no ledger that the member pays on knows it
  kNeverBooks = 2,  // every ledger that the member pays on has refused or released it, or does not
                    // know it past its deadline: none of them will move the member's money
  kSettled = 3,     // one of them has booked it
};
struct SignedStanding {
  SignedEnd end = SignedEnd::kOpen;
  std::string why;  // for a person
};

// Asks every ledger in `signed_before.pays_on`. One that does not answer leaves it open.
SignedStanding StandingOf(const SignedSettlement& signed_before, const AskLedger& ask);

// To be called before the signature is made: on OK the records say durably that the trades of
// `attempt` are signed for in it, and the caller may sign. Repeating an attempt is free.
// FailedPrecondition: one of its trades has settled, never sign. Unavailable: one of them is in a
// settlement that may take place yet, or a ledger was not reached: not now; try again later. Other
// errors are the records'. Nothing is noted for a trade before all of them are free.
absl::Status ClaimTrades(const CheckedAttempt& attempt, SignedTrades& records,
                         const AskLedger& ask);

}  // namespace causeway::client

#endif  // CAUSEWAY_SETTLEMENT_CLIENT_SIGNED_TRADES_H_
