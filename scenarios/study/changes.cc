#include "scenarios/study/changes.h"

#include <array>
#include <utility>

namespace causeway::study {
namespace {

using core::Amount;
using liquidity::Refusal;

constexpr std::array<std::pair<std::string_view, ChangeKind>, 16> kKinds = {{
    {"add-balance", ChangeKind::kAddBalance},
    {"take-balance", ChangeKind::kTakeBalance},
    {"credit-limit", ChangeKind::kCreditLimit},
    {"collateral", ChangeKind::kCollateral},
    {"reserve-urgent", ChangeKind::kReserveUrgent},
    {"reserve-high", ChangeKind::kReserveHigh},
    {"release-threshold", ChangeKind::kReleaseThreshold},
    {"holding-limit", ChangeKind::kHoldingLimit},
    {"bilateral-limit", ChangeKind::kBilateralLimit},
    {"multilateral-limit", ChangeKind::kMultilateralLimit},
    {"cancel", ChangeKind::kCancel},
    {"make-urgent", ChangeKind::kMakeUrgent},
    {"make-high", ChangeKind::kMakeHigh},
    {"make-normal", ChangeKind::kMakeNormal},
    {"to-front", ChangeKind::kToFront},
    {"to-end", ChangeKind::kToEnd},
}};

// Sets collateral and further credit, or leaves `terms` as they were.
Refusal SetCredit(AccountIndex account, const liquidity::BankTerms& wanted, core::LedgerTime time,
                  liquidity::BankTerms& terms, liquidity::Engine& engine,
                  liquidity::Engine::Effects& effects) {
  const Refusal refusal =
      engine.SetCredit(time, account, wanted.collateral, wanted.haircut_basis_points,
                       wanted.uncollateralised_credit, effects);
  if (refusal == Refusal::kNone) terms = wanted;
  return refusal;
}

}  // namespace

std::optional<ChangeKind> ParseChangeKind(std::string_view text) {
  for (const auto& [word, kind] : kKinds) {
    if (word == text) return kind;
  }
  return std::nullopt;
}

std::string_view Name(ChangeKind kind) {
  for (const auto& [word, each] : kKinds) {
    if (each == kind) return word;
  }
  return "unknown";
}

std::string ChangeKindNames() {
  std::string names;
  for (const auto& [word, kind] : kKinds) {
    names += names.empty() ? "" : ", ";
    names += word;
  }
  return names;
}

bool IsOfPayment(ChangeKind kind) { return kind >= ChangeKind::kCancel; }
bool NeedsCounterparty(ChangeKind kind) { return kind == ChangeKind::kBilateralLimit; }
bool NeedsValue(ChangeKind kind) { return !IsOfPayment(kind); }
bool MayLackValue(ChangeKind kind) {
  return IsOfPayment(kind) || kind == ChangeKind::kHoldingLimit ||
         kind == ChangeKind::kBilateralLimit || kind == ChangeKind::kMultilateralLimit;
}

Refusal ChangeAccount(const Change& change, core::LedgerTime time, liquidity::BankTerms& terms,
                      liquidity::Engine& engine, liquidity::Engine::Effects& effects) {
  const Amount value = Amount::FromMinor(change.value.value_or(0));
  const std::optional<Amount> limit =
      change.value ? std::optional(Amount::FromMinor(*change.value)) : std::nullopt;
  const AccountIndex account = change.account;
  const liquidity::BankView now = engine.Bank(account);
  liquidity::BankTerms wanted = terms;
  switch (change.kind) {
    case ChangeKind::kAddBalance:
      return engine.ChangeBalance(time, account, value, effects);
    case ChangeKind::kTakeBalance:
      return engine.ChangeBalance(time, account, Amount::FromMinor(-value.minor()), effects);
    case ChangeKind::kCreditLimit:
      wanted.uncollateralised_credit = value;
      return SetCredit(account, wanted, time, terms, engine, effects);
    case ChangeKind::kCollateral:
      wanted.collateral = value;
      return SetCredit(account, wanted, time, terms, engine, effects);
    case ChangeKind::kReserveUrgent:
      return engine.SetReservations(time, account, value, now.reserved_high, effects);
    case ChangeKind::kReserveHigh:
      return engine.SetReservations(time, account, now.reserved_urgent, value, effects);
    case ChangeKind::kReleaseThreshold:
      return engine.SetReleaseThreshold(time, account, value, effects);
    case ChangeKind::kHoldingLimit:
      return engine.SetHoldingLimit(time, account, limit, effects);
    case ChangeKind::kBilateralLimit:
      return engine.SetBilateralLimit(time, account, change.counterparty, limit, effects);
    case ChangeKind::kMultilateralLimit:
      return engine.SetMultilateralLimit(time, account, limit, effects);
    default:
      return Refusal::kInvalidChange;
  }
}

Refusal ChangePayment(const Change& change, core::LedgerTime time, liquidity::PaymentId payment,
                      liquidity::Engine& engine, liquidity::Engine::Effects& effects) {
  using liquidity::Priority;
  switch (change.kind) {
    case ChangeKind::kCancel:
      return engine.Cancel(time, payment, effects);
    case ChangeKind::kMakeUrgent:
      return engine.Reprioritise(time, payment, Priority::kUrgent, effects);
    case ChangeKind::kMakeHigh:
      return engine.Reprioritise(time, payment, Priority::kHigh, effects);
    case ChangeKind::kMakeNormal:
      return engine.Reprioritise(time, payment, Priority::kNormal, effects);
    case ChangeKind::kToFront:
      return engine.MoveToFront(time, payment, effects);
    case ChangeKind::kToEnd:
      return engine.MoveToEnd(time, payment, effects);
    default:
      return Refusal::kInvalidChange;
  }
}

}  // namespace causeway::study
