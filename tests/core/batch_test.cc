#include "settlement/core/batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "settlement/core/command.h"
#include "tests/core/mutation.h"
#include "tests/vectors/read_vector.h"

namespace causeway::core {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

nlohmann::json Vector() { return nlohmann::json::parse(testing::ReadVector("batch.json")); }

std::string Golden(std::size_t position) {
  return *FromHex(Vector()["batches"][position].get<std::string>());
}

std::string Leaf(std::size_t position) {
  const auto entries = nlohmann::json::parse(testing::ReadVector("entry.json"));
  return *FromHex(entries["leaves"][position]["encoded"].get<std::string>());
}

Batch SmallBatch() {
  Batch batch;
  batch.header.number = 1;
  batch.header.first_index = 1;
  batch.header.phase = DayPhase::kOpen;
  batch.header.entry_count = 1;
  batch.items = {Item{Envelope{"type", "payload", {}}, {"attachment", ""}}};
  batch.entries = {"entry"};
  batch.checkpoint = "checkpoint";
  return batch;
}

std::string Fault(const std::string& bytes) {
  const auto decoded = DecodeBatch(bytes);
  return decoded.ok() ? "none" : std::string(decoded.status().message());
}

TEST(BatchTest, GoldenBytesOfTheGenesisBatch) {
  const Batch batch = *DecodeBatch(Golden(0));
  EXPECT_EQ(batch.header, BatchHeader{});
  EXPECT_THAT(batch.items, SizeIs(0));
  EXPECT_THAT(*LeavesOf(batch), ElementsAre(Leaf(0)));
  EXPECT_EQ(EncodeBatch(batch), Golden(0));
}

TEST(BatchTest, GoldenBytesOfABatchOfTwo) {
  const Batch batch = *DecodeBatch(Golden(1));
  EXPECT_THAT(*LeavesOf(batch), ElementsAre(Leaf(1), Leaf(2), Leaf(3)));
  ASSERT_THAT(batch.items, SizeIs(1));
  EXPECT_EQ(batch.items[0].envelope.payload_type, kCommandPayloadType);
  EXPECT_THAT(batch.items[0].attachments, ElementsAre("private"));
  EXPECT_EQ(ToHex(EncodeItem(batch.items[0])), Vector()["item"].get<std::string>());
  EXPECT_THAT(batch.checkpoint, HasSubstr("hkma.example/hkd\n4\n"));
  EXPECT_EQ(EncodeBatch(batch), Golden(1));
}

TEST(BatchTest, HasOneEncoding) {
  testing::ExpectOneEncoding(EncodeBatch(SmallBatch()), DecodeBatch, EncodeBatch);
  testing::ExpectOneEncoding(Golden(0), DecodeBatch, EncodeBatch);
}

TEST(BatchTest, OnlyBatchZeroHasTheGenesis) {
  Writer with;
  with.U8(2).Sized(EncodeBatchHeader(SmallBatch().header)).U32(0).U32(1).Sized("e").U32(0);
  with.Raw(std::string(16, '\0')).Sized("");
  with.Sized("genesis");
  EXPECT_THAT(Fault(with.bytes()), HasSubstr("only batch 0 has it"));
  Writer without;
  without.U8(2).Sized(EncodeBatchHeader(BatchHeader{})).U32(0).U32(0).U32(0);
  without.Raw(std::string(16, '\0')).Sized("").Sized("");
  EXPECT_THAT(Fault(without.bytes()), HasSubstr("genesis: is missing"));
}

TEST(BatchTest, BatchZeroHasTheGenesisAlone) {
  Writer writer;
  writer.U8(2).Sized(EncodeBatchHeader(BatchHeader{})).U32(1);
  writer.Sized(EncodeItem(SmallBatch().items[0])).U32(0).U32(0);
  writer.Raw(std::string(16, '\0')).Sized("").Sized("genesis");
  EXPECT_THAT(Fault(writer.bytes()), HasSubstr("genesis alone"));
}

TEST(BatchTest, EntriesAreAsManyAsTheHeaderSays) {
  Batch batch = SmallBatch();
  Writer writer;
  writer.U8(2).Sized(EncodeBatchHeader(batch.header)).U32(0).U32(0).U32(0);
  writer.Raw(std::string(16, '\0')).Sized("").Sized("");
  EXPECT_THAT(Fault(writer.bytes()), HasSubstr("entries: there are 0; the header says 1"));
}

TEST(BatchTest, CountsBeyondTheirLimitOrTheBytesAreRefusedAtOnce) {
  Writer items;
  items.U8(2).Sized(EncodeBatchHeader(SmallBatch().header)).U32(kItemsPerBatchMax + 1);
  EXPECT_THAT(Fault(items.bytes()), HasSubstr("batch: items: count 16385 is more than the most"));
  Writer entries;
  entries.U8(2).Sized(EncodeBatchHeader(SmallBatch().header)).U32(0).U32(0xFFFFFFFF);
  EXPECT_THAT(Fault(entries.bytes()), HasSubstr("batch: entries: count 4294967295"));
  Writer few;
  few.U8(2).Sized(EncodeBatchHeader(SmallBatch().header)).U32(9).U32(0);
  EXPECT_THAT(Fault(few.bytes()), HasSubstr("than the bytes that follow hold"));
}

TEST(BatchTest, AnotherVersionIsRefused) {
  std::string bytes = EncodeBatch(SmallBatch());
  bytes[0] = 3;
  EXPECT_THAT(Fault(bytes), HasSubstr("version: is 3; this program reads 2"));
}

TEST(ItemTest, HasOneEncoding) {
  testing::ExpectOneEncoding(*FromHex(Vector()["item"].get<std::string>()), DecodeItem, EncodeItem);
}

TEST(ItemTest, TooManyAttachmentsAreRefused) {
  Writer writer;
  writer.Sized(EncodeEnvelope(SmallBatch().items[0].envelope)).U32(kAttachmentsPerItemMax + 1);
  EXPECT_THAT(std::string(DecodeItem(writer.bytes()).status().message()),
              HasSubstr("attachments: count 16385 is more than the most, 16384"));
}

TEST(ItemTest, AnAttachmentThatIsTooLongIsRefused) {
  Item item = SmallBatch().items[0];
  item.attachments[1] = std::string(kAttachmentBytesMax + 1, 'x');
  EXPECT_THAT(std::string(DecodeItem(EncodeItem(item)).status().message()),
              HasSubstr("attachments[1]: has 4194305 bytes"));
}

}  // namespace
}  // namespace causeway::core
