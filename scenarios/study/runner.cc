#include "scenarios/study/runner.h"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "fmt/format.h"
#include "scenarios/study/changes.h"
#include "scenarios/study/problems.h"
#include "scenarios/study/receipts.h"
#include "scenarios/study/terms.h"
#include "settlement/core/check.h"
#include "settlement/liquidity/engine.h"

namespace causeway::study {
namespace {

using core::Amount;
using core::LedgerTime;

constexpr std::size_t kSamplesMax = 10'000'000;
constexpr TimeUs kNever = std::numeric_limits<TimeUs>::max();

class StudyRunner {
 public:
  StudyRunner(const Input& input, const RunOptions& options)
      : input_(input), options_(options), receipts_(input, behaviours_) {}

  absl::StatusOr<RunResult> Run();

 private:
  std::size_t accounts() const { return input_.accounts.size(); }
  TimeUs OpeningOf(std::size_t day) const {
    return static_cast<TimeUs>(day) * kDaySpanUs + result_.opens;
  }
  absl::Status Start();
  absl::Status CheckLinks() const;
  absl::Status Open(std::size_t day, PaymentIndex end);
  absl::Status RunDay(std::size_t day);
  // Samples the queue, asks behaviours again, ends reservations and promotes what waits, at all
  // times for it before `time`.
  void AdvanceBefore(TimeUs time);
  void EndReservations();
  void Promote();
  void MakeChange(std::size_t index);
  // Runs the optimisations of next_run_, and looks at the queue just before.
  void RunOptimisations();
  void Sample(TimeUs time);
  // Whatever may change the queue at `time` is told before and after. Before, the state in which
  // the queue stood is looked at when the work is within its bounds.
  void BeforeEvent(TimeUs time);
  void AfterEvent(TimeUs time);
  // Finds the state in which the queue stands since changed_at_.
  void Look();
  void Found(liquidity::QueueState state, std::uint32_t count, std::int64_t value);
  void Keep(const QueueSample& whole);
  std::int64_t WorkOfLook() const;
  bool KeepsOrder() const;
  void StartLooks(PaymentIndex payments);
  void AskAgain(TimeUs time);
  bool Submits(PaymentIndex index, TimeUs time, bool first);
  void Submit(PaymentIndex index, TimeUs time);
  void Take();
  void CountSettled(PaymentIndex payment, std::int64_t amount);
  void EndDay(std::size_t day);

  const Input& input_;
  const RunOptions& options_;
  RunResult result_;
  std::optional<TermsMaker> terms_;
  std::optional<liquidity::Engine> engine_;  // of the day at hand
  liquidity::Engine::Effects effects_;
  std::uint32_t day_ = 0;                // at hand
  PaymentIndex next_ = 0;                // the first payment that has not been looked at
  std::vector<PaymentIndex> submitted_;  // by the engine's number
  std::uint32_t sets_before_ = 0;        // of earlier days
  TimeUs next_sample_ = 0;
  TimeUs next_run_ = kNever;  // of the optimisations
  // The queue since the sample before, and its state as far as it is known.
  std::uint32_t peak_count_ = 0;
  std::int64_t peak_value_ = 0;
  liquidity::QueueState state_ = liquidity::QueueState::kEmpty;
  bool changed_ = false;  // since the look that found state_
  TimeUs changed_at_ = 0;
  bool has_holding_limits_ = false;
  std::int64_t work_left_ = 0;       // for looks between samples
  std::int64_t work_per_event_ = 0;  // that each event adds to it
  TimeUs next_ask_ = 0;
  TimeUs reservations_end_ = kNever;
  TimeUs promotion_ = kNever;  // ahead
  bool promoted_ = false;      // today
  // With changes.
  std::size_t next_change_ = 0;
  std::vector<liquidity::BankTerms> day_terms_;       // as changes left them
  std::vector<liquidity::PaymentId> engine_numbers_;  // by payment, once submitted
  // With behaviours, by account.
  std::vector<std::unique_ptr<Behaviour>> behaviours_;
  std::vector<std::int64_t> received_;  // settled today
  std::vector<std::int64_t> sent_;
  Receipts receipts_;
  std::vector<PaymentIndex> held_;  // payments that their senders keep back, by due time
};

absl::Status StudyRunner::Start() {
  if (absl::Status status = CheckOptions(options_); !status.ok()) return status;
  if (input_.accounts.empty()) return absl::InvalidArgumentError("there are no accounts");
  std::tie(result_.opens, result_.closes) = HoursAround(input_);
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
  if (options_.pvp_together) {
    if (absl::Status status = CheckLinks(); !status.ok()) return status;
  }
  result_.targets = options_.targets;
  result_.stress_credit_loss_basis_points = options_.stress_credit_loss_basis_points;
  result_.changes.resize(input_.changes.size());
  if (!input_.changes.empty()) {
    engine_numbers_.assign(input_.payments.size(), liquidity::kNoPayment);
  }
  result_.payments.resize(input_.payments.size());
  result_.settlement_order.reserve(input_.payments.size());
  result_.account_days.resize(input_.days.size() * accounts());
  if (options_.behaviours) {
    for (AccountIndex i = 0; i < accounts(); ++i) {
      behaviours_.push_back(options_.behaviours(i));
    }
  }
  if (options_.splitting.part_min.IsPositive()) {
    result_.settled_in_parts.resize(input_.payments.size(), 0);
  }
  const auto is_limit = [](const Change& change) {
    return change.kind == ChangeKind::kHoldingLimit;
  };
  has_holding_limits_ =
      std::any_of(input_.accounts.begin(), input_.accounts.end(),
                  [](const Account& account) { return account.holding_limit.has_value(); }) ||
      std::any_of(input_.changes.begin(), input_.changes.end(), is_limit);
  terms_.emplace(input_, options_, result_.closes);
  return absl::OkStatus();
}

// That each link has the two payments that settle together, and both on one day. All that is wrong,
// as rows of the payments, one a line.
absl::Status StudyRunner::CheckLinks() const {
  struct Legs {
    std::uint32_t count = 0;
    PaymentIndex first = 0;
  };
  std::map<std::uint32_t, Legs> links;
  std::map<std::uint32_t, std::string> wrong;  // by row
  for (PaymentIndex i = 0; i < input_.links.size(); ++i) {
    if (input_.links[i] == 0) continue;
    Legs& legs = links[input_.links[i]];
    if (legs.count++ == 0) legs.first = i;
    const bool one_day =
        input_.payments[legs.first].due / kDaySpanUs == input_.payments[i].due / kDaySpanUs;
    if (one_day && legs.count <= 2) continue;
    wrong[input_.rows[i]] = fmt::format(
        "has the link of row {}{}: expected two payments of one day with each link",
        input_.rows[legs.first], one_day ? " and of another one" : ", which is of another day");
  }
  for (const auto& [link, legs] : links) {
    if (legs.count > 1) continue;
    wrong[input_.rows[legs.first]] =
        "has a link that no other one has: expected two payments with each link";
  }
  if (wrong.empty()) return absl::OkStatus();
  ProblemList problems;
  for (const auto& [row, what] : wrong) {
    problems.Add({"pvp together", 0, 0, fmt::format("row {} of the payments {}", row, what)});
  }
  std::string text = problems.ToString();
  text.pop_back();  // the end of the last line
  return absl::InvalidArgumentError(text);
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
    } else if (effect.kind == EffectKind::kCancelled) {
      out.status = Status::kCancelled;
    } else if (effect.kind == EffectKind::kPartSettled) {
      const std::int64_t amount = effect.amount.minor();
      result_.parts.push_back(
          {effect.time.micros(), amount, result_.settlement_order.size(), payment, effect.cause});
      result_.settled_in_parts[payment] += amount;
      CountSettled(payment, amount);
    } else if (effect.kind == EffectKind::kSettled) {
      out.status = Status::kSettled;
      out.settled = effect.time.micros();
      out.cause = effect.cause;
      out.algorithm = effect.algorithm;
      out.set = effect.set == 0 ? 0 : sets_before_ + effect.set;
      result_.sets = std::max(result_.sets, out.set);
      result_.settlement_order.push_back(payment);
      CountSettled(payment, effect.amount.minor());
    }
  }
  effects_.clear();
}

void StudyRunner::CountSettled(PaymentIndex payment, std::int64_t amount) {
  if (behaviours_.empty()) return;
  sent_[input_.payments[payment].sender] += amount;
  received_[input_.payments[payment].recipient] += amount;
  receipts_.OnSettled(payment, amount);
}

void StudyRunner::Sample(TimeUs time) {
  engine_->AdvanceTo(LedgerTime::FromMicros(time), effects_);
  // Room out of receipts comes and goes with time alone.
  if (!changed_ && options_.release == liquidity::Release::kReceiptReactive) AfterEvent(time);
  if (changed_) Look();
  QueueSample sample;
  sample.time = time;
  sample.day = day_;
  sample.state = state_;
  sample.queued_count = engine_->queued_count();
  sample.queued_value = engine_->queued_value().minor();
  sample.peak_count = std::exchange(peak_count_, sample.queued_count);
  sample.peak_value = std::exchange(peak_value_, sample.queued_value);
  Keep(sample);
}

// With several currencies what waits in each, and the state of all together.
void StudyRunner::Keep(const QueueSample& whole) {
  if (input_.currencies.size() < 2) {
    result_.samples.push_back(whole);
    return;
  }
  std::vector<QueueSample> samples(input_.currencies.size(), whole);
  for (std::uint32_t i = 0; i < samples.size(); ++i) {
    samples[i].currency = i;
    samples[i].queued_count = 0;
    samples[i].queued_value = 0;
    samples[i].peak_count = 0;
    samples[i].peak_value = 0;
  }
  for (AccountIndex account = 0; account < accounts(); ++account) {
    const liquidity::BankView bank = engine_->Bank(account);
    QueueSample& own = samples[input_.accounts[account].currency];
    own.queued_count += bank.queued_count;
    own.queued_value += bank.queued_out.minor();
  }
  result_.samples.insert(result_.samples.end(), samples.begin(), samples.end());
}

void StudyRunner::BeforeEvent(TimeUs time) {
  if (!changed_ || changed_at_ >= time) return;
  const std::int64_t work = WorkOfLook();
  if (work > work_left_) return;
  work_left_ -= work;
  Look();
}

void StudyRunner::AfterEvent(TimeUs time) {
  const std::uint32_t count = engine_->queued_count();
  work_left_ += work_per_event_;
  if (count == 0 && !changed_ && state_ == liquidity::QueueState::kEmpty) return;
  changed_ = true;
  changed_at_ = time;
  peak_count_ = std::max(peak_count_, count);
  peak_value_ = std::max(peak_value_, engine_->queued_value().minor());
}

void StudyRunner::Look() {
  const std::uint32_t count = engine_->queued_count();
  Found(count == 0 ? liquidity::QueueState::kEmpty : engine_->Diagnose(), count,
        engine_->queued_value().minor());
}

void StudyRunner::Found(liquidity::QueueState state, std::uint32_t count, std::int64_t value) {
  changed_ = false;
  if (state == state_) return;
  state_ = state;
  QueueSample sample;
  sample.time = changed_at_;
  sample.day = day_;
  sample.queued_count = count;
  sample.queued_value = value;
  sample.state = state;
  sample.between = true;
  Keep(sample);
}

// Looks at every change of a long queue would take longer than the day itself. Each event pays for
// some work on looks; on a day of few payments it pays for all.
void StudyRunner::StartLooks(PaymentIndex payments) {
  constexpr std::int64_t kWorkOfDay = 2'000'000;
  constexpr std::int64_t kWorkPerEvent = 1;
  state_ = liquidity::QueueState::kEmpty;
  changed_ = false;
  peak_count_ = 0;
  peak_value_ = 0;
  work_left_ = 0;
  work_per_event_ = kWorkPerEvent + kWorkOfDay / std::max<std::int64_t>(1, payments);
}

// Whether telling the state takes no search among sets of payments.
bool StudyRunner::KeepsOrder() const {
  const bool in_order =
      options_.queue == liquidity::Discipline::kFifo ||
      options_.queue == liquidity::Discipline::kImmediate ||
      (options_.queue == liquidity::Discipline::kPriority && !options_.normal_bypass);
  return in_order && !has_holding_limits_;
}

// About what Engine::Diagnose goes through.
std::int64_t StudyRunner::WorkOfLook() const {
  const std::uint32_t count = engine_->queued_count();
  if (count == 0) return 0;
  const std::int64_t linear = static_cast<std::int64_t>(accounts()) + count;
  constexpr std::uint32_t kSearched = 16;  // Diagnose's own bound for its exact search
  return KeepsOrder() || count > kSearched ? linear : linear << count;
}

void StudyRunner::RunOptimisations() {
  using liquidity::QueueState;
  const std::uint32_t count = engine_->queued_count();
  const std::int64_t value = engine_->queued_value().minor();
  // Where the order is kept, this algorithm settles something exactly when some could settle: it
  // tells the state itself, and a look before it would be the same work again. But of several
  // currencies what waited in each is known before it only.
  const bool tells = input_.currencies.size() < 2 && KeepsOrder() &&
                     options_.lsm.front() == liquidity::Algorithm::kBechSoramaki;
  const bool unknown = changed_ && changed_at_ < next_run_;
  if (unknown && (!tells || count == 0)) Look();
  engine_->AdvanceTo(LedgerTime::FromMicros(next_run_), effects_);
  const auto is_run = [](const liquidity::Effect& effect) {
    return effect.kind == liquidity::EffectKind::kRun;
  };
  const auto first = std::find_if(effects_.begin(), effects_.end(), is_run);
  if (unknown && tells && first != effects_.end()) {
    Found(first->payment > 0 ? QueueState::kGridlock : QueueState::kDeadlock, count, value);
  }
  const bool settled = !std::all_of(effects_.begin(), effects_.end(), is_run);
  Take();
  if (settled) AfterEvent(next_run_);
  next_run_ += options_.lsm_every;
}

void StudyRunner::AdvanceBefore(TimeUs time) {
  for (;;) {
    const TimeUs ask = held_.empty() ? kNever : next_ask_;
    const TimeUs change = next_change_ < input_.changes.size()
                              ? std::max(input_.changes[next_change_].time, OpeningOf(day_))
                              : kNever;
    const TimeUs next = std::min({next_sample_, ask, reservations_end_, promotion_, change});
    // What else is due at the time of a run comes after it.
    if (next_run_ <= std::min(next, time)) {
      RunOptimisations();
      continue;
    }
    if (next >= time) return;
    BeforeEvent(next);
    if (change == next) {
      MakeChange(next_change_++);
    } else if (reservations_end_ == next) {
      EndReservations();
    } else if (promotion_ == next) {
      Promote();
    } else if (ask == next) {
      AskAgain(next_ask_);
      next_ask_ += kBehaviourEvery;
    } else {
      Sample(next_sample_);
      next_sample_ += options_.sample_every;
    }
  }
}

void StudyRunner::MakeChange(std::size_t index) {
  const Change& change = input_.changes[index];
  ChangeResult& out = result_.changes[index];
  // Of the day before: its time came after the close.
  if (change.time < OpeningOf(day_) - result_.opens) return;
  const LedgerTime time = LedgerTime::FromMicros(std::max(change.time, OpeningOf(day_)));
  if (change.payment != kNone) {
    const liquidity::PaymentId payment = engine_numbers_[change.payment];
    if (payment == liquidity::kNoPayment) return;
    out.refusal = ChangePayment(change, time, payment, *engine_, effects_);
  } else {
    out.refusal = ChangeAccount(change, time, day_terms_[change.account], *engine_, effects_);
    const bool made = out.refusal == liquidity::Refusal::kNone;
    AccountDay& of_day = result_.account_days[day_ * accounts() + change.account];
    if (made && change.kind == ChangeKind::kAddBalance) of_day.added += *change.value;
    if (made && change.kind == ChangeKind::kTakeBalance) of_day.added -= *change.value;
    if (made) terms_->Carry(change);
  }
  out.made = out.refusal == liquidity::Refusal::kNone;
  Take();
  AfterEvent(time.micros());
}

void StudyRunner::EndReservations() {
  for (AccountIndex account = 0; account < accounts(); ++account) {
    engine_->SetReservations(LedgerTime::FromMicros(reservations_end_), account, Amount::Zero(),
                             Amount::Zero(), effects_);
  }
  Take();
  AfterEvent(reservations_end_);
  reservations_end_ = kNever;
}

void StudyRunner::Promote() {
  const LedgerTime time = LedgerTime::FromMicros(promotion_);
  std::vector<liquidity::PaymentId> waiting;
  for (AccountIndex account = 0; account < accounts(); ++account) {
    for (liquidity::PaymentId payment = engine_->QueueFront(account);
         payment != liquidity::kNoPayment; payment = engine_->QueueNext(payment)) {
      waiting.push_back(payment);
    }
  }
  // One that settles meanwhile is refused, which is as good.
  for (const liquidity::PaymentId payment : waiting) {
    engine_->Reprioritise(time, payment, liquidity::Priority::kUrgent, effects_);
  }
  Take();
  AfterEvent(promotion_);
  promotion_ = kNever;
  promoted_ = true;
}

bool StudyRunner::Submits(PaymentIndex index, TimeUs time, bool first) {
  const Payment& payment = input_.payments[index];
  if (behaviours_.empty() || behaviours_[payment.sender] == nullptr) return true;
  const TimeUs midnight = payment.due / kDaySpanUs * kDaySpanUs;
  const liquidity::BankView bank = engine_->Bank(payment.sender);
  BehaviourView view;
  view.day_starts = midnight;
  view.now = time - midnight;
  view.due = payment.due - midnight;
  view.opens = result_.opens;
  view.closes = result_.closes;
  view.opening = result_
                     .account_days[static_cast<std::size_t>(payment.due / kDaySpanUs) * accounts() +
                                   payment.sender]
                     .opening;
  view.balance = bank.balance.minor();
  view.queued = bank.queued_out.minor();
  view.received = received_[payment.sender];
  view.sent = sent_[payment.sender];
  view.name = input_.NameOf(index);
  receipts_.AdvanceTo(time);
  const Receipts::Sums receipts = receipts_.Of(payment.sender);
  view.expected = receipts.expected;
  view.missing = receipts.missing;
  const Receipts::Sums of_recipient = receipts_.From(payment.recipient, payment.sender);
  view.expected_from_recipient = of_recipient.expected;
  view.missing_from_recipient = of_recipient.missing;
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
  BeforeEvent(time);
  result_.payments[index].submitted = time;
  result_.payments[index].status = Status::kUnsettled;
  if (!engine_numbers_.empty()) {
    engine_numbers_[index] = static_cast<liquidity::PaymentId>(submitted_.size());
  }
  submitted_.push_back(index);
  engine_->Submit(LedgerTime::FromMicros(time),
                  {payment.sender, payment.recipient, Amount::FromMinor(payment.amount),
                   promoted_ ? liquidity::Priority::kUrgent : payment.priority,
                   input_.links.empty() ? 0 : input_.links[index]},
                  effects_);
  Take();
  AfterEvent(time);
}

void StudyRunner::EndDay(std::size_t day) {
  const TimeUs closes = static_cast<TimeUs>(day) * kDaySpanUs + result_.closes;
  AdvanceBefore(closes);
  held_.clear();
  // The last run of the day comes at its close, whatever the interval.
  engine_->AdvanceTo(LedgerTime::FromMicros(closes), effects_);
  const auto interval = options_.lsm_every;
  if ((result_.closes - result_.opens) % interval != 0) {
    if (changed_ && changed_at_ < closes) Look();
    for (std::uint32_t i = 0; i < options_.lsm.size(); ++i) {
      const std::uint32_t settled =
          engine_->RunOptimisation(LedgerTime::FromMicros(closes), i, effects_);
      if (settled > 0 && options_.lsm_until_settled) break;
    }
    AfterEvent(closes);
  }
  Sample(closes);
  engine_->Close(LedgerTime::FromMicros(closes), effects_);
  Take();
  for (std::size_t i = 0; i < accounts(); ++i) {
    const liquidity::BankView bank = engine_->Bank(static_cast<liquidity::BankIndex>(i));
    AccountDay& of_day = result_.account_days[day * accounts() + i];
    of_day.closing = bank.balance.minor();
    of_day.peak_credit = bank.peak_credit.minor();
    of_day.credit_charge = bank.credit_charge.minor();
  }
  sets_before_ = result_.sets;
}

// Makes the day's engine. The day's payments are those from next_ to `end`.
absl::Status StudyRunner::Open(std::size_t day, PaymentIndex end) {
  std::vector<std::int64_t> balances(accounts());
  for (std::size_t i = 0; i < accounts(); ++i) {
    balances[i] = day == 0 ? input_.accounts[i].balance
                           : result_.account_days[(day - 1) * accounts() + i].closing;
  }
  const absl::StatusOr<DayTerms> terms = terms_->Of(day, balances, next_, end);
  if (!terms.ok()) return terms.status();
  const TimeUs opens = static_cast<TimeUs>(day) * kDaySpanUs + result_.opens;
  absl::StatusOr<liquidity::Engine> engine = liquidity::Engine::Create(
      RulesOf(options_, opens), terms->banks, terms->limits, LedgerTime::FromMicros(opens));
  if (!engine.ok()) return engine.status();
  engine_.emplace(*std::move(engine));
  if (!input_.changes.empty()) day_terms_ = terms->banks;
  for (std::size_t i = 0; i < accounts(); ++i) {
    AccountDay& of_day = result_.account_days[day * accounts() + i];
    of_day.opening = terms->banks[i].balance.minor();
    of_day.credit_limit = engine_->Bank(static_cast<liquidity::BankIndex>(i)).credit_line.minor();
    of_day.collateral_credit = liquidity::CreditLineOf(
        terms->banks[i].collateral, terms->banks[i].haircut_basis_points, Amount::Zero());
  }
  const auto today = [&](const std::optional<TimeUs>& time) {
    return time ? std::max(opens, opens - result_.opens + *time) : kNever;
  };
  reservations_end_ = today(options_.reserve_until);
  promotion_ = today(options_.promote_at);
  promoted_ = false;
  return absl::OkStatus();
}

absl::Status StudyRunner::RunDay(std::size_t day) {
  const TimeUs midnight = static_cast<TimeUs>(day) * kDaySpanUs;
  const TimeUs opens = midnight + result_.opens;
  const TimeUs closes = midnight + result_.closes;
  PaymentIndex last = next_;
  while (last < input_.payments.size() && input_.payments[last].due < midnight + kDaySpanUs) ++last;
  if (absl::Status status = Open(day, last); !status.ok()) return status;
  submitted_.clear();
  if (!behaviours_.empty()) {
    sent_.assign(accounts(), 0);
    received_.assign(accounts(), 0);
    receipts_.BeginDay(next_, last, opens, closes);
  }
  day_ = static_cast<std::uint32_t>(day);
  next_sample_ = opens;
  next_run_ = options_.lsm.empty() ? kNever : opens + options_.lsm_every;
  StartLooks(last - next_);
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

std::pair<TimeUs, TimeUs> HoursAround(const Input& input) {
  TimeUs first = kDaySpanUs;
  TimeUs last = 0;
  for (const Payment& payment : input.payments) {
    first = std::min(first, payment.due % kDaySpanUs);
    last = std::max(last, payment.due % kDaySpanUs);
  }
  if (first > last) return {0, kDayUs};
  return {first / kHourUs * kHourUs, (last / kHourUs + 1) * kHourUs};
}

absl::StatusOr<RunResult> RunStudy(const Input& input, const RunOptions& options) {
  return StudyRunner(input, options).Run();
}

}  // namespace causeway::study
