// The queue of one RTGS ledger, and what settles payments out of it: a pure state machine.
//
// Inputs are times, payments and changes; what happened is appended to a vector of the caller. The
// same inputs give the same effects on every machine. No clock, no thread, no randomness.
//
// Funds. A bank's *funds* are its balance plus its credit line. What a payment may use of them:
//   urgent  all;
//   high    what is left when the urgent reservation is kept;
//   normal  what is left when both reservations, and with kBalanceReactive the release threshold,
//           are kept; with kReceiptReactive also no more than the receipts of the window.
// A settled urgent (high) payment uses its reservation up. Sender limits and the payee's holding
// limit are tested besides. docs/liquidity.md has the exact conditions.
//
// Sets. Payments that settle together are one booking of the set: tested once on every bank's net,
// booked gross, between two states of the ledger that both keep all conditions. There need be no
// order in which they could be booked one by one (a ring of banks without funds has none), so none
// is promised; effects name the set, and list it in the order of arrival. At no instant that a
// caller can see is a bank's balance below minus its credit line, and the sum of all balances
// never changes but by ChangeBalance. Both are checked in every build.
//
// After whatever gives a bank more room, its queue is tried again: banks in the order in which that
// befell them, each as far as it goes, until nothing moves.
#ifndef CAUSEWAY_SETTLEMENT_LIQUIDITY_ENGINE_H_
#define CAUSEWAY_SETTLEMENT_LIQUIDITY_ENGINE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "settlement/core/amount.h"
#include "settlement/core/time.h"
#include "settlement/liquidity/problem.h"
#include "settlement/liquidity/rules.h"
#include "settlement/liquidity/types.h"

namespace causeway::liquidity {

struct PaymentOrder {
  BankIndex sender = 0;
  BankIndex receiver = 0;
  core::Amount amount;
  Priority priority = Priority::kNormal;
  // With Rules::links_settle_together, else without effect: two payments with the same number other
  // than 0 settle in one instant or not at all. The first waits for the second, and what its bank's
  // queue has behind it waits too where that keeps its order. Each has a priority of its own.
  std::uint32_t link = 0;
};

// A payment that waits already when an engine begins.
struct WaitingPayment {
  PaymentOrder order;          // with the amount that has not settled
  core::Amount settled;        // in parts before; zero without splitting
  core::LedgerTime submitted;  // not after the engine's start
  // Where it stands in its sender's queue: compared among that sender's, or with kPriority among
  // those of one priority. No two are alike.
  std::uint64_t place = 0;
};

enum class PaymentState : std::uint8_t { kQueued, kSettled, kRejected, kCancelled, kExpired };

struct PaymentView {
  PaymentOrder order;
  core::LedgerTime submitted;
  PaymentState state = PaymentState::kQueued;
  core::Amount unsettled;  // of a queued payment, less than its amount when a part has settled
};

struct BankView {
  core::Amount balance;
  core::Amount credit_line;
  core::Amount reserved_urgent;  // what is left of it
  core::Amount reserved_high;
  std::uint32_t queued_count = 0;
  core::Amount queued_out;   // the value of its payments that wait
  core::Amount queued_in;    // the value of payments to it that wait
  core::Amount peak_credit;  // the most of the credit line that was drawn
  core::Amount lowest_balance;
  // What the drawn credit costs up to now at the rules' price, rounded half-even.
  core::Amount credit_charge;
};

// Not for several threads at once. Movable.
class Engine {
 public:
  using Effects = std::vector<Effect>;

  // InvalidArgument when rules or terms are not sound; the message names what is wrong. Time starts
  // at `start`; nothing may be given an earlier time.
  static absl::StatusOr<Engine> Create(const Rules& rules, const std::vector<BankTerms>& banks,
                                       const std::vector<BilateralLimit>& limits,
                                       core::LedgerTime start);
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;
  ~Engine();

  // For an engine that goes on from somebody else's books, in steps. Nothing is tried by itself.
  //
  // Puts payments into the queue of an engine that has none yet; they get the numbers 0, 1, ... in
  // the order given, which is that of their arrival. Each must be sound, and all fit the bounds.
  void Load(const std::vector<WaitingPayment>& waiting);
  // Tries every bank's queue: by index, each with all that it makes room for.
  void ReleaseAll(Effects& effects);
  // Offsets a queued payment as when it is submitted, and releases what that makes room for.
  void OffsetAtEntry(PaymentId payment, Effects& effects);
  // Runs those entries of Rules::optimisations that are chosen, in the order of the list, as if all
  // were due now. `chosen` has a value for each.
  void RunChosen(const std::vector<bool>& chosen, Effects& effects);

  // Grows the arrays for so many payments, so that none moves later. Advice only.
  void ReservePayments(std::uint32_t payments);

  // All of the following first run what the rules have scheduled up to and including `time`, as
  // AdvanceTo does. A time before now() counts as now(). Effects are appended, never removed.

  // Settles, queues or rejects the payment. Returns its number; every payment gets one, so more
  // than kPaymentsMax must not be submitted.
  PaymentId Submit(core::LedgerTime time, const PaymentOrder& order, Effects& effects);
  // Runs the optimisations due up to and including `time`, each at its own time.
  void AdvanceTo(core::LedgerTime time, Effects& effects);
  // Runs one entry of Rules::optimisations now, whatever its schedule. Returns how many settled.
  std::uint32_t RunOptimisation(core::LedgerTime time, std::uint32_t index, Effects& effects);

  // Changes. Each retries what it gives room to. kNone, or why nothing was changed.
  Refusal Cancel(core::LedgerTime time, PaymentId payment, Effects& effects);
  // Moves a queued payment to the end of the queue of its new priority (with disciplines that do
  // not order by priority its place stays).
  Refusal Reprioritise(core::LedgerTime time, PaymentId payment, Priority priority,
                       Effects& effects);
  // Moves a queued payment before or behind all others of its bank's queue (and priority).
  Refusal MoveToFront(core::LedgerTime time, PaymentId payment, Effects& effects);
  Refusal MoveToEnd(core::LedgerTime time, PaymentId payment, Effects& effects);
  // Money that comes from or leaves to outside: funding, defunding, other ledgers. kUncovered when
  // it would leave the balance below minus the credit line.
  Refusal ChangeBalance(core::LedgerTime time, BankIndex bank, core::Amount change,
                        Effects& effects);
  // Sets collateral, its haircut and further credit. kUncovered when more is drawn than remains.
  Refusal SetCredit(core::LedgerTime time, BankIndex bank, core::Amount collateral,
                    std::uint32_t haircut_basis_points, core::Amount uncollateralised,
                    Effects& effects);
  Refusal SetReservations(core::LedgerTime time, BankIndex bank, core::Amount urgent,
                          core::Amount high, Effects& effects);
  Refusal SetReleaseThreshold(core::LedgerTime time, BankIndex bank, core::Amount threshold,
                              Effects& effects);
  Refusal SetHoldingLimit(core::LedgerTime time, BankIndex bank, std::optional<core::Amount> limit,
                          Effects& effects);
  // A limit counts the payments that it binds, settled since it was first set. Without a value it
  // is lifted. A bilateral limit takes the pair out of the multilateral position from then on.
  Refusal SetBilateralLimit(core::LedgerTime time, BankIndex sender, BankIndex receiver,
                            std::optional<core::Amount> limit, Effects& effects);
  Refusal SetMultilateralLimit(core::LedgerTime time, BankIndex bank,
                               std::optional<core::Amount> limit, Effects& effects);
  // Ends the day: what waits expires, and nothing is accepted any more.
  void Close(core::LedgerTime time, Effects& effects);

  // Whether the payments that wait are in gridlock or deadlock. Where the discipline keeps the
  // order, this is exact and takes time linear in the queue. Where order is free, telling is as
  // hard as SUBSET SUM: exact when at most `exact_payments_max` wait, and else kGridlock or
  // kDeadlock only when a set was found or none can exist, and kUndecided otherwise. Changes
  // nothing.
  QueueState Diagnose(std::uint32_t exact_payments_max = 16) const;
  // The queue as it stands, for the exact solver and for tests. Payments in the order of arrival.
  Problem QueueAsProblem() const;

  core::LedgerTime now() const;
  std::uint32_t banks() const;
  std::uint32_t payments() const;
  std::uint32_t queued_count() const;
  core::Amount queued_value() const;
  core::Amount Balance(BankIndex bank) const;
  BankView Bank(BankIndex bank) const;
  PaymentView Payment(PaymentId payment) const;
  // Of a bank's queue in its order: the first payment, and the one after; kNoPayment at the end.
  PaymentId QueueFront(BankIndex bank) const;
  PaymentId QueueNext(PaymentId payment) const;
  // Recomputes everything that is kept up to date step by step, and aborts when any of it differs.
  // Linear in payments and banks; for tests.
  void CheckInvariants() const;

  struct State;  // engine_state.h; not for callers

 private:
  explicit Engine(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace causeway::liquidity

#endif  // CAUSEWAY_SETTLEMENT_LIQUIDITY_ENGINE_H_
