// How long a bridge takes to start again after many settlements that have ended: with the newest
// snapshot of its log as the program writes them, and without any. Journal, key index and snapshots
// are as in the program; of signatures the engine takes every one, because they are the same in
// both. Before each start nothing of the journal is in this process, and all of it in the system's
// page cache.
//
//   bridge_restart_bench [--settlements N] [--open N] [--json FILE]
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "fx-bridge/engine/bridge_engine.h"
#include "fx-bridge/runtime/decision_journal.h"
#include "fx-bridge/runtime/log_snapshot_keeper.h"
#include "settlement/codec/codec.h"
#include "settlement/core/check.h"
#include "settlement/core/hash.h"
#include "tests/bench/bench_support.h"
#include "tests/bench/machine_limits.h"

namespace causeway::bench {
namespace {

constexpr std::size_t kPerFlush = 500;

// A bridge whose two ledgers vote for and book whatever they are asked.
class RestartedBridge {
 public:
  explicit RestartedBridge(std::string directory) : directory_(std::move(directory)) {
    policy_ = {.epoch = 1,
               .decision_log = Must(core::LedgerOrigin::Parse("bridge.example/decisions")),
               .decision_log_key = log_key_->public_key(),
               .ledgers = {{hkd_, core::Sha256("hkd"), ledger_key_->public_key()},
                           {thb_, core::Sha256("thb"), ledger_key_->public_key()}}};
    policy_bytes_ = codec::EncodePolicy(policy_);
    policy_ = Must(codec::DecodePolicy(policy_bytes_));
    keys_->Add(alpha_, alpha_key_->public_key());
  }

  // Seconds. `with_snapshots`: as the program does; else as if there were none.
  double Start(bool with_snapshots) {
    engine_.reset();
    const auto begin = std::chrono::steady_clock::now();
    auto journal = Must(bridge::OpenDecisionJournal(directory_, policy_.decision_log));
    const store::FingerprintKey secret = Must(bridge::FingerprintKeyOfLog(*log_key_, *journal));
    bridge::BridgeEngine::Options options;
    options.policies = {policy_bytes_};
    options.signer = log_key_;
    options.verifier = std::make_shared<TakesAll>();
    options.keys = keys_;
    options.coordinator.open_max = 10'000'000;
    options.ids = Must(
        bridge::OpenDecidedIds(directory_, policy_.decision_log, secret, journal->record_count()));
    options.fingerprint_key = secret;
    const std::shared_ptr<store::SnapshotStore> snapshots =
        Must(bridge::OpenLogSnapshots(directory_));
    if (with_snapshots) options.snapshots = snapshots;
    engine_ = Must(bridge::BridgeEngine::Open(std::move(options), std::move(journal)));
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    keeper_ = std::make_unique<bridge::LogSnapshotKeeper>(bridge::LogSnapshotKeeper::Options{
        snapshots, policy_.decision_log, secret, engine_->snapshot_records()});
    return took.count();
  }
  // As a kill: no snapshot at the end.
  void Stop() {
    keeper_->Stop();
    keeper_.reset();
    engine_.reset();
  }

  // Settles so many, or leaves them decided and not booked.
  void Settle(std::size_t count, bool book) {
    now_ = now_ + core::Duration::FromMillis(1);
    for (std::size_t i = 0; i < count; ++i) Submit();
    Flush();
    std::map<core::LedgerOrigin, std::vector<core::Hold>> holds;
    for (const bridge::LedgerRequest& request : engine_->TakeRequests()) {
      holds[request.ledger].push_back({request.settlement_id, ++leaves_, {}});
    }
    for (const auto& [ledger, held] : holds) {
      const core::Hash256 genesis = policy_.Find(ledger)->genesis_hash;
      const std::vector<core::Vote> votes =
          Must(core::SignVotes(ledger, genesis, std::span<const core::Hold>(held), *ledger_key_));
      for (const core::Vote& vote : votes) {
        engine_->OnPrepareReply(now_, vote.settlement_id, ledger, core::EncodeVote(vote));
      }
    }
    Flush();
    const std::vector<bridge::LedgerRequest> completions = engine_->TakeRequests();
    if (!book) return;
    for (const bridge::LedgerRequest& request : completions) {
      engine_->OnCompleteReply(now_, request.settlement_id, request.ledger,
                               core::InstructionStatus::kSettled);
    }
    Flush();
  }
  std::uint64_t size() const { return engine_->size(); }
  std::uint64_t snapshot_records() const { return engine_->snapshot_records(); }
  std::size_t open() const { return engine_->OpenPlaces(std::nullopt).size(); }

 private:
  static std::shared_ptr<core::SoftwareSigner> Key(const std::string& name) {
    return Must(core::SoftwareSigner::FromEd25519Seed(core::Sha256(name).view()));
  }
  void Flush() {
    const absl::Status flushed = engine_->Flush(now_);
    CW_CHECK(flushed.ok(), "the benchmark's disk takes what is written");
    keeper_->OnDurable(*engine_);
    engine_->TakeChanged();
  }
  void Submit() {
    std::array<std::uint8_t, 16> random{};
    const std::uint64_t number = ++submitted_;
    for (std::size_t byte = 0; byte < 8; ++byte) {
      random[byte] = static_cast<std::uint8_t>(number >> (8 * byte));
    }
    std::vector<std::string> legs;
    for (const auto& [ledger, code] : {std::pair(hkd_, "HKD"), std::pair(thb_, "THB")}) {
      const core::Currency currency = Must(core::Currency::Parse(code));
      legs.push_back(
          codec::EncodeLeg({.salt = std::string(16, 's'),
                            .ledger = ledger,
                            .party = alpha_,
                            .id = Must(core::InstructionId::Parse(fmt::format("L-{}", number))),
                            .uetr = core::Uetr::FromRandomBytes(random),
                            .debtor = Must(core::AccountAddress::Make(currency, "ALPHA")),
                            .creditor = Must(core::AccountAddress::Make(currency, "BETA")),
                            .amount = {currency, core::Amount::FromMinor(1)}}));
    }
    const core::TermsHeader header{
        .policy_hash = policy_.hash,
        .deadline = now_ + core::Duration::FromMinutes(10),
        .ledgers = {{hkd_, 1}, {thb_, 1}},
        .legs_root = core::LegsRoot(legs),
        .nonce = std::string(reinterpret_cast<const char*>(random.data()), random.size())};
    core::Envelope terms;
    terms.payload_type = core::kTermsPayloadType;
    terms.payload = codec::EncodeTerms(header);
    terms.signatures.push_back({core::KeyIdOf(alpha_key_->public_key()), std::string(64, '\1')});
    const auto submitted = engine_->Submit(now_, terms, std::move(legs));
    CW_CHECK(std::holds_alternative<bridge::SettlementView>(submitted),
             "the benchmark's settlements are taken");
  }

  const std::string directory_;
  const core::LedgerOrigin hkd_ = Must(core::LedgerOrigin::Parse("bench.example/hkd"));
  const core::LedgerOrigin thb_ = Must(core::LedgerOrigin::Parse("bench.example/thb"));
  const core::ParticipantId alpha_ = Must(core::ParticipantId::Parse("ALPHA"));
  const std::shared_ptr<core::SoftwareSigner> log_key_ = Key("log");
  const std::shared_ptr<core::SoftwareSigner> ledger_key_ = Key("ledger");
  const std::shared_ptr<core::SoftwareSigner> alpha_key_ = Key("ALPHA");
  const std::shared_ptr<bridge::StaticKeyDirectory> keys_ =
      std::make_shared<bridge::StaticKeyDirectory>();
  core::SettlementPolicy policy_;
  std::string policy_bytes_;
  core::LedgerTime now_ = core::LedgerTime::FromMicros(1'660'500'000'000'000);
  std::unique_ptr<bridge::BridgeEngine> engine_;
  std::unique_ptr<bridge::LogSnapshotKeeper> keeper_;
  std::uint64_t submitted_ = 0;
  std::uint64_t leaves_ = 0;
};

int Main(int argc, char** argv) {
  std::size_t settlements = 1'000'000;
  std::size_t open = 10'000;
  std::string json_path;
  CLI::App app("How long a bridge takes to start again after settlements that have ended.");
  app.add_option("--settlements", settlements, "How many have ended")->capture_default_str();
  app.add_option("--open", open, "How many are decided and not booked")->capture_default_str();
  app.add_option("--json", json_path, "Writes the figures here too");
  CLI11_PARSE(app, argc, argv);
  std::string directory = std::filesystem::temp_directory_path() / "causeway-bench-XXXXXX";
  CW_CHECK(::mkdtemp(directory.data()) != nullptr, "a temporary directory can be made");
  nlohmann::ordered_json report;
  {
    RestartedBridge bridge(directory + "/bridge");
    bridge.Start(true);
    const double memory_before = MemoryBytes();
    for (std::size_t done = 0; done < open; done += kPerFlush) bridge.Settle(kPerFlush, false);
    for (std::size_t done = 0; done < settlements; done += kPerFlush) {
      bridge.Settle(kPerFlush, true);
    }
    report["records"] = bridge.size();
    report["memory_bytes_grown"] = MemoryBytes() - memory_before;
    bridge.Stop();
    report["start_s_without_snapshot"] = bridge.Start(false);
    bridge.Stop();
    report["start_s"] = bridge.Start(true);
    report["records_from_snapshot"] = bridge.snapshot_records();
    report["open"] = bridge.open();
    bridge.Stop();
  }
  std::filesystem::remove_all(directory);
  fmt::print("{}\n", report.dump(2));
  if (!json_path.empty()) std::ofstream(json_path) << report.dump(2) << "\n";
  return 0;
}

}  // namespace
}  // namespace causeway::bench

int main(int argc, char** argv) { return causeway::bench::Main(argc, argv); }
