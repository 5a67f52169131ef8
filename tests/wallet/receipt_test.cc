#include "settlement/client/receipt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
