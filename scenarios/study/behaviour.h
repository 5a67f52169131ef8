// What banks do with payments that fall due: the strategy interface of a study, and stock ones.
// What a stock one draws hangs on the seed, the account and the payment alone: another bank's
// behaviour, payments more and the time of asking leave it as it was.
#ifndef CAUSEWAY_SCENARIOS_STUDY_BEHAVIOUR_H_
#define CAUSEWAY_SCENARIOS_STUDY_BEHAVIOUR_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "scenarios/study/input.h"

namespace causeway::study {

// What is due to a bank it misses after so long.
inline constexpr TimeUs kReceiptMissingAfter = kMinuteUs;

// What a bank sees of its own account. Times are since the day's midnight.
struct BehaviourView {
  TimeUs day_starts = 0;  // that midnight, since the one before the run's first day
  TimeUs now = 0;
  TimeUs due = 0;  // when the payment fell due
  TimeUs opens = 0;
  TimeUs closes = 0;
  std::int64_t opening =
      0;  // balance at the opening (in a scenario: when its first payment is due)
  std::int64_t balance = 0;   // now
  std::int64_t received = 0;  // settled today
  std::int64_t sent = 0;      // settled today
  std::int64_t queued = 0;    // submitted, and waiting in the system's queue
  PaymentName name;           // of the payment; in a scenario its id
  // Of this day's payments to the account: all of them, and those that fell due
  // kReceiptMissingAfter ago or earlier and have not come. Then only those from the payment's
  // recipient.
  std::int64_t expected = 0;
  std::int64_t missing = 0;
  std::int64_t expected_from_recipient = 0;
  std::int64_t missing_from_recipient = 0;
};

// One account's. Called in a fixed order, so it may remember what it saw.
class Behaviour {
 public:
  virtual ~Behaviour() = default;
  // Whether to submit `payment` now. Asked when it falls due (`first`), and then every simulated
  // minute until it is submitted or the day closes; payments of an account in order of due time.
  virtual bool Submits(const BehaviourView& view, const Payment& payment, bool first) = 0;
};

// The behaviour of an account; nothing: it pays at once.
using BehaviourFactory = std::function<std::unique_ptr<Behaviour>(AccountIndex)>;

// Waits for money that covers the payment, until waiting has cost as much as borrowing would:
// value x hours x delay_ppm_per_hour against value x liquidity_ppm (the trade-off of Bech and
// Garratt (2003), "The intraday liquidity management game", for one payment).
struct DelayTradeOff {
  std::uint32_t delay_ppm_per_hour = 0;
  std::uint32_t liquidity_ppm = 0;
};
// Pays what it received and an allowance, in thousandths of its opening balance, and everything
// from `pays_all_from` on. What it has in the queue counts as paid.
struct ReceiptReactive {
  std::uint32_t allowance_milli = 0;
  TimeUs pays_all_from = kDaySpanUs;
};
// A bank is under stress when any of those that are stated (above 0) holds; in thousandths. The
// first is the counterparty stress of BCBS 248 as the bank itself sees it, by the account; the
// second keeps it to those that do not pay, as banks in CHAPS do towards one that cannot (Merrouche
// and Schanz 2010); the third is that of its own liquidity.
struct Stress {
  std::uint32_t receipts_missing_milli = 0;      // missing / expected is at least so much
  std::uint32_t counterparty_missing_milli = 0;  // the same of the payment's recipient
  std::uint32_t balance_below_milli = 0;         // balance / opening is below so much
};
// Of payments that fall due between two times it keeps back those that a draw by the payment's name
// picks, until the second or, when it is to be under stress for it, until it no longer is; urgent
// ones excepted. What is due before the opening falls due with it.
struct WithholdUnderStress {
  TimeUs from = 0;
  TimeUs to = 0;
  std::uint32_t probability_milli = 0;
  Stress stress = {};  // none stated: all that time
};
// Submits nothing from a point in time on, on that day and all that follow. What it submitted
// before stays in the queue.
struct DefaultAt {
  TimeUs at = 0;  // since the midnight before the run's first day
};
using StockBehaviour = std::variant<DelayTradeOff, ReceiptReactive, WithholdUnderStress, DefaultAt>;

// For accounts first..last, both included. Of two that name an account the later counts.
struct BehaviourOf {
  AccountIndex first = 0;
  AccountIndex last = 0;
  StockBehaviour behaviour;
};

// For each payment that it draws for, it does so from the stream "<stream>/<text>/<number>", after
// the payment's name.
std::unique_ptr<Behaviour> MakeBehaviour(const StockBehaviour& behaviour, std::uint64_t seed,
                                         std::string stream);

// For the accounts of an input. Streams are "study/<root>/behaviour/<account's id>". Nothing when
// there are none.
BehaviourFactory MakeBehaviours(std::vector<BehaviourOf> behaviours,
                                const std::vector<Account>& accounts, std::uint64_t seed,
                                std::string root);

}  // namespace causeway::study

#endif  // CAUSEWAY_SCENARIOS_STUDY_BEHAVIOUR_H_
