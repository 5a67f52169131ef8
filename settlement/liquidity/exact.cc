#include "settlement/liquidity/exact.h"

#include <algorithm>
#include <cstddef>
#include <limits>

#include "settlement/core/check.h"

namespace causeway::liquidity {
namespace {

constexpr std::size_t kSolvablePaymentsMax = 64;
constexpr std::uint64_t kNowhere = std::numeric_limits<std::uint64_t>::max();

// Depth first over the payments in the order of arrival, each first in and then out of the set: the
// first of several sets of equal value and count is the one with the earliest arrivals, so later
// ones need not be looked at. A branch is left when even all that is undecided would not beat the
// best, when a bank could not cover what it pays although all that is undecided came in, or when
// the order of a queue is broken.
class Search {
 public:
  explicit Search(const Problem& problem)
      : problem_(problem),
        count_(problem.payments.size()),
        possible_funds_(problem.banks.size()),
        first_left_out_(problem.banks.size(), kNowhere),
        last_taken_(problem.banks.size(), 0),
        taken_(problem.banks.size(), 0),
        chosen_(count_, false),
        best_(count_, false),
        value_after_(count_ + 1, 0) {
    CW_CHECK(count_ <= kSolvablePaymentsMax, "short enough a queue");
    for (std::size_t bank = 0; bank < problem.banks.size(); ++bank) {
      possible_funds_[bank] = problem.banks[bank].funds.minor();
    }
    for (std::size_t i = count_; i-- > 0;) {
      const ProblemPayment& payment = problem.payments[i];
      possible_funds_[payment.receiver] += payment.amount.minor();
      value_after_[i] = value_after_[i + 1] + payment.amount.minor();
    }
  }

  const Selection& Best() {
    Visit(0);
    return best_;
  }

  bool FindAny() {
    any_ = true;
    Visit(0);
    return best_count_ > 0;
  }

 private:
  bool CanBeat(std::size_t next) const {
    if (any_) return best_count_ == 0;
    const std::int64_t value_most = value_ + value_after_[next];
    const std::size_t count_most = chosen_count_ + (count_ - next);
    return value_most > best_value_ || (value_most == best_value_ && count_most > best_count_);
  }

  void Visit(std::size_t next) {
    if (!CanBeat(next)) return;
    if (next == count_) {
      if (!IsFeasible(problem_, chosen_)) return;
      best_ = chosen_;
      best_value_ = value_;
      best_count_ = chosen_count_;
      return;
    }
    VisitWith(next);
    VisitWithout(next);
  }

  void VisitWith(std::size_t next) {
    const ProblemPayment& payment = problem_.payments[next];
    const bool in_order =
        problem_.order == Order::kFree || payment.place < first_left_out_[payment.sender];
    const std::int64_t amount = payment.amount.minor();
    if (!in_order || possible_funds_[payment.sender] < amount) return;
    const std::uint64_t last_before = last_taken_[payment.sender];
    possible_funds_[payment.sender] -= amount;
    last_taken_[payment.sender] = std::max(last_before, payment.place);
    ++taken_[payment.sender];
    chosen_[next] = true;
    value_ += amount;
    ++chosen_count_;
    Visit(next + 1);
    --chosen_count_;
    value_ -= amount;
    chosen_[next] = false;
    --taken_[payment.sender];
    last_taken_[payment.sender] = last_before;
    possible_funds_[payment.sender] += amount;
  }

  void VisitWithout(std::size_t next) {
    const ProblemPayment& payment = problem_.payments[next];
    const bool holds_up = problem_.order == Order::kKept || (problem_.order == Order::kNormalFree &&
                                                             payment.priority != Priority::kNormal);
    const std::int64_t amount = payment.amount.minor();
    if (holds_up && taken_[payment.sender] > 0 && last_taken_[payment.sender] > payment.place) {
      return;
    }
    if (possible_funds_[payment.receiver] < amount) return;  // it has chosen to pay more already
    const std::uint64_t first_before = first_left_out_[payment.sender];
    if (holds_up) first_left_out_[payment.sender] = std::min(first_before, payment.place);
    possible_funds_[payment.receiver] -= amount;
    Visit(next + 1);
    possible_funds_[payment.receiver] += amount;
    first_left_out_[payment.sender] = first_before;
  }

  const Problem& problem_;
  const std::size_t count_;
  // Of each bank: its funds, less what it pays in the set, with all that may still come in.
  std::vector<std::int64_t> possible_funds_;
  std::vector<std::uint64_t> first_left_out_;
  std::vector<std::uint64_t> last_taken_;
  std::vector<std::uint32_t> taken_;
  Selection chosen_;
  Selection best_;
  std::vector<std::int64_t> value_after_;
  std::int64_t value_ = 0;
  std::size_t chosen_count_ = 0;
  std::int64_t best_value_ = 0;
  std::size_t best_count_ = 0;
  bool any_ = false;
};

}  // namespace

Selection SolveExactly(const Problem& problem) { return Search(problem).Best(); }

bool AnyFeasible(const Problem& problem) { return Search(problem).FindAny(); }

}  // namespace causeway::liquidity
