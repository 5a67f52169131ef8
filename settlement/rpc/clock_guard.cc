#include "settlement/rpc/clock_guard.h"

#include <cstdlib>
#include <ctime>
#include <memory>
#include <utility>

#include "fmt/format.h"
#include "settlement/core/check.h"
#include "settlement/rpc/log.h"

namespace causeway::rpc {
namespace {

// A process that was stopped between two readings reads again.
constexpr core::Duration kSameMoment = core::Duration::FromMillis(100);

// Unlike the monotonic clock, it counts while the machine sleeps.
core::Duration Running() {
  timespec now{};
  CW_CHECK(clock_gettime(CLOCK_BOOTTIME, &now) == 0, "Linux has this clock");
  return core::Duration::FromMicros(std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000);
}

double SecondsOf(core::Duration duration) { return static_cast<double>(duration.micros()) / 1e6; }

}  // namespace

ClockReading ReadClocks() {
  for (;;) {
    const core::Duration before = Running();
    const core::LedgerTime wall = Now();
    const core::Duration after = Running();
    if (after - before < kSameMoment) return {wall, after};
  }
}

std::optional<core::Duration> ClockGuard::Check(const ClockReading& now) {
  const std::int64_t ahead = now.wall.micros() - now.running.micros();
  const std::lock_guard lock(mutex_);
  const core::Duration jump = core::Duration::FromMicros(ahead - std::exchange(ahead_, ahead));
  if (jump <= kClockJumpMax && core::Duration::Zero() - jump <= kClockJumpMax) return std::nullopt;
  return jump;
}

absl::Status CheckClockAtStart(core::LedgerTime now, core::LedgerTime last_batch, bool accepted) {
  if (accepted) return absl::OkStatus();
  if (last_batch - now > kClockBehindAtStartMax) {
    return absl::FailedPreconditionError(fmt::format(
        "the clock says {}, and the log's last batch is of {}: one of them is wrong. The log's "
        "time stands still until the clock has come so far. Set the clock right, or accept this "
        "with --accept-clock-gap",
        now.ToString(), last_batch.ToString()));
  }
  if (now - last_batch > kClockAheadAtStartMax) {
    return absl::FailedPreconditionError(fmt::format(
        "the clock says {}, and the log's last batch is of {}, more than {:.0f} s before. If the "
        "clock is ahead, the first batch would make the log's time stand still for as long. Look "
        "whether it is right, then accept this with --accept-clock-gap",
        now.ToString(), last_batch.ToString(), SecondsOf(kClockAheadAtStartMax)));
  }
  return absl::OkStatus();
}

std::function<core::LedgerTime()> GuardedClock(std::string program) {
  auto guard = std::make_shared<ClockGuard>(ReadClocks());
  return [guard, program = std::move(program)] {
    const ClockReading now = ReadClocks();
    if (const std::optional<core::Duration> jump = guard->Check(now); jump.has_value()) {
      Log(program,
          fmt::format("the clock of this machine jumped by {:.1f} s to {}; stopping before "
                      "anything is written with that time. Set it right, and start again",
                      SecondsOf(*jump), now.wall.ToString()));
      std::_Exit(kClockJumpedExitStatus);
    }
    return now.wall;
  };
}

}  // namespace causeway::rpc
