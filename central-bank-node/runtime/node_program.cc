#include "central-bank-node/runtime/node_program.h"

#include <fmt/format.h>
#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "central-bank-node/engine/ledger_engine.h"
#include "central-bank-node/runtime/disk_room.h"
#include "central-bank-node/runtime/journal_care.h"
#include "central-bank-node/runtime/ledger_runtime.h"
#include "central-bank-node/runtime/ledger_service.h"
#include "central-bank-node/runtime/node_files.h"
#include "central-bank-node/runtime/operations_service.h"
#include "central-bank-node/runtime/scrubber.h"
#include "central-bank-node/runtime/snapshot_keeper.h"
#include "central-bank-node/runtime/witness_service.h"
#include "settlement/rpc/clock_guard.h"
#include "settlement/rpc/log.h"
#include "settlement/store/segment_archive.h"

namespace causeway::node {
namespace {

// Of the log's tree in memory: a quarter of a byte a leaf, and a proof reads a block or two.
constexpr int kTreeLowestLevel = 8;

constexpr char kProgram[] = "causeway-node";

// What a running node needs besides its engine.
struct Beside {
  store::SegmentJournal* segments = nullptr;  // the engine's journal
  store::KeyRuns* runs = nullptr;             // the engine's index
  std::string salt_key;
  std::shared_ptr<store::SnapshotStore> snapshots;  // none: no snapshots are wanted
};

absl::StatusOr<std::unique_ptr<LedgerEngine>> OpenEngine(const NodeOptions& options,
                                                         Beside& beside) {
  absl::StatusOr<core::Genesis> genesis = ReadGenesis(options.genesis_file);
  if (!genesis.ok()) return genesis.status();
  LedgerEngine::Options engine_options;
  absl::StatusOr<std::shared_ptr<const core::Signer>> signer =
      ReadSigner(options.key_file, options.passphrase_file);
  if (!signer.ok()) return signer.status();
  engine_options.signer = *std::move(signer);
  absl::StatusOr<std::string> salt_key = ReadSaltKey(options.salt_key_file);
  if (!salt_key.ok()) return salt_key.status();
  beside.salt_key = *salt_key;
  engine_options.salt_key = *std::move(salt_key);
  engine_options.verifier = std::make_shared<core::OpenSslSignatureVerifier>();
  for (const auto& [flag, directory] : {std::pair("--archive", options.archive_directory),
                                        std::pair("--backup-root", options.backup_root)}) {
    if (directory.empty() || !store::IsSameDirectory(directory, options.data_directory)) continue;
    return absl::FailedPreconditionError(
        fmt::format("{} {}: is the directory of --data; it must be another one", flag, directory));
  }
  // Before the journal is created: a key that is not the ledger's must leave nothing behind.
  if (engine_options.signer->public_key() != genesis->ledger_key) {
    return absl::FailedPreconditionError(fmt::format(
        "{}: is not the key that {} names as ledger_key", options.key_file, options.genesis_file));
  }
  store::SegmentOptions segment_options;
  segment_options.archive = options.archive_directory;
  if (options.segment_bytes != 0) segment_options.segment_bytes = options.segment_bytes;
  absl::StatusOr<LedgerStore> opened =
      OpenLedgerStore(options.data_directory, *genesis, engine_options.salt_key, segment_options);
  if (!opened.ok()) return opened.status();
  beside.segments = opened->segments;
  beside.runs = opened->runs;
  engine_options.keys = std::move(opened->keys);
  engine_options.tree_lowest_level = kTreeLowestLevel;
  if (options.snapshot_every_leaves > 0) beside.snapshots = std::move(opened->snapshots);
  engine_options.snapshots = beside.snapshots;
  return LedgerEngine::Open(*genesis, std::move(engine_options), std::move(opened->journal));
}

// What a copy of the ledger, an observer's or a replay, must have come to as well.
void LogEnd(const LedgerRuntime& runtime) {
  runtime.Read([](const LedgerEngine& engine) {
    rpc::Log(kProgram,
             fmt::format("ended with {} batches, {} leaves, state root {}", engine.batch_count(),
                         engine.size(), engine.ledger().StateRoot().ToHex()));
  });
}

// Of the journal, its archive, the index and the snapshots of a running node. `beside` must
// outlive it.
std::unique_ptr<Scrubber> StartScrub(const NodeOptions& options, const Beside& beside) {
  if (options.scrub_mib_per_s == 0) return nullptr;
  const std::vector<Scrubber::Part> parts = {
      {.scrub = [&](const auto& context) { return beside.segments->Scrub(context); },
       .remedy = "the node goes on; stop it and run \"causeway-node repair\" with a backup or an "
                 "archive that has it"},
      {.scrub = [&](const auto& context) { return beside.segments->ScrubArchive(context); },
       .remedy = "the node goes on; replace the file by the same of a copy of the archive, or of a "
                 "backup from before it was archived"},
      {.scrub = [&](const auto& context) { return beside.runs->Scrub(context); },
       .remedy = "the next start makes what is lost again from the journal"},
      {.scrub =
           [directory = options.data_directory + "/snapshots", &beside](const auto& context) {
             return ScrubSnapshots(directory, beside.salt_key, context);
           },
       .remedy = "a start uses another one; newer ones replace it"}};
  return std::make_unique<Scrubber>(Scrubber::Options{.bytes_per_s = options.scrub_mib_per_s << 20},
                                    parts);
}

RuntimeLimits LimitsHere() {
  RuntimeLimits limits;
  limits.threads = static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 2U, 64U));
  return limits;
}

}  // namespace

absl::Status RunNode(const NodeOptions& options) {
  // What is malformed is told to its sender; clients must not be able to fill this node's log.
  google::protobuf::SetLogHandler(nullptr);
  Beside beside;
  absl::StatusOr<std::unique_ptr<LedgerEngine>> engine = OpenEngine(options, beside);
  if (!engine.ok()) return engine.status();
  const core::Genesis genesis = (*engine)->ledger().genesis();
  const std::string what =
      fmt::format("{} (genesis {})", genesis.ledger.text(), genesis.hash.ToHex());
  for (const std::string& note : (*engine)->notes()) rpc::Log(kProgram, note);
  const std::uint64_t snapshot_leaves = (*engine)->snapshot_leaves();
  rpc::Log(kProgram, fmt::format("opened {}: {} batches, {} leaves ({} of them from a snapshot), "
                                 "root {}",
                                 what, (*engine)->batch_count(), (*engine)->size(), snapshot_leaves,
                                 (*engine)->root().ToHex()));
  for (const std::string& file : options.checkpoint_files) {
    if (absl::Status contains = CheckContains(**engine, file); !contains.ok()) return contains;
    rpc::Log(kProgram, fmt::format("the log contains the head in {}", file));
  }
  // The genesis alone may have been written long before.
  if ((*engine)->batch_count() > 1) {
    absl::Status clock =
        rpc::CheckClockAtStart(rpc::Now(), (*engine)->ledger().time(), options.accept_clock_gap);
    if (!clock.ok()) return clock;
  }
  LedgerRuntime runtime(*std::move(engine), LimitsHere(), rpc::GuardedClock(kProgram));
  DiskRoom room(options.data_directory);
  runtime.SetFreeBytes([&room] { return room.FreeBytes(); });
  std::optional<SnapshotKeeper> keeper;
  if (beside.snapshots != nullptr) {
    keeper.emplace(&runtime, beside.snapshots, options.snapshot_every_leaves, snapshot_leaves,
                   [&room] { return room.FreeBytes() >= kDiskBytesForSnapshot; });
  }
  LedgerService service(&runtime);
  JournalCare care(beside.segments, genesis, {options.backup_root, options.archive_directory});
  const std::unique_ptr<Scrubber> scrubber = StartScrub(options, beside);
  OperationsService operations(&runtime, &care, scrubber.get());
  std::vector<grpc::Service*> services = {service.service(), operations.service()};
  std::unique_ptr<WitnessRuntime> witness;
  std::optional<WitnessService> witness_service;
  if (!options.witness.name.empty()) {
    absl::StatusOr<std::unique_ptr<WitnessRuntime>> started =
        StartWitness(options.witness, options.server.tls);
    if (!started.ok()) return started.status();
    witness = *std::move(started);
    services.push_back(
        witness_service.emplace(witness.get(), *core::ParticipantId::Parse(options.witness.bridge))
            .service());
  }
  return rpc::Serve(kProgram, options.server, services, [&] {
    service.EndStreams();
    if (witness != nullptr) witness->Stop();
    care.Stop();
    if (scrubber != nullptr) scrubber->Stop();
    if (keeper.has_value()) keeper->Stop();
    runtime.Stop();
    if (keeper.has_value()) keeper->WriteLast();
    LogEnd(runtime);
  });
}

}  // namespace causeway::node
