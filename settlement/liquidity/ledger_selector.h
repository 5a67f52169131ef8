// The engine as a ledger's queue runs it. Whatever executes a ledger's log (node, observer, audit,
// simulator) gives Ledger::Create and Ledger::Restore this one selector.
#ifndef CAUSEWAY_SETTLEMENT_LIQUIDITY_LEDGER_SELECTOR_H_
#define CAUSEWAY_SETTLEMENT_LIQUIDITY_LEDGER_SELECTOR_H_

#include "settlement/core/queue_selector.h"
#include "settlement/liquidity/rules.h"
#include "settlement/liquidity/types.h"

namespace causeway::liquidity {

// Of the process; it has no state.
const core::QueueSelector& LedgerSelector();

// The same rules in the engine's words. What a ledger's rules leave at zero is the engine's
// default; optimisations have no schedule, since the ledger says when they run.
Rules EngineRulesOf(const core::QueueRules& rules);
Priority PriorityOf(core::PaymentPriority priority);

// Of what waits on a ledger: some could settle together or alone, none could, or undecided
// (docs/liquidity.md, "Gridlock and deadlock"). Of rules of old too. What the problem leaves out
// because it cannot settle (frozen accounts) counts for nothing: kEmpty when nothing else waits.
QueueState DiagnoseLedgerQueue(const core::QueueRules& rules, const core::QueueProblem& problem);

}  // namespace causeway::liquidity

#endif  // CAUSEWAY_SETTLEMENT_LIQUIDITY_LEDGER_SELECTOR_H_
