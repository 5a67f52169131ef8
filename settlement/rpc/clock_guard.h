// What stands between a clock that is wrong and a log whose time never runs backwards: one entry
// with a time far ahead would hold up everything that waits for a time until the clock has come so
// far. A jump is seen by the clock that counts on since the machine's start; a clock that was wrong
// before the program began, by the time of the log's last batch.
#ifndef CAUSEWAY_SETTLEMENT_RPC_CLOCK_GUARD_H_
#define CAUSEWAY_SETTLEMENT_RPC_CLOCK_GUARD_H_

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "settlement/core/settlement.h"
#include "settlement/core/time.h"

namespace causeway::rpc {

// How far the wall clock may jump between two readings.
inline constexpr core::Duration kClockJumpMax = core::Duration::FromSeconds(60);
// How far at a start it may be behind the log's last batch, and ahead of it: as far as deadlines
// reach, so that no more than one absence of a week is asked about.
inline constexpr core::Duration kClockBehindAtStartMax = core::Duration::FromSeconds(60);
inline constexpr core::Duration kClockAheadAtStartMax = core::kDeadlineAheadMax;
// The process's exit status after a jump (EX_OSERR).
inline constexpr int kClockJumpedExitStatus = 71;

struct ClockReading {
  core::LedgerTime wall;
  core::Duration running;  // since the machine's start, its sleep included
};
// Both at the same moment.
ClockReading ReadClocks();

// Thread-safe.
class ClockGuard {
 public:
  explicit ClockGuard(const ClockReading& start)
      : ahead_(start.wall.micros() - start.running.micros()) {}

  // By how much the wall clock has jumped since the reading before, when that is more than
  // kClockJumpMax in either direction. Small steps and a slow drift are followed.
  std::optional<core::Duration> Check(const ClockReading& now);

 private:
  std::mutex mutex_;
  std::int64_t ahead_;  // of the running clock, in microseconds
};

// FailedPrecondition when the wall clock is too far from the time of the log's last batch, unless
// that is accepted.
absl::Status CheckClockAtStart(core::LedgerTime now, core::LedgerTime last_batch, bool accepted);

// The wall clock, for a program that writes what its log's time depends on. After a jump the next
// reading logs it and ends the process with kClockJumpedExitStatus, so that nothing is written with
// that time.
std::function<core::LedgerTime()> GuardedClock(std::string program);

}  // namespace causeway::rpc

#endif  // CAUSEWAY_SETTLEMENT_RPC_CLOCK_GUARD_H_
