#include "settlement/client/receipt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "settlement/codec/codec.h"
#include "settlement/core/hash.h"
#include "settlement/core/merkle.h"
#include "tests/wallet/wallet_test_util.h"

namespace causeway::wallet {
namespace {

using ::testing::HasSubstr;

// The verdict on the vector's receipt after `change`.
template <typename Change>
absl::Status Verdict(Change change) {
  client::Receipt receipt = VectorReceipt();
  change(receipt);
  return client::VerifyReceipt(receipt, VectorGenesisHash()).status();
}

TEST(Receipt, AnotherProgramsReceiptVerifies) {
  const auto verified = client::VerifyReceipt(VectorReceipt(), VectorGenesisHash());
  ASSERT_TRUE(verified.ok()) << verified.status();
  EXPECT_EQ(verified->entry.index, 2u);
  EXPECT_EQ(verified->entry.status, core::InstructionStatus::kSettled);
  EXPECT_EQ(verified->genesis.ledger.text(), "hkma.example/hkd");
  EXPECT_EQ(verified->header.date.ToString(), "2022-08-15");
  EXPECT_EQ(verified->checkpoint.size, 4u);
  ASSERT_TRUE(verified->command.has_value());
  EXPECT_EQ(verified->command->id.text(), "INV-2022-0001");
}

TEST(Receipt, IsUselessWithoutTheRightGenesisHash) {
  const auto verified = client::VerifyReceipt(VectorReceipt(), core::Sha256("another genesis"));
  EXPECT_TRUE(absl::IsUnauthenticated(verified.status()));
  EXPECT_THAT(verified.status().message().data(), HasSubstr("genesis"));
}

TEST(Receipt, EveryChangedByteOfTheEntryIsNoticed) {
  const std::size_t size = VectorReceipt().entry.size();
  for (std::size_t i = 0; i < size; ++i) {
    EXPECT_FALSE(Verdict([i](client::Receipt& receipt) { receipt.entry[i] ^= 1; }).ok()) << i;
  }
}

TEST(Receipt, EveryChangedByteOfTheBatchHeaderIsNoticed) {
  const std::size_t size = VectorReceipt().batch_header.size();
  for (std::size_t i = 0; i < size; ++i) {
    EXPECT_FALSE(Verdict([i](client::Receipt& r) { r.batch_header[i] ^= 1; }).ok()) << i;
  }
}

TEST(Receipt, EveryChangedByteOfTheGenesisIsNoticed) {
  const std::size_t size = VectorReceipt().genesis.size();
  for (std::size_t i = 0; i < size; ++i) {
    EXPECT_FALSE(Verdict([i](client::Receipt& receipt) { receipt.genesis[i] ^= 1; }).ok()) << i;
  }
}

TEST(Receipt, EveryChangedByteOfTheCheckpointIsNoticed) {
  const std::size_t size = VectorReceipt().checkpoint.size();
  for (std::size_t i = 0; i < size; ++i) {
    EXPECT_FALSE(Verdict([i](client::Receipt& receipt) { receipt.checkpoint[i] ^= 1; }).ok()) << i;
  }
}

TEST(Receipt, AnotherIndexIsNoticed) {
  EXPECT_FALSE(Verdict([](client::Receipt& receipt) { receipt.entry_index = 3; }).ok());
  EXPECT_FALSE(Verdict([](client::Receipt& receipt) { receipt.batch_header_index = 0; }).ok());
}

TEST(Receipt, AChangedOrShortenedProofIsNoticed) {
  EXPECT_FALSE(
      Verdict([](client::Receipt& receipt) { receipt.entry_proof[0].bytes[0] ^= 1; }).ok());
  EXPECT_FALSE(Verdict([](client::Receipt& receipt) { receipt.entry_proof.pop_back(); }).ok());
  EXPECT_FALSE(Verdict([](client::Receipt& receipt) { receipt.batch_header_proof.clear(); }).ok());
}

TEST(Receipt, AnEnvelopeThatTheEntryDoesNotNameIsNoticed) {
  EXPECT_FALSE(Verdict([](client::Receipt& receipt) { receipt.envelope->payload += 'x'; }).ok());
}

TEST(Receipt, StandsWithoutTheEnvelopeToo) {
  EXPECT_TRUE(Verdict([](client::Receipt& receipt) { receipt.envelope.reset(); }).ok());
}

// A bulk of three payments, of which the second was rejected, in a log of its own.
class BulkReceipt : public ::testing::Test {
 protected:
  BulkReceipt() {
    const auto ledger_key = KeyNamed("ledger");
    core::Genesis genesis;
    genesis.ledger = ParseOrDie<core::LedgerOrigin>("hkma.example/hkd");
    genesis.currency = ParseOrDie<core::Currency>("HKD");
    genesis.ledger_key = ledger_key->public_key();
    genesis.central_bank = {
        .participant = ParseOrDie<core::ParticipantId>("HKMA"),
        .role = core::Role::kCentralBank,
        .country = ParseOrDie<core::Country>("HK"),
        .keys = {KeyNamed("first")->public_key(), KeyNamed("second")->public_key()}};
    genesis.liability_account = Address("HKD", "LIABILITY");
    genesis.suites = {core::SuiteId::kEd25519Sha256};
    genesis.business_date = ParseOrDie<core::BusinessDate>("2022-08-15");
    genesis.created = core::LedgerTime::FromMicros(1'660'500'000'000'000);
    receipt_.genesis = codec::EncodeGenesis(genesis);

    bulk_ = {.ledger = genesis.ledger,
             .genesis_hash = core::Sha256(receipt_.genesis),
             .party = ParseOrDie<core::ParticipantId>("ALPHA"),
             .id = {9, 9},
             .valid_until = core::LedgerTime::FromMicros(1'660'525'200'000'000)};
    for (std::uint8_t i = 0; i < 3; ++i) {
      bulk_.payments.push_back({.debtor = {1, 7},
                                .creditor = {2, 8},
                                .amount = core::Amount::FromMinor(100 + i),
                                .purpose = {},
                                .id = {i},
                                .uetr = core::Uetr::FromRandomBytes({i})});
    }
    receipt_.envelope =
        *core::SignEnvelope(core::kBulkPayloadType, core::EncodeBulk(bulk_), *KeyNamed("ALPHA"));
    core::Entry entry{.index = 2};
    entry.instruction = {bulk_.party, core::ActionKind::kPayBulk, core::InstructionIdOf(bulk_.id)};
    entry.status = core::InstructionStatus::kSettled;
    entry.cause = core::Cause::kCommand;
    entry.rejection.outcome = core::Outcome::kAccepted;
    entry.payload_hash = core::PayloadHash(*receipt_.envelope);
    leaves_ = {core::EncodeGenesisLeaf(receipt_.genesis),
               core::EncodeBatchHeader({.number = 1,
                                        .first_index = 1,
                                        .time = genesis.created,
                                        .date = genesis.business_date,
                                        .phase = core::DayPhase::kOpen,
                                        .policy_version = 1,
                                        .entry_count = 4}),
               core::EncodeEntry(entry)};
    for (std::uint32_t i = 0; i < 3; ++i) {
      const core::PaymentResult result{
          .outcome = i == 1 ? core::Outcome::kInsufficientFunds : core::Outcome::kAccepted,
          .debtor_after = 50,
          .creditor_after = 60};
      std::string leaf(core::kPaymentLeafBytes, '\0');
      core::WritePaymentLeaf(3 + i, {}, i, bulk_.payments[i], result, leaf.data());
      leaves_.push_back(leaf);
    }
    for (const std::string& leaf : leaves_) tree_.Append(core::LeafHash(leaf));
    receipt_.checkpoint =
        *core::SignCheckpoint({genesis.ledger.ToString(), tree_.size(), tree_.Root()},
                              genesis.ledger.text(), *ledger_key);
    receipt_.batch_header = leaves_[1];
    receipt_.batch_header_index = 1;
    receipt_.batch_header_proof = *tree_.InclusionProof(1, tree_.size());
    receipt_.bulk_entry = leaves_[2];
    receipt_.bulk_entry_index = 2;
    receipt_.bulk_entry_proof = *tree_.InclusionProof(2, tree_.size());
    TakePayment(0);
  }

  void TakePayment(std::size_t position) {
    receipt_.entry = leaves_[3 + position];
    receipt_.entry_index = 3 + position;
    receipt_.entry_proof = *tree_.InclusionProof(3 + position, tree_.size());
  }
  absl::StatusOr<client::VerifiedReceipt> Verify() const {
    return client::VerifyReceipt(receipt_, core::Sha256(receipt_.genesis));
  }

  client::Receipt receipt_;
  core::Bulk bulk_;
  std::vector<std::string> leaves_;
  core::MerkleTree tree_;
};

TEST_F(BulkReceipt, ProvesEachPayment) {
  for (std::size_t i = 0; i < 3; ++i) {
    TakePayment(i);
    const auto verified = Verify();
    ASSERT_TRUE(verified.ok()) << verified.status();
    ASSERT_TRUE(verified->payment.has_value());
    EXPECT_EQ(verified->payment->payment, bulk_.payments[i]);
    EXPECT_EQ(verified->payment->result.outcome,
              i == 1 ? core::Outcome::kInsufficientFunds : core::Outcome::kAccepted);
    EXPECT_EQ(verified->entry.instruction.party.text(), "ALPHA");
  }
  receipt_.envelope.reset();
  EXPECT_TRUE(Verify().ok()) << "what the payee gets";
}

TEST_F(BulkReceipt, EveryChangedByteIsNoticed) {
  for (std::string* leaf : {&receipt_.entry, &receipt_.bulk_entry, &receipt_.batch_header}) {
    for (char& byte : *leaf) {
      byte = static_cast<char>(byte ^ 1);
      EXPECT_FALSE(Verify().ok());
      byte = static_cast<char>(byte ^ 1);
    }
  }
  EXPECT_TRUE(Verify().ok());
}

TEST_F(BulkReceipt, EntryOfNoBulkIsRefused) {
  receipt_.bulk_entry.clear();
  EXPECT_FALSE(Verify().ok());
}

TEST_F(BulkReceipt, AnotherPlaceIsNoticed) {
  receipt_.bulk_entry_index = 3;
  EXPECT_FALSE(Verify().ok());
  receipt_.bulk_entry_index = 2;
  receipt_.bulk_entry_proof.pop_back();
  EXPECT_FALSE(Verify().ok());
}

TEST_F(BulkReceipt, BulkThatWasNotSignedIsNoticed) {
  bulk_.payments[0].amount = core::Amount::FromMinor(1);
  receipt_.envelope =
      *core::SignEnvelope(core::kBulkPayloadType, core::EncodeBulk(bulk_), *KeyNamed("ALPHA"));
  EXPECT_THAT(std::string(Verify().status().message()), HasSubstr("envelope"));
}

TEST_F(BulkReceipt, FileFormReadsBack) {
  const auto again = client::ParseReceipt(client::FormatReceipt(receipt_));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*again, receipt_);
}

// The file form keeps a receipt whole, and is the one that others write.
TEST(Receipt, FileFormReadsBack) {
  const client::Receipt receipt = VectorReceipt();
  const auto again = client::ParseReceipt(client::FormatReceipt(receipt));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*again, receipt);
}

TEST(Receipt, FilesThatAreNoReceiptsAreRefused) {
  for (const char* text : {"", "{", "[]", R"({"entry": "***"})", R"({"unknown": 1})",
                           R"({"entry_proof": ["AAAA"]})"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(client::ParseReceipt(text).status())) << text;
  }
}

}  // namespace
}  // namespace causeway::wallet
