// Settlement lists on the ledger: legs are held and resolved as packed payments are executed. The
// rules are those of single settlements (ledger_settlement.cc).
#include <string>
#include <utility>

#include "settlement/core/check.h"
#include "settlement/core/ledger_executor.h"
#include "settlement/core/packed_loop.h"

namespace causeway::core {
namespace {

Amount SumOf(Amount left, Amount right) {
  const std::optional<Amount> sum = CheckedAdd(left, right);
  CW_CHECK(sum.has_value(), "the leg's check bounds the sums");
  return *sum;
}

Amount DifferenceOf(Amount left, Amount right) {
  const std::optional<Amount> difference = CheckedSub(left, right);
  CW_CHECK(difference.has_value(), "the leg's check bounds the differences");
  return *difference;
}

const ListPart* PartOf(const TermsHeader& terms, const LedgerOrigin& ledger) {
  for (std::size_t i = 0; i < terms.ledgers.size(); ++i) {
    if (terms.ledgers[i].ledger == ledger) return &terms.parts[i];
  }
  return nullptr;
}

bool IsWhole(const PrepareList& prepare, const ListPart& part) {
  return part.hash == prepare.part_hash && prepare.legs.size() == prepare.terms.list_count;
}

}  // namespace

// Who has a key, and that a list is complete, does not change.
bool Ledger::MayComeToPacked(const AdmittedItem& item) const {
  const auto* prepare = std::get_if<PrepareList>(&item.body);
  if (prepare == nullptr) return std::holds_alternative<Bulk>(item.body);
  const ListPart* part = PartOf(prepare->terms, state_->genesis.ledger);
  return part != nullptr && IsWhole(*prepare, *part) &&
         FindSettlement(prepare->terms.settlement_id) == nullptr &&
         state_->IsSignedBy(item, part->payer);
}

ItemResult LedgerExecutor::ExecutePrepareList(const AdmittedItem& item,
                                              const PrepareList& prepare) {
  const Hash256& id = prepare.terms.settlement_id;
  if (const auto known = state_.settlements.find(id); known != state_.settlements.end()) {
    return DescribeSettlement(known->second);
  }
  ItemResult result;
  result.settlement_id = id;
  if (const auto done = FindCompletion(id)) {
    const bool settled = done->status == InstructionStatus::kSettled;
    result.settlement_status = done->status;
    result.settlement_entry = done->entry_index;
    result.refused =
        Rejection{.outcome = settled ? Outcome::kSettlementConflict : Outcome::kSettlementAborted,
                  .rule = id.ToHex() + (settled ? " is settled" : "")};
    return result;
  }
  const ListPart* const part = PartOf(prepare.terms, state_.genesis.ledger);
  result.refused = CheckList(item, prepare, part);
  if (!result.refused.has_value()) result.refused = CheckIdIsFree(id);
  if (result.refused.has_value()) return result;

  const Context context{
      .item = &item, .key = PrepareKeyOf(state_.central_bank(), id), .settlement_id = id};
  Record(Add(context, InstructionStatus::kSettled, Cause::kCommand));
  SettlementState& settlement = state_.settlements[id];
  settlement.settlement_id = id;
  settlement.status = InstructionStatus::kPrepared;
  settlement.terms = prepare.terms;
  settlement.prepared = header_.time;
  settlement.hold = settlement.entry_index = next_index_ - 1;

  auto execution = std::make_shared<BulkExecution>();
  execution->kind = BulkKind::kHolds;
  execution->item = item_;
  execution->first_index = next_index_;
  execution->time = header_.time;
  execution->date = header_.date;
  next_index_ += prepare.legs.size();
  CW_CHECK(next_index_ <= kLeafIndexMax, "packed records have room for the index");
  const std::optional<std::uint32_t> party = state_.PartyNumber(part->payer);
  CW_CHECK(party.has_value(), "whoever signed is a participant");
  settlement.list = HoldAll(*party, prepare, *execution);
  bulks_.push_back(execution);
  result = DescribeSettlement(settlement);
  result.bulk = std::move(execution);
  return result;
}

// What concerns all its settlements alike. `part` is this ledger's, if it has one.
LedgerExecutor::MaybeRejection LedgerExecutor::CheckList(const AdmittedItem& item,
                                                         const PrepareList& prepare,
                                                         const ListPart* part) const {
  const TermsHeader& terms = prepare.terms;
  if (MaybeRejection refused = CheckPolicyAndDeadline(terms)) return refused;
  if (part == nullptr || !IsWhole(prepare, *part)) {
    return Rejection{.outcome = Outcome::kLegNotInTerms,
                     .actual = static_cast<std::int64_t>(prepare.legs.size()),
                     .required = part == nullptr ? 0 : terms.list_count,
                     .rule = "the list's part for this ledger"};
  }
  if (!SignedBy(item, part->payer)) {
    return Rejection{.outcome = Outcome::kTermsNotSignedByPayer, .rule = part->payer.ToString()};
  }
  return std::nullopt;
}

std::shared_ptr<const HeldList> LedgerExecutor::HoldAll(std::uint32_t party,
                                                        const PrepareList& prepare,
                                                        BulkExecution& execution) {
  const std::size_t count = prepare.legs.size();
  auto list = std::make_shared<HeldList>();
  list->first_leaf = execution.first_index;
  list->held = PositionSet(static_cast<std::uint32_t>(count));
  list->legs.resize(count);
  execution.results.resize(count);
  std::vector<std::uint64_t> known(count);
  state_.payments->Record(party | InstructionIndex::kLegs, prepare.legs, execution.first_index,
                          known);
  ExecuteUnknown(state_.accounts, prepare.legs, known, execution.results,
                 [&](std::size_t i, const BulkPayment& leg, PaymentResult& result) {
                   MaybeRejection rejection =
                       HoldPacked(leg, party, execution.first_index + i, result);
                   if (!rejection.has_value()) {
                     list->held.Insert(static_cast<std::uint32_t>(i));
                     list->legs[i] = {leg.debtor.number, leg.creditor.number, leg.amount};
                   }
                   return rejection;
                 });
  state_.payments->SetResults(execution.first_index, execution.results);
  const std::optional<std::uint32_t> central_bank = state_.PartyNumber(state_.central_bank());
  CW_CHECK(central_bank.has_value(), "the central bank is a participant");
  const Hash256& id = prepare.terms.settlement_id;
  state_.payments->SetList(execution.first_index, static_cast<std::uint32_t>(count),
                           {.list_id = id,
                            .central_bank = *central_bank,
                            .completion = CompletionKeyOf(state_.central_bank(), id)});
  return list;
}

LedgerExecutor::MaybeRejection LedgerExecutor::HoldPacked(const BulkPayment& payment,
                                                          std::uint32_t party, std::uint64_t leaf,
                                                          PaymentResult& result) {
  if (state_.phase != DayPhase::kOpen) return Rejection{.outcome = Outcome::kLedgerClosed};
  if (!payment.amount.IsPositive()) {
    return Rejection{.outcome = Outcome::kAmountNotPositive, .actual = payment.amount.minor()};
  }
  AccountState* debtor = nullptr;
  AccountState* creditor = nullptr;
  if (auto rejection = FindOpen(payment.debtor, debtor)) return rejection;
  if (debtor->owner_number != party) return Rejection{.outcome = Outcome::kNotAccountOwner};
  if (auto rejection = FindOpen(payment.creditor, creditor)) return rejection;
  if (debtor == creditor) return Rejection{.outcome = Outcome::kSameAccount};
  if (auto rejection = CheckDebit(*debtor, payment.amount, Amount::Zero())) return rejection;
  if (auto rejection = CheckCredit(*creditor, payment.amount, Amount::Zero())) return rejection;

  BeforeAvailable(*debtor);
  const absl::int128 before = absl::int128(debtor->available.minor()) + debtor->held.minor();
  debtor->available = DifferenceOf(debtor->available, payment.amount);
  debtor->held = SumOf(debtor->held, payment.amount);
  creditor->incoming_reserved = SumOf(creditor->incoming_reserved, payment.amount);
  // What the account really gained and lost, so that the sum at the end of the batch means it.
  state_.total += absl::int128(debtor->available.minor()) + debtor->held.minor() - before;
  CW_CHECK(absl::int128(debtor->available.minor()) + debtor->credit_line.minor() >= 0,
           "available never falls below minus the credit line");
  result.outcome = Outcome::kAccepted;
  result.debtor_after = debtor->available.minor();
  result.creditor_after = debtor->held.minor();
  result.debtor_sequence = ++debtor->posting_count;
  result.creditor_sequence = ++debtor->posting_count;
  result.debtor_previous = std::exchange(debtor->last_leaf, leaf);
  result.creditor_previous = leaf;  // several postings of one account in one leaf
  return std::nullopt;
}

// A commit rests on the vote that this ledger gave for this hold, and on no other with its key.
LedgerExecutor::MaybeRejection LedgerExecutor::CheckOwnVote(
    const SettlementState& settlement, const CompleteSettlement& completion) const {
  for (const Vote& vote : completion.certificate.votes) {
    if (vote.statement.ledger == state_.genesis.ledger && vote.hold == settlement.hold &&
        vote.listed == settlement.list->held) {
      return std::nullopt;
    }
  }
  return Rejection{.outcome = Outcome::kVotesMissing,
                   .rule = "this ledger's vote is not for what it holds"};
}

ItemResult LedgerExecutor::ResolveList(const AdmittedItem& item,
                                       const CompleteSettlement& completion,
                                       SettlementState& settlement) {
  ItemResult result = DescribeSettlement(settlement);
  const std::shared_ptr<const HeldList> list = settlement.list;
  PositionSet committed(list->held.size());
  const bool commit = completion.certificate.record.verdict == Verdict::kCommit;
  if (commit) {
    result.refused = CheckOwnVote(settlement, completion);
    if (result.refused.has_value()) return result;
    const auto all = CommittedBy(completion.certificate.votes, list->held.size());
    CW_CHECK(all.has_value(), "a commit's votes were verified against the terms");
    committed = *all;
  }
  const InstructionStatus status =
      commit ? InstructionStatus::kSettled : InstructionStatus::kAborted;
  const Context context{.item = &item,
                        .key = CompletionKeyOf(state_.central_bank(), settlement.settlement_id),
                        .settlement_id = settlement.settlement_id};
  Record(Add(context, status, Cause::kCertificate));
  result.settlement_status = status;
  result.settlement_entry = next_index_ - 1;
  // What is committed and not held here moves nothing here.
  PositionSet settled = committed;
  settled.Intersect(list->held);
  state_.payments->RecordSettled(result.settlement_entry, list->first_leaf, settled);
  state_.BeforeChange(settlement);
  state_.settlements.erase(settlement.settlement_id);

  auto execution = std::make_shared<BulkExecution>();
  execution->kind = BulkKind::kResolved;
  execution->item = item_;
  execution->first_index = next_index_;
  execution->time = header_.time;
  execution->date = header_.date;
  execution->resolved.reserve(list->held.Count());
  for (std::uint32_t position = 0; position < list->held.size(); ++position) {
    if (!list->held.Contains(position)) continue;
    ResolvedLeg& resolved = execution->resolved.emplace_back();
    resolved.position = position;
    resolved.hold = list->first_leaf + position;
    resolved.leg = list->legs[position];
    resolved.outcome =
        committed.Contains(position) ? Outcome::kAccepted : Outcome::kSettlementAborted;
    ResolveHeld(resolved, next_index_++);
  }
  CW_CHECK(next_index_ <= kLeafIndexMax, "packed records have room for the index");
  if (execution->resolved.empty()) return result;
  bulks_.push_back(execution);
  result.bulk = std::move(execution);
  return result;
}

void LedgerExecutor::ResolveHeld(ResolvedLeg& resolved, std::uint64_t leaf) {
  AccountState& debtor = state_.AccountToChange(resolved.leg.debtor);
  AccountState& creditor = state_.AccountToChange(resolved.leg.creditor);
  const Amount amount = resolved.leg.amount;
  AccountState& receiver = resolved.outcome == Outcome::kAccepted ? creditor : debtor;
  BeforeAvailable(receiver);
  const absl::int128 before = absl::int128(debtor.held.minor()) + receiver.available.minor();
  creditor.incoming_reserved = DifferenceOf(creditor.incoming_reserved, amount);
  debtor.held = DifferenceOf(debtor.held, amount);
  receiver.available = SumOf(receiver.available, amount);
  if (resolved.outcome == Outcome::kAccepted) CountReceipt(creditor.number, amount);
  CW_CHECK(!debtor.held.IsNegative() && !creditor.incoming_reserved.IsNegative(),
           "completion ends what prepare promised");
  state_.total += absl::int128(debtor.held.minor()) + receiver.available.minor() - before;
  resolved.debtor_held_after = debtor.held.minor();
  resolved.available_after = receiver.available.minor();
  resolved.first_sequence = ++debtor.posting_count;
  resolved.first_previous = std::exchange(debtor.last_leaf, leaf);
  resolved.second_sequence = ++receiver.posting_count;
  resolved.second_previous = std::exchange(receiver.last_leaf, leaf);
}

}  // namespace causeway::core
