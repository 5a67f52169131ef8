#include "scenarios/report/report.h"

#include <filesystem>
#include <fstream>
#include <functional>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "scenarios/report/ledger_indicators.h"
#include "scenarios/report/mechanism_report.h"
#include "scenarios/report/run_page.h"
#include "scenarios/report/settlement_queue_report.h"
#include "scenarios/report/trace.h"
#include "scenarios/study/output.h"

namespace causeway::sim {
namespace {

using Json = nlohmann::ordered_json;

absl::Status WriteFile(const std::filesystem::path& path,
                       const std::function<void(std::ostream&)>& write) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  if (file) write(file);
  file.close();
  if (file.fail()) return absl::UnavailableError(fmt::format("cannot write {}", path.string()));
  return absl::OkStatus();
}

Json CurrenciesJson(const Plan& plan, const Summary& summary) {
  Json currencies = Json::object();
  for (const CurrencySummary& currency : summary.currencies) {
    currencies[plan.ledgers[currency.ledger].currency.ToString()] = {
        {"settled_legs", currency.settled_legs},
        {"settled", currency.settled.minor()},
        {"issued", currency.issued.minor()},
        {"redeemed", currency.redeemed.minor()},
        {"in_circulation", currency.in_circulation.minor()},
        {"on_accounts", currency.on_accounts.minor()},
        {"conserved", currency.conserved},
    };
  }
  return currencies;
}

Json ExpectationsJson(const Summary& summary) {
  Json expectations = Json::array();
  for (const ExpectationResult& expectation : summary.expectations) {
    expectations.push_back({{"expected", expectation.expected},
                            {"actual", expectation.actual},
                            {"met", expectation.met}});
  }
  return expectations;
}

Json ObserverJson(const ObserverResult& observer) {
  return {{"ran", observer.ran},
          {"verified", observer.verified},
          {"settlements_settled", observer.settlements_settled},
          {"settlements_aborted", observer.settlements_aborted},
          {"settlements_open", observer.settlements_open},
          {"alerts", observer.alerts}};
}

Json LedgerQueuesJson(const Plan& plan, const RunResult& result) {
  Json queues = Json::object();
  for (const LedgerQueueResult& queue : result.ledger_queues) {
    Json settled = Json::object();
    for (const auto& [by, what] : queue.settled) {
      settled[by] = {{"count", what.count}, {"value", what.value.minor()}};
      if (what.parts > 0) settled[by]["parts"] = what.parts;
    }
    queues[plan.ledgers[queue.ledger].currency.ToString()] = {
        {"waiting_max", queue.waiting_max},
        {"waiting_value_max", queue.waiting_value_max.minor()},
        {"gridlocks", queue.gridlocks},
        {"deadlocks", queue.deadlocks},
        {"gridlock_us", queue.in_gridlock.micros()},
        {"gridlock_us_longest", queue.gridlock_longest.micros()},
        {"deadlock_us", queue.in_deadlock.micros()},
        {"deadlock_us_longest", queue.deadlock_longest.micros()},
        {"undecided_us", queue.undecided.micros()},
        {"settled", settled}};
  }
  return queues;
}

// By venue. Rates are units of the quote currency for one of the base currency.
Json PoolsJson(const Plan& plan, const RunResult& result) {
  Json pools = Json::object();
  for (const PoolResult& of : result.pools) {
    const PlannedVenue& venue = plan.bridge->venues[of.venue];
    const auto& pool = std::get<PlannedPool>(venue.what);
    const auto* curve = std::get_if<PlannedHybridCurve>(&pool.curve);
    const auto rate = [](const std::optional<core::Rate>& value) {
      return value ? Json(value->ToString()) : Json(nullptr);
    };
    pools[venue.name] = {
        {"base", plan.ledgers[pool.base_ledger].currency.ToString()},
        {"quote", plan.ledgers[pool.quote_ledger].currency.ToString()},
        {"base_amount", of.base.minor()},
        {"quote_amount", of.quote.minor()},
        {"price_scale_at_begin", curve ? Json(curve->price_scale.ToString()) : Json(nullptr)},
        {"price_scale", rate(of.price_scale)},
        {"price_average", rate(of.price_average)}};
  }
  return pools;
}

// Decimals as texts: exact where values are, and the same on every machine.
Json DelayJson(const RunFigures& figures) {
  Json json = {{"unit", figures.unit}};
  const std::pair<const char*, Kinds> kinds[] = {
      {"all", Kinds::kAll}, {"payments", Kinds::kPayments}, {"settlements", Kinds::kSettlements}};
  for (const auto& [name, kind] : kinds) {
    const DelayFigures of = DelaysOf(figures, kind);
    const auto number = [&of](double value) {
      return of.seconds.empty() ? Json(nullptr) : Json(fmt::format("{:.6f}", value));
    };
    json[name] = {
        {"delay",
         of.of_time_to_close ? Json(fmt::format("{:.6f}", *of.of_time_to_close)) : Json(nullptr)},
        {"settled", of.seconds.size()},
        {"mean_s", number(of.mean_s)},
        {"mean_by_value_s", number(of.mean_by_value_s)},
        {"median_s", number(of.Percentile(50))},
        {"p95_s", number(of.Percentile(95))},
        {"p99_s", number(of.Percentile(99))},
        {"longest_s", number(of.Percentile(100))},
    };
  }
  return json;
}

// By currency.
Json IndicatorsJson(const std::vector<study::Part>& parts) {
  Json json = Json::object();
  for (const study::Part& part : parts) {
    json[part.currency] =
        Json::parse(study::RenderIndicatorsJson(part.input, part.result, part.indicators, {}));
  }
  return json;
}

}  // namespace

std::string RenderReportJson(const Plan& plan, const RunResult& result, const Summary& summary) {
  return RenderReportJson(plan, result, summary, LedgerParts(plan, result));
}

std::string RenderReportJson(const Plan& plan, const RunResult& result, const Summary& summary,
                             const std::vector<study::Part>& parts) {
  Json settled_value = Json::object();
  for (const CurrencySummary& currency : summary.currencies) {
    settled_value[plan.ledgers[currency.ledger].currency.ToString()] = currency.settled.minor();
  }
  Json state_roots = Json::object();
  Json logs = Json::object();
  for (const LedgerResult& ledger : result.ledgers) {
    const std::string origin = plan.ledgers[ledger.ledger].origin.ToString();
    state_roots[origin] = ledger.state_root;
    logs[origin] = {{"size", ledger.log_size}, {"root", ledger.log_root}};
  }
  if (plan.bridge) {
    logs[plan.bridge->decision_log.ToString()] = {{"size", result.decisions},
                                                  {"root", result.decision_log_root}};
  }
  const auto value = [](const std::optional<core::Amount>& amount) {
    return amount ? Json(amount->minor()) : Json(nullptr);
  };
  Json payments_from = Json::array();
  for (const PlannedPaymentsSource& source : plan.payments_from) {
    payments_from.push_back({{"name", source.name},
                             {"ledger", plan.ledgers[source.ledger].origin.ToString()},
                             {"source", source.path},
                             {"sha256", source.sha256},
                             {"payments", source.payments},
                             {"of", source.of}});
  }
  const Json report = {
      {"version", CAUSEWAY_VERSION},
      {"scenario", plan.name},
      {"scenario_sha256", plan.source_sha256},
      {"seed", plan.seed},
      {"mode", result.mode},
      {"mechanism", MechanismName(plan.mechanism.kind)},
      {"signatures", plan.modelled_signatures ? "modelled" : "ed25519-sha256"},
      {"payments_from", payments_from},
      {"business_days", plan.days.size()},
      {"settled", summary.settled},
      {"settled_value", settled_value},
      {"rejected", summary.rejected},
      {"payments_settled", summary.payments_settled},
      {"settlements_settled", summary.settlements_settled},
      {"settlements_aborted", summary.settlements_aborted},
      {"value_currency", plan.value_currency ? Json(plan.value_currency->code()) : Json(nullptr)},
      {"settled_value_total", value(summary.settled_value)},
      {"issued_value_total", value(summary.issued_value)},
      {"currencies", CurrenciesJson(plan, summary)},
      {"state_roots", state_roots},
      {"logs", logs},
      {"mechanism_figures", MechanismJson(plan, result)},
      {"settlement_queue", SettlementQueueJson(plan, result)},
      {"ledger_queues", LedgerQueuesJson(plan, result)},
      {"pools", PoolsJson(plan, result)},
      {"delay", DelayJson(FiguresOf(plan, result))},
      {"indicators", IndicatorsJson(parts)},
      {"checks",
       {{"conserved", summary.conserved},
        {"all_or_none", summary.all_or_none},
        {"all_or_none_breaches", result.all_or_none_breaches},
        {"other_breaches", result.other_breaches}}},
      {"observer", ObserverJson(result.observer)},
      {"expectations", ExpectationsJson(summary)},
      {"expectations_met", summary.expectations_met},
  };
  return report.dump(2) + "\n";
}

absl::Status WriteReport(const Plan& plan, const RunResult& result, const Summary& summary,
                         const std::vector<study::Part>& parts, const std::string& directory) {
  const std::filesystem::path folder(directory);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return absl::UnavailableError(fmt::format("cannot create {}: {}", directory, error.message()));
  }
  const auto text = [](std::string content) {
    return [content = std::move(content)](std::ostream& out) { out << content; };
  };
  absl::Status status =
      WriteFile(folder / "report.json", text(RenderReportJson(plan, result, summary, parts)));
  status.Update(WriteFile(folder / "payments.csv", text(RenderPaymentsCsv(plan, result))));
  status.Update(WriteFile(folder / "balances.csv", text(RenderBalancesCsv(plan, result))));
  status.Update(
      WriteFile(folder / "trace.bin", [&](std::ostream& out) { WriteTrace(plan, result, out); }));
  for (const study::Part& part : parts) {
    const study::Facts facts = {{"scenario", plan.name}, {"currency", part.currency}};
    status.Update(study::WriteResults(part.input, part.result, part.indicators, facts,
                                      (folder / "indicators" / part.currency).string()));
  }
  return status;
}

}  // namespace causeway::sim
