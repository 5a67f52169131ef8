// The best set of payments to settle together, found by looking at all that could be better. The
// problem is NP-hard (two banks, one without funds, is SUBSET SUM), so this is for short queues: as
// an algorithm of scenarios, and as the oracle of the other algorithms' tests.
#ifndef CAUSEWAY_SETTLEMENT_LIQUIDITY_EXACT_H_
#define CAUSEWAY_SETTLEMENT_LIQUIDITY_EXACT_H_

#include "settlement/liquidity/problem.h"

namespace causeway::liquidity {

// The feasible set of most value; of those, of most payments; of those, with the earliest arrivals:
// of two sets the one that has the first payment in which they differ. Unique. At most 64 payments;
// time grows with two to the power of the number of payments in the worst case.
Selection SolveExactly(const Problem& problem);

// Whether any payments at all could settle together. The same bounds.
bool AnyFeasible(const Problem& problem);

}  // namespace causeway::liquidity

#endif  // CAUSEWAY_SETTLEMENT_LIQUIDITY_EXACT_H_
