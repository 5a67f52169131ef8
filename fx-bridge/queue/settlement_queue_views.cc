// What a settlement queue tells of itself.
#include <algorithm>

#include "fx-bridge/queue/settlement_queue.h"

namespace causeway::fx_queue {

const NetAttempt* SettlementQueue::FindAttempt(std::uint32_t number) const {
  const auto found = under_way_.find(number);
  return found == under_way_.end() ? nullptr : &found->second.attempt;
}

std::vector<std::uint32_t> SettlementQueue::attempts() const {
  std::vector<std::uint32_t> numbers;
  for (const auto& [number, attempt] : under_way_) numbers.push_back(number);
  return numbers;
}

std::set<SettlementQueue::Account> SettlementQueue::asked() const {
  return run_ && run_->phase == Phase::kAsking ? run_->asked : std::set<Account>();
}

bool SettlementQueue::anything_waits() const { return waiting_ > 0; }

std::uint64_t SettlementQueue::waited() const {
  return static_cast<std::uint64_t>(std::count_if(
      trades_.begin(), trades_.end(), [](const auto& trade) { return trade.second.waited; }));
}

std::vector<std::pair<TradeIndex, Trade>> SettlementQueue::settled_trades() const {
  std::vector<std::pair<TradeIndex, Trade>> settled;
  for (const auto& [id, trade] : trades_) {
    if (trade.ended && trade.outcome.outcome == core::Outcome::kAccepted) {
      settled.emplace_back(id, trade.what);
    }
  }
  return settled;
}

std::optional<SettlementQueue::Status> SettlementQueue::Find(TradeIndex id) const {
  const auto found = trades_.find(id);
  if (found == trades_.end()) return std::nullopt;
  const Known& known = found->second;
  return Status{.what = known.what,
                .entered = known.entered,
                .withdrawn = known.withdrawn,
                .place = known.place,
                .since = known.since,
                .under_way = known.under_way,
                .passed_over = known.passed_over,
                .ended = known.ended,
                .outcome = known.outcome};
}

std::map<TradeIndex, SettlementQueue::WaitReason> SettlementQueue::WaitReasons() const {
  std::map<TradeIndex, WaitReason> reasons;
  std::set<Account> behind;  // as Release sees it
  for (const auto& [place, id] : queue_) {
    const Known& trade = trades_.at(id);
    bool first = true;
    if (!trade.passed_over) {
      for (const Account& account : {PartyAccount(trade.what), CounterpartyAccount(trade.what)}) {
        if (!behind.insert(account).second && rules_.ReleasesInOrder()) first = false;
      }
    }
    WaitReason& reason = reasons[id];
    if (trade.under_way) {
      reason = WaitReason::kTried;
    } else if (trade.passed_over) {
      reason = WaitReason::kPassedOver;
    } else if (!IsCovered(trade.what)) {
      reason = WaitReason::kFunds;
    } else if (!first) {
      reason = WaitReason::kOrder;
    }
  }
  return reasons;
}

SettlementQueue::WaitReason SettlementQueue::WaitReasonOf(TradeIndex id) const {
  const auto found = trades_.find(id);
  if (found == trades_.end() || found->second.place == 0 || found->second.ended) {
    return WaitReason::kNone;
  }
  const Known& trade = found->second;
  if (trade.under_way) return WaitReason::kTried;
  if (trade.passed_over) return WaitReason::kPassedOver;
  if (!IsCovered(trade.what)) return WaitReason::kFunds;
  return IsFirst(trade) ? WaitReason::kNone : WaitReason::kOrder;
}

}  // namespace causeway::fx_queue
