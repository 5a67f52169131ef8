#include "scenarios/study/receipts.h"

#include <algorithm>

namespace causeway::study {

void Receipts::BeginDay(PaymentIndex first, PaymentIndex last, TimeUs opens, TimeUs closes) {
  if (behaviours_.empty()) return;
  first_ = next_ = first;
  last_ = last;
  opens_ = opens;
  closes_ = closes;
  settled_.assign(last - first, 0);
  sums_.assign(input_.accounts.size(), {});
  by_payer_.clear();
  for (PaymentIndex i = first; i < last; ++i) {
    const Payment& payment = input_.payments[i];
    if (payment.due >= closes) continue;
    sums_[payment.recipient].expected += payment.amount;
    if (behaviours_[payment.recipient] == nullptr) continue;
    by_payer_[Pair(payment.sender, payment.recipient)].expected += payment.amount;
  }
}

void Receipts::AddMissing(const Payment& payment, std::int64_t amount) {
  sums_[payment.recipient].missing += amount;
  if (behaviours_[payment.recipient] == nullptr) return;
  by_payer_[Pair(payment.sender, payment.recipient)].missing += amount;
}

void Receipts::OnSettled(PaymentIndex payment, std::int64_t amount) {
  if (behaviours_.empty()) return;
  settled_[payment - first_] += amount;
  if (payment < next_) AddMissing(input_.payments[payment], -amount);
}

void Receipts::AdvanceTo(TimeUs now) {
  for (; next_ < last_; ++next_) {
    const Payment& payment = input_.payments[next_];
    if (payment.due >= closes_ || std::max(payment.due, opens_) + kReceiptMissingAfter > now)
      return;
    AddMissing(payment, payment.amount - settled_[next_ - first_]);
  }
}

Receipts::Sums Receipts::From(AccountIndex payer, AccountIndex account) const {
  const auto found = by_payer_.find(Pair(payer, account));
  return found == by_payer_.end() ? Sums() : found->second;
}

}  // namespace causeway::study
