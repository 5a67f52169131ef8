// Liquidity terms of participants' accounts, and the price of credit on a ledger.
#include <algorithm>

#include "fmt/format.h"
#include "scenarios/spec/compiler.h"
#include "settlement/core/account_terms.h"
#include "settlement/core/check.h"

namespace causeway::sim {

core::AccountAddress Compiler::FeesAccountOf(const PlannedLedger& ledger) {
  std::string body(ledger.central_bank.text());
  std::erase(body, '-');
  const absl::StatusOr<core::AccountAddress> fees =
      core::AccountAddress::Make(ledger.currency, body + "FEES");
  CW_CHECK(fees.ok(), "a participant id without dashes is a valid body");
  return *fees;
}

std::optional<core::Amount> Compiler::ReadTerm(Place place, const std::string& text,
                                               core::Currency currency) {
  if (text.empty()) return core::Amount::Zero();
  const absl::StatusOr<core::Amount> amount = core::ParseAmount(text, currency.minor_digits());
  if (amount.ok() && !amount->IsNegative()) return *amount;
  Fail(place, amount.ok() ? "must not be negative" : std::string(amount.status().message()));
  return std::nullopt;
}

void Compiler::CompileAccountTerms() {
  for (int i = 0; i < spec_.ledgers_size(); ++i) {
    const Node node = root_.Child("ledgers", i);
    const causeway::v1::LedgerSpec& spec = spec_.ledgers(i);
    PlannedLedger& ledger = plan_.ledgers[static_cast<std::size_t>(i)];
    const bool any = spec.account_terms_size() > 0 || spec.credit_price_ppm_per_day() > 0;
    if (any && plan_.mechanism.kind != MechanismKind::kCoordinated) {
      Fail(spec.account_terms_size() > 0 ? node.Child("account_terms", 0).Of("participant")
                                         : node.Of("credit_price_ppm_per_day"),
           "terms of accounts and a price of credit are for MECHANISM_COORDINATED alone");
    }
    if (spec.credit_price_ppm_per_day() > core::kCreditPricePpmMax) {
      Fail(node.Of("credit_price_ppm_per_day"),
           fmt::format("credit_price_ppm_per_day: at most {}", core::kCreditPricePpmMax));
    }
    ledger.credit_price_ppm_per_day = spec.credit_price_ppm_per_day();
    if (spec.credit_price_ppm_per_day() > 0) ledger.fees = FeesAccountOf(ledger);
    for (int j = 0; j < spec.account_terms_size(); ++j) {
      CompileTermsOf(node.Child("account_terms", j), spec.account_terms(j),
                     static_cast<LedgerIndex>(i));
    }
  }
}

void Compiler::CompileTermsOf(const Node& node, const causeway::v1::AccountTermsSpec& spec,
                              LedgerIndex index) {
  PlannedLedger& ledger = plan_.ledgers[index];
  const std::optional<ParticipantIndex> holder =
      ReadHolder(node.Of("participant"), spec.participant(), index);
  if (!holder) return;
  const bool twice =
      std::any_of(ledger.account_terms.begin(), ledger.account_terms.end(),
                  [&](const PlannedAccountTerms& other) { return other.holder == *holder; });
  if (twice) Fail(node.Of("participant"), "participant: has terms on this ledger already");
  PlannedAccountTerms terms{.holder = *holder};
  const auto amount = [&](const char* field, const std::string& text) {
    return ReadTerm(node.Of(field), text, ledger.currency).value_or(core::Amount::Zero());
  };
  terms.reserved_urgent = amount("reserved_urgent", spec.reserved_urgent());
  terms.reserved_high = amount("reserved_high", spec.reserved_high());
  terms.release_threshold = amount("release_threshold", spec.release_threshold());
  if (!spec.multilateral_limit().empty()) {
    terms.multilateral_limit = amount("multilateral_limit", spec.multilateral_limit());
  }
  terms.collateral = amount("collateral", spec.collateral());
  terms.uncollateralised = amount("uncollateralised_credit", spec.uncollateralised_credit());
  terms.haircut_basis_points = spec.haircut_basis_points();
  if (spec.haircut_basis_points() > core::kHaircutBasisPointsMax) {
    Fail(node.Of("haircut_basis_points"),
         fmt::format("haircut_basis_points: at most {}", core::kHaircutBasisPointsMax));
  }
  if (static_cast<std::size_t>(spec.bilateral_limits_size()) > core::kBilateralLimitsMax) {
    Fail(node.Child("bilateral_limits", 0).Of("to"),
         fmt::format("bilateral_limits: at most {}", core::kBilateralLimitsMax));
  }
  for (int i = 0; i < spec.bilateral_limits_size(); ++i) {
    const Node limit_node = node.Child("bilateral_limits", i);
    const causeway::v1::BilateralLimitSpec& limit = spec.bilateral_limits(i);
    const auto to = ReadHolder(limit_node.Of("to"), limit.to(), index);
    const auto value = ReadTerm(limit_node.Of("limit"), limit.limit(), ledger.currency);
    if (!to || !value) continue;
    const bool known =
        std::any_of(terms.bilateral_limits.begin(), terms.bilateral_limits.end(),
                    [&](const PlannedBilateralLimit& other) { return other.to == *to; });
    if (known) Fail(limit_node.Of("to"), "to: there is a limit towards it already");
    if (*to == *holder) Fail(limit_node.Of("to"), "to: is the participant itself");
    terms.bilateral_limits.push_back({*to, *value});
  }
  ledger.account_terms.push_back(std::move(terms));
}

}  // namespace causeway::sim
