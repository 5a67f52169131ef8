#include "scenarios/report/mechanism_report.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/numeric/int128.h"
#include "fmt/format.h"
#include "nlohmann/json.hpp"

namespace causeway::sim {
namespace {

using MechanismJsonValue = nlohmann::ordered_json;

// The nearest rank: the smallest value that so many of a hundred do not exceed.
core::Duration RankOf(const std::vector<core::Duration>& sorted, std::size_t percent) {
  if (sorted.empty()) return core::Duration::Zero();
  const std::size_t rank = (sorted.size() * percent + 99) / 100;
  return sorted[std::max<std::size_t>(rank, 1) - 1];
}

// "1.500 s", exact to the millisecond below.
std::string Seconds(core::Duration duration) {
  const std::int64_t millis = duration.micros() / 1000;
  return fmt::format("{}.{:03}", millis / 1000, millis % 1000);
}

// "1,234,567" without decimals, rounded down.
std::string Whole(const Plan& plan, std::int64_t minor) {
  std::int64_t units = minor;
  if (plan.value_currency) {
    for (int digits = plan.value_currency->minor_digits(); digits > 0; --digits) units /= 10;
  }
  std::string text = fmt::format("{}", units);
  const std::size_t first = text.front() == '-' ? 1 : 0;
  for (std::size_t place = text.size(); place > first + 3;) {
    place -= 3;
    text.insert(place, 1, ',');
  }
  return text;
}

}  // namespace

TradeSummary SummariseTrades(const Plan& plan, const RunResult& result) {
  TradeSummary summary;
  std::vector<core::Duration> delays;
  std::optional<core::Amount> value = core::Amount::Zero();
  for (const ActionResult& action : result.actions) {
    const PlannedAction& planned = plan.actions[action.action];
    if (!std::holds_alternative<SettlePvp>(planned.what)) continue;
    ++summary.trades;
    if (action.status == ActionStatus::kRejected || action.status == ActionStatus::kAborted) {
      ++summary.returned;
    } else if (action.status == ActionStatus::kHalfDone) {
      ++summary.half_done;
    } else if (action.status != ActionStatus::kSettled) {
      ++summary.uncertain;
    } else {
      ++summary.settled;
      delays.push_back(action.ended - planned.time);
      for (const ActionLeg& leg : action.legs) {
        const auto worth = plan.ValueOf(plan.ledgers[leg.ledger].currency, leg.amount);
        value = value && worth ? core::CheckedAdd(*value, *worth) : std::nullopt;
      }
    }
  }
  summary.settled_value = value;
  std::sort(delays.begin(), delays.end());
  summary.delay_median = RankOf(delays, 50);
  summary.delay_p99 = RankOf(delays, 99);
  summary.delay_max = RankOf(delays, 100);
  return summary;
}

std::optional<MechanismTotals> TotalOf(const Plan& plan, const MechanismResult& mechanism) {
  MechanismTotals totals;
  for (const MechanismCurrency& currency : mechanism.currencies) {
    const core::Currency code = plan.ledgers[currency.ledger].currency;
    const auto needed = plan.ValueOf(code, currency.liquidity_needed);
    const auto locked = plan.ValueOf(code, core::Amount::FromMinor(currency.locked_amount_seconds));
    const auto left = plan.ValueOf(code, currency.locked_at_end);
    if (!needed || !locked || !left) return std::nullopt;
    const auto all_needed = core::CheckedAdd(totals.liquidity_needed, *needed);
    const auto all_left = core::CheckedAdd(totals.locked_at_end, *left);
    const auto all_locked =
        core::CheckedAdd(core::Amount::FromMinor(totals.locked_value_seconds), *locked);
    if (!all_needed || !all_left || !all_locked) return std::nullopt;
    totals.liquidity_needed = *all_needed;
    totals.locked_at_end = *all_left;
    totals.locked_value_seconds = all_locked->minor();
  }
  return totals;
}

std::int64_t OptionsWorth(const Plan& plan, const MechanismResult& mechanism) {
  constexpr double kMicrosPerYear = 365.0 * 24 * 3600 * 1e6;
  const double volatility = plan.mechanism.htlc.volatility_per_mille / 1000.0;
  double worth = 0;
  for (const MechanismResult::Option& option : mechanism.options) {
    const double years = static_cast<double>(option.granted.micros()) / kMicrosPerYear;
    // 2 N(x) - 1 = erf(x / sqrt 2)
    const double share = std::erf(volatility * std::sqrt(years) / 2 / std::sqrt(2.0));
    worth += static_cast<double>(option.value.minor()) * share;
  }
  return std::llround(worth);
}

std::int64_t OptionValueSeconds(const MechanismResult& mechanism) {
  absl::int128 sum = 0;
  for (const MechanismResult::Option& option : mechanism.options) {
    sum += absl::int128(option.value.minor()) * option.held.micros();
  }
  return static_cast<std::int64_t>(sum / 1'000'000);
}

MechanismJsonValue MechanismJson(const Plan& plan, const RunResult& result) {
  if (!result.mechanism) return nullptr;
  const MechanismResult& mechanism = *result.mechanism;
  const TradeSummary trades = SummariseTrades(plan, result);
  MechanismJsonValue currencies = MechanismJsonValue::object();
  for (const MechanismCurrency& currency : mechanism.currencies) {
    currencies[plan.ledgers[currency.ledger].currency.ToString()] = {
        {"liquidity_needed", currency.liquidity_needed.minor()},
        {"locked_max", currency.locked_max.minor()},
        {"locked_amount_seconds", currency.locked_amount_seconds},
        {"locked_at_end", currency.locked_at_end.minor()}};
  }
  return {
      {"trades", trades.trades},
      {"settled", trades.settled},
      {"returned", trades.returned},
      {"half_done", trades.half_done},
      {"uncertain", trades.uncertain},
      {"settled_value", trades.settled_value ? MechanismJsonValue(trades.settled_value->minor())
                                             : MechanismJsonValue(nullptr)},
      {"delay_us_median", trades.delay_median.micros()},
      {"delay_us_p99", trades.delay_p99.micros()},
      {"delay_us_max", trades.delay_max.micros()},
      {"principal_at_risk_max", mechanism.principal_at_risk_max.minor()},
      {"principal_at_risk_value_seconds", mechanism.principal_at_risk_value_seconds},
      {"principal_lost", mechanism.principal_lost.minor()},
      {"exchanges_half_done", mechanism.exchanges_half_done},
      {"options", mechanism.options.size()},
      {"option_value_seconds", OptionValueSeconds(mechanism)},
      {"options_worth", OptionsWorth(plan, mechanism)},
      {"currencies", currencies},
  };
}

std::string MechanismTableHead(const Plan& plan) {
  const std::string_view unit = plan.value_currency ? plan.value_currency->code() : "-";
  return fmt::format(
      "| mechanism | faults | settled | returned | half done | uncertain | delay p50, s | delay "
      "p99, s | "
      "liquidity needed, {0} | locked, {0} s | locked at end, {0} | at risk max, {0} | at risk, "
      "{0} s | lost, {0} | options worth, {0} |\n"
      "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
      unit);
}

std::string MechanismTableRow(const Plan& plan, const RunResult& result,
                              const std::string& faults) {
  const TradeSummary trades = SummariseTrades(plan, result);
  const MechanismResult mechanism = result.mechanism.value_or(MechanismResult{});
  const MechanismTotals totals = TotalOf(plan, mechanism).value_or(MechanismTotals{});
  return fmt::format(
      "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
      MechanismName(plan.mechanism.kind), faults, trades.settled, trades.returned, trades.half_done,
      trades.uncertain, Seconds(trades.delay_median), Seconds(trades.delay_p99),
      Whole(plan, totals.liquidity_needed.minor()), Whole(plan, totals.locked_value_seconds),
      Whole(plan, totals.locked_at_end.minor()),
      Whole(plan, mechanism.principal_at_risk_max.minor()),
      Whole(plan, mechanism.principal_at_risk_value_seconds),
      Whole(plan, mechanism.principal_lost.minor()), Whole(plan, OptionsWorth(plan, mechanism)));
}

}  // namespace causeway::sim
