#include "settlement/store/segment_format.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "settlement/store/segment_journal.h"
#include "tests/store/store_test_util.h"

namespace causeway::store {
namespace {

Instance ExampleInstance() {
  Instance instance{};
  for (std::size_t i = 0; i < instance.size(); ++i) instance[i] = static_cast<std::uint8_t>(i);
  return instance;
}

// The worked example of docs/formats/journal.md.
TEST(SegmentFormatTest, GoldenBytesOfASegment) {
  const TemporaryDirectory directory;
  const std::string path = directory.Path("journal");
  {
    const JournalIdentity identity{.kind = "ledger", .name = "example", .genesis = {}};
    auto journal = SegmentJournal::Open(path, identity, {.instance = ExampleInstance()});
    ASSERT_TRUE(journal.ok()) << journal.status();
    const std::vector<Block> blocks = {
        {.number = 0, .first_index = 0, .count = 2, .body = "hello"}};
    const std::vector<MetaWrite> meta = {{"k", "v"}};
    ASSERT_TRUE((*journal)->Append(blocks, meta).ok());
  }
  const std::string bytes = ReadWholeFile(path + "/segment-00000000000000000000.cws");
  ASSERT_EQ(bytes.size(), 4096u + 120 + 104 + 48);
  EXPECT_EQ(core::ToHex(bytes.substr(0, 174)),
            "435753470001000102030405060708090a0b0c0d0e0fb39e3b6426179c49d74f64fbec19e614"
            "6c7a70bde96b0f5a1139cb84c41c397c00000000000000000000000000000000b39e3b642617"
            "9c49d74f64fbec19e6146c7a70bde96b0f5a1139cb84c41c397c00000000000000004c0e8eb3"
            "5420bf0a87b5a8fa66fa489101d6d49cdf4b13c8f8a317a576d66be4a0919e57f1e69d7aead1"
            "e6dc080ee659cd9025e6a4cf557692f9008e2481fc0a");
  EXPECT_EQ(bytes.substr(174, 4096 - 174), std::string(4096 - 174, '\0'));
  EXPECT_EQ(core::ToHex(bytes.substr(4096, 120)),
            "4357534600010000000000000000000000000000100000000000000000980000000000000000"
            "0000000000000000000000010000002f4c0e8eb35420bf0a87b5a8fa66fa489101d6d49cdf4b"
            "13c8f8a317a576d66be44fba564fa934d00c737a88d332d9f2f32884cab3b0aa224e0f538e66"
            "884c390c0000");
  EXPECT_EQ(core::ToHex(bytes.substr(4096 + 120, 104)),
            "43574a420001000000000000000000000000000000000000000200000005b39e3b6426179c49"
            "d74f64fbec19e6146c7a70bde96b0f5a1139cb84c41c397c8af66d32d2e0e7eabbb808289dbf"
            "ac3ff0c63cb3ff35d5cd1e27b269d66b48f568656c6c6f0000000000");
  EXPECT_EQ(core::ToHex(bytes.substr(4096 + 224)),
            "00000001000000016b0100000001764e0493f46f8e9a5935329efb0955c023c2869095a1a72a"
            "601747594461b1c1cc00");
}

// The second one.
TEST(SegmentFormatTest, GoldenBytesOfAFrameWhoseBlockHasPieces) {
  const TemporaryDirectory directory;
  const std::string path = directory.Path("journal");
  const std::string body = std::string(kPieceBytes, 'a') + "b";
  {
    const JournalIdentity identity{.kind = "ledger", .name = "example", .genesis = {}};
    auto journal = SegmentJournal::Open(path, identity, {.instance = ExampleInstance()});
    ASSERT_TRUE(journal.ok()) << journal.status();
    const Block block{.number = 0, .first_index = 0, .count = 2, .body = body};
    ASSERT_TRUE((*journal)->Append({&block, 1}, {}).ok());
  }
  const std::string bytes = ReadWholeFile(path + "/segment-00000000000000000000.cws");
  ASSERT_EQ(bytes.size(), 4096u + 120 + 94 + 64 + body.size() + 1);
  EXPECT_EQ(core::ToHex(bytes.substr(4096, 120)),
            "4357534600020000000000000000000000000000100000000000000080a00000000000000000"
            "000000000000000000000001000000004c0e8eb35420bf0a87b5a8fa66fa489101d6d49cdf4b"
            "13c8f8a317a576d66be4f06f8bffa6e52d80aed475b6c38d57e6020e6eb139599aca5cd65731"
            "1777591a0000");
  EXPECT_EQ(core::ToHex(bytes.substr(4216, 6)), "43574a420002");
  EXPECT_TRUE(bytes.substr(4216 + 94 + 64) == body + std::string(1, '\0'));
}

TEST(SegmentFormatTest, AFrameSaysWhetherItsBlocksHavePieces) {
  for (const bool has_pieces : {false, true}) {
    FrameHeader header{.number = 7, .block_count = 1, .has_pieces = has_pieces};
    const std::string bytes = EncodeFrameHeader(header, ExampleInstance());
    EXPECT_EQ(bytes[5], has_pieces ? 2 : 1);
    EXPECT_EQ(DecodeFrameHeader(bytes, ExampleInstance())->has_pieces, has_pieces);
  }
}

TEST(SegmentFormatTest, AnyFlippedBitOfAFramesHeaderIsSeen) {
  FrameHeader header{.number = 7, .offset = 4096, .content_bytes = 104, .block_count = 1};
  const std::string bytes = EncodeFrameHeader(header, ExampleInstance());
  ASSERT_TRUE(DecodeFrameHeader(bytes, ExampleInstance()).has_value());
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(DecodeFrameHeader(damaged, ExampleInstance()).has_value()) << bit;
  }
  EXPECT_FALSE(DecodeFrameHeader(bytes, Instance{}).has_value()) << "of another journal";
}

TEST(SegmentFormatTest, MetadataAreBoundToTheirFrame) {
  const std::vector<MetaWrite> meta = {{"a", "1"}, {"b", std::nullopt}, {"", ""}};
  std::string section = EncodeFrameMeta(meta);
  SealFrameMeta(section, core::Sha256("frame"));
  const auto read = DecodeFrameMeta(section, core::Sha256("frame"));
  ASSERT_TRUE(read.has_value());
  ASSERT_EQ(read->size(), 3u);
  EXPECT_EQ((*read)[0].value, "1");
  EXPECT_EQ((*read)[1].value, std::nullopt);
  EXPECT_EQ((*read)[2].value, std::string());
  EXPECT_FALSE(DecodeFrameMeta(section, core::Sha256("other")).has_value());
  EXPECT_FALSE(DecodeFrameMeta(section + '\0', core::Sha256("frame")).has_value());
}

TEST(SegmentFormatTest, GoldenBytesOfAFooter) {
  SealedSegment sealed{.footer_offset = 4320};
  sealed.after.head = {.block_count = 1, .record_count = 2, .chain = core::Sha256("chain")};
  sealed.after.frame_count = 1;
  sealed.after.link = core::Sha256("link");
  const std::vector<BlockPlace> blocks = {
      {.first_index = 0, .offset_units = 4216 / 8, .body_bytes = 5}};
  const std::string footer = EncodeFooter(sealed, blocks, ExampleInstance());
  EXPECT_EQ(core::ToHex(footer),
            "4357535800010000000000000001000000000000000100000000000000029414886b1ebf025d"
            "b067a4cbd13a0903fbd9733a5372bba1b58bd72c1699b7980000000000000001b1b1bdb480c6"
            "1d075300d9bff7d9cb69cf31695ea048e478facadf426e8d0fb0000000000000107800000000"
            "00000000000000050000000200000000000010e0c920a99200a70adb18f5cd8d5049352c5e13"
            "f71848b92036c53c03af2279e23d");
  EXPECT_EQ(sealed.file_bytes, 4320 + footer.size());
  EXPECT_EQ(*DecodeFooter(footer, sealed, ExampleInstance()), blocks);
  for (std::size_t bit = 0; bit < footer.size() * 8; ++bit) {
    std::string damaged = footer;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(DecodeFooter(damaged, sealed, ExampleInstance()).ok()) << bit;
  }
}

TEST(SegmentFormatTest, FileNamesAreReadBackExactly) {
  EXPECT_EQ(SegmentFileName(42), "segment-00000000000000000042.cws");
  EXPECT_EQ(ParseSegmentFileName("segment-00000000000000000042.cws"), 42u);
  EXPECT_EQ(ParseSegmentFileName(SegmentFileName(~std::uint64_t{0})), ~std::uint64_t{0});
  EXPECT_EQ(ParseSegmentFileName("segment-99999999999999999999.cws"), std::nullopt);
  EXPECT_EQ(ParseSegmentFileName("segment-42.cws"), std::nullopt);
  EXPECT_EQ(ParseSegmentFileName("segment-0000000000000000004x.cws"), std::nullopt);
  EXPECT_EQ(ParseSegmentFileName("preparing.cws"), std::nullopt);
}

TEST(SegmentFormatTest, RecordsOfTheIndexAreReadBack) {
  SealedSegment sealed{.footer_offset = 9, .file_bytes = 10, .archive = "/archive"};
  sealed.after.head.block_count = 3;
  EXPECT_EQ(*DecodeSealedSegment(EncodeSealedSegment(sealed)), sealed);
  sealed.archive.reset();
  EXPECT_EQ(*DecodeSealedSegment(EncodeSealedSegment(sealed)), sealed);
  KnownEnd known{.open_size = 5, .open_block = 3, .has_open = true};
  EXPECT_EQ(*DecodeKnownEnd(EncodeKnownEnd(known)), known);
  EXPECT_FALSE(DecodeKnownEnd(EncodeKnownEnd(known) + "x").ok());
  EXPECT_FALSE(DecodeSealedSegment("short").ok());
}

}  // namespace
}  // namespace causeway::store
