#include "scenarios/report/summary.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "settlement/core/check.h"

namespace causeway::sim {
namespace {

void AddTo(core::Amount& sum, core::Amount amount) {
  const std::optional<core::Amount> added = core::CheckedAdd(sum, amount);
  CW_CHECK(added.has_value(), "the sum over a run exceeds 64 bits of minor units");
  sum = *added;
}

void CountActions(const Plan& plan, const RunResult& result, Summary& summary) {
  for (const ActionResult& action : result.actions) {
    const PlannedWhat& what = plan.actions[action.action].what;
    summary.half_done += action.status == ActionStatus::kHalfDone ? 1 : 0;
    const bool settled = action.status == ActionStatus::kSettled;
    const bool failed =
        action.status == ActionStatus::kRejected || action.status == ActionStatus::kAborted ||
        action.status == ActionStatus::kExpired || action.status == ActionStatus::kQueued ||
        action.status == ActionStatus::kWithheld;
    const bool issue = std::holds_alternative<IssueTo>(what);
    const bool redeem = std::holds_alternative<RedeemFrom>(what);
    // A settlement of a list counts like any other.
    const std::uint64_t all = std::max(1U, action.list_count);
    const std::uint64_t done = !settled ? 0 : action.list_count > 0 ? action.list_settled : 1;
    if (IsTransaction(what)) {
      summary.settled += done;
      const bool payment = std::holds_alternative<PayOneWay>(what);
      summary.payments_settled += payment ? done : 0;
      summary.settlements_settled += payment ? 0 : done;
      summary.settlements_aborted += action.status == ActionStatus::kAborted ? all : 0;
      if (settled) summary.rejected += all - done;
    }
    if (failed && (IsTransaction(what) || issue || redeem)) summary.rejected += all;
    if (action.settled_in_parts.IsPositive()) {
      AddTo(summary.currencies[action.legs.front().ledger].settled, action.settled_in_parts);
    }
    if (!settled) continue;
    for (const ActionLeg& leg : action.legs) {
      CurrencySummary& currency = summary.currencies[leg.ledger];
      if (issue) AddTo(currency.issued, leg.amount);
      if (redeem) AddTo(currency.redeemed, leg.amount);
      if (!IsTransaction(what)) continue;
      currency.settled_legs += done;
      AddTo(currency.settled, leg.amount);
    }
  }
}

void CheckCurrencies(const RunResult& result, Summary& summary) {
  summary.conserved = true;
  for (const LedgerResult& ledger : result.ledgers) {
    CurrencySummary& currency = summary.currencies[ledger.ledger];
    currency.in_circulation = ledger.in_circulation;
    AddTo(currency.on_accounts, ledger.fees);
    for (const AccountResult& account : ledger.accounts) {
      AddTo(currency.on_accounts, account.available);
      AddTo(currency.on_accounts, account.held);
    }
    const std::optional<core::Amount> outstanding =
        core::CheckedSub(currency.issued, currency.redeemed);
    currency.conserved = outstanding && *outstanding == currency.in_circulation &&
                         currency.in_circulation == currency.on_accounts;
    summary.conserved = summary.conserved && currency.conserved;
  }
}

// The values of all currencies together: each is converted once.
std::optional<core::Amount> TotalValue(const Plan& plan, const Summary& summary,
                                       core::Amount CurrencySummary::*member) {
  core::Amount total;
  for (const CurrencySummary& currency : summary.currencies) {
    const std::optional<core::Amount> value =
        plan.ValueOf(plan.ledgers[currency.ledger].currency, currency.*member);
    if (!value) return std::nullopt;
    AddTo(total, *value);
  }
  return total;
}

ExpectationResult Count(const char* what, std::uint64_t expected, std::uint64_t actual) {
  return {fmt::format("{} = {}", what, expected), fmt::format("{}", actual), expected == actual};
}

ExpectationResult Truth(const char* what, bool actual) {
  return {what, actual ? "yes" : "no", actual};
}

ExpectationResult Range(const Plan& plan, const char* what, const PlannedValueRange& range,
                        const std::optional<core::Amount>& actual) {
  const core::Currency currency = *plan.value_currency;
  const auto format = [&](const std::optional<core::Amount>& amount, const char* otherwise) {
    return amount ? core::FormatAmount(*amount, currency.minor_digits()) : otherwise;
  };
  ExpectationResult out;
  out.expected = fmt::format("{} in {} {} to {}", what, currency.code(), format(range.min, "any"),
                             format(range.max, "any"));
  out.actual = format(actual, "unknown");
  out.met =
      actual && (!range.min || *actual >= *range.min) && (!range.max || *actual <= *range.max);
  return out;
}

ExpectationResult Balance(const Plan& plan, const RunResult& result,
                          const PlannedBalance& expected) {
  const int digits = plan.ledgers[expected.ledger].currency.minor_digits();
  ExpectationResult out;
  out.expected = fmt::format("{} has {} {}", plan.participants[expected.participant].id.text(),
                             plan.ledgers[expected.ledger].currency.code(),
                             core::FormatAmount(expected.amount, digits));
  out.actual = "no such account";
  for (const LedgerResult& ledger : result.ledgers) {
    if (ledger.ledger != expected.ledger) continue;
    for (const AccountResult& account : ledger.accounts) {
      if (account.participant != expected.participant) continue;
      out.actual = core::FormatAmount(account.available, digits);
      out.met = account.available == expected.amount;
    }
  }
  return out;
}

ExpectationResult Evaluate(const Plan& plan, const RunResult& result, const Summary& summary,
                           const PlannedExpectation& expectation) {
  using Kind = PlannedExpectation::Kind;
  switch (expectation.kind) {
    case Kind::kSettled:
      return Count("settled", expectation.count, summary.settled);
    case Kind::kRejected:
      return Count("rejected", expectation.count, summary.rejected);
    case Kind::kBreaches:
      return Count("breaches", expectation.count, summary.breaches);
    case Kind::kSettledValue:
      return Range(plan, "settled value", expectation.value, summary.settled_value);
    case Kind::kIssuedValue:
      return Range(plan, "issued value", expectation.value, summary.issued_value);
    case Kind::kAllOrNone:
      return Truth("every settlement all or none", summary.all_or_none);
    case Kind::kConserved:
      return Truth("money conserved in every currency", summary.conserved);
    case Kind::kBalance:
      break;
  }
  return Balance(plan, result, expectation.balance);
}

// Whether the calendar itself ran: a scenario without its business days proves nothing.
bool ScheduleRan(const Plan& plan, const RunResult& result) {
  return std::all_of(result.actions.begin(), result.actions.end(), [&](const ActionResult& action) {
    const PlannedWhat& what = plan.actions[action.action].what;
    const bool schedule =
        std::holds_alternative<SetUpLedger>(what) || std::holds_alternative<ChangeDayPhase>(what);
    return action.status != ActionStatus::kPending &&
           (!schedule || action.status == ActionStatus::kSettled);
  });
}

}  // namespace

Summary Summarise(const Plan& plan, const RunResult& result) {
  Summary summary;
  for (std::size_t i = 0; i < plan.ledgers.size(); ++i) {
    summary.currencies.emplace_back().ledger = static_cast<LedgerIndex>(i);
  }
  CountActions(plan, result, summary);
  CheckCurrencies(result, summary);
  summary.breaches = result.all_or_none_breaches.size() + result.other_breaches.size() +
                     result.observer.alerts.size();
  summary.all_or_none = summary.half_done == 0 && result.all_or_none_breaches.empty() &&
                        result.observer.alerts_all_or_none == 0 &&
                        result.observer.settlements_open == 0;
  summary.settled_value = TotalValue(plan, summary, &CurrencySummary::settled);
  summary.issued_value = TotalValue(plan, summary, &CurrencySummary::issued);
  summary.expectations_met = ScheduleRan(plan, result);
  for (const PlannedExpectation& expectation : plan.expectations) {
    summary.expectations.push_back(Evaluate(plan, result, summary, expectation));
    summary.expectations_met = summary.expectations_met && summary.expectations.back().met;
  }
  return summary;
}

}  // namespace causeway::sim
