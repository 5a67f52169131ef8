#include "wallet-cli/values.h"

#include <string>

namespace causeway::wallet {

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

Json RejectionJson(const core::Rejection& rejection) {
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

Json RejectionOrNull(const core::Rejection& rejection) {
  return rejection.outcome == core::Outcome::kAccepted ? Json(nullptr) : RejectionJson(rejection);
}

Json HashOrNull(const core::Hash256& hash) {
  return hash.IsZero() ? Json(nullptr) : Json(hash.ToHex());
}

Json UetrOrNull(const core::Uetr& uetr) {
  return uetr.IsNil() ? Json(nullptr) : Json(uetr.ToString());
}

}  // namespace causeway::wallet
