#include <cstdint>
#include <string>
#include <utility>

#include "wallet-cli/values.h"
#include "wallet-cli/views.h"

namespace causeway::wallet {
namespace {

Json AccountRefJson(const core::AccountRef& account) {
  return {{"account_number", account.number}, {"check", account.check}};
}

// What the leaf of a leg of a settlement list says; `list_id` is of the entry that it follows.
Json LegLeafJson(const client::VerifiedReceipt& receipt) {
  Json json = {{"business_date", receipt.header.date.ToString()},
               {"ledger_time", receipt.header.time.ToString()},
               {"list_id", HashOrNull(receipt.entry.settlement_id)},
               {"payload_hash", HashOrNull(receipt.entry.payload_hash)}};
  const auto add = [&](std::uint64_t index, std::uint32_t position, core::InstructionStatus status,
                       core::Amount amount) {
    json["entry_index"] = index;
    json["position"] = position;
    json["settlement_id"] = core::ListedSettlementId(receipt.entry.settlement_id, position).ToHex();
    json["status"] = std::string(core::InstructionStatusName(status));
    json["amount"] = MoneyJson(receipt.genesis.currency, amount);
  };
  if (receipt.resolved.has_value()) {
    const core::ResolvedLeaf& leaf = *receipt.resolved;
    const bool settled = leaf.leg.outcome == core::Outcome::kAccepted;
    add(leaf.index, leaf.leg.position,
        settled ? core::InstructionStatus::kSettled : core::InstructionStatus::kAborted,
        leaf.leg.leg.amount);
    json["hold"] = leaf.leg.hold;
    json["debtor"] = {{"number", leaf.leg.leg.debtor}};
    json["creditor"] = {{"number", leaf.leg.leg.creditor}};
    return json;
  }
  const core::PaymentLeaf& leaf = *receipt.payment;
  const bool held = leaf.result.outcome == core::Outcome::kAccepted;
  core::Rejection rejection{.outcome = leaf.result.outcome};
  if (!held) rejection.actual = leaf.result.debtor_after;
  if (!held) rejection.required = leaf.result.creditor_after;
  add(leaf.index, leaf.position,
      held ? core::InstructionStatus::kPrepared : core::InstructionStatus::kRejected,
      leaf.payment.amount);
  json["instruction_id"] = core::InstructionIdOf(leaf.payment.id).ToString();
  json["uetr"] = UetrOrNull(leaf.payment.uetr);
  json["rejection"] = RejectionOrNull(rejection);
  json["debtor"] = AccountRefJson(leaf.payment.debtor);
  json["creditor"] = AccountRefJson(leaf.payment.creditor);
  return json;
}

// What the leaf of a payment in a bulk says, with the party that the entry of the bulk names.
Json PaymentLeafJson(const client::VerifiedReceipt& receipt) {
  const core::PaymentLeaf& leaf = *receipt.payment;
  const core::PaymentResult& result = leaf.result;
  const core::Currency currency = receipt.genesis.currency;
  const bool settled = result.outcome == core::Outcome::kAccepted;
  core::Rejection rejection{.outcome = result.outcome};
  if (!settled) rejection.actual = result.debtor_after;
  if (!settled) rejection.required = result.creditor_after;
  Json debtor = AccountRefJson(leaf.payment.debtor);
  Json creditor = AccountRefJson(leaf.payment.creditor);
  const auto after = [&](std::int64_t minor) {
    return settled ? MoneyJson(currency, core::Amount::FromMinor(minor)) : Json(nullptr);
  };
  debtor["balance_after"] = after(result.debtor_after);
  creditor["balance_after"] = after(result.creditor_after);
  return {
      {"entry_index", leaf.index},
      {"business_date", receipt.header.date.ToString()},
      {"ledger_time", receipt.header.time.ToString()},
      {"instruction", InstructionKeyJson({receipt.entry.instruction.party, core::ActionKind::kPay,
                                          core::InstructionIdOf(leaf.payment.id)})},
      {"status",
       std::string(core::InstructionStatusName(settled ? core::InstructionStatus::kSettled
                                                       : core::InstructionStatus::kRejected))},
      {"rejection", RejectionOrNull(rejection)},
      {"uetr", UetrOrNull(leaf.payment.uetr)},
      {"amount", MoneyJson(currency, leaf.payment.amount)},
      {"debtor", std::move(debtor)},
      {"creditor", std::move(creditor)},
      {"payload_hash", HashOrNull(receipt.entry.payload_hash)},
      {"bulk", InstructionKeyJson(receipt.entry.instruction)},
      {"bulk_position", leaf.position}};
}

}  // namespace

Json ReceiptJson(const client::VerifiedReceipt& receipt) {
  client::EntryView entry{
      receipt.entry.index,         receipt.entry.instruction,
      receipt.entry.status,        receipt.entry.cause,
      receipt.entry.rejection,     receipt.entry.uetr,
      receipt.entry.settlement_id, receipt.entry.postings,
      receipt.header.time,         receipt.header.date,
      receipt.entry.payload_hash,  core::SettledPartsOf(receipt.entry.rejection)};
  Json json = {{"proven", true},
               {"ledger", receipt.genesis.ledger.ToString()},
               {"genesis_hash", receipt.genesis.hash.ToHex()},
               {"checkpoint_size", receipt.checkpoint.size},
               {"checkpoint_root", receipt.checkpoint.root.ToHex()}};
  if (receipt.resolved.has_value() || (receipt.payment.has_value() && receipt.payment->is_hold)) {
    json.update(LegLeafJson(receipt));
  } else {
    json.update(receipt.payment.has_value() ? PaymentLeafJson(receipt) : EntryJson(entry));
  }
  return json;
}

}  // namespace causeway::wallet
