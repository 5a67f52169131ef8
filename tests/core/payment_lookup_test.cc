#include "settlement/core/payment_lookup.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "settlement/core/batch.h"
#include "settlement/core/prng.h"

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

PaymentLookup::Read ReaderOf(const std::string& bytes, std::size_t* read_bytes = nullptr) {
  return [&bytes, read_bytes](std::uint64_t offset,
                              std::uint64_t size) -> absl::StatusOr<std::string> {
    if (offset > bytes.size() || size > bytes.size() - offset) {
      return absl::OutOfRangeError("past the end");
    }
    if (read_bytes != nullptr) *read_bytes += size;
    return bytes.substr(offset, size);
  };
}

// What reading of `bytes` gives; `read_bytes` counts them.
absl::StatusOr<std::optional<FoundPayment>> Find(const std::string& bytes, std::uint64_t leaf,
                                                 std::size_t* read_bytes = nullptr) {
  return PaymentLookup(ReaderOf(bytes, read_bytes)).Find(leaf);
}

// That of each leaf is found what the whole batch says, and nothing where it is no payment of a
// bulk. Returns how many were found.
int ExpectSameAsWhole(const Batch& batch) {
  int payments = 0;
  const std::string bytes = EncodeBatch(batch);
  const absl::StatusOr<Batch> whole = DecodeBatch(bytes);
  EXPECT_TRUE(whole.ok()) << whole.status();
  if (!whole.ok()) return 0;
  PaymentLookup lookup(ReaderOf(bytes));
  const std::uint64_t end = batch.header.first_index + batch.header.entry_count + 3;
  for (std::uint64_t leaf = 0; leaf < end; ++leaf) {
    const auto found = lookup.Find(leaf);
    EXPECT_TRUE(found.ok()) << found.status();
    const std::optional<EntryPlace> place = FindEntry(*whole, leaf);
    const bool is_payment =
        place.has_value() && place->bulk != nullptr && place->bulk->kind == BulkKind::kPayments;
    EXPECT_EQ(found->has_value(), is_payment) << leaf;
    if (!found->has_value() || !is_payment) continue;
    ++payments;
    EXPECT_EQ((*found)->header, batch.header);
    EXPECT_EQ((*found)->payment_salts, batch.payment_salts);
    EXPECT_EQ(EncodeEntry((*found)->bulk), batch.entries[place->entry]);
    EXPECT_EQ((*found)->index, leaf);
    EXPECT_EQ((*found)->position, place->position);
    EXPECT_EQ((*found)->payment, PaymentAt(*whole, *place->bulk, place->position));
    EXPECT_EQ((*found)->result, *ReadPaymentResult(place->bulk->RecordAt(place->position)));
  }
  return payments;
}

TEST(PaymentLookupTest, FindsEveryPaymentOfEveryBulkAndNothingElse) {
  const Batch batch = SomeBatch();
  EXPECT_EQ(ExpectSameAsWhole(batch), 5);
  const auto found = Find(EncodeBatch(batch), kFirst + 9);
  EXPECT_EQ((*found)->bulk.instruction.party, *ParticipantId::Parse("BETA"));
  EXPECT_EQ((*found)->payment, BulkOf("BETA", 2, 2).payments[1]);
  EXPECT_EQ((*found)->result.outcome, Outcome::kInsufficientFunds);
}

// Bulks, lists of settlements that are held and resolved, and single entries in any order.
TEST(PaymentLookupTest, OfAnyBatchFindsWhatTheWholeOneSays) {
  RandomStream random(17, "batches");
  int payments = 0;
  for (int round = 0; round < 150; ++round) {
    Batch batch;
    batch.header.number = 1 + random.Uniform(1'000);
    batch.header.first_index = 1 + random.Uniform(1'000'000);
    batch.header.phase = DayPhase::kOpen;
    batch.header.policy_version = random.Uniform(9);
    batch.checkpoint = std::string(random.Uniform(300), 'c');
    for (std::uint8_t& byte : batch.payment_salts) {
      byte = static_cast<std::uint8_t>(random.Uniform(256));
    }
    std::uint64_t next = batch.header.first_index + 1;
    for (std::uint64_t left = random.Uniform(9); left > 0; --left) {
      const auto item = static_cast<std::uint32_t>(batch.items.size());
      const std::uint64_t kind = random.Uniform(5);
      const std::string party = kind % 2 == 0 ? "ALPHA" : "BETA";
      const std::size_t count = 1 + random.Uniform(20);
      if (kind <= 1) {
        batch.items.push_back({{std::string(kBulkPayloadType),
                                EncodeBulk(BulkOf(party, static_cast<std::uint8_t>(item), count)),
                                {}},
                               {}});
        batch.entries.push_back(EntryOf(next++, party, ActionKind::kPayBulk));
        batch.bulks.push_back(ResultsOf(item, next, count));
        next += count;
      } else if (kind <= 3) {
        const bool held = kind == 2;
        batch.items.push_back({{held ? kSettlementListPayloadType : kCompletionPayloadType,
                                std::string(random.Uniform(500), 'p'),
                                {}},
                               {}});
        if (held) batch.items.back().attachments = {std::string(random.Uniform(500), 'a')};
        batch.entries.push_back(EntryOf(next++, party, ActionKind::kComplete));
        BulkResults packed{.item = item, .first_index = next, .results = {}};
        packed.kind = held ? BulkKind::kHolds : BulkKind::kResolved;
        packed.results = std::string(count * packed.record_bytes(), '\0');
        batch.bulks.push_back(packed);
        next += count;
      } else {
        batch.items.push_back({{"type", std::string(random.Uniform(300), 'p'), {}}, {}});
        for (std::uint64_t more = random.Uniform(4); more > 0; --more) {
          batch.entries.push_back(EntryOf(next++, party, ActionKind::kPay));
        }
      }
    }
    batch.header.entry_count = static_cast<std::uint32_t>(next - batch.header.first_index - 1);
    payments += ExpectSameAsWhole(batch);
  }
  EXPECT_GT(payments, 2'500);
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

TEST(PaymentLookupTest, PassesOnThatBytesCannotBeReadAndTriesAgain) {
  const std::string bytes = EncodeBatch(SomeBatch());
  bool readable = false;
  PaymentLookup lookup(
      [&](std::uint64_t offset, std::uint64_t size) -> absl::StatusOr<std::string> {
        if (!readable && offset > 300) return absl::DataLossError("bad sector");
        return ReaderOf(bytes)(offset, size);
      });
  EXPECT_EQ(lookup.Find(kFirst + 3).status().code(), absl::StatusCode::kDataLoss);
  readable = true;
  EXPECT_TRUE(lookup.Find(kFirst + 3)->has_value());
}

TEST(PaymentLookupTest, ReadsWhereThePartsLieOnce) {
  const std::string bytes = EncodeBatch(SomeBatch());
  std::size_t first = 0;
  std::size_t both = 0;
  PaymentLookup lookup(ReaderOf(bytes, &both));
  ASSERT_TRUE(lookup.Find(kFirst + 3)->has_value());
  first = both;
  ASSERT_TRUE(lookup.Find(kFirst + 4)->has_value());
  const std::size_t entry = SomeBatch().entries[1].size();
  EXPECT_EQ(both - first, kBulkPaymentBytes + kPaymentResultBytes + entry);
}

// Whatever was damaged or cut off: nothing is found, or something.
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
