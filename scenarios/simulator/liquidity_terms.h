// Terms of the ledger in the words of the liquidity engine.
#ifndef CAUSEWAY_SCENARIOS_SIMULATOR_LIQUIDITY_TERMS_H_
#define CAUSEWAY_SCENARIOS_SIMULATOR_LIQUIDITY_TERMS_H_

#include "settlement/core/command.h"
#include "settlement/liquidity/ids.h"

namespace causeway::sim {

inline liquidity::Priority LiquidityPriority(core::PaymentPriority priority) {
  switch (priority) {
    case core::PaymentPriority::kUrgent:
      return liquidity::Priority::kUrgent;
    case core::PaymentPriority::kHigh:
      return liquidity::Priority::kHigh;
    case core::PaymentPriority::kNormal:
      break;
  }
  return liquidity::Priority::kNormal;
}

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SIMULATOR_LIQUIDITY_TERMS_H_
