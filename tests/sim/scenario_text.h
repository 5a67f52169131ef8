// Small scenarios for the tests, made of parts that a test can replace.
#ifndef CAUSEWAY_TESTS_SIM_SCENARIO_TEXT_H_
#define CAUSEWAY_TESTS_SIM_SCENARIO_TEXT_H_

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "scenarios/simulator/simulator.h"
#include "scenarios/spec/scenario_file.h"

namespace causeway::sim {

inline std::string ScenarioPath(const std::string& name) {
  return std::string(CAUSEWAY_SOURCE_DIR) + "/scenarios/" + name + ".txtpb";
}

// Two currencies, two banks in each country, a provider, a bridge; three business days from a
// Thursday over a weekend. Nothing happens in it: append steps and generators.
inline const char kTwoCurrencies[] = R"(name: "two-currencies"
seed: 7
calendar {
  first_date: "2024-01-04"
  last_date: "2024-01-08"
  opens: "08:00"
  cuts_off: "17:00"
}
ledgers { ledger: "eu.example/eur" currency: "EUR" central_bank: "EU-CB" country: "DE" }
ledgers { ledger: "us.example/usd" currency: "USD" central_bank: "US-CB" country: "US" }
participants {
  id: "DE-BANK-1" role: ROLE_COMMERCIAL_BANK country: "DE"
  opening_balances { currency: "EUR" amount: "1000.00" }
}
participants { id: "DE-BANK-2" role: ROLE_COMMERCIAL_BANK country: "DE" }
participants {
  id: "US-BANK-1" role: ROLE_COMMERCIAL_BANK country: "US"
  opening_balances { currency: "USD" amount: "1000.00" }
}
participants { id: "US-BANK-2" role: ROLE_COMMERCIAL_BANK country: "US" }
participants {
  id: "DEALER" role: ROLE_FX_PROVIDER country: "US"
  opening_balances { currency: "USD" amount: "500.00" }
  opening_balances { currency: "EUR" amount: "500.00" }
}
bridge { id: "BRIDGE" decision_log: "bridge.example/decisions" }
fx_providers {
  participant: "DEALER"
  rates { base: "EUR" quote: "USD" bid: "1.10" ask: "1.20" }
}
reference_rates { value_currency: "USD" rates { currency: "EUR" rate: "0.90" } }
network { latency_us_min: 1000 latency_us_max: 9000 sync_us: 500 }
)";

inline std::string TwoCurrenciesWith(std::string_view more) {
  return std::string(kTwoCurrencies) + std::string(more);
}

// A generator of funded payments and PvP settlements.
inline std::string GeneratorText(const std::string& name, int payments, int pvp) {
  return "generators { name: \"" + name + "\" payments: " + std::to_string(payments) +
         " pvp_settlements: " + std::to_string(pvp) +
         " value_median: \"100.00\" value_sigma: \"1.0\" fund_by_issue: true }\n";
}

inline Plan Compiled(std::string_view text, const CompileOptions& options = {}) {
  std::variant<Plan, std::vector<Finding>> compiled = CompileScenario(text, options);
  if (auto* findings = std::get_if<std::vector<Finding>>(&compiled)) {
    for (const Finding& finding : *findings) ADD_FAILURE() << FormatFinding("scenario", finding);
    return {};
  }
  return std::get<Plan>(std::move(compiled));
}

inline std::vector<Finding> Findings(std::string_view text) {
  std::variant<Plan, std::vector<Finding>> compiled = CompileScenario(text);
  if (auto* findings = std::get_if<std::vector<Finding>>(&compiled)) return *findings;
  return {};
}

inline RunResult Simulated(const Plan& plan) {
  absl::StatusOr<RunResult> result = RunSimulation(plan);
  if (!result.ok()) {
    ADD_FAILURE() << std::string(result.status().message());
    return {};
  }
  return *std::move(result);
}

inline const PlannedAction* FindAction(const Plan& plan, std::string_view id) {
  for (const PlannedAction& action : plan.actions) {
    if (action.id == id) return &action;
  }
  return nullptr;
}

inline ActionResult ResultOf(const Plan& plan, const RunResult& result, std::string_view id) {
  const PlannedAction* action = FindAction(plan, id);
  if (action == nullptr) {
    ADD_FAILURE() << "no action " << id;
    return {};
  }
  return result.actions[action->index];
}

// Available balance in minor units.
inline std::int64_t BalanceOf(const Plan& plan, const RunResult& result, std::string_view id,
                              std::string_view currency) {
  for (const LedgerResult& ledger : result.ledgers) {
    if (plan.ledgers[ledger.ledger].currency.code() != currency) continue;
    for (const AccountResult& account : ledger.accounts) {
      if (plan.participants[account.participant].id.text() == id) return account.available.minor();
    }
  }
  ADD_FAILURE() << id << " has no account in " << currency;
  return 0;
}

}  // namespace causeway::sim

#endif  // CAUSEWAY_TESTS_SIM_SCENARIO_TEXT_H_
