// When, on the calendar of the scenario, something of a live run happened. A live run does the same
// actions in the same order as a simulated one, but business days follow one another as fast as the
// processes answer; so what happened while an action was under way counts from when that action was
// due, and at the latest when the next one is. Pure.
#ifndef CAUSEWAY_SCENARIOS_REPORT_LIVE_CALENDAR_H_
#define CAUSEWAY_SCENARIOS_REPORT_LIVE_CALENDAR_H_

#include <cstdint>
#include <vector>

#include "scenarios/spec/plan.h"
#include "scenarios/spec/run_result.h"
#include "settlement/core/time.h"

namespace causeway::sim {

class LiveCalendar {
 public:
  LiveCalendar(const Plan& plan, const std::vector<ActionResult>& actions);

  // Of a time on the wall clock. Never decreases with it.
  core::LedgerTime At(core::LedgerTime wall) const;

 private:
  struct Start {
    std::int64_t wall_us = 0;
    std::int64_t due_us = 0;
  };
  std::vector<Start> starts_;  // ascending in both
};

// What LedgerParts reads of a live run (actions, bookings and queues), with its times on the
// calendar.
RunResult OnCalendar(const Plan& plan, const RunResult& live);

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_REPORT_LIVE_CALENDAR_H_
