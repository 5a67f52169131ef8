// The payments that wait between each two banks, by direction.
#ifndef CAUSEWAY_SETTLEMENT_LIQUIDITY_PAIR_INDEX_H_
#define CAUSEWAY_SETTLEMENT_LIQUIDITY_PAIR_INDEX_H_

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "settlement/liquidity/ids.h"

namespace causeway::liquidity {

// One list of payments for each (sender, receiver) that ever had one wait, in the order of arrival.
// The links lie with the payments (Node::pair_previous, pair_next); this has the ends and sums.
class PairIndex {
 public:
  static constexpr std::uint32_t kNoPair = ~std::uint32_t{0};

  struct Pair {
    BankIndex sender = 0;
    BankIndex receiver = 0;
    PaymentId head = kNoPayment;
    PaymentId tail = kNoPayment;
    std::int64_t value = 0;
    std::uint32_t reverse = kNoPair;         // the other direction, once it exists
    std::uint32_t next_of_sender = kNoPair;  // the sender's pairs, newest first
  };

  explicit PairIndex(std::uint32_t banks);
  // The pair's number, or kNoPair.
  std::uint32_t Find(BankIndex sender, BankIndex receiver) const;
  std::uint32_t FindOrAdd(BankIndex sender, BankIndex receiver);
  Pair& operator[](std::uint32_t pair) { return pairs_[pair]; }
  const Pair& operator[](std::uint32_t pair) const { return pairs_[pair]; }
  std::uint32_t size() const { return static_cast<std::uint32_t>(pairs_.size()); }
  std::uint32_t FirstOfSender(BankIndex sender) const { return first_of_sender_[sender]; }

 private:
  // Up to this many banks, numbers are looked up in a square of all pairs; beyond, in a hash map,
  // which is never iterated.
  static constexpr std::uint32_t kSquareBanksMax = 2048;

  std::uint64_t Key(BankIndex sender, BankIndex receiver) const {
    return std::uint64_t{sender} * banks_ + receiver;
  }

  std::uint64_t banks_;
  std::vector<std::uint32_t> square_;
  absl::flat_hash_map<std::uint64_t, std::uint32_t> sparse_;
  std::vector<Pair> pairs_;
  std::vector<std::uint32_t> first_of_sender_;
};

}  // namespace causeway::liquidity

#endif  // CAUSEWAY_SETTLEMENT_LIQUIDITY_PAIR_INDEX_H_
