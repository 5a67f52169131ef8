// The words that the liquidity engine and its callers share, and what an engine tells that it did.
#ifndef CAUSEWAY_SETTLEMENT_LIQUIDITY_TYPES_H_
#define CAUSEWAY_SETTLEMENT_LIQUIDITY_TYPES_H_

#include <cstdint>
#include <string_view>

#include "settlement/core/amount.h"
#include "settlement/core/time.h"
#include "settlement/liquidity/ids.h"

namespace causeway::liquidity {

// How payments that cannot settle at once wait. docs/liquidity.md tells each in full.
enum class Discipline : std::uint8_t {
  kImmediate,   // no queue: what is not covered at entry is refused
  kFifo,        // a bank's payments settle in the order of arrival, whatever their priority
  kFifoBypass,  // in the order of arrival, but one that is not covered lets later ones pass
  kPriority,    // urgent before high before normal, each in the order of arrival
  kDeferred,    // nothing settles but by optimisation runs: periodic netting
};

// What settles several queued payments together.
enum class Algorithm : std::uint8_t {
  kNone = 0,
  kBilateral,        // two banks, heads of both queues, order kept
  kBilateralSingle,  // as RITS: one payment and up to n counter-payments, order not kept
  kBechSoramaki,     // all queued payments, order kept, last ones dropped
  kGreedy,           // in the manner of Guentzer, Jungnickel and Leclerc, order not kept
  kCycle,            // rings of payments
  kAllOrNothing,     // TARGET2, algorithm 1
  kPartial,          // TARGET2, algorithm 2
  kMultiple,         // TARGET2, algorithm 3
  kExact,            // the best set of the longest waiting payments
  kDiagnose,         // settles nothing; tells gridlock and deadlock apart
};
inline constexpr int kAlgorithms = 11;

// Why a payment settled.
enum class Cause : std::uint8_t {
  kNone = 0,
  kImmediate,        // covered at entry
  kQueueRelease,     // covered later, alone
  kBilateralEntry,   // with others, when one of them was submitted
  kBilateralQueue,   // with others, in a run over pairs of banks
  kMultilateralRun,  // with others, in a run over all banks
  kCycle,            // with others, as a ring
};

// Why a payment, or a change, was refused.
enum class Refusal : std::uint8_t {
  kNone = 0,
  kUnknownBank,        // no such bank index
  kSameBank,           // payer and payee are one
  kAmountNotPositive,  // amounts are at least one minor unit
  kTotalTooLarge,      // would pass kTotalMinorMax
  kTooManyPayments,    // kPaymentsMax or the queue's maximum is reached
  kUncovered,          // kImmediate: the payer's funds do not cover it
  kSenderLimit,        // kImmediate: covered, but over a bilateral or multilateral limit
  kHoldingLimit,       // kImmediate: the payee may not hold that much
  kClosed,             // the day has ended
  kUnknownPayment,     // no such payment
  kNotQueued,          // the payment does not wait
  kInvalidChange,      // a negative limit, a haircut over 100 %, and the like
  kLinkComplete,       // a link has two payments already
};

enum class EffectKind : std::uint8_t {
  kSettled = 0,  // the payment, whole or its last part
  kPartSettled,  // a part of it, by splitting; the rest waits
  kQueued,       // it waits now
  kRejected,     // it never will settle; `refusal` says why
  kCancelled,    // taken out of the queue at the payer's wish
  kExpired,      // still waited when the day ended
  kDiagnosis,    // of the queue as a whole; `state`
  kRun,          // an optimisation run ended: `payment` counts, `amount` sums what it settled
};

// The state of the queue as a whole, after Bech and Soramaki (2001).
enum class QueueState : std::uint8_t {
  kEmpty = 0,
  kGridlock,   // some payments that wait could settle together
  kDeadlock,   // none could, in whatever combination the discipline allows
  kUndecided,  // order is free and the queue too long to tell; see Engine::Diagnose
};

// One thing that an engine did. Fields that a kind does not name are zero.
struct Effect {
  core::LedgerTime time;
  core::Amount amount;             // settled here, queued or refused; kRun: the value settled
  PaymentId payment = kNoPayment;  // kRun: how many settled
  // Payments that settled together have one number, from 1 up; 0 when one settled alone.
  std::uint32_t set = 0;
  EffectKind kind = EffectKind::kSettled;
  Cause cause = Cause::kNone;
  Algorithm algorithm = Algorithm::kNone;
  std::uint8_t algorithm_version = 0;
  Refusal refusal = Refusal::kNone;
  QueueState state = QueueState::kEmpty;

  friend bool operator==(const Effect&, const Effect&) = default;
};

// A change of what an algorithm settles in some case gets a new version, so that a journal that
// names it can be replayed by the rule of its time.
inline constexpr std::uint8_t kAlgorithmVersion = 1;

std::string_view Name(Priority priority);
std::string_view Name(Discipline discipline);
std::string_view Name(Algorithm algorithm);
std::string_view Name(Cause cause);
std::string_view Name(Refusal refusal);
std::string_view Name(QueueState state);

}  // namespace causeway::liquidity

#endif  // CAUSEWAY_SETTLEMENT_LIQUIDITY_TYPES_H_
