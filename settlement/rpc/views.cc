#include "settlement/rpc/views.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "settlement/codec/codec.h"
#include "settlement/core/check.h"

namespace causeway::rpc {
namespace {

template <typename Proto, typename Value>
Proto SameNumber(Value value) {
  return static_cast<Proto>(static_cast<int>(value));
}

std::string HashOrEmpty(const core::Hash256& hash) {
  return hash.IsZero() ? std::string() : std::string(hash.view());
}

std::string UetrOrEmpty(const core::Uetr& uetr) {
  return uetr.IsNil() ? std::string() : std::string(uetr.view());
}

// Sets `parts` of a message that has it, where something settled in parts.
template <typename Message>
void SetParts(const core::Rejection& accepted, Message* out) {
  const std::optional<core::SettledParts> parts = core::SettledPartsOf(accepted);
  if (!parts.has_value()) return;
  out->mutable_parts()->set_settled(parts->settled.minor());
  out->mutable_parts()->set_amount(parts->amount.minor());
}

// The account on the other side, when all postings of the entry are on that one and `own`.
std::string Counterparty(const core::Entry& entry, const core::AccountAddress& own) {
  core::AccountAddress other;
  for (const core::Posting& posting : entry.postings) {
    if (posting.address == own) continue;
    if (!other.IsEmpty() && posting.address != other) return "";
    other = posting.address;
  }
  return other.ToString();
}

}  // namespace

causeway::v1::InstructionStatus ToProto(core::InstructionStatus status) {
  return SameNumber<causeway::v1::InstructionStatus>(status);
}

causeway::v1::DayPhase ToProto(core::DayPhase phase) {
  return SameNumber<causeway::v1::DayPhase>(phase);
}

causeway::v1::AccountPurpose ToProto(core::AccountPurpose purpose) {
  return SameNumber<causeway::v1::AccountPurpose>(purpose);
}

void ToView(const core::InstructionState& state, bool repeated, causeway::v1::Instruction* out) {
  codec::ToProto(state.key, out->mutable_reference());
  out->set_status(ToProto(state.status));
  if (state.status == core::InstructionStatus::kRejected) {
    codec::ToProto(state.rejection, out->mutable_rejection());
  }
  out->set_entry_index(state.entry_index);
  out->set_uetr(UetrOrEmpty(state.uetr));
  out->set_settlement_id(HashOrEmpty(state.settlement_id));
  out->set_ledger_time_us(state.time.micros());
  out->set_business_date(state.date.ToString());
  out->set_repeated(repeated);
  SetParts(state.rejection, out);
}

namespace {

void ToView(const core::Ledger& ledger, const core::SenderLimit& limit, bool bilateral,
            causeway::v1::SenderLimit* out) {
  if (bilateral) {
    out->set_counterparty(ledger.accounts()[limit.counterparty].address.ToString());
  }
  out->set_limit(limit.limit.minor());
  const absl::int128 low = std::max<absl::int128>(limit.position, core::Amount::Min().minor());
  out->set_position(
      static_cast<std::int64_t>(std::min<absl::int128>(low, core::Amount::Max().minor())));
}

void ToView(const core::Ledger& ledger, const core::AccountState& account,
            const core::AccountTerms& terms, causeway::v1::LiquidityTerms* out) {
  out->set_reserved_urgent(terms.reserved_urgent.minor());
  out->set_reserved_high(terms.reserved_high.minor());
  out->set_release_threshold(terms.release_threshold.minor());
  if (terms.multilateral.has_value()) {
    ToView(ledger, *terms.multilateral, false, out->mutable_multilateral_limit());
  }
  for (const core::SenderLimit& limit : terms.bilateral) {
    ToView(ledger, limit, true, out->add_bilateral_limits());
  }
  out->set_collateral(terms.collateral.minor());
  out->set_haircut_basis_points(terms.haircut_basis_points);
  out->set_credit_price_ppm_per_day(ledger.credit_price().ppm_per_day);
  const core::Amount charge = ledger.CreditChargeSoFar(account).value_or(core::Amount::Max());
  out->set_credit_charge(charge.minor());
}

}  // namespace

void ToView(const core::Ledger& ledger, const core::AccountState& account,
            causeway::v1::Account* out) {
  out->set_address(account.address.ToString());
  out->set_owner(ledger.OwnerOf(account).ToString());
  out->set_purpose(ToProto(account.purpose));
  out->set_currency(account.address.currency().ToString());
  out->set_available(account.available.minor());
  out->set_held(account.held.minor());
  out->set_incoming_reserved(account.incoming_reserved.minor());
  out->set_holding_limit(account.holding_limit.minor());
  out->set_credit_line(account.credit_line.minor());
  out->set_frozen(account.frozen);
  out->set_closed(account.closed);
  out->set_posting_count(account.posting_count);
  out->set_non_resident(account.non_resident);
  out->set_number(account.number);
  out->set_number_check(account.check);
  if (const core::AccountTerms* terms = ledger.FindTerms(account)) {
    ToView(ledger, account, *terms, out->mutable_terms());
  }
}

void ToView(const core::Posting& posting, causeway::v1::Posting* out) {
  out->set_address(posting.address.ToString());
  out->set_bucket(SameNumber<causeway::v1::Bucket>(posting.bucket));
  out->set_code(SameNumber<causeway::v1::TransactionCode>(posting.code));
  out->set_amount(posting.amount.minor());
  out->set_balance_after(posting.balance_after.minor());
  out->set_sequence(posting.sequence);
}

void ToView(const core::Entry& entry, core::LedgerTime time, core::BusinessDate date,
            causeway::v1::EntryView* out) {
  out->set_index(entry.index);
  codec::ToProto(entry.instruction, out->mutable_instruction());
  out->set_status(ToProto(entry.status));
  out->set_cause(SameNumber<causeway::v1::Cause>(entry.cause));
  if (entry.rejection.outcome != core::Outcome::kAccepted) {
    codec::ToProto(entry.rejection, out->mutable_rejection());
  }
  out->set_uetr(UetrOrEmpty(entry.uetr));
  out->set_settlement_id(HashOrEmpty(entry.settlement_id));
  for (const core::Posting& posting : entry.postings) ToView(posting, out->add_postings());
  out->set_ledger_time_us(time.micros());
  out->set_business_date(date.ToString());
  out->set_payload_hash(std::string(entry.payload_hash.view()));
  SetParts(entry.rejection, out);
}

void ToView(const core::Posting& posting, const core::Entry& entry, core::LedgerTime time,
            core::BusinessDate date, causeway::v1::StatementLine* out) {
  ToView(posting, out->mutable_posting());
  out->set_entry_index(entry.index);
  codec::ToProto(entry.instruction, out->mutable_instruction());
  out->set_uetr(UetrOrEmpty(entry.uetr));
  out->set_value_date(date.ToString());
  out->set_ledger_time_us(time.micros());
  out->set_counterparty_account(Counterparty(entry, posting.address));
  SetParts(entry.rejection, out);
}

void ToView(const core::SettlementState& settlement,
            const std::function<bool(const core::Leg&)>& visible,
            causeway::v1::LedgerSettlement* out) {
  out->set_settlement_id(std::string(settlement.settlement_id.view()));
  out->set_status(ToProto(settlement.status));
  if (settlement.terms.has_value()) out->set_deadline_us(settlement.terms->deadline.micros());
  out->set_prepared_us(settlement.prepared.micros());
  out->set_entry_index(settlement.entry_index);
  for (const core::Leg& leg : settlement.legs) {
    if (!visible(leg)) continue;
    CW_CHECK(out->add_legs()->ParseFromString(codec::EncodeLeg(leg)), "an encoded leg decodes");
  }
}

}  // namespace causeway::rpc
