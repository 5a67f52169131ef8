// What the page's plots and indicators are made of.
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "scenarios/report/run_page.h"

namespace causeway::sim {
namespace {

double PowerOfTen(int digits) {
  double power = 1;
  for (int i = 0; i < digits; ++i) power *= 10;
  return power;
}

double Major(core::Currency currency, core::Amount amount) {
  return static_cast<double>(amount.minor()) / PowerOfTen(currency.minor_digits());
}

// Turns amounts of all currencies into one unit.
class Valuer {
 public:
  explicit Valuer(const Plan& plan) : plan_(plan) {
    if (plan.value_currency) {
      by_rates_ = std::all_of(plan.ledgers.begin(), plan.ledgers.end(), [&](const auto& ledger) {
        return plan.ValueOf(ledger.currency, core::Amount()).has_value();
      });
    }
  }
  std::string unit() const {
    if (by_rates_) return plan_.value_currency->ToString();
    return plan_.ledgers.size() == 1 ? plan_.ledgers.front().currency.ToString()
                                     : std::string(RunFigures::kNoValues);
  }
  double operator()(const ActionLeg& leg) const {
    const core::Currency currency = plan_.ledgers[leg.ledger].currency;
    if (by_rates_) {
      const std::optional<core::Amount> value = plan_.ValueOf(currency, leg.amount);
      return value ? Major(*plan_.value_currency, *value) : 0;
    }
    return plan_.ledgers.size() == 1 ? Major(currency, leg.amount) : 1;
  }

 private:
  const Plan& plan_;
  bool by_rates_ = false;
};

struct Ends {
  ParticipantIndex from = 0;
  ParticipantIndex to = 0;
};
// Of the first leg and of the second, if there is one.
std::pair<Ends, Ends> EndsOf(const Plan& plan, const PlannedWhat& what) {
  if (const auto* pay = std::get_if<PayOneWay>(&what)) return {{pay->from, pay->to}, {}};
  if (const auto* swap = std::get_if<SwapOnQuote>(&what)) {
    const ParticipantIndex provider = ProviderOf(plan, *swap);
    return {{swap->taker, provider}, {provider, swap->payee}};
  }
  const auto& pvp = std::get<SettlePvp>(what);
  return {{pvp.party, pvp.counterparty}, {pvp.counterparty, pvp.party}};
}

// By ledger the times at which its days close, ascending.
std::vector<std::vector<std::int64_t>> ClosesOf(const Plan& plan) {
  std::vector<std::vector<std::int64_t>> closes(plan.ledgers.size());
  for (const PlannedAction& action : plan.actions) {
    const auto* change = std::get_if<ChangeDayPhase>(&action.what);
    if (change == nullptr || change->phase != core::DayPhase::kClosed) continue;
    closes[change->ledger].push_back(action.time.micros());
  }
  for (std::vector<std::int64_t>& of_ledger : closes) {
    std::sort(of_ledger.begin(), of_ledger.end());
  }
  return closes;
}

// When the first of the ledgers of a transaction closes after it was due; `last_us` when none does.
std::int64_t CloseAfter(const std::vector<std::vector<std::int64_t>>& closes,
                        const std::vector<ActionLeg>& legs, std::int64_t due_us,
                        std::int64_t last_us) {
  std::int64_t first_us = std::numeric_limits<std::int64_t>::max();
  for (const ActionLeg& leg : legs) {
    const std::vector<std::int64_t>& of_ledger = closes[leg.ledger];
    const auto close = std::upper_bound(of_ledger.begin(), of_ledger.end(), due_us);
    if (close != of_ledger.end()) first_us = std::min(first_us, *close);
  }
  return first_us == std::numeric_limits<std::int64_t>::max() ? last_us : first_us;
}

}  // namespace

ParticipantIndex ProviderOf(const Plan& plan, const SwapOnQuote& swap) {
  ParticipantIndex found = kSomeProvider;
  if (!plan.bridge) return found;
  const core::Currency sell = plan.ledgers[swap.sell_ledger].currency;
  const core::Currency buy = plan.ledgers[swap.buy_ledger].currency;
  for (const PlannedProvider& provider : plan.bridge->providers) {
    const bool quotes =
        std::any_of(provider.rates.begin(), provider.rates.end(), [&](const auto& rate) {
          return (rate.base == sell && rate.quote == buy) ||
                 (rate.base == buy && rate.quote == sell);
        });
    if (!quotes) continue;
    if (found != kSomeProvider) return kSomeProvider;
    found = provider.participant;
  }
  return found;
}

std::string ValueUnitOf(const Plan& plan) { return Valuer(plan).unit(); }

RunFigures FiguresOf(const Plan& plan, const RunResult& result) {
  RunFigures figures;
  const Valuer value_of(plan);
  figures.unit = value_of.unit();
  figures.begin_us = std::numeric_limits<std::int64_t>::max();
  figures.end_us = std::numeric_limits<std::int64_t>::min();
  for (const ActionResult& action : result.actions) {
    const std::int64_t due_us = plan.actions[action.action].time.micros();
    figures.begin_us = std::min(figures.begin_us, due_us);
    figures.end_us = std::max({figures.end_us, due_us, action.ended.micros()});
  }
  if (result.actions.empty()) figures.begin_us = figures.end_us = 0;
  const std::vector<std::vector<std::int64_t>> closes = ClosesOf(plan);
  for (const ActionResult& action : result.actions) {
    const PlannedAction& planned = plan.actions[action.action];
    if (!IsTransaction(planned.what)) continue;
    const bool ended =
        action.status != ActionStatus::kPending && action.status != ActionStatus::kVanished;
    Transaction transaction;
    transaction.due_us = planned.time.micros();
    // A live run has the wall clock in its results and the scenario's clock in its plan.
    const bool live = result.mode == "live";
    const std::int64_t from_us =
        live && action.attempts > 0 ? action.started.micros() : transaction.due_us;
    transaction.due_us = from_us;
    transaction.ended_us = ended ? std::max(action.ended.micros(), from_us) : figures.end_us;
    transaction.settled = action.status == ActionStatus::kSettled;
    transaction.closes_us =
        live ? figures.end_us : CloseAfter(closes, action.legs, from_us, figures.end_us);
    transaction.closes_us =
        std::max(transaction.closes_us, transaction.settled ? transaction.ended_us : from_us);
    transaction.is_settlement = !std::holds_alternative<PayOneWay>(planned.what);
    const auto [first, second] = EndsOf(plan, planned.what);
    for (std::size_t i = 0; i < action.legs.size(); ++i) {
      const Ends& ends = i == 0 ? first : second;
      const double value = value_of(action.legs[i]);
      transaction.value += value;
      if (action.settled_in_parts.IsPositive() && figures.HasValues()) {
        const double part = value_of({action.legs[i].ledger, action.settled_in_parts});
        figures.transfers.push_back({ends.from, ends.to, action.legs[i].ledger, part, true, false});
        figures.transfers.push_back(
            {ends.from, ends.to, action.legs[i].ledger, value - part, false, false});
        continue;
      }
      figures.transfers.push_back({ends.from, ends.to, action.legs[i].ledger, value,
                                   transaction.settled, transaction.is_settlement});
    }
    figures.transactions.push_back(transaction);
  }
  if (result.mode == "live" && !figures.transactions.empty()) {
    figures.begin_us = std::numeric_limits<std::int64_t>::max();
    for (const Transaction& transaction : figures.transactions) {
      figures.begin_us = std::min(figures.begin_us, transaction.due_us);
    }
  }
  return figures;
}

std::vector<page::Change> MoneyChangesOf(const Plan& plan, const RunResult& result,
                                         const RunFigures& figures, LedgerIndex ledger) {
  const core::Currency currency = plan.ledgers[ledger].currency;
  const Valuer value_of(plan);
  std::vector<page::Change> changes;
  for (const ActionResult& action : result.actions) {
    const PlannedWhat& what = plan.actions[action.action].what;
    const bool issue = std::holds_alternative<IssueTo>(what);
    if (action.status != ActionStatus::kSettled ||
        (!issue && !std::holds_alternative<RedeemFrom>(what))) {
      continue;
    }
    for (const ActionLeg& leg : action.legs) {
      if (leg.ledger != ledger) continue;
      const double value = figures.HasValues() ? value_of(leg) : Major(currency, leg.amount);
      changes.push_back({action.ended.micros(), issue ? value : -value});
    }
  }
  return changes;
}

double PeakLiquidity(const Plan& plan, const RunResult& result, const RunFigures& figures) {
  std::vector<page::Change> changes;
  for (LedgerIndex ledger = 0; ledger < plan.ledgers.size(); ++ledger) {
    const std::vector<page::Change> more = MoneyChangesOf(plan, result, figures, ledger);
    changes.insert(changes.end(), more.begin(), more.end());
  }
  const page::Series all = page::Timeline("", std::move(changes), figures.begin_us, figures.end_us);
  return *std::max_element(all.y.begin(), all.y.end());
}

double HerfindahlOfPayers(const RunFigures& figures) {
  std::map<ParticipantIndex, double> paid;
  double total = 0;
  for (const Transfer& transfer : figures.transfers) {
    if (!transfer.settled) continue;
    paid[transfer.from] += transfer.value;
    total += transfer.value;
  }
  double index = 0;
  for (const auto& [payer, value] : paid) index += value / total * (value / total);
  return index;
}

double DelayFigures::Percentile(double percent) const {
  if (seconds.empty()) return 0;
  const auto size = static_cast<double>(seconds.size());
  const auto rank = static_cast<std::size_t>(std::max(1.0, std::ceil(percent / 100 * size)));
  return seconds[std::min(rank, seconds.size()) - 1];
}

DelayFigures DelaysOf(const RunFigures& figures, Kinds kinds) {
  DelayFigures delays;
  double value = 0;
  double sum = 0;
  double sum_by_value = 0;
  double waited = 0;
  double to_close = 0;
  for (const Transaction& transaction : figures.transactions) {
    if (kinds != Kinds::kAll && transaction.is_settlement != (kinds == Kinds::kSettlements)) {
      continue;
    }
    const std::int64_t until_us =
        transaction.settled ? transaction.ended_us : transaction.closes_us;
    waited += transaction.value * static_cast<double>(until_us - transaction.due_us);
    to_close += transaction.value * static_cast<double>(transaction.closes_us - transaction.due_us);
    if (!transaction.settled) continue;
    const double delay_s =
        static_cast<double>(transaction.ended_us - transaction.due_us) / 1'000'000;
    delays.seconds.push_back(delay_s);
    sum += delay_s;
    sum_by_value += delay_s * transaction.value;
    value += transaction.value;
  }
  std::sort(delays.seconds.begin(), delays.seconds.end());
  if (!delays.seconds.empty()) delays.mean_s = sum / static_cast<double>(delays.seconds.size());
  if (value > 0) delays.mean_by_value_s = sum_by_value / value;
  if (to_close > 0) delays.of_time_to_close = waited / to_close;
  return delays;
}

}  // namespace causeway::sim
