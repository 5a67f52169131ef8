#include "scenarios/study/runner.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "scenarios/study/indicators.h"
#include "settlement/core/check.h"
#include "settlement/liquidity/engine.h"

namespace causeway::study {
namespace {

using core::Amount;
using core::Duration;
using core::LedgerTime;

constexpr TimeUs kSampleMin = kMinuteUs / 60;
constexpr std::size_t kSamplesMax = 10'000'000;

absl::Status CheckOptions(const RunOptions& options) {
  if (options.opens && options.closes && *options.opens >= *options.closes) {
    return absl::InvalidArgumentError("the day must close after it opens");
  }
  for (const auto& time : {options.opens, options.closes}) {
    if (time && (*time < 0 || *time > kDayUs)) {
      return absl::InvalidArgumentError("opening and close must be within a day");
    }
  }
  if (options.lsm_every < kSampleMin || options.sample_every < kSampleMin) {
    return absl::InvalidArgumentError("runs and samples must be at least a second apart");
  }
  if (options.alpha) {
    std::uint64_t one = 1;
    for (int i = 0; i < options.alpha->scale; ++i) one *= 10;
    if (options.alpha->digits / one > kAlphaMax) {
      return absl::InvalidArgumentError(fmt::format("alpha must be at most {}", kAlphaMax));
    }
  }
  return absl::OkStatus();
}

// The whole hours around all due times.
std::pair<TimeUs, TimeUs> DayAround(const Input& input) {
  TimeUs first = kDayUs;
  TimeUs last = 0;
  for (const Payment& payment : input.payments) {
    first = std::min(first, payment.due % kDayUs);
    last = std::max(last, payment.due % kDayUs);
  }
  if (first > last) return {0, kDayUs};
  return {first / kHourUs * kHourUs, (last / kHourUs + 1) * kHourUs};
}

// LB + alpha (UB - LB), rounded down.
std::int64_t Endowment(const Bounds& bounds, const core::UnsignedDecimal& alpha) {
  __int128 one = 1;
  for (int i = 0; i < alpha.scale; ++i) one *= 10;
  const __int128 extra = static_cast<__int128>(bounds.upper - bounds.lower) *
                         static_cast<__int128>(alpha.digits) / one;
  return static_cast<std::int64_t>(bounds.lower + extra);
}

class StudyRunner {
 public:
  StudyRunner(const Input& input, const RunOptions& options) : input_(input), options_(options) {}

  absl::StatusOr<RunResult> Run();

 private:
  std::size_t accounts() const { return input_.accounts.size(); }
  absl::Status Start();
  liquidity::Rules RulesOf(TimeUs opens) const;
  std::vector<liquidity::BankTerms> TermsOf(std::size_t day);
  absl::Status RunDay(std::size_t day);
  // Samples the queue, and asks behaviours again, at all times for it before `time`.
  void AdvanceBefore(TimeUs time);
  void Sample(TimeUs time);
  void AskAgain(TimeUs time);
  bool Submits(PaymentIndex index, TimeUs time, bool first);
  void Submit(PaymentIndex index, TimeUs time);
  void Take();
  void EndDay(std::size_t day);

  const Input& input_;
  const RunOptions& options_;
  RunResult result_;
  std::vector<Bounds> bounds_;  // with alpha
  std::vector<liquidity::BilateralLimit> bilateral_limits_;
  std::optional<liquidity::Engine> engine_;  // of the day at hand
  liquidity::Engine::Effects effects_;
  std::uint32_t day_ = 0;                // at hand
  PaymentIndex next_ = 0;                // the first payment that has not been looked at
  std::vector<PaymentIndex> submitted_;  // by the engine's number
  std::uint32_t sets_before_ = 0;        // of earlier days
  TimeUs next_sample_ = 0;
  TimeUs next_ask_ = 0;
  // With behaviours, by account.
  std::vector<std::unique_ptr<Behaviour>> behaviours_;
  std::vector<std::int64_t> received_;  // settled today
  std::vector<std::int64_t> sent_;
  std::vector<PaymentIndex> held_;  // payments that their senders keep back, by due time
};

absl::Status StudyRunner::Start() {
  if (absl::Status status = CheckOptions(options_); !status.ok()) return status;
  if (input_.accounts.empty()) return absl::InvalidArgumentError("there are no accounts");
  std::tie(result_.opens, result_.closes) = DayAround(input_);
  result_.opens = options_.opens.value_or(result_.opens);
  result_.closes = options_.closes.value_or(result_.closes);
  if (result_.opens >= result_.closes) {
    return absl::InvalidArgumentError("the day must close after it opens");
  }
  const auto samples =
      static_cast<std::size_t>((result_.closes - result_.opens) / options_.sample_every + 2);
  if (samples > kSamplesMax / input_.days.size()) {
    return absl::InvalidArgumentError(
        fmt::format("there would be more than {} samples of the queue", kSamplesMax));
  }
  result_.payments.resize(input_.payments.size());
  result_.settlement_order.reserve(input_.payments.size());
  result_.account_days.resize(input_.days.size() * accounts());
  if (options_.behaviours) {
    for (AccountIndex i = 0; i < accounts(); ++i) {
      behaviours_.push_back(options_.behaviours(i));
    }
  }
  if (options_.alpha) bounds_ = BoundsOf(input_, result_.closes);
  for (const Limit& limit : input_.limits) {
    if (limit.counterparty == kNone) continue;
    bilateral_limits_.push_back(
        {limit.account, limit.counterparty, Amount::FromMinor(limit.amount)});
  }
  return absl::OkStatus();
}

liquidity::Rules StudyRunner::RulesOf(TimeUs opens) const {
  liquidity::Rules rules;
  rules.discipline = options_.queue;
  rules.entry_offset = options_.entry_offset;
  rules.tell_queued = false;
  for (const liquidity::Algorithm algorithm : options_.lsm) {
    liquidity::Optimisation run;
    run.algorithm = algorithm;
    run.first = LedgerTime::FromMicros(opens + options_.lsm_every);
    run.every = Duration::FromMicros(options_.lsm_every);
    // As in RITS: counter-payments are looked for after a minute's wait.
    if (algorithm == liquidity::Algorithm::kBilateralSingle)
      run.wait_min = Duration::FromMinutes(1);
    rules.optimisations.push_back(run);
  }
  return rules;
}

std::vector<liquidity::BankTerms> StudyRunner::TermsOf(std::size_t day) {
  std::vector<liquidity::BankTerms> terms(accounts());
  for (std::size_t i = 0; i < accounts(); ++i) {
    const Account& account = input_.accounts[i];
    AccountDay& of_day = result_.account_days[day * accounts() + i];
    if (options_.alpha) {
      of_day.opening = Endowment(bounds_[day * accounts() + i], *options_.alpha);
    } else {
      of_day.opening =
          day == 0 ? account.balance : result_.account_days[(day - 1) * accounts() + i].closing;
      of_day.credit_limit =
          account.credit_limit + (options_.credit_on_collateral ? account.posted_collateral : 0);
    }
    terms[i].balance = Amount::FromMinor(of_day.opening);
    terms[i].uncollateralised_credit = Amount::FromMinor(of_day.credit_limit);
  }
  for (const Limit& limit : input_.limits) {
    if (limit.counterparty != kNone) continue;
    terms[limit.account].multilateral_limit = Amount::FromMinor(limit.amount);
  }
  return terms;
}

void StudyRunner::Take() {
  using liquidity::EffectKind;
  for (const liquidity::Effect& effect : effects_) {
    if (effect.kind == EffectKind::kRun) {
      ++result_.optimisation_runs;
      continue;
    }
    if (effect.kind == EffectKind::kDiagnosis) continue;
    const PaymentIndex payment = submitted_[effect.payment];
    PaymentResult& out = result_.payments[payment];
    if (effect.kind == EffectKind::kRejected) {
      out.status = Status::kRejected;
    } else if (effect.kind == EffectKind::kSettled) {
      out.status = Status::kSettled;
      out.settled = effect.time.micros();
      out.cause = effect.cause;
      out.algorithm = effect.algorithm;
      out.set = effect.set == 0 ? 0 : sets_before_ + effect.set;
      result_.sets = std::max(result_.sets, out.set);
      result_.settlement_order.push_back(payment);
      if (!behaviours_.empty()) {
        sent_[input_.payments[payment].sender] += input_.payments[payment].amount;
        received_[input_.payments[payment].recipient] += input_.payments[payment].amount;
      }
    }
  }
  effects_.clear();
}

void StudyRunner::Sample(TimeUs time) {
  engine_->AdvanceTo(LedgerTime::FromMicros(time), effects_);
  QueueSample& sample = result_.samples.emplace_back();
  sample.time = time;
  sample.day = day_;
  sample.queued_count = engine_->queued_count();
  sample.queued_value = engine_->queued_value().minor();
  if (sample.queued_count > 0) sample.state = engine_->Diagnose();
}

void StudyRunner::AdvanceBefore(TimeUs time) {
  while (next_sample_ < time || (!held_.empty() && next_ask_ < time)) {
    if (!held_.empty() && next_ask_ <= next_sample_) {
      AskAgain(next_ask_);
      next_ask_ += kBehaviourEvery;
    } else {
      Sample(next_sample_);
      next_sample_ += options_.sample_every;
    }
  }
}

bool StudyRunner::Submits(PaymentIndex index, TimeUs time, bool first) {
  const Payment& payment = input_.payments[index];
  if (behaviours_.empty() || behaviours_[payment.sender] == nullptr) return true;
  const TimeUs midnight = payment.due / kDayUs * kDayUs;
  const liquidity::BankView bank = engine_->Bank(payment.sender);
  BehaviourView view;
  view.now = time - midnight;
  view.opens = result_.opens;
  view.closes = result_.closes;
  view.opening = result_
                     .account_days[static_cast<std::size_t>(payment.due / kDayUs) * accounts() +
                                   payment.sender]
                     .opening;
  view.balance = bank.balance.minor();
  view.queued = bank.queued_out.minor();
  view.received = received_[payment.sender];
  view.sent = sent_[payment.sender];
  return behaviours_[payment.sender]->Submits(view, payment, first);
}

void StudyRunner::AskAgain(TimeUs time) {
  engine_->AdvanceTo(LedgerTime::FromMicros(time), effects_);
  Take();
  std::vector<PaymentIndex> still_held;
  for (const PaymentIndex index : held_) {
    if (Submits(index, time, false)) {
      Submit(index, time);
    } else {
      still_held.push_back(index);
    }
  }
  held_ = std::move(still_held);
}

void StudyRunner::Submit(PaymentIndex index, TimeUs time) {
  const Payment& payment = input_.payments[index];
  result_.payments[index].submitted = time;
  result_.payments[index].status = Status::kUnsettled;
  submitted_.push_back(index);
  engine_->Submit(
      LedgerTime::FromMicros(time),
      {payment.sender, payment.recipient, Amount::FromMinor(payment.amount), payment.priority},
      effects_);
  Take();
}

void StudyRunner::EndDay(std::size_t day) {
  const TimeUs closes = static_cast<TimeUs>(day) * kDayUs + result_.closes;
  AdvanceBefore(closes);
  held_.clear();
  // The last run of the day comes at its close, whatever the interval.
  engine_->AdvanceTo(LedgerTime::FromMicros(closes), effects_);
  const auto interval = options_.lsm_every;
  if ((result_.closes - result_.opens) % interval != 0) {
    for (std::uint32_t i = 0; i < options_.lsm.size(); ++i) {
      engine_->RunOptimisation(LedgerTime::FromMicros(closes), i, effects_);
    }
  }
  Sample(closes);
  engine_->Close(LedgerTime::FromMicros(closes), effects_);
  Take();
  for (std::size_t i = 0; i < accounts(); ++i) {
    result_.account_days[day * accounts() + i].closing =
        engine_->Balance(static_cast<liquidity::BankIndex>(i)).minor();
  }
  sets_before_ = result_.sets;
}

absl::Status StudyRunner::RunDay(std::size_t day) {
  const TimeUs midnight = static_cast<TimeUs>(day) * kDayUs;
  const TimeUs opens = midnight + result_.opens;
  const TimeUs closes = midnight + result_.closes;
  absl::StatusOr<liquidity::Engine> engine = liquidity::Engine::Create(
      RulesOf(opens), TermsOf(day), bilateral_limits_, LedgerTime::FromMicros(opens));
  if (!engine.ok()) return engine.status();
  engine_.emplace(*std::move(engine));
  submitted_.clear();
  if (!behaviours_.empty()) {
    sent_.assign(accounts(), 0);
    received_.assign(accounts(), 0);
  }
  day_ = static_cast<std::uint32_t>(day);
  next_sample_ = opens;
  PaymentIndex last = next_;
  while (last < input_.payments.size() && input_.payments[last].due < midnight + kDayUs) ++last;
  engine_->ReservePayments(last - next_);
  submitted_.reserve(last - next_);
  for (; next_ < last; ++next_) {
    const Payment& payment = input_.payments[next_];
    PaymentResult& out = result_.payments[next_];
    out.submitted = std::max(payment.due, opens);
    if (payment.due >= closes) {
      out.status = Status::kLate;
      continue;
    }
    // What is due at the time of a sample belongs to it.
    AdvanceBefore(out.submitted);
    if (Submits(next_, out.submitted, true)) {
      Submit(next_, out.submitted);
    } else {
      // Asked about again at the next full interval of the day.
      const TimeUs interval = (out.submitted - opens) / kBehaviourEvery + 1;
      if (held_.empty()) next_ask_ = opens + interval * kBehaviourEvery;
      held_.push_back(next_);
      out.status = Status::kWithheld;
    }
  }
  EndDay(day);
  return absl::OkStatus();
}

absl::StatusOr<RunResult> StudyRunner::Run() {
  if (absl::Status status = Start(); !status.ok()) return status;
  for (std::size_t day = 0; day < input_.days.size(); ++day) {
    if (absl::Status status = RunDay(day); !status.ok()) return status;
  }
  return std::move(result_);
}

}  // namespace

absl::StatusOr<RunResult> RunStudy(const Input& input, const RunOptions& options) {
  return StudyRunner(input, options).Run();
}

}  // namespace causeway::study
