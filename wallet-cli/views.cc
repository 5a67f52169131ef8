#include "wallet-cli/views.h"

#include <fmt/format.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "wallet-cli/names.h"
#include "wallet-cli/values.h"

namespace causeway::wallet {
namespace {

constexpr std::array<std::string_view, 10> kCodeNames = {
    "none", "payment", "return",     "issue",    "redemption",
    "hold", "release", "settlement", "override", "credit-charge"};
constexpr std::array<std::string_view, 3> kBucketNames = {"none", "available", "held"};
constexpr std::array<std::string_view, 8> kCauseNames = {
    "none", "command", "approval", "certificate", "release", "optimisation", "timer", "end-of-day"};

template <typename Names, typename Enum>
std::string Name(const Names& names, Enum value) {
  const auto number = static_cast<std::size_t>(value);
  return number < names.size() ? std::string(names[number]) : fmt::format("{}", number);
}

// Adds to what is told of a payment how far it came, where it settles in parts. Without a currency,
// which an entry that moved nothing does not name, in minor units.
void AddParts(const std::optional<core::SettledParts>& parts, core::Currency currency, Json& json) {
  if (!parts.has_value()) return;
  const auto money = [&](core::Amount amount) {
    return currency.IsEmpty() ? Json(amount.minor()) : Json(MoneyJson(currency, amount));
  };
  const core::Amount rest =
      core::CheckedSub(parts->amount, parts->settled).value_or(core::Amount::Zero());
  json["parts"] = {{"settled", money(parts->settled)},
                   {"not_settled", money(rest)},
                   {"amount", money(parts->amount)}};
}

Json PostingJson(const core::Posting& posting) {
  return {{"account", posting.address.ToString()},
          {"bucket", Name(kBucketNames, posting.bucket)},
          {"code", Name(kCodeNames, posting.code)},
          {"amount", MoneyJson(posting.address.currency(), posting.amount)},
          {"balance_after", MoneyJson(posting.address.currency(), posting.balance_after)},
          {"sequence", posting.sequence}};
}

}  // namespace

Json InfoJson(const client::LedgerInfo& info) {
  Json policies = Json::array();
  for (const core::Hash256& hash : info.settlement_policies) policies.push_back(hash.ToHex());
  return {{"ledger", info.genesis.ledger.ToString()},
          {"genesis_hash", info.genesis.hash.ToHex()},
          {"currency", info.genesis.currency.ToString()},
          {"central_bank", info.genesis.central_bank.participant.ToString()},
          {"ledger_key", core::KeyIdOf(info.genesis.ledger_key).ToHex()},
          {"suite", std::string(core::SuiteName(info.genesis.ledger_key.suite))},
          {"approvers_needed", info.genesis.approvers_needed},
          {"business_date", info.business_date.ToString()},
          {"phase", std::string(core::DayPhaseName(info.phase))},
          {"ledger_time", info.time.ToString()},
          {"batch_payments_max", info.batch_payments_max},
          {"settlement_policies", std::move(policies)}};
}

Json InstructionJson(const client::InstructionView& view, core::Currency currency) {
  Json json = {{"instruction", InstructionKeyJson(view.key)},
               {"status", std::string(core::InstructionStatusName(view.status))},
               {"rejection", RejectionOrNull(view.rejection, currency)},
               {"entry_index", view.entry_index},
               {"uetr", UetrOrNull(view.uetr)},
               {"settlement_id", HashOrNull(view.settlement_id)},
               {"ledger_time", view.time.ToString()},
               {"business_date", view.business_date.ToString()},
               {"repeated", view.repeated}};
  AddParts(view.parts, currency, json);
  return json;
}

namespace {

Json LimitJson(core::Currency currency, const client::SenderLimitView& limit) {
  Json json = Json::object();
  if (!limit.counterparty.IsEmpty()) json["counterparty"] = limit.counterparty.ToString();
  json["limit"] = MoneyJson(currency, limit.limit);
  json["position"] = MoneyJson(currency, limit.position);
  return json;
}

Json TermsJson(core::Currency currency, const client::LiquidityTermsView& terms) {
  Json bilateral = Json::array();
  for (const client::SenderLimitView& limit : terms.bilateral_limits) {
    bilateral.push_back(LimitJson(currency, limit));
  }
  return {{"reserved_urgent", MoneyJson(currency, terms.reserved_urgent)},
          {"reserved_high", MoneyJson(currency, terms.reserved_high)},
          {"release_threshold", MoneyJson(currency, terms.release_threshold)},
          {"multilateral_limit", terms.multilateral_limit.has_value()
                                     ? LimitJson(currency, *terms.multilateral_limit)
                                     : Json(nullptr)},
          {"bilateral_limits", std::move(bilateral)},
          {"collateral", MoneyJson(currency, terms.collateral)},
          {"haircut_basis_points", terms.haircut_basis_points},
          {"credit_price_ppm_per_day", terms.credit_price_ppm_per_day},
          {"credit_charge", MoneyJson(currency, terms.credit_charge)}};
}

}  // namespace

Json AccountJson(const client::AccountView& account) {
  const core::Currency currency = account.address.currency();
  Json json = {
      {"account", account.address.ToString()},
      {"owner", account.owner.ToString()},
      {"purpose", std::string(PurposeName(account.purpose))},
      {"available", MoneyJson(currency, account.available)},
      {"held", MoneyJson(currency, account.held)},
      {"incoming_reserved", MoneyJson(currency, account.incoming_reserved)},
      {"holding_limit",
       account.holding_limit.IsZero() ? Json(nullptr) : MoneyJson(currency, account.holding_limit)},
      {"credit_line",
       account.credit_line.IsZero() ? Json(nullptr) : MoneyJson(currency, account.credit_line)}};
  json["state"] = account.closed ? "closed" : account.frozen ? "frozen" : "open";
  json["non_resident"] = account.non_resident;
  json["posting_count"] = account.posting_count;
  if (account.terms.has_value()) json["terms"] = TermsJson(currency, *account.terms);
  return json;
}

Json StatementJson(const client::Statement& statement) {
  const core::Currency currency = statement.address.currency();
  Json lines = Json::array();
  for (const client::StatementLine& line : statement.lines) {
    Json row = {{"value_date", line.value_date.ToString()}};
    Json posting = PostingJson(line.posting);
    posting.erase("account");
    row.update(posting);
    row["counterparty"] = TextOrNull(line.counterparty);
    row["instruction"] = InstructionKeyJson(line.instruction);
    row["uetr"] = UetrOrNull(line.uetr);
    row["entry_index"] = line.entry_index;
    AddParts(line.parts, currency, row);
    lines.push_back(std::move(row));
  }
  return {{"account", statement.address.ToString()},
          {"from_date", statement.from.ToString()},
          {"to_date", statement.to.ToString()},
          {"opening_balance", MoneyJson(currency, statement.opening)},
          {"closing_balance", MoneyJson(currency, statement.closing)},
          {"lines", std::move(lines)}};
}

Json EntryJson(const client::EntryView& entry, core::Currency currency) {
  Json postings = Json::array();
  for (const core::Posting& posting : entry.postings) postings.push_back(PostingJson(posting));
  Json json = {{"entry_index", entry.index},
               {"business_date", entry.business_date.ToString()},
               {"ledger_time", entry.time.ToString()},
               {"instruction", InstructionKeyJson(entry.instruction)},
               {"status", std::string(core::InstructionStatusName(entry.status))},
               {"cause", Name(kCauseNames, entry.cause)},
               {"rejection", RejectionOrNull(entry.rejection, currency)},
               {"uetr", UetrOrNull(entry.uetr)},
               {"settlement_id", HashOrNull(entry.settlement_id)},
               {"payload_hash", HashOrNull(entry.payload_hash)},
               {"postings", std::move(postings)}};
  if (!entry.postings.empty()) currency = entry.postings.front().address.currency();
  AddParts(entry.parts, currency, json);
  return json;
}

Json MovedJson(const std::vector<core::Posting>& postings) {
  const core::Posting* from = nullptr;
  const core::Posting* to = nullptr;
  for (const core::Posting& posting : postings) {
    if (posting.amount.IsNegative() && from == nullptr) from = &posting;
    if (posting.amount.IsPositive() && to == nullptr) to = &posting;
  }
  return {
      {"from", from == nullptr ? Json(nullptr) : Json(from->address.ToString())},
      {"to", to == nullptr ? Json(nullptr) : Json(to->address.ToString())},
      {"amount", to == nullptr ? Json(nullptr) : MoneyJson(to->address.currency(), to->amount)}};
}

Json EntrySummaryJson(const client::EntryView& entry, core::Currency currency) {
  Json json = {{"entry", entry.index},
               {"ledger_time", entry.time.ToString()},
               {"instruction", InstructionKeyJson(entry.instruction)},
               {"status", std::string(core::InstructionStatusName(entry.status))}};
  json.update(MovedJson(entry.postings));
  json["rejection"] = RejectionOrNull(entry.rejection, currency);
  AddParts(entry.parts, currency, json);
  return json;
}

}  // namespace causeway::wallet
