// The rules of one ledger's queue, and the terms of one bank in it.
#ifndef CAUSEWAY_SETTLEMENT_LIQUIDITY_RULES_H_
#define CAUSEWAY_SETTLEMENT_LIQUIDITY_RULES_H_

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "settlement/core/amount.h"
#include "settlement/core/time.h"
#include "settlement/liquidity/types.h"

namespace causeway::liquidity {

// When a bank's normal payments are released from the queue, besides being covered.
enum class Release : std::uint8_t {
  kFunds,            // nothing else
  kReceiptReactive,  // out of what the bank received in the current window only (RRGS)
  kBalanceReactive,  // only while the bank keeps its release threshold
};

// How an algorithm of Rules::optimisations is run.
struct Optimisation {
  Algorithm algorithm = Algorithm::kNone;
  // Run at `first`, then every `every`; zero: only when Engine::RunOptimisation asks. Runs of one
  // instant happen in the order of the list.
  core::LedgerTime first;
  core::Duration every;
  // Only when the optimisation before it in the list, at the same instant, settled nothing: with
  // kAllOrNothing, kPartial and kMultiple in a row, the sequence that TARGET2 ran.
  bool only_if_previous_settled_nothing = false;
  // kBilateralSingle: so long a payment must have waited before counter-payments are looked for,
  // and so many are at most (RITS: one minute, ten).
  core::Duration wait_min;
  std::uint32_t counter_payments_max = 10;
  // kCycle: the most banks in a ring, 2 .. kCycleBanksMax.
  std::uint32_t cycle_banks_max = 5;
  // kExact, and kDiagnose where order is free: the most payments looked at, from the oldest,
  // 1 .. kExactPaymentsMax.
  std::uint32_t exact_payments_max = 16;
};
inline constexpr std::uint32_t kCycleBanksMax = 16;
inline constexpr std::uint32_t kExactPaymentsMax = 28;
inline constexpr std::uint32_t kOptimisationsMax = 64;

// Offsetting in the moment of submission, when a payment is not covered alone.
enum class EntryOffset : std::uint8_t {
  kNone,
  kHeads,   // against the head of the payee's queue and what follows it, order kept
  kSingle,  // against up to `entry_counter_payments_max` of the payee's payments to the payer
};

// Payments that may settle in parts. All zero: none may.
struct Splitting {
  core::Amount threshold;  // payments of at least this value may be split
  core::Amount part_min;   // no part but the last is smaller; at least one minor unit
  core::Amount part_max;   // no part is larger, even where funds are ample; zero: no such bound
};

struct Rules {
  Discipline discipline = Discipline::kFifo;
  // kPriority: normal payments let later normal ones pass, as in TARGET2 and T2.
  bool normal_bypass = false;
  Release release = Release::kFunds;
  // kReceiptReactive: windows of this length follow one another from the engine's start.
  core::Duration receipt_window = core::Duration::FromHours(24);
  EntryOffset entry_offset = EntryOffset::kNone;
  std::uint32_t entry_counter_payments_max = 10;
  Splitting splitting;
  // Parts, but for last ones, that settle while the engine lives.
  std::uint64_t parts_max = std::numeric_limits<std::uint64_t>::max();
  // Sender limits bind normal payments only, as in TARGET2; else all.
  bool limits_bind_normal_only = true;
  // The two payments with one PaymentOrder::link settle in one instant or not at all, by whatever
  // discipline that has a queue and by whatever algorithm; not with splitting.
  bool links_settle_together = false;
  std::vector<Optimisation> optimisations;
  // Payments that may wait at once.
  std::uint32_t queue_max = kPaymentsMax;
  // The price of intraday credit in millionths of the drawn value a day of 24 hours; zero: free.
  std::int64_t credit_price_ppm_per_day = 0;
  // Whether kQueued effects are told.
  bool tell_queued = true;
};

// Says what is wrong with `rules`: InvalidArgument that names the field.
absl::Status CheckRules(const Rules& rules);

inline constexpr std::uint32_t kHaircutBasisPointsMax = 10'000;

// A credit line in minor units: the part of the collateral that counts, rounded down, and further
// credit. All within the engine's bounds.
std::int64_t CreditLineOf(core::Amount collateral, std::uint32_t haircut_basis_points,
                          core::Amount uncollateralised);

// What a bank has and keeps to. Amounts are at least zero, but for the balance, which is at least
// minus the credit line.
struct BankTerms {
  core::Amount balance;
  // Collateral posted and the share of its value that does not count, in basis points (0 .. 10000);
  // the rest, rounded down, is a credit line.
  core::Amount collateral;
  std::uint32_t haircut_basis_points = 0;
  core::Amount uncollateralised_credit;  // a further credit line, without collateral
  // Funds kept for urgent payments; for urgent and high ones.
  core::Amount reserved_urgent;
  core::Amount reserved_high;
  core::Amount release_threshold;  // kBalanceReactive
  // The most that the bank's net payments to all banks without a bilateral limit may come to.
  std::optional<core::Amount> multilateral_limit;
  std::optional<core::Amount> holding_limit;  // the most that its balance may come to by receipts
  // What came before the engine's start. kReceiptReactive: received in the window that is under
  // way, less what was released out of it; of the multilateral limit, what it has counted, which
  // may be below zero.
  core::Amount receipts;
  core::Amount multilateral_position;
};

// The most that `sender` may have paid to `receiver` beyond what it received from it.
struct BilateralLimit {
  BankIndex sender = 0;
  BankIndex receiver = 0;
  core::Amount limit;
  core::Amount position;  // what it has counted before the engine's start; may be below zero
};

}  // namespace causeway::liquidity

#endif  // CAUSEWAY_SETTLEMENT_LIQUIDITY_RULES_H_
