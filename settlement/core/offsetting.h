// Multilateral offsetting: which of the payments that wait can settle together, when each alone
// lacks funds. The rule is that of Bech and Soramaki ("Gridlock resolution in interbank payment
// systems", Bank of Finland discussion paper 9/2001): begin with all that wait; while an account
// could not pay, drop the last payment of its queue; what is left settles.
//
// Guarantee: where the order of each queue is kept and no account has a bound on what it may hold,
// the result is the largest set that can settle, in count and in value: every set that keeps the
// order and can settle is part of it, so it does not matter which account is looked at first. With
// bounds, or where order is free, it is a set that can settle, and there may be larger ones.
#ifndef CAUSEWAY_SETTLEMENT_CORE_OFFSETTING_H_
#define CAUSEWAY_SETTLEMENT_CORE_OFFSETTING_H_

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "absl/numeric/int128.h"
#include "settlement/core/amount.h"

namespace causeway::core {

// A change of what is selected in some case gets a new number: entries name it.
inline constexpr std::uint8_t kBechSoramakiVersion = 1;

struct OffsettingAccount {
  absl::int128 funds = 0;            // that it may pay, minor units; not negative
  std::optional<absl::int128> room;  // by how much its balance may grow; none: without bound
};

struct OffsettingPayment {
  std::uint32_t sender = 0;    // position among the accounts
  std::uint32_t receiver = 0;  // another one
  Amount amount;               // positive
};

// Of each payment, whether it settles. `payments` holds those of each sender in the order of its
// queue. With `keep_order`, of each sender the first so many are selected. After all selected have
// settled, no account has paid more than its funds and what it received, and none has grown by more
// than its room. Linear in the payments, but for bounds that are met.
std::vector<bool> SelectByBechSoramaki(std::span<const OffsettingAccount> accounts,
                                       std::span<const OffsettingPayment> payments,
                                       bool keep_order);

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_OFFSETTING_H_
