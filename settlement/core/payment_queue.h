// The payments of a ledger that wait for funds, account by account in the order of their release.
// What happens to them is in ledger_queue.cc.
#ifndef CAUSEWAY_SETTLEMENT_CORE_PAYMENT_QUEUE_H_
#define CAUSEWAY_SETTLEMENT_CORE_PAYMENT_QUEUE_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "settlement/core/bytes.h"
#include "settlement/core/command.h"
#include "settlement/core/entry.h"
#include "settlement/core/queue_selector.h"

namespace causeway::core {

class FieldReader;

// Bounds of the rules that a selector carries out, so that the end of a batch comes soon.
inline constexpr std::uint32_t kCounterPaymentsMax = 100;
inline constexpr std::uint32_t kCycleAccountsMax = 16;
inline constexpr std::uint32_t kExactMax = 16;

// Which field of the rules is wrong, and what it must be; empty: none. What only a selector can say
// of them is QueueSelector::CheckRules.
std::string WhyInvalid(const QueueRules& rules);

// Whether a payment of that amount, as a whole, may settle in parts.
bool MaySplit(const QueueRules& rules, Amount whole);
// The most of it that may settle alone in one part.
Amount LargestPart(const QueueRules& rules, Amount whole);

// All that waits on one ledger comes to at most this, so that no sum of it overflows. One owner's
// share of it, and of the rules' count, is an eighth, so that nobody takes the queue from others.
inline constexpr std::int64_t kQueuedValueMax = std::int64_t{1} << 60;
inline constexpr std::uint32_t kOwnersInFullQueue = 8;
static_assert(kSelectorValueMax <= kQueuedValueMax);

// The order in which an account's payments are released.
struct QueuePlace {
  std::uint8_t rank = 0;    // 0 first; always 0 where priorities do not order the queue
  std::uint64_t since = 0;  // leaf of the entry that put it there

  friend auto operator<=>(const QueuePlace&, const QueuePlace&) = default;
};

struct QueuedPayment {
  InstructionKey key;
  std::uint32_t owner = 0;   // number of the debtor's
  std::uint32_t debtor = 0;  // numbers of the accounts
  std::uint32_t creditor = 0;
  Amount amount;   // what has not settled
  Amount settled;  // in parts before
  PaymentPriority priority = PaymentPriority::kNormal;
  TransactionCode code = TransactionCode::kPayment;
  std::uint64_t since = 0;  // as in its place
  // Leaf and time of the entry by which it came to wait, wherever it was moved since: those of its
  // InstructionState.
  std::uint64_t arrived = 0;
  LedgerTime submitted;
};

class PaymentQueue {
 public:
  using OfAccount = std::map<QueuePlace, QueuedPayment>;

  const QueueRules& rules() const { return rules_; }
  // Only while nothing waits.
  void SetRules(const QueueRules& rules);
  // Whether a selector says what settles.
  bool selects() const { return selects_; }

  std::size_t size() const { return by_key_.size(); }
  bool empty() const { return by_key_.empty(); }
  Amount value() const { return Amount::FromMinor(value_); }
  // By number of the account that pays; none of them is empty.
  const std::map<std::uint32_t, OfAccount>& accounts() const { return accounts_; }
  const OfAccount* Find(std::uint32_t debtor) const;
  const QueuedPayment* Find(const InstructionKey& key) const;
  // The debtor's payment of that priority in that place.
  const QueuedPayment* FindAt(std::uint32_t debtor, PaymentPriority priority,
                              std::uint64_t since) const;
  // How many wait to be paid to an account, by its number.
  const std::map<std::uint32_t, std::uint32_t>& creditors() const { return incoming_; }
  // Whether something waits to be paid to the account.
  bool Awaits(std::uint32_t creditor) const { return incoming_.contains(creditor); }
  // Whether a new payment of the account need not wait for those that do.
  bool MayPass(std::uint32_t debtor, PaymentPriority priority) const;
  // Why it finds no room, if it does not: what there is and what is allowed.
  std::optional<Rejection> CheckRoom(std::uint32_t owner, Amount amount) const;

  void Insert(const QueuedPayment& payment);
  QueuedPayment Remove(const InstructionKey& key);
  // Less than what waits of it has settled. The rest keeps its place.
  void SettlePart(const InstructionKey& key, Amount part);

  LedgerTime next_optimisation;  // not before; of rules of old

  // Of rules that a selector carries out; else all of it stays as it is.
  //
  // The business day opened, or the rules were set on an open day.
  void StartDay(LedgerTime now);
  // Which of QueueRules::optimisations are due; they are next due later.
  std::vector<bool> TakeDue(LedgerTime now);
  const std::vector<LedgerTime>& next_runs() const { return next_runs_; }
  // Whether receipts are counted: QueueRelease::kReceiptReactive.
  bool counts_receipts() const { return counts_receipts_; }
  // In the window of that time; not before the last time that something was added.
  Amount ReceiptsOf(std::uint32_t account, LedgerTime now) const;
  // The highest number of an account that has receipts; 0: none.
  std::uint32_t LastWithReceipts() const {
    return receipts_.empty() ? 0 : receipts_.rbegin()->first;
  }
  // Less than zero: released out of them.
  void AddReceipts(std::uint32_t account, Amount change, LedgerTime now);
  // The rules and what is kept with them, but for the payments: in snapshots and the state root
  // (docs/formats/snapshot.md). For rules that a selector carries out.
  void WriteSelected(Writer& writer) const;
  // After the first byte, which is one of the two below. Faults when it is not sound.
  void ReadSelected(std::uint8_t first, FieldReader& reader);
  // In the place of a discipline's number. The second has the rules that came later, and is there
  // only where one of them is set.
  static constexpr std::uint8_t kSelectedRules = 255;
  static constexpr std::uint8_t kSelectedRulesWithParts = 254;

 private:
  std::int64_t ValueMax() const { return selects_ ? kSelectorValueMax : kQueuedValueMax; }
  QueuePlace PlaceOf(const QueuedPayment& payment) const;
  std::uint8_t RankOf(PaymentPriority priority) const;

  struct Position {
    std::uint32_t debtor = 0;
    QueuePlace place;
  };
  QueueRules rules_;
  std::map<std::uint32_t, OfAccount> accounts_;
  std::map<InstructionKey, Position> by_key_;
  std::map<std::uint32_t, std::uint32_t> incoming_;  // how many, by creditor
  struct Share {
    std::uint32_t count = 0;
    std::int64_t value = 0;
  };
  std::map<std::uint32_t, Share> shares_;  // by owner of the debtor's account
  std::int64_t value_ = 0;

  bool selects_ = false;
  bool counts_receipts_ = false;
  std::vector<LedgerTime> next_runs_;  // of each optimisation
  LedgerTime window_start_;
  std::map<std::uint32_t, Amount> receipts_;  // by account; none of them is zero
};

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_PAYMENT_QUEUE_H_
