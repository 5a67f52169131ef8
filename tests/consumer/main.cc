// What a bank's program does without a network: makes a payment and signs it, and verifies a
// receipt. Usage: consumer RECEIPT.json GENESIS-HASH
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "settlement/client/bridge_client.h"
#include "settlement/client/commands.h"
#include "settlement/client/errors.h"
#include "settlement/client/ledger_client.h"
#include "settlement/client/receipt.h"
#include "settlement/core/suite.h"

namespace client = causeway::client;
namespace core = causeway::core;

namespace {

std::string Read(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

int Fail(const absl::Status& status) {
  std::cerr << status.ToString() << "\n";
  return 1;
}

absl::StatusOr<core::Envelope> SignedPayment(const core::Genesis& genesis) {
  const auto signer = core::GenerateKey(core::SuiteId::kEd25519Sha256);
  if (!signer.ok()) return signer.status();
  const auto party = core::ParticipantId::Parse("BANKA");
  const auto id = client::NewInstructionId("PAY");
  const auto uetr = client::NewUetr();
  const auto debtor = core::AccountAddress::Make(genesis.currency, "BANKA001");
  const auto creditor = core::AccountAddress::Make(genesis.currency, "BANKB001");
  if (!party.ok() || !id.ok() || !uetr.ok() || !debtor.ok() || !creditor.ok()) {
    return absl::InternalError("a part of the payment could not be made");
  }
  core::Pay pay;
  pay.uetr = *uetr;
  pay.debtor = *debtor;
  pay.creditor = *creditor;
  pay.amount = {genesis.currency, core::Amount::FromMinor(15'000)};
  return client::SignCommand(
      client::MakeCommand(client::AddressOf(genesis), *party, *id,
                          core::LedgerTime::FromMicros(1'660'000'000'000'000), pay),
      **signer);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 64;
  const auto receipt = client::ParseReceipt(Read(argv[1]));
  if (!receipt.ok()) return Fail(receipt.status());
  const auto pinned = core::Hash256::FromHex(argv[2]);
  if (!pinned.has_value()) return 65;
  const auto verified = client::VerifyReceipt(*receipt, *pinned);
  if (!verified.ok()) return Fail(verified.status());

  const auto envelope = SignedPayment(verified->genesis);
  if (!envelope.ok()) return Fail(envelope.status());

  // Links the network side too; nothing listens there, so the call must fail and say so.
  const auto ledger = client::LedgerClient::Connect({.address = "127.0.0.1:1"});
  if (!ledger.ok()) return Fail(ledger.status());
  const auto answer = ledger->Submit(*envelope, {std::chrono::milliseconds(200)});
  if (answer.ok() || !client::OutcomeUnknown(answer.status())) return 1;

  std::cout << "entry " << verified->entry.index << " of " << verified->genesis.ledger.text()
            << " is proven\n";
  return 0;
}
