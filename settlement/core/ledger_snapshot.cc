// Snapshots: the state of a ledger as parts of bytes, and a ledger from them. The encoding is
// specified in docs/formats/snapshot.md; keep the two together.
#include <algorithm>
#include <deque>
#include <functional>
#include <utility>

#include "absl/status/status.h"
#include "settlement/core/bytes.h"
#include "settlement/core/check.h"
#include "settlement/core/field_reader.h"
#include "settlement/core/ledger.h"
#include "settlement/core/ledger_capture.h"
#include "settlement/core/ledger_state.h"

namespace causeway::core {
namespace {

// Parts are made while no batch is executed: they are small, so that batches wait little.
constexpr std::size_t kAccountsPerPart = 1024;
constexpr std::size_t kSettlementsPerPart = 256;
// Of parts whose records differ in size, but for the last record in it.
constexpr std::size_t kPartBytes = std::size_t{1} << 18;

constexpr std::string_view kWhat = "snapshot";
// What a count is held against: shorter than any of them.
constexpr std::size_t kRecordBytesMin = 4;

enum class Part : std::uint8_t {
  kState = 1,
  kAwaiting = 2,
  kLive = 3,
  kAccounts = 4,
  kSettlements = 5,
  kEnd = 6,
};

// What of a settlement's terms follows.
enum class TermsKind : std::uint8_t { kNone = 0, kSingle = 1, kList = 2 };

template <typename Enum>
void WriteEnum(Enum value, Writer& writer) {
  writer.U8(static_cast<std::uint8_t>(value));
}

void WriteCount(std::size_t count, Writer& writer) {
  writer.U32(static_cast<std::uint32_t>(count));
}

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
  const std::uint32_t owner = reader.raw().U32();
  if (owner < participants.size()) {
    account.owner = participants[owner].id;
  } else {
    reader.Fault("account.owner", fmt::format("there is no participant {}", owner));
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

}  // namespace

// Reads the parts of a snapshot into a state.
class SnapshotReader {
 public:
  explicit SnapshotReader(Ledger::State& state) : state_(state) {}

  absl::Status Take(std::string_view part) {
    FieldReader reader(kWhat, part);
    const Part kind = reader.Closed("part", Part::kState, Part::kEnd);
    // In their order, the state before everything that refers to it.
    if (reader.ok() && (kind < last_ || (kind == Part::kState) != (last_ == Part{}) || done())) {
      reader.Fault("part", fmt::format("{} does not follow {}", static_cast<int>(kind),
                                       static_cast<int>(last_)));
    }
    last_ = kind;
    if (reader.ok()) TakeFields(kind, reader);
    return reader.Finish();
  }

  bool done() const { return last_ == Part::kEnd; }

 private:
  void TakeFields(Part kind, FieldReader& reader) {
    switch (kind) {
      case Part::kState:
        return TakeState(reader);
      case Part::kAwaiting:
        return TakeAwaiting(reader);
      case Part::kLive:
        return TakeLive(reader);
      case Part::kAccounts:
        return TakeAccounts(reader);
      case Part::kSettlements:
        return TakeSettlements(reader);
      case Part::kEnd:
        return TakeEnd(reader);
    }
  }

  void TakeState(FieldReader& reader) {
    if (reader.raw().Hash() != state_.genesis.hash) {
      reader.Fault("genesis", "is of another ledger");
      return;
    }
    state_.time = LedgerTime::FromMicros(reader.raw().I64());
    state_.date = reader.ReadDate("date");
    state_.phase = reader.Closed("phase", DayPhase::kOpen, DayPhase::kClosed);
    state_.opened_before = reader.raw().U8() != 0;
    state_.policy_version = reader.raw().U64();
    state_.next_index = reader.raw().U64();
    state_.next_batch = reader.raw().U64();
    state_.liability = reader.raw().U64();
    // What a new ledger has is in the snapshot too.
    state_.participants.clear();
    state_.participant_by_id.clear();
    state_.participant_by_key.clear();
    state_.account_by_address.clear();
    state_.accounts = {};
    const std::size_t participants = reader.Count("participants", kRecordBytesMin);
    for (std::size_t i = 0; i < participants && reader.ok(); ++i) {
      Participant participant = ReadParticipant(reader);
      state_.participant_by_id[participant.id] = i;
      for (const Participant::Key& key : participant.keys) state_.participant_by_key[key.id] = i;
      state_.participants.push_back(std::move(participant));
    }
    const std::size_t policies = reader.Count("policies", kRecordBytesMin);
    for (std::size_t i = 0; i < policies && reader.ok(); ++i) {
      Ledger::State::Policy policy;
      policy.policy = ReadPolicy(reader);
      policy.in_force = reader.raw().U8() != 0;
      state_.policies.push_back(std::move(policy));
    }
    accounts_ = reader.raw().U64();
    state_.instructions_recorded = reader.raw().U64();
    settlements_ = reader.raw().U64();
    awaiting_ = reader.raw().U64();
    live_ = reader.raw().U64();
  }

  void TakeAwaiting(FieldReader& reader) {
    const std::size_t count = reader.Count("awaiting", kRecordBytesMin);
    for (std::size_t i = 0; i < count && reader.ok(); ++i) {
      const InstructionKey key = ReadInstructionKey(reader);
      AwaitingApproval& waiting = state_.awaiting[key];
      waiting.kind = reader.Closed("awaiting.kind", ActionKind::kPay, kActionKindLast);
      waiting.account = reader.raw().U64();
      waiting.amount = Amount::FromMinor(reader.raw().I64());
      awaiting_accounts_max_ = std::max(awaiting_accounts_max_, waiting.account);
    }
  }

  void TakeLive(FieldReader& reader) {
    const std::size_t count = reader.Count("instructions", kRecordBytesMin);
    for (std::size_t i = 0; i < count && reader.ok(); ++i) {
      const InstructionState instruction = ReadInstruction(reader);
      if (IsFinal(instruction.status) || instruction.key.kind == ActionKind::kPay) {
        return reader.Fault("instructions", "one of them is final");
      }
      state_.SetLive(instruction);
    }
  }

  void TakeAccounts(FieldReader& reader) {
    const std::size_t count = reader.Count("accounts", kRecordBytesMin);
    for (std::size_t i = 0; i < count && reader.ok(); ++i) {
      AccountState account = ReadAccount(reader, state_.participants);
      if (!reader.ok()) return;
      if (state_.account_by_address.contains(account.address)) {
        return reader.Fault("account.address", account.address.ToString() + " is there twice");
      }
      state_.AddAccount(std::move(account));
    }
  }

  void TakeSettlements(FieldReader& reader) {
    const std::size_t count = reader.Count("settlements", kRecordBytesMin);
    for (std::size_t i = 0; i < count && reader.ok(); ++i) {
      SettlementState settlement = ReadSettlement(reader);
      if (settlement.list != nullptr) {
        for (const HeldLeg& leg : settlement.list->legs) {
          held_accounts_max_ = std::max({held_accounts_max_, leg.debtor, leg.creditor});
        }
      }
      state_.settlements.insert_or_assign(settlement.settlement_id, std::move(settlement));
    }
  }

  // The counts, and that every number refers to something.
  void TakeEnd(FieldReader& reader) {
    if (state_.accounts.size() != accounts_ || state_.settlements.size() != settlements_) {
      return reader.Fault("end", fmt::format("{} accounts and {} settlements came of {} and {}",
                                             state_.accounts.size(), state_.settlements.size(),
                                             accounts_, settlements_));
    }
    if (state_.awaiting.size() != awaiting_ || state_.live.size() != live_) {
      return reader.Fault("end", "not all instructions that it announces are in it");
    }
    if (state_.liability >= accounts_ || awaiting_accounts_max_ >= accounts_ ||
        held_accounts_max_ >= accounts_) {
      return reader.Fault("end", "an account is referred to that is not there");
    }
    absl::int128 total = 0;
    for (const AccountState& account : state_.accounts) {
      total += account.available.minor();
      total += account.held.minor();
    }
    if (total != 0) reader.Fault("accounts", "their sum is not zero");
  }

  Ledger::State& state_;
  Part last_{};
  std::uint64_t accounts_ = 0;
  std::uint64_t settlements_ = 0;
  std::uint64_t awaiting_ = 0;
  std::uint64_t live_ = 0;
  std::size_t awaiting_accounts_max_ = 0;
  std::uint32_t held_accounts_max_ = 0;
};

namespace {

std::string PartOf(Part kind, std::size_t count, const Writer& records) {
  Writer writer;
  WriteEnum(kind, writer);
  WriteCount(count, writer);
  writer.Raw(records.bytes());
  return std::move(writer).Take();
}

}  // namespace

// Writes them.
class SnapshotWriter {
 public:
  static std::string EncodeState(const Ledger::State& state);
  static std::deque<std::string> FirstParts(const Ledger::State& state);
  static std::string NextAccounts(const Ledger::State& state, LedgerCapture& capture);
  static std::string NextSettlements(const Ledger::State& state, LedgerCapture& capture);
};

std::string SnapshotWriter::EncodeState(const Ledger::State& state) {
  Writer writer;
  WriteEnum(Part::kState, writer);
  writer.Hash(state.genesis.hash).I64(state.time.micros());
  writer.U32(static_cast<std::uint32_t>(state.date.days()));
  WriteEnum(state.phase, writer);
  writer.U8(state.opened_before ? 1 : 0)
      .U64(state.policy_version)
      .U64(state.next_index)
      .U64(state.next_batch)
      .U64(state.liability);
  WriteCount(state.participants.size(), writer);
  for (const Participant& participant : state.participants) WriteParticipant(participant, writer);
  WriteCount(state.policies.size(), writer);
  for (const Ledger::State::Policy& policy : state.policies) {
    WritePolicy(policy.policy, writer);
    writer.U8(policy.in_force ? 1 : 0);
  }
  writer.U64(state.accounts.size())
      .U64(state.instructions_recorded)
      .U64(state.settlements.size())
      .U64(state.awaiting.size())
      .U64(state.live.size());
  return std::move(writer).Take();
}

namespace {

// The elements of a container in parts of about kPartBytes.
template <typename Container, typename Write>
void AppendParts(Part kind, const Container& container, const Write& write,
                 std::deque<std::string>& parts) {
  for (auto next = container.begin(); next != container.end();) {
    Writer records;
    std::size_t count = 0;
    for (; next != container.end() && records.bytes().size() < kPartBytes; ++next, ++count) {
      write(*next, records);
    }
    parts.push_back(PartOf(kind, count, records));
  }
}

}  // namespace

std::deque<std::string> SnapshotWriter::FirstParts(const Ledger::State& state) {
  std::deque<std::string> parts = {EncodeState(state)};
  AppendParts(
      Part::kAwaiting, state.awaiting,
      [](const auto& element, Writer& writer) {
        WriteInstructionKey(element.first, writer);
        WriteEnum(element.second.kind, writer);
        writer.U64(element.second.account).I64(element.second.amount.minor());
      },
      parts);
  AppendParts(
      Part::kLive, state.live,
      [](const auto& element, Writer& writer) { WriteInstruction(element.second, writer); }, parts);
  return parts;
}

std::string SnapshotWriter::NextAccounts(const Ledger::State& state, LedgerCapture& capture) {
  const std::size_t end = std::min(capture.accounts, capture.accounts_done + kAccountsPerPart);
  Writer writer;
  WriteEnum(Part::kAccounts, writer);
  WriteCount(end - capture.accounts_done, writer);
  for (std::size_t number = capture.accounts_done; number < end; ++number) {
    const std::uint32_t place = capture.old_place[number];
    WriteAccount(place == 0 ? state.accounts[number] : capture.old_accounts[place - 1], writer);
  }
  capture.accounts_done = end;
  return std::move(writer).Take();
}

std::string SnapshotWriter::NextSettlements(const Ledger::State& state, LedgerCapture& capture) {
  // Those of then in their order: changed and removed ones as they were, the others as they are.
  auto next = capture.last_settlement.has_value()
                  ? state.settlements.upper_bound(*capture.last_settlement)
                  : state.settlements.begin();
  std::size_t count = 0;
  Writer records;
  while (next != state.settlements.end() || !capture.old_settlements.empty()) {
    const auto old = capture.old_settlements.begin();
    const bool is_old = old != capture.old_settlements.end() &&
                        (next == state.settlements.end() || old->first <= next->first);
    if (!is_old && next->second.entry_index >= capture.next_index) {  // came later
      ++next;
      continue;
    }
    if (count == kSettlementsPerPart || records.bytes().size() >= kPartBytes) break;
    WriteSettlement(is_old ? old->second : next->second, records);
    capture.last_settlement = is_old ? old->first : next->first;
    if (next != state.settlements.end() && next->first == *capture.last_settlement) ++next;
    if (is_old) capture.old_settlements.erase(old);
    ++count;
  }
  capture.settlements_done = next == state.settlements.end() && capture.old_settlements.empty();
  return PartOf(Part::kSettlements, count, records);
}

void Ledger::StartSnapshot() {
  State& state = *state_;
  state.capture = std::make_unique<LedgerCapture>();
  state.capture->next_index = state.next_index;
  state.capture->first = SnapshotWriter::FirstParts(state);
  state.capture->accounts = state.accounts.size();
  state.capture->old_place.resize(state.accounts.size());
}

std::string Ledger::NextSnapshotPart() {
  State& state = *state_;
  if (state.capture == nullptr) return {};
  LedgerCapture& capture = *state.capture;
  if (!capture.first.empty()) {
    std::string part = std::move(capture.first.front());
    capture.first.pop_front();
    return part;
  }
  if (capture.accounts_done < capture.accounts) return SnapshotWriter::NextAccounts(state, capture);
  if (!capture.settlements_done) return SnapshotWriter::NextSettlements(state, capture);
  if (!std::exchange(capture.end_done, true)) return {static_cast<char>(Part::kEnd)};
  state.capture.reset();
  return {};
}

void Ledger::AbandonSnapshot() { state_->capture.reset(); }

absl::StatusOr<std::unique_ptr<Ledger>> Ledger::Restore(
    const Genesis& genesis, const std::function<absl::StatusOr<std::string>()>& next_part) {
  absl::StatusOr<std::unique_ptr<Ledger>> ledger = Create(genesis);
  if (!ledger.ok()) return ledger.status();
  SnapshotReader reader(*(*ledger)->state_);
  while (!reader.done()) {
    const absl::StatusOr<std::string> part = next_part();
    if (!part.ok()) return part.status();
    if (absl::Status taken = reader.Take(*part); !taken.ok()) return taken;
  }
  return ledger;
}

void Ledger::SetIndex(std::unique_ptr<InstructionIndex> payments) {
  CW_CHECK(payments != nullptr, "a ledger finds its payments somewhere");
  state_->payments = std::move(payments);
}

}  // namespace causeway::core
