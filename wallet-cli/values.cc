#include "wallet-cli/values.h"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace causeway::wallet {
namespace {

// "leg 0: HKD21BANKA" and "HKD21BANKA" name an account; other rules none.
core::Currency CurrencyIn(std::string_view rule, core::Currency otherwise) {
  const std::size_t space = rule.rfind(' ');
  const std::string_view last = space == std::string_view::npos ? rule : rule.substr(space + 1);
  const absl::StatusOr<core::AccountAddress> address = core::AccountAddress::Parse(last);
  return address.ok() ? address->currency() : otherwise;
}

}  // namespace

Json MoneyJson(core::Currency currency, core::Amount amount) {
  return {{"currency", currency.ToString()},
          {"minor_units", amount.minor()},
          {"amount", core::FormatAmount(amount, currency.minor_digits())}};
}

Json MoneyJson(const core::Money& money) { return MoneyJson(money.currency, money.amount); }

Json InstructionKeyJson(const core::InstructionKey& key) {
  return {{"party", key.party.ToString()},
          {"kind", std::string(core::ActionKindName(key.kind))},
          {"id", key.id.ToString()}};
}

core::Rejection InMoney(core::Rejection rejection, core::Currency currency) {
  currency = CurrencyIn(rejection.rule, currency);
  if (currency.IsEmpty()) return rejection;
  const auto money = [&](std::int64_t minor) {
    return fmt::format("{} {}",
                       core::FormatAmount(core::Amount::FromMinor(minor), currency.minor_digits()),
                       currency.code());
  };
  const std::string& rule = rejection.rule;
  if (rejection.outcome == core::Outcome::kInsufficientFunds) {
    rejection.message = fmt::format("available funds do not suffice: available {}, needed {}",
                                    money(rejection.actual), money(rejection.required));
    if (rule.find("leg") != std::string::npos) rejection.message += fmt::format(" ({})", rule);
  } else if (rejection.outcome == core::Outcome::kFundsHeld) {
    rejection.message =
        fmt::format("the funds are held, and no order reaches a hold: available {}, needed {}",
                    money(rejection.actual), money(rejection.required));
  } else if (rejection.outcome == core::Outcome::kLimitExceeded &&
             (rule.find("holding limit") != std::string::npos ||
              rule.find("credit line") != std::string::npos)) {
    rejection.message = fmt::format("a limit would be exceeded: {} would be {}, allowed {}", rule,
                                    money(rejection.actual), money(rejection.required));
  }
  return rejection;
}

Json RejectionJson(const core::Rejection& given, core::Currency currency) {
  const core::Rejection rejection = InMoney(given, currency);
  Json json = {{"outcome", std::string(core::OutcomeName(rejection.outcome))},
               {"code", static_cast<int>(rejection.outcome)},
               {"message", core::Describe(rejection)}};
  if (rejection.actual != 0 || rejection.required != 0) {
    json["actual"] = rejection.actual;
    json["required"] = rejection.required;
  }
  if (!rejection.rule.empty()) json["rule"] = rejection.rule;
  return json;
}

Json RejectionOrNull(const core::Rejection& rejection, core::Currency currency) {
  return rejection.outcome == core::Outcome::kAccepted ? Json(nullptr)
                                                       : RejectionJson(rejection, currency);
}

Json HashOrNull(const core::Hash256& hash) {
  return hash.IsZero() ? Json(nullptr) : Json(hash.ToHex());
}

Json UetrOrNull(const core::Uetr& uetr) {
  return uetr.IsNil() ? Json(nullptr) : Json(uetr.ToString());
}

}  // namespace causeway::wallet
