// Instructions that move value: payments, issue and redemption with their approvals, overrides.
#include <utility>

#include "settlement/core/check.h"
#include "settlement/core/ledger_executor.h"

namespace causeway::core {
namespace {

// Whether the liability stays in range, its negation (what circulates) included.
bool CanIssue(const AccountState& liability, Amount amount) {
  const std::optional<Amount> after = CheckedSub(liability.available, amount);
  return after.has_value() && CheckedNegate(*after).has_value();
}

bool Fits(absl::int128 minor_units) {
  return minor_units >= Amount::Min().minor() && minor_units <= Amount::Max().minor();
}

}  // namespace

LedgerExecutor::MaybeRejection LedgerExecutor::CheckMoney(const Money& money) const {
  if (money.currency != state_.genesis.currency) {
    return Rejection{.outcome = Outcome::kWrongCurrency,
                     .rule = "amount in " + std::string(money.currency.code()) + ", ledger in " +
                             std::string(state_.genesis.currency.code())};
  }
  if (!money.amount.IsPositive()) {
    return Rejection{.outcome = Outcome::kAmountNotPositive, .actual = money.amount.minor()};
  }
  return std::nullopt;
}

LedgerExecutor::MaybeRejection LedgerExecutor::FindOpen(const AccountAddress& address,
                                                        AccountState*& account) const {
  account = state_.FindAccountToChange(address);
  if (account == nullptr) {
    return Rejection{.outcome = Outcome::kUnknownAccount, .rule = address.ToString()};
  }
  if (account->closed) {
    return Rejection{.outcome = Outcome::kAccountClosed, .rule = address.ToString()};
  }
  if (account->purpose == AccountPurpose::kIssuerLiability) {
    return Rejection{.outcome = Outcome::kWrongAccountPurpose, .rule = address.ToString()};
  }
  return std::nullopt;
}

LedgerExecutor::MaybeRejection LedgerExecutor::CheckDebit(const AccountState& account,
                                                          Amount amount, Amount reserved) const {
  if (account.frozen) {
    return Rejection{.outcome = Outcome::kAccountFrozen, .rule = account.address.ToString()};
  }
  const absl::int128 spendable =
      absl::int128(account.available.minor()) + account.credit_line.minor() - reserved.minor();
  if (spendable < amount.minor()) {
    const absl::int128 shown = Fits(spendable) ? spendable : absl::int128(Amount::Max().minor());
    return Rejection{.outcome = Outcome::kInsufficientFunds,
                     .actual = static_cast<std::int64_t>(shown),
                     .required = amount.minor(),
                     .rule = account.address.ToString()};
  }
  // A hold on top of those that exist must fit as well.
  if (!Fits(absl::int128(account.held.minor()) + reserved.minor() + amount.minor())) {
    return Rejection{.outcome = Outcome::kAmountOverflow, .rule = account.address.ToString()};
  }
  return std::nullopt;
}

LedgerExecutor::MaybeRejection LedgerExecutor::CheckCredit(const AccountState& account,
                                                           Amount amount, Amount reserved) const {
  const absl::int128 promised = absl::int128(account.available.minor()) +
                                account.incoming_reserved.minor() + reserved.minor() +
                                amount.minor();
  // The reservations alone must fit too: available may be below zero on a credit line.
  const absl::int128 incoming =
      absl::int128(account.incoming_reserved.minor()) + reserved.minor() + amount.minor();
  if (!Fits(promised + account.held.minor()) || !Fits(incoming)) {
    return Rejection{.outcome = Outcome::kAmountOverflow, .rule = account.address.ToString()};
  }
  if (!account.holding_limit.IsZero() && promised > account.holding_limit.minor()) {
    return Rejection{
        .outcome = Outcome::kLimitExceeded,
        .actual = static_cast<std::int64_t>(promised),
        .required = account.holding_limit.minor(),
        .rule = "holding limit, policy version " + std::to_string(state_.policy_version)};
  }
  return std::nullopt;
}

LedgerExecutor::MaybeRejection LedgerExecutor::CheckPay(const ParticipantId& party, const Pay& pay,
                                                        CheckedPay& checked) {
  if (state_.phase != DayPhase::kOpen) {
    return Rejection{.outcome = Outcome::kLedgerClosed,
                     .rule = std::string(DayPhaseName(state_.phase))};
  }
  if (auto rejection = CheckMoney(pay.amount)) return rejection;
  AccountState*& debtor = checked.debtor;
  AccountState*& creditor = checked.creditor;
  if (auto rejection = FindOpen(pay.debtor, debtor)) return rejection;
  if (state_.OwnerOf(*debtor) != party) {
    return Rejection{.outcome = Outcome::kNotAccountOwner, .rule = pay.debtor.ToString()};
  }
  if (auto rejection = FindOpen(pay.creditor, creditor)) return rejection;
  if (debtor == creditor) {
    return Rejection{.outcome = Outcome::kSameAccount, .rule = pay.debtor.ToString()};
  }
  const Amount amount = pay.amount.amount;
  const QueueDiscipline discipline = state_.queue.rules().discipline;
  const bool queues =
      discipline != QueueDiscipline::kNone && discipline != QueueDiscipline::kImmediate;
  checked.waits = queues && !state_.queue.MayPass(debtor->number, pay.priority);
  if (auto rejection = CheckDebit(*debtor, amount, Amount::Zero())) {
    if (!queues || rejection->outcome != Outcome::kInsufficientFunds) return rejection;
    checked.waits = true;
  } else if (auto kept = CheckKept(*debtor, *creditor, amount, pay.priority)) {
    if (!queues) return kept;
    checked.waits = true;
  }
  // One that is too large for a single part settles in several at the end of the batch.
  if (LargestPart(state_.queue.rules(), amount) < amount) checked.waits = true;
  if (state_.queue.selects() && !checked.waits) {
    if (auto rejection = CheckRelease(*debtor, pay)) {
      if (!queues) return rejection;
      checked.waits = true;
    }
  }
  if (auto rejection = CheckCredit(*creditor, amount, Amount::Zero())) return rejection;
  if (pay.cites.kind != ActionKind::kNone) {
    if (!IsSettled(pay.cites)) {
      return Rejection{.outcome = Outcome::kWrongInstructionState,
                       .rule = "cites " + pay.cites.id.ToString()};
    }
    checked.code = TransactionCode::kReturn;
  }
  return std::nullopt;
}

LedgerExecutor::MaybeRejection LedgerExecutor::DoPay(const Context& context,
                                                     const ParticipantId& party, const Pay& pay) {
  CheckedPay checked;
  if (auto rejection = CheckPay(party, pay, checked)) return rejection;
  if (checked.waits) {
    return Enqueue(context, *checked.debtor, *checked.creditor, pay, checked.code);
  }
  const Amount amount = pay.amount.amount;
  Entry& entry = Add(context, InstructionStatus::kSettled, Cause::kCommand);
  Post(entry, *checked.debtor, Bucket::kAvailable, checked.code, Negative(amount));
  Post(entry, *checked.creditor, Bucket::kAvailable, checked.code, amount);
  CountReceipts(checked.debtor->number, checked.creditor->number, amount, pay.priority);
  CountPayment(*checked.debtor, *checked.creditor, amount, pay.priority);
  Record(entry);
  return std::nullopt;
}

Rejection LedgerExecutor::WouldSettle(const AdmittedItem& item) {
  const auto& command = std::get<Command>(item.body);
  const auto& pay = std::get<Pay>(command.action);
  const InstructionKey key{command.party, ActionKind::kPay, command.id};
  if (auto refused = CheckSigners(item, command.party)) return *std::move(refused);
  const auto known = state_.FindInstruction(key);
  const auto in_bulks = state_.FindInBulks(key);
  if (!known.ok() || !in_bulks.ok()) return {.outcome = Outcome::kUnavailable};
  if (known->has_value() || *in_bulks != InstructionIndex::kNoLeaf) {
    return {.outcome = Outcome::kInstructionIdReused, .rule = command.id.ToString()};
  }
  if (auto untimely = CheckValidUntil(command.valid_until)) return *std::move(untimely);
  CheckedPay checked;
  if (auto rejection = CheckPay(command.party, pay, checked)) return *std::move(rejection);
  if (checked.waits) {
    return {.outcome = Outcome::kInsufficientFunds,
            .actual = checked.debtor->available.minor(),
            .required = pay.amount.amount.minor(),
            .rule = pay.debtor.ToString()};
  }
  return {.outcome = Outcome::kAccepted};
}

LedgerExecutor::MaybeRejection LedgerExecutor::DoRequestIssue(const Context& context,
                                                              const ParticipantId& party,
                                                              const RequestIssue& request) {
  if (state_.phase != DayPhase::kOpen) {
    return Rejection{.outcome = Outcome::kLedgerClosed,
                     .rule = std::string(DayPhaseName(state_.phase))};
  }
  if (auto rejection = CheckMoney(request.amount)) return rejection;
  AccountState* creditor = nullptr;
  if (auto rejection = FindOpen(request.creditor, creditor)) return rejection;
  if (state_.OwnerOf(*creditor) != party) {
    return Rejection{.outcome = Outcome::kNotAccountOwner, .rule = request.creditor.ToString()};
  }
  if (auto rejection = CheckText(request.rtgs_reference, "rtgs_reference")) return rejection;
  Record(Add(context, InstructionStatus::kAwaitingApproval, Cause::kCommand));
  state_.awaiting[context.key] = {.kind = ActionKind::kRequestIssue,
                                  .account = state_.PositionOf(request.creditor),
                                  .amount = request.amount.amount};
  return std::nullopt;
}

LedgerExecutor::MaybeRejection LedgerExecutor::DoIssue(const Context& context,
                                                       const ParticipantId& party,
                                                       const Issue& issue) {
  if (auto rejection = NeedApprovers(*context.item, party)) return rejection;
  if (state_.phase == DayPhase::kClosed) {
    return Rejection{.outcome = Outcome::kLedgerClosed,
                     .rule = std::string(DayPhaseName(state_.phase))};
  }
  if (auto rejection = CheckMoney(issue.amount)) return rejection;
  AccountState* creditor = nullptr;
  if (auto rejection = FindOpen(issue.creditor, creditor)) return rejection;
  if (auto rejection = CheckText(issue.rtgs_reference, "rtgs_reference")) return rejection;
  const Amount amount = issue.amount.amount;
  if (auto rejection = CheckCredit(*creditor, amount, Amount::Zero())) return rejection;
  AccountState& liability = state_.AccountToChange(state_.liability);
  if (!CanIssue(liability, amount)) {
    return Rejection{.outcome = Outcome::kAmountOverflow, .rule = liability.address.ToString()};
  }
  Entry& entry = Add(context, InstructionStatus::kSettled, Cause::kCommand);
  Post(entry, liability, Bucket::kAvailable, TransactionCode::kIssue, Negative(amount));
  Post(entry, *creditor, Bucket::kAvailable, TransactionCode::kIssue, amount);
  Record(entry);
  return std::nullopt;
}

LedgerExecutor::MaybeRejection LedgerExecutor::DoRedeem(const Context& context,
                                                        const ParticipantId& party,
                                                        const Redeem& redeem) {
  if (state_.phase == DayPhase::kClosed) {
    return Rejection{.outcome = Outcome::kLedgerClosed,
                     .rule = std::string(DayPhaseName(state_.phase))};
  }
  if (auto rejection = CheckMoney(redeem.amount)) return rejection;
  AccountState* debtor = nullptr;
  if (auto rejection = FindOpen(redeem.debtor, debtor)) return rejection;
  if (state_.OwnerOf(*debtor) != party) {
    return Rejection{.outcome = Outcome::kNotAccountOwner, .rule = redeem.debtor.ToString()};
  }
  const Amount amount = redeem.amount.amount;
  if (auto rejection = CheckDebit(*debtor, amount, Amount::Zero())) return rejection;
  Entry& entry = Add(context, InstructionStatus::kAwaitingApproval, Cause::kCommand);
  Post(entry, *debtor, Bucket::kAvailable, TransactionCode::kHold, Negative(amount));
  Post(entry, *debtor, Bucket::kHeld, TransactionCode::kHold, amount);
  Record(entry);
  state_.awaiting[context.key] = {
      .kind = ActionKind::kRedeem, .account = state_.PositionOf(redeem.debtor), .amount = amount};
  return std::nullopt;
}

LedgerExecutor::MaybeRejection LedgerExecutor::DoApprove(const Context& context,
                                                         const ParticipantId& party,
                                                         const Approve& approve) {
  if (auto rejection = NeedApprovers(*context.item, party)) return rejection;
  if (state_.phase == DayPhase::kClosed) {
    return Rejection{.outcome = Outcome::kLedgerClosed,
                     .rule = std::string(DayPhaseName(state_.phase))};
  }
  if (auto rejection = CheckText(approve.rtgs_reference, "rtgs_reference")) return rejection;
  const auto found = state_.awaiting.find(approve.instruction);
  if (found == state_.awaiting.end()) {
    return Rejection{.outcome = Outcome::kWrongInstructionState,
                     .rule = approve.instruction.id.ToString()};
  }
  const AwaitingApproval& waiting = found->second;
  if (waiting.kind == ActionKind::kRequestIssue) {
    // A holding limit may have been reached, or the account closed, since the request was made.
    AccountState* creditor = nullptr;
    const AccountAddress& address = state_.accounts[waiting.account].address;
    if (auto rejection = FindOpen(address, creditor)) return rejection;
    if (auto rejection = CheckCredit(*creditor, waiting.amount, Amount::Zero())) return rejection;
    if (!CanIssue(state_.accounts[state_.liability], waiting.amount)) {
      return Rejection{.outcome = Outcome::kAmountOverflow, .rule = "issuer liability"};
    }
  }
  Record(Add(context, InstructionStatus::kSettled, Cause::kCommand));
  EndAwaiting(context, approve.instruction, InstructionStatus::kSettled, Cause::kApproval,
              Rejection{.outcome = Outcome::kAccepted});
  return std::nullopt;
}

LedgerExecutor::MaybeRejection LedgerExecutor::DoRefuse(const Context& context,
                                                        const ParticipantId& party,
                                                        const Refuse& refuse) {
  if (auto rejection = NeedApprovers(*context.item, party)) return rejection;
  if (auto rejection = CheckText(refuse.reason, "reason")) return rejection;
  if (!state_.awaiting.contains(refuse.instruction)) {
    return Rejection{.outcome = Outcome::kWrongInstructionState,
                     .rule = refuse.instruction.id.ToString()};
  }
  Record(Add(context, InstructionStatus::kSettled, Cause::kCommand));
  EndAwaiting(context, refuse.instruction, InstructionStatus::kRejected, Cause::kApproval,
              Rejection{.outcome = Outcome::kRefusedByApprovers, .rule = refuse.reason});
  return std::nullopt;
}

LedgerExecutor::MaybeRejection LedgerExecutor::DoCancel(const Context& context,
                                                        const ParticipantId& party,
                                                        const Cancel& cancel) {
  const bool queued = state_.queue.Find(cancel.instruction) != nullptr;
  const bool by_approvers = queued && party == state_.central_bank() &&
                            ApproverCount(*context.item) >= state_.genesis.approvers_needed;
  if (cancel.instruction.party != party && !by_approvers) {
    return Rejection{.outcome = Outcome::kNotAuthorised, .rule = "only the instructing party"};
  }
  if (!queued && !state_.awaiting.contains(cancel.instruction)) {
    return Rejection{.outcome = Outcome::kWrongInstructionState,
                     .rule = cancel.instruction.id.ToString()};
  }
  Record(Add(context, InstructionStatus::kSettled, Cause::kCommand));
  if (queued) {
    CancelQueued(context, cancel.instruction);
    return std::nullopt;
  }
  EndAwaiting(context, cancel.instruction, InstructionStatus::kCancelled, Cause::kCommand,
              Rejection{.outcome = Outcome::kAccepted});
  return std::nullopt;
}

void LedgerExecutor::EndAwaiting(const Context& by, const InstructionKey& key,
                                 InstructionStatus status, Cause cause,
                                 const Rejection& rejection) {
  const auto found = state_.awaiting.find(key);
  CW_CHECK(found != state_.awaiting.end(), "the caller found it");
  const AwaitingApproval waiting = found->second;
  state_.awaiting.erase(found);
  const Context context{.item = by.item, .key = key};
  Entry& entry = Add(context, status, cause, rejection);
  AccountState& account = state_.AccountToChange(waiting.account);
  AccountState& liability = state_.AccountToChange(state_.liability);
  const bool settled = status == InstructionStatus::kSettled;
  if (waiting.kind == ActionKind::kRedeem) {
    const TransactionCode code = settled ? TransactionCode::kRedemption : TransactionCode::kRelease;
    Post(entry, account, Bucket::kHeld, code, Negative(waiting.amount));
    Post(entry, settled ? liability : account, Bucket::kAvailable, code, waiting.amount);
  } else if (settled) {
    Post(entry, liability, Bucket::kAvailable, TransactionCode::kIssue, Negative(waiting.amount));
    Post(entry, account, Bucket::kAvailable, TransactionCode::kIssue, waiting.amount);
  }
  Record(entry);
}

LedgerExecutor::MaybeRejection LedgerExecutor::DoOverride(const Context& context,
                                                          const ParticipantId& party,
                                                          const OperatorOverride& order) {
  if (auto rejection = NeedApprovers(*context.item, party)) return rejection;
  if (auto rejection = CheckText(order.legal_basis, "legal_basis")) return rejection;
  if (auto rejection = CheckMoney(order.amount)) return rejection;
  AccountState* debtor = nullptr;
  AccountState* creditor = nullptr;
  if (auto rejection = FindOpen(order.debtor, debtor)) return rejection;
  if (auto rejection = FindOpen(order.creditor, creditor)) return rejection;
  if (debtor == creditor) {
    return Rejection{.outcome = Outcome::kSameAccount, .rule = order.debtor.ToString()};
  }
  // Orders reach frozen accounts, and only what is available: never a hold, never a credit line.
  const Amount amount = order.amount.amount;
  if (debtor->available < amount) {
    const std::optional<Amount> with_held = CheckedAdd(debtor->available, debtor->held);
    CW_CHECK(with_held.has_value(), "available and held fit together");
    return Rejection{
        .outcome = *with_held < amount ? Outcome::kInsufficientFunds : Outcome::kFundsHeld,
        .actual = debtor->available.minor(),
        .required = amount.minor(),
        .rule = order.debtor.ToString()};
  }
  if (auto rejection = CheckCredit(*creditor, amount, Amount::Zero())) return rejection;
  Entry& entry = Add(context, InstructionStatus::kSettled, Cause::kCommand);
  Post(entry, *debtor, Bucket::kAvailable, TransactionCode::kOverride, Negative(amount));
  Post(entry, *creditor, Bucket::kAvailable, TransactionCode::kOverride, amount);
  Record(entry);
  return std::nullopt;
}

}  // namespace causeway::core
