// The ledger engine in process, durable on LMDB: payments per second by batch size, beside what the
// disk and the signature check allow in the same run.
//
//   engine_bench [--payments N] [--json FILE]
#include <fmt/format.h>

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
#include "settlement/core/hash.h"
#include "settlement/store/lmdb_journal.h"
#include "tests/bench/machine_limits.h"

namespace causeway::bench {
namespace {

using core::Amount;
using core::Item;

template <typename T>
T Must(absl::StatusOr<T> result) {
  if (!result.ok()) {
    fmt::print(stderr, "{}\n", std::string(result.status().message()));
    std::exit(70);
  }
  return *std::move(result);
}

// A ledger with two funded banks in a directory of its own.
class Bench {
 public:
  explicit Bench(const std::string& directory) {
    core::Genesis genesis;
    genesis.ledger = Must(core::LedgerOrigin::Parse("bench.example/hkd"));
    genesis.currency = hkd_;
    genesis.ledger_key = Key("ledger")->public_key();
    genesis.central_bank = {
        .participant = Must(core::ParticipantId::Parse("CENTRAL")),
        .role = core::Role::kCentralBank,
        .country = Must(core::Country::Parse("HK")),
        .keys = {Key("central-1")->public_key(), Key("central-2")->public_key()}};
    genesis.liability_account = Address("LIABILITY");
    genesis.suites = {core::SuiteId::kEd25519Sha256};
    genesis.business_date = Must(core::BusinessDate::Parse("2022-08-15"));
    genesis.created = now_;
    genesis_ = Must(codec::DecodeGenesis(codec::EncodeGenesis(genesis)));
    auto journal = Must(store::OpenLmdbJournal(
        directory,
        {.kind = "ledger", .name = genesis_.ledger.ToString(), .genesis = genesis_.hash}));
    engine_ = Must(
        node::LedgerEngine::Open(genesis_,
                                 {.signer = Key("ledger"),
                                  .verifier = std::make_shared<core::OpenSslSignatureVerifier>(),
                                  .salt_key = std::string(32, 's')},
                                 std::move(journal)));
    const std::vector<std::string> approvers = {"central-1", "central-2"};
    for (const char* bank : {"ALPHA", "BETA"}) {
      Run(Sign("CENTRAL",
               core::RegisterParticipant{.participant = Must(core::ParticipantId::Parse(bank)),
                                         .role = core::Role::kCommercialBank,
                                         .country = Must(core::Country::Parse("HK")),
                                         .keys = {Key(bank)->public_key()}},
               approvers));
      Run(Sign("CENTRAL",
               core::OpenAccount{.address = Address(bank),
                                 .owner = Must(core::ParticipantId::Parse(bank)),
                                 .purpose = core::AccountPurpose::kSettlement},
               approvers));
    }
    Run(Sign("CENTRAL", core::SetDayPhase{genesis_.business_date, core::DayPhase::kOpen},
             approvers));
    Run(Sign("CENTRAL",
             core::Issue{Address("ALPHA"), {hkd_, Amount::FromMinor(1'000'000'000'000)}, "RTGS"},
             approvers));
  }

  // One envelope with `count` payments.
  Item Payments(std::size_t count) {
    core::PayBatch batch;
    for (std::size_t i = 0; i < count; ++i) {
      ++ids_;
      std::array<std::uint8_t, 16> random{};
      for (std::size_t byte = 0; byte < 8; ++byte) {
        random[byte] = static_cast<std::uint8_t>(ids_ >> (8 * byte));
      }
      batch.payments.push_back({.id = Must(core::InstructionId::Parse(fmt::format("P-{}", ids_))),
                                .uetr = core::Uetr::FromRandomBytes(random),
                                .debtor = Address("ALPHA"),
                                .creditor = Address("BETA"),
                                .amount = {hkd_, Amount::FromMinor(1)}});
    }
    return Sign("ALPHA", std::move(batch), {"ALPHA"});
  }
  void Run(const Item& item) {
    now_ = now_ + core::Duration::FromMicros(1);
    const auto replies = Must(engine_->Submit(now_, {&item, 1}));
    const core::ItemResult& result = replies.front().result;
    CW_CHECK(
        !result.refused && result.instructions.front().status == core::InstructionStatus::kSettled,
        "the benchmark's instructions settle");
  }

 private:
  std::shared_ptr<core::SoftwareSigner> Key(const std::string& name) {
    return Must(core::SoftwareSigner::FromEd25519Seed(core::Sha256(name).view()));
  }
  core::AccountAddress Address(std::string_view body) const {
    return Must(core::AccountAddress::Make(hkd_, body));
  }
  Item Sign(std::string_view party, core::Action action, const std::vector<std::string>& signers) {
    const bool is_batch = std::holds_alternative<core::PayBatch>(action);
    core::Command command{.ledger = genesis_.ledger,
                          .genesis_hash = genesis_.hash,
                          .party = Must(core::ParticipantId::Parse(party)),
                          .valid_until = now_ + core::Duration::FromHours(24),
                          .action = std::move(action)};
    if (!is_batch) command.id = Must(core::InstructionId::Parse(fmt::format("I-{}", ++ids_)));
    std::vector<std::shared_ptr<core::SoftwareSigner>> keys;
    std::vector<const core::Signer*> pointers;
    for (const std::string& name : signers) pointers.push_back(keys.emplace_back(Key(name)).get());
    return {.envelope = Must(core::SignEnvelope(core::kCommandPayloadType,
                                                codec::EncodeCommand(command), pointers))};
  }

  core::Currency hkd_ = Must(core::Currency::Parse("HKD"));
  core::LedgerTime now_ = core::LedgerTime::FromMicros(1'660'500'000'000'000);
  core::Genesis genesis_;
  std::unique_ptr<node::LedgerEngine> engine_;
  std::uint64_t ids_ = 0;
};

std::uintmax_t BytesIn(const std::string& directory) {
  std::uintmax_t bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator(directory)) {
    bytes += file.file_size();
  }
  return bytes;
}

int Main(int argc, char** argv) {
  std::size_t payments = 200'000;
  std::string json_path;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    if (flag == "--payments") payments = std::strtoull(argv[i + 1], nullptr, 10);
    if (flag == "--json") json_path = argv[i + 1];
  }
  std::string directory = std::filesystem::temp_directory_path() / "causeway-bench-XXXXXX";
  CW_CHECK(::mkdtemp(directory.data()) != nullptr, "a temporary directory can be made");

  nlohmann::ordered_json report;
  report["sync_us_median"] = SyncMicrosMedian(directory, 100);
  report["ed25519_verifications_per_s"] =
      VerificationsPerSecond(core::SuiteId::kEd25519Sha256, 1000);
  for (const std::size_t batch_size : {std::size_t{1}, std::size_t{1000}, std::size_t{8192}}) {
    const std::string own = fmt::format("{}/{}", directory, batch_size);
    Bench bench(own);
    // As many batches as the payments need, but of single payments no more than a sync each allows.
    const std::size_t batches = std::max<std::size_t>(
        1, std::min(payments / batch_size, batch_size == 1 ? payments / 100 : payments));
    std::vector<Item> items;
    for (std::size_t i = 0; i < batches; ++i) items.push_back(bench.Payments(batch_size));
    const std::uintmax_t before = BytesIn(own);
    const double start = Now();
    for (const Item& item : items) bench.Run(item);
    const double seconds = Now() - start;
    const auto settled = static_cast<double>(batches * batch_size);
    report[fmt::format("payments_per_s_batch_{}", batch_size)] = settled / seconds;
    report[fmt::format("disk_bytes_per_payment_batch_{}", batch_size)] =
        static_cast<double>(BytesIn(own) - before) / settled;
    if (batch_size == 1) {
      report["single_to_sync_ratio"] =
          seconds / settled * 1e6 / report["sync_us_median"].get<double>();
    }
  }
  std::filesystem::remove_all(directory);
  fmt::print("{}\n", report.dump(2));
  if (!json_path.empty()) std::ofstream(json_path) << report.dump(2) << "\n";
  return 0;
}

}  // namespace
}  // namespace causeway::bench

int main(int argc, char** argv) { return causeway::bench::Main(argc, argv); }
