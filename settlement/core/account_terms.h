// The liquidity terms of an account: what its owner keeps back of its funds and how much it pays to
// whom, what credit it has against collateral, and what drawn credit costs. Most accounts have
// none, so that terms lie beside the accounts. docs/liquidity.md has the conditions; what changes
// terms is in ledger_terms.cc.
//
// Values; any thread.
#ifndef CAUSEWAY_SETTLEMENT_CORE_ACCOUNT_TERMS_H_
#define CAUSEWAY_SETTLEMENT_CORE_ACCOUNT_TERMS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/numeric/int128.h"
#include "settlement/core/amount.h"
#include "settlement/core/command.h"
#include "settlement/core/time.h"

namespace causeway::core {

// Accounts of one ledger that have terms, and bilateral limits of one account: all of them are in
// memory, and a day's end may charge each.
inline constexpr std::size_t kAccountsWithTermsMax = 8192;
inline constexpr std::size_t kBilateralLimitsMax = 128;
inline constexpr std::uint32_t kHaircutBasisPointsMax = 10'000;
inline constexpr std::uint32_t kCreditPricePpmMax = 1'000'000;

// The most that an account's normal payments to one account, or to all without a limit of their
// own, may come to beyond the normal ones received from there since the limit was first set.
struct SenderLimit {
  std::uint32_t counterparty = 0;  // number of the account; 0 in the multilateral limit
  Amount limit;
  absl::int128 position = 0;  // paid less received

  // What may still be paid; below zero when the limit was lowered.
  absl::int128 Room() const { return absl::int128(limit.minor()) - position; }

  friend bool operator==(const SenderLimit&, const SenderLimit&) = default;
};

struct AccountTerms {
  // What is left of them: urgent (high) payments use them up.
  Amount reserved_urgent;
  Amount reserved_high;
  Amount release_threshold;  // what normal payments leave besides; zero: none
  std::optional<SenderLimit> multilateral;
  std::vector<SenderLimit> bilateral;  // by counterparty
  // The account's credit line is CollateralCredit of these and what there is without collateral.
  Amount collateral;
  std::uint32_t haircut_basis_points = 0;
  // Drawn minor units times microseconds times the price in ppm a day, up to `counted_until`, of
  // what is not charged yet. Counted only while credit has a price.
  absl::uint128 credit_cost = 0;
  LedgerTime counted_until;

  // What of the account's funds (available and credit line) is reserved from payments of that
  // priority.
  absl::int128 KeptFrom(PaymentPriority priority) const;
  // The limit that counts normal payments to and from an account; null: none does.
  const SenderLimit* LimitFor(std::uint32_t counterparty) const;
  const SenderLimit* FindBilateral(std::uint32_t counterparty) const;
  // Sets or, without a value, lifts a limit. One that is there keeps its position.
  void SetBilateral(std::uint32_t counterparty, std::optional<Amount> limit);
  void SetMultilateral(std::optional<Amount> limit);

  // A payment settled.
  void UseReservation(Amount amount, PaymentPriority priority);
  // One that limits bind.
  void CountPaid(std::uint32_t creditor, Amount amount);
  void CountReceived(std::uint32_t debtor, Amount amount);
  // Until `time`, at which the account's available balance is still `available`. Stops at the
  // largest value.
  void CountCredit(Amount available, std::uint32_t price_ppm_per_day, LedgerTime time);

  // Whether they say what an account without terms has.
  bool IsNone() const;

  friend bool operator==(const AccountTerms&, const AccountTerms&) = default;
};

// The price of drawn credit on a ledger.
struct CreditPrice {
  std::uint32_t ppm_per_day = 0;   // of 24 hours, millionths of what is drawn
  std::uint32_t fees_account = 0;  // number of the account that is paid; 0: no price was ever set

  friend bool operator==(const CreditPrice&, const CreditPrice&) = default;
};

// The credit that collateral gives: its value less the haircut, rounded down. `collateral` is not
// negative, the haircut at most kHaircutBasisPointsMax.
Amount CollateralCredit(Amount collateral, std::uint32_t haircut_basis_points);

// What that credit_cost comes to in minor units, rounded half to even. Nothing when that does not
// fit an amount.
std::optional<Amount> CreditCharge(absl::uint128 credit_cost);

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_ACCOUNT_TERMS_H_
