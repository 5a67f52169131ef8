// A queue that stands still: which of the payments that wait could settle together? Plain data and
// the plainest test, for the exact solver, for tests and for studies; the engine has its own,
// faster forms.
#ifndef CAUSEWAY_SETTLEMENT_LIQUIDITY_PROBLEM_H_
#define CAUSEWAY_SETTLEMENT_LIQUIDITY_PROBLEM_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "settlement/core/amount.h"
#include "settlement/liquidity/ids.h"

namespace causeway::liquidity {

// Which sets the queue discipline allows.
enum class Order : std::uint8_t {
  kFree,        // any
  kKept,        // of each bank's payments, in its queue's order, only the first so many
  kNormalFree,  // as kKept, but of the normal payments any, once all before them are in the set
};

struct ProblemBank {
  core::Amount funds;  // balance plus credit line
  core::Amount reserved_urgent;
  core::Amount reserved_high;
  core::Amount kept_from_normal;                  // a release threshold
  std::optional<core::Amount> receipts_left;      // kReceiptReactive: normal payments use no more
  std::optional<core::Amount> room_to_hold;       // by how much funds may grow
  std::optional<core::Amount> multilateral_room;  // how much more the limit allows
};

struct ProblemPayment {
  PaymentId id = kNoPayment;  // the engine's; not used here
  BankIndex sender = 0;
  BankIndex receiver = 0;
  core::Amount amount;
  Priority priority = Priority::kNormal;
  // The place in the sender's queue, compared among the payments of that sender.
  std::uint64_t place = 0;
  // Payments with the same number other than 0 are in a set together or not at all; one whose
  // partner is not in the problem is in none.
  std::uint32_t link = 0;
};

struct ProblemBilateralRoom {
  BankIndex sender = 0;
  BankIndex receiver = 0;
  core::Amount room;
};

struct Problem {
  std::vector<ProblemBank> banks;
  std::vector<ProblemPayment> payments;  // in the order of arrival
  std::vector<ProblemBilateralRoom> bilateral_rooms;
  bool limits_bind_normal_only = true;
  Order order = Order::kFree;
};

// A set of payments: one value each, in the order of Problem::payments.
using Selection = std::vector<bool>;

// Whether the payments of `selection` may settle together. The empty set may. For every bank, with
// `in` the value it receives in the set, `out` what it pays (by priority: out_u, out_h, out_n),
// after = funds + in - out, U = max(0, reserved_urgent - out_u), H = max(0, reserved_high - out_h):
//   after >= 0;   after >= U when out_h + out_n > 0;
//   after >= U + H + kept_from_normal, and out_n <= receipts_left + in, when out_n > 0;
//   in - out <= room_to_hold when in > out;
//   for each bilateral room: what it pays that payee less what it receives from it, of the payments
//   that limits bind, is at most the room when it pays that payee any such; likewise the
//   multilateral room, over all payees without a bilateral room;
// the order of its queue as Problem::order says, and both of a link or neither. All but the room to
// hold can only be helped by more inflow: that is what makes the largest set under kKept unique.
bool IsFeasible(const Problem& problem, const Selection& selection);

core::Amount ValueOf(const Problem& problem, const Selection& selection);
std::uint32_t CountOf(const Selection& selection);

}  // namespace causeway::liquidity

#endif  // CAUSEWAY_SETTLEMENT_LIQUIDITY_PROBLEM_H_
