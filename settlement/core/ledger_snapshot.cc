// Snapshots: the state of a ledger as parts of bytes, and a ledger from them. The encoding is
// specified in docs/formats/snapshot.md; keep the two together. The records in the parts are in
// ledger_snapshot_records.cc.
#include <algorithm>
#include <deque>
#include <functional>
#include <utility>

#include "absl/status/status.h"
#include "settlement/core/account_copies.h"
#include "settlement/core/bytes.h"
#include "settlement/core/check.h"
#include "settlement/core/field_reader.h"
#include "settlement/core/ledger.h"
#include "settlement/core/ledger_capture.h"
#include "settlement/core/ledger_snapshot_records.h"
#include "settlement/core/ledger_state.h"

namespace causeway::core {
namespace {

// Parts are made while no batch is executed: they are small, so that batches wait little.
constexpr std::size_t kAccountsPerPart = AccountCopies::kGroup;
constexpr std::size_t kSettlementsPerPart = 256;
// Of parts whose records differ in size, but for the last record in it.
constexpr std::size_t kPartBytes = std::size_t{1} << 18;
constexpr std::size_t kAbortOrderBytes = 40;  // id and entry

constexpr std::string_view kWhat = "snapshot";

enum class Part : std::uint8_t {
  kState = 1,
  kAwaiting = 2,
  kLive = 3,
  kAccounts = 4,
  kSettlements = 5,
  kEnd = 6,
  kTerms = 7,
};

// Terms came later than the numbers, and stand before the accounts.
int PlaceOf(Part part) {
  const int number = static_cast<int>(part);
  if (part == Part::kTerms) return static_cast<int>(Part::kLive) + 1;
  return part > Part::kLive ? number + 1 : number;
}

}  // namespace

// Reads the parts of a snapshot into a state.
class SnapshotReader {
 public:
  explicit SnapshotReader(Ledger::State& state) : state_(state) {}

  absl::Status Take(std::string_view part) {
    FieldReader reader(kWhat, part);
    const Part kind = reader.Closed("part", Part::kState, Part::kTerms);
    // In their order, the state before everything that refers to it.
    if (reader.ok() &&
        (PlaceOf(kind) < PlaceOf(last_) || (kind == Part::kState) != (last_ == Part{}) || done())) {
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
      case Part::kTerms:
        return TakeTerms(reader);
    }
  }

  // Ledgers that never had a queue have nothing of it, or its discipline alone when something
  // follows.
  void TakeQueueRules(FieldReader& reader) {
    if (!reader.ok() || reader.raw().remaining() == 0) return;
    const std::uint8_t discipline = reader.raw().U8();
    if (discipline >= PaymentQueue::kSelectedRulesWithParts) {
      return TakeSelectedRules(discipline, reader);
    }
    if (discipline > static_cast<std::uint8_t>(QueueDiscipline::kPriority)) {
      return reader.Fault("queue.discipline", "is none");
    }
    QueueRules rules;
    rules.discipline = static_cast<QueueDiscipline>(discipline);
    if (rules.discipline == QueueDiscipline::kNone) return;
    rules.optimisation = reader.Closed("queue.optimisation", QueueOptimisation::kNone,
                                       QueueOptimisation::kBechSoramaki);
    rules.optimise_every = Duration::FromMicros(reader.raw().I64());
    rules.queued_max = reader.raw().U32();
    state_.queue.SetRules(rules);
    state_.queue.next_optimisation = LedgerTime::FromMicros(reader.raw().I64());
  }

  void TakeSelectedRules(std::uint8_t first, FieldReader& reader) {
    state_.queue.ReadSelected(first, reader);
    if (!reader.ok()) return;
    if (state_.selector == nullptr) return reader.Fault("queue", "its rules need a selector");
    const absl::Status checked = state_.selector->CheckRules(state_.queue.rules());
    if (!checked.ok()) reader.Fault("queue", std::string(checked.message()));
    accounts_referred_ = std::max(accounts_referred_, state_.queue.LastWithReceipts());
  }

  // Ledgers to which no order ever came before its settlement have nothing of them.
  void TakeAbortOrders(FieldReader& reader) {
    if (!reader.ok() || reader.raw().remaining() == 0) return;
    const std::size_t count = reader.Count("abort_orders", kAbortOrderBytes);
    for (std::size_t i = 0; i < count && reader.ok(); ++i) {
      const Hash256 id = reader.raw().Hash();
      state_.abort_orders[id] = reader.raw().U64();
    }
  }

  // Ledgers on which no account has terms, and credit never had a price, have nothing of them.
  void TakeCreditPrice(FieldReader& reader) {
    if (!reader.ok() || reader.raw().remaining() == 0) return;
    state_.credit_price.ppm_per_day = reader.raw().U32();
    state_.credit_price.fees_account = reader.raw().U32();
    terms_ = reader.raw().U64();
    accounts_referred_ = std::max(accounts_referred_, state_.credit_price.fees_account);
  }

  void TakeTerms(FieldReader& reader) {
    const std::size_t count = reader.Count("terms", kRecordBytesMin);
    for (std::size_t i = 0; i < count && reader.ok(); ++i) {
      std::uint32_t number = 0;
      AccountTerms terms = ReadAccountTerms(state_.time, reader, number);
      accounts_referred_ = std::max(accounts_referred_, number);
      for (const SenderLimit& limit : terms.bilateral) {
        accounts_referred_ = std::max(accounts_referred_, limit.counterparty);
      }
      if (!state_.terms.try_emplace(number, std::move(terms)).second) {
        return reader.Fault("terms", "an account has them twice");
      }
    }
  }

  void TakeQueued(const InstructionState& instruction, FieldReader& reader) {
    QueuedPayment payment;
    payment.key = instruction.key;
    payment.owner = reader.raw().U32();
    payment.debtor = reader.raw().U32();
    payment.creditor = reader.raw().U32();
    payment.amount = Amount::FromMinor(reader.raw().I64());
    payment.priority =
        reader.Closed("queued.priority", PaymentPriority::kNormal, PaymentPriority::kUrgent);
    payment.code =
        reader.Closed("queued.code", TransactionCode::kPayment, TransactionCode::kReturn);
    payment.since = reader.raw().U64();
    payment.arrived = instruction.entry_index;
    payment.submitted = instruction.time;
    if (!reader.ok()) return;
    if (const std::optional<SettledParts> parts = SettledPartsOf(instruction.rejection)) {
      payment.settled = parts->settled;
      if (!payment.settled.IsPositive() ||
          CheckedAdd(payment.settled, payment.amount) != parts->amount) {
        return reader.Fault("queued", "what has settled of it is not what does not wait");
      }
    }
    if (!payment.amount.IsPositive() ||
        state_.queue.CheckRoom(payment.owner, payment.amount).has_value() ||
        state_.queue.Find(payment.key) != nullptr) {
      return reader.Fault("queued", "finds no room in the queue");
    }
    state_.queue.Insert(payment);
    accounts_referred_ = std::max({accounts_referred_, payment.debtor, payment.creditor});
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
    if (reader.ok() && reader.raw().remaining() > 0) state_.locks = ReadLocks(reader);
    for (const auto& [key, lock] : state_.locks) {
      const std::size_t account = std::max(lock.debtor, lock.creditor);
      awaiting_accounts_max_ = std::max(awaiting_accounts_max_, account);
    }
    TakeQueueRules(reader);
    TakeAbortOrders(reader);
    TakeCreditPrice(reader);
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
      const bool queued = instruction.status == InstructionStatus::kQueued;
      if (IsFinal(instruction.status) || queued != (instruction.key.kind == ActionKind::kPay)) {
        return reader.Fault("instructions", "one of them is final");
      }
      state_.SetLive(instruction);
      if (queued) TakeQueued(instruction, reader);
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
      state_.AddAccount(account);
    }
  }

  void TakeSettlements(FieldReader& reader) {
    const std::size_t count = reader.Count("settlements", kRecordBytesMin);
    for (std::size_t i = 0; i < count && reader.ok(); ++i) {
      SettlementState settlement = ReadSettlement(reader);
      if (settlement.status != InstructionStatus::kPrepared || !settlement.terms.has_value()) {
        return reader.Fault("settlements", "one of them is not prepared");
      }
      if (settlement.list != nullptr) {
        for (const HeldLeg& leg : settlement.list->legs) {
          accounts_referred_ = std::max({accounts_referred_, leg.debtor, leg.creditor});
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
        accounts_referred_ >= accounts_) {
      return reader.Fault("end", "an account is referred to that is not there");
    }
    if (state_.terms.size() != terms_) return reader.Fault("end", "not all terms are in it");
    for (const auto& [number, terms] : state_.terms) state_.accounts[number].has_terms = true;
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
  std::uint64_t terms_ = 0;
  std::size_t awaiting_accounts_max_ = 0;
  std::uint32_t accounts_referred_ = 0;  // the highest number, of holds, queue and terms
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
  const QueueRules& rules = state.queue.rules();
  const bool has_queue = rules.discipline != QueueDiscipline::kNone;
  const bool has_terms = state.has_terms();
  const bool has_orders = !state.abort_orders.empty() || has_terms;
  if (!state.locks.empty() || has_queue || has_orders) WriteLocks(state.locks, writer);
  if (state.queue.selects()) {
    state.queue.WriteSelected(writer);
  } else if (has_queue) {
    WriteEnum(rules.discipline, writer);
    WriteEnum(rules.optimisation, writer);
    writer.I64(rules.optimise_every.micros())
        .U32(rules.queued_max)
        .I64(state.queue.next_optimisation.micros());
  }
  if (has_orders) {
    if (!has_queue) WriteEnum(rules.discipline, writer);
    WriteCount(state.abort_orders.size(), writer);
    for (const auto& [id, entry] : state.abort_orders) writer.Hash(id).U64(entry);
  }
  if (has_terms) {
    writer.U32(state.credit_price.ppm_per_day)
        .U32(state.credit_price.fees_account)
        .U64(state.terms.size());
  }
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
      [&state](const auto& element, Writer& writer) {
        WriteInstruction(element.second, writer);
        if (element.second.status != InstructionStatus::kQueued) return;
        const QueuedPayment& payment = *state.queue.Find(element.first);
        writer.U32(payment.owner).U32(payment.debtor).U32(payment.creditor);
        writer.I64(payment.amount.minor());
        WriteEnum(payment.priority, writer);
        WriteEnum(payment.code, writer);
        writer.U64(payment.since);
      },
      parts);
  AppendParts(
      Part::kTerms, state.terms,
      [](const auto& element, Writer& writer) {
        WriteAccountTerms(element.first, element.second, writer);
      },
      parts);
  return parts;
}

std::string SnapshotWriter::NextAccounts(const Ledger::State& state, LedgerCapture& capture) {
  const std::size_t begin = capture.accounts_done;
  const std::size_t end = std::min(capture.accounts, begin + kAccountsPerPart);
  const std::size_t group = begin / kAccountsPerPart;
  Writer writer;
  WriteEnum(Part::kAccounts, writer);
  WriteCount(end - begin, writer);
  const AccountCopies::Group copies = capture.accounts_kept->Find(group);
  for (std::size_t number = begin; number < end; ++number) {
    const AccountState& now = state.accounts[number];
    const std::uint64_t* const copy = copies[number - begin];
    WriteAccount(copy == nullptr ? now : AccountCopies::Restored(copy, now), writer);
  }
  capture.accounts_kept->Drop(group);
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
  state.capture->accounts_kept = &state.account_copies;
  state.account_copies.Restart(state.accounts.size());
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

void Ledger::AbandonSnapshot() {
  state_->capture.reset();
  state_->account_copies.Restart(0);
}

std::size_t Ledger::SnapshotCopiesBytes() const { return state_->account_copies.bytes(); }

absl::StatusOr<std::unique_ptr<Ledger>> Ledger::Restore(
    const Genesis& genesis, const QueueSelector* selector,
    const std::function<absl::StatusOr<std::string>()>& next_part) {
  absl::StatusOr<std::unique_ptr<Ledger>> ledger = Create(genesis, selector);
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
