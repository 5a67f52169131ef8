#include "scenarios/mechanisms/exchange_desk.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "settlement/core/bytes.h"

namespace causeway::sim {
namespace {

void Append(const core::Pay& pay, std::string& text) {
  text += fmt::format("{}\n{}\n{} {}\n{}\n", pay.debtor.text(), pay.creditor.text(),
                      pay.amount.amount.minor(), pay.amount.currency.code(), pay.uetr.ToString());
}

}  // namespace

core::Hash256 ExchangeHashOf(const core::Pay& party, const core::Pay& counterparty) {
  std::string text = "causeway/exchange/v1\n";
  Append(party, text);
  Append(counterparty, text);
  return core::Sha256(text);
}

ExchangeDesk::Answer ExchangeDesk::HandIn(ActionIndex exchange, const ExchangeSides& given,
                                          core::LedgerTime now) {
  if (refused_.contains(exchange)) return Answer::kRefused;
  Waiting& waiting =
      waiting_.try_emplace(exchange, Waiting{.sides = {}, .since = now}).first->second;
  for (std::size_t side = 0; side < given.size(); ++side) {
    if (!waiting.sides[side]) waiting.sides[side] = given[side];
  }
  if (now > waiting.since + terms_.matching_timeout) {
    Refuse(exchange, {.outcome = core::Outcome::kApprovalsMissing,
                      .rule = "the other side did not come in time"});
    return Answer::kRefused;
  }
  const bool both = std::all_of(waiting.sides.begin(), waiting.sides.end(),
                                [](const auto& side) { return side.has_value(); });
  return both ? Answer::kReady : Answer::kWaits;
}

void ExchangeDesk::Refuse(ActionIndex exchange, core::Rejection rejection) {
  waiting_.erase(exchange);
  refused_.emplace(exchange, std::move(rejection));
}

}  // namespace causeway::sim
