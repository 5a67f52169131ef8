#include "scenarios/simulator/booking_record.h"

#include <algorithm>
#include <string_view>

namespace causeway::sim {

BookingRecord::BookingRecord(const Plan& plan)
    : holders_(plan.ledgers.size()),
      last_of_set_(plan.ledgers.size()),
      debtors_(plan.ledgers.size()) {
  for (std::size_t p = 0; p < plan.participants.size(); ++p) {
    const std::vector<core::AccountAddress>& accounts = plan.participants[p].accounts;
    for (std::size_t l = 0; l < accounts.size(); ++l) {
      if (!accounts[l].IsEmpty())
        holders_[l].emplace(accounts[l], static_cast<ParticipantIndex>(p));
    }
  }
  for (std::size_t l = 0; l < plan.ledgers.size(); ++l) {
    for (const PlannedAccountTerms& terms : plan.ledgers[l].account_terms) {
      if (terms.collateral.IsZero() && terms.uncollateralised.IsZero()) continue;
      debtors_[l].emplace(plan.AccountOf(terms.holder, static_cast<LedgerIndex>(l)), Debtor());
    }
  }
  for (const PlannedAction& action : plan.actions) {
    const auto* pay = std::get_if<PayOneWay>(&action.what);
    if (pay == nullptr) continue;
    const absl::StatusOr<core::InstructionId> id = core::InstructionId::Parse(action.id);
    if (!id.ok()) continue;
    const core::InstructionKey key = {plan.participants[pay->from].id, core::ActionKind::kPay, *id};
    payments_.emplace(std::pair(pay->ledger, key), action.index);
  }
}

std::optional<ParticipantIndex> BookingRecord::HolderOf(LedgerIndex ledger,
                                                        const core::AccountAddress& address) const {
  const auto found = holders_[ledger].find(address);
  if (found == holders_[ledger].end()) return std::nullopt;
  return found->second;
}

std::uint32_t BookingRecord::SetOf(core::LedgerTime time, LedgerIndex ledger, std::uint64_t index) {
  LastOfSet& last = last_of_set_[ledger];
  const bool goes_on = last.set != 0 && last.time == time && last.index + 1 == index;
  last = {time, index, goes_on ? last.set : ++sets_};
  return last.set;
}

namespace {

core::Amount DrawnOf(core::Amount available) {
  return available.IsNegative() ? core::Amount::FromMinor(-available.minor())
                                : core::Amount::Zero();
}

}  // namespace

void BookingRecord::BookCredit(core::LedgerTime time, LedgerIndex ledger,
                               const core::Entry& entry) {
  if (debtors_[ledger].empty()) return;
  const bool together = entry.cause == core::Cause::kOptimisation;
  const auto& debtors = debtors_[ledger];
  const bool of_before = std::any_of(debtors.begin(), debtors.end(), [&](const auto& each) {
    return each.second.next && each.second.next->time != time;
  });
  if (!together || of_before) NoteCredit(ledger);
  for (const core::Posting& posting : entry.postings) {
    if (posting.bucket != core::Bucket::kAvailable) continue;
    const auto found = debtors_[ledger].find(posting.address);
    if (found == debtors_[ledger].end()) continue;
    const bool charges = posting.code == core::TransactionCode::kCreditCharge;
    found->second.next = CreditUse{
        .ledger = ledger,
        .time = time,
        .participant = *HolderOf(ledger, posting.address),
        .drawn = DrawnOf(posting.balance_after),
        .charge = charges ? core::Amount::FromMinor(-posting.amount.minor()) : core::Amount::Zero(),
    };
  }
  if (!together) NoteCredit(ledger);
}

// Of entries that settle together the last of each account counts.
void BookingRecord::NoteCredit(LedgerIndex ledger) {
  for (auto& [address, debtor] : debtors_[ledger]) {
    if (!debtor.next) continue;
    if (debtor.next->drawn != debtor.drawn || debtor.next->charge.IsPositive()) {
      debtor.drawn = debtor.next->drawn;
      credit_uses_.push_back(*debtor.next);
    }
    debtor.next.reset();
  }
}

void BookingRecord::OnList(
    core::LedgerTime time, LedgerIndex ledger,
    const std::function<core::Amount(const core::AccountAddress&)>& available) {
  if (debtors_[ledger].empty()) return;
  NoteCredit(ledger);
  for (auto& [address, debtor] : debtors_[ledger]) {
    debtor.next = CreditUse{.ledger = ledger,
                            .time = time,
                            .participant = *HolderOf(ledger, address),
                            .drawn = DrawnOf(available(address)),
                            .charge = core::Amount::Zero()};
  }
  NoteCredit(ledger);
}

std::vector<CreditUse> BookingRecord::TakeCreditUses() {
  for (std::size_t l = 0; l < debtors_.size(); ++l) NoteCredit(static_cast<LedgerIndex>(l));
  return std::move(credit_uses_);
}

void BookingRecord::OnEntry(core::LedgerTime time, LedgerIndex ledger, const core::Entry& entry) {
  BookCredit(time, ledger, entry);
  const bool part = core::IsPart(entry);
  const bool settled = entry.status == core::InstructionStatus::kSettled;
  if ((!settled && !part) || entry.postings.size() != 2) return;
  const core::TransactionCode code = entry.postings.front().code;
  const bool is_leg = !entry.settlement_id.IsZero();
  if (code != (is_leg ? core::TransactionCode::kSettlement : core::TransactionCode::kPayment)) {
    return;
  }
  // A set's entries follow one another whoever is paid.
  const bool together = entry.cause == core::Cause::kOptimisation;
  const std::uint32_t set = together ? SetOf(time, ledger, entry.index) : 0;
  const bool first_pays = entry.postings.front().amount.IsNegative();
  const core::Posting& debit = entry.postings[first_pays ? 0 : 1];
  const core::Posting& credit = entry.postings[first_pays ? 1 : 0];
  const std::optional<ParticipantIndex> from = HolderOf(ledger, debit.address);
  const std::optional<ParticipantIndex> to = HolderOf(ledger, credit.address);
  if (!from || !to) return;
  Booking booking;
  booking.ledger = ledger;
  booking.time = time;
  booking.from = *from;
  booking.to = *to;
  booking.amount = credit.amount;
  booking.settlement_id = entry.settlement_id;
  booking.waited = together || entry.cause == core::Cause::kRelease;
  booking.set = set;
  booking.part = part;
  if (together) {
    const std::string_view rule = entry.rejection.rule;  // "bech-soramaki/1"
    booking.algorithm = rule.substr(0, rule.find('/'));
  }
  if (!is_leg) {
    const auto found = payments_.find({ledger, entry.instruction});
    if (found == payments_.end()) return;
    booking.payment = found->second;
  }
  bookings_.push_back(std::move(booking));
}

}  // namespace causeway::sim
