#include "tests/bench/pvp_network.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <utility>

#include "settlement/codec/codec.h"
#include "settlement/core/check.h"
#include "settlement/core/hash.h"
#include "settlement/core/key_file.h"
#include "settlement/rpc/server.h"
#include "settlement/rpc/tls.h"

namespace causeway::bench {
namespace {

constexpr char kDecisionLog[] = "bridge.bench.example/decisions";
constexpr char kBridge[] = "BRIDGE";
constexpr std::size_t kFileBytesMax = std::size_t{1} << 30;
constexpr const char* kCurrencies[] = {"HKD", "THB", "CNY", "AED"};

template <typename T>
T MustHave(absl::StatusOr<T> result) {
  if (!result.ok()) {
    fmt::print(stderr, "{}\n", std::string(result.status().message()));
    std::exit(70);
  }
  return *std::move(result);
}

void Write(const std::string& path, const std::string& content) {
  CW_CHECK(rpc::WriteFileAtomically(path, content).ok(), "the files of a network can be written");
}

std::string Read(const std::string& path) {
  return MustHave(rpc::ReadWholeFile(path, kFileBytesMax));
}

std::string BankOf(std::size_t index) { return fmt::format("BANK{}", index); }

}  // namespace

PvpNetwork::PvpNetwork(const std::string& directory, std::size_t ledgers, std::size_t accounts,
                       std::size_t witnesses)
    : directory_(directory), log_key_(MustHave(core::GenerateKey(core::SuiteId::kP256Sha256))) {
  CW_CHECK(ledgers <= std::size(kCurrencies), "there is a currency for each ledger");
  core::SettlementPolicy policy;
  policy.epoch = 1;
  policy.decision_log = MustHave(core::LedgerOrigin::Parse(kDecisionLog));
  policy.decision_log_key = log_key_->public_key();
  for (std::size_t i = 0; i < ledgers; ++i) {
    const std::string folder = fmt::format("{}/ledger-{}", directory, i);
    std::filesystem::create_directories(folder);
    ledgers_.push_back(std::make_unique<BulkLedger>(
        folder + "/data", BulkLedgerSpec{.origin = fmt::format("ledger-{}.bench.example/money", i),
                                         .currency = kCurrencies[i],
                                         .bank = BankOf(i),
                                         .accounts = accounts}));
    const core::Genesis& genesis = ledgers_.back()->genesis();
    policy.ledgers.push_back({genesis.ledger, genesis.hash, genesis.ledger_key});
  }
  for (std::size_t i = 0; i < witnesses; ++i) {
    const std::string name = fmt::format("witness-{}.bench.example", i);
    witness_keys_.push_back(
        MustHave(core::SoftwareSigner::FromEd25519Seed(core::Sha256(name).view())));
    policy.witnesses.push_back({name, witness_keys_.back()->public_key()});
  }
  if (witnesses > 0) {
    policy.witnesses_faulty_max = static_cast<std::uint32_t>((witnesses - 1) / 3);
    policy.witnesses_needed = static_cast<std::uint32_t>(witnesses) - policy.witnesses_faulty_max;
  }
  policy_bytes_ = codec::EncodePolicy(policy);
  const core::SettlementPolicy exact = MustHave(codec::DecodePolicy(policy_bytes_));
  for (const std::unique_ptr<BulkLedger>& ledger : ledgers_) {
    ledger->Order(core::RegisterParticipant{
        .participant = MustHave(core::ParticipantId::Parse(kBridge)),
        .role = core::Role::kBridge,
        .country = MustHave(core::Country::Parse("HK")),
        .keys = {MustHave(core::SoftwareSigner::FromEd25519Seed(core::Sha256(kBridge).view()))
                     ->public_key()}});
    ledger->Order(core::SetSettlementPolicy{.policy = exact});
  }
}

PvpTraffic PvpNetwork::Traffic(std::uint64_t seed) const {
  std::vector<PvpSide> sides;
  for (std::size_t i = 0; i < ledgers_.size(); ++i) {
    sides.push_back({ledgers_[i]->genesis().ledger, MustHave(core::ParticipantId::Parse(BankOf(i))),
                     ledgers_[i]->bank_key(), ledgers_[i]->accounts()});
  }
  return PvpTraffic(core::Sha256(policy_bytes_), std::move(sides), seed);
}

PvpTraffic::PvpTraffic(const core::Hash256& policy_hash, std::vector<PvpSide> sides,
                       std::uint64_t seed)
    : policy_hash_(policy_hash), sides_(std::move(sides)), random_(seed, "pvp traffic") {}

PvpTraffic::PvpTraffic(const std::string& directory, std::uint64_t seed)
    : random_(seed, "pvp traffic") {
  const std::string policy_bytes = Read(directory + "/policy.bin");
  const core::SettlementPolicy policy = MustHave(codec::DecodePolicy(policy_bytes));
  policy_hash_ = policy.hash;
  for (std::size_t i = 0; i < policy.ledgers.size(); ++i) {
    const std::string folder = fmt::format("{}/ledger-{}", directory, i);
    PvpSide side{.ledger = policy.ledgers[i].ledger,
                 .bank = MustHave(core::ParticipantId::Parse(BankOf(i)))};
    side.key = MustHave(core::DecodePrivateKeyPem(Read(folder + "/bank.pem"), ""));
    std::istringstream accounts(Read(folder + "/accounts.txt"));
    std::uint32_t number = 0;
    for (std::string address; accounts >> number >> address;) {
      side.accounts.push_back(
          {number, core::AccountCheckOf(MustHave(core::AccountAddress::Parse(address)))});
    }
    sides_.push_back(std::move(side));
  }
}

client::Submission PvpTraffic::MakeList(std::size_t left, std::size_t right, std::size_t count,
                                        core::LedgerTime deadline) {
  const PvpSide& first = sides_[left];
  const PvpSide& second = sides_[right];
  client::ListBuilder list(policy_hash_, deadline,
                           {{first.ledger, first.bank}, {second.ledger, second.bank}});
  for (std::size_t i = 0; i < count; ++i) {
    const core::BulkPayment legs[] = {RandomPayment(first.accounts, random_),
                                      RandomPayment(second.accounts, random_)};
    CW_CHECK(list.Add(legs), "the list has room");
  }
  client::SettlementList made = MustHave(list.Build());
  const core::Signer* const signers[] = {first.key.get(), second.key.get()};
  return {.terms = MustHave(client::SignList(made, signers)), .legs = std::move(made.parts)};
}

void PvpNetwork::WriteFiles() const {
  Write(directory_ + "/policy.bin", policy_bytes_);
  Write(directory_ + "/decision-log-key.pem", MustHave(core::EncodePrivateKeyPem(*log_key_, "")));
  for (std::size_t i = 0; i < witness_keys_.size(); ++i) {
    Write(fmt::format("{}/witness-{}-key.pem", directory_, i),
          MustHave(core::EncodePrivateKeyPem(*witness_keys_[i], "")));
  }
  for (std::size_t i = 0; i < ledgers_.size(); ++i) {
    const std::string folder = fmt::format("{}/ledger-{}", directory_, i);
    ledgers_[i]->WriteFiles(folder);
    Write(folder + "/bank.pub.pem",
          MustHave(core::EncodePublicKeyPem(ledgers_[i]->bank_key()->public_key())));
  }
}

}  // namespace causeway::bench
