#include <vector>

#include "fx-bridge/liquidity/pvp_queue.h"

namespace causeway::fx_liquidity {
namespace {

// The queues of all accounts behind one another: of account a, what stands from begin[a] up to
// end[a] is in the set.
class Prefixes {
 public:
  explicit Prefixes(const PvpQueue& queue)
      : queue_(queue),
        in_set_(queue.values.size(), true),
        left_(queue.accounts.size()),
        begin_(queue.accounts.size() + 1, 0),
        end_(queue.accounts.size()),
        places_(queue.legs.size()),
        listed_(queue.accounts.size(), false) {
    for (std::size_t i = 0; i < left_.size(); ++i) left_[i] = queue.accounts[i].funds.minor();
    for (const Leg& leg : queue.legs) {
      left_[leg.payer] -= leg.amount.minor();
      left_[leg.payee] += leg.amount.minor();
      ++begin_[leg.payer + 1];
    }
    for (std::size_t i = 1; i < begin_.size(); ++i) begin_[i] += begin_[i - 1];
    for (std::size_t i = 0; i < end_.size(); ++i) end_[i] = begin_[i];
    waiting_.resize(queue.legs.size());
    for (std::uint32_t settlement = 0; settlement < queue.size(); ++settlement) {
      const std::uint32_t legs_end = queue.first_legs[settlement + 1];
      for (std::uint32_t i = queue.first_legs[settlement]; i < legs_end; ++i) {
        std::uint32_t& end = end_[queue.legs[i].payer];
        places_[i] = end;
        waiting_[end++] = settlement;
      }
    }
  }

  Selection Find() {
    for (AccountIndex account = 0; account < end_.size(); ++account) List(account);
    for (std::size_t next = 0; next < work_.size(); ++next) {
      const AccountIndex account = work_[next];
      listed_[account] = false;
      while (left_[account] < 0 && end_[account] > begin_[account]) {
        Drop(waiting_[end_[account] - 1]);
      }
    }
    return in_set_;
  }

 private:
  void List(AccountIndex account) {
    if (listed_[account] || left_[account] >= 0) return;
    listed_[account] = true;
    work_.push_back(account);
  }

  // With all that stands behind it in any queue, and behind that.
  void Drop(std::uint32_t settlement) {
    dropping_.assign(1, settlement);
    in_set_[settlement] = false;
    while (!dropping_.empty()) {
      const std::uint32_t dropped = dropping_.back();
      dropping_.pop_back();
      const std::uint32_t legs_end = queue_.first_legs[dropped + 1];
      for (std::uint32_t i = queue_.first_legs[dropped]; i < legs_end; ++i) {
        const Leg& leg = queue_.legs[i];
        left_[leg.payer] += leg.amount.minor();
        left_[leg.payee] -= leg.amount.minor();
        List(leg.payee);
        while (end_[leg.payer] > places_[i]) {
          const std::uint32_t behind = waiting_[--end_[leg.payer]];
          if (!in_set_[behind]) continue;
          in_set_[behind] = false;
          dropping_.push_back(behind);
        }
      }
    }
  }

  const PvpQueue& queue_;
  Selection in_set_;
  std::vector<std::int64_t> left_;  // of each account's funds after the set
  std::vector<std::uint32_t> begin_;
  std::vector<std::uint32_t> end_;
  std::vector<std::uint32_t> waiting_;  // the settlements in the queues
  std::vector<std::uint32_t> places_;   // of each leg in its payer's queue
  std::vector<bool> listed_;
  std::vector<AccountIndex> work_;
  std::vector<std::uint32_t> dropping_;
};

}  // namespace

Selection LargestSet(const PvpQueue& queue) { return Prefixes(queue).Find(); }

}  // namespace causeway::fx_liquidity
