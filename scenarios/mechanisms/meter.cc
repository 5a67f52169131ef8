#include "scenarios/mechanisms/meter.h"

#include <algorithm>

#include "settlement/core/check.h"

namespace causeway::sim {
namespace {

constexpr std::int64_t kMicrosPerSecond = 1'000'000;

std::int64_t Narrow(absl::int128 value) {
  CW_CHECK(value >= core::Amount::Min().minor() && value <= core::Amount::Max().minor(),
           "a sum over a run fits 64 bits of minor units");
  return static_cast<std::int64_t>(value);
}

// Issues and redemptions bring money to a ledger, however it is settled there.
bool Settles(core::ActionKind kind) {
  return kind == core::ActionKind::kPay || kind == core::ActionKind::kSettlementLeg ||
         kind == core::ActionKind::kLockFunds;
}

}  // namespace

void AmountOverTime::Add(core::LedgerTime now, std::int64_t change) {
  if (level_ != 0 && now > since_) {
    minor_micros_ += absl::int128(level_) * (now - since_).micros();
    max_ = std::max(max_, level_);
  }
  since_ = now;
  level_ = Narrow(absl::int128(level_) + change);
}

std::int64_t AmountOverTime::AmountSeconds(core::LedgerTime now) const {
  absl::int128 sum = minor_micros_;
  if (level_ != 0) sum += absl::int128(level_) * (now - since_).micros();
  return Narrow(sum / kMicrosPerSecond);
}

Meter::Meter(const Plan& plan)
    : plan_(plan), locked_(plan.ledgers.size()), accounts_(plan.ledgers.size()) {}

std::int64_t Meter::ValueOf(LedgerIndex ledger, core::Amount amount) const {
  const auto value = plan_.ValueOf(plan_.ledgers[ledger].currency, amount);
  return value ? value->minor() : 0;
}

bool Meter::IsInstitution(LedgerIndex ledger, const core::AccountAddress& account) const {
  return plan_.mechanism.kind == MechanismKind::kClsStyle &&
         plan_.AccountOf(*plan_.mechanism.operated_by, ledger) == account;
}

void Meter::OnEntry(core::LedgerTime now, LedgerIndex ledger, const core::Entry& entry) {
  if (!Settles(entry.instruction.kind)) return;
  for (const core::Posting& posting : entry.postings) {
    const std::int64_t change = posting.amount.minor();
    if (posting.bucket == core::Bucket::kHeld || IsInstitution(ledger, posting.address)) {
      locked_[ledger].Add(now, change);
      continue;
    }
    Account& account = accounts_[ledger][posting.address];
    account.net = Narrow(absl::int128(account.net) + change);
    account.lowest = std::min(account.lowest, account.net);
  }
  OnLeg(now, ledger, entry);
}

Meter::Exchange* Meter::Find(LedgerIndex ledger, const core::Entry& entry) {
  if (!entry.settlement_id.IsZero()) {
    Exchange& exchange = exchanges_[entry.settlement_id];
    // Every ledger reserves before any books.
    exchange.legs += entry.status == core::InstructionStatus::kPrepared ? 1 : 0;
    return &exchange;
  }
  const auto link = links_.find({ledger, entry.instruction});
  if (link == links_.end()) return nullptr;
  Exchange& exchange = linked_[link->second.trade];
  exchange.legs = 2;
  return &exchange;
}

// From the moment at which the counterparty's funds are locked.
void Meter::OnOption(core::LedgerTime now, LedgerIndex ledger, const core::Entry& entry,
                     const LockLink& link) {
  if (entry.status == core::InstructionStatus::kPrepared) {
    core::Amount amount;
    for (const core::Posting& posting : entry.postings) amount = std::max(amount, posting.amount);
    open_options_[link.trade] = {options_.size(), now, link.expires};
    options_.push_back({.value = core::Amount::FromMinor(ValueOf(ledger, amount)),
                        .granted = link.expires - now,
                        .held = link.expires - now});
    return;
  }
  const auto open = open_options_.find(link.trade);
  if (open == open_options_.end()) return;
  options_[open->second.position].held = std::min(now, open->second.expires) - open->second.began;
  open_options_.erase(open);
}

void Meter::OnLeg(core::LedgerTime now, LedgerIndex ledger, const core::Entry& entry) {
  Exchange* const found = Find(ledger, entry);
  if (found == nullptr) return;
  Exchange& exchange = *found;
  const auto link = links_.find({ledger, entry.instruction});
  if (link != links_.end() && link->second.second) OnOption(now, ledger, entry, link->second);
  if (entry.status == core::InstructionStatus::kPrepared) return;
  if (entry.status == core::InstructionStatus::kSettled) {
    ++exchange.booked;
    for (const core::Posting& posting : entry.postings) {
      if (!posting.amount.IsPositive()) continue;
      exchange.booked_value =
          Narrow(absl::int128(exchange.booked_value) + ValueOf(ledger, posting.amount));
    }
  } else {
    ++exchange.released;
  }
  const bool half_done = exchange.booked > 0 && exchange.booked < exchange.legs;
  const std::int64_t at_risk = half_done ? exchange.booked_value : 0;
  at_risk_.Add(now, at_risk - exchange.at_risk);
  exchange.at_risk = at_risk;
}

MechanismResult Meter::Finish(core::LedgerTime now) const {
  MechanismResult result;
  for (std::size_t ledger = 0; ledger < locked_.size(); ++ledger) {
    MechanismCurrency& currency = result.currencies.emplace_back();
    currency.ledger = static_cast<LedgerIndex>(ledger);
    currency.locked_max = core::Amount::FromMinor(locked_[ledger].max());
    currency.locked_amount_seconds = locked_[ledger].AmountSeconds(now);
    currency.locked_at_end = core::Amount::FromMinor(locked_[ledger].level());
    absl::int128 needed = 0;
    for (const auto& [address, account] : accounts_[ledger]) needed -= account.lowest;
    currency.liquidity_needed = core::Amount::FromMinor(Narrow(needed));
  }
  result.principal_at_risk_max = core::Amount::FromMinor(at_risk_.max());
  result.principal_at_risk_value_seconds = at_risk_.AmountSeconds(now);
  result.principal_lost = core::Amount::FromMinor(at_risk_.level());
  for (const auto& [id, exchange] : exchanges_) result.exchanges_half_done += exchange.at_risk != 0;
  for (const auto& [id, exchange] : linked_) result.exchanges_half_done += exchange.at_risk != 0;
  result.options = options_;
  return result;
}

}  // namespace causeway::sim
