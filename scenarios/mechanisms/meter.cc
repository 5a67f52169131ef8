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
  return kind == core::ActionKind::kPay || kind == core::ActionKind::kSettlementLeg;
}

}  // namespace

void AmountOverTime::Add(core::LedgerTime now, std::int64_t change) {
  if (level_ != 0) minor_micros_ += absl::int128(level_) * (now - since_).micros();
  since_ = now;
  level_ = Narrow(absl::int128(level_) + change);
  max_ = std::max(max_, level_);
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

void Meter::OnEntry(core::LedgerTime now, LedgerIndex ledger, const core::Entry& entry) {
  if (!Settles(entry.instruction.kind)) return;
  for (const core::Posting& posting : entry.postings) {
    const std::int64_t change = posting.amount.minor();
    if (posting.bucket == core::Bucket::kHeld) {
      locked_[ledger].Add(now, change);
      continue;
    }
    Account& account = accounts_[ledger][posting.address];
    account.net = Narrow(absl::int128(account.net) + change);
    account.lowest = std::min(account.lowest, account.net);
  }
  OnLeg(now, ledger, entry);
}

void Meter::OnLeg(core::LedgerTime now, LedgerIndex ledger, const core::Entry& entry) {
  if (entry.settlement_id.IsZero()) return;
  Exchange& exchange = exchanges_[entry.settlement_id];
  if (entry.status == core::InstructionStatus::kPrepared) {
    ++exchange.legs;
  } else if (entry.status == core::InstructionStatus::kSettled) {
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
  return result;
}

}  // namespace causeway::sim
