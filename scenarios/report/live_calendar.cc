#include "scenarios/report/live_calendar.h"

#include <algorithm>

namespace causeway::sim {

LiveCalendar::LiveCalendar(const Plan& plan, const std::vector<ActionResult>& actions) {
  for (const ActionResult& action : actions) {
    // One that sent nothing has no time of its own.
    if (action.started.micros() <= 0) continue;
    starts_.push_back({action.started.micros(), plan.actions[action.action].time.micros()});
  }
  std::stable_sort(starts_.begin(), starts_.end(),
                   [](const Start& a, const Start& b) { return a.wall_us < b.wall_us; });
  std::int64_t latest_us = 0;
  for (Start& start : starts_) {
    latest_us = std::max(latest_us, start.due_us);
    start.due_us = latest_us;
  }
}

core::LedgerTime LiveCalendar::At(core::LedgerTime wall) const {
  const std::int64_t wall_us = wall.micros();
  const auto next =
      std::upper_bound(starts_.begin(), starts_.end(), wall_us,
                       [](std::int64_t time_us, const Start& s) { return time_us < s.wall_us; });
  if (next == starts_.begin())
    return starts_.empty() ? wall : core::LedgerTime::FromMicros(starts_.front().due_us);
  const Start& under_way = *(next - 1);
  const std::int64_t at_us = under_way.due_us + (wall_us - under_way.wall_us);
  return core::LedgerTime::FromMicros(next == starts_.end() ? at_us
                                                            : std::min(at_us, next->due_us));
}

RunResult OnCalendar(const Plan& plan, const RunResult& live) {
  const LiveCalendar calendar(plan, live.actions);
  RunResult result;
  result.mode = live.mode;
  result.actions = live.actions;
  for (ActionResult& action : result.actions) {
    if (action.started.micros() <= 0) {
      action.started = action.ended = plan.actions[action.action].time;
      continue;
    }
    action.started = calendar.At(action.started);
    action.ended = calendar.At(action.ended);
  }
  result.bookings = live.bookings;
  for (Booking& booking : result.bookings) booking.time = calendar.At(booking.time);
  result.ledger_queues = live.ledger_queues;
  for (LedgerQueueResult& queue : result.ledger_queues) {
    for (LedgerQueueResult::Level& level : queue.levels) level.at = calendar.At(level.at);
  }
  return result;
}

}  // namespace causeway::sim
