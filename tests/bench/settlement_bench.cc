// What completed single settlements leave behind on a ledger: memory of the process, and bytes on
// the disk, a million of them. The engine runs as in a node (segments, key runs on disk, proofs
// that read the journal); of signatures it takes every one, because they cost time and no memory.
//
//   settlement_bench [--settlements N] [--json FILE]
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "central-bank-node/engine/ledger_engine.h"
#include "settlement/codec/codec.h"
#include "settlement/core/check.h"
#include "settlement/core/checkpoint.h"
#include "settlement/core/hash.h"
#include "settlement/store/key_runs.h"
#include "settlement/store/segment_journal.h"
#include "tests/bench/bench_support.h"
#include "tests/bench/machine_limits.h"

namespace causeway::bench {
namespace {

using core::Amount;
using core::Item;

constexpr std::size_t kPerBatch = 200;
constexpr std::size_t kTableKeys = std::size_t{64} << 10;  // from the beginning: they do not grow

// A ledger on which ALPHA pays BETA against a leg on a ledger that is only a name.
class SettlingLedger {
 public:
  explicit SettlingLedger(const std::string& directory) {
    core::Genesis genesis;
    genesis.ledger = Must(core::LedgerOrigin::Parse("bench.example/hkd"));
    genesis.currency = hkd_;
    genesis.ledger_key = ledger_key_->public_key();
    genesis.central_bank = {.participant = Must(core::ParticipantId::Parse("CENTRAL")),
                            .role = core::Role::kCentralBank,
                            .country = Must(core::Country::Parse("HK")),
                            .keys = {central_1_->public_key(), central_2_->public_key()}};
    genesis.liability_account = Address("LIABILITY");
    genesis.suites = {core::SuiteId::kEd25519Sha256};
    genesis.business_date = Must(core::BusinessDate::Parse("2022-08-15"));
    genesis.created = now_;
    genesis_ = Must(codec::DecodeGenesis(codec::EncodeGenesis(genesis)));
    auto journal = Must(store::SegmentJournal::Open(
        directory,
        {.kind = "ledger", .name = genesis_.ledger.ToString(), .genesis = genesis_.hash}));
    const std::string salt_key(32, 's');
    auto keys =
        Must(store::KeyRuns::Open({.directory = directory + "/keys",
                                   .ledger = genesis_.hash,
                                   .fingerprint_key = node::IndexedInstructions::KeyOf(salt_key),
                                   .table_keys_max = kTableKeys,
                                   .table_keys_min = kTableKeys},
                                  journal->record_count()));
    keys_ = keys.get();
    engine_ = Must(node::LedgerEngine::Open(genesis_,
                                            {.signer = ledger_key_,
                                             .verifier = std::make_shared<TakesAll>(),
                                             .salt_key = salt_key,
                                             .keys = std::move(keys),
                                             .tree_lowest_level = 8},
                                            std::move(journal)));
    policy_ = {.epoch = 1,
               .decision_log = Must(core::LedgerOrigin::Parse("bridge.example/decisions")),
               .decision_log_key = bridge_->public_key(),
               .ledgers = {{genesis_.ledger, genesis_.hash, genesis_.ledger_key},
                           {far_, core::Sha256("far"), bridge_->public_key()}}};
    policy_ = Must(codec::DecodePolicy(codec::EncodePolicy(policy_)));
    for (const char* bank : {"ALPHA", "BETA"}) {
      Order(core::RegisterParticipant{.participant = Must(core::ParticipantId::Parse(bank)),
                                      .role = core::Role::kCommercialBank,
                                      .country = Must(core::Country::Parse("HK")),
                                      .keys = {Key(bank)->public_key()}});
      Order(core::OpenAccount{.address = Address(bank),
                              .owner = Must(core::ParticipantId::Parse(bank)),
                              .purpose = core::AccountPurpose::kSettlement});
    }
    Order(core::SetDayPhase{genesis_.business_date, core::DayPhase::kOpen});
    Order(core::Issue{Address("ALPHA"), {hkd_, Amount::FromMinor(1'000'000'000'000)}, "RTGS"});
    Order(core::SetSettlementPolicy{policy_});
  }

  // Prepares `count` settlements in one batch, and completes them in another: every fourth with an
  // abort.
  void Settle(std::size_t count) {
    std::vector<Item> prepares;
    for (std::size_t i = 0; i < count; ++i) prepares.push_back(Prepare());
    std::vector<Item> completions;
    for (const node::ItemReply& reply : Run(prepares)) {
      CW_CHECK(reply.result.settlement_status == core::InstructionStatus::kPrepared,
               "the benchmark's settlements are prepared");
      completions.push_back(Complete(reply.result.settlement_id, reply.result.settlement_hold));
    }
    for (const node::ItemReply& reply : Run(completions)) {
      CW_CHECK(!reply.result.refused && reply.result.sequenced,
               "the benchmark's settlements are completed");
    }
  }
  void WaitUntilIdle() { keys_->WaitUntilIdle(); }
  // Processor time of the engine, signatures aside: it makes votes and checkpoints and verifies
  // none.
  double engine_seconds() const { return engine_seconds_; }

 private:
  static std::shared_ptr<core::SoftwareSigner> Key(const std::string& name) {
    return Must(core::SoftwareSigner::FromEd25519Seed(core::Sha256(name).view()));
  }
  core::AccountAddress Address(std::string_view body) const {
    return Must(core::AccountAddress::Make(hkd_, body));
  }
  std::vector<node::ItemReply> Run(const std::vector<Item>& items) {
    now_ = now_ + core::Duration::FromMicros(1);
    const double start = ProcessorSeconds();
    std::vector<node::ItemReply> replies = Must(engine_->Submit(now_, items));
    engine_seconds_ += ProcessorSeconds() - start;
    return replies;
  }
  void Order(core::Action action) {
    const core::Command command{.ledger = genesis_.ledger,
                                .genesis_hash = genesis_.hash,
                                .party = Must(core::ParticipantId::Parse("CENTRAL")),
                                .id = Must(core::InstructionId::Parse(fmt::format("I-{}", ++ids_))),
                                .valid_until = now_ + core::Duration::FromHours(24),
                                .action = std::move(action)};
    const std::vector<const core::Signer*> signers = {central_1_.get(), central_2_.get()};
    const auto replies =
        Run({{.envelope = Must(core::SignEnvelope(core::kCommandPayloadType,
                                                  codec::EncodeCommand(command), signers))}});
    CW_CHECK(!replies.front().result.refused, "the benchmark's ledger is set up");
  }
  Item Prepare() {
    ++ids_;
    std::array<std::uint8_t, 16> random{};
    for (std::size_t byte = 0; byte < 8; ++byte) {
      random[byte] = static_cast<std::uint8_t>(ids_ >> (8 * byte));
    }
    core::ProvenLeg leg;
    leg.leg = {.salt = std::string(16, 's'),
               .ledger = genesis_.ledger,
               .party = Must(core::ParticipantId::Parse("ALPHA")),
               .id = Must(core::InstructionId::Parse(fmt::format("L-{}", ids_))),
               .uetr = core::Uetr::FromRandomBytes(random),
               .debtor = Address("ALPHA"),
               .creditor = Address("BETA"),
               .amount = {hkd_, Amount::FromMinor(1)}};
    leg.bytes = codec::EncodeLeg(leg.leg);
    const std::vector<std::string> legs = {leg.bytes, "far leg"};
    leg.proof = core::LegProof(legs, 0);
    const core::TermsHeader terms{
        .policy_hash = policy_.hash,
        .deadline = now_ + core::Duration::FromMinutes(10),
        .ledgers = {{genesis_.ledger, 1}, {far_, 1}},
        .legs_root = core::LegsRoot(legs),
        .nonce = std::string(reinterpret_cast<const char*>(random.data()), random.size())};
    return codec::MakePrepareItem(
        Must(core::SignEnvelope(core::kTermsPayloadType, codec::EncodeTerms(terms), *alpha_)),
        {leg});
  }
  Item Complete(const core::Hash256& id, std::uint64_t hold) {
    const bool commit = ++completed_ % 4 != 0;
    core::CompleteSettlement completion{.settlement_id = id};
    core::Certificate& certificate = completion.certificate;
    certificate.record = {.settlement_id = id,
                          .verdict = commit ? core::Verdict::kCommit : core::Verdict::kAbort,
                          .policy_hash = policy_.hash,
                          .decided = now_};
    if (commit) {
      const std::vector<core::Hold> here = {{id, hold, {}}};
      certificate.votes = {
          Must(core::SignVotes(genesis_.ledger, genesis_.hash, here, *ledger_key_)).front(),
          Must(core::SignVotes(far_, core::Sha256("far"), here, *bridge_)).front()};
      for (const core::Vote& vote : certificate.votes) {
        certificate.record.vote_hashes.push_back(core::VoteHash(vote));
      }
    }
    certificate.record_bytes = core::EncodeDecisionRecord(certificate.record);
    core::MerkleTree log;
    log.Append(core::LeafHash(certificate.record_bytes));
    const std::string origin = policy_.decision_log.ToString();
    certificate.checkpoint = Must(
        core::SignCheckpoint({.origin = origin, .size = 1, .root = log.Root()}, origin, *bridge_));
    return codec::MakeCompletionItem(codec::EncodeCompletion(completion));
  }

  const core::Currency hkd_ = Must(core::Currency::Parse("HKD"));
  const core::LedgerOrigin far_ = Must(core::LedgerOrigin::Parse("bench.example/thb"));
  const std::shared_ptr<core::SoftwareSigner> ledger_key_ = Key("ledger");
  const std::shared_ptr<core::SoftwareSigner> bridge_ = Key("bridge");
  const std::shared_ptr<core::SoftwareSigner> alpha_ = Key("ALPHA");
  const std::shared_ptr<core::SoftwareSigner> central_1_ = Key("central-1");
  const std::shared_ptr<core::SoftwareSigner> central_2_ = Key("central-2");
  core::LedgerTime now_ = core::LedgerTime::FromMicros(1'660'500'000'000'000);
  core::Genesis genesis_;
  core::SettlementPolicy policy_;
  store::KeyRuns* keys_ = nullptr;  // the engine's
  std::unique_ptr<node::LedgerEngine> engine_;
  std::uint64_t ids_ = 0;
  std::uint64_t completed_ = 0;
  double engine_seconds_ = 0;
};

double BytesIn(const std::string& directory) {
  std::uintmax_t bytes = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(directory)) {
    if (file.is_regular_file()) bytes += file.file_size();
  }
  return static_cast<double>(bytes);
}

int Main(int argc, char** argv) {
  std::size_t settlements = 400'000;
  std::string json_path;
  CLI::App app("What completed single settlements leave behind on a ledger.");
  app.add_option("--settlements", settlements, "How many; memory is that of the second half")
      ->capture_default_str()
      ->check(CLI::Range(2 * kPerBatch, std::size_t{100'000'000}));
  app.add_option("--json", json_path, "Writes the figures here too");
  CLI11_PARSE(app, argc, argv);
  std::string directory = std::filesystem::temp_directory_path() / "causeway-bench-XXXXXX";
  CW_CHECK(::mkdtemp(directory.data()) != nullptr, "a temporary directory can be made");
  nlohmann::ordered_json report;
  {
    SettlingLedger ledger(directory + "/ledger");
    const std::size_t batches = std::max<std::size_t>(2, settlements / kPerBatch);
    // The first half fills what does not grow: tables, caches, the allocator's pools.
    double memory_before = 0;
    double keys_before = 0;
    double start = 0;
    for (std::size_t batch = 0; batch < batches; ++batch) {
      if (batch == batches / 2) {
        ledger.WaitUntilIdle();
        memory_before = MemoryBytes();
        keys_before = BytesIn(directory + "/ledger/keys");
        start = ledger.engine_seconds();
      }
      ledger.Settle(kPerBatch);
    }
    ledger.WaitUntilIdle();
    const auto measured = static_cast<double>((batches - batches / 2) * kPerBatch);
    report["settlements"] = batches * kPerBatch;
    report["settlements_measured"] = measured;
    report["memory_bytes_before"] = memory_before;
    report["memory_bytes_after"] = MemoryBytes();
    report["memory_bytes_per_million_settlements"] =
        (MemoryBytes() - memory_before) / measured * 1e6;
    report["index_bytes_per_settlement"] =
        (BytesIn(directory + "/ledger/keys") - keys_before) / measured;
    report["engine_us_per_settlement"] = (ledger.engine_seconds() - start) / measured * 1e6;
  }
  std::filesystem::remove_all(directory);
  fmt::print("{}\n", report.dump(2));
  if (!json_path.empty()) std::ofstream(json_path) << report.dump(2) << "\n";
  return 0;
}

}  // namespace
}  // namespace causeway::bench

int main(int argc, char** argv) { return causeway::bench::Main(argc, argv); }
