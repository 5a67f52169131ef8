#include "settlement/core/account_terms.h"

#include <algorithm>

#include "settlement/core/check.h"

namespace causeway::core {
namespace {

constexpr std::uint64_t kPartsPerMillion = 1'000'000;

// The limit that counts payments to and from that account, of terms that may be const.
template <typename Terms>
auto FindLimit(Terms& terms, std::uint32_t counterparty) -> decltype(&*terms.multilateral) {
  for (auto& limit : terms.bilateral) {
    if (limit.counterparty == counterparty) return &limit;
  }
  return terms.multilateral.has_value() ? &*terms.multilateral : nullptr;
}

bool IsBefore(const SenderLimit& limit, std::uint32_t counterparty) {
  return limit.counterparty < counterparty;
}

void UseUp(Amount& reservation, Amount by) {
  const std::optional<Amount> left = CheckedSub(reservation, std::min(reservation, by));
  CW_CHECK(left.has_value(), "a reservation is used up to zero");
  reservation = *left;
}

}  // namespace

absl::int128 AccountTerms::KeptFrom(PaymentPriority priority) const {
  switch (priority) {
    case PaymentPriority::kUrgent:
      return 0;
    case PaymentPriority::kHigh:
      return reserved_urgent.minor();
    case PaymentPriority::kNormal:
      break;
  }
  return absl::int128(reserved_urgent.minor()) + reserved_high.minor();
}

const SenderLimit* AccountTerms::FindBilateral(std::uint32_t counterparty) const {
  const auto at = std::lower_bound(bilateral.begin(), bilateral.end(), counterparty, IsBefore);
  return at != bilateral.end() && at->counterparty == counterparty ? &*at : nullptr;
}

const SenderLimit* AccountTerms::LimitFor(std::uint32_t counterparty) const {
  return FindLimit(*this, counterparty);
}

void AccountTerms::SetBilateral(std::uint32_t counterparty, std::optional<Amount> limit) {
  const auto at = std::lower_bound(bilateral.begin(), bilateral.end(), counterparty, IsBefore);
  const bool known = at != bilateral.end() && at->counterparty == counterparty;
  if (!limit.has_value()) {
    if (known) bilateral.erase(at);
  } else if (known) {
    at->limit = *limit;
  } else {
    bilateral.insert(at, SenderLimit{.counterparty = counterparty, .limit = *limit});
  }
}

void AccountTerms::SetMultilateral(std::optional<Amount> limit) {
  if (!limit.has_value()) {
    multilateral.reset();
  } else if (multilateral.has_value()) {
    multilateral->limit = *limit;
  } else {
    multilateral = SenderLimit{.limit = *limit};
  }
}

void AccountTerms::UseReservation(Amount amount, PaymentPriority priority) {
  if (priority == PaymentPriority::kUrgent) UseUp(reserved_urgent, amount);
  if (priority == PaymentPriority::kHigh) UseUp(reserved_high, amount);
}

void AccountTerms::CountPaid(std::uint32_t creditor, Amount amount) {
  if (SenderLimit* limit = FindLimit(*this, creditor)) limit->position += amount.minor();
}

void AccountTerms::CountReceived(std::uint32_t debtor, Amount amount) {
  if (SenderLimit* limit = FindLimit(*this, debtor)) limit->position -= amount.minor();
}

void AccountTerms::CountCredit(Amount available, std::uint32_t price_ppm_per_day, LedgerTime time) {
  CW_CHECK(time >= counted_until, "ledger time does not go back");
  const Duration since = time - counted_until;
  counted_until = time;
  if (!available.IsNegative() || price_ppm_per_day == 0) return;
  using Uint128 = unsigned __int128;
  // Below 2^63, 2^63 and 2^20: the first two fit.
  Uint128 cost = -static_cast<Uint128>(static_cast<__int128>(available.minor()));
  cost *= static_cast<std::uint64_t>(since.micros());
  const bool fits = !__builtin_mul_overflow(cost, Uint128{price_ppm_per_day}, &cost) &&
                    !__builtin_add_overflow(cost, static_cast<Uint128>(credit_cost), &cost);
  credit_cost = fits ? absl::uint128(cost) : absl::Uint128Max();
}

bool AccountTerms::IsNone() const {
  return reserved_urgent.IsZero() && reserved_high.IsZero() && release_threshold.IsZero() &&
         !multilateral.has_value() && bilateral.empty() && collateral.IsZero() && credit_cost == 0;
}

Amount CollateralCredit(Amount collateral, std::uint32_t haircut_basis_points) {
  CW_CHECK(!collateral.IsNegative() && haircut_basis_points <= kHaircutBasisPointsMax,
           "the caller checked both");
  const absl::int128 counted = kHaircutBasisPointsMax - haircut_basis_points;
  return Amount::FromMinor(
      static_cast<std::int64_t>(counted * collateral.minor() / kHaircutBasisPointsMax));
}

std::optional<Amount> CreditCharge(absl::uint128 credit_cost) {
  constexpr auto kMicrosPerDay = static_cast<std::uint64_t>(Duration::FromHours(24).micros());
  const absl::uint128 per_minor_unit = absl::uint128(kPartsPerMillion) * kMicrosPerDay;
  absl::uint128 charge = credit_cost / per_minor_unit;
  const absl::uint128 twice_rest = 2 * (credit_cost % per_minor_unit);
  if (twice_rest > per_minor_unit || (twice_rest == per_minor_unit && charge % 2 == 1)) ++charge;
  if (charge > static_cast<std::uint64_t>(Amount::Max().minor())) return std::nullopt;
  return Amount::FromMinor(static_cast<std::int64_t>(absl::Uint128Low64(charge)));
}

}  // namespace causeway::core
