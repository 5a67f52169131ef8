// Bech and Soramaki's algorithm on a queue that stands still, for callers that keep queues of their
// own. Engine runs the same on its own queues, without copying them.
#ifndef CAUSEWAY_SETTLEMENT_LIQUIDITY_OFFSETTING_H_
#define CAUSEWAY_SETTLEMENT_LIQUIDITY_OFFSETTING_H_

#include "settlement/liquidity/problem.h"

namespace causeway::liquidity {

// The largest set that keeps the order of every sender's queue (by place, whatever Problem::order
// says) and meets all conditions of IsFeasible. It contains every other such set, so it is the best
// in number and in value, and unique; but where any bank has a room to hold it is only some set
// that fits. Payments to banks with a room to hold are dropped latest arrival first.
//
// Sums stay within 64 bits as long as the funds and amounts of the problem together are at most
// 2^61. Linear in the payments when each sender's are given in the order of their places, else
// what sorting them takes; plus one binary search a payment where there are limits.
Selection SelectBechSoramaki(const Problem& problem);

}  // namespace causeway::liquidity

#endif  // CAUSEWAY_SETTLEMENT_LIQUIDITY_OFFSETTING_H_
