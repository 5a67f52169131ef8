// The rules of a queue that a selector carries out: which are sound, what is kept with them, and
// how that is written.
#include <algorithm>
#include <string>
#include <utility>

#include "settlement/core/bytes.h"
#include "settlement/core/check.h"
#include "settlement/core/field_reader.h"
#include "settlement/core/payment_queue.h"

namespace causeway::core {
namespace {

// Longer, and nobody would wait for it: a day ends all queues.
constexpr Duration kQueueDurationMax = Duration::FromHours(24);
constexpr std::size_t kRunBytes = 46;
constexpr std::size_t kReceiptsBytes = 12;

bool IsQueueDuration(Duration duration) {
  return duration >= Duration::Zero() && duration <= kQueueDurationMax;
}

// A parameter that one algorithm has: there within bounds, and unset with all others.
bool IsParameter(std::uint32_t value, bool has, std::uint32_t least, std::uint32_t most) {
  return has ? value >= least && value <= most : value == 0;
}

std::string WithBounds(std::string_view field, std::uint32_t least, std::uint32_t most,
                       std::string_view with) {
  return fmt::format("{}: {} to {} with {}, else unset", field, least, most, with);
}

std::string WhyInvalidRun(const QueueRun& run) {
  const QueueAlgorithm algorithm = run.algorithm;
  if (algorithm < QueueAlgorithm::kBilateral || algorithm > QueueAlgorithm::kExact) {
    return "algorithm: must be given";
  }
  if (!IsQueueDuration(run.first)) return "first: 0 to 24 hours";
  if (!IsQueueDuration(run.every)) return "every: 0 to 24 hours";
  const bool single = algorithm == QueueAlgorithm::kBilateralSingle;
  if (!IsQueueDuration(run.wait_min) || (!single && run.wait_min != Duration::Zero())) {
    return "wait_min: 0 to 24 hours with bilateral-single, else unset";
  }
  if (!IsParameter(run.counter_payments_max, single, 1, kCounterPaymentsMax)) {
    return WithBounds("counter_payments_max", 1, kCounterPaymentsMax, "bilateral-single");
  }
  if (!IsParameter(run.cycle_banks_max, algorithm == QueueAlgorithm::kCycle, 2,
                   kCycleAccountsMax)) {
    return WithBounds("cycle_banks_max", 2, kCycleAccountsMax, "cycle");
  }
  if (!IsParameter(run.exact_payments_max, algorithm == QueueAlgorithm::kExact, 1, kExactMax)) {
    return WithBounds("exact_payments_max", 1, kExactMax, "exact");
  }
  return {};
}

std::string WhyInvalidSplitting(const QueueRules& rules) {
  const QueueSplitting& splitting = rules.splitting;
  if (splitting == QueueSplitting{}) return {};
  if (rules.discipline == QueueDiscipline::kImmediate ||
      rules.discipline == QueueDiscipline::kDeferred) {
    return "splitting: needs a discipline by which payments wait and settle alone";
  }
  if (splitting.threshold.IsNegative()) return "splitting.threshold: not below 0";
  if (!splitting.part_min.IsPositive()) return "splitting.part_min: at least one minor unit";
  if (!splitting.part_max.IsZero() && splitting.part_max < splitting.part_min) {
    return "splitting.part_max: at least part_min, or unset";
  }
  return {};
}

std::string WhyInvalidSelected(const QueueRules& rules) {
  if (rules.optimisation != QueueOptimisation::kNone || rules.optimise_every != Duration::Zero()) {
    return "optimisation: unset where rules are given that came after it; see optimisations";
  }
  const bool receipts = rules.release == QueueRelease::kReceiptReactive;
  const bool window_fits =
      receipts ? rules.receipt_window > Duration::Zero() && IsQueueDuration(rules.receipt_window)
               : rules.receipt_window == Duration::Zero();
  if (!window_fits) {
    return "receipt_window: above 0, up to 24 hours with receipt-reactive release, else unset";
  }
  if (!IsParameter(rules.entry_counter_payments_max, rules.entry_offset != QueueEntryOffset::kNone,
                   1, kCounterPaymentsMax)) {
    return WithBounds("entry_counter_payments_max", 1, kCounterPaymentsMax, "an entry_offset");
  }
  if (rules.optimisations.size() > kQueueRunsMax) {
    return fmt::format("optimisations: at most {}", kQueueRunsMax);
  }
  for (std::size_t i = 0; i < rules.optimisations.size(); ++i) {
    const std::string wrong = WhyInvalidRun(rules.optimisations[i]);
    if (!wrong.empty()) return fmt::format("optimisations[{}].{}", i, wrong);
  }
  if (rules.discipline == QueueDiscipline::kImmediate && !rules.optimisations.empty()) {
    return "optimisations: needs a discipline by which payments wait";
  }
  return WhyInvalidSplitting(rules);
}

bool HasRulesOfParts(const QueueRules& rules) {
  return rules.splitting != QueueSplitting{} || rules.limits_bind_all;
}

// How long ago the last of the times `from`, `from` + `every`, ... was. `now` is not before `from`.
Duration SinceLast(LedgerTime from, Duration every, LedgerTime now) {
  return Duration::FromMicros((now - from).micros() % every.micros());
}

}  // namespace

std::string WhyInvalid(const QueueRules& rules) {
  if (rules.discipline == QueueDiscipline::kNone) {
    return rules == QueueRules{} ? "" : "rules: without a queue all others are unset";
  }
  if (rules.discipline == QueueDiscipline::kImmediate) {
    if (rules.queued_max != 0) return "queued_max: unset where nothing waits";
  } else if (rules.queued_max == 0 || rules.queued_max > kQueuedMax) {
    return "queued_max: 1 to " + std::to_string(kQueuedMax);
  }
  if (!IsQueueDuration(rules.optimise_every)) return "optimise_every: 0 to 24 hours";
  return rules.NeedSelector() ? WhyInvalidSelected(rules) : "";
}

void PaymentQueue::StartDay(LedgerTime now) {
  if (!selects_) return;
  for (std::size_t i = 0; i < next_runs_.size(); ++i) {
    next_runs_[i] = now + rules_.optimisations[i].first;
  }
  window_start_ = now;
  receipts_.clear();
}

std::vector<bool> PaymentQueue::TakeDue(LedgerTime now) {
  std::vector<bool> due(next_runs_.size());
  for (std::size_t i = 0; i < due.size(); ++i) {
    due[i] = now >= next_runs_[i];
    const Duration every = rules_.optimisations[i].every;
    if (!due[i] || every == Duration::Zero()) continue;
    next_runs_[i] = now - SinceLast(next_runs_[i], every, now) + every;
  }
  return due;
}

Amount PaymentQueue::ReceiptsOf(std::uint32_t account, LedgerTime now) const {
  if (!counts_receipts_ || now - window_start_ >= rules_.receipt_window) return {};
  const auto found = receipts_.find(account);
  return found == receipts_.end() ? Amount::Zero() : found->second;
}

void PaymentQueue::AddReceipts(std::uint32_t account, Amount change, LedgerTime now) {
  CW_CHECK(counts_receipts_ && now >= window_start_, "receipts are counted as time goes on");
  if (now - window_start_ >= rules_.receipt_window) {
    window_start_ = now - SinceLast(window_start_, rules_.receipt_window, now);
    receipts_.clear();
  }
  const auto found = receipts_.try_emplace(account).first;
  // Money that goes round in a window may come to more than any balance; more than that releases
  // whatever is covered.
  found->second = CheckedAdd(found->second, change).value_or(Amount::Max());
  if (found->second.IsZero()) receipts_.erase(found);
}

void PaymentQueue::WriteSelected(Writer& writer) const {
  const bool with_parts = HasRulesOfParts(rules_);
  writer.U8(with_parts ? kSelectedRulesWithParts : kSelectedRules);
  if (with_parts) {
    writer.I64(rules_.splitting.threshold.minor())
        .I64(rules_.splitting.part_min.minor())
        .I64(rules_.splitting.part_max.minor())
        .U8(rules_.limits_bind_all ? 1 : 0);
  }
  writer.U8(static_cast<std::uint8_t>(rules_.discipline))
      .U32(rules_.queued_max)
      .U8(rules_.normal_bypass ? 1 : 0)
      .U8(static_cast<std::uint8_t>(rules_.release))
      .I64(rules_.receipt_window.micros())
      .U8(static_cast<std::uint8_t>(rules_.entry_offset))
      .U32(rules_.entry_counter_payments_max)
      .U32(static_cast<std::uint32_t>(rules_.optimisations.size()));
  for (std::size_t i = 0; i < rules_.optimisations.size(); ++i) {
    const QueueRun& run = rules_.optimisations[i];
    writer.U8(static_cast<std::uint8_t>(run.algorithm))
        .I64(run.first.micros())
        .I64(run.every.micros())
        .U8(run.only_if_previous_settled_nothing ? 1 : 0)
        .I64(run.wait_min.micros())
        .U32(run.counter_payments_max)
        .U32(run.cycle_banks_max)
        .U32(run.exact_payments_max)
        .I64(next_runs_[i].micros());
  }
  writer.I64(window_start_.micros()).U32(static_cast<std::uint32_t>(receipts_.size()));
  for (const auto& [account, receipts] : receipts_) writer.U32(account).I64(receipts.minor());
}

void PaymentQueue::ReadSelected(std::uint8_t first, FieldReader& reader) {
  QueueRules rules;
  if (first == kSelectedRulesWithParts) {
    rules.splitting.threshold = Amount::FromMinor(reader.raw().I64());
    rules.splitting.part_min = Amount::FromMinor(reader.raw().I64());
    rules.splitting.part_max = Amount::FromMinor(reader.raw().I64());
    rules.limits_bind_all = reader.raw().U8() != 0;
    if (!HasRulesOfParts(rules)) reader.Fault("queue.splitting", "is empty");
  }
  rules.discipline =
      reader.Closed("queue.discipline", QueueDiscipline::kFifo, QueueDiscipline::kDeferred);
  rules.queued_max = reader.raw().U32();
  rules.normal_bypass = reader.raw().U8() != 0;
  rules.release =
      reader.Closed("queue.release", QueueRelease::kNone, QueueRelease::kBalanceReactive);
  rules.receipt_window = Duration::FromMicros(reader.raw().I64());
  rules.entry_offset =
      reader.Closed("queue.entry_offset", QueueEntryOffset::kNone, QueueEntryOffset::kSingle);
  rules.entry_counter_payments_max = reader.raw().U32();
  const std::size_t runs = reader.Count("queue.optimisations", kRunBytes);
  std::vector<LedgerTime> next_runs;
  for (std::size_t i = 0; i < runs && reader.ok(); ++i) {
    QueueRun& run = rules.optimisations.emplace_back();
    run.algorithm =
        reader.Closed("queue.algorithm", QueueAlgorithm::kBilateral, QueueAlgorithm::kExact);
    run.first = Duration::FromMicros(reader.raw().I64());
    run.every = Duration::FromMicros(reader.raw().I64());
    run.only_if_previous_settled_nothing = reader.raw().U8() != 0;
    run.wait_min = Duration::FromMicros(reader.raw().I64());
    run.counter_payments_max = reader.raw().U32();
    run.cycle_banks_max = reader.raw().U32();
    run.exact_payments_max = reader.raw().U32();
    next_runs.push_back(LedgerTime::FromMicros(reader.raw().I64()));
  }
  const LedgerTime window_start = LedgerTime::FromMicros(reader.raw().I64());
  const std::size_t receipts = reader.Count("queue.receipts", kReceiptsBytes);
  if (!reader.ok()) return;
  const std::string wrong = WhyInvalid(rules);
  if (!wrong.empty() || !rules.NeedSelector()) return reader.Fault("queue", wrong);
  SetRules(rules);
  next_runs_ = std::move(next_runs);
  window_start_ = window_start;
  for (std::size_t i = 0; i < receipts && reader.ok(); ++i) {
    const std::uint32_t account = reader.raw().U32();
    receipts_[account] = Amount::FromMinor(reader.raw().I64());
  }
}

}  // namespace causeway::core
