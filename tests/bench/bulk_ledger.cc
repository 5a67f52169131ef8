#include "tests/bench/bulk_ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

#include "central-bank-node/runtime/node_files.h"
#include "settlement/codec/codec.h"
#include "settlement/core/check.h"
#include "settlement/core/hash.h"
#include "settlement/core/key_file.h"

namespace causeway::bench {
namespace {

using core::Amount;
using core::Item;

constexpr std::size_t kAccountsPerBatch = 4096;
const std::string kSaltKey(node::kSaltKeyBytes, 's');

template <typename T>
T Must(absl::StatusOr<T> result) {
  if (!result.ok()) {
    fmt::print(stderr, "{}\n", std::string(result.status().message()));
    std::exit(70);
  }
  return *std::move(result);
}

}  // namespace

core::AccountAddress BulkLedger::Address(std::string_view body) const {
  return Must(core::AccountAddress::Make(Must(core::Currency::Parse(spec_.currency)), body));
}

BulkLedger::BulkLedger(const std::string& directory, BulkLedgerSpec spec) : spec_(std::move(spec)) {
  core::Genesis genesis;
  genesis.ledger = Must(core::LedgerOrigin::Parse(spec_.origin));
  genesis.currency = Must(core::Currency::Parse(spec_.currency));
  ledger_key_ = Must(core::GenerateKey(core::SuiteId::kP256Sha256));
  genesis.ledger_key = ledger_key_->public_key();
  genesis.central_bank = {.participant = Must(core::ParticipantId::Parse("CENTRAL")),
                          .role = core::Role::kCentralBank,
                          .country = Must(core::Country::Parse("HK")),
                          .keys = {Key("central-1")->public_key(), Key("central-2")->public_key()}};
  genesis.liability_account = Address("LIABILITY");
  genesis.suites = {core::SuiteId::kEd25519Sha256, core::SuiteId::kP256Sha256};
  genesis.business_date = Must(core::BusinessDate::Parse("2022-08-15"));
  genesis.created = now_;
  genesis_ = Must(codec::DecodeGenesis(codec::EncodeGenesis(genesis)));
  std::filesystem::create_directories(directory);
  node::LedgerStore opened = Must(node::OpenLedgerStore(directory, genesis_, kSaltKey));
  engine_ =
      Must(node::LedgerEngine::Open(genesis_,
                                    {.signer = ledger_key_,
                                     .verifier = std::make_shared<core::OpenSslSignatureVerifier>(),
                                     .salt_key = kSaltKey,
                                     .keys = std::move(opened.keys),
                                     .tree_lowest_level = 8},
                                    std::move(opened.journal)));
  bank_key_ = Must(core::GenerateKey(core::SuiteId::kP256Sha256));
  std::vector<Item> start;
  start.push_back(ByCentralBank(
      core::RegisterParticipant{.participant = Must(core::ParticipantId::Parse(spec_.bank)),
                                .role = core::Role::kCommercialBank,
                                .country = Must(core::Country::Parse("HK")),
                                .keys = {bank_key_->public_key()}}));
  start.push_back(ByCentralBank(core::SetDayPhase{genesis_.business_date, core::DayPhase::kOpen}));
  Run(std::move(start));
  OpenAccounts(spec_.accounts);
}

// Without checking the signatures, which would take minutes for millions.
void BulkLedger::Run(std::vector<Item> items) {
  now_ = now_ + core::Duration::FromMicros(1);
  std::vector<core::AdmittedItem> admitted;
  for (const Item& item : items) {
    admitted.push_back(
        core::Ledger::AdmitFromJournal(item.envelope, Must(codec::DecodeItemBody(item))));
  }
  for (const node::ItemReply& reply :
       Must(engine_->Execute(now_, std::move(items), std::move(admitted)))) {
    CW_CHECK(!reply.result.refused &&
                 reply.result.instructions.front().status == core::InstructionStatus::kSettled,
             "the benchmark's instructions settle");
  }
}

void BulkLedger::OpenAccounts(std::size_t accounts) {
  const core::Currency currency = genesis_.currency;
  for (std::size_t first = 0; first < accounts; first += kAccountsPerBatch) {
    const std::size_t end = std::min(accounts, first + kAccountsPerBatch);
    std::vector<Item> open;
    std::vector<Item> issue;
    for (std::size_t i = first; i < end; ++i) {
      const core::AccountAddress address = Address(fmt::format("{}{}", spec_.bank, i));
      open.push_back(
          ByCentralBank(core::OpenAccount{.address = address,
                                          .owner = Must(core::ParticipantId::Parse(spec_.bank)),
                                          .purpose = core::AccountPurpose::kSettlement}));
      issue.push_back(ByCentralBank(
          core::Issue{address, {currency, Amount::FromMinor(1'000'000'000)}, "RTGS"}));
    }
    Run(std::move(open));
    Run(std::move(issue));
  }
  accounts_.reserve(accounts);
  for (const core::AccountState& account : engine_->ledger().accounts()) {
    if (account.number != 0) accounts_.push_back({account.number, account.check});
  }
}

core::BulkPayment RandomPayment(const std::vector<core::AccountRef>& accounts,
                                core::RandomStream& random) {
  core::BulkPayment payment;
  const std::size_t from = random.Uniform(accounts.size());
  const std::size_t step = 1 + random.Uniform(accounts.size() - 1);
  payment.debtor = accounts[from];
  payment.creditor = accounts[(from + step) % accounts.size()];
  payment.amount = Amount::FromMinor(1);
  payment.id = random.Bytes16();
  payment.uetr = core::Uetr::FromRandomBytes(random.Bytes16());
  return payment;
}

Item BulkLedger::MakeBulk(std::size_t count) {
  core::Bulk bulk{.ledger = genesis_.ledger,
                  .genesis_hash = genesis_.hash,
                  .party = Must(core::ParticipantId::Parse(spec_.bank)),
                  .id = random_.Bytes16(),
                  .valid_until = now_ + core::Duration::FromHours(24)};
  for (std::size_t i = 0; i < count; ++i)
    bulk.payments.push_back(RandomPayment(accounts_, random_));
  return {.envelope =
              Must(core::SignEnvelope(core::kBulkPayloadType, core::EncodeBulk(bulk), *bank_key_))};
}

void BulkLedger::WriteFiles(const std::string& folder) const {
  const auto write = [&](const char* name, const std::string& content) {
    std::ofstream file(folder + "/" + name, std::ios::binary);
    file << content;
    CW_CHECK(file.flush().good(), "the files of a ledger can be written");
  };
  write("genesis.bin", genesis_.bytes);
  write("key.pem", Must(core::EncodePrivateKeyPem(*ledger_key_, "")));
  write("salt.key", core::ToHex(kSaltKey) + "\n");
  write("bank.pem", Must(core::EncodePrivateKeyPem(*bank_key_, "")));
  std::string accounts;
  for (const core::AccountState& account : engine_->ledger().accounts()) {
    if (account.number == 0) continue;
    accounts += fmt::format("{} {}\n", account.number, account.address.text());
  }
  write("accounts.txt", accounts);
}

std::shared_ptr<core::SoftwareSigner> BulkLedger::Key(const std::string& name) const {
  return Must(core::SoftwareSigner::FromEd25519Seed(core::Sha256(name).view()));
}

Item BulkLedger::ByCentralBank(core::Action action) {
  const core::Command command{.ledger = genesis_.ledger,
                              .genesis_hash = genesis_.hash,
                              .party = Must(core::ParticipantId::Parse("CENTRAL")),
                              .id = Must(core::InstructionId::Parse(fmt::format("I-{}", ++ids_))),
                              .valid_until = now_ + core::Duration::FromHours(24),
                              .action = std::move(action)};
  // Two keys of the central bank stand under everything; the signatures are not looked at.
  static const std::vector<core::Signature> kApprovers = {{Key("central-1")->key_id(), "-"},
                                                          {Key("central-2")->key_id(), "-"}};
  return {.envelope = {.payload_type = core::kCommandPayloadType,
                       .payload = codec::EncodeCommand(command),
                       .signatures = kApprovers}};
}

}  // namespace causeway::bench
