#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "wallet-cli/values.h"
#include "wallet-cli/views.h"

namespace causeway::wallet {
namespace {

// "4 d 02:03:04", without days "02:03:04". Never below zero: clocks differ.
std::string AgeText(core::Duration age) {
  const std::int64_t seconds = std::max<std::int64_t>(0, age.micros()) / 1'000'000;
  const std::string time =
      fmt::format("{:02}:{:02}:{:02}", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
  const std::int64_t days = seconds / 86'400;
  return days == 0 ? time : fmt::format("{} d {}", days, time);
}

Json ProgressJson(const client::LedgerProgress& progress) {
  Json json = {{"ledger", progress.ledger.ToString()},
               {"prepared", progress.prepared},
               {"complete", progress.complete}};
  if (progress.attempts != 0) json["attempts"] = progress.attempts;
  if (progress.failure.has_value()) {
    json["failure"] = RejectionJson(*progress.failure);
    json["failed"] = progress.failed.ToString();
  }
  return json;
}

// What it waits for, with the latest failures, in one line.
std::string WaitsForText(const client::SettlementView& view) {
  std::string text;
  for (const std::string& reason : client::WaitsFor(view)) {
    text += (text.empty() ? "" : "; ") + reason;
  }
  for (const client::LedgerProgress& progress : view.ledgers) {
    if (progress.complete || !progress.failure.has_value()) continue;
    text += fmt::format("; {} failed after {} attempts: {}", progress.ledger.text(),
                        progress.attempts, core::Describe(*progress.failure));
  }
  return text;
}

}  // namespace

Json OpenSettlementJson(const client::SettlementView& view, core::LedgerTime now, bool details) {
  Json json = {{"settlement_id", view.settlement_id.ToHex()},
               {"state", std::string(client::SettlementStateName(view.state))},
               {"age", AgeText(now - view.submitted)},
               {"deadline", view.deadline.ToString()},
               {"past_deadline", now > view.deadline},
               {"waits_for", WaitsForText(view)}};
  if (!details) return json;
  json["waits_for"] = client::WaitsFor(view);
  json["submitted"] = view.submitted.ToString();
  json["decided"] =
      view.decided == core::LedgerTime() ? Json(nullptr) : Json(view.decided.ToString());
  json["ledgers"] = Json::array();
  for (const client::LedgerProgress& progress : view.ledgers) {
    json["ledgers"].push_back(ProgressJson(progress));
  }
  return json;
}

Json OpenHoldJson(const client::LedgerSettlementView& view, core::LedgerTime now) {
  return {{"settlement_id", view.settlement_id.ToHex()},
          {"age", AgeText(now - view.prepared)},
          {"prepared", view.prepared.ToString()},
          {"deadline", view.deadline.ToString()},
          {"past_deadline", now > view.deadline},
          {"waits_for", fmt::format("certificate of {}", view.decision_log.has_value()
                                                             ? view.decision_log->text()
                                                             : "its decision log")},
          {"entry_index", view.entry_index},
          {"legs", view.legs.size()}};
}

Json SettlementJson(const client::SettlementView& view) {
  Json ledgers = Json::array();
  for (const client::LedgerProgress& progress : view.ledgers) {
    ledgers.push_back(ProgressJson(progress));
  }
  Json awaiting = Json::array();
  for (const core::ParticipantId& party : view.awaiting) awaiting.push_back(party.ToString());
  return {{"settlement_id", view.settlement_id.ToHex()},
          {"state", std::string(client::SettlementStateName(view.state))},
          {"rejection", RejectionOrNull(view.rejection)},
          {"awaiting_signatures_of", std::move(awaiting)},
          {"deadline", view.deadline.ToString()},
          {"decided",
           view.decided == core::LedgerTime() ? Json(nullptr) : Json(view.decided.ToString())},
          {"ledgers", std::move(ledgers)}};
}

Json QuoteJson(const client::Quote& quote) {
  return {{"quote_id", quote.quote_id},
          {"provider", quote.provider.ToString()},
          {"sell", MoneyJson(quote.sell)},
          {"buy", MoneyJson(quote.buy)},
          {"rate", fmt::format("{} {}/{}", quote.rate.ToString(), quote.pair.base.code(),
                               quote.pair.quote.code())},
          {"bid", quote.bid.ToString()},
          {"ask", quote.ask.ToString()},
          {"value_date", quote.value_date},
          {"expires", quote.expires.ToString()},
          {"settlement_id", quote.settlement_id.ToHex()}};
}

}  // namespace causeway::wallet
