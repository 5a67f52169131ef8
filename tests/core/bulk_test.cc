#include "settlement/core/bulk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "settlement/core/merkle.h"

namespace causeway::core {
namespace {

using ::testing::HasSubstr;

Uetr UetrOf(std::uint8_t seed) {
  std::array<std::uint8_t, 16> random{};
  random.fill(seed);
  return Uetr::FromRandomBytes(random);
}

Bulk MakeBulk(std::size_t count) {
  Bulk bulk;
  bulk.ledger = *LedgerOrigin::Parse("test.example/hkd");
  bulk.genesis_hash.bytes.fill(7);
  bulk.party = *ParticipantId::Parse("ALPHA");
  bulk.id.fill(0xab);
  bulk.valid_until = LedgerTime::FromMicros(1'660'000'000'000'000);
  for (std::size_t i = 0; i < count; ++i) {
    BulkPayment payment;
    payment.debtor = {.number = 0x01020304, .check = 0x0506};
    payment.creditor = {.number = static_cast<std::uint32_t>(i), .check = 0x0708};
    payment.amount = Amount::FromMinor(-5 + static_cast<std::int64_t>(i));
    payment.purpose = {'T', 'R', 'A', 0};
    payment.id[15] = static_cast<std::uint8_t>(i);
    payment.uetr = UetrOf(static_cast<std::uint8_t>(i));
    bulk.payments.push_back(payment);
  }
  return bulk;
}

std::string FaultOf(const std::string& payload) {
  return std::string(DecodeBulk(payload).status().message());
}

TEST(BulkTest, ReadsWhatItWrote) {
  const Bulk bulk = MakeBulk(3);
  const auto read = DecodeBulk(EncodeBulk(bulk));
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(*read, bulk);
}

TEST(BulkTest, TakesAsManyPaymentsAsTheLimitSays) {
  EXPECT_TRUE(DecodeBulk(EncodeBulk(MakeBulk(kBulkPaymentsMax))).ok());
  EXPECT_EQ(DecodeBulk(EncodeBulk(MakeBulk(kBulkPaymentsMax + 1))).status().code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(BulkTest, RefusesEveryTruncationAndAnythingThatFollows) {
  const std::string payload = EncodeBulk(MakeBulk(2));
  for (std::size_t size = 0; size < payload.size(); ++size) {
    EXPECT_FALSE(DecodeBulk(payload.substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(DecodeBulk(payload + "x").ok());
}

TEST(BulkTest, NamesThePaymentThatIsWrong) {
  const std::string payload = EncodeBulk(MakeBulk(2));
  std::string no_uuid = payload;
  no_uuid[payload.size() - 10] = '\x10';  // the version's half byte of the last UETR
  EXPECT_THAT(FaultOf(no_uuid), HasSubstr("payments[1]: uetr"));
  std::string purpose = payload;
  purpose[payload.size() - 2 * kBulkPaymentBytes + 12] = 'a';
  EXPECT_THAT(FaultOf(purpose), HasSubstr("payments[0]: purpose"));
  EXPECT_THAT(FaultOf(EncodeBulk(MakeBulk(0))), HasSubstr("there are none"));
}

TEST(BulkTest, InstructionIdsAreTheirHexadecimalDigits) {
  RawInstructionId raw{};
  for (std::size_t i = 0; i < raw.size(); ++i) raw[i] = static_cast<std::uint8_t>(17 * i);
  const InstructionId id = InstructionIdOf(raw);
  EXPECT_EQ(id.text(), "00112233445566778899aabbccddeeff");
  EXPECT_EQ(RawIdOf(id), raw);
  EXPECT_FALSE(RawIdOf(*InstructionId::Parse("00112233445566778899AABBCCDDEEFF")).has_value());
  EXPECT_FALSE(RawIdOf(*InstructionId::Parse("0011")).has_value());
}

TEST(BulkTest, ResultsAreReadAsWritten) {
  const PaymentResult settled{.outcome = Outcome::kAccepted,
                              .debtor_after = -3,
                              .creditor_after = 9,
                              .debtor_sequence = kLeafIndexMax,
                              .creditor_sequence = 2,
                              .debtor_previous = 0,
                              .creditor_previous = 77};
  const PaymentResult rejected{.outcome = Outcome::kInsufficientFunds, .debtor_after = 5};
  std::string bytes;
  AppendPaymentResults(std::vector<PaymentResult>{settled, rejected}, bytes);
  ASSERT_EQ(bytes.size(), 2 * kPaymentResultBytes);
  EXPECT_EQ(ReadPaymentResult(std::string_view(bytes).substr(0, kPaymentResultBytes)), settled);
  EXPECT_EQ(ReadPaymentResult(std::string_view(bytes).substr(kPaymentResultBytes)), rejected);
  bytes[0] = '\xff';
  EXPECT_FALSE(ReadPaymentResult(std::string_view(bytes).substr(0, kPaymentResultBytes)));
}

TEST(BulkTest, ALeafIsReadAsWritten) {
  const Bulk bulk = MakeBulk(1);
  LeafSalt salt{};
  salt.fill(3);
  const PaymentResult result{.outcome = Outcome::kAccepted,
                             .debtor_after = 1,
                             .creditor_after = 2,
                             .debtor_sequence = 3,
                             .creditor_sequence = 4};
  std::string bytes(kPaymentLeafBytes, '\0');
  WritePaymentLeaf(1234567, salt, 42, bulk.payments[0], result, bytes.data());
  const auto leaf = DecodePaymentLeaf(bytes);
  ASSERT_TRUE(leaf.ok()) << leaf.status().message();
  EXPECT_EQ(leaf->index, 1234567u);
  EXPECT_EQ(leaf->salt, salt);
  EXPECT_EQ(leaf->position, 42u);
  EXPECT_EQ(leaf->payment, bulk.payments[0]);
  EXPECT_EQ(leaf->result, result);
  EXPECT_FALSE(DecodePaymentLeaf(bytes.substr(1)).ok());
}

TEST(BulkTest, LeavesHashedTogetherHashAsEachAlone) {
  const Bulk bulk = MakeBulk(37);
  const std::size_t count = bulk.payments.size();
  std::vector<LeafSalt> salts(count);
  std::vector<PaymentResult> results(count);
  for (std::size_t i = 0; i < count; ++i) {
    salts[i].fill(static_cast<std::uint8_t>(i + 1));
    results[i].debtor_after = -static_cast<std::int64_t>(i);
    results[i].creditor_sequence = 1000 + i;
  }
  std::vector<Hash256> hashes(count);
  HashPaymentLeaves(77, salts, bulk.payments, results, hashes);
  for (std::size_t i = 0; i < count; ++i) {
    std::string leaf(kPaymentLeafBytes, '\0');
    WritePaymentLeaf(77 + i, salts[i], static_cast<std::uint32_t>(i), bulk.payments[i], results[i],
                     leaf.data());
    EXPECT_EQ(hashes[i], LeafHash(leaf)) << i;
  }
}

TEST(BulkTest, SaltsDependOnIndexAndBatchAlone) {
  const PaymentSalts::Key key = PaymentSalts::KeyOf(std::string(32, 'k'), 5);
  std::vector<LeafSalt> all(100);
  PaymentSalts::Fill(key, 1000, all);
  std::vector<LeafSalt> some(10);
  PaymentSalts::Fill(key, 1040, some);
  for (std::size_t i = 0; i < some.size(); ++i) EXPECT_EQ(some[i], all[40 + i]);
  EXPECT_EQ(std::set<LeafSalt>(all.begin(), all.end()).size(), all.size());
  EXPECT_NE(PaymentSalts::KeyOf(std::string(32, 'k'), 6), key);
}

}  // namespace
}  // namespace causeway::core
