// Bilateral and multilateral sender limits, and what they have counted.
#ifndef CAUSEWAY_SETTLEMENT_LIQUIDITY_SENDER_LIMITS_H_
#define CAUSEWAY_SETTLEMENT_LIQUIDITY_SENDER_LIMITS_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "settlement/liquidity/ids.h"

namespace causeway::liquidity {

// The limits that one bank has set. A position is what the bank paid to its counterparties less
// what it received from them, in payments that the limit binds, since the limit was first set. A
// `trial` is the same within a set of payments that is being tested.
class SenderLimits {
 public:
  struct Position {
    BankIndex counterparty = 0;  // unused in the multilateral one
    bool active = false;
    std::int64_t limit = 0;
    std::int64_t position = 0;
    std::int64_t trial_out = 0;
    std::int64_t trial_in = 0;

    std::int64_t Room() const { return limit - position; }
    bool TrialFits() const { return trial_out == 0 || trial_out - trial_in <= Room(); }
  };

  bool empty() const { return !multilateral_.active && active_bilateral_ == 0; }
  void SetBilateral(BankIndex counterparty, std::optional<std::int64_t> limit);
  void SetMultilateral(std::optional<std::int64_t> limit);

  // How much may be paid to the counterparty now; the largest value when nothing limits it.
  std::int64_t Room(BankIndex counterparty) const;
  void CountPaid(BankIndex counterparty, std::int64_t amount);
  // To counterparties without a bilateral limit; less than zero: received.
  void CountPaidToOthers(std::int64_t amount) { multilateral_.position += amount; }
  void CountReceived(BankIndex counterparty, std::int64_t amount);

  void ClearTrial();
  void TryPaying(BankIndex counterparty, std::int64_t amount);
  void TryReceiving(BankIndex counterparty, std::int64_t amount);
  bool TrialFits() const;

  const std::vector<Position>& bilateral() const { return bilateral_; }
  const Position& multilateral() const { return multilateral_; }

 private:
  Position* Find(BankIndex counterparty);
  const Position* Find(BankIndex counterparty) const;
  // The position that counts payments with the counterparty, or null.
  Position* Counting(BankIndex counterparty);

  std::vector<Position> bilateral_;  // in the order of counterparties
  Position multilateral_;
  std::uint32_t active_bilateral_ = 0;
};

}  // namespace causeway::liquidity

#endif  // CAUSEWAY_SETTLEMENT_LIQUIDITY_SENDER_LIMITS_H_
