// What a ledger asks when its queue's rules are those of docs/liquidity.md: which of the payments
// that wait settle, one by one and in sets, and in which order. settlement/liquidity answers by the
// engine of studies (liquidity/ledger_selector.h), so that one code decides live and simulated.
//
// The ledger asks once, at the end of a batch, and tells all that the answer may depend on: nothing
// is kept between two questions. What comes back is tested by the ledger before it is booked, in
// every build; an answer that does not keep a payer covered or a payee within its limit stops it.
#ifndef CAUSEWAY_SETTLEMENT_CORE_QUEUE_SELECTOR_H_
#define CAUSEWAY_SETTLEMENT_CORE_QUEUE_SELECTOR_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/numeric/int128.h"
#include "absl/status/status.h"
#include "settlement/core/amount.h"
#include "settlement/core/command.h"
#include "settlement/core/time.h"

namespace causeway::core {

// An account that pays or receives something that waits. Amounts are minor units, and at least zero
// but for positions.
struct SelectorAccount {
  std::uint32_t number = 0;  // the ledger's
  absl::int128 funds = 0;    // available plus credit line
  // By how much its balance may grow; none: without bound.
  std::optional<absl::int128> room;
  // Kept for urgent payments; for urgent and high ones. What is left of it now.
  Amount reserved_urgent;
  Amount reserved_high;
  Amount release_threshold;  // with QueueRelease::kBalanceReactive: kept from normal payments
  // With QueueRelease::kReceiptReactive: received in this window, less normal payments out of it.
  Amount receipts;
  // The most that it may have paid, less received, to and from all without a bilateral limit, and
  // what that comes to now.
  std::optional<Amount> multilateral_limit;
  Amount multilateral_position;
};

// The most that `sender` may have paid to `receiver` beyond what it received from it, and what that
// comes to now. Both are positions among the accounts.
struct SelectorLimit {
  std::uint32_t sender = 0;
  std::uint32_t receiver = 0;
  Amount limit;
  Amount position;
};

struct SelectorPayment {
  std::uint32_t debtor = 0;  // positions among the accounts
  std::uint32_t creditor = 0;
  Amount amount;   // what has not settled; positive
  Amount settled;  // in parts before
  PaymentPriority priority = PaymentPriority::kNormal;
  std::uint64_t place = 0;  // in its debtor's queue, compared among those of one rank
  LedgerTime submitted;
  bool is_new = false;  // came in this batch: offset at entry is tried
};

// The queue as it stands. The values of all payments together are at most kSelectorValueMax.
struct QueueProblem {
  LedgerTime now;
  std::vector<SelectorAccount> accounts;  // by number
  std::vector<SelectorLimit> limits;
  std::vector<SelectorPayment> payments;  // in the order of arrival
  // Of each of QueueRules::optimisations, whether it runs now.
  std::vector<bool> runs;
};
inline constexpr std::int64_t kSelectorValueMax = std::int64_t{1} << 58;
// Parts of payments that one answer may have besides whole and last ones: by a part of one minor
// unit that goes round, there would be no end of them in one batch. What more there could be
// settles with later batches.
inline constexpr std::uint32_t kSelectorPartsMax = 8192;

// One payment that settles.
struct SelectedPayment {
  std::uint32_t payment = 0;  // position among the problem's
  // All that has not settled; or less: a part as QueueRules::splitting allows, and the rest waits.
  Amount amount;
  // Payments that settle together have one number, from 1 up, and come one right after another;
  // 0: alone.
  std::uint32_t set = 0;
  bool at_entry = false;  // the set came about because one of them is new
  QueueAlgorithm algorithm = QueueAlgorithm::kNone;  // of a set
  std::uint8_t algorithm_version = 0;
};

// Stateless: calls from several threads do not meet, and the same question has the same answer on
// every machine and for ever; a change of what an algorithm selects has a new version of it.
class QueueSelector {
 public:
  virtual ~QueueSelector() = default;

  // Says what is wrong with the rules: InvalidArgument that names the field.
  virtual absl::Status CheckRules(const QueueRules& rules) const = 0;
  // The most that one payment of that priority could take from the account now, alone: what it has,
  // less what is kept from such payments. May be negative. `limit_room` is what the limits of the
  // sender allow it towards the payee, when it has any that bind.
  virtual absl::int128 UsableAlone(const QueueRules& rules, const SelectorAccount& account,
                                   PaymentPriority priority,
                                   std::optional<absl::int128> limit_room) const = 0;
  // What settles, in the order of booking: what is covered alone, then what is new and offsets with
  // what waits, then by the optimisations that run, each with what it makes room for. A payment is
  // named once, or more often in parts.
  virtual std::vector<SelectedPayment> Select(const QueueRules& rules,
                                              const QueueProblem& problem) const = 0;
};

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_QUEUE_SELECTOR_H_
