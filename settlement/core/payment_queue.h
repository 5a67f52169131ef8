// The payments of a ledger that wait for funds, account by account in the order of their release.
// What happens to them is in ledger_queue.cc.
#ifndef CAUSEWAY_SETTLEMENT_CORE_PAYMENT_QUEUE_H_
#define CAUSEWAY_SETTLEMENT_CORE_PAYMENT_QUEUE_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

#include "settlement/core/command.h"
#include "settlement/core/entry.h"

namespace causeway::core {

// All that waits on one ledger comes to at most this, so that no sum of it overflows. One owner's
// share of it, and of the rules' count, is an eighth, so that nobody takes the queue from others.
inline constexpr std::int64_t kQueuedValueMax = std::int64_t{1} << 60;
inline constexpr std::uint32_t kOwnersInFullQueue = 8;

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
  Amount amount;
  PaymentPriority priority = PaymentPriority::kNormal;
  TransactionCode code = TransactionCode::kPayment;
  std::uint64_t since = 0;  // as in its place
};

class PaymentQueue {
 public:
  using OfAccount = std::map<QueuePlace, QueuedPayment>;

  const QueueRules& rules() const { return rules_; }
  // Only while nothing waits.
  void SetRules(const QueueRules& rules);

  std::size_t size() const { return by_key_.size(); }
  bool empty() const { return by_key_.empty(); }
  Amount value() const { return Amount::FromMinor(value_); }
  // By number of the account that pays; none of them is empty.
  const std::map<std::uint32_t, OfAccount>& accounts() const { return accounts_; }
  const OfAccount* Find(std::uint32_t debtor) const;
  const QueuedPayment* Find(const InstructionKey& key) const;
  // Whether something waits to be paid to the account.
  bool Awaits(std::uint32_t creditor) const { return incoming_.contains(creditor); }
  // Whether a new payment of the account need not wait for those that do.
  bool MayPass(std::uint32_t debtor, PaymentPriority priority) const;
  // Why it finds no room, if it does not: what there is and what is allowed.
  std::optional<Rejection> CheckRoom(std::uint32_t owner, Amount amount) const;

  void Insert(const QueuedPayment& payment);
  QueuedPayment Remove(const InstructionKey& key);

  LedgerTime next_optimisation;  // not before

 private:
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
};

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_PAYMENT_QUEUE_H_
