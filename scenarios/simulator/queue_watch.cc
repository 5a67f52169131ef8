#include "scenarios/simulator/queue_watch.h"

#include <algorithm>
#include <string>

#include "settlement/liquidity/ledger_selector.h"

namespace causeway::sim {
liquidity::QueueState DiagnoseQueue(const core::Ledger& ledger) {
  if (ledger.queue().empty()) return liquidity::QueueState::kEmpty;
  core::QueueRules rules = ledger.queue().rules();
  // By plain rules release thresholds bind.
  if (!rules.NeedSelector()) rules.release = core::QueueRelease::kBalanceReactive;
  const liquidity::QueueState found = liquidity::DiagnoseLedgerQueue(rules, ledger.DescribeQueue());
  // Of frozen accounts only.
  return found == liquidity::QueueState::kEmpty ? liquidity::QueueState::kDeadlock : found;
}

void QueueWatch::OnBatch(core::LedgerTime now, LedgerIndex ledger,
                         std::span<const core::Entry> entries, const core::Ledger& state) {
  Watched& watched = watched_[ledger];
  const core::PaymentQueue& queue = state.queue();
  if (queue.rules().discipline == core::QueueDiscipline::kNone) return;
  watched.has_queue = true;
  for (const core::Entry& entry : entries) CountSettled(entry, watched.result);
  watched.result.ledger = ledger;
  watched.result.waiting_max = std::max<std::uint64_t>(watched.result.waiting_max, queue.size());
  watched.result.waiting_value_max = std::max(watched.result.waiting_value_max, queue.value());
  if (queue.empty() && watched.state == liquidity::QueueState::kEmpty) return;
  const liquidity::QueueState found = DiagnoseQueue(state);
  watched.result.levels.push_back(
      {now, static_cast<std::uint32_t>(queue.size()), queue.value(), found});
  if (found == watched.state) return;
  Count(watched, now);
  watched.state = found;
  watched.since = now;
  if (found == liquidity::QueueState::kGridlock) ++watched.result.gridlocks;
  if (found == liquidity::QueueState::kDeadlock) ++watched.result.deadlocks;
}

void QueueWatch::CountSettled(const core::Entry& entry, LedgerQueueResult& result) {
  const bool part = core::IsPart(entry);
  if (entry.instruction.kind != core::ActionKind::kPay ||
      (entry.status != core::InstructionStatus::kSettled && !part)) {
    return;
  }
  std::string by = "at-once";
  if (entry.cause == core::Cause::kRelease) by = "alone";
  if (entry.cause == core::Cause::kOptimisation) {
    by = entry.rejection.rule.substr(0, entry.rejection.rule.find('/'));
  }
  LedgerQueueResult::Settled& settled = result.settled[by];
  part ? ++settled.parts : ++settled.count;
  for (const core::Posting& posting : entry.postings) {
    if (!posting.amount.IsPositive()) continue;
    settled.value = core::CheckedAdd(settled.value, posting.amount).value_or(core::Amount::Max());
  }
}

void QueueWatch::Count(Watched& watched, core::LedgerTime now) {
  const core::Duration lasted = now - watched.since;
  LedgerQueueResult& result = watched.result;
  if (watched.state == liquidity::QueueState::kGridlock) {
    result.in_gridlock = result.in_gridlock + lasted;
    result.gridlock_longest = std::max(result.gridlock_longest, lasted);
  } else if (watched.state == liquidity::QueueState::kDeadlock) {
    result.in_deadlock = result.in_deadlock + lasted;
    result.deadlock_longest = std::max(result.deadlock_longest, lasted);
  } else if (watched.state == liquidity::QueueState::kUndecided) {
    result.undecided = result.undecided + lasted;
  }
}

std::vector<LedgerQueueResult> QueueWatch::Finish(core::LedgerTime now) const {
  std::vector<LedgerQueueResult> results;
  for (Watched watched : watched_) {
    if (!watched.has_queue) continue;
    Count(watched, now);
    results.push_back(watched.result);
  }
  return results;
}

}  // namespace causeway::sim
