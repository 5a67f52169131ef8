// The ledger's side of payment versus payment: prepare reserves everything that completion will
// need, so that completion cannot fail; completion follows the certificate and nothing else. What
// has ended leaves memory at once, and is found again in the log (docs/adr/0016).
#include <map>
#include <set>
#include <utility>

#include "settlement/core/check.h"
#include "settlement/core/ledger_executor.h"

namespace causeway::core {
namespace {

ItemResult UnknownSettlement(const Hash256& id) {
  ItemResult result;
  result.settlement_id = id;
  result.refused = Rejection{.outcome = Outcome::kUnknownSettlement, .rule = id.ToHex()};
  return result;
}

}  // namespace

ItemResult LedgerExecutor::DescribeSettlement(const SettlementState& settlement) {
  ItemResult result;
  result.settlement_id = settlement.settlement_id;
  result.settlement_status = settlement.status;
  result.settlement_entry = settlement.entry_index;
  result.settlement_hold = settlement.hold;
  for (const Leg& leg : settlement.legs) {
    if (const std::optional<InstructionState> known = state_.FindKnown(KeyOf(leg))) {
      result.instructions.push_back(*known);
    }
  }
  return result;
}

ItemResult LedgerExecutor::DescribeEnded(const Hash256& id, EndedSettlement ended) {
  ItemResult result;
  result.settlement_id = id;
  result.settlement_status = ended.status;
  result.settlement_entry = ended.entry_index;
  result.settlement_hold = ended.hold;
  result.instructions = std::move(ended.legs);
  return result;
}

// How a settlement that is no longer in memory, or never was, ended.
std::optional<EndedSettlement> LedgerExecutor::FindEnded(const Hash256& id) {
  if (const std::optional<InstructionState> done = FindCompletion(id)) {
    return EndedSettlement{
        .status = done->status, .rejection = done->rejection, .entry_index = done->entry_index};
  }
  return state_.payments->FindSettlementToRecord(id);
}

// The same of a list, or of an abort that came before its prepare.
std::optional<InstructionState> LedgerExecutor::FindCompletion(const Hash256& id) {
  std::optional<InstructionState> done =
      state_.FindKnown(CompletionKeyOf(state_.central_bank(), id));
  if (done.has_value() && done->settlement_id != id) done.reset();
  return done;
}

// Of a settlement of which nothing is known: another one may have an id that begins alike, and the
// keys under which this one would be recorded.
LedgerExecutor::MaybeRejection LedgerExecutor::CheckIdIsFree(const Hash256& id) {
  for (const InstructionKey& key :
       {PrepareKeyOf(state_.central_bank(), id), CompletionKeyOf(state_.central_bank(), id)}) {
    if (state_.FindKnown(key).has_value()) {
      return Rejection{.outcome = Outcome::kInstructionIdReused, .rule = key.id.ToString()};
    }
  }
  return std::nullopt;
}

ItemResult LedgerExecutor::ExecutePrepare(const AdmittedItem& item,
                                          const PrepareSettlement& prepare) {
  const Hash256& id = prepare.terms.settlement_id;
  const auto known = state_.settlements.find(id);
  if (known != state_.settlements.end()) return DescribeSettlement(known->second);
  if (std::optional<EndedSettlement> ended = FindEnded(id)) {
    ItemResult result = DescribeEnded(id, *std::move(ended));
    // An abort that arrived first stays: a late prepare must not reserve anything.
    if (result.settlement_status == InstructionStatus::kAborted) {
      result.refused = Rejection{.outcome = Outcome::kSettlementAborted, .rule = id.ToHex()};
    }
    return result;
  }
  if (MaybeRejection refused = CheckTerms(item, prepare)) {
    ItemResult result;
    result.settlement_id = id;
    result.refused = std::move(refused);
    return result;
  }
  std::size_t failed = 0;
  if (MaybeRejection rejection = CheckLegs(prepare, failed)) {
    rejection->rule = "leg " + std::to_string(prepare.legs[failed].index) +
                      (rejection->rule.empty() ? "" : ": " + rejection->rule);
    return RejectLegs(item, prepare, *rejection);
  }
  SettlementState& settlement = state_.settlements[id];
  settlement.settlement_id = id;
  settlement.terms = prepare.terms;
  settlement.prepared = header_.time;
  for (const ProvenLeg& leg : prepare.legs) settlement.legs.push_back(leg.leg);
  ReserveLegs(item, prepare, settlement);
  return DescribeSettlement(settlement);
}

// It has ended with that, and nothing of it stays in memory.
ItemResult LedgerExecutor::RejectLegs(const AdmittedItem& item, const PrepareSettlement& prepare,
                                      const Rejection& rejection) {
  EndedSettlement ended{.status = InstructionStatus::kRejected, .rejection = rejection};
  for (std::uint32_t position = 0; position < prepare.legs.size(); ++position) {
    const Leg& leg = prepare.legs[position].leg;
    const Context context{.item = &item,
                          .key = KeyOf(leg),
                          .position = position,
                          .uetr = leg.uetr,
                          .settlement_id = prepare.terms.settlement_id};
    const Entry& entry = Add(context, InstructionStatus::kRejected, Cause::kCommand, rejection);
    ended.entry_index = entry.index;
    ended.legs.push_back(Record(entry));
  }
  return DescribeEnded(prepare.terms.settlement_id, std::move(ended));
}

LedgerExecutor::MaybeRejection LedgerExecutor::CheckPolicyAndDeadline(
    const TermsHeader& terms) const {
  if (const auto ordered = state_.abort_orders.find(terms.settlement_id);
      ordered != state_.abort_orders.end()) {
    return Rejection{.outcome = Outcome::kAbortOrdered,
                     .rule = "entry " + std::to_string(ordered->second)};
  }
  const Ledger::State::Policy* policy = state_.FindPolicy(terms.policy_hash);
  if (policy == nullptr || !policy->in_force) {
    return Rejection{.outcome = Outcome::kUnknownSettlementPolicy,
                     .rule = terms.policy_hash.ToHex()};
  }
  for (const TermsLedger& ledger : terms.ledgers) {
    if (policy->policy.Find(ledger.ledger) == nullptr) {
      return Rejection{.outcome = Outcome::kUnknownSettlementPolicy,
                       .rule = "policy has no ledger " + ledger.ledger.ToString()};
    }
  }
  if (header_.time > terms.deadline) {
    return Rejection{.outcome = Outcome::kPastDeadline, .rule = terms.deadline.ToString()};
  }
  // A hold and the payee's promised headroom must not outlive a week.
  if (terms.deadline > header_.time + kDeadlineAheadMax) {
    return Rejection{.outcome = Outcome::kValidUntilTooFar,
                     .rule = "deadline: at most 7 days after " + header_.time.ToString()};
  }
  return std::nullopt;
}

LedgerExecutor::MaybeRejection LedgerExecutor::CheckTerms(const AdmittedItem& item,
                                                          const PrepareSettlement& prepare) const {
  const TermsHeader& terms = prepare.terms;
  if (MaybeRejection refused = CheckPolicyAndDeadline(terms)) return refused;
  const TermsLedger* here = terms.Find(state_.genesis.ledger);
  if (here == nullptr || here->leg_count != prepare.legs.size()) {
    return Rejection{.outcome = Outcome::kLegNotInTerms,
                     .actual = static_cast<std::int64_t>(prepare.legs.size()),
                     .required = here == nullptr ? 0 : here->leg_count,
                     .rule = "number of legs on this ledger"};
  }
  std::set<std::uint32_t> positions;
  std::set<InstructionKey> keys;
  for (const ProvenLeg& proven : prepare.legs) {
    const Leg& leg = proven.leg;
    const bool proved = positions.insert(proven.index).second &&
                        leg.ledger == state_.genesis.ledger &&
                        VerifyInclusion(LeafHash(proven.bytes), proven.index, terms.LegCount(),
                                        proven.proof, terms.legs_root);
    if (!proved) {
      return Rejection{.outcome = Outcome::kLegNotInTerms,
                       .rule = "leg " + std::to_string(proven.index)};
    }
    if (!SignedBy(item, leg.party)) {
      return Rejection{.outcome = Outcome::kTermsNotSignedByPayer, .rule = leg.party.ToString()};
    }
    for (const ParticipantId& approver : leg.approvals) {
      if (SignedBy(item, approver)) continue;
      return Rejection{.outcome = Outcome::kTermsNotSignedByPayer, .rule = approver.ToString()};
    }
    if (!keys.insert(KeyOf(leg)).second || state_.FindKnown(KeyOf(leg)).has_value() ||
        state_.FindKnownInBulks(KeyOf(leg)) != InstructionIndex::kNoLeaf) {
      return Rejection{.outcome = Outcome::kInstructionIdReused, .rule = leg.id.ToString()};
    }
  }
  return std::nullopt;
}

LedgerExecutor::MaybeRejection LedgerExecutor::CheckLegs(const PrepareSettlement& prepare,
                                                         std::size_t& failed) const {
  // What earlier legs of this settlement take from, and promise to, each account.
  std::map<AccountAddress, Amount> debited;
  std::map<AccountAddress, Amount> credited;
  for (failed = 0; failed < prepare.legs.size(); ++failed) {
    const Leg& leg = prepare.legs[failed].leg;
    Amount& debit = debited[leg.debtor];
    Amount& credit = credited[leg.creditor];
    if (MaybeRejection rejection = CheckLeg(leg, debit, credit)) return rejection;
    const std::optional<Amount> debit_after = CheckedAdd(debit, leg.amount.amount);
    const std::optional<Amount> credit_after = CheckedAdd(credit, leg.amount.amount);
    CW_CHECK(debit_after && credit_after, "the leg's check bounds the sums");
    debit = *debit_after;
    credit = *credit_after;
  }
  return std::nullopt;
}

LedgerExecutor::MaybeRejection LedgerExecutor::CheckLeg(const Leg& leg, Amount debited,
                                                        Amount credited) const {
  if (state_.phase != DayPhase::kOpen) {
    return Rejection{.outcome = Outcome::kLedgerClosed,
                     .rule = std::string(DayPhaseName(state_.phase))};
  }
  if (auto rejection = CheckMoney(leg.amount)) return rejection;
  AccountState* debtor = nullptr;
  AccountState* creditor = nullptr;
  if (auto rejection = FindOpen(leg.debtor, debtor)) return rejection;
  if (state_.OwnerOf(*debtor) != leg.party) {
    return Rejection{.outcome = Outcome::kNotAccountOwner, .rule = leg.debtor.ToString()};
  }
  if (auto rejection = FindOpen(leg.creditor, creditor)) return rejection;
  if (debtor == creditor) {
    return Rejection{.outcome = Outcome::kSameAccount, .rule = leg.debtor.ToString()};
  }
  if (auto rejection = CheckDebit(*debtor, leg.amount.amount, debited)) return rejection;
  return CheckCredit(*creditor, leg.amount.amount, credited);
}

void LedgerExecutor::ReserveLegs(const AdmittedItem& item, const PrepareSettlement& prepare,
                                 SettlementState& settlement) {
  settlement.status = InstructionStatus::kPrepared;
  for (std::uint32_t position = 0; position < prepare.legs.size(); ++position) {
    const Leg& leg = prepare.legs[position].leg;
    const Context context{.item = &item,
                          .key = KeyOf(leg),
                          .position = position,
                          .uetr = leg.uetr,
                          .settlement_id = settlement.settlement_id};
    Entry& entry = Add(context, InstructionStatus::kPrepared, Cause::kCommand);
    AccountState& debtor = *state_.FindAccountToChange(leg.debtor);
    Post(entry, debtor, Bucket::kAvailable, TransactionCode::kHold, Negative(leg.amount.amount));
    Post(entry, debtor, Bucket::kHeld, TransactionCode::kHold, leg.amount.amount);
    AccountState& creditor = *state_.FindAccountToChange(leg.creditor);
    const auto promised = CheckedAdd(creditor.incoming_reserved, leg.amount.amount);
    CW_CHECK(promised.has_value(), "the leg's check bounds what is promised");
    creditor.incoming_reserved = *promised;
    Record(entry);
    if (position == 0) settlement.hold = entry.index;
    settlement.entry_index = entry.index;
  }
}

ItemResult LedgerExecutor::ExecuteComplete(const AdmittedItem& item,
                                           const CompleteSettlement& completion) {
  const Hash256& id = completion.settlement_id;
  const bool commit = completion.certificate.record.verdict == Verdict::kCommit;
  const auto known = state_.settlements.find(id);
  if (known == state_.settlements.end()) return CompleteAbsent(item, id, commit);
  SettlementState& settlement = known->second;
  CW_CHECK(settlement.status == InstructionStatus::kPrepared && settlement.terms.has_value(),
           "what has ended is not in memory");
  // Admission may have seen the id unprepared, and then could not compare policies: an abort by
  // another decision log must not release what this one's votes rest on.
  if (settlement.terms->policy_hash != completion.certificate.record.policy_hash) {
    ItemResult result = DescribeSettlement(settlement);
    result.refused = Rejection{.outcome = Outcome::kSettlementConflict,
                               .rule = "the record is under another policy than the terms"};
    return result;
  }
  // It was prepared after the certificate was admitted, which thus is not verified.
  if (item.unverified) return UnknownSettlement(id);
  if (settlement.list != nullptr) return ResolveList(item, completion, settlement);
  return ResolveLegs(item, settlement, commit);
}

// Of what has ended, or was never prepared here.
ItemResult LedgerExecutor::CompleteAbsent(const AdmittedItem& item, const Hash256& id,
                                          bool commit) {
  if (std::optional<EndedSettlement> ended = FindEnded(id)) {
    ItemResult result = DescribeEnded(id, *std::move(ended));
    if (commit != (result.settlement_status == InstructionStatus::kSettled)) {
      result.refused = Rejection{.outcome = Outcome::kSettlementConflict, .rule = id.ToHex()};
    }
    return result;
  }
  if (commit) return UnknownSettlement(id);
  ItemResult result;
  result.settlement_id = id;
  result.refused = CheckIdIsFree(id);
  if (result.refused.has_value()) return result;
  // A tombstone: the prepare may still be on its way, and must find the abort.
  const Context context{
      .item = &item, .key = CompletionKeyOf(state_.central_bank(), id), .settlement_id = id};
  const Entry& entry = Add(context, InstructionStatus::kAborted, Cause::kCertificate);
  result.settlement_status = InstructionStatus::kAborted;
  result.settlement_entry = entry.index;
  Record(entry);
  return result;
}

ItemResult LedgerExecutor::ResolveLegs(const AdmittedItem& item, SettlementState& settlement,
                                       bool commit) {
  EndedSettlement ended{
      .status = commit ? InstructionStatus::kSettled : InstructionStatus::kAborted,
      .hold = settlement.hold};
  for (std::uint32_t position = 0; position < settlement.legs.size(); ++position) {
    const Leg& leg = settlement.legs[position];
    const Context context{.item = &item,
                          .key = KeyOf(leg),
                          .position = position,
                          .uetr = leg.uetr,
                          .settlement_id = settlement.settlement_id};
    Entry& entry = Add(context, ended.status, Cause::kCertificate);
    AccountState& debtor = *state_.FindAccountToChange(leg.debtor);
    AccountState& creditor = *state_.FindAccountToChange(leg.creditor);
    const auto promised = CheckedSub(creditor.incoming_reserved, leg.amount.amount);
    CW_CHECK(promised && !promised->IsNegative(), "completion ends what prepare promised");
    creditor.incoming_reserved = *promised;
    const TransactionCode code = commit ? TransactionCode::kSettlement : TransactionCode::kRelease;
    Post(entry, debtor, Bucket::kHeld, code, Negative(leg.amount.amount));
    Post(entry, commit ? creditor : debtor, Bucket::kAvailable, code, leg.amount.amount);
    if (commit) CountReceipt(creditor.number, leg.amount.amount);
    ended.entry_index = entry.index;
    ended.legs.push_back(Record(entry));
  }
  const Hash256 id = settlement.settlement_id;
  state_.BeforeChange(settlement);
  state_.settlements.erase(id);
  return DescribeEnded(id, std::move(ended));
}

// Asks the authority, and keeps what is not prepared yet from being prepared. A hold stays until a
// certificate says what became of it.
LedgerExecutor::MaybeRejection LedgerExecutor::DoOrderAbort(const Context& context,
                                                            const ParticipantId& party,
                                                            const OrderAbort& order) {
  if (auto rejection = NeedApprovers(*context.item, party)) return rejection;
  if (auto rejection = CheckText(order.legal_basis, "legal_basis")) return rejection;
  // One that is not known here may still come to be prepared, or is held up by another ledger.
  InstructionStatus status = InstructionStatus::kNone;
  if (const auto known = state_.settlements.find(order.settlement_id);
      known != state_.settlements.end()) {
    status = known->second.status;
  } else if (const auto ended = FindEnded(order.settlement_id)) {
    status = ended->status;
  }
  if (status != InstructionStatus::kNone && status != InstructionStatus::kPrepared) {
    return Rejection{
        .outcome = Outcome::kWrongInstructionState,
        .rule = "the settlement is " + std::string(InstructionStatusName(status)) + " here"};
  }
  const Entry& entry = Add(context, InstructionStatus::kSettled, Cause::kCommand);
  if (status == InstructionStatus::kNone) {
    state_.abort_orders.emplace(order.settlement_id, entry.index);
  }
  Record(entry);
  return std::nullopt;
}

}  // namespace causeway::core
