// The records in the parts of a snapshot, as docs/formats/snapshot.md specifies them.
#include "settlement/core/ledger_snapshot_records.h"

#include <utility>

namespace causeway::core {

namespace {

// What of a settlement's terms follows.
enum class TermsKind : std::uint8_t { kNone = 0, kSingle = 1, kList = 2 };

void WriteKey(const PublicKey& key, Writer& writer) {
  WriteEnum(key.suite, writer);
  writer.Sized(key.bytes);
}

PublicKey ReadKey(FieldReader& reader) {
  PublicKey key;
  const std::uint8_t number = reader.raw().U8();
  const std::optional<SuiteId> suite = SuiteFromNumber(number);
  if (!suite.has_value()) reader.Fault("suite", fmt::format("there is none numbered {}", number));
  key.suite = suite.value_or(SuiteId::kEd25519Sha256);
  key.bytes = reader.raw().Sized();
  return key;
}

}  // namespace

void WriteInstructionKey(const InstructionKey& key, Writer& writer) {
  writer.Sized(key.party.text());
  WriteEnum(key.kind, writer);
  writer.Sized(key.id.text());
}

InstructionKey ReadInstructionKey(FieldReader& reader) {
  InstructionKey key;
  key.party = reader.Parsed<ParticipantId>("instruction.party");
  key.kind = reader.Closed("instruction.kind", ActionKind::kPay, kActionKindLast);
  key.id = reader.Parsed<InstructionId>("instruction.id");
  return key;
}

namespace {

void WriteRejection(const Rejection& rejection, Writer& writer) {
  writer.U16(static_cast<std::uint16_t>(rejection.outcome));
  writer.I64(rejection.actual).I64(rejection.required).Sized(rejection.rule);
}

Rejection ReadRejection(FieldReader& reader) {
  Rejection rejection;
  const std::uint16_t number = reader.raw().U16();
  const std::optional<Outcome> outcome = OutcomeFromNumber(number);
  if (!outcome.has_value()) reader.Fault("outcome", fmt::format("there is no {}", number));
  rejection.outcome = outcome.value_or(Outcome::kMalformed);
  rejection.actual = reader.raw().I64();
  rejection.required = reader.raw().I64();
  rejection.rule = reader.raw().Sized();
  return rejection;
}

}  // namespace

void WriteParticipant(const Participant& participant, Writer& writer) {
  writer.Sized(participant.id.text());
  WriteEnum(participant.role, writer);
  writer.Sized(participant.country.code());
  writer.Sized(participant.bic.text());
  writer.Sized(participant.lei.text());
  WriteCount(participant.keys.size(), writer);
  for (const Participant::Key& key : participant.keys) {
    WriteKey(key.key, writer);
    writer.U8(key.revoked ? 1 : 0);
  }
}

Participant ReadParticipant(FieldReader& reader) {
  Participant participant;
  participant.id = reader.Parsed<ParticipantId>("participant.id");
  participant.role = reader.Closed("participant.role", Role::kNone, Role::kObserver);
  participant.country = reader.ParsedOrEmpty<Country>("participant.country");
  participant.bic = reader.ParsedOrEmpty<Bic>("participant.bic");
  participant.lei = reader.ParsedOrEmpty<Lei>("participant.lei");
  const std::size_t keys = reader.Count("participant.keys", kRecordBytesMin);
  for (std::size_t i = 0; i < keys && reader.ok(); ++i) {
    Participant::Key key;
    key.key = ReadKey(reader);
    key.id = KeyIdOf(key.key);
    key.revoked = reader.raw().U8() != 0;
    participant.keys.push_back(std::move(key));
  }
  return participant;
}

void WritePolicy(const SettlementPolicy& policy, Writer& writer) {
  writer.Hash(policy.hash).U64(policy.epoch).Sized(policy.decision_log.text());
  WriteKey(policy.decision_log_key, writer);
  WriteCount(policy.ledgers.size(), writer);
  for (const PolicyLedger& ledger : policy.ledgers) {
    writer.Sized(ledger.ledger.text()).Hash(ledger.genesis_hash);
    WriteKey(ledger.key, writer);
  }
  WriteCount(policy.witnesses.size(), writer);
  for (const PolicyWitness& witness : policy.witnesses) {
    writer.Sized(witness.name);
    WriteKey(witness.key, writer);
  }
  writer.U32(policy.witnesses_needed).U32(policy.witnesses_faulty_max);
}

SettlementPolicy ReadPolicy(FieldReader& reader) {
  SettlementPolicy policy;
  policy.hash = reader.raw().Hash();
  policy.epoch = reader.raw().U64();
  policy.decision_log = reader.Parsed<LedgerOrigin>("policy.decision_log");
  policy.decision_log_key = ReadKey(reader);
  const std::size_t ledgers = reader.Count("policy.ledgers", kRecordBytesMin);
  for (std::size_t i = 0; i < ledgers && reader.ok(); ++i) {
    PolicyLedger ledger;
    ledger.ledger = reader.Parsed<LedgerOrigin>("policy.ledgers.ledger");
    ledger.genesis_hash = reader.raw().Hash();
    ledger.key = ReadKey(reader);
    policy.ledgers.push_back(std::move(ledger));
  }
  const std::size_t witnesses = reader.Count("policy.witnesses", kRecordBytesMin);
  for (std::size_t i = 0; i < witnesses && reader.ok(); ++i) {
    PolicyWitness witness;
    witness.name = reader.raw().Sized();
    witness.key = ReadKey(reader);
    policy.witnesses.push_back(std::move(witness));
  }
  policy.witnesses_needed = reader.raw().U32();
  policy.witnesses_faulty_max = reader.raw().U32();
  return policy;
}

void WriteAccount(const AccountState& account, Writer& writer) {
  writer.Sized(account.address.text()).U32(account.owner_number);
  WriteEnum(account.purpose, writer);
  writer.U8(static_cast<std::uint8_t>((account.frozen ? 1 : 0) | (account.closed ? 2 : 0) |
                                      (account.non_resident ? 4 : 0)));
  writer.I64(account.available.minor())
      .I64(account.held.minor())
      .I64(account.incoming_reserved.minor())
      .I64(account.holding_limit.minor())
      .I64(account.credit_line.minor())
      .U64(account.posting_count)
      .U64(account.last_leaf);
}

AccountState ReadAccount(FieldReader& reader, const std::vector<Participant>& participants) {
  AccountState account;
  account.address = reader.Parsed<AccountAddress>("account.address");
  account.owner_number = reader.raw().U32();
  if (account.owner_number >= participants.size()) {
    reader.Fault("account.owner", fmt::format("there is no participant {}", account.owner_number));
  }
  account.purpose =
      reader.Closed("account.purpose", AccountPurpose::kSettlement, AccountPurpose::kFees);
  const std::uint8_t flags = reader.raw().U8();
  if (flags > 7) reader.Fault("account.flags", fmt::format("is {}; must be 0 to 7", flags));
  account.frozen = (flags & 1) != 0;
  account.closed = (flags & 2) != 0;
  account.non_resident = (flags & 4) != 0;
  const auto amount = [&reader] { return Amount::FromMinor(reader.raw().I64()); };
  account.available = amount();
  account.held = amount();
  account.incoming_reserved = amount();
  account.holding_limit = amount();
  account.credit_line = amount();
  account.posting_count = reader.raw().U64();
  account.last_leaf = reader.raw().U64();
  return account;
}

void WriteInstruction(const InstructionState& instruction, Writer& writer) {
  WriteInstructionKey(instruction.key, writer);
  WriteEnum(instruction.status, writer);
  WriteRejection(instruction.rejection, writer);
  writer.U64(instruction.entry_index)
      .Raw(instruction.uetr.view())
      .Hash(instruction.settlement_id)
      .Hash(instruction.payload_hash)
      .U32(instruction.item)
      .I64(instruction.time.micros())
      .U32(static_cast<std::uint32_t>(instruction.date.days()));
}

InstructionState ReadInstruction(FieldReader& reader) {
  InstructionState instruction;
  instruction.key = ReadInstructionKey(reader);
  instruction.status = reader.Closed("instruction.status", InstructionStatus::kAwaitingApproval,
                                     InstructionStatus::kAborted);
  instruction.rejection = ReadRejection(reader);
  instruction.entry_index = reader.raw().U64();
  instruction.uetr = reader.ReadUetr("instruction.uetr");
  instruction.settlement_id = reader.raw().Hash();
  instruction.payload_hash = reader.raw().Hash();
  instruction.item = reader.raw().U32();
  instruction.time = LedgerTime::FromMicros(reader.raw().I64());
  instruction.date = reader.ReadDate("instruction.date");
  return instruction;
}

namespace {

void WriteLeg(const Leg& leg, Writer& writer) {
  writer.Sized(leg.salt).Sized(leg.ledger.text()).Sized(leg.party.text()).Sized(leg.id.text());
  writer.Raw(leg.uetr.view()).Sized(leg.debtor.text()).Sized(leg.creditor.text());
  writer.Sized(leg.amount.currency.code()).I64(leg.amount.amount.minor());
  writer.Hash(leg.private_data_hash);
  WriteCount(leg.approvals.size(), writer);
  for (const ParticipantId& approval : leg.approvals) writer.Sized(approval.text());
}

Leg ReadLeg(FieldReader& reader) {
  Leg leg;
  leg.salt = reader.raw().Sized();
  leg.ledger = reader.Parsed<LedgerOrigin>("leg.ledger");
  leg.party = reader.Parsed<ParticipantId>("leg.party");
  leg.id = reader.Parsed<InstructionId>("leg.id");
  leg.uetr = reader.ReadUetr("leg.uetr");
  leg.debtor = reader.Parsed<AccountAddress>("leg.debtor");
  leg.creditor = reader.Parsed<AccountAddress>("leg.creditor");
  leg.amount.currency = reader.Parsed<Currency>("leg.amount.currency");
  leg.amount.amount = Amount::FromMinor(reader.raw().I64());
  leg.private_data_hash = reader.raw().Hash();
  const std::size_t approvals = reader.Count("leg.approvals", kRecordBytesMin);
  for (std::size_t i = 0; i < approvals && reader.ok(); ++i) {
    leg.approvals.push_back(reader.Parsed<ParticipantId>("leg.approvals"));
  }
  return leg;
}

void WriteTerms(const TermsHeader& terms, Writer& writer) {
  writer.Hash(terms.policy_hash).I64(terms.deadline.micros());
  WriteCount(terms.ledgers.size(), writer);
  for (const TermsLedger& ledger : terms.ledgers) {
    writer.Sized(ledger.ledger.text()).U32(ledger.leg_count);
  }
  writer.Hash(terms.legs_root).Sized(terms.nonce).Sized(terms.quote_id);
}

TermsHeader ReadTerms(const Hash256& settlement_id, FieldReader& reader) {
  TermsHeader terms;
  terms.settlement_id = settlement_id;
  terms.policy_hash = reader.raw().Hash();
  terms.deadline = LedgerTime::FromMicros(reader.raw().I64());
  const std::size_t ledgers = reader.Count("terms.ledgers", kRecordBytesMin);
  for (std::size_t i = 0; i < ledgers && reader.ok(); ++i) {
    TermsLedger ledger;
    ledger.ledger = reader.Parsed<LedgerOrigin>("terms.ledgers.ledger");
    ledger.leg_count = reader.raw().U32();
    terms.ledgers.push_back(std::move(ledger));
  }
  terms.legs_root = reader.raw().Hash();
  terms.nonce = reader.raw().Sized();
  terms.quote_id = reader.raw().Sized();
  return terms;
}

// What is held of a list; only such lists are in memory.
void WriteList(const SettlementState& settlement, Writer& writer) {
  const HeldList& list = *settlement.list;
  writer.Sized(EncodeSettlementList(*settlement.terms));
  writer.U64(list.first_leaf).Sized(list.held.bits());
  for (std::uint32_t position = 0; position < list.held.size(); ++position) {
    if (!list.held.Contains(position)) continue;
    const HeldLeg& leg = list.legs[position];
    writer.U32(leg.debtor).U32(leg.creditor).I64(leg.amount.minor());
  }
}

void ReadList(SettlementState& settlement, FieldReader& reader) {
  absl::StatusOr<TermsHeader> terms = DecodeSettlementList(reader.raw().Sized());
  if (!terms.ok()) return reader.Fault("settlement.list", std::string(terms.status().message()));
  if (terms->settlement_id != settlement.settlement_id) {
    return reader.Fault("settlement.list", "is another one");
  }
  auto list = std::make_shared<HeldList>();
  list->first_leaf = reader.raw().U64();
  std::optional<PositionSet> held = PositionSet::FromBits(terms->list_count, reader.raw().Sized());
  if (!held.has_value()) return reader.Fault("settlement.held", "is not of its list");
  list->held = *std::move(held);
  list->legs.resize(terms->list_count);
  for (std::uint32_t position = 0; position < list->held.size() && reader.ok(); ++position) {
    if (!list->held.Contains(position)) continue;
    HeldLeg& leg = list->legs[position];
    leg.debtor = reader.raw().U32();
    leg.creditor = reader.raw().U32();
    leg.amount = Amount::FromMinor(reader.raw().I64());
  }
  settlement.terms = *std::move(terms);
  settlement.list = std::move(list);
}

}  // namespace

void WriteSettlement(const SettlementState& settlement, Writer& writer) {
  writer.Hash(settlement.settlement_id);
  WriteEnum(settlement.status, writer);
  if (settlement.list != nullptr) {
    WriteEnum(TermsKind::kList, writer);
    WriteList(settlement, writer);
  } else {
    WriteEnum(settlement.terms.has_value() ? TermsKind::kSingle : TermsKind::kNone, writer);
    if (settlement.terms.has_value()) WriteTerms(*settlement.terms, writer);
  }
  WriteCount(settlement.legs.size(), writer);
  for (const Leg& leg : settlement.legs) WriteLeg(leg, writer);
  WriteRejection(settlement.rejection, writer);
  writer.U64(settlement.hold).U64(settlement.entry_index).I64(settlement.prepared.micros());
}

SettlementState ReadSettlement(FieldReader& reader) {
  SettlementState settlement;
  settlement.settlement_id = reader.raw().Hash();
  settlement.status = reader.Closed("settlement.status", InstructionStatus::kAwaitingApproval,
                                    InstructionStatus::kAborted);
  const TermsKind kind = reader.Closed("settlement.terms", TermsKind::kNone, TermsKind::kList);
  if (kind == TermsKind::kSingle) settlement.terms = ReadTerms(settlement.settlement_id, reader);
  if (kind == TermsKind::kList) ReadList(settlement, reader);
  const std::size_t legs = reader.Count("settlement.legs", kRecordBytesMin);
  for (std::size_t i = 0; i < legs && reader.ok(); ++i) {
    settlement.legs.push_back(ReadLeg(reader));
  }
  settlement.rejection = ReadRejection(reader);
  settlement.hold = reader.raw().U64();
  settlement.entry_index = reader.raw().U64();
  settlement.prepared = LedgerTime::FromMicros(reader.raw().I64());
  return settlement;
}

namespace {

void WriteSenderLimit(const SenderLimit& limit, Writer& writer) {
  writer.I64(limit.limit.minor())
      .I64(absl::Int128High64(limit.position))
      .U64(absl::Int128Low64(limit.position));
}

Amount ReadTerm(std::string_view field, FieldReader& reader) {
  const Amount amount = Amount::FromMinor(reader.raw().I64());
  if (amount.IsNegative()) reader.Fault(field, "is negative");
  return amount;
}

SenderLimit ReadSenderLimit(FieldReader& reader) {
  SenderLimit limit;
  limit.limit = ReadTerm("terms.limit", reader);
  const std::int64_t high = reader.raw().I64();
  limit.position = absl::MakeInt128(high, reader.raw().U64());
  return limit;
}

}  // namespace

void WriteAccountTerms(std::uint32_t number, const AccountTerms& terms, Writer& writer) {
  writer.U32(number)
      .I64(terms.reserved_urgent.minor())
      .I64(terms.reserved_high.minor())
      .I64(terms.release_threshold.minor())
      .I64(terms.collateral.minor())
      .U32(terms.haircut_basis_points)
      .U64(absl::Uint128High64(terms.credit_cost))
      .U64(absl::Uint128Low64(terms.credit_cost))
      .I64(terms.counted_until.micros())
      .U8(terms.multilateral.has_value() ? 1 : 0);
  if (terms.multilateral.has_value()) WriteSenderLimit(*terms.multilateral, writer);
  WriteCount(terms.bilateral.size(), writer);
  for (const SenderLimit& limit : terms.bilateral) {
    writer.U32(limit.counterparty);
    WriteSenderLimit(limit, writer);
  }
}

AccountTerms ReadAccountTerms(LedgerTime time, FieldReader& reader, std::uint32_t& number) {
  AccountTerms terms;
  number = reader.raw().U32();
  terms.reserved_urgent = ReadTerm("terms.reserved_urgent", reader);
  terms.reserved_high = ReadTerm("terms.reserved_high", reader);
  terms.release_threshold = ReadTerm("terms.release_threshold", reader);
  terms.collateral = ReadTerm("terms.collateral", reader);
  terms.haircut_basis_points = reader.raw().U32();
  if (terms.haircut_basis_points > kHaircutBasisPointsMax) {
    reader.Fault("terms.haircut", "is more than the whole");
  }
  const std::uint64_t cost_high = reader.raw().U64();
  terms.credit_cost = absl::MakeUint128(cost_high, reader.raw().U64());
  terms.counted_until = LedgerTime::FromMicros(reader.raw().I64());
  if (terms.counted_until > time) reader.Fault("terms.counted_until", "is after the ledger's time");
  const std::uint8_t multilateral = reader.raw().U8();
  if (multilateral > 1) reader.Fault("terms.multilateral", "must be 0 or 1");
  if (multilateral == 1) terms.multilateral = ReadSenderLimit(reader);
  const std::size_t count = reader.Count("terms.bilateral", kRecordBytesMin);
  for (std::size_t i = 0; i < count && reader.ok(); ++i) {
    const std::uint32_t counterparty = reader.raw().U32();
    SenderLimit limit = ReadSenderLimit(reader);
    limit.counterparty = counterparty;
    if (!terms.bilateral.empty() && terms.bilateral.back().counterparty >= counterparty) {
      reader.Fault("terms.bilateral", "is not in the order of accounts");
    }
    terms.bilateral.push_back(limit);
  }
  return terms;
}

}  // namespace causeway::core
