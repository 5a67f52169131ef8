// What a payment may use of what its payer has: for the engine, and for a ledger at entry.
#ifndef CAUSEWAY_SETTLEMENT_LIQUIDITY_USABLE_H_
#define CAUSEWAY_SETTLEMENT_LIQUIDITY_USABLE_H_

#include <algorithm>

#include "settlement/liquidity/ids.h"
#include "settlement/liquidity/rules.h"

namespace causeway::liquidity {

// Minor units, of 64 or 128 bits.
template <typename Int>
struct PayerMeans {
  Int funds = 0;
  Int reserved_urgent = 0;
  Int reserved_high = 0;
  Int release_threshold = 0;
  Int receipts = 0;  // of the window
};

// The conditions on a payment that settles alone (docs/liquidity.md), but for limits. May be below
// zero. Amounts add up without overflow in `Int`.
template <typename Int>
Int UsableOf(Release release, const PayerMeans<Int>& means, Priority priority) {
  if (priority == Priority::kUrgent) return means.funds;
  if (priority == Priority::kHigh) return means.funds - means.reserved_urgent;
  const Int free = means.funds - means.reserved_urgent - means.reserved_high;
  switch (release) {
    case Release::kFunds:
      break;
    case Release::kBalanceReactive:
      return free - means.release_threshold;
    case Release::kReceiptReactive:
      return std::min(free, means.receipts);
  }
  return free;
}

}  // namespace causeway::liquidity

#endif  // CAUSEWAY_SETTLEMENT_LIQUIDITY_USABLE_H_
