// What a member of a settlement queue does before it signs: it reckons its net positions from its
// own trades, and signs terms that move exactly those. A bridge that asks for anything else is
// refused.
#ifndef CAUSEWAY_SETTLEMENT_CLIENT_QUEUE_MEMBER_H_
#define CAUSEWAY_SETTLEMENT_CLIENT_QUEUE_MEMBER_H_

#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "settlement/client/queue_client.h"
#include "settlement/core/settlement.h"

namespace causeway::client {

// How far ahead the deadline of terms may lie that a member signs.
inline constexpr core::Duration kSignedDeadlineAheadMax = core::Duration::FromHours(2);

// How long after a trade's time a member still signs for it: a set is chosen while its trades are
// valid, and asking all members takes its time.
inline constexpr core::Duration kSignedAfterValidityMax = core::Duration::FromMinutes(5);

// What the member knows by itself.
struct QueueMembership {
  core::ParticipantId member;
  core::LedgerOrigin queue;
  QueueAccounts accounts;  // the member's own, one for each ledger that it trades on
  // Settlement policies that its central banks made known.
  std::vector<core::Hash256> policies;
  // Whether the member has agreed to that trade: by its own records, not the bridge's.
  std::function<bool(const core::Hash256& trade)> has_agreed;
};

struct CheckedAttempt {
  core::Hash256 settlement_id;
  core::LedgerTime deadline;
  std::vector<core::Hash256> trades;        // the member's own that it settles
  std::vector<core::LedgerOrigin> pays_on;  // where the member pays in it: ascending, never none
};

// Pure. FailedPrecondition says why it must not be signed: terms that do not decode or do not bind
// the legs, a policy that is not known, a deadline too far, a trade that the member has not agreed
// to, whose time is long over or that stands twice, a leg that debits or credits another account
// than the member's, legs that do not come to what its trades come to, on any ledger, or terms in
// which it pays nothing. It does not know what was signed before: before it signs, the caller calls
// ClaimTrades (signed_trades.h).
absl::StatusOr<CheckedAttempt> CheckSignatureRequest(const QueueMembership& membership,
                                                     const SignatureRequest& request,
                                                     core::LedgerTime now);

}  // namespace causeway::client

#endif  // CAUSEWAY_SETTLEMENT_CLIENT_QUEUE_MEMBER_H_
