#include "settlement/core/payment_queue.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "settlement/core/check.h"

namespace causeway::core {

bool MaySplit(const QueueRules& rules, Amount whole) {
  return rules.splitting.part_min.IsPositive() && whole >= rules.splitting.threshold;
}

Amount LargestPart(const QueueRules& rules, Amount whole) {
  const Amount part_max = rules.splitting.part_max;
  return MaySplit(rules, whole) && part_max.IsPositive() ? std::min(whole, part_max) : whole;
}

void PaymentQueue::SetRules(const QueueRules& rules) {
  CW_CHECK(empty(), "what waits keeps the rules that it came under");
  rules_ = rules;
  next_optimisation = LedgerTime();
  selects_ = rules.NeedSelector();
  counts_receipts_ = rules.release == QueueRelease::kReceiptReactive;
  next_runs_.assign(rules.optimisations.size(), LedgerTime::Max());
  window_start_ = LedgerTime();
  receipts_.clear();
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

const QueuedPayment* PaymentQueue::FindAt(std::uint32_t debtor, PaymentPriority priority,
                                          std::uint64_t since) const {
  const OfAccount* waiting = Find(debtor);
  if (waiting == nullptr) return nullptr;
  const auto found = waiting->find({.rank = RankOf(priority), .since = since});
  return found == waiting->end() ? nullptr : &found->second;
}

bool PaymentQueue::MayPass(std::uint32_t debtor, PaymentPriority priority) const {
  if (rules_.discipline == QueueDiscipline::kDeferred) return false;
  const OfAccount* waiting = Find(debtor);
  if (waiting == nullptr) return true;
  switch (rules_.discipline) {
    case QueueDiscipline::kImmediate:
    case QueueDiscipline::kFifoBypass:
      return true;
    case QueueDiscipline::kPriority: {
      const std::uint8_t first = waiting->begin()->first.rank;
      const bool passes_own = rules_.normal_bypass && priority == PaymentPriority::kNormal;
      return RankOf(priority) < first || (passes_own && RankOf(priority) == first);
    }
    case QueueDiscipline::kDeferred:
    case QueueDiscipline::kNone:
    case QueueDiscipline::kFifo:
      break;
  }
  return false;
}

std::optional<Rejection> PaymentQueue::CheckRoom(std::uint32_t owner, Amount amount) const {
  const auto found = shares_.find(owner);
  const Share share = found == shares_.end() ? Share{} : found->second;
  const std::uint32_t own_max = std::max(1U, rules_.queued_max / kOwnersInFullQueue);
  const std::int64_t value_max = ValueMax();
  const std::int64_t own_value_max = value_max / kOwnersInFullQueue;
  const auto full = [](std::int64_t actual, std::int64_t required, std::string_view rule) {
    return Rejection{.outcome = Outcome::kLimitExceeded,
                     .actual = actual,
                     .required = required,
                     .rule = std::string(rule)};
  };
  if (size() >= rules_.queued_max) {
    return full(static_cast<std::int64_t>(size()), rules_.queued_max, "queued payments");
  }
  if (share.count >= own_max) return full(share.count, own_max, "queued payments of one owner");
  if (amount.minor() > value_max - value_) return full(value_, value_max, "queued value");
  if (amount.minor() > own_value_max - share.value) {
    return full(share.value, own_value_max, "queued value of one owner");
  }
  return std::nullopt;
}

void PaymentQueue::Insert(const QueuedPayment& payment) {
  const QueuePlace place = PlaceOf(payment);
  const bool is_new = by_key_.try_emplace(payment.key, Position{payment.debtor, place}).second;
  CW_CHECK(is_new && payment.amount.minor() <= ValueMax() - value_, "its room was checked");
  accounts_[payment.debtor].emplace(place, payment);
  ++incoming_[payment.creditor];
  Share& share = shares_[payment.owner];
  ++share.count;
  share.value += payment.amount.minor();
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
  const auto share = shares_.find(payment.owner);
  share->second.value -= payment.amount.minor();
  if (--share->second.count == 0) shares_.erase(share);
  value_ -= payment.amount.minor();
  return payment;
}

void PaymentQueue::SettlePart(const InstructionKey& key, Amount part) {
  const Position& position = by_key_.at(key);
  QueuedPayment& payment = accounts_.at(position.debtor).at(position.place);
  CW_CHECK(part.IsPositive() && part < payment.amount, "a part leaves something");
  payment.amount = Amount::FromMinor(payment.amount.minor() - part.minor());
  payment.settled = Amount::FromMinor(payment.settled.minor() + part.minor());
  shares_.at(payment.owner).value -= part.minor();
  value_ -= part.minor();
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
