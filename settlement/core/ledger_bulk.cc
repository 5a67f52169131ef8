// Bulks: payments by account number. The rules are those of single payments (ledger_funds.cc) of
// normal priority.
#include <string>
#include <utility>

#include "settlement/core/check.h"
#include "settlement/core/ledger_executor.h"
#include "settlement/core/packed_loop.h"

namespace causeway::core {

absl::StatusOr<std::uint64_t> Ledger::State::FindInBulks(const InstructionKey& key) const {
  const std::optional<RawInstructionId> raw = RawIdOf(key.id);
  const std::optional<std::uint32_t> party = PackedParty(key);
  if (!raw.has_value() || !party.has_value()) return InstructionIndex::kNoLeaf;
  return payments->Find(*party, *raw);
}

std::uint64_t Ledger::State::FindKnownInBulks(const InstructionKey& key) {
  const std::optional<RawInstructionId> raw = RawIdOf(key.id);
  const std::optional<std::uint32_t> party = PackedParty(key);
  if (!raw.has_value() || !party.has_value()) return InstructionIndex::kNoLeaf;
  return payments->FindToRecord(*party, key, *raw);
}

bool LedgerExecutor::IsSettled(const InstructionKey& key) {
  if (const std::optional<InstructionState> known = state_.FindKnown(key)) {
    return known->status == InstructionStatus::kSettled;
  }
  const std::uint64_t leaf = state_.FindKnownInBulks(key);
  return leaf != InstructionIndex::kNoLeaf && state_.payments->IsSettled(leaf);
}

ItemResult LedgerExecutor::ExecuteBulk(const AdmittedItem& item, const Bulk& bulk) {
  ItemResult result;
  result.refused = CheckSigners(item, bulk.party);
  if (result.refused.has_value()) return result;
  const InstructionKey key{bulk.party, ActionKind::kPayBulk, InstructionIdOf(bulk.id)};
  if (const std::optional<InstructionState> known = state_.FindKnown(key)) {
    if (known->payload_hash == item.payload_hash) {
      result.instructions.push_back(*known);
    } else {
      result.refused =
          Rejection{.outcome = Outcome::kInstructionIdReused, .rule = key.id.ToString()};
    }
    return result;
  }
  result.refused = CheckValidUntil(bulk.valid_until);
  if (result.refused.has_value()) return result;

  const Context context{.item = &item, .key = key};
  result.instructions.push_back(Record(Add(context, InstructionStatus::kSettled, Cause::kCommand)));
  auto execution = std::make_shared<BulkExecution>();
  execution->item = item_;
  execution->first_index = next_index_;
  execution->time = header_.time;
  execution->date = header_.date;
  next_index_ += bulk.payments.size();
  CW_CHECK(next_index_ <= kLeafIndexMax, "packed records have room for the index");
  PayAll(bulk, static_cast<std::uint32_t>(state_.participant_by_id.at(bulk.party)), *execution);
  bulks_.push_back(execution);
  result.bulk = std::move(execution);
  return result;
}

void LedgerExecutor::PayAll(const Bulk& bulk, std::uint32_t party, BulkExecution& execution) {
  const std::size_t count = bulk.payments.size();
  execution.results.resize(count);
  std::vector<std::uint64_t> known(count);
  state_.payments->Record(party, bulk.payments, execution.first_index, known);
  ExecuteUnknown(state_.accounts, bulk.payments, known, execution.results,
                 [&](std::size_t i, const BulkPayment& payment, PaymentResult& result) {
                   return PayPacked(payment, party, execution.first_index + i, result);
                 });
  state_.payments->SetResults(execution.first_index, execution.results);
}

LedgerExecutor::MaybeRejection LedgerExecutor::FindOpen(const AccountRef& ref,
                                                        AccountState*& account) const {
  if (ref.number >= state_.accounts.size()) return Rejection{.outcome = Outcome::kUnknownAccount};
  account = &state_.AccountToChange(ref.number);
  if (account->check != ref.check) return Rejection{.outcome = Outcome::kUnknownAccount};
  if (account->closed) return Rejection{.outcome = Outcome::kAccountClosed};
  if (account->purpose == AccountPurpose::kIssuerLiability) {
    return Rejection{.outcome = Outcome::kWrongAccountPurpose};
  }
  return std::nullopt;
}

LedgerExecutor::MaybeRejection LedgerExecutor::PayPacked(const BulkPayment& payment,
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
  if (debtor->has_terms) {
    auto rejection = CheckKept(*debtor, *creditor, payment.amount, PaymentPriority::kNormal);
    if (rejection) return rejection;
  }
  if (auto rejection = CheckCredit(*creditor, payment.amount, Amount::Zero())) return rejection;

  BeforeAvailable(*debtor);
  BeforeAvailable(*creditor);
  const std::optional<Amount> debtor_after = CheckedSub(debtor->available, payment.amount);
  const std::optional<Amount> creditor_after = CheckedAdd(creditor->available, payment.amount);
  CW_CHECK(debtor_after.has_value() && creditor_after.has_value(), "the range was checked");
  // What the accounts really gained and lost, so that the sum at the end of the batch means it.
  state_.total += absl::int128(debtor_after->minor()) - debtor->available.minor();
  state_.total += absl::int128(creditor_after->minor()) - creditor->available.minor();
  CW_CHECK(absl::int128(debtor_after->minor()) + debtor->credit_line.minor() >= 0,
           "available never falls below minus the credit line");
  debtor->available = *debtor_after;
  creditor->available = *creditor_after;
  CountReceipt(creditor->number, payment.amount);
  CountPayment(*debtor, *creditor, payment.amount, PaymentPriority::kNormal);
  result = {.outcome = Outcome::kAccepted,
            .debtor_after = debtor_after->minor(),
            .creditor_after = creditor_after->minor(),
            .debtor_sequence = ++debtor->posting_count,
            .creditor_sequence = ++creditor->posting_count,
            .debtor_previous = std::exchange(debtor->last_leaf, leaf),
            .creditor_previous = std::exchange(creditor->last_leaf, leaf)};
  return std::nullopt;
}

}  // namespace causeway::core
