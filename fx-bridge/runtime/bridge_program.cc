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
#include "fx-bridge/runtime/witness_calls.h"
#include "settlement/core/check.h"
#include "settlement/rpc/log.h"

namespace causeway::bridge {
namespace {

constexpr char kProgram[] = "causeway-bridge";
constexpr char kFingerprintPurpose[] = "causeway/bridge-fingerprints/v1\n";

std::string SystemRandom(std::size_t size) {
  std::string bytes(size, '\0');
  const int drawn =
      RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  CW_CHECK(drawn == 1, "the system gives random bytes");
  return bytes;
}

absl::StatusOr<std::unique_ptr<BridgeEngine>> OpenEngine(const BridgeProgramOptions& options,
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
  const absl::StatusOr<store::FingerprintKey> key =
      store::FingerprintKeyOf(*engine.signer, kFingerprintPurpose);
  if (!key.ok()) return key.status();
  engine.fingerprint_key = *key;
  absl::StatusOr<std::unique_ptr<store::KeyRuns>> ids =
      OpenDecidedIds(options.data_directory, log, *key, (*journal)->record_count());
  if (!ids.ok()) return ids.status();
  for (const std::string& note : (*ids)->notes()) rpc::Log(kProgram, note);
  engine.ids = *std::move(ids);
  return BridgeEngine::Open(std::move(engine), *std::move(journal));
}

}  // namespace

absl::Status RunBridge(const BridgeProgramOptions& options) {
  absl::StatusOr<BridgeSetup> setup = ReadBridgeConfig(options.config_file);
  if (!setup.ok()) return setup.status();
  absl::StatusOr<std::unique_ptr<BridgeEngine>> engine = OpenEngine(options, *setup);
  if (!engine.ok()) return engine.status();
  rpc::Log(kProgram, fmt::format("opened {} under policy {}: {} decisions, {} settlements open",
                                 setup->policies->decision_log().text(),
                                 setup->policies->latest().hash.ToHex(), (*engine)->size(),
                                 (*engine)->ListOpen().size()));
  BridgeRuntime runtime(*std::move(engine), rpc::Now);
  absl::StatusOr<std::unique_ptr<LedgerCalls>> calls =
      LedgerCalls::Open(setup->ledgers, options.server.tls, setup->calls, &runtime);
  if (!calls.ok()) return calls.status();
  absl::StatusOr<std::unique_ptr<WitnessCalls>> witnesses =
      WitnessCalls::Open(setup->witnesses, options.server.tls, setup->calls, &runtime);
  if (!witnesses.ok()) return witnesses.status();
  BridgeService service(&runtime, {setup->participants, setup->observers}, SystemRandom);
  runtime.Start([&](LedgerRequest request) { (*calls)->Send(std::move(request)); },
                [&](const WitnessCall& call) { (*witnesses)->Send(call); },
                [&](const BridgeEngine& changed_engine, const std::vector<core::Hash256>& changed) {
                  service.OnChanged(changed_engine, changed);
                });
  absl::Status served = rpc::Serve(kProgram, options.server, {service.service()}, [&] {
    service.EndStreams();
    runtime.Stop();
    (*calls)->Stop();
    (*witnesses)->Stop();
    service.EndCalls();
  });
  if (!served.ok()) runtime.Stop();  // before what its thread uses is gone
  return served;
}

}  // namespace causeway::bridge
