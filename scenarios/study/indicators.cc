#include "scenarios/study/indicators.h"

#include <algorithm>
#include <numeric>

#include "scenarios/study/account_indicators.h"

namespace causeway::study {
namespace {

using Int128 = __int128;

// The hour of the day that a time belongs to: at 09:00 sharp the one before.
std::size_t HourOf(TimeUs time_of_day) {
  return static_cast<std::size_t>(std::min<TimeUs>((time_of_day - 1) / kHourUs, kHoursMax - 1));
}

void Count(CountAndValue& sum, std::int64_t value) {
  ++sum.count;
  sum.value += value;
}

// The indicators of one day but those of its accounts.
class DayCounter {
 public:
  DayCounter(const Input& input, const RunResult& result, const Ownership& banks, std::size_t day)
      : input_(input),
        result_(result),
        banks_(banks),
        day_index_(day),
        midnight_(static_cast<TimeUs>(day) * kDaySpanUs),
        closes_(midnight_ + result.ClosesOf(day)),
        sent_(banks.size(), 0) {}

  void Add(PaymentIndex index) {
    const Payment& payment = input_.payments[index];
    const PaymentResult& out = result_.payments[index];
    if (out.status == Status::kLate) return Count(day_.late, payment.amount);
    Count(day_.submitted, payment.amount);
    // All, but for what settled in parts before.
    const std::int64_t amount = result_.Rest(input_, index);
    if (out.status == Status::kRejected || out.status == Status::kCancelled) {
      return Count(day_.rejected, amount);
    }
    const bool settled = out.status == Status::kSettled;
    const TimeUs delay = (settled ? out.settled : closes_) - payment.due;
    ++delayed_;
    delay_sum_ += delay;
    if (payment.priority == liquidity::Priority::kUrgent) {
      ++urgent_;
      urgent_delay_sum_ += delay;
    }
    AddDelay(amount, delay, payment);
    day_.longest_delay_us = std::max(day_.longest_delay_us, delay);
    if (!settled) return Count(day_.unsettled, amount);
    ++day_.settled.count;
    ++ByCause(out.cause).count;
    if (delay <= kHourUs) ++within_hour_.count;
    AddSettled(payment, amount, out.settled, out.cause);
  }

  void AddPart(const SettledPart& part) {
    const Payment& payment = input_.payments[part.payment];
    AddDelay(part.amount, part.settled - payment.due, payment);
    AddSettled(payment, part.amount, part.settled, part.cause);
  }

  DayIndicators Finish(const std::vector<AccountIndicators>& bank_days);

 private:
  void AddDelay(std::int64_t amount, TimeUs delay, const Payment& payment) {
    weighted_delay_ += Int128{amount} * delay;
    weighted_close_ += Int128{amount} * (closes_ - payment.due);
  }
  void AddSettled(const Payment& payment, std::int64_t amount, TimeUs settled,
                  liquidity::Cause cause) {
    day_.settled.value += amount;
    ByCause(cause).value += amount;
    const std::uint32_t sender = banks_.Of(payment.sender);
    if (sender != banks_.Of(payment.recipient)) sent_[sender] += amount;
    if (settled - payment.due <= kHourUs) within_hour_.value += amount;
    by_hour_[HourOf(settled - midnight_)] += amount;
  }
  CountAndValue& ByCause(liquidity::Cause cause) {
    switch (cause) {
      case liquidity::Cause::kBilateralEntry:
      case liquidity::Cause::kBilateralQueue:
        return day_.settled_bilaterally;
      case liquidity::Cause::kMultilateralRun:
        return day_.settled_multilaterally;
      case liquidity::Cause::kCycle:
        return day_.settled_in_cycles;
      case liquidity::Cause::kQueueRelease:
        return day_.settled_from_queue;
      case liquidity::Cause::kNone:
      case liquidity::Cause::kImmediate:
        break;
    }
    return day_.settled_immediately;
  }
  void FinishQueue();

  const Input& input_;
  const RunResult& result_;
  const Ownership& banks_;
  std::size_t day_index_;
  TimeUs midnight_;
  TimeUs closes_;
  DayIndicators day_;
  std::uint64_t delayed_ = 0;
  std::uint64_t urgent_ = 0;
  Int128 urgent_delay_sum_ = 0;
  Int128 delay_sum_ = 0;
  Int128 weighted_delay_ = 0;
  Int128 weighted_close_ = 0;
  CountAndValue within_hour_;
  std::array<std::int64_t, kHoursMax> by_hour_{};
  std::vector<std::int64_t> sent_;  // by bank, to others
};

// (liquidity - LB) / (UB - LB). Where all settles on LB alone there is nothing to use: 0 with LB,
// and nothing else has a meaning.
Millionths UsageOf(const DayIndicators& day, std::int64_t liquidity) {
  if (day.upper_bound == day.lower_bound) {
    return liquidity == day.lower_bound ? Millionths(0) : std::nullopt;
  }
  return RatioOf(liquidity - day.lower_bound, day.upper_bound - day.lower_bound);
}

void DayCounter::FinishQueue() {
  const auto begin =
      std::lower_bound(result_.samples.begin(), result_.samples.end(), day_index_,
                       [](const QueueSample& sample, std::size_t day) { return sample.day < day; });
  const Episode* open = nullptr;
  for (auto at = begin; at != result_.samples.end() && at->day == day_index_; ++at) {
    day_.queue_peak_count = std::max({day_.queue_peak_count, at->queued_count, at->peak_count});
    day_.queue_peak_value = std::max({day_.queue_peak_value, at->queued_value, at->peak_value});
    const bool gridlock = at->state == liquidity::QueueState::kGridlock;
    const bool stuck = gridlock || at->state == liquidity::QueueState::kDeadlock;
    if (open != nullptr) day_.episodes.back().to = at->time;
    if (open != nullptr && (!stuck || open->gridlock != gridlock)) open = nullptr;
    if (open == nullptr && stuck && at->time < closes_) {
      day_.episodes.push_back({at->time, at->time, gridlock});
      open = &day_.episodes.back();
    }
  }
  for (const Episode& episode : day_.episodes) {
    const TimeUs length = episode.to - episode.from;
    (episode.gridlock ? day_.gridlock_us : day_.deadlock_us) += length;
    TimeUs& longest = episode.gridlock ? day_.longest_gridlock_us : day_.longest_deadlock_us;
    longest = std::max(longest, length);
  }
}

// Rounded half up; nothing of nothing.
std::optional<std::int64_t> MeanOf(Int128 sum, std::uint64_t count) {
  if (count == 0) return std::nullopt;
  return static_cast<std::int64_t>((sum + static_cast<Int128>(count / 2)) /
                                   static_cast<Int128>(count));
}

DayIndicators DayCounter::Finish(const std::vector<AccountIndicators>& bank_days) {
  day_.mean_delay_us = MeanOf(delay_sum_, delayed_);
  day_.urgent_mean_delay_us = MeanOf(urgent_delay_sum_, urgent_);
  day_.delay = RatioOf(weighted_delay_, weighted_close_);
  const std::int64_t settled = day_.settled.value;
  day_.offset_share = RatioOf(Int128{day_.settled_bilaterally.value} +
                                  day_.settled_multilaterally.value + day_.settled_in_cycles.value,
                              settled);
  const std::int64_t sent = std::accumulate(sent_.begin(), sent_.end(), std::int64_t{0});
  Int128 squares = 0;
  for (std::size_t i = 0; i < banks_.size(); ++i) {
    const AccountIndicators& bank = bank_days[day_index_ * banks_.size() + i];
    day_.lower_bound += bank.bounds.lower;
    day_.upper_bound += bank.bounds.upper;
    day_.liquidity += bank.available;
    day_.liquidity_used += bank.usage;
    day_.peak_credit += bank.peak_credit;
    day_.credit_charge += bank.credit_charge;
    // Shares of 2^31, so that the sum of squares of a million banks stays within 128 bits.
    if (sent > 0) {
      const Int128 share = (Int128{sent_[i]} << 31) / sent;
      squares += share * share;
    }
  }
  if (sent > 0) day_.herfindahl = RatioOf(squares, Int128{1} << 62);
  day_.usage = UsageOf(day_, day_.liquidity);
  day_.used_usage = UsageOf(day_, day_.liquidity_used);
  // Where nothing settled nothing was saved.
  if (settled > 0) {
    day_.liquidity_saved = RatioOf(day_.upper_bound - day_.liquidity_used, day_.upper_bound);
  }
  day_.turnover = RatioOf(settled, day_.liquidity);
  day_.one_hour_count =
      RatioOf(static_cast<Int128>(within_hour_.count), static_cast<Int128>(day_.submitted.count));
  day_.one_hour_value = RatioOf(within_hour_.value, day_.submitted.value);
  std::int64_t sum = 0;
  for (std::size_t hour = 0; hour < kHoursMax; ++hour) {
    sum += by_hour_[hour];
    day_.throughput[hour] = RatioOf(sum, settled);
  }
  FinishQueue();
  return std::move(day_);
}

// When shares of the settled value had settled, and how linked payments did: in the order of
// settlement.
void AddTimesOfShares(const Input& input, const RunResult& result,
                      std::vector<DayIndicators>& days) {
  std::vector<Int128> sums(days.size(), 0);
  ForEachSettlement(
      input, result, [&](PaymentIndex index, std::int64_t amount, TimeUs time, std::uint32_t) {
        const auto d = static_cast<std::size_t>(input.payments[index].due / kDaySpanUs);
        DayIndicators& day = days[d];
        sums[d] += amount;
        const TimeUs time_of_day = time - static_cast<TimeUs>(d) * kDaySpanUs;
        if (!day.half_settled_at && 2 * sums[d] >= day.settled.value)
          day.half_settled_at = time_of_day;
        if (!day.three_quarters_settled_at && 4 * sums[d] >= Int128{3} * day.settled.value) {
          day.three_quarters_settled_at = time_of_day;
        }
      });
}

}  // namespace

Millionths RatioOf(__int128 numerator, __int128 denominator) {
  if (denominator == 0) return std::nullopt;
  const bool negative = (numerator < 0) != (denominator < 0);
  Int128 left = numerator < 0 ? -numerator : numerator;
  Int128 right = denominator < 0 ? -denominator : denominator;
  // Below 2^107 a million times fits; above, the last bits do not show.
  while (left >> 106 != 0) {
    left >>= 1;
    right >>= 1;
  }
  if (right == 0) return std::nullopt;
  const Int128 scaled = left * 1'000'000;
  Int128 quotient = scaled / right;
  const Int128 twice = (scaled % right) * 2;
  if (twice > right || (twice == right && quotient % 2 != 0)) ++quotient;
  return static_cast<std::int64_t>(negative ? -quotient : quotient);
}

std::vector<Bounds> BoundsOf(const Input& input, TimeUs closes,
                             const std::vector<TimeUs>& day_closes) {
  const std::size_t accounts = input.accounts.size();
  std::vector<Bounds> bounds(input.days.size() * accounts);
  std::vector<std::int64_t> positions(bounds.size(), 0);
  for (const Payment& payment : input.payments) {
    const auto day = static_cast<std::size_t>(payment.due / kDaySpanUs);
    if (payment.sender == payment.recipient) continue;
    if (payment.due % kDaySpanUs >= (day_closes.empty() ? closes : day_closes[day])) continue;
    const std::size_t base = day * accounts;
    std::int64_t& sender = positions[base + payment.sender];
    sender -= payment.amount;
    positions[base + payment.recipient] += payment.amount;
    Bounds& of_sender = bounds[base + payment.sender];
    of_sender.upper = std::max(of_sender.upper, -sender);
  }
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    bounds[i].lower = std::max<std::int64_t>(0, -positions[i]);
  }
  return bounds;
}

Indicators ComputeIndicators(const Input& input, const RunResult& result) {
  Indicators all;
  all.flows = FlowsOf(input, result);
  all.accounts = AccountIndicatorsOf(input, result, result.account_days, all.flows);
  all.customers = CustomerUsesOf(input, result, all.accounts);
  const Ownership banks(input);
  if (banks.HaveOneAccountEach()) {
    all.months = MonthsOf(input, all.accounts, all.customers);
  } else {
    const Input by_bank = ByBank(input, banks);
    all.banks = AccountIndicatorsOf(by_bank, result, ByBank(result.account_days, banks),
                                    FlowsOf(by_bank, result));
    CustomerUsesOf(by_bank, result, all.banks);  // the same uses; of the banks' lines
    all.months = MonthsOf(by_bank, all.banks, all.customers);
  }
  PaymentIndex next = 0;
  std::size_t part = 0;
  for (std::size_t day = 0; day < input.days.size(); ++day) {
    DayCounter counter(input, result, banks, day);
    const TimeUs end = (static_cast<TimeUs>(day) + 1) * kDaySpanUs;
    for (; part < result.parts.size() && input.payments[result.parts[part].payment].due < end;
         ++part) {
      counter.AddPart(result.parts[part]);
    }
    for (; next < input.payments.size() && input.payments[next].due < end; ++next) {
      counter.Add(next);
    }
    all.days.push_back(counter.Finish(all.OfBanks()));
  }
  AddTimesOfShares(input, result, all.days);
  AddLinked(input, result, all.days);
  all.targets = TargetsOf(input, result, banks, all.OfBanks(), all.days);
  return all;
}

}  // namespace causeway::study
