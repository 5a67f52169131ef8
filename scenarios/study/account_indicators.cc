#include "scenarios/study/account_indicators.h"

#include <algorithm>
#include <numeric>

namespace causeway::study {
namespace {

using Int128 = __int128;

// A net position over time: what went out less what came in, and its extremes.
class Position {
 public:
  void Out(std::int64_t amount) { net_out_ += amount; }
  void In(std::int64_t amount) { net_out_ -= amount; }
  // At an instant that others can see: not within a set.
  void Look() {
    out_most_ = std::max(out_most_, net_out_);
    in_most_ = std::max(in_most_, -net_out_);
  }
  std::int64_t out_most() const { return out_most_; }
  std::int64_t in_most() const { return in_most_; }

 private:
  std::int64_t net_out_ = 0;
  std::int64_t out_most_ = 0;
  std::int64_t in_most_ = 0;
};

struct Positions {
  Position real;
  Position without_largest_payer;
  Position without_customers;  // receipts for customers
  Position customers;          // what is for customers, and nothing else
};

// What settled of one day, or of all.
struct Stretch {
  std::size_t first = 0;  // places in RunResult::settlement_order, up to `end`
  std::size_t end = 0;
  std::size_t first_part = 0;  // places in RunResult::parts
  std::size_t end_part = 0;
};

std::vector<Flow> FlowsWithin(const Input& input, const RunResult& result, const Stretch& stretch);

// For each account the other one that pays most to it, kNone for those that nobody pays; the
// earlier account of two.
std::vector<AccountIndex> LargestPayers(const Input& input, const std::vector<Flow>& flows) {
  std::vector<AccountIndex> payers(input.accounts.size(), kNone);
  std::vector<std::int64_t> most(input.accounts.size(), 0);
  for (const Flow& flow : flows) {
    if (flow.sender == flow.recipient) continue;
    if (flow.settled.value <= most[flow.recipient]) continue;
    most[flow.recipient] = flow.settled.value;
    payers[flow.recipient] = flow.sender;
  }
  return payers;
}

// Follows the positions of all accounts through one day's settlements.
class PositionWalk {
 public:
  // `flows` are those of all days.
  PositionWalk(const Input& input, const RunResult& result, const std::vector<Flow>& flows)
      : input_(input), result_(result), flows_(flows), positions_(input.accounts.size()) {}

  // From settlement_order[next] to the end of the day, which gives the next day's first.
  std::size_t Walk(std::size_t next, TimeUs day_end, AccountIndicators* accounts) {
    std::fill(positions_.begin(), positions_.end(), Positions());
    FindLargestPayers(next, day_end);
    const std::vector<PaymentIndex>& order = result_.settlement_order;
    for (;;) {
      BookParts(next, day_end, accounts);
      if (next >= order.size() || input_.payments[order[next]].due >= day_end) break;
      const std::uint32_t set = result_.payments[order[next]].set;
      const std::size_t first = next;
      do {
        const Payment& payment = input_.payments[order[next]];
        if (payment.sender != payment.recipient) {
          ++accounts[payment.sender].sent_count;
          ++accounts[payment.recipient].received_count;
        }
        Book(payment, result_.Rest(input_, order[next++]), accounts);
      } while (set != 0 && next < order.size() && result_.payments[order[next]].set == set);
      for (std::size_t i = first; i < next; ++i) Look(input_.payments[order[i]]);
    }
    for (std::size_t i = 0; i < positions_.size(); ++i) {
      accounts[i].usage = positions_[i].real.out_most();
      accounts[i].largest_inflow = positions_[i].real.in_most();
      accounts[i].counterparty_stress_usage = positions_[i].without_largest_payer.out_most();
      accounts[i].customer_stress_usage = positions_[i].without_customers.out_most();
      accounts[i].customer_usage = positions_[i].customers.out_most();
    }
    return next;
  }

 private:
  // Of the day: a counterparty's stress is an event within it.
  void FindLargestPayers(std::size_t next, TimeUs day_end) {
    if (input_.days.size() == 1) {
      largest_payers_ = LargestPayers(input_, flows_);
      return;
    }
    const auto is_before = [&](PaymentIndex payment) {
      return input_.payments[payment].due < day_end;
    };
    Stretch day{next, next, next_part_, next_part_};
    const std::vector<PaymentIndex>& order = result_.settlement_order;
    while (day.end < order.size() && is_before(order[day.end])) ++day.end;
    while (day.end_part < result_.parts.size() && is_before(result_.parts[day.end_part].payment)) {
      ++day.end_part;
    }
    largest_payers_ = LargestPayers(input_, FlowsWithin(input_, result_, day));
  }
  // The parts of payments that settled just before settlement_order[next].
  void BookParts(std::size_t next, TimeUs day_end, AccountIndicators* accounts) {
    for (; next_part_ < result_.parts.size(); ++next_part_) {
      const SettledPart& part = result_.parts[next_part_];
      const Payment& payment = input_.payments[part.payment];
      if (part.after != next || payment.due >= day_end) return;
      Book(payment, part.amount, accounts);
      Look(payment);
    }
  }
  void Book(const Payment& payment, std::int64_t amount, AccountIndicators* accounts) {
    if (payment.sender == payment.recipient) return;
    accounts[payment.sender].sent += amount;
    accounts[payment.recipient].received += amount;
    Positions& out = positions_[payment.sender];
    out.real.Out(amount);
    out.without_largest_payer.Out(amount);
    out.without_customers.Out(amount);
    Positions& in = positions_[payment.recipient];
    in.real.In(amount);
    if (largest_payers_[payment.recipient] != payment.sender) in.without_largest_payer.In(amount);
    if (payment.for_customer) {
      out.customers.Out(amount);
      in.customers.In(amount);
    } else {
      in.without_customers.In(amount);
    }
  }
  void Look(const Payment& payment) {
    for (const AccountIndex account : {payment.sender, payment.recipient}) {
      Positions& positions = positions_[account];
      positions.real.Look();
      positions.without_largest_payer.Look();
      positions.without_customers.Look();
      positions.customers.Look();
    }
  }

  const Input& input_;
  const RunResult& result_;
  const std::vector<Flow>& flows_;
  std::vector<AccountIndex> largest_payers_;
  std::vector<Positions> positions_;
  std::size_t next_part_ = 0;
};

// Sums of one day that become an account's ratios.
struct DaySums {
  std::array<std::int64_t, kHoursMax> by_hour{};
  Int128 weighted_delay = 0;
  Int128 weighted_close = 0;
};

void AddSettled(const Payment& payment, std::int64_t amount, TimeUs settled, TimeUs midnight,
                TimeUs closes, DaySums& sums) {
  sums.weighted_delay += Int128{amount} * (settled - payment.due);
  sums.weighted_close += Int128{amount} * (closes - payment.due);
  const TimeUs hour = std::min<TimeUs>((settled - midnight - 1) / kHourUs, kHoursMax - 1);
  sums.by_hour[static_cast<std::size_t>(hour)] += amount;
}

// Whether what settled at `settled` missed the time of a time-specific payment.
bool Misses(const Input& input, PaymentIndex payment, TimeUs settled) {
  return input.payments[payment].time_specific && !input.settle_by.empty() &&
         input.settle_by[payment] != kNoTime && settled > input.settle_by[payment];
}

void AddPayment(const Input& input, const RunResult& result, PaymentIndex index, TimeUs midnight,
                TimeUs closes, AccountIndicators& account, DaySums& sums) {
  const Payment& payment = input.payments[index];
  const PaymentResult& out = result.payments[index];
  const std::int64_t rest = result.Rest(input, index);  // what did not settle in parts before
  if (out.status == Status::kLate || payment.sender == payment.recipient) return;
  const bool settled = out.status == Status::kSettled;
  account.submitted += payment.amount;
  if (payment.time_specific) {
    ++account.time_specific.count;
    account.time_specific.value += payment.amount;
    if (!settled || Misses(input, index, out.settled)) {
      ++account.time_specific_missed.count;
      account.time_specific_missed.value += rest;
    }
  }
  if (payment.for_customer) {
    ++account.for_customers.count;
    account.for_customers.value += payment.amount;
  }
  if (out.status == Status::kRejected || out.status == Status::kCancelled) return;
  if (settled) return AddSettled(payment, rest, out.settled, midnight, closes, sums);
  sums.weighted_delay += Int128{rest} * (closes - payment.due);
  sums.weighted_close += Int128{rest} * (closes - payment.due);
}

void FinishAccount(const AccountDay& day, const DaySums& sums,
                   std::int64_t credit_loss_basis_points, AccountIndicators& out) {
  out.available = day.opening + day.credit_limit;
  out.available_balance = day.opening;
  out.available_collateral = day.collateral_credit;
  out.available_credit = day.credit_limit - day.collateral_credit;
  out.peak_credit = day.peak_credit;
  out.credit_charge = day.credit_charge;
  out.own_stress_usage = out.sent;
  out.own_stress_available = day.opening;
  // The part of the credit that is lost, rounded up.
  const std::int64_t lost = static_cast<std::int64_t>(
      (Int128{day.credit_limit} * credit_loss_basis_points + 9'999) / 10'000);
  out.market_stress_available = day.opening + day.credit_limit - lost;
  std::int64_t sum = 0;
  for (std::size_t hour = 0; hour < kHoursMax; ++hour) {
    sum += sums.by_hour[hour];
    out.throughput[hour] = RatioOf(sum, out.sent);
  }
  out.mean_delay = RatioOf(sums.weighted_delay, sums.weighted_close);
}

std::vector<Flow> FlowsWithin(const Input& input, const RunResult& result, const Stretch& stretch) {
  // By sender, then by recipient: a counting sort by sender, and a plain one within each.
  const std::size_t accounts = input.accounts.size();
  std::vector<std::size_t> begin(accounts + 1, 0);
  const std::vector<PaymentIndex>& order = result.settlement_order;
  for (std::size_t i = stretch.first; i < stretch.end; ++i) {
    ++begin[input.payments[order[i]].sender + 1];
  }
  std::partial_sum(begin.begin(), begin.end(), begin.begin());
  std::vector<PaymentIndex> by_sender(stretch.end - stretch.first);
  std::vector<std::size_t> at(begin.begin(), begin.end() - 1);
  for (std::size_t i = stretch.first; i < stretch.end; ++i) {
    by_sender[at[input.payments[order[i]].sender]++] = order[i];
  }
  std::vector<std::vector<std::size_t>> parts_by_sender(accounts);
  for (std::size_t part = stretch.first_part; part < stretch.end_part; ++part) {
    parts_by_sender[input.payments[result.parts[part].payment].sender].push_back(part);
  }
  std::vector<Flow> flows;
  std::vector<CountAndValue> to(accounts);
  std::vector<AccountIndex> recipients;
  for (std::size_t sender = 0; sender < accounts; ++sender) {
    recipients.clear();
    for (std::size_t i = begin[sender]; i < begin[sender + 1]; ++i) {
      const Payment& payment = input.payments[by_sender[i]];
      CountAndValue& sum = to[payment.recipient];
      if (sum.value == 0) recipients.push_back(payment.recipient);
      ++sum.count;
      sum.value += result.Rest(input, by_sender[i]);
    }
    for (const std::size_t part : parts_by_sender[sender]) {
      CountAndValue& sum = to[input.payments[result.parts[part].payment].recipient];
      if (sum.value == 0) {
        recipients.push_back(input.payments[result.parts[part].payment].recipient);
      }
      sum.value += result.parts[part].amount;
    }
    std::sort(recipients.begin(), recipients.end());
    for (const AccountIndex recipient : recipients) {
      flows.push_back({static_cast<AccountIndex>(sender), recipient, to[recipient]});
      to[recipient] = {};
    }
  }
  return flows;
}

}  // namespace

std::vector<Flow> FlowsOf(const Input& input, const RunResult& result) {
  return FlowsWithin(input, result, {0, result.settlement_order.size(), 0, result.parts.size()});
}

std::vector<AccountIndicators> AccountIndicatorsOf(const Input& input, const RunResult& result,
                                                   const std::vector<AccountDay>& account_days,
                                                   const std::vector<Flow>& flows) {
  const std::size_t accounts = input.accounts.size();
  std::vector<AccountIndicators> all(input.days.size() * accounts);
  const std::vector<Bounds> bounds = BoundsOf(input, result.closes, result.day_closes);
  PositionWalk walk(input, result, flows);
  std::vector<DaySums> sums(accounts);
  PaymentIndex next = 0;
  std::size_t next_settled = 0;
  std::size_t part = 0;
  for (std::size_t day = 0; day < input.days.size(); ++day) {
    const TimeUs midnight = static_cast<TimeUs>(day) * kDaySpanUs;
    const TimeUs closes = midnight + result.ClosesOf(day);
    AccountIndicators* const of_day = all.data() + day * accounts;
    std::fill(sums.begin(), sums.end(), DaySums());
    for (; next < input.payments.size() && input.payments[next].due < midnight + kDaySpanUs;
         ++next) {
      const AccountIndex sender = input.payments[next].sender;
      AddPayment(input, result, next, midnight, closes, of_day[sender], sums[sender]);
    }
    for (; part < result.parts.size(); ++part) {
      const SettledPart& of = result.parts[part];
      const Payment& payment = input.payments[of.payment];
      if (payment.due >= midnight + kDaySpanUs) break;
      if (payment.sender == payment.recipient) continue;
      AddSettled(payment, of.amount, of.settled, midnight, closes, sums[payment.sender]);
      if (Misses(input, of.payment, of.settled)) {
        of_day[payment.sender].time_specific_missed.value += of.amount;
      }
    }
    next_settled = walk.Walk(next_settled, midnight + kDaySpanUs, of_day);
    for (std::size_t i = 0; i < accounts; ++i) {
      of_day[i].bounds = bounds[day * accounts + i];
      FinishAccount(account_days[day * accounts + i], sums[i],
                    result.stress_credit_loss_basis_points, of_day[i]);
    }
  }
  return all;
}

std::vector<TargetOutcome> TargetsOf(const Input& input, const RunResult& result,
                                     const Ownership& banks,
                                     const std::vector<AccountIndicators>& bank_days,
                                     std::vector<DayIndicators>& days) {
  const std::size_t targets = result.targets.size();
  if (targets == 0) return {};
  const std::size_t count = banks.size();
  // What each bank, and in the last place all of them, had settled by each target's time.
  std::vector<std::int64_t> settled(days.size() * (count + 1) * targets, 0);
  ForEachSettlement(input, result,
                    [&](PaymentIndex index, std::int64_t amount, TimeUs time, std::uint32_t) {
                      const Payment& payment = input.payments[index];
                      const auto day = static_cast<std::size_t>(payment.due / kDaySpanUs);
                      const TimeUs time_of_day = time - static_cast<TimeUs>(day) * kDaySpanUs;
                      const std::size_t sender = banks.Of(payment.sender);
                      const bool within = sender == banks.Of(payment.recipient);
                      for (std::size_t target = 0; target < targets; ++target) {
                        if (time_of_day > result.targets[target].by) continue;
                        settled[(day * (count + 1) + count) * targets + target] += amount;
                        if (within) continue;
                        settled[(day * (count + 1) + sender) * targets + target] += amount;
                      }
                    });
  std::vector<TargetOutcome> outcomes;
  for (std::size_t day = 0; day < days.size(); ++day) {
    const auto add = [&](std::uint32_t bank, std::size_t place, std::int64_t submitted) {
      for (std::size_t target = 0; target < targets && submitted > 0; ++target) {
        TargetOutcome outcome{target, day, bank, std::nullopt, true};
        outcome.share = RatioOf(settled[(day * (count + 1) + place) * targets + target], submitted);
        outcome.met = *outcome.share >= result.targets[target].millionths;
        days[day].target_breaches += bank != kNone && !outcome.met ? 1 : 0;
        outcomes.push_back(outcome);
      }
    };
    add(kNone, count, days[day].submitted.value);
    for (std::size_t i = 0; i < count; ++i) {
      add(static_cast<std::uint32_t>(i), i, bank_days[day * count + i].submitted);
    }
  }
  return outcomes;
}

std::vector<LinkOutcome> LinkOutcomesOf(
    const std::vector<std::pair<const Input*, const RunResult*>>& parts) {
  std::vector<LinkOutcome> all;
  for (const auto& [input, result] : parts) {
    for (PaymentIndex i = 0; i < input->links.size(); ++i) {
      if (input->links[i] >= all.size()) all.resize(input->links[i] + std::size_t{1});
      LinkOutcome& link = all[input->links[i]];
      const PaymentResult& out = result->payments[i];
      if (out.status != Status::kSettled) {
        link.open = true;
        continue;
      }
      link.first = link.first == kNoTime ? out.settled : std::min(link.first, out.settled);
      link.last = std::max(link.last, out.settled);
    }
  }
  return all;
}

void AddLinked(const Input& input, const RunResult& result, std::vector<DayIndicators>& days) {
  if (input.links.empty()) return;
  const std::vector<LinkOutcome> own =
      result.links.empty() ? LinkOutcomesOf({{&input, &result}}) : std::vector<LinkOutcome>();
  const std::vector<LinkOutcome>& all = result.links.empty() ? own : result.links;
  struct Sums {
    std::int64_t settled = 0;
    std::int64_t together = 0;
    Int128 exposure = 0;
    std::vector<std::pair<TimeUs, std::int64_t>> changes;
  };
  std::vector<Sums> sums(days.size());
  for (PaymentIndex i = 0; i < input.payments.size(); ++i) {
    if (input.links[i] == 0 || result.payments[i].status == Status::kLate) continue;
    const auto d = static_cast<std::size_t>(input.payments[i].due / kDaySpanUs);
    const std::int64_t amount = input.payments[i].amount;
    ++days[d].linked.count;
    days[d].linked.value += amount;
    if (result.payments[i].status != Status::kSettled) continue;
    const LinkOutcome& link = all[input.links[i]];
    sums[d].settled += amount;
    if (!link.open && link.first == link.last) {
      sums[d].together += amount;
      continue;
    }
    // Paid, and not all others are: at risk until the last leg, or the close.
    const TimeUs closes = static_cast<TimeUs>(d) * kDaySpanUs + result.ClosesOf(d);
    const TimeUs until = link.open ? closes : link.last;
    const TimeUs from = result.payments[i].settled;
    if (until <= from) continue;
    sums[d].exposure += Int128{amount} * (until - from);
    sums[d].changes.emplace_back(from, amount);
    sums[d].changes.emplace_back(until, -amount);
  }
  for (std::size_t d = 0; d < days.size(); ++d) {
    days[d].pvp_share = RatioOf(sums[d].together, sums[d].settled);
    days[d].principal_at_risk_hours = RatioOf(sums[d].exposure, Int128{sums[d].settled} * kHourUs);
    std::sort(sums[d].changes.begin(), sums[d].changes.end());
    std::int64_t at_risk = 0;
    for (const auto& [time, change] : sums[d].changes) {
      at_risk += change;
      days[d].principal_at_risk_peak = std::max(days[d].principal_at_risk_peak, at_risk);
    }
  }
}

}  // namespace causeway::study
