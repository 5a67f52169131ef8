// Multilateral offsetting: which of the payments that wait can settle together, when each alone
// lacks funds. The rule is that of Bech and Soramaki ("Gridlock resolution in interbank payment
// systems", Bank of Finland discussion paper 9/2001): begin with all that wait; while an account
// could not pay, drop the last payment of its queue; what is left settles. Whether an account can
// pay includes what its terms keep: more money never hurts that, so what is said of funds holds.
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
#include "settlement/core/command.h"

namespace causeway::core {

// A change of what is selected in some case gets a new number: entries name it.
inline constexpr std::uint8_t kBechSoramakiVersion = 1;

struct OffsettingAccount {
  absl::int128 funds = 0;            // that it may pay, minor units; not negative
  std::optional<absl::int128> room;  // by how much its balance may grow; none: without bound
  // Of its terms, as account_terms.h has them.
  absl::int128 reserved_urgent = 0;
  absl::int128 reserved_high = 0;
  absl::int128 release_threshold = 0;
  // How much more its multilateral limit allows; none: it has no such limit.
  std::optional<absl::int128> multilateral_room;
};

// How much more a bilateral limit allows.
struct OffsettingLimit {
  std::uint32_t sender = 0;  // positions among the accounts
  std::uint32_t receiver = 0;
  absl::int128 room = 0;
};

struct OffsettingPayment {
  std::uint32_t sender = 0;    // position among the accounts
  std::uint32_t receiver = 0;  // another one
  Amount amount;               // positive
  PaymentPriority priority = PaymentPriority::kNormal;
};

// Of each payment, whether it settles. `payments` holds those of each sender in the order of its
// queue. With `keep_order`, of each sender the first so many are selected. After all selected have
// settled, no account has paid more than its funds and what it received, and none has grown by more
// than its room; and of what it then has, with what it paid of each priority, it keeps what
// docs/liquidity.md says of sets. Linear in the payments, but for bounds that are met and for
// accounts with many bilateral limits.
std::vector<bool> SelectByBechSoramaki(std::span<const OffsettingAccount> accounts,
                                       std::span<const OffsettingPayment> payments, bool keep_order,
                                       std::span<const OffsettingLimit> limits = {});

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_OFFSETTING_H_
