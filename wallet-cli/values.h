// The JSON of what many views contain: money, an instruction's key, a rejection, and what may be
// missing.
#ifndef CAUSEWAY_WALLET_CLI_VALUES_H_
#define CAUSEWAY_WALLET_CLI_VALUES_H_

#include "settlement/core/amount.h"
#include "settlement/core/command.h"
#include "settlement/core/currency.h"
#include "settlement/core/hash.h"
#include "settlement/core/ids.h"
#include "settlement/core/outcome.h"
#include "wallet-cli/render.h"

namespace causeway::wallet {

// {"currency": "HKD", "minor_units": 15000, "amount": "150.00"}
Json MoneyJson(const core::Money& money);
Json MoneyJson(core::Currency currency, core::Amount amount);
// {"party": ..., "kind": ..., "id": ...}
Json InstructionKeyJson(const core::InstructionKey& key);
// With its figures as people write them, where they are money: in the currency of the account that
// the rule names, else in `currency` unless that is empty.
core::Rejection InMoney(core::Rejection rejection, core::Currency currency = {});
// {"outcome": "INSUFFICIENT_FUNDS", "code": 210, "message": ..., "actual", "required", "rule"}
// The message is that of InMoney.
Json RejectionJson(const core::Rejection& rejection, core::Currency currency = {});

// Null where there is none: keeps text short and JSON regular.
Json RejectionOrNull(const core::Rejection& rejection, core::Currency currency = {});
Json HashOrNull(const core::Hash256& hash);
Json UetrOrNull(const core::Uetr& uetr);
template <typename Id>
Json TextOrNull(const Id& id) {
  return id.IsEmpty() ? Json(nullptr) : Json(id.ToString());
}

}  // namespace causeway::wallet

#endif  // CAUSEWAY_WALLET_CLI_VALUES_H_
