// The entries of packed leaves, made of what batches say of them.
#include <fmt/format.h>

#include <utility>

#include "central-bank-node/engine/ledger_engine.h"
#include "settlement/core/check.h"

namespace causeway::node {
namespace {

using core::Batch;
using core::Entry;

// What the rule of a rejection in a bulk is: the packed result has no room for it.
std::string RuleOf(const core::BulkPayment& payment, core::Outcome outcome,
                   const core::BatchHeader& header) {
  const auto named = [](const core::AccountRef& ref) {
    return fmt::format("account number {} with check {:04x}", ref.number, ref.check);
  };
  switch (outcome) {
    case core::Outcome::kLimitExceeded:
      return "holding limit, policy version " + std::to_string(header.policy_version);
    case core::Outcome::kLedgerClosed:
      return std::string(core::DayPhaseName(header.phase));
    case core::Outcome::kInstructionIdReused:
      return core::InstructionIdOf(payment.id).ToString();
    case core::Outcome::kAmountNotPositive:
      return "";
    case core::Outcome::kUnknownAccount:
    case core::Outcome::kAccountClosed:
    case core::Outcome::kWrongAccountPurpose:
      return named(payment.debtor) + " or " + named(payment.creditor);
    default:
      return named(payment.debtor);
  }
}

}  // namespace

absl::StatusOr<core::ParticipantId> LedgerEngine::PayerOf(const core::Item& item) const {
  const absl::StatusOr<core::TermsHeader> list = core::DecodeSettlementList(item.envelope.payload);
  if (!list.ok()) return list.status();
  for (std::size_t i = 0; i < list->ledgers.size(); ++i) {
    if (list->ledgers[i].ledger == genesis_.ledger) return list->parts[i].payer;
  }
  return absl::DataLossError("a list has no part for this ledger");
}

absl::StatusOr<Entry> LedgerEngine::PaymentEntry(const Batch& batch,
                                                 const core::EntryPlace& place) const {
  const core::BulkResults& bulk = *place.bulk;
  if (bulk.kind == core::BulkKind::kResolved) return ResolvedEntry(batch, place);
  const bool holds = bulk.kind == core::BulkKind::kHolds;
  absl::StatusOr<Entry> whole = core::DecodeEntry(batch.entries[place.entry]);
  if (!whole.ok()) return whole.status();
  const std::optional<core::PaymentResult> result =
      core::ReadPaymentResult(bulk.RecordAt(place.position));
  if (!result.has_value()) {
    return absl::InvalidArgumentError("a payment's outcome is none that is recorded");
  }
  const core::FoundPayment found{.header = batch.header,
                                 .payment_salts = batch.payment_salts,
                                 .bulk = *std::move(whole),
                                 .index = bulk.first_index + place.position,
                                 .position = place.position,
                                 .payment = core::PaymentAt(batch, bulk, place.position),
                                 .result = *result};
  Entry entry = EntryOf(found, holds);
  if (holds) {
    absl::StatusOr<core::ParticipantId> payer = PayerOf(batch.items[bulk.item]);
    if (!payer.ok()) return payer.status();
    entry.instruction.party = *payer;
    entry.settlement_id = core::ListedSettlementId(found.bulk.settlement_id, place.position);
  }
  return entry;
}

// Of a payment of a bulk; or of a leg that was held, but for what stands in its list.
Entry LedgerEngine::EntryOf(const core::FoundPayment& found, bool is_hold) const {
  const core::BulkPayment& payment = found.payment;
  const core::PaymentResult& result = found.result;
  Entry entry;
  entry.index = found.index;
  core::PaymentSalts::Fill(found.payment_salts, entry.index, {&entry.salt, 1});
  entry.instruction = {found.bulk.instruction.party,
                       is_hold ? core::ActionKind::kSettlementLeg : core::ActionKind::kPay,
                       core::InstructionIdOf(payment.id)};
  entry.cause = core::Cause::kCommand;
  entry.uetr = payment.uetr;
  entry.payload_hash = found.bulk.payload_hash;
  entry.item = found.position;
  if (result.outcome != core::Outcome::kAccepted) {
    entry.status = core::InstructionStatus::kRejected;
    entry.rejection = {.outcome = result.outcome,
                       .actual = result.debtor_after,
                       .required = result.creditor_after,
                       .rule = RuleOf(payment, result.outcome, found.header)};
    return entry;
  }
  entry.status = is_hold ? core::InstructionStatus::kPrepared : core::InstructionStatus::kSettled;
  entry.rejection.outcome = core::Outcome::kAccepted;
  const auto& accounts = ledger_->accounts();
  const std::optional<core::Amount> debit = core::CheckedNegate(payment.amount);
  CW_CHECK(debit.has_value(), "a positive amount has a negative");
  const auto code = is_hold ? core::TransactionCode::kHold : core::TransactionCode::kPayment;
  entry.postings.push_back({.address = accounts[payment.debtor.number].address,
                            .bucket = core::Bucket::kAvailable,
                            .code = code,
                            .amount = *debit,
                            .balance_after = core::Amount::FromMinor(result.debtor_after),
                            .sequence = result.debtor_sequence,
                            .previous = result.debtor_previous});
  // Of a hold the second posting is the debtor's too.
  const core::AccountRef& second = is_hold ? payment.debtor : payment.creditor;
  entry.postings.push_back({.address = accounts[second.number].address,
                            .bucket = is_hold ? core::Bucket::kHeld : core::Bucket::kAvailable,
                            .code = code,
                            .amount = payment.amount,
                            .balance_after = core::Amount::FromMinor(result.creditor_after),
                            .sequence = result.creditor_sequence,
                            .previous = result.creditor_previous});
  return entry;
}

// Of a leg of a list that was settled or released: who instructed it, and under which id, stands
// where it was held.
absl::StatusOr<Entry> LedgerEngine::ResolvedEntry(const Batch& batch,
                                                  const core::EntryPlace& place) const {
  const std::optional<core::ResolvedLeg> leg =
      core::ReadResolvedLeg(place.bulk->RecordAt(place.position));
  if (!leg.has_value()) {
    return absl::InvalidArgumentError("a leg's outcome is none that is recorded");
  }
  absl::StatusOr<Entry> whole = core::DecodeEntry(batch.entries[place.entry]);
  if (!whole.ok()) return whole.status();
  absl::StatusOr<DatedEntry> hold = ReadEntry(leg->hold);
  if (!hold.ok()) return hold.status();
  Entry entry = std::move(hold->entry);
  entry.index = place.bulk->first_index + place.position;
  core::PaymentSalts::Fill(batch.payment_salts, entry.index, {&entry.salt, 1});
  const bool settled = leg->outcome == core::Outcome::kAccepted;
  entry.status = settled ? core::InstructionStatus::kSettled : core::InstructionStatus::kAborted;
  entry.cause = core::Cause::kCertificate;
  entry.payload_hash = whole->payload_hash;
  entry.postings.clear();
  const auto& accounts = ledger_->accounts();
  const std::optional<core::Amount> debit = core::CheckedNegate(leg->leg.amount);
  CW_CHECK(debit.has_value(), "a positive amount has a negative");
  const auto code = settled ? core::TransactionCode::kSettlement : core::TransactionCode::kRelease;
  entry.postings.push_back({.address = accounts[leg->leg.debtor].address,
                            .bucket = core::Bucket::kHeld,
                            .code = code,
                            .amount = *debit,
                            .balance_after = core::Amount::FromMinor(leg->debtor_held_after),
                            .sequence = leg->first_sequence,
                            .previous = leg->first_previous});
  const std::uint32_t receiver = settled ? leg->leg.creditor : leg->leg.debtor;
  entry.postings.push_back({.address = accounts[receiver].address,
                            .bucket = core::Bucket::kAvailable,
                            .code = code,
                            .amount = leg->leg.amount,
                            .balance_after = core::Amount::FromMinor(leg->available_after),
                            .sequence = leg->second_sequence,
                            .previous = leg->second_previous});
  return entry;
}

DatedEntry LedgerEngine::Dated(const core::FoundPayment& payment) const {
  return {EntryOf(payment), payment.header.time, payment.header.date};
}

}  // namespace causeway::node
