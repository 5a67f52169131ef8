// Liquidity terms of accounts: who sets them, what they keep payments from, and the price of
// credit.
//
// Reservations, thresholds and limits are for payments: single ones, those of batches and bulks,
// and those that leave the queue. Legs of settlements, hash time-locks, redemptions, overrides and
// charges for credit take what is available whatever is reserved, and no limit counts them: the
// first three are commitments that the owner itself signs for that one amount, the others are not
// the owner's. What they take of a reservation is filled by receipts before normal payments settle.
#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "settlement/core/check.h"
#include "settlement/core/ledger_executor.h"

namespace causeway::core {
namespace {

Rejection InvalidTerm(std::string rule) {
  return Rejection{.outcome = Outcome::kInvalidField, .rule = std::move(rule)};
}

std::int64_t Clamped(absl::int128 minor_units) {
  const absl::int128 low = std::max<absl::int128>(minor_units, Amount::Min().minor());
  return static_cast<std::int64_t>(std::min<absl::int128>(low, Amount::Max().minor()));
}

}  // namespace

const AccountTerms* Ledger::FindTerms(const AccountState& account) const {
  return state_->FindTerms(account);
}

const CreditPrice& Ledger::credit_price() const { return state_->credit_price; }

std::optional<Amount> Ledger::CreditChargeSoFar(const AccountState& account) const {
  const AccountTerms* terms = state_->FindTerms(account);
  if (terms == nullptr) return Amount::Zero();
  const std::uint32_t price = state_->credit_price.ppm_per_day;
  if (price == 0) return CreditCharge(terms->credit_cost);
  AccountTerms counted = *terms;
  counted.CountCredit(account.available, price, state_->time);
  return CreditCharge(counted.credit_cost);
}

LedgerExecutor::MaybeRejection LedgerExecutor::FindOwn(const AccountAddress& address,
                                                       const ParticipantId& party,
                                                       AccountState*& account) const {
  if (auto rejection = FindOpen(address, account)) return rejection;
  if (state_.OwnerOf(*account) == party) return std::nullopt;
  return Rejection{.outcome = Outcome::kNotAccountOwner, .rule = address.ToString()};
}

LedgerExecutor::MaybeRejection LedgerExecutor::CheckRoomForTerms(std::size_t more) const {
  const std::size_t after = state_.terms.size() + more;
  if (after <= kAccountsWithTermsMax) return std::nullopt;
  return Rejection{.outcome = Outcome::kLimitExceeded,
                   .actual = static_cast<std::int64_t>(after),
                   .required = static_cast<std::int64_t>(kAccountsWithTermsMax),
                   .rule = "accounts with liquidity terms"};
}

AccountTerms& LedgerExecutor::TermsToChange(AccountState& account) {
  const auto [found, is_new] = state_.terms.try_emplace(account.number);
  if (is_new && state_.credit_price.ppm_per_day != 0) found->second.counted_until = header_.time;
  account.has_terms = true;
  return found->second;
}

bool LedgerExecutor::IsCreditPriced(Amount credit_line) const {
  return state_.credit_price.ppm_per_day != 0 && !credit_line.IsZero();
}

void LedgerExecutor::DropUnusedTerms(AccountState& account) {
  if (!account.has_terms || IsCreditPriced(account.credit_line)) return;
  const auto found = state_.terms.find(account.number);
  if (!found->second.IsNone()) return;
  state_.terms.erase(found);
  account.has_terms = false;
}

LedgerExecutor::MaybeRejection LedgerExecutor::DoSetReservations(const Context& context,
                                                                 const ParticipantId& party,
                                                                 const SetReservations& action) {
  AccountState* account = nullptr;
  if (auto rejection = FindOwn(action.address, party, account)) return rejection;
  if (action.urgent.IsNegative()) return InvalidTerm("urgent: 0 or more");
  if (action.high.IsNegative()) return InvalidTerm("high: 0 or more");
  if (auto rejection = CheckRoomForTerms(account->has_terms ? 0 : 1)) return rejection;
  AccountTerms& terms = TermsToChange(*account);
  terms.reserved_urgent = action.urgent;
  terms.reserved_high = action.high;
  DropUnusedTerms(*account);
  Record(Add(context, InstructionStatus::kSettled, Cause::kCommand));
  return std::nullopt;
}

LedgerExecutor::MaybeRejection LedgerExecutor::DoSetReleaseThreshold(
    const Context& context, const ParticipantId& party, const SetReleaseThreshold& action) {
  AccountState* account = nullptr;
  if (auto rejection = FindOwn(action.address, party, account)) return rejection;
  if (action.threshold.IsNegative()) return InvalidTerm("threshold: 0 or more");
  if (auto rejection = CheckRoomForTerms(account->has_terms ? 0 : 1)) return rejection;
  TermsToChange(*account).release_threshold = action.threshold;
  DropUnusedTerms(*account);
  Record(Add(context, InstructionStatus::kSettled, Cause::kCommand));
  return std::nullopt;
}

LedgerExecutor::MaybeRejection LedgerExecutor::DoSetSenderLimit(const Context& context,
                                                                const ParticipantId& party,
                                                                const SetSenderLimit& action) {
  AccountState* account = nullptr;
  if (auto rejection = FindOwn(action.address, party, account)) return rejection;
  const bool lifts = !action.limit.has_value();
  if (!lifts && action.limit->IsNegative()) return InvalidTerm("limit: 0 or more");
  const bool bilateral = !action.counterparty.IsEmpty();
  std::uint32_t counterparty = 0;
  if (bilateral) {
    // One that is closed by now may still be named to lift the limit.
    AccountState* other = nullptr;
    auto rejection = FindOpen(action.counterparty, other);
    if (rejection && !(lifts && rejection->outcome == Outcome::kAccountClosed)) return rejection;
    if (other == account) {
      return Rejection{.outcome = Outcome::kSameAccount, .rule = action.counterparty.ToString()};
    }
    counterparty = other->number;
  }
  const AccountTerms* known = state_.FindTerms(*account);
  if (lifts) {
    const bool is_set =
        known != nullptr && (bilateral ? known->FindBilateral(counterparty) != nullptr
                                       : known->multilateral.has_value());
    if (!is_set) return InvalidTerm("limit: there is none to lift");
  } else if (bilateral && known != nullptr && known->FindBilateral(counterparty) == nullptr &&
             known->bilateral.size() >= kBilateralLimitsMax) {
    return Rejection{.outcome = Outcome::kLimitExceeded,
                     .actual = static_cast<std::int64_t>(known->bilateral.size()),
                     .required = static_cast<std::int64_t>(kBilateralLimitsMax),
                     .rule = "bilateral limits of one account"};
  }
  if (auto rejection = CheckRoomForTerms(account->has_terms ? 0 : 1)) return rejection;
  AccountTerms& terms = TermsToChange(*account);
  if (bilateral) {
    terms.SetBilateral(counterparty, action.limit);
  } else {
    terms.SetMultilateral(action.limit);
  }
  DropUnusedTerms(*account);
  Record(Add(context, InstructionStatus::kSettled, Cause::kCommand));
  return std::nullopt;
}

LedgerExecutor::MaybeRejection LedgerExecutor::CheckCreditLine(const AccountState& account,
                                                               Amount credit_line) const {
  if (absl::int128(account.available.minor()) + credit_line.minor() < 0) {
    return Rejection{.outcome = Outcome::kLimitExceeded,
                     .actual = account.available.minor(),
                     .required = credit_line.minor(),
                     .rule = "credit line is in use"};
  }
  return CheckRoomForTerms(!account.has_terms && IsCreditPriced(credit_line) ? 1 : 0);
}

void LedgerExecutor::SetCreditLine(AccountState& account, Amount credit_line) {
  account.credit_line = credit_line;
  if (IsCreditPriced(credit_line)) TermsToChange(account);
  DropUnusedTerms(account);
}

LedgerExecutor::MaybeRejection LedgerExecutor::DoSetCredit(const Context& context,
                                                           const ParticipantId& party,
                                                           const SetCredit& action) {
  if (auto rejection = NeedApprovers(*context.item, party)) return rejection;
  AccountState* account = nullptr;
  if (auto rejection = FindOpen(action.address, account)) return rejection;
  if (action.collateral.IsNegative()) return InvalidTerm("collateral: 0 or more");
  if (action.uncollateralised.IsNegative()) return InvalidTerm("uncollateralised: 0 or more");
  if (action.haircut_basis_points > kHaircutBasisPointsMax) {
    return InvalidTerm("haircut_basis_points: 0 to " + std::to_string(kHaircutBasisPointsMax));
  }
  const std::optional<Amount> line = CheckedAdd(
      CollateralCredit(action.collateral, action.haircut_basis_points), action.uncollateralised);
  if (!line.has_value()) {
    return Rejection{.outcome = Outcome::kAmountOverflow, .rule = action.address.ToString()};
  }
  if (auto rejection = CheckCreditLine(*account, *line)) return rejection;
  const bool pledges = action.collateral.IsPositive();
  if (auto rejection = CheckRoomForTerms(pledges && !account->has_terms ? 1 : 0)) return rejection;
  if (pledges || account->has_terms) {
    AccountTerms& terms = TermsToChange(*account);
    terms.collateral = action.collateral;
    terms.haircut_basis_points = pledges ? action.haircut_basis_points : 0;
  }
  SetCreditLine(*account, *line);
  state_.policy_version += 1;
  Record(Add(context, InstructionStatus::kSettled, Cause::kCommand));
  return std::nullopt;
}

LedgerExecutor::MaybeRejection LedgerExecutor::DoSetCreditPrice(const Context& context,
                                                                const ParticipantId& party,
                                                                const SetCreditPrice& action) {
  if (auto rejection = NeedApprovers(*context.item, party)) return rejection;
  if (action.ppm_per_day > kCreditPricePpmMax) {
    return InvalidTerm("ppm_per_day: 0 to " + std::to_string(kCreditPricePpmMax));
  }
  AccountState* fees = nullptr;
  if (auto rejection = FindOpen(action.fees_account, fees)) return rejection;
  if (fees->purpose != AccountPurpose::kFees) {
    return Rejection{.outcome = Outcome::kWrongAccountPurpose,
                     .rule = action.fees_account.ToString()};
  }
  if (state_.OwnerOf(*fees) != state_.central_bank()) {
    return InvalidTerm("fees_account: must be the central bank's");
  }
  std::vector<std::uint32_t> priced;  // from now on, for the first time
  if (action.ppm_per_day != 0) {
    for (const AccountState& account : state_.accounts) {
      const bool has_credit = !account.closed && !account.credit_line.IsZero();
      if (has_credit && !account.has_terms) priced.push_back(account.number);
    }
  }
  if (auto rejection = CheckRoomForTerms(priced.size())) return rejection;

  for (auto& [number, terms] : state_.terms) {
    terms.CountCredit(state_.accounts[number].available, state_.credit_price.ppm_per_day,
                      header_.time);
  }
  state_.credit_price = {.ppm_per_day = action.ppm_per_day, .fees_account = fees->number};
  for (const std::uint32_t number : priced) TermsToChange(state_.AccountToChange(number));
  DropAllUnusedTerms();
  state_.policy_version += 1;
  Record(Add(context, InstructionStatus::kSettled, Cause::kCommand));
  return std::nullopt;
}

void LedgerExecutor::DropAllUnusedTerms() {
  for (auto next = state_.terms.begin(); next != state_.terms.end();) {
    const std::uint32_t number = next->first;
    ++next;
    DropUnusedTerms(state_.AccountToChange(number));
  }
}

absl::int128 LedgerExecutor::FundsOver(const AccountState& account, const AccountTerms& terms,
                                       PaymentPriority priority) const {
  const absl::int128 funds = absl::int128(account.available.minor()) + account.credit_line.minor();
  const bool thresholds = priority == PaymentPriority::kNormal && DoThresholdsBind();
  return funds - terms.KeptFrom(priority) - (thresholds ? terms.release_threshold.minor() : 0);
}

LedgerExecutor::MaybeRejection LedgerExecutor::CheckKept(const AccountState& debtor,
                                                         const AccountState& creditor,
                                                         Amount amount,
                                                         PaymentPriority priority) const {
  const AccountTerms* const terms = state_.FindTerms(debtor);
  if (terms == nullptr) return std::nullopt;
  const absl::int128 usable = FundsOver(debtor, *terms, priority);
  if (usable < amount.minor()) {
    return Rejection{.outcome = Outcome::kInsufficientFunds,
                     .actual = Clamped(usable),
                     .required = amount.minor(),
                     .rule = debtor.address.ToString() + " keeps what is reserved"};
  }
  if (!DoLimitsBind(priority)) return std::nullopt;
  const SenderLimit* const limit = terms->LimitFor(creditor.number);
  if (limit == nullptr || limit->Room() >= amount.minor()) return std::nullopt;
  return Rejection{.outcome = Outcome::kLimitExceeded,
                   .actual = Clamped(limit->position + amount.minor()),
                   .required = limit->limit.minor(),
                   .rule = terms->FindBilateral(creditor.number) == limit
                               ? "bilateral limit to " + creditor.address.ToString()
                               : "multilateral limit"};
}

// Reservations are what is left of them by now, and positions have counted the set.
bool LedgerExecutor::IsKept(const QueuedPayment& payment) const {
  const AccountState& debtor = state_.accounts[payment.debtor];
  const AccountTerms* const terms = state_.FindTerms(debtor);
  if (terms == nullptr) return true;
  if (FundsOver(debtor, *terms, payment.priority) < 0) return false;
  const SenderLimit* const limit =
      DoLimitsBind(payment.priority) ? terms->LimitFor(payment.creditor) : nullptr;
  return limit == nullptr || limit->Room() >= 0;
}

void LedgerExecutor::CountInTerms(const AccountState& debtor, const AccountState& creditor,
                                  Amount amount, PaymentPriority priority) {
  const bool limits_bind = DoLimitsBind(priority);
  if (debtor.has_terms) {
    AccountTerms& terms = state_.terms.at(debtor.number);
    terms.UseReservation(amount, priority);
    if (limits_bind) terms.CountPaid(creditor.number, amount);
  }
  if (creditor.has_terms && limits_bind) {
    state_.terms.at(creditor.number).CountReceived(debtor.number, amount);
  }
}

// Whoever sets one wants it kept. Where the rules of the queue choose what releases payments, that
// is what counts.
bool LedgerExecutor::DoThresholdsBind() const {
  const QueueRules& rules = state_.queue.rules();
  return !rules.NeedSelector() || rules.release == QueueRelease::kBalanceReactive;
}

bool LedgerExecutor::DoLimitsBind(PaymentPriority priority) const {
  return priority == PaymentPriority::kNormal || state_.queue.rules().limits_bind_all;
}

void LedgerExecutor::CountCredit(const AccountState& account) {
  const std::uint32_t price = state_.credit_price.ppm_per_day;
  if (price == 0) return;
  state_.terms.at(account.number).CountCredit(account.available, price, header_.time);
}

LedgerExecutor::MaybeRejection LedgerExecutor::CheckCharge(const AccountState& account,
                                                           const AccountState& fees,
                                                           std::optional<Amount> charge) const {
  if (!charge.has_value()) {
    return Rejection{.outcome = Outcome::kAmountOverflow, .rule = account.address.ToString()};
  }
  if (auto rejection = CheckDebit(account, *charge, Amount::Zero())) return rejection;
  return CheckCredit(fees, *charge, Amount::Zero());
}

// One entry an account, in the order of their numbers, under a key of the central bank that names
// the entry itself: nobody else instructs by that kind, so that it is free. What an account cannot
// pay stays owed and is charged again with what comes to it by the end of the next day.
void LedgerExecutor::ChargeForCredit() {
  if (state_.credit_price.fees_account == 0) return;
  for (auto& [number, terms] : state_.terms) {
    CountCredit(state_.accounts[number]);
    // Nobody is charged to its own account.
    if (number == state_.credit_price.fees_account) terms.credit_cost = 0;
    const std::optional<Amount> charge = CreditCharge(terms.credit_cost);
    if (charge.has_value() && charge->IsZero()) {
      terms.credit_cost = 0;
      continue;
    }
    AccountState& account = state_.AccountToChange(number);
    AccountState& fees = state_.AccountToChange(state_.credit_price.fees_account);
    const auto id = InstructionId::Parse("credit-" + std::to_string(next_index_));
    CW_CHECK(id.ok(), "a leaf's index makes an instruction id");
    const Context context{.key = {state_.central_bank(), ActionKind::kCreditCharge, *id}};
    if (const MaybeRejection rejection = CheckCharge(account, fees, charge)) {
      Record(Append(context, day_end_payload_, InstructionStatus::kRejected, Cause::kEndOfDay,
                    *rejection));
      continue;
    }
    terms.credit_cost = 0;
    Entry& entry = Append(context, day_end_payload_, InstructionStatus::kSettled, Cause::kEndOfDay,
                          Rejection{.outcome = Outcome::kAccepted});
    Post(entry, account, Bucket::kAvailable, TransactionCode::kCreditCharge, Negative(*charge));
    Post(entry, fees, Bucket::kAvailable, TransactionCode::kCreditCharge, *charge);
    Record(entry);
  }
  DropAllUnusedTerms();
}

}  // namespace causeway::core
