// The indicators of a run by ledger, each of one currency: what studies compute
// (docs/indicators.md), by the same code, of the run's payments, bookings and balances.
#ifndef CAUSEWAY_SCENARIOS_REPORT_LEDGER_INDICATORS_H_
#define CAUSEWAY_SCENARIOS_REPORT_LEDGER_INDICATORS_H_

#include <vector>

#include "scenarios/spec/plan.h"
#include "scenarios/spec/run_result.h"
#include "scenarios/study/parts.h"

namespace causeway::sim {

// One part for each ledger, by index. Accounts are those of participants. Times of a live run are
// put on the calendar (live_calendar.h); without the bookings of its logs (MeasureLogs) those of
// its actions count, and swaps of which several providers could have been the counterparty are left
// out.
//
// A day is a business day of the ledger, from the midnight (UTC) before it opens to when it is
// closed; what is due after one close and by the next belongs to the next, from its midnight on at
// the earliest. Payments are one-way payments and each leg of a settlement on its ledger, due when
// the scenario says and settled when the ledger's log booked them, so that the time for which funds
// were locked is part of their delay. One that settled counts on the day on which it did. The
// opening balance is what an account has when the first payment of the day is due, with what was
// issued up to then; money issued, redeemed or charged later that day is added (or taken) from
// outside. Credit lines are those of the accounts' terms; what is drawn is what the ledger's log
// says, from the opening on and without the charge that the close makes for it. Left out are swaps
// that did not settle and of which several providers could have been the counterparty. A settlement
// list is one payment of what settled of it. Where a leg has no booking of its own it settled with
// the settlement of the nets that it is part of, as one set; and where the logs do not tell (lists,
// other mechanisms) when its participants knew, together with those that did at the same instant.
std::vector<study::Part> LedgerParts(const Plan& plan, const RunResult& run);

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_REPORT_LEDGER_INDICATORS_H_
