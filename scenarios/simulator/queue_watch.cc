#include "scenarios/simulator/queue_watch.h"

#include <algorithm>
#include <map>
#include <utility>

#include "scenarios/simulator/liquidity_terms.h"
#include "settlement/core/check.h"
#include "settlement/liquidity/engine.h"

namespace causeway::sim {
namespace {

liquidity::Discipline DisciplineOf(const core::QueueRules& rules) {
  switch (rules.discipline) {
    case core::QueueDiscipline::kFifoBypass:
      return liquidity::Discipline::kFifoBypass;
    case core::QueueDiscipline::kPriority:
      return liquidity::Discipline::kPriority;
    default:
      return liquidity::Discipline::kFifo;
  }
}

// Payer and payee as the studies' engine has them, with what counts of their money: no account
// could pay more than all that it has waiting.
class QueuedBanks {
 public:
  explicit QueuedBanks(const core::Ledger& ledger) : ledger_(ledger) {}

  liquidity::BankIndex IndexOf(std::uint32_t account) {
    const auto [found, added] =
        places_.emplace(account, static_cast<liquidity::BankIndex>(banks_.size()));
    if (added) banks_.push_back(TermsOf(account));
    return found->second;
  }
  const std::vector<liquidity::BankTerms>& banks() const { return banks_; }

 private:
  liquidity::BankTerms TermsOf(std::uint32_t number) const {
    const core::AccountState& account = ledger_.accounts()[number];
    std::int64_t out = 0;
    if (const core::PaymentQueue::OfAccount* queue = ledger_.queue().Find(number)) {
      for (const auto& [place, payment] : *queue) out += payment.amount.minor();
    }
    const core::Amount funds =
        core::CheckedAdd(account.available, account.credit_line).value_or(core::Amount::Max());
    liquidity::BankTerms terms;
    terms.balance = std::min(funds, core::Amount::FromMinor(out));
    if (account.holding_limit.IsZero()) return terms;
    const auto promised = core::CheckedAdd(account.available, account.incoming_reserved);
    const auto room =
        core::CheckedSub(account.holding_limit, promised.value_or(core::Amount::Max()));
    terms.holding_limit = core::CheckedAdd(
        terms.balance, std::max(core::Amount::Zero(), room.value_or(core::Amount::Zero())));
    return terms;
  }

  const core::Ledger& ledger_;
  std::map<std::uint32_t, liquidity::BankIndex> places_;
  std::vector<liquidity::BankTerms> banks_;
};

}  // namespace

liquidity::QueueState DiagnoseQueue(const core::Ledger& ledger) {
  QueuedBanks banks(ledger);
  std::vector<liquidity::PaymentOrder> orders;
  for (const auto& [debtor, queue] : ledger.queue().accounts()) {
    if (ledger.accounts()[debtor].frozen) continue;
    for (const auto& [place, payment] : queue) {
      const liquidity::BankIndex sender = banks.IndexOf(debtor);
      orders.push_back({.sender = sender,
                        .receiver = banks.IndexOf(payment.creditor),
                        .amount = payment.amount,
                        .priority = LiquidityPriority(payment.priority)});
    }
  }
  if (ledger.queue().empty()) return liquidity::QueueState::kEmpty;
  if (orders.empty()) return liquidity::QueueState::kDeadlock;
  const core::LedgerTime start = core::LedgerTime::Min();
  absl::StatusOr<liquidity::Engine> engine = liquidity::Engine::Create(
      {.discipline = DisciplineOf(ledger.queue().rules())}, banks.banks(), {}, start);
  CW_CHECK(engine.ok(), "a ledger's queue is within the engine's bounds");
  liquidity::Engine::Effects effects;
  for (const liquidity::PaymentOrder& order : orders) engine->Submit(start, order, effects);
  // What the ledger passed over, or let go with what comes next: it can settle.
  if (engine->queued_count() < orders.size()) return liquidity::QueueState::kGridlock;
  return engine->Diagnose();
}

void QueueWatch::OnBatch(core::LedgerTime now, LedgerIndex ledger, const core::Ledger& state) {
  Watched& watched = watched_[ledger];
  const core::PaymentQueue& queue = state.queue();
  if (queue.rules().discipline == core::QueueDiscipline::kNone) return;
  watched.has_queue = true;
  watched.result.ledger = ledger;
  watched.result.waiting_max = std::max<std::uint64_t>(watched.result.waiting_max, queue.size());
  watched.result.waiting_value_max = std::max(watched.result.waiting_value_max, queue.value());
  if (queue.empty() && watched.state == liquidity::QueueState::kEmpty) return;
  const liquidity::QueueState found = DiagnoseQueue(state);
  if (found == watched.state) return;
  Count(watched, now);
  watched.state = found;
  watched.since = now;
  if (found == liquidity::QueueState::kGridlock) ++watched.result.gridlocks;
  if (found == liquidity::QueueState::kDeadlock) ++watched.result.deadlocks;
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
