#include "settlement/client/from_proto.h"

#include <optional>

#include "settlement/codec/codec.h"
#include "settlement/core/hash.h"
#include "settlement/core/merkle.h"

namespace causeway::client {
namespace {

// Unlike the codec's reference this may be empty: an entry of a settlement as a whole has no id.
core::InstructionKey ReadKey(Fields& fields, const Path& path,
                             const v1::InstructionReference& reference) {
  core::InstructionKey key;
  key.party = fields.ParseOptional<core::ParticipantId>({&path, "instructing_party"},
                                                        reference.instructing_party());
  key.kind = EnumOrNone(fields, {&path, "kind"}, reference.kind(), core::kActionKindLast);
  key.id = fields.ParseOptional<core::InstructionId>({&path, "instruction_id"},
                                                     reference.instruction_id());
  return key;
}

core::Posting ReadPosting(Fields& fields, const Path& path, const v1::Posting& posting) {
  core::Posting value;
  value.address = fields.Parse<core::AccountAddress>({&path, "address"}, posting.address());
  value.bucket = fields.Closed({&path, "bucket"}, posting.bucket(), core::Bucket::kHeld);
  value.code = fields.Closed({&path, "code"}, posting.code(), core::TransactionCode::kCreditCharge);
  value.amount = core::Amount::FromMinor(posting.amount());
  value.balance_after = core::Amount::FromMinor(posting.balance_after());
  value.sequence = posting.sequence();
  return value;
}

core::BusinessDate ReadOptionalDate(Fields& fields, const Path& path, std::string_view text) {
  return fields.ParseOptional<core::BusinessDate>(path, text);
}

// Of a message that has `parts`.
template <typename Message>
std::optional<core::SettledParts> ReadParts(Fields& fields, const Path& path,
                                            const Message& message) {
  if (!message.has_parts()) return std::nullopt;
  const core::SettledParts parts{core::Amount::FromMinor(message.parts().settled()),
                                 core::Amount::FromMinor(message.parts().amount())};
  if (!parts.settled.IsPositive() || parts.settled > parts.amount) {
    fields.Fail({&path, "parts"}, "is more than the whole payment, or nothing");
  }
  return parts;
}

StatementLine ReadLine(Fields& fields, const Path& path, const v1::StatementLine& line) {
  StatementLine value;
  value.posting = ReadPosting(fields, {&path, "posting"}, line.posting());
  value.entry_index = line.entry_index();
  value.instruction = ReadKey(fields, {&path, "instruction"}, line.instruction());
  value.uetr = ReadOptionalUetr(fields, {&path, "uetr"}, line.uetr());
  value.value_date = ReadOptionalDate(fields, {&path, "value_date"}, line.value_date());
  value.time = core::LedgerTime::FromMicros(line.ledger_time_us());
  value.counterparty = fields.ParseOptional<core::AccountAddress>({&path, "counterparty_account"},
                                                                  line.counterparty_account());
  value.parts = ReadParts(fields, path, line);
  return value;
}

// The identity in the answer must be that of the genesis that comes with it.
void CheckIdentity(Fields& fields, const Path& path, const v1::LedgerInfo& info,
                   const core::Genesis& genesis) {
  if (!fields.ok()) return;
  if (info.genesis_hash() != genesis.hash.view()) {
    fields.Fail({&path, "genesis_hash"}, "is not the SHA-256 of the genesis");
  }
  if (info.ledger() != genesis.ledger.text()) {
    fields.Fail({&path, "ledger"}, "is not the one in the genesis");
  }
  if (info.currency() != genesis.currency.code()) {
    fields.Fail({&path, "currency"}, "is not the one in the genesis");
  }
  if (info.ledger_key().key() != genesis.ledger_key.bytes) {
    fields.Fail({&path, "ledger_key"}, "is not the one in the genesis");
  }
}

}  // namespace

core::Uetr ReadOptionalUetr(Fields& fields, const Path& path, std::string_view raw) {
  return raw.empty() ? core::Uetr{} : fields.Uetr(path, raw);
}

core::Rejection ReadRejection(bool present, const v1::Rejection& rejection) {
  core::Rejection none;
  none.outcome = core::Outcome::kAccepted;
  return present ? codec::FromProto(rejection) : none;
}

core::InstructionStatus ReadStatus(Fields& fields, const Path& path, v1::InstructionStatus status) {
  return EnumOrNone(fields, path, status, core::InstructionStatus::kAborted);
}

LedgerInfo ReadLedgerInfo(Fields& fields, const Path& path, const v1::LedgerInfo& info) {
  LedgerInfo value;
  absl::StatusOr<core::Genesis> genesis = codec::DecodeGenesis(info.genesis());
  if (genesis.ok()) {
    value.genesis = *std::move(genesis);
  } else {
    fields.Fail({&path, "genesis"}, std::string(genesis.status().message()));
  }
  CheckIdentity(fields, path, info, value.genesis);
  value.business_date =
      fields.Parse<core::BusinessDate>({&path, "business_date"}, info.business_date());
  value.phase = fields.Closed({&path, "phase"}, info.phase(), core::DayPhase::kClosed);
  value.time = core::LedgerTime::FromMicros(info.ledger_time_us());
  value.batch_payments_max = info.batch_payments_max();
  value.settlement_policies =
      fields.Hashes(path, "settlement_policies", info.settlement_policies(), 4096);
  return value;
}

InstructionView ReadInstruction(Fields& fields, const Path& path, const v1::Instruction& message) {
  InstructionView value;
  value.key = ReadKey(fields, {&path, "reference"}, message.reference());
  value.status =
      fields.Closed({&path, "status"}, message.status(), core::InstructionStatus::kAborted);
  value.rejection = ReadRejection(message.has_rejection(), message.rejection());
  value.entry_index = message.entry_index();
  value.uetr = ReadOptionalUetr(fields, {&path, "uetr"}, message.uetr());
  value.settlement_id = fields.OptionalHash({&path, "settlement_id"}, message.settlement_id());
  value.time = core::LedgerTime::FromMicros(message.ledger_time_us());
  value.business_date = ReadOptionalDate(fields, {&path, "business_date"}, message.business_date());
  value.repeated = message.repeated();
  value.parts = ReadParts(fields, path, message);
  return value;
}

namespace {

SenderLimitView ReadSenderLimit(Fields& fields, const Path& path, const v1::SenderLimit& limit) {
  return {fields.ParseOptional<core::AccountAddress>({&path, "counterparty"}, limit.counterparty()),
          core::Amount::FromMinor(limit.limit()), core::Amount::FromMinor(limit.position())};
}

LiquidityTermsView ReadLiquidityTerms(Fields& fields, const Path& path,
                                      const v1::LiquidityTerms& terms) {
  LiquidityTermsView value;
  value.reserved_urgent = core::Amount::FromMinor(terms.reserved_urgent());
  value.reserved_high = core::Amount::FromMinor(terms.reserved_high());
  value.release_threshold = core::Amount::FromMinor(terms.release_threshold());
  if (terms.has_multilateral_limit()) {
    value.multilateral_limit =
        ReadSenderLimit(fields, {&path, "multilateral_limit"}, terms.multilateral_limit());
  }
  value.bilateral_limits = ReadList<SenderLimitView>(fields, path, "bilateral_limits",
                                                     terms.bilateral_limits(), ReadSenderLimit);
  value.collateral = core::Amount::FromMinor(terms.collateral());
  value.haircut_basis_points = terms.haircut_basis_points();
  value.credit_price_ppm_per_day = terms.credit_price_ppm_per_day();
  value.credit_charge = core::Amount::FromMinor(terms.credit_charge());
  return value;
}

}  // namespace

AccountView ReadAccount(Fields& fields, const Path& path, const v1::Account& account) {
  AccountView value;
  value.address = fields.Parse<core::AccountAddress>({&path, "address"}, account.address());
  value.owner = fields.Parse<core::ParticipantId>({&path, "owner"}, account.owner());
  value.purpose = fields.Closed({&path, "purpose"}, account.purpose(), core::AccountPurpose::kFees);
  if (fields.ok() && account.currency() != value.address.currency().code()) {
    fields.Fail({&path, "currency"}, "is not the one in the address");
  }
  value.available = core::Amount::FromMinor(account.available());
  value.held = core::Amount::FromMinor(account.held());
  value.incoming_reserved = core::Amount::FromMinor(account.incoming_reserved());
  value.holding_limit = core::Amount::FromMinor(account.holding_limit());
  value.credit_line = core::Amount::FromMinor(account.credit_line());
  value.frozen = account.frozen();
  value.closed = account.closed();
  value.non_resident = account.non_resident();
  value.posting_count = account.posting_count();
  value.number = account.number();
  value.number_check = static_cast<std::uint16_t>(account.number_check());
  if (account.has_terms())
    value.terms = ReadLiquidityTerms(fields, {&path, "terms"}, account.terms());
  return value;
}

ResolvedAccount ReadResolvedAccount(Fields& fields, const Path& path,
                                    const v1::ResolvedAccount& account) {
  return {.address = fields.Parse<core::AccountAddress>({&path, "address"}, account.address()),
          .exists = account.exists(),
          .number = account.number(),
          .number_check = static_cast<std::uint16_t>(account.number_check())};
}

AwaitingView ReadAwaiting(Fields& fields, const Path& path,
                          const v1::AwaitingInstruction& awaiting) {
  AwaitingView value;
  value.key = ReadKey(fields, {&path, "reference"}, awaiting.reference());
  value.account = fields.Parse<core::AccountAddress>({&path, "account"}, awaiting.account());
  value.amount.currency =
      fields.Parse<core::Currency>({&path, "amount.currency"}, awaiting.amount().currency());
  value.amount.amount = core::Amount::FromMinor(awaiting.amount().minor_units());
  value.rtgs_reference = awaiting.rtgs_reference();
  value.entry_index = awaiting.entry_index();
  value.time = core::LedgerTime::FromMicros(awaiting.ledger_time_us());
  value.business_date =
      ReadOptionalDate(fields, {&path, "business_date"}, awaiting.business_date());
  return value;
}

Statement ReadStatement(Fields& fields, const Path& path, const v1::Statement& statement) {
  Statement value;
  value.address = fields.Parse<core::AccountAddress>({&path, "address"}, statement.address());
  value.from = fields.Parse<core::BusinessDate>({&path, "from_date"}, statement.from_date());
  value.to = fields.Parse<core::BusinessDate>({&path, "to_date"}, statement.to_date());
  value.opening = core::Amount::FromMinor(statement.opening_balance());
  value.closing = core::Amount::FromMinor(statement.closing_balance());
  value.lines = ReadList<StatementLine>(fields, path, "lines", statement.lines(), ReadLine);
  value.older_page = statement.older_page();
  std::optional<core::Amount> sum = value.opening;
  for (const StatementLine& line : value.lines) {
    if (sum.has_value()) sum = core::CheckedAdd(*sum, line.posting.amount);
  }
  if (sum != value.closing) {
    fields.Fail({&path, "closing_balance"}, "is not the opening balance plus the lines");
  }
  return value;
}

EntryView ReadEntry(Fields& fields, const Path& path, const v1::EntryView& entry) {
  EntryView value;
  value.index = entry.index();
  value.instruction = ReadKey(fields, {&path, "instruction"}, entry.instruction());
  value.status = ReadStatus(fields, {&path, "status"}, entry.status());
  value.cause = EnumOrNone(fields, {&path, "cause"}, entry.cause(), core::Cause::kEndOfDay);
  value.rejection = ReadRejection(entry.has_rejection(), entry.rejection());
  value.uetr = ReadOptionalUetr(fields, {&path, "uetr"}, entry.uetr());
  value.settlement_id = fields.OptionalHash({&path, "settlement_id"}, entry.settlement_id());
  value.postings = ReadList<core::Posting>(fields, path, "postings", entry.postings(), ReadPosting);
  value.time = core::LedgerTime::FromMicros(entry.ledger_time_us());
  value.business_date = ReadOptionalDate(fields, {&path, "business_date"}, entry.business_date());
  value.payload_hash = fields.OptionalHash({&path, "payload_hash"}, entry.payload_hash());
  value.parts = ReadParts(fields, path, entry);
  return value;
}

LedgerSettlementView ReadLedgerSettlement(Fields& fields, const Path& path,
                                          const v1::LedgerSettlement& settlement) {
  LedgerSettlementView value;
  value.settlement_id = fields.Hash({&path, "settlement_id"}, settlement.settlement_id());
  value.status = ReadStatus(fields, {&path, "status"}, settlement.status());
  value.deadline = core::LedgerTime::FromMicros(settlement.deadline_us());
  value.prepared = core::LedgerTime::FromMicros(settlement.prepared_us());
  value.entry_index = settlement.entry_index();
  value.legs = ReadList<core::Leg>(
      fields, path, "legs", settlement.legs(),
      [](Fields& faults, const Path& place, const v1::Leg& leg) -> core::Leg {
        absl::StatusOr<core::Leg> decoded = codec::DecodeLeg(leg.SerializeAsString());
        if (decoded.ok()) return *std::move(decoded);
        faults.Fail(place, std::string(decoded.status().message()));
        return {};
      });
  if (!settlement.decision_log().empty()) {
    value.decision_log =
        fields.Parse<core::LedgerOrigin>({&path, "decision_log"}, settlement.decision_log());
  }
  return value;
}

Receipt ReadReceipt(Fields& fields, const Path& path, const v1::Receipt& receipt) {
  Receipt value;
  value.entry = receipt.entry();
  value.entry_index = receipt.entry_index();
  value.entry_proof =
      fields.Hashes(path, "entry_proof", receipt.entry_proof(), core::kProofHashesMax);
  value.batch_header = receipt.batch_header();
  value.batch_header_index = receipt.batch_header_index();
  value.batch_header_proof = fields.Hashes(path, "batch_header_proof", receipt.batch_header_proof(),
                                           core::kProofHashesMax);
  value.checkpoint = receipt.checkpoint();
  if (receipt.has_envelope()) {
    absl::StatusOr<core::Envelope> envelope = codec::FromProto(receipt.envelope());
    if (envelope.ok()) {
      value.envelope = *std::move(envelope);
    } else {
      fields.Fail({&path, "envelope"}, std::string(envelope.status().message()));
    }
  }
  value.genesis = receipt.genesis();
  value.bulk_entry = receipt.bulk_entry();
  value.bulk_entry_index = receipt.bulk_entry_index();
  value.bulk_entry_proof =
      fields.Hashes(path, "bulk_entry_proof", receipt.bulk_entry_proof(), core::kProofHashesMax);
  return value;
}

}  // namespace causeway::client
