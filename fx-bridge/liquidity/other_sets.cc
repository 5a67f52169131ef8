#include <algorithm>
#include <vector>

#include "fx-bridge/liquidity/pvp_queue.h"
#include "settlement/core/check.h"

namespace causeway::fx_liquidity {
namespace {

// What sets leave of the accounts' funds.
class Means {
 public:
  explicit Means(const PvpQueue& queue) : queue_(queue), left_(queue.accounts.size()) {
    for (std::size_t i = 0; i < left_.size(); ++i) left_[i] = queue.accounts[i].funds.minor();
  }

  std::int64_t left(AccountIndex account) const { return left_[account]; }

  void Move(std::uint32_t settlement, std::int64_t times) {
    ForEachLeg(settlement, [&](const Leg& leg) {
      left_[leg.payer] -= times * leg.amount.minor();
      left_[leg.payee] += times * leg.amount.minor();
    });
  }

  // Whether every account that pays in the settlement has enough.
  bool PayersFit(std::uint32_t settlement) const {
    bool fit = true;
    ForEachLeg(settlement, [&](const Leg& leg) { fit = fit && left_[leg.payer] >= 0; });
    return fit;
  }

  template <typename Visit>
  void ForEachLeg(std::uint32_t settlement, const Visit& visit) const {
    const std::uint32_t end = queue_.first_legs[settlement + 1];
    for (std::uint32_t i = queue_.first_legs[settlement]; i < end; ++i) visit(queue_.legs[i]);
  }

 private:
  const PvpQueue& queue_;
  std::vector<std::int64_t> left_;
};

// From all that waits, an account that is short drops its settlement of least value that makes up
// the shortfall, or if none does the largest; then what fits after all is put back, most value
// first.
class Greedy {
 public:
  explicit Greedy(const PvpQueue& queue)
      : queue_(queue),
        means_(queue),
        in_set_(queue.values.size(), true),
        outgoing_(queue.accounts.size()) {
    for (std::uint32_t settlement = 0; settlement < queue.size(); ++settlement) {
      means_.Move(settlement, 1);
      means_.ForEachLeg(settlement, [&](const Leg& leg) {
        outgoing_[leg.payer].push_back({leg.amount.minor(), settlement});
      });
    }
    for (std::vector<Outgoing>& outgoing : outgoing_) {
      std::sort(outgoing.begin(), outgoing.end());
    }
  }

  Selection Find() {
    std::vector<AccountIndex> work;
    for (AccountIndex account = 0; account < outgoing_.size(); ++account) work.push_back(account);
    for (std::size_t next = 0; next < work.size(); ++next) {
      const AccountIndex account = work[next];
      while (means_.left(account) < 0) {
        const std::uint32_t dropped = Choose(account);
        in_set_[dropped] = false;
        means_.Move(dropped, -1);
        means_.ForEachLeg(dropped, [&](const Leg& leg) {
          if (means_.left(leg.payee) < 0 && leg.payee != account) work.push_back(leg.payee);
        });
      }
    }
    PutBack();
    return in_set_;
  }

 private:
  struct Outgoing {
    std::int64_t amount;
    std::uint32_t settlement;
    bool operator<(const Outgoing& other) const {
      return amount != other.amount ? amount < other.amount : settlement < other.settlement;
    }
  };

  std::uint32_t Choose(AccountIndex account) {
    std::vector<Outgoing>& outgoing = outgoing_[account];
    const auto gone = [&](const Outgoing& one) { return !in_set_[one.settlement]; };
    outgoing.erase(std::remove_if(outgoing.begin(), outgoing.end(), gone), outgoing.end());
    CW_CHECK(!outgoing.empty(), "an account that pays nothing is not short");
    const std::int64_t short_by = -means_.left(account);
    const auto enough =
        std::partition_point(outgoing.begin(), outgoing.end(),
                             [&](const Outgoing& one) { return one.amount < short_by; });
    return enough == outgoing.end() ? outgoing.back().settlement : enough->settlement;
  }

  void PutBack() {
    std::vector<std::uint32_t> dropped;
    for (std::uint32_t settlement = 0; settlement < queue_.size(); ++settlement) {
      if (!in_set_[settlement]) dropped.push_back(settlement);
    }
    std::stable_sort(dropped.begin(), dropped.end(), [&](std::uint32_t left, std::uint32_t right) {
      return queue_.values[left] > queue_.values[right];
    });
    bool again = true;
    while (again) {
      again = false;
      for (const std::uint32_t settlement : dropped) {
        if (in_set_[settlement]) continue;
        means_.Move(settlement, 1);
        if (means_.PayersFit(settlement)) {
          in_set_[settlement] = again = true;
        } else {
          means_.Move(settlement, -1);
        }
      }
    }
  }

  const PvpQueue& queue_;
  Means means_;
  Selection in_set_;
  std::vector<std::vector<Outgoing>> outgoing_;  // of each account, least amount first
};

// Depth first, each settlement first in and then out, as the solver of one currency does.
class Search {
 public:
  Search(const PvpQueue& queue, Order order)
      : queue_(queue),
        order_(order),
        possible_(queue),
        passed_over_(queue.accounts.size(), 0),
        chosen_(queue.values.size(), false),
        best_(queue.values.size(), false),
        value_after_(queue.values.size() + 1, 0),
        incoming_(queue.accounts.size(), 0) {
    CW_CHECK(queue.size() <= kExactSettlementsMax, "short enough a queue");
    for (std::uint32_t i = queue.size(); i-- > 0;) {
      value_after_[i] = value_after_[i + 1] + queue.values[i].minor();
      possible_.ForEachLeg(i, [&](const Leg& leg) { incoming_[leg.payee] += leg.amount.minor(); });
    }
  }

  Selection Best() {
    Visit(0);
    return best_;
  }

 private:
  void Visit(std::uint32_t next) {
    const std::int64_t value_most = value_ + value_after_[next];
    const std::uint32_t count_most = count_ + queue_.size() - next;
    if (value_most < best_value_ || (value_most == best_value_ && count_most <= best_count_))
      return;
    if (next == queue_.size()) {
      if (!IsFeasible(queue_, chosen_, order_)) return;
      best_ = chosen_;
      best_value_ = value_;
      best_count_ = count_;
      return;
    }
    possible_.ForEachLeg(next, [&](const Leg& leg) { incoming_[leg.payee] -= leg.amount.minor(); });
    VisitWith(next);
    VisitWithout(next);
    possible_.ForEachLeg(next, [&](const Leg& leg) { incoming_[leg.payee] += leg.amount.minor(); });
  }

  void VisitWith(std::uint32_t next) {
    bool in_order = true;
    possible_.Move(next, 1);
    possible_.ForEachLeg(next, [&](const Leg& leg) {
      in_order = in_order && (order_ == Order::kFree || passed_over_[leg.payer] == 0);
    });
    if (in_order && CanStillFit(next)) {
      chosen_[next] = true;
      value_ += queue_.values[next].minor();
      ++count_;
      Visit(next + 1);
      --count_;
      value_ -= queue_.values[next].minor();
      chosen_[next] = false;
    }
    possible_.Move(next, -1);
  }

  void VisitWithout(std::uint32_t next) {
    possible_.ForEachLeg(next, [&](const Leg& leg) { ++passed_over_[leg.payer]; });
    if (CanStillFit(next)) Visit(next + 1);
    possible_.ForEachLeg(next, [&](const Leg& leg) { --passed_over_[leg.payer]; });
  }

  // Whether the accounts of the settlement could be covered if all that is undecided came in.
  bool CanStillFit(std::uint32_t settlement) const {
    bool fit = true;
    possible_.ForEachLeg(settlement, [&](const Leg& leg) {
      fit = fit && possible_.left(leg.payer) + incoming_[leg.payer] >= 0 &&
            possible_.left(leg.payee) + incoming_[leg.payee] >= 0;
    });
    return fit;
  }

  const PvpQueue& queue_;
  const Order order_;
  Means possible_;
  std::vector<std::uint32_t> passed_over_;
  Selection chosen_;
  Selection best_;
  std::vector<std::int64_t> value_after_;
  std::vector<std::int64_t> incoming_;  // of each account, from what is undecided
  std::int64_t value_ = 0;
  std::int64_t best_value_ = 0;
  std::uint32_t count_ = 0;
  std::uint32_t best_count_ = 0;
};

}  // namespace

Selection GreedySet(const PvpQueue& queue) { return Greedy(queue).Find(); }

Selection SolveExactly(const PvpQueue& queue, Order order) { return Search(queue, order).Best(); }

}  // namespace causeway::fx_liquidity
