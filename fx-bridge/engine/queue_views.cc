// What the settlement queue shows.
#include <algorithm>

#include "fx-bridge/engine/queue_desk.h"
#include "settlement/core/check.h"

namespace causeway::bridge {

fx_queue::MemberIndex QueueDesk::MemberOf(const core::ParticipantId& participant) {
  if (const auto found = FindMember(participant)) return *found;
  members_.push_back(participant);
  return static_cast<fx_queue::MemberIndex>(members_.size() - 1);
}

std::optional<fx_queue::MemberIndex> QueueDesk::FindMember(
    const core::ParticipantId& participant) const {
  const auto found = std::find(members_.begin(), members_.end(), participant);
  if (found == members_.end()) return std::nullopt;
  return static_cast<fx_queue::MemberIndex>(found - members_.begin());
}

fx_queue::LedgerIndex QueueDesk::LedgerOf(const core::LedgerOrigin& ledger) {
  const auto found = std::find(ledgers_.begin(), ledgers_.end(), ledger);
  if (found != ledgers_.end()) return static_cast<fx_queue::LedgerIndex>(found - ledgers_.begin());
  ledgers_.push_back(ledger);
  return static_cast<fx_queue::LedgerIndex>(ledgers_.size() - 1);
}

core::AccountAddress QueueDesk::AccountOf(fx_queue::MemberIndex member,
                                          fx_queue::LedgerIndex ledger) const {
  return options_.members.at(members_[member]).at(ledgers_[ledger]);
}

QueueRunView* QueueDesk::RunOf(std::uint64_t run) {
  const auto found = std::find_if(runs_.rbegin(), runs_.rend(),
                                  [run](const QueueRunView& each) { return each.run == run; });
  return found == runs_.rend() ? nullptr : &*found;
}

QueuedTradeView QueueDesk::ViewOf(fx_queue::TradeIndex index) const {
  const TradeRecord& record = trades_.at(index);
  const std::optional<Queue::Status> status = machine_.Find(index);
  CW_CHECK(status.has_value(), "a trade that is shown is known");
  QueuedTradeView view{
      .id = record.id, .payload = record.payload, .reason = machine_.WaitReasonOf(index)};
  for (const fx_queue::MemberIndex member : status->entered) {
    view.entered.push_back(members_[member]);
  }
  for (const fx_queue::MemberIndex member : status->withdrawn) {
    view.withdrawn.push_back(members_[member]);
  }
  view.first_entered = record.first_entered;
  if (status->place != 0) view.since = status->since;
  view.ended = record.ended;
  if (status->ended) {
    view.outcome = status->outcome;
    view.state = status->outcome.outcome == core::Outcome::kAccepted ? QueuedTradeState::kSettled
                                                                     : QueuedTradeState::kReturned;
    view.settlement_id = record.settlement_id;
    view.together = record.together;
  } else if (status->under_way) {
    view.state = QueuedTradeState::kBeingSettled;
    for (const auto& [number, attempt] : attempts_) {
      const std::vector<fx_queue::TradeIndex>& trades = machine_.FindAttempt(number)->trades;
      if (std::find(trades.begin(), trades.end(), index) == trades.end()) continue;
      view.settlement_id = attempt.settlement_id;
      view.together = static_cast<std::uint32_t>(trades.size());
    }
  } else if (status->place != 0) {
    view.state = QueuedTradeState::kWaiting;
  }
  return view;
}

std::optional<QueuedTradeView> QueueDesk::Look(const core::Hash256& id) const {
  const auto found = index_.find(id);
  if (found == index_.end()) return std::nullopt;
  return ViewOf(found->second);
}

bool QueueDesk::IsParty(const core::Hash256& trade, const core::ParticipantId& participant) const {
  const auto found = index_.find(trade);
  if (found == index_.end()) return false;
  const core::QueuedTrade& known = trades_.at(found->second).trade;
  return known.sides[0].party == participant || known.sides[1].party == participant;
}

std::vector<QueuedTradeView> QueueDesk::List(const core::ParticipantId& party, bool ended,
                                             std::size_t count_max) const {
  std::vector<QueuedTradeView> views;
  for (const auto& [index, record] : trades_) {
    if (views.size() == count_max) break;
    if (!ended && record.ended != core::LedgerTime()) continue;
    if (!party.IsEmpty() && !IsParty(record.id, party)) continue;
    views.push_back(ViewOf(index));
  }
  return views;
}

MemberRequests QueueDesk::RequestsFor(const core::ParticipantId& member) const {
  MemberRequests requests;
  const std::optional<fx_queue::MemberIndex> index = FindMember(member);
  if (!index) return requests;
  for (const auto& [ledger, asked] : machine_.asked()) {
    if (asked != *index) continue;
    requests.funds.push_back({machine_.last_run(), ledgers_[ledger], AccountOf(asked, ledger)});
  }
  for (const auto& [number, record] : attempts_) {
    const fx_queue::NetAttempt* attempt = machine_.FindAttempt(number);
    if (attempt->submitted || !attempt->payers.contains(*index) ||
        attempt->signatures.contains(*index)) {
      continue;
    }
    SignatureRequest request{.attempt = number, .terms = record.terms};
    for (const fx_queue::TradeIndex each : attempt->trades) {
      const TradeRecord& trade = trades_.at(each);
      if (trade.indexed.party != *index && trade.indexed.counterparty != *index) continue;
      request.trades.emplace_back(trade.id, trade.payload);
    }
    request.until = record.began + rules_.answer_timeout;
    requests.signatures.push_back(std::move(request));
  }
  return requests;
}

QueueFigures QueueDesk::Figures() const {
  QueueFigures figures = figures_;
  figures.unmatched = unmatched_.size();
  figures.waiting = machine_.queued();
  return figures;
}

}  // namespace causeway::bridge
