#include "settlement/core/payment_queue.h"

#include "settlement/core/check.h"

namespace causeway::core {

void PaymentQueue::SetRules(const QueueRules& rules) {
  CW_CHECK(empty(), "what waits keeps the rules that it came under");
  rules_ = rules;
  next_optimisation = LedgerTime();
}

const PaymentQueue::OfAccount* PaymentQueue::Find(std::uint32_t debtor) const {
  const auto found = accounts_.find(debtor);
  return found == accounts_.end() ? nullptr : &found->second;
}

const QueuedPayment* PaymentQueue::Find(const InstructionKey& key) const {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  return &accounts_.at(found->second.debtor).at(found->second.place);
}

bool PaymentQueue::MayPass(std::uint32_t debtor, PaymentPriority priority) const {
  const OfAccount* waiting = Find(debtor);
  if (waiting == nullptr) return true;
  switch (rules_.discipline) {
    case QueueDiscipline::kFifoBypass:
      return true;
    case QueueDiscipline::kPriority:
      return RankOf(priority) < waiting->begin()->first.rank;
    case QueueDiscipline::kNone:
    case QueueDiscipline::kFifo:
      break;
  }
  return false;
}

std::optional<Rejection> PaymentQueue::CheckRoom(Amount amount) const {
  if (size() >= rules_.queued_max) {
    return Rejection{.outcome = Outcome::kLimitExceeded,
                     .actual = static_cast<std::int64_t>(size()),
                     .required = rules_.queued_max,
                     .rule = "queued payments"};
  }
  if (amount.minor() > kQueuedValueMax - value_) {
    return Rejection{.outcome = Outcome::kLimitExceeded,
                     .actual = value_,
                     .required = kQueuedValueMax,
                     .rule = "queued value"};
  }
  return std::nullopt;
}

void PaymentQueue::Insert(const QueuedPayment& payment) {
  const QueuePlace place = PlaceOf(payment);
  const bool is_new = by_key_.try_emplace(payment.key, Position{payment.debtor, place}).second;
  CW_CHECK(is_new && payment.amount.minor() <= kQueuedValueMax - value_, "its room was checked");
  accounts_[payment.debtor].emplace(place, payment);
  ++incoming_[payment.creditor];
  value_ += payment.amount.minor();
}

QueuedPayment PaymentQueue::Remove(const InstructionKey& key) {
  const auto position = by_key_.find(key);
  CW_CHECK(position != by_key_.end(), "the caller found it");
  const auto account = accounts_.find(position->second.debtor);
  const auto place = account->second.find(position->second.place);
  QueuedPayment payment = place->second;
  account->second.erase(place);
  if (account->second.empty()) accounts_.erase(account);
  by_key_.erase(position);
  const auto incoming = incoming_.find(payment.creditor);
  if (--incoming->second == 0) incoming_.erase(incoming);
  value_ -= payment.amount.minor();
  return payment;
}

QueuePlace PaymentQueue::PlaceOf(const QueuedPayment& payment) const {
  return {.rank = RankOf(payment.priority), .since = payment.since};
}

std::uint8_t PaymentQueue::RankOf(PaymentPriority priority) const {
  if (rules_.discipline != QueueDiscipline::kPriority) return 0;
  return static_cast<std::uint8_t>(static_cast<std::uint8_t>(PaymentPriority::kUrgent) -
                                   static_cast<std::uint8_t>(priority));
}

}  // namespace causeway::core
