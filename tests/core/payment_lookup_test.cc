#include "settlement/core/payment_lookup.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "settlement/core/batch.h"

namespace causeway::core {
namespace {

constexpr std::uint64_t kFirst = 10;

std::string EntryOf(std::uint64_t index, std::string_view party, ActionKind kind) {
  Entry entry;
  entry.index = index;
  entry.instruction = {*ParticipantId::Parse(party), kind, *InstructionId::Parse("I")};
  entry.status = InstructionStatus::kSettled;
  entry.cause = Cause::kCommand;
  entry.rejection.outcome = Outcome::kAccepted;
  return EncodeEntry(entry);
}

Bulk BulkOf(std::string_view party, std::uint8_t number, std::size_t count) {
  Bulk bulk{.ledger = *LedgerOrigin::Parse("hk.example/hkd"),
            .party = *ParticipantId::Parse(party)};
  bulk.id = {number};
  bulk.valid_until = LedgerTime::FromMicros(1'660'500'000'000'000);
  for (std::size_t i = 0; i < count; ++i) {
    BulkPayment& payment = bulk.payments.emplace_back();
    payment.id = {number, static_cast<std::uint8_t>(i + 1)};
    payment.uetr = Uetr::FromRandomBytes({number, static_cast<std::uint8_t>(i)});
    payment.amount = Amount::FromMinor(static_cast<std::int64_t>(i + 1));
  }
  return bulk;
}

BulkResults ResultsOf(std::uint32_t item, std::uint64_t first_index, std::size_t count) {
  BulkResults results{.item = item, .first_index = first_index, .results = {}};
  std::vector<PaymentResult> all(count);
  all.back().outcome = Outcome::kInsufficientFunds;
  AppendPaymentResults(all, results.results);
  return results;
}

// Two bulks among other items and entries.
Batch SomeBatch() {
  Batch batch;
  batch.header.number = 1;
  batch.header.first_index = kFirst;
  batch.header.phase = DayPhase::kOpen;
  batch.header.entry_count = 9;
  batch.items = {
      Item{Envelope{"type", "payload", {}}, {"attachment"}},
      Item{Envelope{std::string(kBulkPayloadType), EncodeBulk(BulkOf("ALPHA", 1, 3)), {}}, {}},
      Item{Envelope{std::string(kBulkPayloadType), EncodeBulk(BulkOf("BETA", 2, 2)), {}}, {}}};
  batch.entries = {EntryOf(kFirst + 1, "GAMMA", ActionKind::kPay),
                   EntryOf(kFirst + 2, "ALPHA", ActionKind::kPayBulk),
                   EntryOf(kFirst + 6, "GAMMA", ActionKind::kPay),
                   EntryOf(kFirst + 7, "BETA", ActionKind::kPayBulk)};
  batch.bulks = {ResultsOf(1, kFirst + 3, 3), ResultsOf(2, kFirst + 8, 2)};
  batch.checkpoint = "checkpoint";
  return batch;
}

// What reading of `bytes` gives; `read_bytes` counts them.
absl::StatusOr<std::optional<FoundPayment>> Find(const std::string& bytes, std::uint64_t leaf,
                                                 std::size_t* read_bytes = nullptr) {
  return LookUpPayment(
      [&](std::uint64_t offset, std::uint64_t size) -> absl::StatusOr<std::string> {
        if (offset > bytes.size() || size > bytes.size() - offset) {
          return absl::OutOfRangeError("past the end");
        }
        if (read_bytes != nullptr) *read_bytes += size;
        return bytes.substr(offset, size);
      },
      leaf);
}

TEST(PaymentLookupTest, FindsEveryPaymentOfEveryBulkAndNothingElse) {
  const Batch batch = SomeBatch();
  const std::string bytes = EncodeBatch(batch);
  ASSERT_TRUE(DecodeBatch(bytes).ok());
  for (std::uint64_t leaf = 0; leaf < kFirst + 20; ++leaf) {
    const auto found = Find(bytes, leaf);
    ASSERT_TRUE(found.ok()) << found.status();
    const std::optional<EntryPlace> place = FindEntry(batch, leaf);
    ASSERT_EQ(found->has_value(), place.has_value() && place->bulk != nullptr) << leaf;
    if (!found->has_value()) continue;
    const bool first = leaf < kFirst + 6;
    const Bulk bulk = first ? BulkOf("ALPHA", 1, 3) : BulkOf("BETA", 2, 2);
    EXPECT_EQ((*found)->party, bulk.party);
    EXPECT_EQ((*found)->payment, bulk.payments[place->position]);
    EXPECT_EQ((*found)->outcome, place->position + 1 == bulk.payments.size()
                                     ? Outcome::kInsufficientFunds
                                     : Outcome::kAccepted);
  }
}

TEST(PaymentLookupTest, ReadsLittleOfALargeBatch) {
  Batch batch = SomeBatch();
  batch.items[1].envelope.payload = EncodeBulk(BulkOf("ALPHA", 1, 200));
  batch.header.entry_count += 197;
  batch.bulks = {ResultsOf(1, kFirst + 3, 200), ResultsOf(2, kFirst + 205, 2)};
  batch.entries[2] = EntryOf(kFirst + 203, "GAMMA", ActionKind::kPay);
  batch.entries[3] = EntryOf(kFirst + 204, "BETA", ActionKind::kPayBulk);
  std::size_t read_bytes = 0;
  const auto found = Find(EncodeBatch(batch), kFirst + 3 + 150, &read_bytes);
  ASSERT_TRUE(found.ok() && found->has_value());
  EXPECT_EQ((*found)->payment.amount.minor(), 151);
  EXPECT_LT(read_bytes, 1000u);
}

TEST(PaymentLookupTest, LeavesBatchesOfManyPartsToTheirDecoder) {
  Batch batch = SomeBatch();
  while (batch.items.size() <= kLookupPartsMax) batch.items.push_back(batch.items[0]);
  const auto found = Find(EncodeBatch(batch), kFirst + 3);
  ASSERT_TRUE(found.ok());
  EXPECT_FALSE(found->has_value());
}

TEST(PaymentLookupTest, PassesOnThatBytesCannotBeRead) {
  const auto found = LookUpPayment(
      [](std::uint64_t, std::uint64_t) -> absl::StatusOr<std::string> {
        return absl::DataLossError("bad sector");
      },
      kFirst + 3);
  EXPECT_EQ(found.status().code(), absl::StatusCode::kDataLoss);
}

// Whatever was damaged or cut off: nothing is found, or a payment that the caller compares.
TEST(PaymentLookupTest, StandsDamage) {
  const std::string bytes = EncodeBatch(SomeBatch());
  for (std::size_t size = 0; size < bytes.size(); size += 3) {
    EXPECT_TRUE(Find(bytes.substr(0, size), kFirst + 4).ok());
  }
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (const unsigned change : {0x01U, 0x80U, 0xFFU}) {
      std::string changed = bytes;
      changed[i] = static_cast<char>(static_cast<unsigned char>(changed[i]) ^ change);
      EXPECT_TRUE(Find(changed, kFirst + 4).ok());
    }
  }
}

}  // namespace
}  // namespace causeway::core
