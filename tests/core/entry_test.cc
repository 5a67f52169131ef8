#include "settlement/core/entry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <numeric>
#include <string>

#include "settlement/core/hash.h"
#include "settlement/core/merkle.h"
#include "tests/core/mutation.h"
#include "tests/vectors/read_vector.h"

namespace causeway::core {
namespace {

using ::testing::HasSubstr;

constexpr char kPosting[] = "postings";

Posting MakePosting(std::string_view body, std::int64_t amount, std::int64_t after,
                    std::uint64_t sequence) {
  Posting posting;
  posting.address = *AccountAddress::Make(*Currency::Parse("HKD"), body);
  posting.bucket = Bucket::kAvailable;
  posting.code = TransactionCode::kPayment;
  posting.amount = Amount::FromMinor(amount);
  posting.balance_after = Amount::FromMinor(after);
  posting.sequence = sequence;
  return posting;
}

nlohmann::json Vector() { return nlohmann::json::parse(testing::ReadVector("entry.json")); }

std::string Golden(std::size_t position) {
  return *FromHex(Vector()["leaves"][position]["encoded"].get<std::string>());
}

// The settled payment of entry.json.
Entry SettledPayment() {
  Entry entry;
  entry.index = 2;
  std::iota(entry.salt.begin(), entry.salt.end(), std::uint8_t{0});
  entry.instruction = {*ParticipantId::Parse("ALPHA"), ActionKind::kPay,
                       *InstructionId::Parse("INV-2022-0001")};
  entry.status = InstructionStatus::kSettled;
  entry.cause = Cause::kCommand;
  entry.rejection.outcome = Outcome::kAccepted;
  entry.uetr = *Uetr::Parse("8a562c67-ca16-48ba-b074-65581be6f001");
  const auto command = nlohmann::json::parse(testing::ReadVector("command.json"))["commands"][0];
  entry.payload_hash = *Hash256::FromHex(command["payload_hash"].get<std::string>());
  entry.postings = {MakePosting("ALPHA0001", -250000, 750000, 3),
                    MakePosting("BETA0001", 250000, 250000, 1)};
  return entry;
}

Entry RejectedPayment() {
  Entry entry = SettledPayment();
  entry.index = 3;
  entry.instruction.id = *InstructionId::Parse("INV-2022-0002");
  entry.status = InstructionStatus::kRejected;
  entry.rejection = {.outcome = Outcome::kInsufficientFunds,
                     .actual = 750000,
                     .required = 900000,
                     .rule = "",
                     .message = ""};
  entry.postings.clear();
  return entry;
}

Entry OrderToAbort() {
  Entry entry = SettledPayment();
  entry.index = 4;
  entry.instruction = {*ParticipantId::Parse("HKMA"), ActionKind::kOrderAbort,
                       *InstructionId::Parse("ABT-1")};
  entry.uetr = {};
  const auto command = nlohmann::json::parse(testing::ReadVector("command.json"))["commands"][3];
  entry.payload_hash = *Hash256::FromHex(command["payload_hash"].get<std::string>());
  entry.settlement_id = Sha256("settlement");
  entry.postings.clear();
  return entry;
}

Entry PartOfAPayment() {
  Entry entry = SettledPayment();
  entry.index = 5;
  entry.instruction.id = *InstructionId::Parse("INV-2022-0003");
  entry.status = InstructionStatus::kQueued;
  entry.cause = Cause::kRelease;
  entry.rejection = AcceptedInParts({Amount::FromMinor(400'000), Amount::FromMinor(900'000)});
  entry.postings = {MakePosting("ALPHA0001", -150'000, 600'000, 4),
                    MakePosting("BETA0001", 150'000, 400'000, 2)};
  for (Posting& posting : entry.postings) posting.previous = 2;
  return entry;
}

BatchHeader Header() {
  BatchHeader header;
  header.number = 1;
  header.first_index = 1;
  header.time = *LedgerTime::Parse("2022-08-15T01:00:00Z");
  header.date = *BusinessDate::Parse("2022-08-15");
  header.phase = DayPhase::kOpen;
  header.entry_count = 2;
  return header;
}

// The fault that decoding `entry` once encoded gives.
std::string EntryFault(const Entry& entry) {
  const auto decoded = DecodeEntry(EncodeEntry(entry));
  return decoded.ok() ? "none" : std::string(decoded.status().message());
}

TEST(EntryTest, GoldenBytesOfASettledPayment) {
  EXPECT_EQ(ToHex(EncodeEntry(SettledPayment())), ToHex(Golden(2)));
  EXPECT_EQ(*DecodeEntry(Golden(2)), SettledPayment());
}

TEST(EntryTest, GoldenBytesOfARejectedPayment) {
  EXPECT_EQ(ToHex(EncodeEntry(RejectedPayment())), ToHex(Golden(3)));
  EXPECT_EQ(*DecodeEntry(Golden(3)), RejectedPayment());
}

TEST(EntryTest, GoldenBytesOfAnOrderToAbort) {
  EXPECT_EQ(ToHex(EncodeEntry(OrderToAbort())), ToHex(Golden(4)));
  EXPECT_EQ(*DecodeEntry(Golden(4)), OrderToAbort());
}

TEST(EntryTest, GoldenBytesOfAPartOfAPayment) {
  EXPECT_EQ(ToHex(EncodeEntry(PartOfAPayment())), ToHex(Golden(5)));
  EXPECT_EQ(*DecodeEntry(Golden(5)), PartOfAPayment());
}

TEST(EntryTest, APartIsToldFromThePaymentThatCameToWaitAndFromItsEnd) {
  Entry entry = PartOfAPayment();
  EXPECT_TRUE(IsPart(entry));
  EXPECT_EQ(SettledPartsOf(entry.rejection)->settled.minor(), 400'000);
  EXPECT_EQ(SettledPartsOf(entry.rejection)->amount.minor(), 900'000);
  entry.status = InstructionStatus::kSettled;
  EXPECT_FALSE(IsPart(entry));
  entry.status = InstructionStatus::kQueued;
  entry.rejection = {.outcome = Outcome::kAccepted};
  EXPECT_FALSE(IsPart(entry));
  EXPECT_FALSE(SettledPartsOf(entry.rejection).has_value());
  EXPECT_FALSE(SettledPartsOf(RejectedPayment().rejection).has_value()) << "figures of its own";
}

TEST(EntryTest, LeafHashesAreThoseOfTheVectors) {
  const nlohmann::json vector = Vector();
  for (const auto& leaf : vector["leaves"]) {
    EXPECT_EQ(LeafHash(*FromHex(leaf["encoded"].get<std::string>())).ToHex(),
              leaf["leaf_hash"].get<std::string>());
  }
}

TEST(EntryTest, HasOneEncoding) {
  testing::ExpectOneEncoding(Golden(2), DecodeEntry, EncodeEntry);
  testing::ExpectOneEncoding(Golden(3), DecodeEntry, EncodeEntry);
}

TEST(EntryTest, EveryFieldMakesARoundTrip) {
  Entry entry = SettledPayment();
  entry.instruction.kind = ActionKind::kSettlementLeg;
  entry.status = InstructionStatus::kAborted;
  entry.cause = Cause::kCertificate;
  entry.rejection.rule = "holding limit v3";
  entry.rejection.actual = Amount::Min().minor();
  entry.rejection.required = Amount::Max().minor();
  entry.uetr = Uetr{};
  entry.item = 8191;
  entry.settlement_id = LeafHash("settlement");
  entry.postings[0].bucket = Bucket::kHeld;
  entry.postings[0].code = TransactionCode::kOverride;
  entry.postings[1].sequence = ~std::uint64_t{0};
  EXPECT_EQ(*DecodeEntry(EncodeEntry(entry)), entry);
}

TEST(EntryTest, TheMessageForPeopleIsNotPartOfIt) {
  Entry entry = RejectedPayment();
  entry.rejection.message = "you have too little";
  EXPECT_EQ(EncodeEntry(entry), EncodeEntry(RejectedPayment()));
}

TEST(EntryTest, NumbersOutsideTheirSetsAreRefusedByName) {
  Entry entry = SettledPayment();
  entry.instruction.kind = ActionKind::kNone;
  EXPECT_THAT(EntryFault(entry), HasSubstr("instruction.kind: is 0; must be 1 to 33"));
  entry = SettledPayment();
  entry.status = InstructionStatus{10};
  EXPECT_THAT(EntryFault(entry), HasSubstr("status: is 10; must be 1 to 9"));
  entry = SettledPayment();
  entry.cause = Cause{8};
  EXPECT_THAT(EntryFault(entry), HasSubstr("cause: is 8; must be 1 to 7"));
  entry = SettledPayment();
  entry.postings[1].bucket = Bucket::kNone;
  EXPECT_THAT(EntryFault(entry), HasSubstr("postings.bucket: is 0; must be 1 to 2"));
  entry = SettledPayment();
  entry.postings[1].code = TransactionCode{10};
  EXPECT_THAT(EntryFault(entry), HasSubstr("postings.code: is 10; must be 1 to 9"));
}

TEST(EntryTest, OutcomesThatAreNeverRecordedAreRefused) {
  Entry entry = RejectedPayment();
  for (const Outcome outcome :
       {Outcome::kMalformed, Outcome::kUnknownSettlement, Outcome{0}, Outcome{299}}) {
    entry.rejection.outcome = outcome;
    EXPECT_THAT(EntryFault(entry), HasSubstr("outcome")) << static_cast<int>(outcome);
  }
}

TEST(EntryTest, MissingIdentifiersAreRefusedByName) {
  Entry entry = SettledPayment();
  entry.instruction.party = ParticipantId{};
  EXPECT_THAT(EntryFault(entry), HasSubstr("instruction.party"));
  entry = SettledPayment();
  entry.instruction.id = InstructionId{};
  EXPECT_THAT(EntryFault(entry), HasSubstr("instruction.id"));
  entry = SettledPayment();
  entry.postings[0].address = AccountAddress{};
  EXPECT_THAT(EntryFault(entry), HasSubstr("postings.address"));
}

TEST(EntryTest, ACountOfPostingsBeyondTheBytesIsRefusedAtOnce) {
  std::string bytes = EncodeEntry(RejectedPayment());
  bytes.replace(bytes.size() - 4, 4, std::string(4, '\xff'));
  const auto decoded = DecodeEntry(bytes);
  ASSERT_FALSE(decoded.ok());
  EXPECT_THAT(std::string(decoded.status().message()), HasSubstr(kPosting));
}

TEST(EntryTest, OtherLeavesAndVersionsAreRefused) {
  EXPECT_FALSE(DecodeEntry(Golden(1)).ok());
  EXPECT_FALSE(DecodeBatchHeader(Golden(2)).ok());
  EXPECT_FALSE(DecodeGenesisLeaf(Golden(2)).ok());
  std::string next = Golden(2);
  next[1] = 2;
  EXPECT_THAT(std::string(DecodeEntry(next).status().message()),
              HasSubstr("version: is 2; this program reads 1"));
}

TEST(BatchHeaderTest, GoldenBytes) {
  EXPECT_EQ(ToHex(EncodeBatchHeader(Header())), ToHex(Golden(1)));
  EXPECT_EQ(*DecodeBatchHeader(Golden(1)), Header());
}

TEST(BatchHeaderTest, HasOneEncoding) {
  BatchHeader header = Header();
  header.date = *BusinessDate::FromCivil(1, 1, 1);  // a negative count of days
  header.time = LedgerTime::Min();
  header.policy_version = 77;
  header.commitments = "reserved";
  testing::ExpectOneEncoding(EncodeBatchHeader(header), DecodeBatchHeader, EncodeBatchHeader);
}

TEST(BatchHeaderTest, ADateOutsideTheCalendarIsRefused) {
  std::string bytes = EncodeBatchHeader(Header());
  bytes.replace(26, 4, "\x7f\xff\xff\xff");
  EXPECT_THAT(std::string(DecodeBatchHeader(bytes).status().message()), HasSubstr("date"));
}

TEST(BatchHeaderTest, OnlyTheGenesisBatchHasNoPhase) {
  BatchHeader header = Header();
  header.phase = DayPhase::kNone;
  EXPECT_THAT(std::string(DecodeBatchHeader(EncodeBatchHeader(header)).status().message()),
              HasSubstr("phase: is 0; must be 1 to 3"));
  EXPECT_EQ(*DecodeBatchHeader(EncodeBatchHeader(BatchHeader{})), BatchHeader{});
}

TEST(GenesisLeafTest, GoldenBytes) {
  const std::string genesis = *FromHex(Vector()["genesis"].get<std::string>());
  EXPECT_EQ(EncodeGenesisLeaf(genesis), Golden(0));
  testing::ExpectOneEncoding(Golden(0), DecodeGenesisLeaf,
                             [](const std::string& bytes) { return EncodeGenesisLeaf(bytes); });
}

}  // namespace
}  // namespace causeway::core
