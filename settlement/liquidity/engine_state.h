// What is inside an Engine. Only the engine's own sources include this.
//
// Sums need no overflow checks: kTotalMinorMax bounds the funds of all banks together and the value
// of all payments that wait together, so whatever is added up of them fits 64 bits twice over.
#ifndef CAUSEWAY_SETTLEMENT_LIQUIDITY_ENGINE_STATE_H_
#define CAUSEWAY_SETTLEMENT_LIQUIDITY_ENGINE_STATE_H_

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/numeric/int128.h"
#include "settlement/liquidity/bypass_index.h"
#include "settlement/liquidity/engine.h"
#include "settlement/liquidity/pair_index.h"
#include "settlement/liquidity/sender_limits.h"

namespace causeway::liquidity {

inline constexpr std::int64_t kUnlimited = std::numeric_limits<std::int64_t>::max();

inline bool IsBounded(core::Amount amount) {
  return !amount.IsNegative() && amount.minor() <= kTotalMinorMax;
}
inline bool IsBoundedIfAny(const std::optional<core::Amount>& amount) {
  return !amount.has_value() || IsBounded(*amount);
}

// A payment: what runs over a queue touch, in half a cache line.
struct Node {
  std::int64_t amount = 0;  // what has not settled, while it waits
  BankIndex sender = 0;
  BankIndex receiver = 0;
  PaymentId previous = kNoPayment;  // in the sender's queue
  PaymentId next = kNoPayment;
  PaymentId pair_previous = kNoPayment;  // in its PairIndex list, where that is kept
  PaymentId pair_next = kNoPayment;
};

// The payments of a link, in the order of arrival.
struct LinkedPair {
  PaymentId first = kNoPayment;
  PaymentId second = kNoPayment;
};

struct QueueEnds {
  PaymentId head = kNoPayment;
  PaymentId tail = kNoPayment;
};

// What a bank pays and receives within a set of payments.
struct Flows {
  std::int64_t in = 0;
  std::array<std::int64_t, kPriorities> out = {0, 0, 0};

  std::int64_t Out() const { return out[0] + out[1] + out[2]; }
};

struct BankState {
  std::int64_t balance = 0;
  std::int64_t credit_line = 0;
  std::int64_t reserved_urgent = 0;
  std::int64_t reserved_high = 0;
  std::int64_t release_threshold = 0;
  std::int64_t holding_limit = kUnlimited;
  Flows queued;                  // in: payments to it; out: its own
  std::int64_t receipts = 0;     // of the window, less what was released out of them
  std::int64_t window = -1;      // the window that `receipts` belongs to
  std::int64_t lowest = 0;       // the lowest balance up to now
  std::int64_t drawn_since = 0;  // microseconds; since when the balance is as it is
  absl::uint128 drawn = 0;       // drawn credit times microseconds, up to then
  std::uint32_t queued_count = 0;
  bool due = false;      // stands in the list of banks to retry
  bool limited = false;  // has sender limits
  bool listed = false;   // stands in a list of a run or a test; false between them

  std::int64_t Funds() const { return balance + credit_line; }
};

// A run's or an entry's outcome.
struct Settled {
  std::uint32_t count = 0;
  std::int64_t value = 0;

  void Add(const Settled& other) {
    count += other.count;
    value += other.value;
  }
};

// Why a set settles, as its effects tell it.
struct SetCause {
  Cause cause = Cause::kNone;
  Algorithm algorithm = Algorithm::kNone;
};

struct Engine::State {
  State(const Rules& rules_in, const std::vector<BankTerms>& terms, core::LedgerTime start_in);

  // queue.cc: the lists. Sums of BankState and the indices are kept with them.
  int ClassOf(PaymentId payment) const {
    return classes == 1 ? 0 : static_cast<int>(PriorityOf(payment));
  }
  Priority PriorityOf(PaymentId payment) const {
    return static_cast<Priority>(flags[payment] & kPriorityMask);
  }
  PaymentState StateOf(PaymentId payment) const {
    return static_cast<PaymentState>(flags[payment] >> kStateShift);
  }
  bool IsQueued(PaymentId payment) const { return StateOf(payment) == PaymentState::kQueued; }
  void SetState(PaymentId payment, PaymentState to);
  void SetPriority(PaymentId payment, Priority to);
  QueueEnds& Ends(BankIndex bank, int priority_class) {
    return ends[std::size_t{bank} * static_cast<std::size_t>(classes) +
                static_cast<std::size_t>(priority_class)];
  }
  const QueueEnds& Ends(BankIndex bank, int priority_class) const {
    return const_cast<State*>(this)->Ends(bank, priority_class);
  }
  PaymentId Front(BankIndex bank) const;
  PaymentId Back(BankIndex bank) const;
  PaymentId After(PaymentId payment) const;
  PaymentId Before(PaymentId payment) const;
  bool HasAhead(BankIndex bank, Priority priority) const;
  bool Leads(PaymentId payment) const;
  PaymentId Add(const PaymentOrder& order, core::LedgerTime when);
  void Enqueue(PaymentId payment);
  void CountQueued(PaymentId payment);
  void Load(const std::vector<WaitingPayment>& waiting);
  void Dequeue(PaymentId payment);
  void Link(PaymentId payment, bool at_front);
  void Unlink(PaymentId payment);
  void LinkPair(PaymentId payment);
  void UnlinkPair(PaymentId payment);
  void Reduce(PaymentId payment, std::int64_t by);
  bool MayPass(PaymentId payment) const;
  void IndexForBypass(PaymentId payment);
  void RebuildBypass(BankIndex bank);
  std::int64_t BypassValue(PaymentId payment) const;
  void Move(PaymentId payment, Priority priority, bool to_front);
  std::vector<PaymentId> AllQueued();

  // links.cc: payments that settle in pairs.
  std::uint32_t LinkOf(PaymentId payment) const {
    return payment_links.empty() ? 0 : payment_links[payment];
  }
  PaymentId PartnerOf(PaymentId payment) const;
  bool Join(PaymentId payment, std::uint32_t link);
  bool KeepsLinksWhole(const std::vector<PaymentId>& set) const;
  bool KeepsOrder(const std::vector<PaymentId>& set) const;
  // kNoPayment unless that waits.
  PaymentId WaitingPartnerOf(PaymentId payment) const;
  // Nothing that a set could hold is missing: it has no link, or its partner waits.
  bool IsWhole(PaymentId payment) const {
    return LinkOf(payment) == 0 || WaitingPartnerOf(payment) != kNoPayment;
  }
  bool AddWhole(PaymentId payment, std::vector<PaymentId>& set) const;
  std::int64_t PairNeeds(PaymentId payment) const;
  void UpdateBypassOf(PaymentId payment);
  bool TryPair(PaymentId payment, Effects& effects);
  bool FindLargestLinkedPrefixes();
  void DropWithPartners(PaymentId payment, std::vector<BankIndex>& short_banks);
  void DropUntilLinkedPayersFit(std::vector<BankIndex>& short_banks);

  // linked_sets.cc: the algorithms' sets with links.
  std::vector<PaymentId> BetweenWithPartners(BankIndex one, BankIndex other, bool order_kept) const;
  bool SettleLinkedBetween(BankIndex one, BankIndex other, bool order_kept, SetCause why,
                           Effects& effects, Settled& settled);
  bool SettleLinkedHeads(BankIndex bank, SetCause why, Effects& effects, Settled& settled);
  void OffsetLinkedAtEntry(PaymentId payment, bool heads, std::uint32_t counters_max, SetCause why,
                           Effects& effects, Settled& settled);
  bool OffsetLinked(PaymentId payment, bool order_kept, std::uint32_t counters_max, SetCause why,
                    Effects& effects, Settled& settled);
  PaymentId OldestWhole(std::uint32_t pair, const std::vector<PaymentId>& other_than,
                        std::uint32_t& looks) const;
  std::vector<PaymentId> PathBack(PaymentId payment, std::size_t payments_max,
                                  const std::vector<PaymentId>& other_than,
                                  std::uint32_t& looks) const;
  bool TryRing(const std::vector<PaymentId>& ring, std::uint32_t banks_max, std::uint32_t& looks,
               Effects& effects, Settled& settled);

  // funds.cc: what may settle, and its booking.
  bool Binds(Priority priority) const {
    return !rules.limits_bind_normal_only || priority == Priority::kNormal;
  }
  void RollWindow(BankState& bank) const;
  std::int64_t UsableFunds(BankState& bank, Priority priority) const;
  std::int64_t LimitRoom(const Node& node, Priority priority) const;
  std::int64_t HoldingRoom(const BankState& bank) const;
  std::int64_t Usable(const Node& node, Priority priority);
  Refusal WhyNot(const Node& node, Priority priority);
  bool FundsFit(BankState& bank, const Flows& flows) const;
  bool Fits(BankIndex bank, const Flows& flows);
  void ChangeBankBalance(BankState& bank, std::int64_t change);
  void Count(BankState& bank, const Flows& flows);
  void BookOne(Node& node, Priority priority, std::int64_t amount);
  // Books the set if it fits as a whole. The payments wait, each is named once.
  bool TrySet(std::vector<PaymentId>& set, SetCause why, Effects& effects, Settled& settled);
  void CountFlow(PaymentId payment, bool back = false);
  void ClearFlows();
  bool TouchedFit();
  void BookSet(const std::vector<PaymentId>& set, SetCause why, Effects& effects);
  void CountLimits(const Node& node, std::int64_t amount, Priority priority);
  void WakeSendersTo(BankIndex payee);

  // release.cc: one by one.
  bool TrySettle(PaymentId payment, Cause cause, Effects& effects);
  std::int64_t PartOf(PaymentId payment);
  void MakeDue(BankIndex bank);
  void Retry(Effects& effects);
  void Release(BankIndex bank, Effects& effects);
  void ReleaseBypassing(BankIndex bank, Effects& effects);
  void Tell(EffectKind kind, PaymentId payment, std::int64_t amount, Effects& effects,
            Refusal refusal = Refusal::kNone);

  // The algorithms. Each returns what it settled in sets.
  Settled OffsetAtEntry(PaymentId payment, Effects& effects);
  bool OffsetAgainst(PaymentId payment, bool order_kept, std::uint32_t counters_max, SetCause why,
                     Effects& effects, Settled& settled);
  bool SettleBetween(std::vector<PaymentId>& one, std::vector<PaymentId>& other, SetCause why,
                     Effects& effects, Settled& settled);
  std::vector<PaymentId> LeadingTo(BankIndex bank, BankIndex payee) const;
  std::vector<PaymentId> PairPayments(std::uint32_t pair) const;
  Settled RunBilateral(Effects& effects);
  Settled RunBilateralSingle(const Optimisation& optimisation, Effects& effects);
  Settled RunBechSoramaki(SetCause why, Effects& effects);
  Settled RunAllOrNothing(Effects& effects);
  Settled RunMultiple(Effects& effects);
  Settled RunCycle(const Optimisation& optimisation, Effects& effects);
  Settled RunCycleOfHeads(const Optimisation& optimisation, Effects& effects);
  Settled RunGreedy(Effects& effects);
  Settled RunExact(const Optimisation& optimisation, Effects& effects);
  // Leaves in `last_kept` of each bank the last payment of its queue that is in the largest set.
  bool FindLargestPrefixes();
  bool OnlyFundsBind() const;
  bool FindLargestCoveredPrefixes();
  void CountAllTrials();
  BankIndex DropLast(BankIndex bank);
  bool PayerFits(BankIndex bank);
  void DropUntilPayersFit(std::vector<BankIndex>& short_banks);
  bool AnyHoldingLimit() const;
  PaymentId LatestKeptTo(BankIndex payee) const;
  bool DropForHoldingLimits(std::vector<BankIndex>& short_banks);
  std::vector<PaymentId> KeptPayments() const;

  // schedule.cc
  Settled Run(std::uint32_t index, Effects& effects);
  void RunDue(Effects& effects);
  void RunChosen(const std::vector<bool>& chosen, Effects& effects);
  void Advance(core::LedgerTime time, Effects& effects);
  void FindNextDue();

  // changes.cc
  Refusal WhyFixed(PaymentId payment) const;
  Refusal WhyNoChange(BankIndex bank, bool values_fit) const;
  SenderLimits& LimitsOf(BankIndex bank);

  // diagnosis.cc
  Order QueueOrder() const;
  Problem AsProblem(const std::vector<PaymentId>& of) const;
  std::vector<std::uint64_t> PlacesOf(const std::vector<PaymentId>& of) const;
  QueueState Diagnose(std::uint32_t exact_payments_max);
  bool NoneCanEverFit();
  void CheckInvariants() const;

  static constexpr std::uint8_t kPriorityMask = 3;
  static constexpr int kStateShift = 2;

  const Rules rules;
  const int classes;       // queues of each bank, one a priority with kPriority
  const bool keeps_pairs;  // whether anything asks for PairIndex
  const bool bypasses;     // whether payments may pass others of their bank (and class)
  const core::LedgerTime start;
  core::LedgerTime now;
  bool closed = false;

  std::vector<BankState> banks;
  std::vector<SenderLimits> limits;  // one a bank, once any bank has one; else empty
  std::vector<QueueEnds> ends;
  std::vector<BypassIndex> bypass;  // one a bank, when `bypasses`
  PairIndex pairs;

  std::vector<Node> nodes;
  std::vector<std::uint8_t> flags;  // priority and state
  std::vector<core::LedgerTime> submitted;
  std::vector<std::int64_t> settled_parts;   // of each payment; only with splitting
  std::vector<std::uint32_t> bypass_slots;   // of each payment; only when `bypasses`
  std::vector<std::uint32_t> payment_links;  // of each payment; only with links_settle_together
  absl::flat_hash_map<std::uint32_t, LinkedPair> linked_pairs;  // looked up only
  PaymentId oldest_queued_hint = 0;                             // no payment before it waits
  std::uint32_t queued_count = 0;
  std::int64_t queued_value = 0;
  std::int64_t total_balance = 0;
  std::int64_t total_funds = 0;  // of balances and credit lines
  std::uint32_t sets = 0;
  std::uint64_t parts = 0;  // that settled before the rest of their payments

  std::vector<BankIndex> due;  // to retry, from due_next on
  std::size_t due_next = 0;
  std::vector<core::LedgerTime> next_runs;
  core::LedgerTime next_due = core::LedgerTime::Max();

  // Scratch of tests and runs.
  std::vector<Flows> flows;
  std::vector<BankIndex> touched;
  std::vector<PaymentId> last_kept;
  std::vector<bool> in_set;  // by payment; of a run over linked payments
};

}  // namespace causeway::liquidity

#endif  // CAUSEWAY_SETTLEMENT_LIQUIDITY_ENGINE_STATE_H_
