#include "central-bank-node/runtime/witness_program.h"

#include <fmt/format.h>
#include <google/protobuf/stubs/logging.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <algorithm>
#include <utility>

#include "causeway/v1/bridge_service.grpc.pb.h"
#include "causeway/v1/witness_service.grpc.pb.h"
#include "central-bank-node/runtime/node_files.h"
#include "central-bank-node/runtime/witness_service.h"
#include "settlement/codec/codec.h"
#include "settlement/core/hash.h"
#include "settlement/rpc/log.h"
#include "settlement/rpc/rejection_status.h"
#include "settlement/store/key_runs.h"
#include "settlement/store/segment_journal.h"

namespace causeway::node {
namespace {

constexpr char kWitnessLogName[] = "causeway-node";
constexpr std::size_t kPolicyBytesMax = 1024 * 1024;
constexpr std::int64_t kMicrosPerSecond = 1'000'000;
// Recent ids in memory: 2 tables of 16 bytes a key, which begin small.
constexpr std::size_t kIdTableKeysMax = 1 << 20;
constexpr char kFingerprintPurpose[] = "causeway/witness-fingerprints/v1\n";

absl::StatusOr<std::unique_ptr<witness::WitnessEngine>> OpenEngine(const WitnessOptions& options) {
  witness::WitnessEngine::Options engine;
  for (const std::string& file : options.policy_files) {
    absl::StatusOr<std::string> bytes = rpc::ReadWholeFile(file, kPolicyBytesMax);
    if (!bytes.ok()) return bytes.status();
    engine.policies.push_back(*std::move(bytes));
  }
  const absl::StatusOr<core::PolicySet> policies =
      codec::DecodePolicies(engine.policies, "witness-policy");
  if (!policies.ok()) return policies.status();
  engine.name = options.name;
  if (const auto bridge = core::ParticipantId::Parse(options.bridge); !bridge.ok()) {
    return absl::InvalidArgumentError(fmt::format("the bridge of witness {}: {}", options.name,
                                                  std::string(bridge.status().message())));
  }
  absl::StatusOr<std::shared_ptr<const core::Signer>> signer = ReadSigner(options.key_file, "");
  if (!signer.ok()) return signer.status();
  engine.signer = *std::move(signer);
  engine.verifier = std::make_shared<core::OpenSslSignatureVerifier>();
  // Before the journal is created: what is wrong must leave nothing behind.
  if (absl::Status status = witness::WitnessEngine::Check(engine, *policies); !status.ok()) {
    return status;
  }
  const absl::StatusOr<store::FingerprintKey> fingerprint_key =
      store::FingerprintKeyOf(*engine.signer, kFingerprintPurpose);
  if (!fingerprint_key.ok()) return fingerprint_key.status();
  engine.fingerprint_key = *fingerprint_key;
  const core::LedgerOrigin& log = policies->decision_log();
  absl::StatusOr<std::unique_ptr<store::SegmentJournal>> journal = store::SegmentJournal::Open(
      options.data_directory, witness::WitnessEngine::JournalIdentityOf(log));
  if (!journal.ok()) return journal.status();
  absl::StatusOr<std::unique_ptr<store::KeyRuns>> ids =
      store::KeyRuns::Open({.directory = options.data_directory + "/ids",
                            .ledger = core::Sha256(log.text()),
                            .fingerprint_key = engine.fingerprint_key,
                            .table_keys_max = kIdTableKeysMax},
                           (*journal)->record_count());
  if (!ids.ok()) return ids.status();
  engine.ids = *std::move(ids);
  return witness::WitnessEngine::Open(std::move(engine), *std::move(journal));
}

// The notes that the peer at `address` has seen of the log: the bridge's certified checkpoint, or
// what another witness holds.
absl::StatusOr<std::vector<std::string>> AskPeer(const std::string& address,
                                                 const std::optional<rpc::TlsFiles>& tls) {
  absl::StatusOr<std::shared_ptr<grpc::Channel>> channel = rpc::OpenChannel(address, tls);
  if (!channel.ok()) return channel.status();
  const auto deadline = std::chrono::system_clock::now() + kWitnessPeerWaitMax;
  {
    grpc::ClientContext context;
    context.set_deadline(deadline);
    causeway::v1::WitnessState state;
    const grpc::Status status = causeway::v1::Witness::NewStub(*channel)->GetWitness(
        &context, causeway::v1::GetWitnessRequest(), &state);
    if (status.ok()) return std::vector<std::string>{state.checkpoint()};
    if (status.error_code() != grpc::StatusCode::UNIMPLEMENTED) return rpc::FromGrpc(status);
  }
  grpc::ClientContext context;
  context.set_deadline(deadline);
  causeway::v1::DecisionCheckpoint known;
  const grpc::Status status = causeway::v1::Bridge::NewStub(*channel)->GetDecisionCheckpoint(
      &context, causeway::v1::GetDecisionCheckpointRequest(), &known);
  if (!status.ok()) return rpc::FromGrpc(status);
  std::vector<std::string> notes = {known.checkpoint(), known.certified()};
  notes.insert(notes.end(), known.cosigned().begin(), known.cosigned().end());
  return notes;
}

absl::Status ComparePeer(const std::string& address, const std::optional<rpc::TlsFiles>& tls,
                         std::uint64_t seconds, witness::WitnessEngine& engine) {
  const absl::StatusOr<std::vector<std::string>> notes = AskPeer(address, tls);
  if (!notes.ok()) {
    rpc::Log(kWitnessLogName,
             fmt::format("witness {}: {} does not say what it has seen: {}", engine.name(), address,
                         std::string(notes.status().message())));
    return absl::OkStatus();
  }
  for (const std::string& note : *notes) {
    if (note.empty()) continue;
    const std::vector<witness::Request> requests = {{{}, note}};
    const auto answers = engine.Handle(requests, seconds);
    if (!answers.ok()) return answers.status();
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<WitnessRuntime>> StartWitness(
    const WitnessOptions& options, const std::optional<rpc::TlsFiles>& tls) {
  const auto seconds = [] {
    return static_cast<std::uint64_t>(
        std::max<std::int64_t>(0, rpc::Now().micros() / kMicrosPerSecond));
  };
  absl::StatusOr<std::unique_ptr<witness::WitnessEngine>> engine = OpenEngine(options);
  if (!engine.ok()) return engine.status();
  for (const std::string& peer : options.peers) {
    if (absl::Status status = ComparePeer(peer, tls, seconds(), **engine); !status.ok()) {
      return status;
    }
  }
  const std::optional<witness::Evidence>& evidence = (*engine)->evidence();
  if ((*engine)->refusing() && evidence->kind == witness::EvidenceKind::kStateLost) {
    return absl::FailedPreconditionError(
        fmt::format("witness {}: {} Give it a new key in the next epoch of the policy "
                    "(docs/how-to/run-a-witness.md)",
                    options.name, evidence->message));
  }
  rpc::Log(kWitnessLogName,
           fmt::format("witness {} of {}: {} batches, {} records{}", options.name,
                       (*engine)->policies().decision_log().text(), (*engine)->batches(),
                       (*engine)->size(),
                       (*engine)->refusing() ? "; SIGNS NOTHING: " + evidence->message : ""));
  return std::make_unique<WitnessRuntime>(*std::move(engine), seconds);
}

absl::Status RunWitness(const WitnessOptions& options, const rpc::ServerOptions& server) {
  google::protobuf::SetLogHandler(nullptr);  // as in RunNode
  absl::StatusOr<std::unique_ptr<WitnessRuntime>> runtime = StartWitness(options, server.tls);
  if (!runtime.ok()) return runtime.status();
  WitnessService service(runtime->get(), *core::ParticipantId::Parse(options.bridge));
  rpc::ServerOptions taking = server;
  taking.request_bytes_max = rpc::kCosignRequestBytesMax;
  return rpc::Serve(kWitnessLogName, taking, {service.service()}, [&] { (*runtime)->Stop(); });
}

}  // namespace causeway::node
