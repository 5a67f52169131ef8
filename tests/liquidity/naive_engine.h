// The queue disciplines said again in the plainest way, to compare the engine with: whole queues
// are sorted and read from the start each time, and each payment is tested as a set of one by
// IsFeasible, or with its partner as a set of two. Nothing is kept up to date that could be
// computed.
#ifndef CAUSEWAY_TESTS_LIQUIDITY_NAIVE_ENGINE_H_
#define CAUSEWAY_TESTS_LIQUIDITY_NAIVE_ENGINE_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "settlement/liquidity/engine.h"

namespace causeway::liquidity {

class NaiveEngine {
 public:
  struct Settlement {
    PaymentId payment;
    std::int64_t amount;
    Cause cause;
    friend bool operator==(const Settlement&, const Settlement&) = default;
  };

  NaiveEngine(const Rules& rules, const std::vector<BankTerms>& terms,
              const std::vector<BilateralLimit>& limits)
      : rules_(rules), terms_(terms) {
    for (const BankTerms& bank : terms) {
      balance_.push_back(bank.balance.minor());
      credit_.push_back(bank.uncollateralised_credit.minor());
      urgent_.push_back(bank.reserved_urgent.minor());
      high_.push_back(bank.reserved_high.minor());
    }
    for (const BilateralLimit& limit : limits) {
      bilateral_[{limit.sender, limit.receiver}] = limit.limit.minor();
    }
    receipts_.resize(terms.size());
  }

  PaymentId Submit(std::int64_t time, const PaymentOrder& order) {
    now_ = time;
    const auto payment = static_cast<PaymentId>(payments_.size());
    payments_.push_back({order, order.amount.minor(), next_place_++, false, time});
    if (rules_.links_settle_together && order.link != 0) {
      EnterLinked(payment);
      return payment;
    }
    const bool may_go = rules_.discipline != Discipline::kDeferred && !HasAhead(payment);
    if (may_go && SettleAlone(payment, Cause::kImmediate)) {
      Retry();
      return payment;
    }
    if (rules_.discipline != Discipline::kImmediate) payments_[payment].waits = true;
    Retry();
    return payment;
  }

  void ChangeBalance(std::int64_t time, BankIndex bank, std::int64_t change) {
    now_ = time;
    if (balance_[bank] + credit_[bank] + change < 0) return;
    balance_[bank] += change;
    MakeDue(bank);
    WakeFor(bank);
    Retry();
  }

  void Cancel(std::int64_t time, PaymentId payment) {
    now_ = time;
    if (!payments_[payment].waits) return;
    payments_[payment].waits = false;
    MakeDue(payments_[payment].order.sender);
    Retry();
  }

  void Reprioritise(std::int64_t time, PaymentId payment, Priority priority) {
    now_ = time;
    Waiting& waiting = payments_[payment];
    if (!waiting.waits || waiting.order.priority == priority) return;
    waiting.order.priority = priority;
    if (rules_.discipline == Discipline::kPriority) waiting.place = next_place_++;
    MakeDue(waiting.order.sender);
    Retry();
  }

  void MoveToEnd(std::int64_t time, PaymentId payment, bool to_front) {
    now_ = time;
    if (!payments_[payment].waits) return;
    payments_[payment].place = to_front ? --first_place_ : next_place_++;
    MakeDue(payments_[payment].order.sender);
    Retry();
  }

  std::int64_t balance(BankIndex bank) const { return balance_[bank]; }
  bool Waits(PaymentId payment) const { return payments_[payment].waits; }
  const std::vector<Settlement>& settlements() const { return settlements_; }

 private:
  struct Waiting {
    PaymentOrder order;
    std::int64_t unsettled;
    std::int64_t place;
    bool waits;
    std::int64_t submitted;
  };

  bool IsLinked(PaymentId payment) const {
    return rules_.links_settle_together && payments_[payment].order.link != 0;
  }

  // The payments with its link, itself too.
  std::vector<PaymentId> WithLinkOf(PaymentId payment) const {
    std::vector<PaymentId> all;
    for (PaymentId p = 0; p < payments_.size(); ++p) {
      if (payments_[p].order.link == payments_[payment].order.link) all.push_back(p);
    }
    return all;
  }

  void EnterLinked(PaymentId payment) {
    if (WithLinkOf(payment).size() > 2) return Retry();  // it is refused
    payments_[payment].waits = true;
    if (rules_.discipline != Discipline::kDeferred) SettlePair(payment);
    Retry();
  }

  // Nothing but each other stands before the two in their queues that they may not pass.
  bool MayGoTogether(const std::vector<PaymentId>& pair) const {
    for (const PaymentId payment : pair) {
      for (const PaymentId ahead : QueueOf(payments_[payment].order.sender)) {
        if (ahead == payment) break;
        if (ahead == pair.front() || ahead == pair.back()) continue;
        if (!PassesOthers(payment) || !PassesOthers(ahead)) return false;
      }
    }
    return true;
  }

  bool SettlePair(PaymentId payment) {
    std::vector<PaymentId> pair = WithLinkOf(payment);
    if (pair.size() > 2) pair.resize(2);  // later ones were refused
    if (pair.size() < 2 || !payments_[pair[0]].waits || !payments_[pair[1]].waits) return false;
    Problem problem = ProblemOf(pair[0], payments_[pair[0]].unsettled);
    problem.payments.push_back(ProblemOf(pair[1], payments_[pair[1]].unsettled).payments.front());
    if (!MayGoTogether(pair) || !IsFeasible(problem, {true, true})) return false;
    const bool came = payments_[pair[0]].submitted == now_ && payments_[pair[1]].submitted == now_;
    std::vector<BankIndex> touched;
    for (const PaymentId each : pair) {
      const PaymentOrder order = payments_[each].order;
      payments_[each].waits = false;
      Book(order, payments_[each].unsettled);
      settlements_.push_back(
          {each, payments_[each].unsettled, came ? Cause::kImmediate : Cause::kQueueRelease});
      touched.push_back(order.sender);
      touched.push_back(order.receiver);
    }
    for (const BankIndex bank : touched) MakeDue(bank);
    for (const BankIndex bank : touched) WakeFor(bank);
    return true;
  }

  bool ByPriority() const { return rules_.discipline == Discipline::kPriority; }

  std::vector<PaymentId> QueueOf(BankIndex bank) const {
    std::vector<PaymentId> queue;
    for (PaymentId p = 0; p < payments_.size(); ++p) {
      if (payments_[p].waits && payments_[p].order.sender == bank) queue.push_back(p);
    }
    std::stable_sort(queue.begin(), queue.end(), [&](PaymentId left, PaymentId right) {
      const Waiting& l = payments_[left];
      const Waiting& r = payments_[right];
      if (ByPriority() && l.order.priority != r.order.priority) {
        return l.order.priority < r.order.priority;
      }
      return l.place < r.place;
    });
    return queue;
  }

  bool PassesOthers(PaymentId payment) const {
    if (rules_.discipline == Discipline::kFifoBypass) return true;
    return rules_.normal_bypass && payments_[payment].order.priority == Priority::kNormal;
  }

  bool HasAhead(PaymentId payment) const {
    for (const PaymentId other : QueueOf(payments_[payment].order.sender)) {
      if (rules_.discipline == Discipline::kFifoBypass) return false;
      const Priority theirs = payments_[other].order.priority;
      const Priority own = payments_[payment].order.priority;
      if (ByPriority() && theirs > own) continue;
      if (ByPriority() && theirs == own && PassesOthers(payment)) continue;
      return true;
    }
    return false;
  }

  std::int64_t& ReceiptsOf(BankIndex bank) {
    const std::int64_t window = now_ / rules_.receipt_window.micros();
    if (receipts_[bank].first != window) receipts_[bank] = {window, 0};
    return receipts_[bank].second;
  }

  bool Binds(const PaymentOrder& order) const {
    return !rules_.limits_bind_normal_only || order.priority == Priority::kNormal;
  }

  std::int64_t Paid(BankIndex from, BankIndex to) { return paid_[{from, to}]; }

  Problem ProblemOf(PaymentId payment, std::int64_t amount) {
    Problem problem;
    problem.limits_bind_normal_only = rules_.limits_bind_normal_only;
    for (BankIndex bank = 0; bank < terms_.size(); ++bank) {
      ProblemBank& out = problem.banks.emplace_back();
      out.funds = core::Amount::FromMinor(balance_[bank] + credit_[bank]);
      out.reserved_urgent = core::Amount::FromMinor(urgent_[bank]);
      out.reserved_high = core::Amount::FromMinor(high_[bank]);
      if (rules_.release == Release::kBalanceReactive) {
        out.kept_from_normal = terms_[bank].release_threshold;
      }
      if (rules_.release == Release::kReceiptReactive) {
        out.receipts_left = core::Amount::FromMinor(ReceiptsOf(bank));
      }
      if (terms_[bank].holding_limit.has_value()) {
        out.room_to_hold =
            core::Amount::FromMinor(terms_[bank].holding_limit->minor() - balance_[bank]);
      }
      if (terms_[bank].multilateral_limit.has_value()) {
        std::int64_t position = 0;
        for (BankIndex other = 0; other < terms_.size(); ++other) {
          if (bilateral_.count({bank, other}) > 0) continue;
          position += Paid(bank, other) - Paid(other, bank);
        }
        out.multilateral_room =
            core::Amount::FromMinor(terms_[bank].multilateral_limit->minor() - position);
      }
    }
    for (const auto& [pair, limit] : bilateral_) {
      const std::int64_t position = Paid(pair.first, pair.second) - Paid(pair.second, pair.first);
      problem.bilateral_rooms.push_back(
          {pair.first, pair.second, core::Amount::FromMinor(limit - position)});
    }
    const PaymentOrder& order = payments_[payment].order;
    problem.payments.push_back({payment, order.sender, order.receiver,
                                core::Amount::FromMinor(amount), order.priority, 0});
    return problem;
  }

  // The largest part that the rules let settle now, found by trying all from the largest down.
  std::int64_t PartOf(PaymentId payment) {
    const Waiting& waiting = payments_[payment];
    const Splitting& splitting = rules_.splitting;
    const bool may_split =
        splitting.part_min.IsPositive() && waiting.order.amount >= splitting.threshold;
    std::int64_t most = waiting.unsettled;
    if (may_split && splitting.part_max.IsPositive()) {
      most = std::min(most, splitting.part_max.minor());
    }
    for (std::int64_t part = most; part > 0; --part) {
      const bool whole = part == waiting.unsettled;
      if (!whole && (!may_split || part < splitting.part_min.minor())) return 0;
      if (IsFeasible(ProblemOf(payment, part), {true})) return part;
    }
    return 0;
  }

  bool SettleAlone(PaymentId payment, Cause cause) {
    Waiting& waiting = payments_[payment];
    const PaymentOrder order = waiting.order;
    while (waiting.unsettled > 0) {
      const std::int64_t part = PartOf(payment);
      if (part == 0) return false;
      waiting.unsettled -= part;
      if (waiting.unsettled == 0) waiting.waits = false;
      Book(order, part);
      settlements_.push_back({payment, part, cause});
      MakeDue(order.receiver);
      WakeFor(order.sender);
    }
    return true;
  }

  void Book(const PaymentOrder& order, std::int64_t part) {
    balance_[order.sender] -= part;
    balance_[order.receiver] += part;
    if (order.priority == Priority::kUrgent) {
      urgent_[order.sender] -= std::min(urgent_[order.sender], part);
    }
    if (order.priority == Priority::kHigh) {
      high_[order.sender] -= std::min(high_[order.sender], part);
    }
    if (order.priority == Priority::kNormal) ReceiptsOf(order.sender) -= part;
    ReceiptsOf(order.receiver) += part;
    if (Binds(order)) paid_[{order.sender, order.receiver}] += part;
  }

  void MakeDue(BankIndex bank) {
    const bool listed = std::find(due_.begin(), due_.end(), bank) != due_.end();
    if (!listed && !QueueOf(bank).empty()) due_.push_back(bank);
  }

  // A bank that may not hold more has room again.
  void WakeFor(BankIndex bank) {
    if (!terms_[bank].holding_limit.has_value()) return;
    const bool awaited = std::any_of(payments_.begin(), payments_.end(), [&](const Waiting& w) {
      return w.waits && w.order.receiver == bank;
    });
    for (BankIndex other = 0; awaited && other < terms_.size(); ++other) MakeDue(other);
  }

  void Retry() {
    while (!due_.empty() && rules_.discipline != Discipline::kDeferred) {
      const BankIndex bank = due_.front();
      due_.erase(due_.begin());
      for (const PaymentId payment : QueueOf(bank)) {
        if (!payments_[payment].waits) continue;  // it went with its partner
        if (IsLinked(payment) ? SettlePair(payment) : SettleAlone(payment, Cause::kQueueRelease)) {
          continue;
        }
        if (!PassesOthers(payment)) break;
      }
    }
    due_.clear();
  }

  const Rules rules_;
  const std::vector<BankTerms> terms_;
  std::vector<std::int64_t> balance_, credit_, urgent_, high_;
  std::vector<std::pair<std::int64_t, std::int64_t>> receipts_;  // window, value
  std::map<std::pair<BankIndex, BankIndex>, std::int64_t> bilateral_;
  std::map<std::pair<BankIndex, BankIndex>, std::int64_t> paid_;  // of what limits bind
  std::vector<Waiting> payments_;
  std::vector<BankIndex> due_;
  std::vector<Settlement> settlements_;
  std::int64_t now_ = 0;
  std::int64_t next_place_ = 1'000'000;
  std::int64_t first_place_ = 1'000'000;
};

}  // namespace causeway::liquidity

#endif  // CAUSEWAY_TESTS_LIQUIDITY_NAIVE_ENGINE_H_
