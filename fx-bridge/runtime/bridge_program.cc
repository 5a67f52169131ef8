#include "fx-bridge/runtime/bridge_program.h"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <memory>
#include <utility>

#include "fx-bridge/engine/bridge_engine.h"
#include "fx-bridge/runtime/bridge_files.h"
#include "fx-bridge/runtime/bridge_runtime.h"
#include "fx-bridge/runtime/bridge_service.h"
#include "fx-bridge/runtime/decision_journal.h"
#include "fx-bridge/runtime/ledger_calls.h"
#include "fx-bridge/runtime/log_snapshot_keeper.h"
#include "fx-bridge/runtime/queue_runtime.h"
#include "fx-bridge/runtime/queue_service.h"
#include "fx-bridge/runtime/witness_calls.h"
#include "settlement/core/check.h"
#include "settlement/rpc/clock_guard.h"
#include "settlement/rpc/log.h"
#include "settlement/store/segment_journal.h"

namespace causeway::bridge {
namespace {

constexpr char kProgram[] = "causeway-bridge";
// Of the queue's log: a segment is preallocated as a whole.
constexpr std::uint64_t kQueueSegmentBytes = std::uint64_t{16} << 20;

std::string SystemRandom(std::size_t size) {
  std::string bytes(size, '\0');
  const int drawn =
      RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  CW_CHECK(drawn == 1, "the system gives random bytes");
  return bytes;
}

// The engine, and what keeps snapshots of its log.
struct OpenedEngine {
  std::unique_ptr<BridgeEngine> engine;
  LogSnapshotKeeper::Options keeper;
};

absl::StatusOr<OpenedEngine> OpenEngine(const BridgeProgramOptions& options,
                                        const BridgeSetup& setup) {
  BridgeEngine::Options engine;
  engine.policies = setup.policy_files;
  engine.verifier = std::make_shared<core::OpenSslSignatureVerifier>();
  engine.keys = setup.keys;
  engine.venue = setup.venue;
  engine.coordinator = setup.coordinator;
  absl::StatusOr<std::shared_ptr<const core::Signer>> signer = ReadSigner(options.key_file);
  if (!signer.ok()) return signer.status();
  engine.signer = *std::move(signer);
  // Before the journal is created: a key that is not the log's must leave nothing behind.
  if (engine.signer->public_key() != setup.policies->decision_log_key()) {
    return absl::FailedPreconditionError(fmt::format(
        "{}: is not the key that the policies name as decision_log_key", options.key_file));
  }
  const core::LedgerOrigin& log = setup.policies->decision_log();
  absl::StatusOr<std::unique_ptr<store::Journal>> journal =
      OpenDecisionJournal(options.data_directory, log);
  if (!journal.ok()) return journal.status();
  const absl::StatusOr<store::FingerprintKey> key = FingerprintKeyOfLog(*engine.signer, **journal);
  if (!key.ok()) return key.status();
  engine.fingerprint_key = *key;
  absl::StatusOr<std::unique_ptr<store::KeyRuns>> ids =
      OpenDecidedIds(options.data_directory, log, *key, (*journal)->record_count());
  if (!ids.ok()) return ids.status();
  for (const std::string& note : (*ids)->notes()) rpc::Log(kProgram, note);
  engine.ids = *std::move(ids);
  const absl::StatusOr<std::shared_ptr<store::SnapshotStore>> snapshots =
      OpenLogSnapshots(options.data_directory);
  if (!snapshots.ok()) return snapshots.status();
  engine.snapshots = *snapshots;
  absl::StatusOr<std::unique_ptr<BridgeEngine>> opened =
      BridgeEngine::Open(std::move(engine), *std::move(journal));
  if (!opened.ok()) return opened.status();
  for (const std::string& note : (*opened)->notes()) rpc::Log(kProgram, note);
  const std::uint64_t held = (*opened)->snapshot_records();
  return OpenedEngine{*std::move(opened), {*snapshots, log, *key, held}};
}

struct OpenedQueue {
  std::unique_ptr<QueueDesk> desk;
  std::shared_ptr<store::SnapshotStore> snapshots;
};

// In folder "queue" of the data directory.
absl::StatusOr<OpenedQueue> OpenQueue(const BridgeProgramOptions& options, QueueOptions queue) {
  queue.verifier = std::make_shared<core::OpenSslSignatureVerifier>();
  queue.random = SystemRandom;
  const std::string directory = options.data_directory + "/queue";
  absl::StatusOr<std::unique_ptr<store::SegmentJournal>> journal =
      store::SegmentJournal::Open(directory, QueueDesk::JournalIdentityOf(queue.decision_log),
                                  {.segment_bytes = kQueueSegmentBytes});
  if (!journal.ok()) return journal.status();
  absl::StatusOr<std::shared_ptr<store::SnapshotStore>> snapshots = OpenLogSnapshots(directory);
  if (!snapshots.ok()) return snapshots.status();
  queue.snapshots = *snapshots;
  absl::StatusOr<std::unique_ptr<QueueDesk>> desk =
      QueueDesk::Open(std::move(queue), *std::move(journal), rpc::Now());
  if (!desk.ok()) return desk.status();
  for (const std::string& note : (*desk)->notes()) {
    rpc::Log(kProgram, "settlement queue: " + note);
  }
  return OpenedQueue{*std::move(desk), *std::move(snapshots)};
}

// The queue's parts when the configuration has one.
struct LiveQueue {
  std::unique_ptr<QueueRuntime> runtime;
  std::unique_ptr<QueueService> service;

  absl::Status Open(const BridgeProgramOptions& options, const BridgeSetup& setup,
                    BridgeRuntime* bridge) {
    if (!setup.queue.has_value()) return absl::OkStatus();
    absl::StatusOr<OpenedQueue> opened = OpenQueue(options, *setup.queue);
    if (!opened.ok()) return opened.status();
    const QueueFigures figures = opened->desk->Figures();
    rpc::Log(kProgram,
             fmt::format("settlement queue: {} members, {} trades wait, {} by one party",
                         setup.queue->members.size(), figures.waiting, figures.unmatched));
    runtime = std::make_unique<QueueRuntime>(std::move(opened->desk), bridge,
                                             std::move(opened->snapshots));
    service = std::make_unique<QueueService>(runtime.get(),
                                             BridgeAccess{setup.participants, setup.observers});
    return absl::OkStatus();
  }
};

}  // namespace

absl::Status RunBridge(const BridgeProgramOptions& options) {
  absl::StatusOr<BridgeSetup> setup = ReadBridgeConfig(options.config_file);
  if (!setup.ok()) return setup.status();
  absl::StatusOr<OpenedEngine> opened_engine = OpenEngine(options, *setup);
  if (!opened_engine.ok()) return opened_engine.status();
  const BridgeEngine& engine = *opened_engine->engine;
  rpc::Log(kProgram,
           fmt::format("opened {} under policy {}: {} decisions, {} of them from a snapshot, {} "
                       "settlements open",
                       setup->policies->decision_log().text(),
                       setup->policies->latest().hash.ToHex(), engine.size(),
                       engine.snapshot_records(), engine.OpenPlaces(std::nullopt).size()));
  if (engine.size() > 0) {
    absl::Status clock =
        rpc::CheckClockAtStart(rpc::Now(), engine.latest_time(), options.accept_clock_gap);
    if (!clock.ok()) return clock;
  }
  LogSnapshotKeeper keeper(std::move(opened_engine->keeper));
  BridgeRuntime runtime(std::move(opened_engine->engine), rpc::GuardedClock(kProgram));
  absl::StatusOr<std::unique_ptr<LedgerCalls>> calls =
      LedgerCalls::Open(setup->ledgers, options.server.tls, setup->calls, &runtime);
  if (!calls.ok()) return calls.status();
  absl::StatusOr<std::unique_ptr<WitnessCalls>> witnesses =
      WitnessCalls::Open(setup->witnesses, options.server.tls, setup->calls, &runtime);
  if (!witnesses.ok()) return witnesses.status();
  LiveQueue queue;
  if (absl::Status opened = queue.Open(options, *setup, &runtime); !opened.ok()) return opened;
  BridgeService service(&runtime, {setup->participants, setup->observers}, SystemRandom);
  runtime.Start([&](LedgerRequest request) { (*calls)->Send(std::move(request)); },
                [&](const WitnessCall& call) { (*witnesses)->Send(call); },
                [&](const BridgeEngine& changed_engine, const std::vector<core::Hash256>& changed) {
                  keeper.OnDurable(changed_engine);
                  service.OnChanged(changed_engine, changed);
                  if (queue.runtime != nullptr) queue.runtime->OnChanged(changed_engine, changed);
                });
  std::vector<grpc::Service*> services = {service.service()};
  if (queue.runtime != nullptr) {
    queue.runtime->Start();
    services.push_back(queue.service->service());
  }
  absl::Status served = rpc::Serve(kProgram, options.server, services, [&] {
    service.EndStreams();
    if (queue.runtime != nullptr) queue.runtime->Stop();
    runtime.Stop();
    (*calls)->Stop();
    (*witnesses)->Stop();
    service.EndCalls();
    keeper.Stop();
    keeper.WriteLast(runtime.stopped_engine());
  });
  if (!served.ok() && queue.runtime != nullptr) queue.runtime->Stop();
  if (!served.ok()) runtime.Stop();  // before what its thread uses is gone
  return served;
}

}  // namespace causeway::bridge
