#include "scenarios/simulator/log_measures.h"

#include <algorithm>
#include <string>
#include <vector>

#include "observer/verifier/ledger_verifier.h"
#include "scenarios/simulator/booking_record.h"
#include "scenarios/simulator/queue_watch.h"
#include "settlement/core/batch.h"
#include "settlement/core/entry.h"
#include "settlement/core/suite.h"

namespace causeway::sim {
namespace {

class LogMeter {
 public:
  explicit LogMeter(const Plan& plan)
      : plan_(plan), bookings_(plan), queues_(plan.ledgers.size()) {}

  void OnLog(LedgerIndex ledger, const std::vector<std::string>& batches) {
    const core::Genesis& genesis = plan_.ledgers[ledger].genesis;
    observer::LedgerVerifier verifier(genesis.ledger, genesis.hash, signatures_);
    for (const std::string& bytes : batches) {
      if (verifier.OnBatch(bytes).has_value()) return;
      const absl::StatusOr<core::Batch> batch = core::DecodeBatch(bytes);
      if (!batch.ok()) return;
      const core::LedgerTime time = batch->header.time;
      std::vector<core::Entry> entries;
      for (const std::string& leaf : batch->entries) {
        absl::StatusOr<core::Entry> entry = core::DecodeEntry(leaf);
        if (!entry.ok()) return;
        bookings_.OnEntry(time, ledger, *entry);
        entries.push_back(*std::move(entry));
      }
      queues_.OnBatch(time, ledger, entries, *verifier.ledger());
      end_ = std::max(end_, time);
    }
  }

  void Finish(RunResult& result) {
    result.bookings = bookings_.Take();
    std::stable_sort(result.bookings.begin(), result.bookings.end(),
                     [](const Booking& a, const Booking& b) { return a.time < b.time; });
    result.ledger_queues = queues_.Finish(end_);
  }

 private:
  const Plan& plan_;
  const core::OpenSslSignatureVerifier signatures_;
  BookingRecord bookings_;
  QueueWatch queues_;
  core::LedgerTime end_;
};

}  // namespace

void MeasureLogs(const Plan& plan, RunResult& result) {
  LogMeter meter(plan);
  for (std::size_t i = 0; i < plan.ledgers.size(); ++i) {
    const std::string origin = plan.ledgers[i].origin.ToString();
    for (const RunResult::LogTrace& log : result.logs) {
      if (log.origin == origin) meter.OnLog(static_cast<LedgerIndex>(i), log.batches);
    }
  }
  meter.Finish(result);
}

}  // namespace causeway::sim
