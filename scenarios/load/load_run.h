// One load against one ledger, over one stream: closed loop (a number of requests in flight, each
// answer brings the next) or open loop (requests are due by a plan, whatever the answers do).
//
// Latencies are timed twice: from when a request was due (corrected for coordinated omission: what
// waited behind a slow answer counts its wait) and from when it was really sent.
#ifndef CAUSEWAY_SCENARIOS_LOAD_LOAD_RUN_H_
#define CAUSEWAY_SCENARIOS_LOAD_LOAD_RUN_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "scenarios/load/arrivals.h"
#include "scenarios/load/histogram.h"
#include "scenarios/load/request_pool.h"
#include "settlement/client/ledger_client.h"
#include "settlement/core/outcome.h"

namespace causeway::load {

struct RunPlan {
  // Closed loop; in an open loop the most that may be in flight before sending waits.
  std::size_t in_flight_max = 256;
  std::size_t bytes_in_flight_max = std::size_t{64} * 1024 * 1024;
  std::unique_ptr<Arrivals> arrivals;  // null: closed loop
  // Of an open loop: how many of the arrivals are to be sent, and of what size.
  std::uint64_t requests = 0;  // 0: all
  std::uint32_t payments_per_request = 1;
  // The load ends after it, or when the pool is exhausted or the arrivals end.
  std::chrono::nanoseconds duration{0};  // zero: without end
  // What is due before it is sent and counts as an outcome, and is in no rate and no latency.
  std::chrono::nanoseconds warm_up{0};
  // For the answers once the load has ended.
  std::chrono::nanoseconds drain{std::chrono::seconds(30)};
  bool record_trace = false;
};

// What happened in one second of the load.
struct Second {
  std::uint64_t payments = 0;  // answered
  std::uint64_t requests = 0;
  std::int64_t p50_ns = 0;  // corrected
  std::int64_t p99_ns = 0;
  std::int64_t max_ns = 0;
};

struct RunResult {
  double measured_s = 0;  // from the end of the warm-up to the last answer
  std::uint64_t measured_payments = 0;
  std::uint64_t measured_requests = 0;
  // Those that were due and have no answer, sent or not, with the time that they had waited when
  // the load was given up.
  LatencyHistogram corrected;
  LatencyHistogram uncorrected;
  std::vector<Second> seconds;  // warm-up included

  // Payments of the whole run.
  std::uint64_t settled = 0;
  std::uint64_t repeated = 0;                       // answered as known before
  std::map<core::Outcome, std::uint64_t> rejected;  // on record
  std::map<core::Outcome, std::uint64_t> refused;   // before they were sequenced
  std::uint64_t failed = 0;                         // answers that say neither
  std::uint64_t unanswered = 0;                     // sent, their outcome is unknown
  // Due in an open loop that was so far behind that it ended before they could be sent.
  std::uint64_t not_sent = 0;
  // Requests that were sent a millisecond or more after they were due.
  std::uint64_t sent_late = 0;
  // Times when no signed request was ready.
  std::uint64_t pool_empty = 0;
  absl::Status stream_end;  // why the stream broke, if it did
  std::string first_failure;
  std::vector<std::int64_t> send_times_ns;  // when asked for

  double payments_per_s() const;
  double requests_per_s() const;
  // Payments that did not settle, but those whose outcome is a key of `allowed`.
  std::uint64_t Unexpected(const std::vector<core::Outcome>& allowed) const;
};

struct Progress {
  double elapsed_s = 0;
  std::uint64_t payments = 0;  // answered
  Second last;
  std::size_t in_flight = 0;
};

// Runs it. `on_second`, if given, is called about once a second from the calling thread; false ends
// the load early.
RunResult RunLoad(const client::LedgerClient& ledger, RequestPool& pool, RunPlan plan,
                  const std::function<bool(const Progress&)>& on_second);

}  // namespace causeway::load

#endif  // CAUSEWAY_SCENARIOS_LOAD_LOAD_RUN_H_
