// The report as text: the terminal's tables, and CSV.
#include <algorithm>

#include "fmt/format.h"
#include "scenarios/report/report.h"
#include "scenarios/text/text.h"

namespace causeway::sim {
namespace {

std::string Decimal(const Plan& plan, LedgerIndex ledger, core::Amount amount) {
  return core::FormatAmount(amount, plan.ledgers[ledger].currency.minor_digits());
}

// "1234567.00" as "1,234,567.00".
std::string Value(const Plan& plan, const std::optional<core::Amount>& amount) {
  if (!amount || !plan.value_currency) return "";
  return fmt::format(
      " ({} {})", plan.value_currency->code(),
      text::Grouped(core::FormatAmount(*amount, plan.value_currency->minor_digits())));
}

// Who pays and who is paid, as ids.
struct Parties {
  std::string from;
  std::string to;
};
Parties PartiesOf(const Plan& plan, const PlannedWhat& what) {
  const auto name = [&plan](ParticipantIndex index) {
    return plan.participants[index].id.ToString();
  };
  if (const auto* issue = std::get_if<IssueTo>(&what)) {
    return {plan.ledgers[issue->ledger].central_bank.ToString(), name(issue->to)};
  }
  if (const auto* redeem = std::get_if<RedeemFrom>(&what)) {
    return {name(redeem->from), plan.ledgers[redeem->ledger].central_bank.ToString()};
  }
  if (const auto* pay = std::get_if<PayOneWay>(&what)) return {name(pay->from), name(pay->to)};
  if (const auto* swap = std::get_if<SwapOnQuote>(&what)) {
    return {name(swap->taker), name(swap->payee)};
  }
  if (const auto* freeze = std::get_if<FreezeAccount>(&what)) {
    return {plan.ledgers[freeze->ledger].central_bank.ToString(), name(freeze->holder)};
  }
  if (const auto* charge = std::get_if<ChargeOvernight>(&what)) {
    return {name(charge->from), plan.ledgers[charge->ledger].central_bank.ToString()};
  }
  if (const auto* order = std::get_if<OverrideFunds>(&what)) {
    return {name(order->from), name(order->to)};
  }
  if (const auto* order = std::get_if<OrderAbortOf>(&what)) {
    return {plan.ledgers[order->ledger].central_bank.ToString(), order->settles};
  }
  if (const auto* policy = std::get_if<ChangePolicy>(&what)) {
    return {plan.ledgers[policy->ledger].central_bank.ToString(), ""};
  }
  if (const auto* keys = std::get_if<ChangeKeys>(&what)) {
    return {plan.ledgers[keys->ledger].central_bank.ToString(), name(keys->holder)};
  }
  if (const auto* close = std::get_if<CloseAccountOf>(&what)) {
    return {plan.ledgers[close->ledger].central_bank.ToString(), name(close->holder)};
  }
  const auto& pvp = std::get<SettlePvp>(what);
  return {name(pvp.party), name(pvp.counterparty)};
}

bool IsListed(const PlannedWhat& what) {
  return !std::holds_alternative<SetUpLedger>(what) &&
         !std::holds_alternative<ChangeDayPhase>(what);
}

}  // namespace

std::string RenderTable(const Plan& plan, const RunResult& result, const Summary& summary) {
  std::string out =
      fmt::format("{} ({}, seed {}, {} business day{} {} to {})\n\n", plan.name, result.mode,
                  plan.seed, plan.days.size(), plan.days.size() == 1 ? "" : "s",
                  plan.days.front().ToString(), plan.days.back().ToString());
  out += fmt::format("  {:<9}{:>7}{:>18}{:>18}{:>18}{:>18}\n", "currency", "legs", "settled",
                     "issued", "redeemed", "in circulation");
  for (const CurrencySummary& currency : summary.currencies) {
    const auto amount = [&](core::Amount value) {
      return text::Grouped(Decimal(plan, currency.ledger, value));
    };
    out +=
        fmt::format("  {:<9}{:>7}{:>18}{:>18}{:>18}{:>18}{}\n",
                    plan.ledgers[currency.ledger].currency.code(), currency.settled_legs,
                    amount(currency.settled), amount(currency.issued), amount(currency.redeemed),
                    amount(currency.in_circulation), currency.conserved ? "" : "  NOT CONSERVED");
  }
  out += fmt::format("\n  settled   {} ({} payments, {} settlements){}\n", summary.settled,
                     summary.payments_settled, summary.settlements_settled,
                     Value(plan, summary.settled_value));
  out += fmt::format("  rejected  {}\n", summary.rejected);
  out += "\n  ledger                                    entries  state root\n";
  for (const LedgerResult& ledger : result.ledgers) {
    out += fmt::format("  {:<40}{:>9}  {}...\n", plan.ledgers[ledger.ledger].origin.text(),
                       ledger.log_size, ledger.state_root.substr(0, 16));
  }
  if (plan.modelled_signatures) out += "\n  signatures are modelled: they prove nothing\n";
  out += fmt::format("\n  observer  {}\n", !result.observer.ran       ? "did not run"
                                           : result.observer.verified ? "verified every log"
                                                                      : "NOT VERIFIED");
  for (const std::string& alert : result.observer.alerts) {
    out += fmt::format("    alert: {}\n", alert);
  }
  for (const std::string& breach : result.all_or_none_breaches) {
    out += fmt::format("    not all or none: {}\n", breach);
  }
  for (const std::string& breach : result.other_breaches) {
    out += fmt::format("    breach: {}\n", breach);
  }
  if (!summary.expectations.empty()) out += "\n  expected\n";
  for (const ExpectationResult& expectation : summary.expectations) {
    out +=
        fmt::format("    {}  {}{}\n", expectation.met ? "met    " : "NOT MET", expectation.expected,
                    expectation.met ? "" : fmt::format(" (was {})", expectation.actual));
  }
  out += fmt::format("\n  {}\n",
                     summary.expectations_met ? "all expectations met" : "EXPECTATIONS NOT MET");
  return out;
}

std::string RenderPaymentsCsv(const Plan& plan, const RunResult& result) {
  std::string out =
      "id,kind,business_date,due,started,ended,from,to,currency,amount,counter_currency,"
      "counter_amount,status,reason,attempts,uetr,settlement_id,settled_in_parts\n";
  for (const ActionResult& action : result.actions) {
    const PlannedAction& planned = plan.actions[action.action];
    if (!IsListed(planned.what)) continue;
    const Parties parties = PartiesOf(plan, planned.what);
    const auto leg = [&](std::size_t index) -> std::string {
      if (index >= action.legs.size()) return ",";
      const ActionLeg& moved = action.legs[index];
      return fmt::format("{},{}", plan.ledgers[moved.ledger].currency.code(),
                         Decimal(plan, moved.ledger, moved.amount));
    };
    const bool failed = action.rejection.outcome != core::Outcome::kAccepted;
    const bool started = action.attempts > 0;
    out += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},", text::CsvField(planned.id),
                       KindName(planned.what), planned.date.ToString(), planned.time.ToString(),
                       started ? action.started.ToString() : "",
                       started ? action.ended.ToString() : "", parties.from, parties.to, leg(0),
                       leg(1), ActionStatusName(action.status),
                       text::CsvField(failed ? core::Describe(action.rejection) : ""),
                       action.attempts, action.uetr.IsNil() ? "" : action.uetr.ToString(),
                       action.settlement_id.IsZero() ? "" : action.settlement_id.ToHex());
    if (action.settled_in_parts.IsPositive()) {
      out += Decimal(plan, action.legs.front().ledger, action.settled_in_parts);
    }
    out += "\n";
  }
  return out;
}

std::string RenderBalancesCsv(const Plan& plan, const RunResult& result) {
  std::string out = "ledger,currency,participant,account,available,held\n";
  for (const LedgerResult& ledger : result.ledgers) {
    const PlannedLedger& planned = plan.ledgers[ledger.ledger];
    const auto line = [&](const core::ParticipantId& owner, const core::AccountAddress& address,
                          core::Amount available, core::Amount held) {
      out += fmt::format("{},{},{},{},{},{}\n", planned.origin.text(), planned.currency.code(),
                         owner.text(), address.text(), Decimal(plan, ledger.ledger, available),
                         Decimal(plan, ledger.ledger, held));
    };
    line(planned.central_bank, planned.genesis.liability_account,
         core::CheckedNegate(ledger.in_circulation).value_or(core::Amount()), core::Amount());
    if (!planned.fees.IsEmpty()) {
      line(planned.central_bank, planned.fees, ledger.fees, core::Amount());
    }
    for (const AccountResult& account : ledger.accounts) {
      line(plan.participants[account.participant].id, account.address, account.available,
           account.held);
    }
  }
  return out;
}

}  // namespace causeway::sim
