#include "settlement/liquidity/pair_index.h"

namespace causeway::liquidity {

PairIndex::PairIndex(std::uint32_t banks) : banks_(banks), first_of_sender_(banks, kNoPair) {
  if (banks <= kSquareBanksMax) square_.assign(std::size_t{banks} * banks, kNoPair);
}

std::uint32_t PairIndex::Find(BankIndex sender, BankIndex receiver) const {
  const std::uint64_t key = Key(sender, receiver);
  if (!square_.empty()) return square_[key];
  const auto found = sparse_.find(key);
  return found == sparse_.end() ? kNoPair : found->second;
}

std::uint32_t PairIndex::FindOrAdd(BankIndex sender, BankIndex receiver) {
  const std::uint32_t found = Find(sender, receiver);
  if (found != kNoPair) return found;
  const auto added = static_cast<std::uint32_t>(pairs_.size());
  const std::uint32_t reverse = Find(receiver, sender);
  pairs_.push_back(Pair{.sender = sender,
                        .receiver = receiver,
                        .reverse = reverse,
                        .next_of_sender = first_of_sender_[sender]});
  if (reverse != kNoPair) pairs_[reverse].reverse = added;
  first_of_sender_[sender] = added;
  if (square_.empty()) {
    sparse_[Key(sender, receiver)] = added;
  } else {
    square_[Key(sender, receiver)] = added;
  }
  return added;
}

}  // namespace causeway::liquidity
