#include "wallet-cli/queue_views.h"

#include <fmt/format.h>

#include <string>

#include "wallet-cli/values.h"
#include "wallet-cli/views.h"

namespace causeway::wallet {
namespace {

Json TimeOrNull(core::LedgerTime time) {
  return time == core::LedgerTime() ? Json(nullptr) : Json(time.ToString());
}

Json IdsJson(const std::vector<core::Hash256>& ids) {
  Json all = Json::array();
  for (const core::Hash256& id : ids) all.push_back(id.ToHex());
  return all;
}

Json OutcomeOrNull(const core::Rejection& rejection) {
  return rejection.outcome == core::Outcome::kAccepted ? Json(nullptr) : RejectionJson(rejection);
}

std::string Names(const std::vector<core::ParticipantId>& participants) {
  std::string names;
  for (const core::ParticipantId& each : participants) {
    names += (names.empty() ? "" : ", ") + each.ToString();
  }
  return names;
}

}  // namespace

Json QueuedTradeJson(const client::QueuedTradeView& view, core::LedgerTime now) {
  using State = client::QueuedTradeState;
  const core::QueuedTrade& trade = view.trade;
  Json json = {{"trade_id", view.id.ToHex()},
               {"reference", trade.reference.ToString()},
               {"state", std::string(client::QueuedTradeStateName(view.state))}};
  const bool waits = view.state == State::kWaiting || view.state == State::kAwaitingCounterparty;
  if (view.state == State::kWaiting) {
    json["reason"] = std::string(client::QueueWaitReasonName(view.reason));
  }
  if (waits) {
    const core::LedgerTime since =
        view.state == State::kWaiting ? view.waits_since : view.first_entered;
    json["age_s"] = (now - since).micros() / 1'000'000;
  }
  json["first"] = trade.sides[0].party.ToString();
  json["first_pays"] = MoneyJson(trade.sides[0].pays);
  json["second"] = trade.sides[1].party.ToString();
  json["second_pays"] = MoneyJson(trade.sides[1].pays);
  json["entered_by"] = Names(view.entered);
  if (!view.withdrawn.empty()) json["withdrawn_by"] = Names(view.withdrawn);
  json["valid_until"] = trade.valid_until.ToString();
  json["waits_since"] = TimeOrNull(view.waits_since);
  json["ended"] = TimeOrNull(view.ended);
  if (view.settlement_id.has_value()) json["settlement_id"] = view.settlement_id->ToHex();
  if (view.together != 0) json["together"] = view.together;
  json["rejection"] = OutcomeOrNull(view.rejection);
  return json;
}

Json DiffersJson(const client::QueuedTradeView& view,
                 const std::vector<client::QueuedTradeView>& trades) {
  constexpr auto kAwaits = client::QueuedTradeState::kAwaitingCounterparty;
  const core::QueuedTrade& trade = view.trade;
  if (view.state != kAwaits || view.entered.size() != 1) return nullptr;
  for (const client::QueuedTradeView& other : trades) {
    const core::QueuedTrade& theirs = other.trade;
    const bool same_deal = theirs.reference == trade.reference &&
                           theirs.sides[0].party == trade.sides[0].party &&
                           theirs.sides[1].party == trade.sides[1].party;
    if (!same_deal || other.id == view.id || other.state != kAwaits) continue;
    if (other.entered.size() != 1 || other.entered == view.entered) continue;
    std::string what;
    const auto add = [&](const std::string& difference) {
      what += (what.empty() ? "" : "; ") + difference;
    };
    for (std::size_t i = 0; i < trade.sides.size(); ++i) {
      const core::QueuedTrade::Side& side = theirs.sides[i];
      if (side.pays != trade.sides[i].pays) {
        add(fmt::format("amount: {} pays {} {}", side.party.text(),
                        core::FormatAmount(side.pays.amount, side.pays.currency.minor_digits()),
                        side.pays.currency.code()));
      }
      if (side.ledger != trade.sides[i].ledger) {
        add(fmt::format("ledger: {} pays on {}", side.party.text(), side.ledger.text()));
      }
    }
    if (theirs.valid_until != trade.valid_until) {
      add("valid until: " + theirs.valid_until.ToString());
    }
    return fmt::format("{} entered {}", other.entered.front().text(), what);
  }
  return nullptr;
}

Json QueueRunJson(const client::QueueRunView& run) {
  Json sets = Json::array();
  for (const client::QueueSetView& set : run.sets) {
    std::string outcome = "under-way";
    if (set.outcome.has_value()) {
      outcome = set.outcome->outcome == core::Outcome::kAccepted
                    ? "settled"
                    : std::string(core::OutcomeName(set.outcome->outcome));
    }
    sets.push_back({{"attempt", set.attempt},
                    {"settlement_id", set.settlement_id.ToHex()},
                    {"size", set.size},
                    {"trades", IdsJson(set.trades)},
                    {"outcome", outcome}});
  }
  return {{"run", run.run},
          {"began", run.began.ToString()},
          {"waiting", run.waiting},
          {"accounts_asked", run.accounts_asked},
          {"accounts_told", run.accounts_told},
          {"sets", sets},
          {"settled_without_payment", IdsJson(run.settled_without_payment)}};
}

Json QueueInfoJson(const client::QueueInfo& info) {
  Json members = Json::array();
  for (const auto& [member, accounts] : info.members) {
    for (const auto& [ledger, account] : accounts) {
      members.push_back({{"participant", member.ToString()},
                         {"ledger", ledger.ToString()},
                         {"account", account.ToString()}});
    }
  }
  return {{"queue", info.queue.ToString()},
          {"selection", info.selection},
          {"bypass", info.bypass},
          {"interval_ms", info.interval.micros() / 1000},
          {"answer_ms_max", info.answer_max.micros() / 1000},
          {"waiting", info.waiting},
          {"unmatched", info.unmatched},
          {"entered", info.entered},
          {"settled_alone", info.settled_alone},
          {"settled_together", info.settled_together},
          {"sets_settled", info.sets_settled},
          {"attempts_refused", info.attempts_refused},
          {"returned", info.returned},
          {"runs", info.runs},
          {"accounts", members}};
}

}  // namespace causeway::wallet
