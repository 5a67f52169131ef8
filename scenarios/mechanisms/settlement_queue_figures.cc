#include "scenarios/mechanisms/settlement_queue_figures.h"

#include <algorithm>
#include <map>
#include <utility>

#include "fx-bridge/liquidity/pvp_queue.h"
#include "settlement/core/check.h"

namespace causeway::sim {
namespace {

void AddTo(core::Amount& sum, core::Amount more) {
  const std::optional<core::Amount> both = core::CheckedAdd(sum, more);
  CW_CHECK(both.has_value(), "what settled fits");
  sum = *both;
}

// Trades as settlements of accounts without funds.
class Settlements {
 public:
  Settlements(const Plan& plan, const std::map<ActionIndex, SettlePvp>& trades) : trades_(trades) {
    queue_.currencies = static_cast<std::uint32_t>(plan.ledgers.size());
  }

  // As one settlement.
  void Add(const std::vector<ActionIndex>& together) {
    std::vector<fx_liquidity::Leg> legs;
    for (const ActionIndex id : together) {
      const SettlePvp& trade = trades_.at(id);
      legs.push_back(
          MakeLeg(trade.party_ledger, trade.party, trade.counterparty, trade.party_amount));
      legs.push_back(MakeLeg(trade.counterparty_ledger, trade.counterparty, trade.party,
                             trade.counterparty_amount));
    }
    queue_.Add(legs, core::Amount::Zero());
  }

  std::vector<fx_liquidity::Saving> Savings() const {
    return fx_liquidity::SavingsOf(queue_, fx_liquidity::Selection(queue_.size(), true));
  }

 private:
  fx_liquidity::Leg MakeLeg(LedgerIndex ledger, ParticipantIndex from, ParticipantIndex to,
                            core::Amount amount) {
    const fx_liquidity::AccountIndex payer = PlaceOf(ledger, from);
    return {payer, PlaceOf(ledger, to), amount};
  }

  fx_liquidity::AccountIndex PlaceOf(LedgerIndex ledger, ParticipantIndex member) {
    const auto [found, added] =
        places_.emplace(SettlementQueue::Account{ledger, member},
                        static_cast<fx_liquidity::AccountIndex>(queue_.accounts.size()));
    if (added) queue_.accounts.push_back({.currency = ledger, .funds = core::Amount::Zero()});
    return found->second;
  }

  const std::map<ActionIndex, SettlePvp>& trades_;
  fx_liquidity::PvpQueue queue_;
  std::map<SettlementQueue::Account, fx_liquidity::AccountIndex> places_;
};

SettlementQueueRun RunOf(const SettlementQueue::RunRecord& record, bool keeps_order) {
  SettlementQueueRun run{.at = record.at,
                         .waiting = record.waiting,
                         .waiting_value = record.waiting_value,
                         .found = record.found,
                         .found_value = record.found_value,
                         .selections = record.selections,
                         .settled = record.settled,
                         .settled_value = record.settled_value};
  const auto order = keeps_order ? fx_liquidity::Order::kKept : fx_liquidity::Order::kFree;
  if (record.queue) {
    run.exact_value =
        fx_liquidity::ValueOf(*record.queue, fx_liquidity::SolveExactly(*record.queue, order));
  }
  if (run.found > 0 || (run.exact_value && run.exact_value->IsPositive())) {
    run.state = SettlementQueueState::kGridlock;
  } else if (keeps_order || run.exact_value) {
    run.state = SettlementQueueState::kDeadlock;
  }
  return run;
}

std::vector<SettlementQueueCurrency> CurrenciesOf(const Plan& plan, const SettlementQueue& queue) {
  std::map<ActionIndex, SettlePvp> trades;
  std::vector<std::pair<std::uint64_t, ActionIndex>> by_place;
  for (const auto& [id, trade] : queue.settled_trades()) {
    trades.emplace(id, trade);
    by_place.emplace_back(queue.PlaceOf(id), id);
  }
  std::sort(by_place.begin(), by_place.end());
  Settlements as_they_came(plan, trades);
  for (const auto& [place, id] : by_place) as_they_came.Add({id});
  Settlements as_settled(plan, trades);
  for (const std::vector<ActionIndex>& together : queue.settled()) as_settled.Add(together);
  const std::vector<fx_liquidity::Saving> one_by_one = as_they_came.Savings();
  const std::vector<fx_liquidity::Saving> in_sets = as_settled.Savings();
  std::vector<SettlementQueueCurrency> currencies;
  for (std::size_t i = 0; i < plan.ledgers.size(); ++i) {
    currencies.push_back({.ledger = static_cast<LedgerIndex>(i),
                          .settled = one_by_one[i].settled,
                          .needed_one_by_one = one_by_one[i].needed_one_by_one,
                          .needed_as_settled = in_sets[i].needed_one_by_one,
                          .needed_together = one_by_one[i].needed_together});
  }
  return currencies;
}

}  // namespace

SettlementQueueResult FiguresOf(const Plan& plan, const SettlementQueue& queue) {
  const bool keeps_order = plan.mechanism.settlement_queue.SelectsInOrder();
  SettlementQueueResult result;
  std::map<ActionIndex, core::Amount> values;
  for (const auto& [id, trade] : queue.settled_trades()) values[id] = queue.ValueOf(trade);
  for (const std::vector<ActionIndex>& together : queue.settled()) {
    const bool alone = together.size() == 1;
    (alone ? result.settled_alone : result.settled_together) += together.size();
    result.sets += alone ? 0 : 1;
    for (const ActionIndex id : together) {
      AddTo(alone ? result.settled_alone_value : result.settled_together_value, values.at(id));
    }
  }
  result.waited = queue.waited();
  result.returned = queue.returned();
  result.withdrawn = queue.withdrawn();
  for (const SettlementQueue::RunRecord& record : queue.runs()) {
    result.runs.push_back(RunOf(record, keeps_order));
  }
  result.currencies = CurrenciesOf(plan, queue);
  for (const SettlementQueue::Level& level : queue.levels()) {
    result.levels.push_back({level.at, level.waiting, level.value});
  }
  return result;
}

}  // namespace causeway::sim
