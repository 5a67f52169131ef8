#include "scenarios/spec/plan.h"

#include <algorithm>

#include "settlement/core/check.h"

namespace causeway::sim {

std::string_view KindName(const PlannedWhat& what) {
  struct Namer {
    std::string_view operator()(const SetUpLedger&) const { return "set-up"; }
    std::string_view operator()(const ChangeDayPhase&) const { return "day-phase"; }
    std::string_view operator()(const IssueTo&) const { return "issue"; }
    std::string_view operator()(const RedeemFrom&) const { return "redeem"; }
    std::string_view operator()(const PayOneWay&) const { return "payment"; }
    std::string_view operator()(const SwapOnQuote&) const { return "swap"; }
    std::string_view operator()(const SettlePvp&) const { return "pvp"; }
    std::string_view operator()(const FreezeAccount&) const { return "freeze"; }
    std::string_view operator()(const ChargeOvernight&) const { return "overnight-charge"; }
    std::string_view operator()(const OverrideFunds&) const { return "override"; }
    std::string_view operator()(const OrderAbortOf&) const { return "abort-order"; }
    std::string_view operator()(const ChangePolicy&) const { return "policy"; }
    std::string_view operator()(const ChangeKeys&) const { return "keys"; }
    std::string_view operator()(const CloseAccountOf&) const { return "close-account"; }
  };
  return std::visit(Namer{}, what);
}

bool IsTransaction(const PlannedWhat& what) {
  return std::holds_alternative<PayOneWay>(what) || std::holds_alternative<SwapOnQuote>(what) ||
         std::holds_alternative<SettlePvp>(what);
}

bool IsIntervention(const PlannedWhat& what) {
  return std::holds_alternative<OverrideFunds>(what) ||
         std::holds_alternative<OrderAbortOf>(what) || std::holds_alternative<ChangePolicy>(what) ||
         std::holds_alternative<ChangeKeys>(what) || std::holds_alternative<CloseAccountOf>(what);
}

const PlannedKey* PlannedParticipant::FindKey(std::uint32_t number) const {
  if (number == 1) return &key;
  for (const LaterKey& later : later_keys) {
    if (later.number == number) return &later.key;
  }
  return nullptr;
}

const core::SettlementPolicy& PlannedBridge::PolicyAt(core::LedgerTime now) const {
  const core::SettlementPolicy* latest = &policy;
  for (const PlannedPolicy& later : later_policies) {
    if (later.used() <= now) latest = &later.policy;
  }
  return *latest;
}

const core::SettlementPolicy* PlannedBridge::FindPolicy(const core::Hash256& hash) const {
  if (policy.hash == hash) return &policy;
  for (const PlannedPolicy& later : later_policies) {
    if (later.policy.hash == hash) return &later.policy;
  }
  return nullptr;
}

std::vector<ParticipantIndex> VenueMakers(const Plan& plan) {
  std::vector<ParticipantIndex> makers;
  if (!plan.bridge) return makers;
  for (const PlannedVenue& venue : plan.bridge->venues) {
    if (const auto* rfq = std::get_if<PlannedRfq>(&venue.what)) {
      makers.insert(makers.end(), rfq->dealers.begin(), rfq->dealers.end());
    } else if (const auto* book = std::get_if<PlannedBook>(&venue.what)) {
      for (const PlannedBookOrder& order : book->orders) makers.push_back(order.participant);
    } else {
      makers.push_back(std::get<PlannedPool>(venue.what).participant);
    }
  }
  std::sort(makers.begin(), makers.end());
  makers.erase(std::unique(makers.begin(), makers.end()), makers.end());
  return makers;
}

bool UsesVenues(const PlannedBridge& bridge) {
  if (!bridge.venues.empty()) return true;
  for (const PlannedProvider& provider : bridge.providers) {
    if (!provider.limits.empty()) return true;
    for (const PlannedBoardRate& rate : provider.rates) {
      if (!rate.tiers.empty() || !rate.base_amount_max.IsZero() ||
          rate.valid_until != core::LedgerTime::Max()) {
        return true;
      }
    }
  }
  return false;
}

const PlannedLedger& Plan::LedgerOf(core::Currency currency) const {
  const auto found = std::find_if(ledgers.begin(), ledgers.end(),
                                  [&](const auto& ledger) { return ledger.currency == currency; });
  CW_CHECK(found != ledgers.end(), "the compiler admits only currencies that have a ledger");
  return *found;
}

std::optional<LedgerIndex> Plan::FindLedger(const core::LedgerOrigin& origin) const {
  for (std::size_t i = 0; i < ledgers.size(); ++i) {
    if (ledgers[i].origin == origin) return static_cast<LedgerIndex>(i);
  }
  return std::nullopt;
}

std::optional<ParticipantIndex> Plan::FindParticipant(const core::ParticipantId& id) const {
  for (std::size_t i = 0; i < participants.size(); ++i) {
    if (participants[i].id == id) return static_cast<ParticipantIndex>(i);
  }
  return std::nullopt;
}

std::uint32_t Plan::AccountNumberOf(ParticipantIndex participant, LedgerIndex ledger) const {
  CW_CHECK(!AccountOf(participant, ledger).IsEmpty(), "an account that is there has a number");
  std::uint32_t number = 0;  // 0 is the issuer's liability
  for (ParticipantIndex each = 0; each <= participant; ++each) {
    if (!AccountOf(each, ledger).IsEmpty()) ++number;
  }
  return number;
}

std::optional<core::Amount> Plan::ValueOf(core::Currency currency, core::Amount amount) const {
  if (!value_currency) return std::nullopt;
  if (currency == *value_currency) return amount;
  for (const PlannedReferenceRate& reference : reference_rates) {
    if (reference.currency != currency) continue;
    return core::ConvertQuoteToBase(amount, reference.rate, value_currency->minor_digits(),
                                    currency.minor_digits(), core::Rounding::kHalfEven);
  }
  return std::nullopt;
}

}  // namespace causeway::sim
