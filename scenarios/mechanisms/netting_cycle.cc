#include "scenarios/mechanisms/netting_cycle.h"

#include <algorithm>

#include "settlement/core/check.h"

namespace causeway::sim {
namespace {

core::Rejection Because(core::Outcome outcome, std::string rule) {
  return {.outcome = outcome, .rule = std::move(rule)};
}

bool Touches(const SettlePvp& trade, const std::set<ParticipantIndex>& members) {
  return members.contains(trade.party) || members.contains(trade.counterparty);
}

}  // namespace

void NettingCycle::End(ActionIndex id, const core::Rejection& outcome, Effects& effects) {
  Trade& trade = trades_.at(id);
  CW_CHECK(!trade.ended, "a trade ends once");
  trade.ended = true;
  trade.outcome = outcome;
  effects.push_back(Tell{id, outcome});
}

NettingCycle::Effects NettingCycle::Enter(ActionIndex id, const SettlePvp& trade,
                                          ParticipantIndex by) {
  CW_CHECK(by == trade.party || by == trade.counterparty, "only its parties enter a trade");
  Trade& known = trades_[id];
  if (known.ended) return {Tell{id, known.outcome}};
  known.what = trade;
  known.entered.insert(by);
  if (open_) return {};
  Effects effects;
  End(id, Because(core::Outcome::kPastDeadline, "the day is over"), effects);
  return effects;
}

NettingCycle::Effects NettingCycle::Begin(core::LedgerTime now, std::uint32_t number) {
  Effects effects;
  if (number <= cycles_begun_) return effects;
  cycles_begun_ = number;
  if (attempt_) {
    waiting_ = true;
    return effects;
  }
  std::vector<ActionIndex> matched;
  for (const auto& [id, trade] : trades_) {
    if (!trade.ended && trade.entered.size() == 2) matched.push_back(id);
  }
  StartAttempt(now, std::move(matched), effects);
  return effects;
}

NettingCycle::Effects NettingCycle::Open() {
  open_ = true;
  return {};
}

NettingCycle::Effects NettingCycle::Close() {
  Effects effects;
  open_ = false;
  ReturnAll(effects);
  return effects;
}

void NettingCycle::ReturnAll(Effects& effects) {
  for (const auto& [id, trade] : trades_) {
    const bool under_way =
        attempt_ && std::binary_search(attempt_->trades.begin(), attempt_->trades.end(), id);
    if (trade.ended || under_way) continue;
    End(id,
        trade.entered.size() == 2 ? Because(core::Outcome::kPastDeadline, "the day is over")
                                  : Because(core::Outcome::kApprovalsMissing, "not matched"),
        effects);
  }
}

void NettingCycle::StartAttempt(core::LedgerTime now, std::vector<ActionIndex> trades,
                                Effects& effects) {
  attempt_.reset();
  std::vector<SettlePvp> what;
  what.reserve(trades.size());
  for (const ActionIndex id : trades) what.push_back(trades_.at(id).what);
  const std::optional<NetPositions> positions = NetOf(what);
  if (!positions) {
    for (const ActionIndex id : trades) {
      End(id, Because(core::Outcome::kAmountOverflow, "net position"), effects);
    }
    EndCycle(now, effects);
    return;
  }
  if (trades.empty()) {
    EndCycle(now, effects);
    return;
  }
  Attempt attempt;
  attempt.legs = LegsOf(*positions);
  if (attempt.legs.empty()) {
    // What everybody owes is what everybody is owed: nothing is left to pay.
    for (const ActionIndex id : trades) {
      End(id, {.outcome = core::Outcome::kAccepted}, effects);
    }
    EndCycle(now, effects);
    return;
  }
  attempt.number = ++attempts_;
  attempt.began = now;
  attempt.trades = std::move(trades);
  for (const NetLeg& leg : attempt.legs) attempt.payers.insert(leg.from);
  attempt_ = std::move(attempt);
  effects.emplace_back(std::in_place_type<AskSignatures>, AskSignatures{attempt_->number});
}

NettingCycle::Effects NettingCycle::OnSignature(std::uint32_t attempt, ParticipantIndex by,
                                                const core::Signature& signature) {
  if (!attempt_ || attempt_->number != attempt || attempt_->submitted ||
      !attempt_->payers.contains(by)) {
    return {};
  }
  attempt_->signatures[by] = signature;
  if (attempt_->signatures.size() < attempt_->payers.size()) return {};
  attempt_->submitted = true;
  return {Submit{attempt}};
}

NettingCycle::Effects NettingCycle::OnSigningTimeout(core::LedgerTime now, std::uint32_t attempt) {
  Effects effects;
  // Once it is handed in, only its outcome ends it: it may settle at any moment.
  if (!attempt_ || attempt_->number != attempt || attempt_->submitted) return effects;
  std::set<ParticipantIndex> silent;
  for (const ParticipantIndex payer : attempt_->payers) {
    if (!attempt_->signatures.contains(payer)) silent.insert(payer);
  }
  Unwind(now, silent, Because(core::Outcome::kNotSignedByParty, "net position"), effects);
  return effects;
}

NettingCycle::Effects NettingCycle::OnOutcome(core::LedgerTime now, std::uint32_t attempt,
                                              const core::Rejection& outcome,
                                              std::optional<ParticipantIndex> to_blame) {
  Effects effects;
  if (!attempt_ || attempt_->number != attempt) return effects;
  CW_CHECK(attempt_->submitted, "what was not handed in has no outcome");
  if (outcome.outcome == core::Outcome::kAccepted) {
    for (const ActionIndex id : attempt_->trades) End(id, outcome, effects);
    attempt_.reset();
    EndCycle(now, effects);
  } else if (to_blame) {
    Unwind(now, {*to_blame}, outcome, effects);
  } else {
    attempt_.reset();
    EndCycle(now, effects);
  }
  return effects;
}

void NettingCycle::Unwind(core::LedgerTime now, const std::set<ParticipantIndex>& members,
                          const core::Rejection& reason, Effects& effects) {
  std::vector<ActionIndex> left;
  for (const ActionIndex id : attempt_->trades) {
    if (Touches(trades_.at(id).what, members)) {
      End(id, reason, effects);
    } else {
      left.push_back(id);
    }
  }
  CW_CHECK(left.size() < attempt_->trades.size(), "a member that pays has trades");
  StartAttempt(now, std::move(left), effects);
}

void NettingCycle::EndCycle(core::LedgerTime now, Effects& effects) {
  if (waiting_ && open_) {
    waiting_ = false;
    --cycles_begun_;  // it begins only now
    const Effects more = Begin(now, cycles_begun_ + 1);
    effects.insert(effects.end(), more.begin(), more.end());
    return;
  }
  waiting_ = false;
  if (!open_) ReturnAll(effects);
}

NettingCycle::Effects NettingCycle::Resume() const {
  if (!attempt_) return {};
  if (attempt_->submitted) return {Submit{attempt_->number}};
  return {AskSignatures{attempt_->number}};
}

std::size_t NettingCycle::open_trades() const {
  return static_cast<std::size_t>(std::count_if(trades_.begin(), trades_.end(), [](const auto& it) {
    return !it.second.ended && it.second.entered.size() == 2;
  }));
}

std::vector<std::pair<ActionIndex, SettlePvp>> NettingCycle::settled_trades() const {
  std::vector<std::pair<ActionIndex, SettlePvp>> settled;
  for (const auto& [id, trade] : trades_) {
    if (trade.ended && trade.outcome.outcome == core::Outcome::kAccepted) {
      settled.emplace_back(id, trade.what);
    }
  }
  return settled;
}

}  // namespace causeway::sim
