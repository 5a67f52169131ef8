#include "scenarios/simulator/replay.h"

#include "fmt/format.h"
#include "observer/verifier/corridor_verifier.h"
#include "scenarios/simulator/modelled_suite.h"
#include "settlement/codec/codec.h"

namespace causeway::sim {
namespace {

absl::Status AddLog(const TraceLog& log, observer::CorridorVerifier& corridor) {
  if (!log.is_ledger) return corridor.AddDecisionLog({log.genesis});
  const absl::StatusOr<core::Genesis> genesis = codec::DecodeGenesis(log.genesis);
  if (!genesis.ok()) return genesis.status();
  if (genesis->ledger.text() != log.origin) {
    return absl::InvalidArgumentError(fmt::format("the genesis is of {}", genesis->ledger.text()));
  }
  return corridor.AddLedger(genesis->ledger, genesis->hash);
}

observer::Step OnBatch(const TraceLog& log, const std::string& batch,
                       observer::CorridorVerifier& corridor) {
  if (!log.is_ledger) return corridor.OnDecisionBatch(batch);
  return corridor.OnLedgerBatch(*core::LedgerOrigin::Parse(log.origin), batch);
}

ReplayedLog Compare(const TraceLog& log, const observer::CorridorStatus& status) {
  ReplayedLog out;
  out.origin = log.origin;
  out.is_ledger = log.is_ledger;
  for (const observer::LogStatus& seen : status.logs) {
    if (seen.origin != log.origin) continue;
    out.size = seen.size;
    out.log_root = seen.root.ToHex();
    if (seen.state_root) out.state_root = seen.state_root->ToHex();
    const bool same_state =
        !log.is_ledger || (seen.state_root && seen.state_root->view() == log.state_root);
    out.same = !seen.halted && seen.batches == log.batches.size() && seen.size == log.log_size &&
               seen.root == log.log_root && same_state;
  }
  return out;
}

}  // namespace

absl::StatusOr<ReplayResult> ReplayTrace(
    const Trace& trace, const std::function<void(std::size_t done, std::size_t all)>& on_progress) {
  const SimulatorSignatureVerifier verifier;
  observer::CorridorVerifier corridor(verifier);
  std::size_t all = 0;
  for (const TraceLog& log : trace.logs) {
    const absl::Status added = AddLog(log, corridor);
    if (!added.ok()) {
      return absl::InvalidArgumentError(
          fmt::format("{}: {}", log.origin, std::string(added.message())));
    }
    all += log.batches.size();
  }
  std::size_t done = 0;
  for (const TraceLog& log : trace.logs) {
    for (const std::string& batch : log.batches) {
      OnBatch(log, batch, corridor);
      done += 1;
      if (on_progress) on_progress(done, all);
    }
  }
  ReplayResult result;
  for (const observer::Finding& finding : corridor.findings()) {
    result.findings.push_back(fmt::format("{}: {}", finding.origin, finding.message));
  }
  result.same = result.findings.empty();
  const observer::CorridorStatus status = corridor.Status();
  for (const TraceLog& log : trace.logs) {
    result.logs.push_back(Compare(log, status));
    result.same = result.same && result.logs.back().same;
  }
  return result;
}

}  // namespace causeway::sim
