#include "settlement/core/ledger_executor.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "settlement/core/check.h"
#include "settlement/core/text_rules.h"

namespace causeway::core {

LedgerExecutor::LedgerExecutor(Ledger::State& state, LedgerTime now)
    : state_(state), next_date_(state.date), next_phase_(state.phase) {
  header_.number = state.next_batch;
  header_.first_index = state.next_index;
  header_.time = std::max(now, state.time);
  header_.date = state.date;
  header_.phase = state.phase;
  header_.policy_version = state.policy_version;
  next_index_ = header_.first_index + 1;
}

BatchResult LedgerExecutor::Run(std::span<const AdmittedItem> items) {
  BatchResult result;
  result.results.reserve(items.size());
  for (const AdmittedItem& item : items) {
    const std::uint64_t index_before = next_index_;
    result.results.push_back(Execute(item));
    result.results.back().sequenced = next_index_ > index_before;
    ++item_;
  }
  ServeQueue(result.results);
  if (day_ended_) ChargeForCredit();
  CW_CHECK(state_.total == 0, "the sum over all accounts is zero");
  header_.entry_count = static_cast<std::uint32_t>(next_index_ - header_.first_index - 1);
  if (!entries_.empty()) {
    state_.time = header_.time;
    state_.date = next_date_;
    state_.phase = next_phase_;
    state_.next_batch += 1;
    state_.next_index = next_index_;
  }
  result.header = header_;
  result.entries = std::move(entries_);
  result.bulks = std::move(bulks_);
  return result;
}

ItemResult LedgerExecutor::Execute(const AdmittedItem& item) {
  recorded_.clear();
  if (const auto* command = std::get_if<Command>(&item.body)) return ExecuteCommand(item, *command);
  if (const auto* prepare = std::get_if<PrepareSettlement>(&item.body)) {
    return ExecutePrepare(item, *prepare);
  }
  if (const auto* bulk = std::get_if<Bulk>(&item.body)) return ExecuteBulk(item, *bulk);
  if (const auto* list = std::get_if<PrepareList>(&item.body)) {
    return ExecutePrepareList(item, *list);
  }
  return ExecuteComplete(item, std::get<CompleteSettlement>(item.body));
}

ItemResult LedgerExecutor::ExecuteCommand(const AdmittedItem& item, const Command& command) {
  ItemResult result;
  result.refused = CheckSigners(item, command.party);
  if (result.refused.has_value()) return result;
  if (const auto* batch = std::get_if<PayBatch>(&command.action)) {
    return ExecutePayBatch(item, command, *batch);
  }
  return ExecuteSingle(item, command);
}

ItemResult LedgerExecutor::ExecuteSingle(const AdmittedItem& item, const Command& command) {
  ItemResult result;
  const InstructionKey key{command.party, KindOf(command.action), command.id};
  if (const std::optional<InstructionState> known = state_.FindKnown(key)) {
    if (known->payload_hash == item.payload_hash) {
      result.instructions.push_back(*known);
    } else {
      result.refused =
          Rejection{.outcome = Outcome::kInstructionIdReused, .rule = command.id.ToString()};
    }
    return result;
  }
  if (IsTakenByBulk(key)) {
    result.refused =
        Rejection{.outcome = Outcome::kInstructionIdReused, .rule = command.id.ToString()};
    return result;
  }
  if (MaybeRejection untimely = CheckValidUntil(command.valid_until)) {
    result.refused = std::move(untimely);
    return result;
  }
  Context context{.item = &item, .key = key};
  if (const auto* pay = std::get_if<Pay>(&command.action)) context.uetr = pay->uetr;
  if (const auto* lock = std::get_if<LockFunds>(&command.action)) context.uetr = lock->uetr;
  if (const auto* order = std::get_if<OrderAbort>(&command.action)) {
    context.settlement_id = order->settlement_id;
  }
  if (MaybeRejection rejection = Dispatch(context, command)) {
    Record(Add(context, InstructionStatus::kRejected, Cause::kCommand, *rejection));
  }
  result.instructions.push_back(Recorded(key));
  return result;
}

// Admission checked this against an earlier state; here it decides.
LedgerExecutor::MaybeRejection LedgerExecutor::CheckSigners(const AdmittedItem& item,
                                                            const ParticipantId& party) const {
  if (!SignedBy(item, party)) {
    return Rejection{.outcome = Outcome::kNotSignedByParty, .rule = party.ToString()};
  }
  for (const KeyId& signer : item.signers) {
    if (state_.FindByKey(signer) != nullptr) continue;
    return Rejection{.outcome = Outcome::kUnknownKey, .rule = signer.ToHex()};
  }
  return std::nullopt;
}

LedgerExecutor::MaybeRejection LedgerExecutor::CheckValidUntil(LedgerTime valid_until) const {
  if (header_.time > valid_until) {
    return Rejection{.outcome = Outcome::kPastValidUntil, .rule = valid_until.ToString()};
  }
  if (valid_until > header_.time + kValidUntilAheadMax) {
    return Rejection{.outcome = Outcome::kValidUntilTooFar,
                     .rule = "at most 7 days after " + header_.time.ToString()};
  }
  return std::nullopt;
}

ItemResult LedgerExecutor::ExecutePayBatch(const AdmittedItem& item, const Command& command,
                                           const PayBatch& batch) {
  ItemResult result;
  result.instructions.reserve(batch.payments.size());
  const MaybeRejection untimely = CheckValidUntil(command.valid_until);
  std::uint32_t position = 0;
  for (const Pay& pay : batch.payments) {
    const Context context{.item = &item,
                          .key = {command.party, ActionKind::kPay, pay.id},
                          .position = position++,
                          .uetr = pay.uetr};
    recorded_.clear();
    const std::optional<InstructionState> known = state_.FindKnown(context.key);
    if (known.has_value() && known->payload_hash == item.payload_hash &&
        known->item == context.position) {
      result.instructions.push_back(*known);
      continue;
    }
    if (known.has_value() || IsTakenByBulk(context.key)) {
      // The id belongs to another payment: this one cannot be recorded under it.
      result.instructions.push_back(InstructionState{
          .key = context.key,
          .status = InstructionStatus::kRejected,
          .rejection = {.outcome = Outcome::kInstructionIdReused, .rule = pay.id.ToString()},
          .uetr = pay.uetr,
          .payload_hash = item.payload_hash,
          .item = context.position,
          .time = header_.time,
          .date = header_.date});
      continue;
    }
    if (untimely) {
      // Nothing of it was executed: a batch is recorded as a whole or not at all.
      result.instructions.clear();
      result.refused = untimely;
      return result;
    }
    if (MaybeRejection rejection = DoPay(context, command.party, pay)) {
      Record(Add(context, InstructionStatus::kRejected, Cause::kCommand, *rejection));
    }
    result.instructions.push_back(Recorded(context.key));
  }
  return result;
}

LedgerExecutor::MaybeRejection LedgerExecutor::Dispatch(const Context& context,
                                                        const Command& command) {
  const ParticipantId& party = command.party;
  return std::visit(
      [&](const auto& action) -> MaybeRejection {
        using T = std::decay_t<decltype(action)>;
        if constexpr (std::is_same_v<T, Pay>)
          return DoPay(context, party, action);
        else if constexpr (std::is_same_v<T, RequestIssue>)
          return DoRequestIssue(context, party, action);
        else if constexpr (std::is_same_v<T, Issue>)
          return DoIssue(context, party, action);
        else if constexpr (std::is_same_v<T, Redeem>)
          return DoRedeem(context, party, action);
        else if constexpr (std::is_same_v<T, Approve>)
          return DoApprove(context, party, action);
        else if constexpr (std::is_same_v<T, Refuse>)
          return DoRefuse(context, party, action);
        else if constexpr (std::is_same_v<T, Cancel>)
          return DoCancel(context, party, action);
        else if constexpr (std::is_same_v<T, RegisterParticipant>)
          return DoRegister(context, party, action);
        else if constexpr (std::is_same_v<T, UpdateKeys>)
          return DoUpdateKeys(context, party, action);
        else if constexpr (std::is_same_v<T, OpenAccount>)
          return DoOpenAccount(context, party, action);
        else if constexpr (std::is_same_v<T, CloseAccount>)
          return DoCloseAccount(context, party, action);
        else if constexpr (std::is_same_v<T, SetFreeze>)
          return DoSetFreeze(context, party, action);
        else if constexpr (std::is_same_v<T, SetLimits>)
          return DoSetLimits(context, party, action);
        else if constexpr (std::is_same_v<T, SetDayPhase>)
          return DoSetDayPhase(context, party, action);
        else if constexpr (std::is_same_v<T, SetSettlementPolicy>)
          return DoSetPolicy(context, party, action);
        else if constexpr (std::is_same_v<T, OperatorOverride>)
          return DoOverride(context, party, action);
        else if constexpr (std::is_same_v<T, OrderAbort>)
          return DoOrderAbort(context, party, action);
        else if constexpr (std::is_same_v<T, LockFunds>)
          return DoLockFunds(context, party, action);
        else if constexpr (std::is_same_v<T, ClaimLock>)
          return DoClaimLock(context, party, action);
        else if constexpr (std::is_same_v<T, RefundLock>)
          return DoRefundLock(context, party, action);
        else if constexpr (std::is_same_v<T, SetQueueRules>)
          return DoSetQueueRules(context, party, action);
        else if constexpr (std::is_same_v<T, Reprioritise>)
          return DoReprioritise(context, party, action);
        else if constexpr (std::is_same_v<T, OptimiseQueue>)
          return DoOptimiseQueue(context, party);
        else if constexpr (std::is_same_v<T, SetReservations>)
          return DoSetReservations(context, party, action);
        else if constexpr (std::is_same_v<T, SetReleaseThreshold>)
          return DoSetReleaseThreshold(context, party, action);
        else if constexpr (std::is_same_v<T, SetSenderLimit>)
          return DoSetSenderLimit(context, party, action);
        else if constexpr (std::is_same_v<T, SetCredit>)
          return DoSetCredit(context, party, action);
        else if constexpr (std::is_same_v<T, SetCreditPrice>)
          return DoSetCreditPrice(context, party, action);
        else {
          static_assert(std::is_same_v<T, PayBatch>);
          CW_CHECK(false, "a payment batch is executed payment by payment");
          return std::nullopt;
        }
      },
      command.action);
}

bool LedgerExecutor::SignedBy(const AdmittedItem& item, const ParticipantId& party) const {
  return state_.IsSignedBy(item, party);
}

std::uint32_t LedgerExecutor::ApproverCount(const AdmittedItem& item) const {
  // Envelopes refuse a key that signs twice, so distinct signers are distinct approvers.
  return static_cast<std::uint32_t>(
      std::count_if(item.signers.begin(), item.signers.end(), [&](const KeyId& signer) {
        const Participant* participant = state_.FindByKey(signer);
        return participant != nullptr && participant->id == state_.central_bank();
      }));
}

LedgerExecutor::MaybeRejection LedgerExecutor::NeedApprovers(const AdmittedItem& item,
                                                             const ParticipantId& party) const {
  if (party != state_.central_bank()) {
    return Rejection{.outcome = Outcome::kNotAuthorised, .rule = "central bank only"};
  }
  const std::uint32_t given = ApproverCount(item);
  if (given < state_.genesis.approvers_needed) {
    return Rejection{.outcome = Outcome::kApprovalsMissing,
                     .actual = given,
                     .required = state_.genesis.approvers_needed};
  }
  return std::nullopt;
}

Entry& LedgerExecutor::Append(const Context& context, const Hash256& payload_hash,
                              InstructionStatus status, Cause cause, const Rejection& rejection) {
  Entry& entry = entries_.emplace_back();
  entry.index = next_index_++;
  entry.instruction = context.key;
  entry.status = status;
  entry.cause = cause;
  entry.rejection = rejection;
  entry.rejection.message.clear();
  entry.uetr = context.uetr;
  entry.payload_hash = payload_hash;
  entry.item = context.position;
  entry.settlement_id = context.settlement_id;
  return entry;
}

void LedgerExecutor::Post(Entry& entry, AccountState& account, Bucket bucket, TransactionCode code,
                          Amount amount) {
  if (bucket == Bucket::kAvailable) BeforeAvailable(account);
  Amount& balance = bucket == Bucket::kAvailable ? account.available : account.held;
  const std::optional<Amount> after = CheckedAdd(balance, amount);
  CW_CHECK(after.has_value(), "the action checked the range of balances");
  CW_CHECK(bucket == Bucket::kAvailable || !after->IsNegative(), "a hold is not negative");
  balance = *after;
  state_.total += amount.minor();
  account.posting_count += 1;
  entry.postings.push_back({.address = account.address,
                            .bucket = bucket,
                            .code = code,
                            .amount = amount,
                            .balance_after = balance,
                            .sequence = account.posting_count,
                            .previous = account.last_leaf});
  account.last_leaf = entry.index;
}

LedgerExecutor::MaybeRejection LedgerExecutor::CheckText(std::string_view text,
                                                         std::string_view field) {
  if (!text.empty() && CountCharacters(text) <= kTextCharactersMax) return std::nullopt;
  return Rejection{.outcome = Outcome::kInvalidField, .rule = std::string(field)};
}

Amount LedgerExecutor::Negative(Amount amount) {
  const std::optional<Amount> negative = CheckedNegate(amount);
  CW_CHECK(negative.has_value(), "a positive amount has a negative");
  return *negative;
}

void LedgerExecutor::CheckCovered(const AccountState& account) {
  const bool covered = account.purpose == AccountPurpose::kIssuerLiability ||
                       absl::int128(account.available.minor()) + account.credit_line.minor() >= 0;
  CW_CHECK(covered, "available never falls below minus the credit line");
}

const InstructionState& LedgerExecutor::Record(const Entry& entry, bool in_set) {
  CW_CHECK(state_.total == 0, "the postings of an entry sum to zero");
  if (!in_set) {
    for (const Posting& posting : entry.postings)
      CheckCovered(*state_.FindAccount(posting.address));
  }
  // What is final is recorded once: only the live ones may be there already.
  const auto known = state_.live.find(entry.instruction);
  InstructionState& state = recorded_.emplace_back();
  if (known != state_.live.end()) {
    state = known->second;
  } else {
    ++state_.instructions_recorded;
    state = {.key = entry.instruction,
             .uetr = entry.uetr,
             .settlement_id = entry.settlement_id,
             .payload_hash = entry.payload_hash,
             .item = entry.item};
  }
  state.status = entry.status;
  state.rejection = entry.rejection;
  // After a part the payment waits as it did: since the entry and the time by which it came to
  // wait.
  if (!IsPart(entry)) {
    state.entry_index = entry.index;
    state.time = header_.time;
    state.date = header_.date;
  }
  const std::optional<std::uint32_t> party = state_.PartyNumber(state.key.party);
  CW_CHECK(party.has_value(), "whoever instructs is a participant");
  if (IsFinal(state.status)) {
    state_.RemoveLive(state.key);
    state_.payments->RecordFinal(*party, state);
  } else {
    if (known == state_.live.end()) state_.payments->RecordLive(*party, state);
    state_.SetLive(state);
  }
  return state;
}

const InstructionState& LedgerExecutor::Recorded(const InstructionKey& key) const {
  const auto found = std::find_if(recorded_.rbegin(), recorded_.rend(),
                                  [&](const InstructionState& state) { return state.key == key; });
  CW_CHECK(found != recorded_.rend(), "what was executed was recorded");
  return *found;
}

}  // namespace causeway::core
